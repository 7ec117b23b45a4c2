//! Points in time.

use std::fmt;
use std::str::FromStr;

/// A point in time as RFC 3339 writes it. `2026-01-01T01:00:00+01:00` and `2026-01-01T00:00:00Z` are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(jiff::Timestamp);

/// Why a text is no [`Timestamp`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a point in time as RFC 3339 writes it, such as 2026-01-31T12:00:00Z")]
pub struct ParseTimestampError {
    text: String,
}

impl Timestamp {
    /// The parsed point.
    pub fn get(self) -> jiff::Timestamp {
        self.0
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self(timestamp)
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| ParseTimestampError {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_resolved() {
        let parse = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(
            parse("2026-01-01T01:00:00+01:00"),
            parse("2026-01-01T00:00:00Z")
        );
        assert!("tomorrow".parse::<Timestamp>().is_err());
    }
}
