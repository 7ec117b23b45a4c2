//! `dataplane_network_ranges`: the addresses a data plane talks to, for firewalls and network policies.

mod lists;

use std::collections::BTreeMap;

use framework::{Context, DataSource, Model, Result, Value};

use crate::client::Client;

/// The data source.
pub struct NetworkRanges;

/// Addresses that a data plane talks to, for firewall rules and network policies. The lists are part of this release of the
/// provider and dated, so that two plans never differ; nothing is fetched.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct NetworkRangesModel {
    /// Cloudflare's published ranges, behind which the control plane's endpoints are reached by HTTPS.
    #[attr(computed)]
    pub cloudflare: Value<RangesModel>,
    /// Where the outbound tunnel connects to when its region is not restricted; inside Cloudflare's published ranges.
    #[attr(computed)]
    pub tunnel: Value<RangesModel>,
    /// Where the outbound tunnel connects to when it is restricted to the United States.
    #[attr(computed)]
    pub tunnel_us: Value<RangesModel>,
    /// The EKS Pod Identity agent of a node, which pods get their role's credentials from.
    #[attr(computed)]
    pub pod_identity: Value<RangesModel>,
    /// The instance metadata service of AWS nodes, which task pods must not reach.
    #[attr(computed)]
    pub instance_metadata: Value<RangesModel>,
    /// Google's services for networks without a way to the internet, where names lead to `private.googleapis.com`.
    #[attr(computed)]
    pub google_apis_private: Value<RangesModel>,
    /// Those of Google's services that VPC Service Controls guard, where names lead to `restricted.googleapis.com`.
    #[attr(computed)]
    pub google_apis_restricted: Value<RangesModel>,
    /// Where Google Cloud asks from whether the machines behind an internal passthrough balancer are there, at ports that the balancer
    /// says. The one list of who connects, in place of where to connect to.
    #[attr(computed)]
    pub google_health_checks: Value<RangesModel>,
    /// The virtual address by which machines of Azure reach their host: names (53), and what the machine's agent asks for (80 and 32526),
    /// which task pods must not reach. Azure's balancers ask from it whether machines are there.
    #[attr(computed)]
    pub azure_wire_server: Value<RangesModel>,
    /// The hosted control plane, for firewalls that know names.
    #[attr(computed)]
    pub control_plane: Value<ControlPlaneModel>,
}

/// One list of addresses.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct RangesModel {
    /// IPv4 ranges in CIDR notation.
    #[attr(computed)]
    pub ipv4: Value<Vec<String>>,
    /// IPv6 ranges in CIDR notation.
    #[attr(computed)]
    pub ipv6: Value<Vec<String>>,
    /// Ports that are used there.
    #[attr(computed)]
    pub ports: Value<Vec<i64>>,
    /// Day of the list, in the form 2006-01-02.
    #[attr(computed)]
    pub as_of: Value<String>,
    /// Where the list is published.
    #[attr(computed)]
    pub source: Value<String>,
}

/// Where the hosted control plane is.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ControlPlaneModel {
    /// Where each region of it is, by the region's name. Each has a host of its own below one of `domains`, which is told to each
    /// organisation; its addresses are in `cloudflare`.
    #[attr(computed)]
    pub regions: Value<BTreeMap<String, String>>,
    /// Domains that its hosts are below.
    #[attr(computed)]
    pub domains: Value<Vec<String>>,
    /// Day of the list, in the form 2006-01-02.
    #[attr(computed)]
    pub as_of: Value<String>,
    /// Where the list is published.
    #[attr(computed)]
    pub source: Value<String>,
}

impl DataSource for NetworkRanges {
    const NAME: &'static str = "dataplane_network_ranges";
    type Client = Client;
    type Model = NetworkRangesModel;

    async fn read(
        &self,
        _cx: &Context<Client>,
        _config: NetworkRangesModel,
    ) -> Result<NetworkRangesModel> {
        Ok(NetworkRangesModel {
            cloudflare: lists::CLOUDFLARE.model(),
            tunnel: lists::TUNNEL.model(),
            tunnel_us: lists::TUNNEL_US.model(),
            pod_identity: lists::POD_IDENTITY.model(),
            instance_metadata: lists::INSTANCE_METADATA.model(),
            google_apis_private: lists::GOOGLE_APIS_PRIVATE.model(),
            google_apis_restricted: lists::GOOGLE_APIS_RESTRICTED.model(),
            google_health_checks: lists::GOOGLE_HEALTH_CHECKS.model(),
            azure_wire_server: lists::AZURE_WIRE_SERVER.model(),
            control_plane: control_plane(),
        })
    }
}

