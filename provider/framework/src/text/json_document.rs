//! JSON documents in a string, such as policies.

use std::fmt;
use std::str::FromStr;

use serde_json::Value as Json;

use crate::json;

/// A JSON document in a string attribute. Layout, the order of keys and the spelling of numbers don't matter.
#[derive(Clone, Debug, Default)]
pub struct JsonDocument(Json);

impl PartialEq for JsonDocument {
    fn eq(&self, other: &Self) -> bool {
        // serde_json compares numbers by their text.
        self.0 == other.0 || json::untyped(&self.0) == json::untyped(&other.0)
    }
}

/// Why a text is no [`JsonDocument`].
#[derive(Debug, thiserror::Error)]
#[error("not a JSON document: {0}")]
pub struct ParseJsonError(#[source] serde_json::Error);

impl JsonDocument {
    /// The parsed document.
    pub fn get(&self) -> &Json {
        &self.0
    }
}

impl From<Json> for JsonDocument {
    fn from(document: Json) -> Self {
        Self(document)
    }
}

impl FromStr for JsonDocument {
    type Err = ParseJsonError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text).map(Self).map_err(ParseJsonError)
    }
}

impl fmt::Display for JsonDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_and_key_order_do_not_matter() {
        let parse = |text: &str| text.parse::<JsonDocument>().unwrap();
        assert_eq!(
            parse(r#"{"a":1,"b":[2]}"#),
            parse("{ \"b\" : [2],\n \"a\": 1 }")
        );
        assert_eq!(parse("[1, 0.5]"), parse("[1.0, 5e-1]"));
        assert_ne!(parse("[1,2]"), parse("[2,1]"));
        assert!("{".parse::<JsonDocument>().is_err());
    }
}
