//! What Google Cloud does not take of a private endpoint, said without a call.

use clouds::Refusal;
use clouds::private_endpoints::{EndpointType, NetworkId, NewPrivateEndpoint};

use crate::links::elsewhere;

/// How long the name of an endpoint of Google's own interfaces may be: it becomes a part of DNS names.
const LONGEST_OF_BUNDLES: usize = 20;

pub(super) fn refusals(region: &str, wanted: &NewPrivateEndpoint) -> Vec<Refusal> {
    let own = if wanted.service.is_bundle() {
        bundle(wanted)
    } else {
        attachment(region, wanted)
    };
    let network = wanted.network.as_ref().map(NetworkId::as_str);
    let network = match network {
        None => Some("an endpoint of Google Cloud lies in a network: give projects/PROJECT/global/networks/NETWORK.".to_owned()),
        Some(text) if !text.starts_with("projects/") => {
            Some(format!("{text:?} is no network of Google Cloud: give projects/PROJECT/global/networks/NETWORK."))
        }
        Some(_) => None,
    };
    let network = network.map(|why| Refusal::new("network", why));
    own.into_iter()
        .chain(network)
        .chain(nowhere(wanted))
        .collect()
}

/// What endpoints of Google Cloud do not have.
fn nowhere(wanted: &NewPrivateEndpoint) -> Vec<Refusal> {
    let settings = &wanted.settings;
    let given = [
        (
            wanted.kind == EndpointType::Gateway,
            "kind",
            "there are no gateway endpoints on Google Cloud: leave the type out.",
        ),
        (
            !wanted.sub_resources.is_empty(),
            "sub_resources",
            "endpoints of Google Cloud lead to a whole service: leave sub_resources out.",
        ),
        (
            !settings.route_tables.is_empty(),
            "route_tables",
            "endpoints of Google Cloud are reached by their address, and by no route: leave route_tables out.",
        ),
        (
            !settings.security_groups.is_empty(),
            "security_groups",
            "Google Cloud has no security groups on endpoints: use firewall rules of the network.",
        ),
        (
            settings.policy.is_some(),
            "policy",
            "endpoints of Google Cloud have no policy: use VPC Service Controls, and service_name = \"vpc-sc\".",
        ),
        (
            !settings.dns_zones.is_empty(),
            "dns_zones",
            "Google Cloud makes the zone of a service itself (private_dns): write other zones with the addresses of this endpoint.",
        ),
        (
            settings.request_message.is_some(),
            "request_message",
            "Google Cloud tells the owner of a service nothing but the endpoint's name: leave request_message out.",
        ),
    ];
    let given = given.into_iter().filter(|(given, _, _)| *given);
    given
        .map(|(_, field, why)| Refusal::new(field, why))
        .collect()
}

fn attachment(region: &str, wanted: &NewPrivateEndpoint) -> Vec<Refusal> {
    let service = wanted.service.as_str();
    let mut refusals = Vec::new();
    if !service.starts_with("projects/") {
        let why = format!(
            "{service:?} is no service of Google Cloud: give projects/PROJECT/regions/REGION/serviceAttachments/NAME, all-apis or vpc-sc."
        );
        refusals.push(Refusal::new("service", why));
    } else if let Some(found) = wanted.service.region().filter(|found| *found != region) {
        let why = format!(
            "{service:?} is a service of {found}, and this provider works in {region}: an endpoint lies in the region of its service. \
             Use another provider block with that region; global_access then lets in the other regions of the network."
        );
        refusals.push(Refusal::new("service", why));
    }
    let subnets = &wanted.settings.subnets;
    let why = match subnets.first() {
        Some(only) if subnets.len() == 1 => {
            elsewhere(region, only.as_str()).map(|why| format!("{why}."))
        }
        _ => {
            Some("an endpoint of Google Cloud has its address in one subnet: give one.".to_owned())
        }
    };
    refusals.extend(why.map(|why| Refusal::new("subnets", why)));
    refusals
}

