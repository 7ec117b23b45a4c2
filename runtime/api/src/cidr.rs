//! Address ranges for network policies.

use std::{fmt, str::FromStr};

use ipnet::IpNet;

use crate::textual::Invalid;

/// A range of addresses in its canonical form: no bit set behind the mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(IpNet);

impl Cidr {
    /// The range.
    pub fn net(self) -> IpNet {
        self.0
    }
}

impl FromStr for Cidr {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let net: IpNet = text.parse().map_err(|_| {
            Invalid::new(
                "a CIDR",
                text,
                "write an address and a prefix length, such as 10.0.0.0/16",
            )
        })?;
        if net.trunc() != net {
            return Err(Invalid::new(
                "a CIDR",
                text,
                format!("it has bits set behind its mask; write {}", net.trunc()),
            ));
        }
        Ok(Self(net))
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

textual!(Cidr, { "type": "string", "format": "cidr", "description": "An address range, such as 10.0.0.0/16." });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_networks_and_refuses_hosts() {
        for good in [
            "10.0.0.0/16",
            "0.0.0.0/0",
            "2606:4700::/32",
            "198.41.192.7/32",
        ] {
            assert_eq!(good.parse::<Cidr>().unwrap().to_string(), good);
        }
        let error = "10.0.0.1/16".parse::<Cidr>().unwrap_err();
        assert!(error.to_string().contains("write 10.0.0.0/16"), "{error}");
        assert!("10.0.0.0".parse::<Cidr>().is_err());
        assert!("10.0.0.0/33".parse::<Cidr>().is_err());
    }
}
