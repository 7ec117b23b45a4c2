//! The networks that a storage account answers to.

use std::{fmt, net::IpAddr, str::FromStr};

use clouds::buckets::{AllowedNetworks, SubnetId};
use framework::{Model, Set, Text, Value};
use ipnet::IpNet;

use crate::drift;

/// The only networks that an Azure storage account answers to. Whoever calls from elsewhere is refused, with whatever rights.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct AllowedNetworksModel {
    /// Public addresses and ranges, for example `203.0.113.7` or `198.51.100.0/24`.
    #[attr(optional)]
    pub ip_ranges: Value<Set<Text<IpRange>>>,
    /// Full ids of subnets that have the service endpoint `Microsoft.Storage`.
    #[attr(optional)]
    pub subnets: Value<Set<Text<SubnetId>>>,
}

/// A range of addresses, or a single one, which has no prefix then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpRange(IpNet);

impl FromStr for IpRange {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let net = text
            .parse()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        net.map(|net| Self(net.trunc())).map_err(|_| {
            format!("{text:?} is not a range of addresses: write 198.51.100.0/24, or 203.0.113.7")
        })
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            write!(f, "{}", self.0.addr())
        } else {
            write!(f, "{}", self.0)
        }
    }
}

impl AllowedNetworksModel {
    pub(super) fn networks(&self) -> AllowedNetworks {
        let ranges = self.ip_ranges.known().into_iter().flatten();
        let subnets = self.subnets.known().into_iter().flatten();
        AllowedNetworks {
            ip_ranges: ranges.map(|range| IpRange::to_string(range)).collect(),
            subnets: subnets.map(|subnet| SubnetId::clone(subnet)).collect(),
        }
    }

    /// What was found, in the shape that the state had it.
    pub(super) fn found(state: &Value<Self>, found: Option<&AllowedNetworks>) -> Value<Self> {
        let Some(found) = found else {
            return Value::Null;
        };
        let none = Self::default();
        let state = state.known().unwrap_or(&none);
        // A range that this version cannot read is no reason to refuse the whole bucket.
        let ranges = found.ip_ranges.iter().filter_map(|range| {
            let read = range.parse::<IpRange>();
            if let Err(problem) = &read {
                tracing::warn!(problem, "a range of addresses is left out");
            }
            read.ok().map(Text::from)
        });
        Value::Known(Self {
            ip_ranges: drift::collection(&state.ip_ranges, ranges),
            subnets: drift::collection(
                &state.subnets,
                found.subnets.iter().cloned().map(Text::from),
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_address_has_no_prefix() {
        for (written, kept) in [
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7/32", "203.0.113.7"),
            ("198.51.100.9/24", "198.51.100.0/24"),
        ] {
            assert_eq!(written.parse::<IpRange>().unwrap().to_string(), kept);
        }
        let wrong = "acme".parse::<IpRange>().unwrap_err();
        assert!(wrong.contains("198.51.100.0/24"), "{wrong}");
    }

    #[test]
    fn what_is_found_keeps_the_shape_of_the_state() {
        let state = Value::Known(AllowedNetworksModel {
            ip_ranges: Value::Known(["203.0.113.7/32".parse().unwrap()].into_iter().collect()),
            subnets: Value::Null,
        });
        let wanted = state.known().unwrap().networks();
        assert_eq!(wanted.ip_ranges, ["203.0.113.7".to_owned()].into());
        assert_eq!(AllowedNetworksModel::found(&state, Some(&wanted)), state);
        assert_eq!(AllowedNetworksModel::found(&state, None), Value::Null);
    }
}
