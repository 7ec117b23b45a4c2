//! The firewall of a party: what nobody let in is dropped, and counted.

use anyhow::{Context as _, Result};

use super::namespace::Namespace;

/// What comes in beside the answers to what went out.
#[derive(Clone, Copy, Debug)]
pub enum Inbound<'a> {
    Nothing,
    /// Connections from one address to one port of another.
    Only {
        from: &'a str,
        to: &'a str,
        port: u16,
    },
}

/// Puts the rules in the place of those of before. Nothing is passed on in any case.
pub fn set(namespace: &Namespace, inbound: Inbound<'_>) -> Result<()> {
    let rule = match inbound {
        Inbound::Nothing => String::new(),
        Inbound::Only { from, to, port } => {
            format!("ip saddr {from} ip daddr {to} tcp dport {port} accept")
        }
    };
    let rules = format!(
        "flush ruleset
table inet party {{
  counter dropped {{
  }}
  chain input {{
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state established,related accept
    {rule}
    counter name dropped drop
  }}
  chain forward {{
    type filter hook forward priority filter; policy drop;
  }}
}}
"
    );
    namespace.run("nft", &[&rules]).map(drop)
}

/// How many packets were dropped since the rules were set.
pub fn dropped(namespace: &Namespace) -> Result<u64> {
    let counter = namespace.run("nft", &["list", "counter", "inet", "party", "dropped"])?;
    let mut words = counter.split_whitespace();
    words
        .find(|word| *word == "packets")
        .and_then(|_| words.next()?.parse().ok())
        .with_context(|| format!("no count in {counter}"))
}
