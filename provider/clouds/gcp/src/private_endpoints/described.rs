//! What the descriptions of an endpoint's rule and address keep beside its marks: what Google Cloud does not tell of a rule, and what
//! the address of a rule that is gone is left of. They are written by the creating calls, and never change.

use clouds::private_endpoints::{NetworkId, NewPrivateEndpoint, ServiceName};

use crate::tags;

const NETWORK: &str = "network";
const PRIVATE_DNS: &str = "private-dns";
const SERVICE: &str = "leads-to";

/// The description of an endpoint's rule. Whether it was to have names is told by no answer that anybody relies on.
pub(crate) fn of_rule(new: &NewPrivateEndpoint) -> String {
    let note = format!("{PRIVATE_DNS}={}", new.settings.private_dns);
    joined(&tags::lasting(&new.tags), [note].into_iter())
}

/// Whether the rule of this description was to have names.
pub(super) fn private_dns(description: &str) -> Option<bool> {
    noted(description, PRIVATE_DNS)?.parse().ok()
}

/// The description of an endpoint's address.
pub(crate) fn of_address(new: &NewPrivateEndpoint) -> String {
    let network = new.network.as_ref().map(NetworkId::as_str);
    let notes = [(SERVICE, Some(new.service.as_str())), (NETWORK, network)];
    let notes = notes
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", value?)));
    joined(&tags::lasting(&new.tags), notes)
}

/// Where the endpoint of an address led.
pub(super) fn service(description: &str) -> Option<ServiceName> {
    noted(description, SERVICE)?.parse().ok()
}

/// In which network it lay.
pub(super) fn network(description: &str) -> Option<NetworkId> {
    noted(description, NETWORK)?.parse().ok()
}

fn joined(marks: &str, notes: impl Iterator<Item = String>) -> String {
    let marks = Some(marks.to_owned()).filter(|marks| !marks.is_empty());
    marks.into_iter().chain(notes).collect::<Vec<_>>().join(";")
}

fn noted<'d>(description: &'d str, key: &str) -> Option<&'d str> {
    let mut pairs = description
        .split(';')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(found, _)| *found == key)
        .map(|(_, value)| value)
}
