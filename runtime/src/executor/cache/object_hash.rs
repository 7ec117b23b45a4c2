//! The hash of a JSON value that does not depend on how it is written: objecthash, over SHA-256.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

/// The hash of a JSON value.
pub type Hash = [u8; 32];

impl Json {
    pub fn hash(&self) -> Hash {
        match self {
            Self::Null => tagged(b'n', [[0u8; 0]; 0]),
            Self::Bool(value) => tagged(b'b', [if *value { "1" } else { "0" }]),
            Self::Number(value) => tagged(b'f', [normal(*value)]),
            Self::Text(text) => tagged(b'u', [text]),
            Self::List(items) => tagged(b'l', items.iter().map(Self::hash)),
            Self::Object(fields) => {
                let mut hashes: Vec<(Hash, Hash)> = fields
                    .iter()
                    .map(|(key, value)| (tagged(b'u', [key]), value.hash()))
                    .collect();
                hashes.sort_unstable();
                tagged(
                    b'd',
                    hashes.into_iter().flat_map(|(key, value)| [key, value]),
                )
            }
        }
    }
}

fn tagged(tag: u8, parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([tag]);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// A number's sign, binary exponent and mantissa in digits of two: `+1:011` is 0.75 times two.
fn normal(value: f64) -> String {
    if value == 0.0 {
        return "+0:".to_owned();
    }
    let mut text = String::from(if value < 0.0 { "-" } else { "+" });
    let mut rest = value.abs();
    let mut exponent = 0;
    while rest > 1.0 && rest.is_finite() {
        rest /= 2.0;
        exponent += 1;
    }
    while rest <= 0.5 {
        rest *= 2.0;
        exponent -= 1;
    }
    text.push_str(&exponent.to_string());
    text.push(':');
    // A mantissa has 53 digits and this takes one at a time, so it ends; what is no number never gets here.
    while rest > 0.0 && rest.is_finite() {
        let digit = rest >= 1.0;
        text.push(if digit { '1' } else { '0' });
        rest = (rest - f64::from(u8::from(digit))) * 2.0;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Json {
        Json::Text(text.to_owned())
    }

    fn hex(hash: Hash) -> String {
        hash.iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    fn object<const N: usize>(fields: [(&str, Json); N]) -> Json {
        Json::Object(
            fields
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    }

    /// The values that objecthash's and Flyte's own tests expect.
    #[test]
    fn known_hashes() {
        let list = Json::List(vec![text("foo"), text("bar")]);
        assert_eq!(
            hex(list.hash()),
            "32ae896c413cfdc79eec68be9139c86ded8b279238467c216cf2bec4d5f1e4a2"
        );
        let numbers = [1.0, 1.5, 0.0001, 1000.0, 2.0, -23.1234, 2.0].map(Json::Number);
        let mut bar = vec![text("baz"), Json::Null];
        bar.extend(numbers);
        let mixed = Json::List(vec![text("foo"), object([("bar", Json::List(bar))])]);
        assert_eq!(
            hex(mixed.hash()),
            "783a423b094307bcb28d005bc2f026ff44204442ef3513585e7e73b66e3c2213"
        );
        let message = object([
            ("integer", text("18")),
            ("floatValue", Json::Number(1.3)),
            ("stringValue", text("lets test this")),
            ("boolean", Json::Bool(true)),
        ]);
        assert_eq!(
            hex(message.hash()),
            "1a13cc4cabc97d43c72bc537bc49a88bfc1d541c7b21048fab28c65c0673aae2"
        );
        let whole = object([
            ("integer", text("18")),
            ("floatValue", Json::Number(1.3)),
            ("stringValue", text("lets test this")),
            ("boolean", Json::Bool(true)),
            ("datetime", text("2019-03-29T12:00:00Z")),
            ("duration", text("0.001s")),
            (
                "mapValue",
                object([("a", text("first")), ("z", text("last"))]),
            ),
            ("collections", Json::List(["1", "2", "3"].map(text).into())),
        ]);
        assert_eq!(
            hex(whole.hash()),
            "6295b22c23f5356d03564dc78fae2d2bbd07ffdb7ee5f4258fbcb20cada54844"
        );
    }

    #[test]
    fn every_number_has_a_hash() {
        for value in [
            0.0,
            -0.0,
            f64::MIN_POSITIVE,
            5e-324,
            f64::MAX,
            f64::INFINITY,
        ] {
            assert_eq!(Json::Number(value).hash(), Json::Number(value).hash());
        }
        assert_eq!(normal(0.75), "+0:011");
        assert_eq!(normal(1.0), "+0:1");
        assert_eq!(normal(-2.0), "-1:1");
    }
}
