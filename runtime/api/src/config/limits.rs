//! What a namespace may use, and what a container gets that says nothing.

use std::{collections::BTreeMap, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Compute;
use crate::{quantity::Quantity, textual::Invalid};

/// Hard limits of a namespace, by resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Quota(pub BTreeMap<QuotaKey, Quantity>);

impl Default for Quota {
    /// Room for the components, and no door to the outside: neither load balancers nor node ports.
    fn default() -> Self {
        Self::of(&[
            ("limits.cpu", "32"),
            ("limits.memory", "64Gi"),
            ("pods", "100"),
            ("requests.cpu", "16"),
            ("requests.memory", "32Gi"),
            ("services.loadbalancers", "0"),
            ("services.nodeports", "0"),
        ])
    }
}

impl Quota {
    /// The quota of a workspace unless it says otherwise: that of the peers' charts, and no door to the outside.
    pub fn workspace() -> Self {
        Self::of(&[
            ("limits.cpu", "4096"),
            ("limits.memory", "2Ti"),
            ("services.loadbalancers", "0"),
            ("services.nodeports", "0"),
        ])
    }

    fn of(entries: &[(&str, &str)]) -> Self {
        // The constants above parse: `defaults_parse` would miss an entry otherwise.
        Self(
            entries
                .iter()
                .filter_map(|(key, value)| Some((key.parse().ok()?, value.parse().ok()?)))
                .collect(),
        )
    }
}

/// A resource that a quota counts: `requests.cpu`, `pods`, `services.loadbalancers`, `requests.nvidia.com/gpu`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuotaKey(String);

impl FromStr for QuotaKey {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let fits = text.split('/').count() <= 2 && text.split('/').all(crate::names::is_subdomain);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(
                "a resource of a quota",
                text,
                "write one such as requests.cpu, limits.memory, pods or requests.nvidia.com/gpu",
            ))
        }
    }
}

impl fmt::Display for QuotaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

textual!(QuotaKey, { "type": "string", "minLength": 1 });

/// What a container gets that says nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContainerLimits {
    /// What is reserved.
    pub requests: Compute,
    /// What can't be exceeded.
    pub limits: Compute,
}

impl Default for ContainerLimits {
    fn default() -> Self {
        Self {
            requests: Compute {
                cpu: "100m".parse().ok(),
                memory: "128Mi".parse().ok(),
            },
            limits: Compute {
                cpu: "1".parse().ok(),
                memory: "512Mi".parse().ok(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_parse() {
        assert_eq!(Quota::default().0.len(), 7);
        assert_eq!(Quota::workspace().0.len(), 4);
        let ContainerLimits { requests, limits } = ContainerLimits::default();
        assert!(
            [requests.cpu, requests.memory, limits.cpu, limits.memory]
                .iter()
                .all(Option::is_some)
        );
    }

    #[test]
    fn extended_resources_are_counted_too() {
        assert!("requests.nvidia.com/gpu".parse::<QuotaKey>().is_ok());
        assert!("count/taskactions.flyte.org".parse::<QuotaKey>().is_ok());
        assert!("two words".parse::<QuotaKey>().is_err());
    }
}
