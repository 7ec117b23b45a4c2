//! The names that lead to an endpoint.

use aws_sdk_ec2::types::VpcEndpoint;
use clouds::private_endpoints::DnsEntry;

/// Those that work from everywhere in the region, then those of one zone, then the service's own.
pub(crate) fn entries(found: &VpcEndpoint) -> Vec<DnsEntry> {
    let id = found.vpc_endpoint_id().unwrap_or_default();
    let mut entries: Vec<_> = found
        .dns_entries()
        .iter()
        .filter_map(|entry| {
            Some(DnsEntry {
                name: entry.dns_name()?.to_owned(),
                zone: entry.hosted_zone_id().map(str::to_owned),
            })
        })
        .collect();
    // The first label is the endpoint's id and something random, to which the name of a zone may be added.
    let label = |name: &str| name.split('.').next().unwrap_or_default().len();
    entries.sort_by_cached_key(|entry| {
        let own = !entry.name.trim_start_matches("*.").starts_with(id);
        (own, label(&entry.name), entry.name.clone())
    });
    entries
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::DnsEntry as Found;

    use super::*;

    #[test]
    fn names_of_the_region_come_first() {
        let names = [
            "sts.eu-west-1.amazonaws.com",
            "vpce-0abc1234-x1y2z3-eu-west-1b.sts.eu-west-1.vpce.amazonaws.com",
            "vpce-0abc1234-x1y2z3-eu-west-1a.sts.eu-west-1.vpce.amazonaws.com",
            "vpce-0abc1234-x1y2z3.sts.eu-west-1.vpce.amazonaws.com",
        ];
        let found = names.map(|name| Found::builder().dns_name(name).hosted_zone_id("Z1").build());
        let found = VpcEndpoint::builder()
            .vpc_endpoint_id("vpce-0abc1234")
            .set_dns_entries(Some(found.into()))
            .build();
        let entries = entries(&found);
        let sorted: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(sorted, [names[3], names[2], names[1], names[0]]);
        assert_eq!(entries[0].zone.as_deref(), Some("Z1"));
    }
}
