//! `dataplane_network_ranges`: the addresses a data plane talks to, for firewalls and network policies.

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
            cloudflare: CLOUDFLARE.model(),
            tunnel: TUNNEL.model(),
            tunnel_us: TUNNEL_US.model(),
            pod_identity: POD_IDENTITY.model(),
            instance_metadata: INSTANCE_METADATA.model(),
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

const CLOUDFLARE: List = List {
    ipv4: &[
        "103.21.244.0/22",
        "103.22.200.0/22",
        "103.31.4.0/22",
        "104.16.0.0/13",
        "104.24.0.0/14",
        "108.162.192.0/18",
        "131.0.72.0/22",
        "141.101.64.0/18",
        "162.158.0.0/15",
        "172.64.0.0/13",
        "173.245.48.0/20",
        "188.114.96.0/20",
        "190.93.240.0/20",
        "197.234.240.0/22",
        "198.41.128.0/17",
    ],
    ipv6: &[
        "2400:cb00::/32",
        "2405:8100::/32",
        "2405:b500::/32",
        "2606:4700::/32",
        "2803:f800::/32",
        "2a06:98c0::/29",
        "2c0f:f248::/32",
    ],
    ports: &[443],
    as_of: "2026-02-11",
    source: "https://www.cloudflare.com/ips/",
};

const TUNNEL_SOURCE: &str = "https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/configure-tunnels/tunnel-with-firewall/";

const TUNNEL: List = List {
    ipv4: &[
        "198.41.192.7/32",
        "198.41.192.27/32",
        "198.41.192.37/32",
        "198.41.192.47/32",
        "198.41.192.57/32",
        "198.41.192.67/32",
        "198.41.192.77/32",
        "198.41.192.107/32",
        "198.41.192.167/32",
        "198.41.192.227/32",
        "198.41.200.13/32",
        "198.41.200.23/32",
        "198.41.200.33/32",
        "198.41.200.43/32",
        "198.41.200.53/32",
        "198.41.200.63/32",
        "198.41.200.73/32",
        "198.41.200.113/32",
        "198.41.200.193/32",
        "198.41.200.233/32",
    ],
    ipv6: &[
        "2606:4700:a0::1/128",
        "2606:4700:a0::2/128",
        "2606:4700:a0::3/128",
        "2606:4700:a0::4/128",
        "2606:4700:a0::5/128",
        "2606:4700:a0::6/128",
        "2606:4700:a0::7/128",
        "2606:4700:a0::8/128",
        "2606:4700:a0::9/128",
        "2606:4700:a0::10/128",
        "2606:4700:a8::1/128",
        "2606:4700:a8::2/128",
        "2606:4700:a8::3/128",
        "2606:4700:a8::4/128",
        "2606:4700:a8::5/128",
        "2606:4700:a8::6/128",
        "2606:4700:a8::7/128",
        "2606:4700:a8::8/128",
        "2606:4700:a8::9/128",
        "2606:4700:a8::10/128",
    ],
    ports: &[7844],
    as_of: "2026-08-20",
    source: TUNNEL_SOURCE,
};

const TUNNEL_US: List = List {
    ipv4: &[
        "198.41.218.1/32",
        "198.41.218.2/32",
        "198.41.218.3/32",
        "198.41.218.4/32",
        "198.41.218.5/32",
        "198.41.218.6/32",
        "198.41.218.7/32",
        "198.41.218.8/32",
        "198.41.218.9/32",
        "198.41.218.10/32",
        "198.41.219.1/32",
        "198.41.219.2/32",
        "198.41.219.3/32",
        "198.41.219.4/32",
        "198.41.219.5/32",
        "198.41.219.6/32",
        "198.41.219.7/32",
        "198.41.219.8/32",
        "198.41.219.9/32",
        "198.41.219.10/32",
    ],
    ipv6: &[
        "2606:4700:a1::1/128",
        "2606:4700:a1::2/128",
        "2606:4700:a1::3/128",
        "2606:4700:a1::4/128",
        "2606:4700:a1::5/128",
        "2606:4700:a1::6/128",
        "2606:4700:a1::7/128",
        "2606:4700:a1::8/128",
        "2606:4700:a1::9/128",
        "2606:4700:a1::10/128",
        "2606:4700:a9::1/128",
        "2606:4700:a9::2/128",
        "2606:4700:a9::3/128",
        "2606:4700:a9::4/128",
        "2606:4700:a9::5/128",
        "2606:4700:a9::6/128",
        "2606:4700:a9::7/128",
        "2606:4700:a9::8/128",
        "2606:4700:a9::9/128",
        "2606:4700:a9::10/128",
    ],
    ports: &[7844],
    as_of: "2026-08-20",
    source: TUNNEL_SOURCE,
};

const POD_IDENTITY: List = List {
    ipv4: &["169.254.170.23/32"],
    ipv6: &["fd00:ec2::23/128"],
    ports: &[80],
    as_of: "2026-08-20",
    source: "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html",
};

const INSTANCE_METADATA: List = List {
    ipv4: &["169.254.169.254/32"],
    ipv6: &["fd00:ec2::254/128"],
    ports: &[80],
    as_of: "2026-08-20",
    source: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html",
};

#[cfg(test)]
mod tests {
    use ipnet::IpNet;

    use super::*;

    fn networks(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn every_entry_is_a_canonical_network_of_its_family() {
        for list in [
            &CLOUDFLARE,
            &TUNNEL,
            &TUNNEL_US,
            &POD_IDENTITY,
            &INSTANCE_METADATA,
        ] {
            for (family, texts) in [(false, list.ipv4), (true, list.ipv6)] {
                for (network, text) in networks(texts).iter().zip(texts) {
                    assert_eq!(network.trunc().to_string(), *text);
                    assert_eq!(network.addr().is_ipv6(), family, "{text}");
                }
            }
        }
    }

    #[test]
    fn the_tunnel_stays_inside_the_published_ranges() {
        let published: Vec<_> = networks(CLOUDFLARE.ipv4)
            .into_iter()
            .chain(networks(CLOUDFLARE.ipv6))
            .collect();
        for list in [&TUNNEL, &TUNNEL_US] {
            for edge in networks(list.ipv4).into_iter().chain(networks(list.ipv6)) {
                assert!(
                    published.iter().any(|network| network.contains(&edge)),
                    "{edge}"
                );
            }
        }
    }
}
