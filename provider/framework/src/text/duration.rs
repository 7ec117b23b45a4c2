//! Lengths of time as people write them: `1h30m`.

use std::fmt;
use std::str::FromStr;
use std::time;

/// A length of time such as `90s`, `20m` or `1h30m`, with the units `h`, `m`, `s` and `ms`.
///
/// `90m` and `1h30m` are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Duration(time::Duration);

/// Why a text is no [`Duration`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a duration: write numbers with the units h, m, s or ms, such as 90s, 20m or 1h30m"
)]
pub struct ParseDurationError {
    text: String,
}

impl Duration {
    /// The standard library's form.
    pub fn get(self) -> time::Duration {
        self.0
    }
}

impl From<time::Duration> for Duration {
    fn from(duration: time::Duration) -> Self {
        Self(duration)
    }
}

impl FromStr for Duration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map(Self).ok_or_else(|| ParseDurationError {
            text: text.to_owned(),
        })
    }
}

fn parse(text: &str) -> Option<time::Duration> {
    let mut rest = text;
    let mut total = time::Duration::ZERO;
    if text.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .filter(|at| *at > 0)?;
        let (number, tail) = rest.split_at(digits);
        let unit_length = tail
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_length);
        let millis = match unit {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return None,
        };
        total = total.checked_add(scale(number, millis)?)?;
        rest = tail;
    }
    Some(total)
}

/// A decimal number of units, counted in whole milliseconds.
fn scale(number: &str, millis: u64) -> Option<time::Duration> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole: u64 = whole.parse().ok()?;
    if fraction.is_empty() || fraction.len() > 6 {
        return None;
    }
    let denominator = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
    let part = fraction.parse::<u64>().ok()?.checked_mul(millis)? / denominator;
    whole
        .checked_mul(millis)?
        .checked_add(part)
        .map(time::Duration::from_millis)
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let parts = [
            (millis / 3_600_000, "h"),
            (millis / 60_000 % 60, "m"),
            (millis / 1_000 % 60, "s"),
            (millis % 1_000, "ms"),
        ];
        if millis == 0 {
            return f.write_str("0s");
        }
        parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .try_for_each(|(count, unit)| write!(f, "{count}{unit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_length_are_equal() {
        let parse = |text: &str| text.parse::<Duration>().unwrap();
        assert_eq!(parse("90m"), parse("1h30m"));
        assert_eq!(parse("1.5h"), parse("90m"));
        assert_eq!(parse("1s"), parse("1000ms"));
        assert_eq!(parse("5400s").to_string(), "1h30m");
        assert_eq!(parse("0s").to_string(), "0s");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "5",
            "m",
            "5 m",
            "-5m",
            "5d",
            "1h-30m",
            "1.m",
            ".5h",
            "99999999999999999999h",
            "１h",
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text:?}");
        }
    }
}
