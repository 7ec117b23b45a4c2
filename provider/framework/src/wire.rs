//! Values inside the protocol's messages.

use dataplane_proto::tfplugin6::DynamicValue;

use crate::json::{self, Undeclared};
use crate::{Cty, Result, Type, msgpack};

/// The value of a message's field. Terraform sends MessagePack; an absent or empty field is null.
pub(crate) fn decode(value: Option<&DynamicValue>, kind: &Type) -> Result<Cty> {
    match value {
        Some(value) if !value.msgpack.is_empty() => msgpack::decode(&value.msgpack, kind),
        Some(value) if !value.json.is_empty() => {
            json::decode_text(&value.json, kind, Undeclared::Refuse)
        }
        _ => Ok(Cty::Null),
    }
}

/// The field that holds a value.
pub(crate) fn encode(value: &Cty, kind: &Type) -> Result<DynamicValue> {
    Ok(DynamicValue {
        msgpack: msgpack::encode(value, kind)?,
        ..DynamicValue::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_or_empty_field_is_null() {
        assert_eq!(decode(None, &Type::String).unwrap(), Cty::Null);
        assert_eq!(
            decode(Some(&DynamicValue::default()), &Type::String).unwrap(),
            Cty::Null
        );
    }

    #[test]
    fn both_forms_are_read_and_messagepack_is_written() {
        let json = DynamicValue {
            json: br#""x""#.to_vec(),
            ..DynamicValue::default()
        };
        let value = decode(Some(&json), &Type::String).unwrap();
        let packed = encode(&value, &Type::String).unwrap();
        assert!(packed.json.is_empty());
        assert_eq!(
            decode(Some(&packed), &Type::String).unwrap(),
            Cty::from("x")
        );
    }
}