struct List {
    ipv4: &'static [&'static str],
    ipv6: &'static [&'static str],
    ports: &'static [i64],
    as_of: &'static str,
    source: &'static str,
}

impl List {
    fn model(&self) -> Value<RangesModel> {
        let owned =
            |texts: &[&str]| Value::Known(texts.iter().map(|text| (*text).to_owned()).collect());
        Value::Known(RangesModel {
            ipv4: owned(self.ipv4),
            ipv6: owned(self.ipv6),
            ports: Value::Known(self.ports.to_vec()),
            as_of: Value::Known(self.as_of.to_owned()),
            source: Value::Known(self.source.to_owned()),
        })
    }
}

fn control_plane() -> Value<ControlPlaneModel> {
    let regions = lists::REGIONS
        .iter()
        .map(|(name, place)| ((*name).to_owned(), (*place).to_owned()));
    let domains = lists::DOMAINS.iter().map(|&domain| domain.to_owned());
    Value::Known(ControlPlaneModel {
        regions: Value::Known(regions.collect()),
        domains: Value::Known(domains.collect()),
        as_of: Value::Known(lists::CONTROL_PLANE_AS_OF.to_owned()),
        source: Value::Known(lists::CONTROL_PLANE_SOURCE.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use ipnet::IpNet;

    use super::*;

    const ALL: [&List; 9] = [
        &lists::CLOUDFLARE,
        &lists::TUNNEL,
        &lists::TUNNEL_US,
        &lists::POD_IDENTITY,
        &lists::INSTANCE_METADATA,
        &lists::GOOGLE_APIS_PRIVATE,
        &lists::GOOGLE_APIS_RESTRICTED,
        &lists::GOOGLE_HEALTH_CHECKS,
        &lists::AZURE_WIRE_SERVER,
    ];

    fn networks(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn all(list: &List) -> Vec<IpNet> {
        let (ipv4, ipv6) = (networks(list.ipv4), networks(list.ipv6));
        ipv4.into_iter().chain(ipv6).collect()
    }

    #[test]
    fn every_entry_is_a_canonical_network_of_its_family() {
        for list in ALL {
            for (family, texts) in [(false, list.ipv4), (true, list.ipv6)] {
                for (network, text) in networks(texts).iter().zip(texts) {
                    assert_eq!(network.trunc().to_string(), *text);
                    assert_eq!(network.addr().is_ipv6(), family, "{text}");
                }
            }
        }
    }

    #[test]
    fn every_list_says_when_and_where_it_was_read() {
        let dates = ALL
            .iter()
            .map(|list| (list.as_of, list.source))
            .chain([(lists::CONTROL_PLANE_AS_OF, lists::CONTROL_PLANE_SOURCE)]);
        for (day, source) in dates {
            let numbers: Vec<_> = day.split('-').map(str::len).collect();
            assert_eq!(numbers, [4, 2, 2], "{day}");
            assert!(source.starts_with("https://"), "{source}");
        }
    }

    #[test]
    fn the_tunnel_stays_inside_the_published_ranges() {
        let published = all(&lists::CLOUDFLARE);
        for list in [&lists::TUNNEL, &lists::TUNNEL_US] {
            for edge in all(list) {
                assert!(
                    published.iter().any(|network| network.contains(&edge)),
                    "{edge}"
                );
            }
        }
    }

    /// Whoever lets one in means that one.
    #[test]
    fn lists_of_different_services_share_no_address() {
        let apart = [
            &lists::CLOUDFLARE,
            &lists::POD_IDENTITY,
            &lists::INSTANCE_METADATA,
            &lists::GOOGLE_APIS_PRIVATE,
            &lists::GOOGLE_APIS_RESTRICTED,
            &lists::GOOGLE_HEALTH_CHECKS,
            &lists::AZURE_WIRE_SERVER,
        ];
        for (index, one) in apart.iter().enumerate() {
            for other in &apart[index + 1..] {
                for network in all(one) {
                    let shares =
                        |range: &IpNet| range.contains(&network) || network.contains(range);
                    assert!(!all(other).iter().any(shares), "{network}");
                }
            }
        }
    }

    #[test]
    fn regions_are_named_once_and_domains_are_names() {
        let names: Vec<_> = lists::REGIONS.iter().map(|(name, _)| *name).collect();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
        for domain in lists::DOMAINS {
            domain.parse::<clouds::private_services::DnsName>().unwrap();
        }
    }
}
