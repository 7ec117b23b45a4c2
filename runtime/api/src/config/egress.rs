//! Where pods may connect to. A network policy knows addresses, not host names.

use std::{fmt, num::NonZeroU16, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::{cidr::Cidr, labels::Labels, names::Namespace};

/// What the components may connect to. What is absent may be any address but instance metadata, node-local agents and
/// Azure's wire server, on the usual port: narrow it where addresses are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Egress {
    /// The Kubernetes API server, as pods see it behind its Service; ports 443 and 6443.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes_api: Option<Destination>,
    /// The control plane; the port of its endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_plane: Option<Destination>,
    /// The buckets; the port of their endpoint, which is 443 for the clouds' own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_store: Option<Destination>,
    /// The servers that answer for names; those of most clusters when empty: `kube-dns` in `kube-system`, the node-local
    /// cache, Cloud DNS of GKE and `LocalDNS` of AKS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<DnsPeer>,
}

impl Egress {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let Self {
            kubernetes_api,
            control_plane,
            object_store,
            dns,
        } = self;
        validate_dns("egress.dns", dns)?;
        for (field, destination) in [
            ("kubernetes_api", kubernetes_api),
            ("control_plane", control_plane),
            ("object_store", object_store),
        ] {
            if destination
                .as_ref()
                .is_some_and(|destination| destination.cidrs.is_empty())
            {
                return Err(ConfigError::field(
                    &format!("egress.{field}.cidrs"),
                    "is empty: name a range, or leave the destination out",
                ));
            }
        }
        Ok(())
    }
}

/// Addresses, and ports other than the usual ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// Address ranges.
    #[schemars(length(min = 1))]
    pub cidrs: Vec<Cidr>,
    /// TCP ports; those usual for the purpose when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
}

/// Servers that answer for names: pods by their namespace and labels, or addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DnsPeer {
    /// Namespace of the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// Labels of the pods; all pods of the namespace when empty.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub pod_labels: Labels,
    /// Address ranges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cidrs: Vec<Cidr>,
    /// Ports, UDP and TCP; 53 when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
}

/// A peer without pods and without addresses would be every peer to Kubernetes.
pub(crate) fn validate_dns(field: &str, peers: &[DnsPeer]) -> Result<(), ConfigError> {
    for (index, peer) in peers.iter().enumerate() {
        let problem = match (&peer.namespace, peer.cidrs.is_empty()) {
            (Some(_), false) => "has both `namespace` and `cidrs`: write an entry for each",
            (None, true) => {
                "names nobody: give the `namespace` of the servers' pods, or their `cidrs`"
            }
            (None, false) if !peer.pod_labels.is_empty() => {
                "has `pod_labels` without the `namespace` of the pods"
            }
            _ => continue,
        };
        return Err(ConfigError::field(&format!("{field}[{index}]"), problem));
    }
    Ok(())
}

/// A port.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Port(NonZeroU16);

impl Port {
    /// The number.
    pub fn get(self) -> u16 {
        self.0.get()
    }
}

impl TryFrom<i64> for Port {
    type Error = crate::Invalid;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        number.to_string().parse()
    }
}

impl FromStr for Port {
    type Err = crate::Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .map(Self)
            .map_err(|_| crate::Invalid::new("a port", text, "a number from 1 to 65535"))
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
