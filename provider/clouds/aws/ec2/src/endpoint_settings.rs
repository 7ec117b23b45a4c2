//! The settings of an endpoint, of which EC2 takes one kind at a time: the next is refused until the endpoint is available again.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{DnsOptionsSpecification, VpcEndpoint};
use clouds::policies::PolicyDocument;
use clouds::private_endpoints::{EndpointSettings, PrivateEndpoint, ServiceName};
use clouds::{ParseError, Result};
use clouds_aws::error::Classify;
use serde_json::json;

use crate::{limits, offers, subnets};

const MODIFY: &str = "ec2:ModifyVpcEndpoint";

/// The policy that EC2 gives to an endpoint.
pub(crate) fn full_access() -> PolicyDocument {
    PolicyDocument::new(json!({ "Statement": [
        { "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" }
    ] }))
}

/// Whether it lets everything through: gateways say a version with it, interfaces do not.
pub(crate) fn is_full_access(policy: &PolicyDocument) -> bool {
    policy.statements() == full_access().statements()
}

/// For a request, which leaves out what is empty.
pub(crate) fn listed<T: Display>(set: &BTreeSet<T>) -> Option<Vec<String>> {
    let texts: Vec<_> = set.iter().map(ToString::to_string).collect();
    (!texts.is_empty()).then_some(texts)
}

fn without<T: Display + Ord>(set: &BTreeSet<T>, other: &BTreeSet<T>) -> Option<Vec<String>> {
    let texts: Vec<_> = set.difference(other).map(ToString::to_string).collect();
    (!texts.is_empty()).then_some(texts)
}

/// The service's names lead to an interface from the network itself. For a service that has gateways, too, EC2 would have it so only
/// for who asks the network's resolver from outside, and wants a gateway for all others.
pub(crate) fn names_everywhere() -> DnsOptionsSpecification {
    DnsOptionsSpecification::builder()
        .private_dns_only_for_inbound_resolver_endpoint(false)
        .build()
}

/// What was found of them.
pub(crate) fn read(
    found: &VpcEndpoint,
    service: &ServiceName,
) -> std::result::Result<EndpointSettings, ParseError> {
    let groups = found.groups().iter();
    let policy = found.policy_document().filter(|_| limits::is_own(service));
    let policy = policy.map(str::parse::<PolicyDocument>).transpose()?;
    Ok(EndpointSettings {
        subnets: parsed(found.subnet_ids().iter().map(String::as_str))?,
        route_tables: parsed(found.route_table_ids().iter().map(String::as_str))?,
        security_groups: parsed(groups.filter_map(|group| group.group_id()))?,
        policy: policy.map(|found| {
            if is_full_access(&found) {
                full_access()
            } else {
                found
            }
        }),
        private_dns: found.private_dns_enabled().unwrap_or_default(),
        dns_zones: BTreeSet::new(),
        global_access: false,
        request_message: None,
    })
}

fn parsed<'t, T: FromStr<Err = ParseError> + Ord>(
    texts: impl Iterator<Item = &'t str>,
) -> std::result::Result<BTreeSet<T>, ParseError> {
    texts.map(str::parse).collect()
}

/// Does the first change that is left.
pub(crate) async fn change(
    ec2: &Client,
    found: &PrivateEndpoint,
    wanted: &EndpointSettings,
) -> Result<()> {
    let id = found.id.as_str();
    let EndpointSettings {
        subnets,
        route_tables,
        security_groups,
        policy,
        private_dns,
        dns_zones: _,
        global_access: _,
        request_message: _,
    } = &found.settings;
    let request = ec2.modify_vpc_endpoint().vpc_endpoint_id(id);
    let wanted_policy = wanted
        .policy
        .clone()
        .or_else(|| policy.as_ref().map(|_| full_access()));
    let request = if *subnets != wanted.subnets {
        let step = subnets::step(ec2, id, subnets, &wanted.subnets).await?;
        request
            .set_add_subnet_ids(listed(&step.added))
            .set_remove_subnet_ids(listed(&step.removed))
    } else if *route_tables != wanted.route_tables {
        request
            .set_add_route_table_ids(without(&wanted.route_tables, route_tables))
            .set_remove_route_table_ids(without(route_tables, &wanted.route_tables))
    } else if *security_groups != wanted.security_groups {
        request
            .set_add_security_group_ids(without(&wanted.security_groups, security_groups))
            .set_remove_security_group_ids(without(security_groups, &wanted.security_groups))
    } else if *policy != wanted_policy {
        match wanted_policy.filter(|wanted| !is_full_access(wanted)) {
            Some(wanted) => request.policy_document(wanted.to_string()),
            None => request.reset_policy(true),
        }
    } else if *private_dns != wanted.private_dns {
        if let (true, Some(network)) = (wanted.private_dns, &found.network) {
            subnets::check_dns(ec2, network).await?;
        }
        let own = wanted.private_dns && limits::is_own(&found.service);
        let everywhere = own && offers::is_of_both_types(ec2, &found.service).await?;
        request
            .private_dns_enabled(wanted.private_dns)
            .set_dns_options(everywhere.then(names_everywhere))
    } else {
        return Ok(());
    };
    request.send().await.classify(MODIFY, id)?;
    Ok(())
}
