//! Who asked for a private service, and what is answered.

use std::collections::BTreeSet;

use clouds::private_services::{Connection, PrivateServiceName};
use framework::{Diagnostic, Diagnostics, Model, Set, Text, Value};

use super::{Answer, ConnectionId, ConnectionState, Found, PrivateServiceModel, set};

/// A connection that somebody asked for.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ConnectionModel {
    /// What `accepted_connections` and `rejected_connections` take: the consumer's endpoint.
    #[attr(computed)]
    pub id: Value<Text<ConnectionId>>,
    /// Account, project or subscription of the consumer.
    #[attr(computed)]
    pub owner: Value<String>,
    /// State of the connection: `pending_acceptance`, `pending`, `available`, `rejected`, `closed`, `expired`, `failed`, `partial` or
    /// `deleting`.
    #[attr(computed)]
    pub state: Value<String>,
    /// Addresses of the endpoint, as far as the cloud tells the owner of the service.
    #[attr(computed)]
    pub addresses: Value<Set<String>>,
    /// Time at which it was asked for, where the cloud tells.
    #[attr(computed)]
    pub created: Value<String>,
}

/// How many connections a message names.
const NAMED: usize = 5;

pub(super) fn shown(found: &Found) -> Value<Vec<ConnectionModel>> {
    let model = |connection: &Connection| ConnectionModel {
        id: connection.id.clone().into(),
        owner: connection.owner.clone().into(),
        state: connection.state.to_string().into(),
        addresses: Value::Known(connection.addresses.iter().cloned().collect()),
        created: connection.created.clone().into(),
    };
    let mut connections: Vec<_> = found.connections.iter().collect();
    connections.sort_by(|one, other| one.id.cmp(&other.id));
    Value::Known(connections.into_iter().map(model).collect())
}

/// The answers that are still to be given to those who asked. One that has come to an end takes none.
pub(super) fn outstanding<'c>(
    accepted: &BTreeSet<ConnectionId>,
    rejected: &BTreeSet<ConnectionId>,
    asked: impl IntoIterator<Item = (&'c ConnectionId, ConnectionState)>,
) -> Vec<(&'c ConnectionId, Answer)> {
    use ConnectionState::{PendingAcceptance, Rejected};
    let answer = |(id, state): (&'c ConnectionId, ConnectionState)| {
        if accepted.contains(id) && matches!(state, PendingAcceptance | Rejected) {
            Some((id, Answer::Accept))
        } else if rejected.contains(id) && state.is_live() {
            Some((id, Answer::Reject))
        } else {
            None
        }
    };
    asked.into_iter().filter_map(answer).collect()
}

/// The connections that are to be let in, and that nobody asked for.
pub(super) fn unasked<'c>(
    accepted: &BTreeSet<ConnectionId>,
    asked: impl IntoIterator<Item = &'c ConnectionId>,
) -> Vec<ConnectionId> {
    let asked: BTreeSet<_> = asked.into_iter().collect();
    let waits = |id: &&ConnectionId| !asked.contains(id);
    accepted.iter().filter(waits).cloned().collect()
}

/// What is said about a connection that nobody asked for.
pub(super) fn not_asked(id: &ConnectionId) -> (String, String) {
    (
        format!("{id} has not asked for a connection yet"),
        "It is among accepted_connections, and is accepted by the first apply after it has asked."
            .to_owned(),
    )
}

/// Those that a deletion would cut off.
pub(super) fn live(found: &Found) -> Vec<&Connection> {
    let connections = found.connections.iter();
    connections.filter(|one| one.state.is_live()).collect()
}

/// Why a service is not deleted.
pub(super) fn in_use(name: &PrivateServiceName, live: &[&Connection]) -> Diagnostic {
    let named = live.iter().take(NAMED);
    let mut who: Vec<_> = named
        .map(|one| format!("{} of {}", one.id, one.owner))
        .collect();
    if live.len() > NAMED {
        who.push("…".to_owned());
    }
    let count = match live.len() {
        1 => "1 endpoint is connected, or asks to be".to_owned(),
        many => format!("{many} endpoints are connected, or ask to be"),
    };
    Diagnostic::error(
        format!("private service {name} is in use"),
        format!(
            "{count} ({}). Nothing was deleted. Reject them first, or set `force_destroy = true`, apply that, and destroy again.",
            who.join(", ")
        ),
    )
}

impl PrivateServiceModel {
    /// Connections change by this apply where somebody is to be answered, or others may be let in without being asked about.
    pub(super) fn follow_connections(&mut self, prior: &Self, diagnostics: &mut Diagnostics) {
        let accepted = set(&self.accepted_connections);
        let rejected = set(&self.rejected_connections);
        let known = prior.connections.known().into_iter().flatten();
        let asked: Vec<_> = known
            .filter_map(|one| {
                let state = one.state.known()?.parse().ok()?;
                Some((ConnectionId::clone(one.id.known()?), state))
            })
            .collect();
        for id in unasked(&accepted, asked.iter().map(|(id, _)| id)) {
            let (summary, detail) = not_asked(&id);
            diagnostics.warning(summary, detail);
        }
        let answered = outstanding(
            &accepted,
            &rejected,
            asked.iter().map(|(id, state)| (id, *state)),
        );
        let same = answered.is_empty()
            && self.accepted_connections == prior.accepted_connections
            && self.rejected_connections == prior.rejected_connections
            && self.auto_accept == prior.auto_accept
            && self.allowed_principals == prior.allowed_principals;
        self.connections = if same {
            prior.connections.clone()
        } else {
            Value::Unknown
        };
    }
}