fn bundle(wanted: &NewPrivateEndpoint) -> Vec<Refusal> {
    let (service, settings) = (&wanted.service, &wanted.settings);
    let name = wanted.name.as_str();
    let plain = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let given = [
        (
            name.len() > LONGEST_OF_BUNDLES || !plain,
            "name",
            format!(
                "{name:?} is no name for an endpoint of Google's own interfaces: it has {LONGEST_OF_BUNDLES} lowercase letters and digits at most, since it becomes a part of DNS names."
            ),
        ),
        (
            !settings.subnets.is_empty(),
            "subnets",
            format!("an endpoint of {service} lies in the whole network: leave subnets out."),
        ),
        (
            settings.private_dns,
            "private_dns",
            format!(
                "Google Cloud makes no zone for {service}: write private zones for googleapis.com and the others with the address of this endpoint."
            ),
        ),
        (
            settings.global_access,
            "global_access",
            format!(
                "an endpoint of {service} is reached from all regions anyway: leave global_access out."
            ),
        ),
    ];
    let given = given.into_iter().filter(|(given, _, _)| *given);
    given
        .map(|(_, field, why)| Refusal::new(field, why))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clouds::Tags;
    use clouds::private_endpoints::EndpointSettings;

    const SERVICE: &str = "projects/acme/regions/europe-west4/serviceAttachments/api";
    const SUBNET: &str = "projects/vendor/regions/europe-west4/subnetworks/endpoints";

    fn wanted(service: &str, change: impl Fn(&mut NewPrivateEndpoint)) -> Vec<String> {
        let service: clouds::private_endpoints::ServiceName = service.parse().unwrap();
        let subnets = [SUBNET].into_iter().filter(|_| !service.is_bundle());
        let mut new = NewPrivateEndpoint {
            name: "acmeapi".parse().unwrap(),
            kind: EndpointType::Interface,
            network: "projects/vendor/global/networks/main".parse().ok(),
            address: None,
            sub_resources: [].into(),
            settings: EndpointSettings {
                subnets: subnets.map(|subnet| subnet.parse().unwrap()).collect(),
                private_dns: !service.is_bundle(),
                ..EndpointSettings::default()
            },
            tags: Tags::new(),
            service,
        };
        change(&mut new);
        let refusals = refusals("europe-west4", &new);
        refusals.iter().map(ToString::to_string).collect()
    }

    #[track_caller]
    fn refused(service: &str, change: impl Fn(&mut NewPrivateEndpoint), part: &str) {
        let said = wanted(service, change);
        assert!(said.len() == 1 && said[0].contains(part), "{said:?}");
    }

    #[test]
    fn services_and_bundles_are_taken() {
        assert_eq!(wanted(SERVICE, |_| {}), [""; 0]);
        assert_eq!(wanted("all-apis", |_| {}), [""; 0]);
        assert_eq!(
            wanted(SERVICE, |new| new.settings.global_access = true),
            [""; 0]
        );
    }

    #[test]
    fn what_is_not_says_what_to_write() {
        let far = SERVICE.replace("europe-west4", "us-east1");
        refused(
            &far,
            |_| {},
            "is a service of us-east1, and this provider works in europe-west4",
        );
        refused(
            "com.amazonaws.eu-west-1.s3",
            |_| {},
            "no service of Google Cloud",
        );
        refused(SERVICE, |new| new.network = None, "lies in a network");
        refused(
            SERVICE,
            |new| new.network = "vpc-0abc1234".parse().ok(),
            "no network of Google Cloud",
        );
        refused(SERVICE, |new| new.settings.subnets.clear(), "give one");
        let far = SUBNET.replace("europe-west4", "us-east1");
        refused(
            SERVICE,
            |new| new.settings.subnets = [far.parse().unwrap()].into(),
            "is in us-east1",
        );
        refused(
            SERVICE,
            |new| new.kind = EndpointType::Gateway,
            "no gateway endpoints",
        );
        let group = "sg-0abc1234";
        refused(
            SERVICE,
            |new| new.settings.security_groups = [group.parse().unwrap()].into(),
            "firewall rules of the network",
        );
        refused(
            SERVICE,
            |new| new.settings.request_message = Some("hello".into()),
            "leave request_message out",
        );
        refused(
            SERVICE,
            |new| new.sub_resources = ["blob".to_owned()].into(),
            "leave sub_resources out",
        );
        let table = "rtb-0abc1234";
        refused(
            SERVICE,
            |new| new.settings.route_tables = [table.parse().unwrap()].into(),
            "leave route_tables out",
        );
    }

    #[test]
    fn endpoints_of_googles_own_interfaces_have_rules_of_their_own() {
        refused(
            "all-apis",
            |new| new.name = "acme-apis".parse().unwrap(),
            "20 lowercase letters and digits",
        );
        refused(
            "vpc-sc",
            |new| new.name = "a".repeat(21).parse().unwrap(),
            "20 lowercase letters and digits",
        );
        refused(
            "all-apis",
            |new| new.settings.subnets = [SUBNET.parse().unwrap()].into(),
            "leave subnets out",
        );
        refused(
            "all-apis",
            |new| new.settings.private_dns = true,
            "write private zones",
        );
        refused(
            "all-apis",
            |new| new.settings.global_access = true,
            "leave global_access out",
        );
    }
}
