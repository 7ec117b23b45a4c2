//! Attributes of any type.

use crate::schema::Kind;
use crate::{Attribute, AttributePath, Cty, Result, Type, json};

/// A value of dynamic type, seen as JSON: objects and maps look alike, and so do lists, sets and tuples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Json(pub serde_json::Value);

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        Self(value)
    }
}

impl Attribute for Json {
    fn kind() -> Kind {
        Kind::Leaf(Type::Dynamic)
    }

    fn decode(value: &Cty, path: &AttributePath) -> Result<Self> {
        json::to_untyped(value)
            .map(Self)
            .map_err(|wrong| wrong.at(path))
    }

    fn encode(&self) -> Cty {
        match type_of(&self.0) {
            Some(plain) => Cty::Dynamic(Box::new(plain), Box::new(json::untyped(&self.0))),
            None => Cty::Null,
        }
    }

    fn same(a: &Cty, b: &Cty) -> bool {
        match (json::to_untyped(a), json::to_untyped(b)) {
            (Ok(a), Ok(b)) => a == b,
            _ => a == b,
        }
    }

    fn is_known(value: &Cty) -> bool {
        value.is_wholly_known()
    }
}

/// The type of a document by itself; none for null, which is null of any type. Arrays are tuples and objects are objects,
/// as in Terraform's own `jsondecode`.
fn type_of(value: &serde_json::Value) -> Option<Type> {
    use serde_json::Value;
    let inside = |value| type_of(value).unwrap_or(Type::Dynamic);
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => Type::Bool,
        Value::Number(_) => Type::Number,
        Value::String(_) => Type::String,
        Value::Array(elements) => Type::Tuple(elements.iter().map(inside).collect()),
        Value::Object(entries) => Type::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), inside(value)))
                .collect(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Value, msgpack};

    #[test]
    fn documents_survive_the_wire() {
        for document in [
            json!({"a": [1, "x", null], "b": {"c": true}}),
            json!([]),
            json!(0.1),
            json!("x"),
        ] {
            let sent = Json(document.clone()).encode();
            let bytes = msgpack::encode(&sent, &Type::Dynamic).unwrap();
            let received = msgpack::decode(&bytes, &Type::Dynamic).unwrap();
            assert_eq!(
                Value::<Json>::decode(&received, &AttributePath::root()).unwrap(),
                Value::Known(Json(document))
            );
        }
    }
}
