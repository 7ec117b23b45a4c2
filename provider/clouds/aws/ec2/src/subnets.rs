//! Whether an endpoint can be where it is wanted: said before anything is made, where AWS would say it in part or afterwards.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{AttributeBooleanValue, VpcAttributeName};
use clouds::Result;
use clouds::private_endpoints::{NetworkId, NewPrivateEndpoint, ServiceOffer};
use clouds::private_services::SubnetId;
use clouds_aws::error::{Classify, invalid};

const DESCRIBE: &str = "ec2:DescribeSubnets";
const ATTRIBUTE: &str = "ec2:DescribeVpcAttribute";

/// That the subnets are of the network, in zones that the service is in, and no two in one zone.
pub(crate) async fn check(
    ec2: &Client,
    new: &NewPrivateEndpoint,
    offer: &ServiceOffer,
) -> Result<()> {
    if new.settings.subnets.is_empty() {
        return Ok(());
    }
    let ids = new.settings.subnets.iter().map(ToString::to_string);
    let request = ec2.describe_subnets().set_subnet_ids(Some(ids.collect()));
    let answer = request.send().await.classify(DESCRIBE, &new.name)?;
    let refused = |why: String| Err(invalid(DESCRIBE, &new.name, why));
    let mut by_zone = BTreeMap::new();
    for subnet in answer.subnets() {
        let id = subnet.subnet_id().unwrap_or_default();
        let zone = subnet.availability_zone_id().unwrap_or_default();
        let network = subnet.vpc_id().unwrap_or_default();
        if let Some(wanted) = &new.network
            && wanted.as_str() != network
        {
            return refused(format!(
                "{id} is a subnet of {network}, and not of {wanted}"
            ));
        }
        if !offer.zones.is_empty() && !offer.zones.contains(zone) {
            let zones: Vec<_> = offer.zones.iter().map(String::as_str).collect();
            return refused(format!(
                "{id} lies in {zone}, where {} is not offered: it is in {}. Leave that subnet out",
                new.service,
                zones.join(" and ")
            ));
        }
        if let Some(other) = by_zone.insert(zone, id) {
            return refused(format!(
                "{other} and {id} lie in the same zone: an endpoint takes one subnet per zone"
            ));
        }
    }
    Ok(())
}

/// What one call does on the way from the subnets of an endpoint to others.
pub(crate) struct Step {
    pub(crate) added: BTreeSet<SubnetId>,
    pub(crate) removed: BTreeSet<SubnetId>,
}

/// The next step: those that it is reached by later come before those go that it was reached by before. Only where one of a zone makes
/// way for another of the same zone it goes first, since EC2 has one per zone at any time; and where that would leave none, both are
/// one call.
pub(crate) async fn step(
    ec2: &Client,
    id: &str,
    has: &BTreeSet<SubnetId>,
    wanted: &BTreeSet<SubnetId>,
) -> Result<Step> {
    let added: BTreeSet<_> = wanted.difference(has).cloned().collect();
    let removed: BTreeSet<_> = has.difference(wanted).cloned().collect();
    if added.is_empty() || removed.is_empty() {
        return Ok(Step { added, removed });
    }
    let ids = added.union(&removed).map(ToString::to_string);
    let request = ec2.describe_subnets().set_subnet_ids(Some(ids.collect()));
    let answer = request.send().await.classify(DESCRIBE, id)?;
    let zones: BTreeMap<_, _> = answer
        .subnets()
        .iter()
        .filter_map(|subnet| Some((subnet.subnet_id()?, subnet.availability_zone_id()?)))
        .collect();
    let zone = |subnet: &SubnetId| zones.get(subnet.as_str());
    let taken: BTreeSet<_> = added.iter().filter_map(zone).collect();
    let in_the_way: BTreeSet<_> = removed
        .iter()
        .filter(|old| zone(old).is_some_and(|zone| taken.contains(zone)))
        .cloned()
        .collect();
    let none = BTreeSet::new;
    Ok(match in_the_way.len() {
        0 => Step {
            added,
            removed: none(),
        },
        all if all == has.len() => Step { added, removed },
        _ => Step {
            added: none(),
            removed: in_the_way,
        },
    })
}

/// That names can lead to an endpoint in this network.
pub(crate) async fn check_dns(ec2: &Client, network: &NetworkId) -> Result<()> {
    for (attribute, name) in [
        (VpcAttributeName::EnableDnsSupport, "enableDnsSupport"),
        (VpcAttributeName::EnableDnsHostnames, "enableDnsHostnames"),
    ] {
        let request = ec2.describe_vpc_attribute().vpc_id(network.as_str());
        let sent = request.attribute(attribute.clone()).send().await;
        let answer = sent.classify(ATTRIBUTE, network)?;
        let found = match attribute {
            VpcAttributeName::EnableDnsSupport => answer.enable_dns_support(),
            _ => answer.enable_dns_hostnames(),
        };
        if found.and_then(AttributeBooleanValue::value) != Some(true) {
            let why = format!(
                "private_dns needs enableDnsSupport and enableDnsHostnames of {network}, and {name} is off: switch it on in that \
                 VPC, or set private_dns = false"
            );
            return Err(invalid(ATTRIBUTE, network, why));
        }
    }
    Ok(())
}
