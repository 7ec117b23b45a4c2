//! Writing: what is not of the type is refused, so that Terraform never sees a value it would reject.

use rmp::encode::{self as write, ByteBuf};

use super::MAX_DEPTH;
use crate::malformed::{Malformed, Outcome};
use crate::{Cty, Number, Result, Step, Type};

/// Writes a value of the given type; an error carries the attribute's path.
///
/// An object must have exactly the attributes of its type. A value of dynamic type that is not [`Cty::Dynamic`] gets
/// its [implied type](Cty::implied_type).
pub fn encode(value: &Cty, kind: &Type) -> Result<Vec<u8>> {
    let mut out = ByteBuf::new();
    put(&mut out, value, kind, 0)
        .map_err(|fault| fault.into_diagnostics("The provider made a malformed value"))?;
    Ok(out.into_vec())
}

fn put(out: &mut ByteBuf, value: &Cty, kind: &Type, depth: usize) -> Outcome<()> {
    if depth > MAX_DEPTH {
        return Err(Malformed::new(format!("more than {MAX_DEPTH} levels")));
    }
    match (kind, value) {
        (_, Cty::Null) => write::write_nil(out)?,
        (_, Cty::Unknown) => {
            write::write_ext_meta(out, 1, 0)?;
            out.as_mut_vec().push(0);
        }
        (Type::Bool, Cty::Bool(value)) => write::write_bool(out, *value)?,
        (Type::Number, Cty::Number(number)) => put_number(out, number)?,
        (Type::String, Cty::String(text)) => write::write_str(out, text)?,
        (Type::List(element), Cty::List(values)) => {
            write::write_array_len(out, count(values.len())?)?;
            for (index, value) in values.iter().enumerate() {
                put(out, value, element, depth + 1).map_err(|fault| fault.inside(index))?;
            }
        }
        (Type::Set(element), Cty::List(values)) => {
            write::write_array_len(out, count(values.len())?)?;
            for value in values {
                put(out, value, element, depth + 1)?;
            }
        }
        (Type::Tuple(kinds), Cty::List(values)) if kinds.len() == values.len() => {
            write::write_array_len(out, count(values.len())?)?;
            for (index, (kind, value)) in kinds.iter().zip(values).enumerate() {
                put(out, value, kind, depth + 1).map_err(|fault| fault.inside(index))?;
            }
        }
        (Type::Map(element), Cty::Map(entries)) => {
            write::write_map_len(out, count(entries.len())?)?;
            for (key, value) in entries {
                write::write_str(out, key)?;
                put(out, value, element, depth + 1)
                    .map_err(|fault| fault.inside(Step::Key(key.clone())))?;
            }
        }
        (Type::Object(kinds), Cty::Map(attributes)) => {
            if let Some(extra) = attributes.keys().find(|name| !kinds.contains_key(*name)) {
                return Err(Malformed::new(format!("unsupported attribute {extra:?}")));
            }
            write::write_map_len(out, count(kinds.len())?)?;
            for (name, kind) in kinds {
                let value = attributes
                    .get(name)
                    .ok_or_else(|| Malformed::new(format!("the attribute {name:?} is missing")))?;
                write::write_str(out, name)?;
                put(out, value, kind, depth + 1).map_err(|fault| fault.inside(name.as_str()))?;
            }
        }
        (Type::Dynamic, Cty::Dynamic(kind, value)) => put_dynamic(out, value, kind, depth)?,
        (Type::Dynamic, value) => put_dynamic(out, value, &value.implied_type(), depth)?,
        (kind, value) => {
            return Err(Malformed::new(format!(
                "a {kind} is required, not a {}",
                value.kind()
            )));
        }
    }
    Ok(())
}

fn put_dynamic(out: &mut ByteBuf, value: &Cty, kind: &Type, depth: usize) -> Outcome<()> {
    write::write_array_len(out, 2)?;
    write::write_bin(out, kind.to_json().as_bytes())?;
    put(out, value, kind, depth + 1)
}

/// Decimal text, whole numbers too. A float would not always be exact, and an integer becomes a number of 64 bits of
/// precision in Terraform where the same one out of the state has 512: `plan -refresh-only` compares both bit by bit, and
/// would find each object changed that has a number.
fn put_number(out: &mut ByteBuf, number: &Number) -> Outcome<()> {
    if number.is_finite() {
        write::write_str(out, number.as_str())?;
    } else {
        write::write_f64(out, number.as_f64())?;
    }
    Ok(())
}

fn count(length: usize) -> Outcome<u32> {
    u32::try_from(length).map_err(|_| Malformed::new(format!("{length} elements are too many")))
}
