//! The JSON form of values: how state is stored, and how values without a schema look.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::malformed::{Malformed, Outcome};
use crate::{Cty, Number, Result, Step, Type};

/// What to do with attributes that the type does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undeclared {
    /// They are an error.
    Refuse,
    /// They are dropped, as for state that an older release of the same schema version wrote.
    Drop,
}

/// Reads a value of the given type from its JSON form, as state has it: dynamic values are `{"type": …, "value": …}`,
/// attributes that are missing are null. An error carries the attribute's path.
pub fn decode(json: &Json, kind: &Type, undeclared: Undeclared) -> Result<Cty> {
    read(json, kind, undeclared)
        .map_err(|fault| fault.into_diagnostics("The stored value does not fit the schema"))
}

/// Reads a value of the given type from JSON text, numbers of any precision included.
pub fn decode_text(text: &[u8], kind: &Type, undeclared: Undeclared) -> Result<Cty> {
    // serde_json's own limit of 128 levels bounds the recursion from here on.
    let json: Json = serde_json::from_slice(text).map_err(|error| {
        Malformed::from(error).into_diagnostics("Terraform sent malformed JSON")
    })?;
    decode(&json, kind, undeclared)
}

/// Writes a value of the given type as JSON. Unknown values and the infinities have no such form.
pub fn encode(value: &Cty, kind: &Type) -> Result<Json> {
    write(value, kind).map_err(|fault| fault.into_diagnostics("The value has no JSON form"))
}

/// The value that a JSON document is by itself: arrays become lists, objects become maps. A number that is none to Terraform
/// becomes its text, which is refused wherever a number is asked for.
#[must_use]
pub fn untyped(json: &Json) -> Cty {
    match json {
        Json::Null => Cty::Null,
        Json::Bool(value) => Cty::Bool(*value),
        Json::Number(number) => {
            Number::try_from(number).map_or_else(|_| Cty::String(number.to_string()), Cty::Number)
        }
        Json::String(text) => Cty::String(text.clone()),
        Json::Array(elements) => elements.iter().map(untyped).collect(),
        Json::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.as_str(), untyped(value)))
            .collect(),
    }
}

/// The JSON document that a value is when its types are left out. Unknown values and the infinities have no such form.
pub fn to_untyped(value: &Cty) -> Result<Json> {
    write_untyped(value).map_err(|fault| fault.into_diagnostics("The value has no JSON form"))
}

fn read(json: &Json, kind: &Type, undeclared: Undeclared) -> Outcome<Cty> {
    let at = |index: usize, json, kind| {
        read(json, kind, undeclared).map_err(|fault| fault.inside(index))
    };
    match (kind, json) {
        (_, Json::Null) => Ok(Cty::Null),
        (Type::Bool, Json::Bool(value)) => Ok(Cty::Bool(*value)),
        (Type::Number, Json::Number(number)) => Ok(Cty::Number(number.as_str().parse()?)),
        (Type::String, Json::String(text)) => Ok(Cty::String(text.clone())),
        (Type::List(element), Json::Array(elements)) => elements
            .iter()
            .enumerate()
            .map(|(index, json)| at(index, json, element))
            .collect(),
        (Type::Set(element), Json::Array(elements)) => elements
            .iter()
            .map(|json| read(json, element, undeclared))
            .collect(),
        (Type::Tuple(kinds), Json::Array(elements)) if kinds.len() == elements.len() => kinds
            .iter()
            .zip(elements)
            .enumerate()
            .map(|(index, (kind, json))| at(index, json, kind))
            .collect(),
        (Type::Map(element), Json::Object(entries)) => entries
            .iter()
            .map(|(key, json)| match read(json, element, undeclared) {
                Ok(value) => Ok((key.as_str(), value)),
                Err(fault) => Err(fault.inside(Step::Key(key.clone()))),
            })
            .collect(),
        (Type::Object(kinds), Json::Object(entries)) => read_object(kinds, entries, undeclared),
        (Type::Dynamic, Json::Object(parts)) => match (parts.get("type"), parts.get("value")) {
            (Some(kind), Some(value)) if parts.len() == 2 => {
                let kind = Type::from_value(kind)?;
                let value = read(value, &kind, undeclared)?;
                Ok(Cty::Dynamic(Box::new(kind), Box::new(value)))
            }
            _ => Err(Malformed::new("a dynamic value has \"type\" and \"value\"")),
        },
        (kind, json) => Err(Malformed::new(format!(
            "a {kind} is required, not a JSON {}",
            describe(json)
        ))),
    }
}

