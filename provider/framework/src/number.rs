//! Exact decimal numbers, as Terraform means them: of any size, compared by value, never rounded through a float.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// A number of any size and precision, kept as its decimal text.
///
/// Equality, order and hash go by value: `1.50`, `1.5` and `15e-1` are equal, and their text stays what it was.
///
/// ```
/// use framework::Number;
/// let price: Number = "1.50".parse().unwrap();
/// assert_eq!(price, "15e-1".parse().unwrap());
/// assert_eq!(price.as_str(), "1.50");
/// assert!(Number::from(i64::MAX) < "9223372036854775808".parse().unwrap());
/// ```
#[derive(Clone)]
pub struct Number(String);

/// Why a text is no [`Number`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a decimal number, or its exponent has more than 32 bits")]
pub struct ParseNumberError {
    text: String,
}

const INFINITY: &str = "Infinity";
const NEGATIVE_INFINITY: &str = "-Infinity";

impl Number {
    /// Positive infinity, which Terraform has and JSON has not.
    #[must_use]
    pub fn infinity() -> Self {
        Self(INFINITY.to_owned())
    }

    /// Negative infinity.
    #[must_use]
    pub fn negative_infinity() -> Self {
        Self(NEGATIVE_INFINITY.to_owned())
    }

    /// The decimal text: a number of JSON's grammar, or `Infinity` and `-Infinity`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is neither of the infinities.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        !self.0.ends_with(INFINITY)
    }

    /// The value as `i64` when it is a whole number of that range.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        i64::try_from(self.as_i128()?).ok()
    }

    /// The value as `u64` when it is a whole number of that range.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        u64::try_from(self.as_i128()?).ok()
    }

    /// The nearest `f64`; beyond its range an infinity.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        // The text is one that `f64` reads, so the fallback is never taken.
        self.0.parse().unwrap_or(f64::NAN)
    }

    fn as_i128(&self) -> Option<i128> {
        let Magnitude::Finite {
            negative,
            digits,
            exponent,
        } = self.magnitude()
        else {
            return None;
        };
        // 64 bits have at most 20 digits: a longer one is out of range whatever it is.
        let zeros = usize::try_from(exponent)
            .ok()
            .filter(|zeros| digits.len() + zeros <= 20)?;
        let mut value: i128 = if digits.is_empty() {
            0
        } else {
            digits.parse().ok()?
        };
        for _ in 0..zeros {
            value *= 10;
        }
        Some(if negative { -value } else { value })
    }

    /// The one form that all texts of a value share.
    fn magnitude(&self) -> Magnitude {
        match self.0.as_str() {
            INFINITY => return Magnitude::Infinite { negative: false },
            NEGATIVE_INFINITY => return Magnitude::Infinite { negative: true },
            _ => {}
        }
        let unsigned = self.0.strip_prefix('-');
        let negative = unsigned.is_some();
        let (mantissa, exponent) = split_exponent(unsigned.unwrap_or(&self.0));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = String::with_capacity(whole.len() + fraction.len());
        digits.push_str(whole);
        digits.push_str(fraction);
        let significant = digits.trim_end_matches('0').len();
        let dropped = digits.len() - significant;
        digits.truncate(significant);
        let digits = digits.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Magnitude::Finite {
                negative: false,
                digits,
                exponent: 0,
            };
        }
        let exponent =
            exponent.parse::<i64>().unwrap_or(0) - length(fraction.len()) + length(dropped);
        Magnitude::Finite {
            negative,
            digits,
            exponent,
        }
    }
}

/// A value as `±0.digits`, scaled: no zero at either end of `digits`, so equal values have equal magnitudes.
#[derive(PartialEq, Eq, Hash)]
enum Magnitude {
    Infinite {
        negative: bool,
    },
    Finite {
        negative: bool,
        digits: String,
        exponent: i64,
    },
}

fn length(text: usize) -> i64 {
    i64::try_from(text).unwrap_or(i64::MAX)
}

fn split_exponent(text: &str) -> (&str, &str) {
    text.split_once('e').unwrap_or((text, "0"))
}

impl FromStr for Number {
    type Err = ParseNumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map(Self).ok_or_else(|| ParseNumberError {
            text: text.chars().take(64).collect(),
        })
    }
}

/// Reads what Go's decimal parser reads and writes it in JSON's grammar: no plus sign, no leading zeros, no bare point.
fn parse(text: &str) -> Option<String> {
    let (sign, unsigned) = match text.as_bytes().first()? {
        b'-' => ("-", text.get(1..)?),
        b'+' => ("", text.get(1..)?),
        _ => ("", text),
    };
    if ["inf", "infinity"]
        .iter()
        .any(|word| unsigned.eq_ignore_ascii_case(word))
    {
        return Some(format!("{sign}{INFINITY}"));
    }
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (
            unsigned.get(..at)?,
            unsigned.get(at + 1..)?.parse::<i32>().ok()?,
        ),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let mut number = String::with_capacity(text.len() + 1);
    number.push_str(sign);
    let whole = whole.trim_start_matches('0');
    number.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        number.push('.');
        number.push_str(fraction);
    }
    if exponent != 0 {
        number.push('e');
        number.push_str(&exponent.to_string());
    }
    Some(number)
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        rank(&self.magnitude(), &other.magnitude())
    }
}

