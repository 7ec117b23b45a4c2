//! The firewall of a party: what nobody let in is dropped. It remembers who tried, and who came in.

use std::{collections::BTreeSet, fmt, net::SocketAddr};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::namespace::Namespace;

/// What comes in beside the answers to what went out.
#[derive(Clone, Copy, Debug)]
pub enum Inbound<'a> {
    Nothing,
    /// Connections from one address to one port of another.
    Only {
        from: &'a str,
        to: SocketAddr,
    },
}

/// Who opened a flow to whom, however often. Parties have addresses of IPv4 alone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    protocol: String,
    from: String,
    to: String,
}

impl Flow {
    pub fn tcp(from: &str, to: SocketAddr) -> Self {
        Self {
            protocol: "tcp".to_owned(),
            from: from.to_owned(),
            to: to.to_string(),
        }
    }

    /// An element of our sets: `["10.0.0.1", "10.0.0.2", "tcp", 443]`.
    fn read(element: &Value) -> Option<Self> {
        let [from, to, protocol, port] = element["concat"].as_array()?.as_slice() else {
            return None;
        };
        Some(Self {
            protocol: protocol.as_str()?.to_owned(),
            from: from.as_str()?.to_owned(),
            to: format!("{}:{}", to.as_str()?, port.as_u64()?),
        })
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.protocol, self.from, self.to)
    }
}

/// Puts the rules in the place of those of before, and forgets who came. Nothing is passed on in any case.
pub fn set(namespace: &Namespace, inbound: Inbound<'_>) -> Result<()> {
    let rule = match inbound {
        Inbound::Nothing => String::new(),
        Inbound::Only { from, to } => {
            let (to, port) = (to.ip(), to.port());
            format!("ip saddr {from} ip daddr {to} tcp dport {port} accept")
        }
    };
    // Who came in is noted behind the filter, so also what a wrong rule of it lets in. An answer to a flow that was forgotten is no try.
    let rules = format!(
        "flush ruleset
table inet party {{
  set tried {{
    typeof ip saddr . ip daddr . meta l4proto . th dport
    size 65535
    flags dynamic
  }}
  set entered {{
    typeof ip saddr . ip daddr . meta l4proto . th dport
    size 65535
    flags dynamic
  }}
  chain input {{
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state new tcp flags & syn == 0 drop
    ct state new add @tried {{ ip saddr . ip daddr . meta l4proto . th dport }}
    ct state established,related accept
    {rule}
  }}
  chain behind {{
    type filter hook input priority filter + 10; policy accept;
    iif lo accept
    ct state new add @entered {{ ip saddr . ip daddr . meta l4proto . th dport }}
  }}
  chain forward {{
    type filter hook forward priority filter; policy drop;
  }}
}}
"
    );
    namespace.run("nft", &[&rules]).map(drop)
}

/// What came to the firewall since it was set, and no answer.
pub fn tried(namespace: &Namespace) -> Result<BTreeSet<Flow>> {
    flows(namespace, "tried")
}

/// What of it came in.
pub fn entered(namespace: &Namespace) -> Result<BTreeSet<Flow>> {
    flows(namespace, "entered")
}

fn flows(namespace: &Namespace, set: &str) -> Result<BTreeSet<Flow>> {
    let listed = namespace.run("nft", &["-j", "list", "set", "inet", "party", set])?;
    read(&listed).with_context(|| format!("reading the set {set}: {listed}"))
}

/// The elements of a set as `nft -j list set` prints it, which leaves those of an empty one out.
fn read(listed: &str) -> Result<BTreeSet<Flow>> {
    let listed: Value = serde_json::from_str(listed)?;
    let mut objects = listed["nftables"].as_array().into_iter().flatten();
    let set = objects
        .find_map(|object| object.get("set"))
        .context("there is no set")?;
    let elements = set["elem"].as_array().into_iter().flatten();
    elements
        .map(|element| {
            Flow::read(element).with_context(|| format!("an element that is no flow: {element}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn listed(set: &Value) -> String {
        json!({ "nftables": [{ "metainfo": { "version": "1.0.6" } }, set] }).to_string()
    }

    #[test]
    fn elements_are_flows() -> Result<()> {
        let elements = json!([
            { "concat": ["10.9.0.1", "10.9.0.2", "tcp", 443] },
            { "concat": ["10.9.0.1", "10.9.0.2", "udp", 53] },
        ]);
        let found = read(&listed(
            &json!({ "set": { "name": "tried", "elem": elements } }),
        ))?;
        let found: Vec<_> = found.iter().map(|flow| format!("{flow:?}")).collect();
        assert_eq!(
            found,
            [
                "tcp 10.9.0.1 -> 10.9.0.2:443",
                "udp 10.9.0.1 -> 10.9.0.2:53"
            ]
        );
        Ok(())
    }

    #[test]
    fn only_a_set_without_elements_is_nobody() -> Result<()> {
        assert!(read(&listed(&json!({ "set": { "name": "tried" } })))?.is_empty());
        assert!(read(&listed(&json!({ "chain": {} }))).is_err());
        let strange = json!({ "set": { "elem": [{ "concat": ["10.9.0.1", "10.9.0.2", 443] }] } });
        assert!(read(&listed(&strange)).is_err());
        Ok(())
    }
}
