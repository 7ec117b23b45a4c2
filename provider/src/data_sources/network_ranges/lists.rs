//! The lists themselves, each with where it is published and the day it was read there.

use super::List;

/// Where the control plane's endpoints are.
pub(super) const CLOUDFLARE: List = List {
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

/// The tunnel's edge, wherever it is.
pub(super) const TUNNEL: List = List {
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

/// The tunnel's edge in the United States.
pub(super) const TUNNEL_US: List = List {
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

/// The agent on nodes of EKS.
pub(super) const POD_IDENTITY: List = List {
    ipv4: &["169.254.170.23/32"],
    ipv6: &["fd00:ec2::23/128"],
    ports: &[80],
    as_of: "2026-08-20",
    source: "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html",
};

/// The metadata service on nodes of AWS.
pub(super) const INSTANCE_METADATA: List = List {
    ipv4: &["169.254.169.254/32"],
    ipv6: &["fd00:ec2::254/128"],
    ports: &[80],
    as_of: "2026-08-20",
    source: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html",
};

const GOOGLE_APIS_SOURCE: &str =
    "https://cloud.google.com/vpc/docs/configure-private-google-access#domain-options";

/// `private.googleapis.com`.
pub(super) const GOOGLE_APIS_PRIVATE: List = List {
    ipv4: &["199.36.153.8/30"],
    ipv6: &["2600:2d00:2:2000::/56"],
    ports: &[443],
    as_of: "2026-11-22",
    source: GOOGLE_APIS_SOURCE,
};

/// `restricted.googleapis.com`.
pub(super) const GOOGLE_APIS_RESTRICTED: List = List {
    ipv4: &["199.36.153.4/30"],
    ipv6: &["2600:2d00:2:1000::/56"],
    ports: &[443],
    as_of: "2026-11-22",
    source: GOOGLE_APIS_SOURCE,
};

/// Who asks whether the machines behind a balancer are there.
pub(super) const GOOGLE_HEALTH_CHECKS: List = List {
    ipv4: &["35.191.0.0/16", "130.211.0.0/22"],
    ipv6: &["2600:2d00:1:b029::/64"],
    ports: &[],
    as_of: "2026-11-22",
    source: "https://cloud.google.com/load-balancing/docs/firewall-rules",
};

/// The host of every machine of Azure.
pub(super) const AZURE_WIRE_SERVER: List = List {
    ipv4: &["168.63.129.16/32"],
    ipv6: &[],
    ports: &[53, 80, 32526],
    as_of: "2026-11-22",
    source: "https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16",
};

/// Regions of the control plane, with where each is. What hosts they have is told to each organisation, and published nowhere.
pub(super) const REGIONS: &[(&str, &str)] = &[
    ("eu-central-1", "Europe Central"),
    ("eu-west-1", "Europe West 1"),
    ("eu-west-2", "Europe West 2"),
    ("us-east-2", "US East"),
    ("us-west-2", "US West"),
];

/// Domains that the hosts of all regions are below.
pub(super) const DOMAINS: &[&str] = &["union.ai", "unionai.cloud"];

/// The day that regions and domains were read.
pub(super) const CONTROL_PLANE_AS_OF: &str = "2026-11-22";

/// Where regions and domains are published.
pub(super) const CONTROL_PLANE_SOURCE: &str =
    "https://www.union.ai/docs/v2/union/security/architecture/network/";