fn rank(left: &Magnitude, right: &Magnitude) -> Ordering {
    // Sign first, then the place of the first digit, then the digits as text.
    let key = |magnitude: &Magnitude| match magnitude {
        Magnitude::Infinite { negative } => (if *negative { -1 } else { 1 }, i64::MAX),
        Magnitude::Finite { digits, .. } if digits.is_empty() => (0, 0),
        Magnitude::Finite {
            negative,
            digits,
            exponent,
        } => (
            if *negative { -1 } else { 1 },
            exponent.saturating_add(length(digits.len())),
        ),
    };
    let ((sign, place), (other_sign, other_place)) = (key(left), key(right));
    let unsigned = || {
        place.cmp(&other_place).then_with(|| match (left, right) {
            (Magnitude::Finite { digits, .. }, Magnitude::Finite { digits: other, .. }) => {
                digits.cmp(other)
            }
            _ => Ordering::Equal,
        })
    };
    sign.cmp(&other_sign).then_with(|| {
        if sign < 0 {
            unsigned().reverse()
        } else {
            unsigned()
        }
    })
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.magnitude() == other.magnitude()
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.magnitude().hash(state);
    }
}

impl Default for Number {
    fn default() -> Self {
        Self::from(0)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({})", self.0)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(value.to_string())
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(value.to_string())
    }
}

impl From<i32> for Number {
    fn from(value: i32) -> Self {
        Self::from(i64::from(value))
    }
}

impl TryFrom<f64> for Number {
    type Error = ParseNumberError;

    /// The shortest decimal that reads back as the same float; not-a-number is no number.
    fn try_from(value: f64) -> Result<Self, Self::Error> {
        value.to_string().parse()
    }
}

impl TryFrom<&serde_json::Number> for Number {
    type Error = ParseNumberError;

    /// JSON's grammar is a part of ours; only an exponent beyond 32 bits is refused, as Terraform does.
    fn try_from(value: &serde_json::Number) -> Result<Self, Self::Error> {
        value.as_str().parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    #[test]
    fn equal_values_are_equal_whatever_their_spelling() {
        for (left, right) in [
            ("1.50", "15e-1"),
            ("0", "-0.000e9"),
            ("100", "1e2"),
            ("+7", "007"),
            (".5", "0.50"),
            ("5.", "5"),
            ("-inf", "-Infinity"),
            (
                "123456789012345678901234567890.10",
                "12345678901234567890123456789010e-2",
            ),
        ] {
            assert_eq!(number(left), number(right), "{left} and {right}");
            assert_eq!(
                number(left).cmp(&number(right)),
                Ordering::Equal,
                "{left} and {right}"
            );
        }
    }

    #[test]
    fn order_goes_by_value() {
        let sorted = [
            "-Infinity",
            "-1e30",
            "-2",
            "-1.5",
            "-1e-9",
            "0",
            "1e-400",
            "0.1",
            "0.7",
            "9",
            "10",
            "1e30",
            "inf",
        ];
        for (at, left) in sorted.iter().enumerate() {
            for (other, right) in sorted.iter().enumerate() {
                assert_eq!(
                    number(left).cmp(&number(right)),
                    at.cmp(&other),
                    "{left} against {right}"
                );
            }
        }
    }

    #[test]
    fn integers_convert_only_when_they_fit() {
        assert_eq!(number("9223372036854775807").as_i64(), Some(i64::MAX));
        assert_eq!(number("-9223372036854775808").as_i64(), Some(i64::MIN));
        assert_eq!(number("9223372036854775808").as_i64(), None);
        assert_eq!(number("18446744073709551615").as_u64(), Some(u64::MAX));
        assert_eq!(number("1.0").as_i64(), Some(1));
        assert_eq!(number("1.5").as_i64(), None);
        assert_eq!(number("0e5").as_i64(), Some(0));
        assert_eq!(number("1e2000000000").as_i64(), None);
        assert_eq!(Number::infinity().as_i64(), None);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "-",
            ".",
            "e1",
            "1e",
            "0x10",
            "1_000",
            "NaN",
            "1e99999999999",
            "1.2.3",
            " 1",
            "-+1",
            "é",
        ] {
            assert!(text.parse::<Number>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_integers(left: i64, right: i64) {
            prop_assert_eq!(Number::from(left).cmp(&Number::from(right)), left.cmp(&right));
            prop_assert_eq!(Number::from(left).as_i64(), Some(left));
        }

        #[test]
        fn agrees_with_floats(left in proptest::num::f64::NORMAL, right in proptest::num::f64::NORMAL) {
            let (a, b) = (Number::try_from(left).unwrap(), Number::try_from(right).unwrap());
            prop_assert_eq!(Some(a.cmp(&b)), left.partial_cmp(&right));
            prop_assert_eq!(a.as_f64().to_bits(), left.to_bits());
        }
    }
}