fn read_object(
    kinds: &BTreeMap<String, Type>,
    entries: &serde_json::Map<String, Json>,
    undeclared: Undeclared,
) -> Outcome<Cty> {
    if let Some(name) = entries.keys().find(|name| !kinds.contains_key(*name))
        && undeclared == Undeclared::Refuse
    {
        return Err(Malformed::new(format!("unsupported attribute {name:?}")));
    }
    let attribute = |(name, kind): (&String, &Type)| {
        let json = entries.get(name).unwrap_or(&Json::Null);
        match read(json, kind, undeclared) {
            Ok(value) => Ok((name.clone(), value)),
            Err(fault) => Err(fault.inside(name.as_str())),
        }
    };
    kinds.iter().map(attribute).collect()
}

fn write(value: &Cty, kind: &Type) -> Outcome<Json> {
    match (kind, value) {
        (Type::Bool, Cty::Bool(_))
        | (Type::Number, Cty::Number(_))
        | (Type::String, Cty::String(_))
        | (_, Cty::Null) => write_untyped(value),
        (Type::List(element), Cty::List(values)) => {
            let at = |(index, value)| write(value, element).map_err(|fault| fault.inside(index));
            values.iter().enumerate().map(at).collect()
        }
        (Type::Set(element), Cty::List(values)) => {
            values.iter().map(|value| write(value, element)).collect()
        }
        (Type::Tuple(kinds), Cty::List(values)) if kinds.len() == values.len() => {
            let at = |(index, (kind, value)): (usize, (&Type, &Cty))| {
                write(value, kind).map_err(|fault: Malformed| fault.inside(index))
            };
            kinds.iter().zip(values).enumerate().map(at).collect()
        }
        (Type::Map(element), Cty::Map(entries)) => {
            let at = |(key, value): (&String, &Cty)| match write(value, element) {
                Ok(json) => Ok((key.clone(), json)),
                Err(fault) => Err(fault.inside(Step::Key(key.clone()))),
            };
            entries.iter().map(at).collect()
        }
        (Type::Object(kinds), Cty::Map(attributes)) => {
            if let Some(extra) = attributes.keys().find(|name| !kinds.contains_key(*name)) {
                return Err(Malformed::new(format!("unsupported attribute {extra:?}")));
            }
            let at = |(name, kind): (&String, &Type)| match write(
                attributes.get(name).unwrap_or(&Cty::Null),
                kind,
            ) {
                Ok(json) => Ok((name.clone(), json)),
                Err(fault) => Err(fault.inside(name.as_str())),
            };
            kinds.iter().map(at).collect()
        }
        (Type::Dynamic, Cty::Dynamic(kind, value)) => {
            Ok(serde_json::json!({ "type": kind.to_value(), "value": write(value, kind)? }))
        }
        (Type::Dynamic, value) if !value.is_unknown() => {
            let kind = value.implied_type();
            Ok(serde_json::json!({ "type": kind.to_value(), "value": write(value, &kind)? }))
        }
        (_, Cty::Unknown) => write_untyped(value),
        (kind, value) => Err(Malformed::new(format!(
            "a {kind} is required, not a {}",
            value.kind()
        ))),
    }
}

fn write_untyped(value: &Cty) -> Outcome<Json> {
    match value {
        Cty::Unknown => Err(Malformed::new("the value is unknown")),
        Cty::Null => Ok(Json::Null),
        Cty::Bool(value) => Ok(Json::Bool(*value)),
        Cty::Number(number) => Ok(Json::Number(number.as_str().parse()?)),
        Cty::String(text) => Ok(Json::String(text.clone())),
        Cty::List(elements) => {
            let at = |(index, value): (usize, &Cty)| {
                write_untyped(value).map_err(|fault| fault.inside(index))
            };
            elements.iter().enumerate().map(at).collect()
        }
        Cty::Map(entries) => {
            let at = |(key, value): (&String, &Cty)| match write_untyped(value) {
                Ok(json) => Ok((key.clone(), json)),
                Err(fault) => Err(fault.inside(key.as_str())),
            };
            entries.iter().map(at).collect()
        }
        Cty::Dynamic(_, value) => write_untyped(value),
    }
}

