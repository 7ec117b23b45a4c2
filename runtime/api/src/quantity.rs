//! Kubernetes quantities in the form in which the API server gives them back.

use std::{fmt, str::FromStr};

use crate::textual::Invalid;

/// An amount of a resource, such as `500m` or `2Gi`. It is kept in the API server's canonical form, so that `0.5` and
/// `500m` are equal and what is read back equals what was applied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Quantity {
    nanos: i128,
    binary: bool,
}

const NANO: i128 = 1_000_000_000;
const DECIMAL: [(&str, u32); 10] = [
    ("n", 0),
    ("u", 3),
    ("m", 6),
    ("", 9),
    ("k", 12),
    ("M", 15),
    ("G", 18),
    ("T", 21),
    ("P", 24),
    ("E", 27),
];
const BINARY: [(&str, u32); 6] = [
    ("Ki", 10),
    ("Mi", 20),
    ("Gi", 30),
    ("Ti", 40),
    ("Pi", 50),
    ("Ei", 60),
];

impl Quantity {
    /// Whether this is more than `other`, whatever the units.
    pub fn exceeds(&self, other: &Self) -> bool {
        self.nanos > other.nanos
    }
}

impl FromStr for Quantity {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || {
            Invalid::new(
                "a quantity",
                text,
                "write a number that is not negative and a unit, such as 500m, 2, 512Mi or 10G",
            )
        };
        let digits = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, suffix) = text.split_at(digits);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty()
            || whole.len() > 15
            || fraction.len() > 9
            || fraction.contains('.')
        {
            return Err(invalid());
        }
        // Nine digits behind the point, so that the number is a whole count of its billionths.
        let billionths: i128 = format!("{whole}{fraction:0<9}")
            .parse()
            .map_err(|_| invalid())?;
        let scaled = if let Some((_, power)) = BINARY.iter().find(|(unit, _)| *unit == suffix) {
            (billionths.checked_mul(1 << power), true)
        } else if let Some((_, power)) = DECIMAL.iter().find(|(unit, _)| *unit == suffix) {
            (
                billionths
                    .checked_mul(10_i128.pow(*power))
                    .map(|n| (n + NANO - 1) / NANO),
                false,
            )
        } else {
            return Err(invalid());
        };
        let (Some(nanos), binary) = scaled else {
            return Err(invalid());
        };
        // Below one kibi the API server writes the decimal form; above it whole bytes, rounded up.
        let binary = binary && nanos >= 1024 * NANO;
        let nanos = if binary {
            (nanos + NANO - 1) / NANO * NANO
        } else {
            nanos
        };
        Ok(Self { nanos, binary })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0");
        }
        if self.binary {
            let bytes = self.nanos / NANO;
            let unit = BINARY
                .iter()
                .rev()
                .find(|(_, power)| bytes % (1 << power) == 0);
            return match unit {
                Some((unit, power)) => write!(f, "{}{unit}", bytes >> power),
                None => write!(f, "{bytes}"),
            };
        }
        let unit = DECIMAL
            .iter()
            .rev()
            .find(|(_, power)| self.nanos % 10_i128.pow(*power) == 0);
        let (unit, power) = unit.copied().unwrap_or(DECIMAL[0]);
        write!(f, "{}{unit}", self.nanos / 10_i128.pow(power))
    }
}

textual!(Quantity, { "type": "string", "description": "An amount of a resource, such as 500m, 2 or 512Mi." });

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, canonical: &str) {
        assert_eq!(
            text.parse::<Quantity>().unwrap().to_string(),
            canonical,
            "{text}"
        );
    }

    #[test]
    fn is_written_as_the_api_server_writes_it() {
        check("500m", "500m");
        check("0.5", "500m");
        check("1000m", "1");
        check("1500m", "1500m");
        check("2", "2");
        check("4096", "4096");
        check("1000", "1k");
        check("128Mi", "128Mi");
        check("1024Mi", "1Gi");
        check("1.5Gi", "1536Mi");
        check("2Ti", "2Ti");
        check("10G", "10G");
        check("0", "0");
        check("0Gi", "0");
        check("1Ki", "1Ki");
    }

    #[test]
    fn compares_by_amount() {
        let of = |text: &str| text.parse::<Quantity>().unwrap();
        assert!(!of("999m").exceeds(&of("1")));
        assert!(of("1Gi").exceeds(&of("1G")));
        assert_eq!(of("0.1"), of("100m"));
    }

    #[test]
    fn refuses_what_is_none() {
        for bad in ["", "Mi", "-1", "1 Gi", "1gi", "1e3", "1.2.3", "ten"] {
            assert!(bad.parse::<Quantity>().is_err(), "{bad}");
        }
    }
}
