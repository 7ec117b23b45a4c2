//! Strings with rules: the error they share and the macro that gives a parsed type its serde and JSON Schema form.

/// A text that breaks the rule of the type it was meant for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: {rule}")]
pub struct Invalid {
    /// What was wanted, with its article: "a namespace".
    pub what: &'static str,
    /// The text as given.
    pub text: String,
    /// What would be right.
    pub rule: String,
}

impl Invalid {
    pub(crate) fn new(what: &'static str, text: &str, rule: impl Into<String>) -> Self {
        Self {
            what,
            text: text.to_owned(),
            rule: rule.into(),
        }
    }
}

/// Serde and schemars for a type that has `FromStr` and `Display`; the schema's keys are given as a JSON object.
macro_rules! textual {
    ($type:ident, $schema:tt) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}