fn describe(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::arbitrary::{any_type, known_value};

    fn object(json: &str) -> Type {
        Type::from_json(json.as_bytes()).unwrap()
    }

    #[test]
    fn state_keeps_every_digit() {
        let kind = object(r#"["object",{"n":"number"}]"#);
        let text = br#"{"n":0.12345678901234567890123456789012345678901234567890}"#;
        let value = decode_text(text, &kind, Undeclared::Refuse).unwrap();
        assert_eq!(encode(&value, &kind).unwrap().to_string().as_bytes(), text);
    }

    #[test]
    fn missing_attributes_are_null_and_undeclared_ones_as_asked() {
        let kind = object(r#"["object",{"a":"bool","b":"string"}]"#);
        let json = json!({ "b": "x", "gone": 1 });
        let value = decode(&json, &kind, Undeclared::Drop).unwrap();
        assert_eq!(
            value,
            [("a", Cty::Null), ("b", Cty::from("x"))]
                .into_iter()
                .collect()
        );
        let error = decode(&json, &kind, Undeclared::Refuse).unwrap_err();
        assert!(error.to_string().contains("unsupported attribute \"gone\""));
    }

    #[test]
    fn dynamic_values_bring_their_type() {
        let json = json!({ "type": ["list", "number"], "value": [1, 0.1] });
        let value = decode(&json, &Type::Dynamic, Undeclared::Refuse).unwrap();
        assert_eq!(encode(&value, &Type::Dynamic).unwrap(), json);
        assert!(decode(&json!({ "value": 1 }), &Type::Dynamic, Undeclared::Refuse).is_err());
    }

    #[test]
    fn faults_carry_their_path() {
        let kind = object(r#"["object",{"m":["map",["list","string"]]}]"#);
        let error = decode(
            &json!({ "m": { "k": ["a", 1] } }),
            &kind,
            Undeclared::Refuse,
        )
        .unwrap_err();
        let diagnostic = error.iter().next().unwrap();
        assert_eq!(
            diagnostic.path.as_ref().unwrap().to_string(),
            r#"m["k"][1]"#
        );
        assert!(
            diagnostic
                .detail
                .ends_with("a string is required, not a JSON number")
        );
    }

    #[test]
    fn unknown_and_infinite_have_no_json() {
        assert!(encode(&Cty::Unknown, &Type::String).is_err());
        assert!(encode(&Cty::Unknown, &Type::Dynamic).is_err());
        assert!(to_untyped(&Cty::Number("inf".parse().unwrap())).is_err());
    }

    #[test]
    fn a_document_without_a_schema_comes_back() {
        let json = json!({ "a": [1, "x", null, { "b": true }] });
        assert_eq!(to_untyped(&untyped(&json)).unwrap(), json);
    }

    #[test]
    fn a_number_beyond_terraforms_is_refused_and_never_another_one() {
        let huge: Json = serde_json::from_str("1e99999999999").unwrap();
        let refused = decode(&huge, &Type::Number, Undeclared::Refuse).unwrap_err();
        assert!(refused.to_string().contains("exponent"), "{refused}");
        assert_eq!(untyped(&huge).kind(), "string");
        let document = |text: &str| text.parse::<crate::text::JsonDocument>().unwrap();
        assert_ne!(document("[1e99999999999]"), document("[0]"));
        assert_ne!(document("[1e99999999999]"), document("[1e99999999998]"));
    }

    proptest! {
        #[test]
        fn every_known_value_comes_back(
            (kind, value) in any_type().prop_flat_map(|kind| (Just(kind.clone()), known_value(kind)))
        ) {
            let text = encode(&value, &kind).unwrap().to_string();
            prop_assert_eq!(decode_text(text.as_bytes(), &kind, Undeclared::Refuse).unwrap(), value);
        }
    }
}
