//! Ranges of IP addresses.

use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;

/// A range of IP addresses such as `10.0.0.0/16` or `fd00::/8`.
///
/// Spellings of one range are equal: `FD00:0::/8` and `fd00::/8`. A text with bits set behind the prefix is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cidr(IpNet);

/// Why a text is no [`Cidr`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseCidrError {
    /// It is something else.
    #[error("{0:?} is not a CIDR range: write an address and a prefix length, such as 10.0.0.0/16")]
    Syntax(String),
    /// The address is not the first of its range.
    #[error("{given} has bits set behind its prefix: the range is {range}")]
    HostBits {
        /// What was given.
        given: String,
        /// The range that contains it.
        range: IpNet,
    },
}

impl Cidr {
    /// The parsed range.
    pub fn get(self) -> IpNet {
        self.0
    }
}

impl FromStr for Cidr {
    type Err = ParseCidrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let range: IpNet = text
            .parse()
            .map_err(|_| ParseCidrError::Syntax(text.to_owned()))?;
        if range.trunc() == range {
            Ok(Self(range))
        } else {
            Err(ParseCidrError::HostBits {
                given: text.to_owned(),
                range: range.trunc(),
            })
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_compared_and_host_bits_refused() {
        assert_eq!(
            "FD00:0::/8".parse::<Cidr>().unwrap(),
            "fd00::/8".parse().unwrap()
        );
        let message = "10.0.0.1/16".parse::<Cidr>().unwrap_err().to_string();
        assert_eq!(
            message,
            "10.0.0.1/16 has bits set behind its prefix: the range is 10.0.0.0/16"
        );
        for text in ["10.0.0.0", "10.0.0.0/33", "x/8", ""] {
            assert!(text.parse::<Cidr>().is_err(), "{text:?}");
        }
    }
}
