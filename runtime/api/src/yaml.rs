//! Values as YAML. Numbers of `serde_json` are decimals of any length here, which other serializers can't take as they
//! are; this gives them the numbers.

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::Value;

/// One document.
///
/// # Panics
/// Never: every JSON value has a YAML form.
pub fn to_string(value: &Value) -> String {
    serde_saphyr::to_string(&Plain(value))
        .expect("maps with text keys, lists and scalars have a YAML form")
}

/// Several documents, each begun by `---`.
///
/// # Panics
/// Never: every JSON value has a YAML form.
pub fn documents<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    values.into_iter().fold(String::new(), |mut text, value| {
        text.push_str("---\n");
        text.push_str(&to_string(value));
        text
    })
}

struct Plain<'a>(&'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_none(),
            Value::Bool(bool) => serializer.serialize_bool(*bool),
            Value::String(text) => serializer.serialize_str(text),
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(integer), _, _) => serializer.serialize_i64(integer),
                (_, Some(integer), _) => serializer.serialize_u64(integer),
                (_, _, Some(float)) => serializer.serialize_f64(float),
                // No field of Kubernetes takes a number beyond a float: its text shows which one it was.
                _ => serializer.serialize_str(&number.to_string()),
            },
            Value::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Plain(item))?;
                }
                list.end()
            }
            Value::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, &Plain(value))?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_numbers_and_text_stays_text() {
        let value = serde_json::json!({ "port": 8081, "ratio": 0.5, "text": "8081", "yes": "true", "list": ["a", {}] });
        let yaml = to_string(&value);
        assert!(yaml.contains("port: 8081\n"), "{yaml}");
        let back: Value = serde_saphyr::from_str(&yaml).unwrap();
        assert_eq!(back, value);
    }
}
