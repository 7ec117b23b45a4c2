//! Whether an endpoint can be where it is wanted: said before anything is made, where AWS would say it in part or afterwards.

use std::collections::BTreeMap;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{AttributeBooleanValue, VpcAttributeName};
use clouds::Result;
use clouds::private_endpoints::{NetworkId, NewPrivateEndpoint, ServiceOffer};
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
