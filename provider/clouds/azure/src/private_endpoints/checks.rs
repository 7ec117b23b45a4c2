//! What Azure does not take of a private endpoint.

use clouds::Refusal;
use clouds::private_endpoints::{EndpointSettings, EndpointType, NewPrivateEndpoint, ServiceName};

use crate::networks::{ours, subscription_of};
use crate::private_services;

/// Whether it is a Private Link service, which has no parts to choose from.
fn is_published(service: &ServiceName) -> bool {
    let id = service.as_str().to_ascii_lowercase();
    service.is_alias()
        || id.contains(&format!(
            "/{}/",
            private_services::KIND.to_ascii_lowercase()
        ))
}

/// The refusals of one for this subscription, which `asks` its service's owner or approves by itself.
pub(super) fn refusals(own: &str, asks: bool, wanted: &NewPrivateEndpoint) -> Vec<Refusal> {
    let NewPrivateEndpoint {
        service, settings, ..
    } = wanted;
    let given = |given: bool| given.then_some(&());
    let of_azure = service.is_alias() || subscription_of(service.as_str()).is_some();
    let leads = (!of_azure).then(|| {
        let reason = format!(
            "\"{service}\" is a service of another cloud: on Azure, give the id of an object, or the alias of a Private Link service."
        );
        Refusal::new("service", reason)
    });
    let parts = parts(of_azure, wanted);
    let message = message(of_azure && !asks, settings);
    let subnets = subnets(own, settings);
    [
        leads,
        Refusal::of_given(
            "kind",
            given(wanted.kind == EndpointType::Gateway),
            "Azure has endpoints of the type interface alone: leave it out.",
        ),
        Refusal::of_given(
            "network",
            wanted.network.as_ref(),
            "On Azure, the subnet says which network it is: leave it out.",
        ),
        Refusal::of_given(
            "address",
            wanted.address.as_ref(),
            "Azure gives the endpoint a free address of the subnet, which `addresses` tells: leave it out.",
        ),
        parts.map(|reason| Refusal::new("sub_resources", reason)),
        subnets,
        Refusal::of_given(
            "route_tables",
            given(!settings.route_tables.is_empty()),
            "Azure has no endpoints that are reached by a route: leave it out.",
        ),
        Refusal::of_given(
            "security_groups",
            given(!settings.security_groups.is_empty()),
            "Azure has no security groups on endpoints: leave it out, and use a network security group of the subnet.",
        ),
        Refusal::of_given(
            "policy",
            settings.policy.as_ref(),
            "Azure has no policies on endpoints: leave it out, and use the rights on the object itself.",
        ),
        Refusal::of_given(
            "private_dns",
            given(settings.private_dns),
            "On Azure, names lead to an endpoint by private DNS zones of one's own: name them in dns_zones.",
        ),
        Refusal::of_given(
            "global_access",
            given(settings.global_access),
            "Azure's endpoints are reached from all regions that the network is peered with: leave it out.",
        ),
        message,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// It lies in one subnet of ours.
fn subnets(own: &str, settings: &EndpointSettings) -> Option<Refusal> {
    match settings.subnets.len() {
        1 => settings
            .subnets
            .iter()
            .find_map(|id| ours("subnets", "a subnet", id.as_str(), own)),
        count => Some(Refusal::new(
            "subnets",
            format!("A private endpoint of Azure lies in one subnet: name one, not {count}."),
        )),
    }
}

/// It leads to one part of an object, and to a Private Link service as a whole.
fn parts(of_azure: bool, wanted: &NewPrivateEndpoint) -> Option<String> {
    let service = &wanted.service;
    let parts = wanted.sub_resources.len();
    match (is_published(service), parts) {
        (true, 0) | (false, 1) => None,
        _ if !of_azure => None,
        (true, _) => Some("A Private Link service has no parts: leave it out.".to_owned()),
        (false, count) => Some(format!(
            "An endpoint leads to one part of an object of Azure, like \"blob\", \"dfs\", \"vault\", \"registry\" or \"management\": name \
             one, not {count}, and make an endpoint for each."
        )),
    }
}

/// Nobody reads the message where the same call approves.
fn message(approves: bool, settings: &EndpointSettings) -> Option<Refusal> {
    let message = settings.request_message.as_ref();
    message.and_then(|text| {
        let reason = if approves {
            "It is told to the owner of a service in another subscription, or of an alias. What lies in this subscription is approved \
             by the same call: leave it out."
        } else if text.chars().count() > 140 {
            "Azure takes 140 characters of it."
        } else {
            return None;
        };
        Some(Refusal::new("request_message", reason))
    })
}
