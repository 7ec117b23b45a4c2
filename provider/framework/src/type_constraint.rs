//! Terraform's types of values, and the JSON that names them on the wire.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value as Json;

/// The type of a value, as a schema gives it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// `true` and `false`.
    Bool,
    /// Decimal numbers of any size.
    Number,
    /// Unicode text.
    String,
    /// Any type: the value brings its own.
    Dynamic,
    /// A sequence of values of one type.
    List(Box<Type>),
    /// A collection of distinct values of one type, without order.
    Set(Box<Type>),
    /// Values of one type by name.
    Map(Box<Type>),
    /// Named attributes, each of its own type.
    Object(BTreeMap<String, Type>),
    /// A sequence of fixed length, each element of its own type.
    Tuple(Vec<Type>),
}

/// Why a JSON document names no [`Type`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a type constraint: {0}")]
pub struct ParseTypeError(String);

impl Type {
    /// Reads a type constraint such as `"string"` or `["list","bool"]`.
    ///
    /// The optional third element of an object, the names of its optional attributes, says nothing about values and is
    /// checked and dropped.
    pub fn from_json(json: &[u8]) -> Result<Self, ParseTypeError> {
        // serde_json's own limit of 128 levels bounds the recursion.
        let parsed: Json =
            serde_json::from_slice(json).map_err(|error| ParseTypeError(error.to_string()))?;
        Self::from_value(&parsed)
    }

    /// The type that a parsed JSON document names.
    pub fn from_value(json: &Json) -> Result<Self, ParseTypeError> {
        match json {
            Json::String(name) => match name.as_str() {
                "bool" => Ok(Self::Bool),
                "number" => Ok(Self::Number),
                "string" => Ok(Self::String),
                "dynamic" => Ok(Self::Dynamic),
                other => Err(ParseTypeError(format!("unknown type {other:?}"))),
            },
            Json::Array(parts) => Self::from_parts(parts),
            _ => Err(ParseTypeError("neither a name nor an array".to_owned())),
        }
    }

    fn from_parts(parts: &[Json]) -> Result<Self, ParseTypeError> {
        let kind = parts.first().and_then(Json::as_str).unwrap_or_default();
        match (kind, parts) {
            ("list", [_, element]) => Ok(Self::List(Box::new(Self::from_value(element)?))),
            ("set", [_, element]) => Ok(Self::Set(Box::new(Self::from_value(element)?))),
            ("map", [_, element]) => Ok(Self::Map(Box::new(Self::from_value(element)?))),
            ("tuple", [_, Json::Array(elements)]) => Ok(Self::Tuple(
                elements
                    .iter()
                    .map(Self::from_value)
                    .collect::<Result<_, _>>()?,
            )),
            ("object", [_, Json::Object(attributes), optional @ ..]) => {
                check_optional(optional, attributes)?;
                let attributes = attributes
                    .iter()
                    .map(|(name, kind)| Ok((name.clone(), Self::from_value(kind)?)));
                Ok(Self::Object(attributes.collect::<Result<_, _>>()?))
            }
            _ => Err(ParseTypeError(format!(
                "malformed {kind:?} constraint of {} parts",
                parts.len()
            ))),
        }
    }

    /// The type constraint as JSON, attributes sorted by name.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }

    /// The type constraint as a JSON value.
    #[must_use]
    pub fn to_value(&self) -> Json {
        let of = |kind: &str, argument: Json| Json::Array(vec![Json::from(kind), argument]);
        match self {
            Self::Bool => Json::from("bool"),
            Self::Number => Json::from("number"),
            Self::String => Json::from("string"),
            Self::Dynamic => Json::from("dynamic"),
            Self::List(element) => of("list", element.to_value()),
            Self::Set(element) => of("set", element.to_value()),
            Self::Map(element) => of("map", element.to_value()),
            Self::Tuple(elements) => of("tuple", elements.iter().map(Self::to_value).collect()),
            Self::Object(attributes) => of(
                "object",
                attributes
                    .iter()
                    .map(|(name, kind)| (name.clone(), kind.to_value()))
                    .collect(),
            ),
        }
    }
}

fn check_optional(
    optional: &[Json],
    attributes: &serde_json::Map<String, Json>,
) -> Result<(), ParseTypeError> {
    let names = match optional {
        [] => return Ok(()),
        [Json::Array(names)] => names,
        _ => {
            return Err(ParseTypeError(
                "the third part of an object must be a list of names".to_owned(),
            ));
        }
    };
    for name in names {
        if !name
            .as_str()
            .is_some_and(|name| attributes.contains_key(name))
        {
            return Err(ParseTypeError(format!(
                "optional attribute {name} is not in the object"
            )));
        }
    }
    Ok(())
}

impl fmt::Display for Type {
    /// As Terraform's messages name types: `list of string`, `object`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::Dynamic => f.write_str("dynamic"),
            Self::List(element) => write!(f, "list of {element}"),
            Self::Set(element) => write!(f, "set of {element}"),
            Self::Map(element) => write!(f, "map of {element}"),
            Self::Object(_) => f.write_str("object"),
            Self::Tuple(_) => f.write_str("tuple"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_goes_both_ways() {
        for json in [
            r#""string""#,
            r#""dynamic""#,
            r#"["list",["set",["map","number"]]]"#,
            r#"["tuple",["bool",["tuple",[]]]]"#,
            r#"["object",{"a":"bool","b":["object",{}]}]"#,
        ] {
            assert_eq!(Type::from_json(json.as_bytes()).unwrap().to_json(), json);
        }
    }

    #[test]
    fn optional_attributes_are_accepted() {
        let with = Type::from_json(br#"["object",{"a":"bool"},["a"]]"#).unwrap();
        assert_eq!(
            with,
            Type::from_json(br#"["object",{"a":"bool"}]"#).unwrap()
        );
    }

    #[test]
    fn malformed_constraints_are_refused() {
        for json in [
            "",
            "1",
            r#""int""#,
            "[]",
            r#"["list"]"#,
            r#"["list","bool","bool"]"#,
            r#"["object",["a"]]"#,
            r#"["object",{"a":"bool"},["b"]]"#,
            r#"["object",{"a":"bool"},"a"]"#,
            r#"["tuple",{}]"#,
        ] {
            assert!(Type::from_json(json.as_bytes()).is_err(), "{json}");
        }
        assert!(Type::from_json("[\"list\",".repeat(100_000).as_bytes()).is_err());
    }
}
