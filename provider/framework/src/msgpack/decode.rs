//! Reading: one pass over the bytes, led by the type.

use std::collections::BTreeMap;

use rmp::Marker;

use super::{MAX_DEPTH, MAX_REFINEMENT, MAX_VALUES, REFINED_UNKNOWN};
use crate::malformed::{Malformed, Outcome};
use crate::{Cty, Number, Result, Step, Type};

/// Reads a value of the given type; an error carries the attribute's path.
///
/// Refinements of unknown values are accepted and dropped.
pub fn decode(bytes: &[u8], kind: &Type) -> Result<Cty> {
    let mut reader = Reader {
        rest: bytes,
        values: 0,
    };
    reader
        .whole(kind)
        .map_err(|fault| fault.into_diagnostics("Terraform sent a malformed value"))
}

struct Reader<'a> {
    rest: &'a [u8],
    values: usize,
}

impl<'a> Reader<'a> {
    fn whole(&mut self, kind: &Type) -> Outcome<Cty> {
        let value = self.value(kind, 0)?;
        match self.rest.len() {
            0 => Ok(value),
            more => Err(Malformed::new(format!("{more} bytes follow the value"))),
        }
    }

    fn value(&mut self, kind: &Type, depth: usize) -> Outcome<Cty> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(Malformed::new(format!("more than {MAX_VALUES} values")));
        }
        if depth > MAX_DEPTH {
            return Err(Malformed::new(format!("more than {MAX_DEPTH} levels")));
        }
        let marker = self.marker()?;
        match marker {
            Marker::Null => return Ok(Cty::Null),
            Marker::FixExt1 => return self.unknown(1),
            Marker::FixExt2 => return self.unknown(2),
            Marker::FixExt4 => return self.unknown(4),
            Marker::FixExt8 => return self.unknown(8),
            Marker::FixExt16 => return self.unknown(16),
            Marker::Ext8 => return self.length::<1>().and_then(|length| self.unknown(length)),
            Marker::Ext16 => return self.length::<2>().and_then(|length| self.unknown(length)),
            Marker::Ext32 => return self.length::<4>().and_then(|length| self.unknown(length)),
            _ => {}
        }
        match kind {
            Type::Bool => match marker {
                Marker::True => Ok(Cty::Bool(true)),
                Marker::False => Ok(Cty::Bool(false)),
                other => Err(required(kind, other)),
            },
            Type::Number => self.number(marker).map(Cty::Number),
            Type::String => {
                let text = self
                    .text_of(marker)?
                    .ok_or_else(|| required(kind, marker))?;
                Ok(Cty::String(text.to_owned()))
            }
            Type::Dynamic => self.dynamic(marker, depth),
            Type::List(element) => self.elements(kind, marker, |_| Ok(element), true, depth),
            Type::Set(element) => self.elements(kind, marker, |_| Ok(element), false, depth),
            Type::Tuple(elements) => self.tuple(kind, elements, marker, depth),
            Type::Map(element) => self.map(element, marker, depth),
            Type::Object(attributes) => self.object(attributes, marker, depth),
        }
    }

    fn marker(&mut self) -> Outcome<Marker> {
        let [byte] = self.array()?;
        Ok(Marker::from_u8(byte))
    }

    fn array<const N: usize>(&mut self) -> Outcome<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk().ok_or_else(too_short)?;
        self.rest = rest;
        Ok(*head)
    }

    fn bytes(&mut self, length: usize) -> Outcome<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(length).ok_or_else(too_short)?;
        self.rest = rest;
        Ok(head)
    }

    /// A length of N bytes, at most four.
    fn length<const N: usize>(&mut self) -> Outcome<usize> {
        let bytes: [u8; N] = self.array()?;
        Ok(bytes
            .iter()
            .fold(0, |length, byte| length << 8 | usize::from(*byte)))
    }

    /// Any extension of at most one byte is an unknown value; longer ones are unknown values with refinements.
    fn unknown(&mut self, length: usize) -> Outcome<Cty> {
        let [code] = self.array()?.map(u8::cast_signed);
        if length > 1 && code != REFINED_UNKNOWN {
            return Err(Malformed::new(format!("an extension of kind {code}")));
        }
        if length > MAX_REFINEMENT {
            return Err(Malformed::new(format!(
                "an unknown value with {length} bytes of refinements"
            )));
        }
        self.bytes(length)?;
        Ok(Cty::Unknown)
    }

    fn number(&mut self, marker: Marker) -> Outcome<Number> {
        let float = |value: f64| Number::try_from(value).map_err(Malformed::from);
        match marker {
            Marker::FixPos(value) => Ok(Number::from(u64::from(value))),
            Marker::FixNeg(value) => Ok(Number::from(i64::from(value))),
            Marker::U8 => Ok(Number::from(u64::from(u8::from_be_bytes(self.array()?)))),
            Marker::U16 => Ok(Number::from(u64::from(u16::from_be_bytes(self.array()?)))),
            Marker::U32 => Ok(Number::from(u64::from(u32::from_be_bytes(self.array()?)))),
            Marker::U64 => Ok(Number::from(u64::from_be_bytes(self.array()?))),
            Marker::I8 => Ok(Number::from(i64::from(i8::from_be_bytes(self.array()?)))),
            Marker::I16 => Ok(Number::from(i64::from(i16::from_be_bytes(self.array()?)))),
            Marker::I32 => Ok(Number::from(i64::from(i32::from_be_bytes(self.array()?)))),
            Marker::I64 => Ok(Number::from(i64::from_be_bytes(self.array()?))),
            Marker::F32 => float(f64::from(f32::from_be_bytes(self.array()?))),
            Marker::F64 => float(f64::from_be_bytes(self.array()?)),
            other => {
                let text = self
                    .text_of(other)?
                    .ok_or_else(|| required(&Type::Number, other))?;
                text.parse().map_err(Malformed::from)
            }
        }
    }

    /// The text that a marker announces; none when it announces something else.
    fn text_of(&mut self, marker: Marker) -> Outcome<Option<&'a str>> {
        let length = match marker {
            Marker::FixStr(length) => usize::from(length),
            Marker::Str8 => self.length::<1>()?,
            Marker::Str16 => self.length::<2>()?,
            Marker::Str32 => self.length::<4>()?,
            _ => return Ok(None),
        };
        let text = std::str::from_utf8(self.bytes(length)?)?;
        Ok(Some(text))
    }

    fn list_length(&mut self, kind: &Type, marker: Marker) -> Outcome<usize> {
        match marker {
            Marker::FixArray(length) => Ok(usize::from(length)),
            Marker::Array16 => self.length::<2>(),
            Marker::Array32 => self.length::<4>(),
            other => Err(required(kind, other)),
        }
    }

    fn map_length(&mut self, required_kind: &str, marker: Marker) -> Outcome<usize> {
        match marker {
            Marker::FixMap(length) => Ok(usize::from(length)),
            Marker::Map16 => self.length::<2>(),
            Marker::Map32 => self.length::<4>(),
            other => Err(Malformed::new(format!(
                "{required_kind} is required, not {}",
                describe(other)
            ))),
        }
    }

    fn elements<'t>(
        &mut self,
        kind: &Type,
        marker: Marker,
        element: impl Fn(usize) -> Outcome<&'t Type>,
        indexed: bool,
        depth: usize,
    ) -> Outcome<Cty> {
        let length = self.list_length(kind, marker)?;
        let mut elements = Vec::new();
        for index in 0..length {
            let read = self.value(element(index)?, depth + 1);
            // Elements of sets have no path of their own.
            elements.push(read.map_err(|fault| if indexed { fault.inside(index) } else { fault })?);
        }
        Ok(Cty::List(elements))
    }

    fn tuple(
        &mut self,
        kind: &Type,
        elements: &[Type],
        marker: Marker,
        depth: usize,
    ) -> Outcome<Cty> {
        let wrong = || {
            Malformed::new(format!(
                "a tuple of {} elements is required",
                elements.len()
            ))
        };
        let read = self.elements(
            kind,
            marker,
            |index| elements.get(index).ok_or_else(wrong),
            true,
            depth,
        )?;
        if read.as_list().map(<[Cty]>::len) == Some(elements.len()) {
            Ok(read)
        } else {
            Err(wrong())
        }
    }

    fn key(&mut self) -> Outcome<&'a str> {
        let marker = self.marker()?;
        self.text_of(marker)?
            .ok_or_else(|| Malformed::new(format!("a key is {}, not a string", describe(marker))))
    }

    fn map(&mut self, element: &Type, marker: Marker, depth: usize) -> Outcome<Cty> {
        let length = self.map_length("a map", marker)?;
        let mut entries = BTreeMap::new();
        for _ in 0..length {
            let key = self.key()?;
            let value = self
                .value(element, depth + 1)
                .map_err(|fault| fault.inside(Step::Key(key.to_owned())))?;
            if entries.insert(key.to_owned(), value).is_some() {
                return Err(Malformed::new(format!("the key {key:?} stands twice")));
            }
        }
        Ok(Cty::Map(entries))
    }

    fn object(
        &mut self,
        attributes: &BTreeMap<String, Type>,
        marker: Marker,
        depth: usize,
    ) -> Outcome<Cty> {
        let length = self.map_length("an object", marker)?;
        if length != attributes.len() {
            let wanted = attributes.len();
            return Err(Malformed::new(format!(
                "an object with {wanted} attributes is required ({length} given)"
            )));
        }
        let mut values = BTreeMap::new();
        for _ in 0..length {
            let name = self.key()?;
            let kind = attributes
                .get(name)
                .ok_or_else(|| Malformed::new(format!("unsupported attribute {name:?}")))?;
            let value = self
                .value(kind, depth + 1)
                .map_err(|fault| fault.inside(name))?;
            if values.insert(name.to_owned(), value).is_some() {
                return Err(Malformed::new(format!(
                    "the attribute {name:?} stands twice"
                )));
            }
        }
        Ok(Cty::Map(values))
    }

    /// `[type, value]`, the type as JSON in binary.
    fn dynamic(&mut self, marker: Marker, depth: usize) -> Outcome<Cty> {
        if self.list_length(&Type::Dynamic, marker)? != 2 {
            return Err(Malformed::new("a dynamic value is a type and a value"));
        }
        let length = match self.marker()? {
            Marker::Bin8 => self.length::<1>()?,
            Marker::Bin16 => self.length::<2>()?,
            Marker::Bin32 => self.length::<4>()?,
            other => {
                return Err(Malformed::new(format!(
                    "the type of a dynamic value is {}",
                    describe(other)
                )));
            }
        };
        let kind = Type::from_json(self.bytes(length)?)?;
        let value = self.value(&kind, depth + 1)?;
        Ok(Cty::Dynamic(Box::new(kind), Box::new(value)))
    }
}

fn too_short() -> Malformed {
    Malformed::new("the value ends too early")
}

fn required(kind: &Type, found: Marker) -> Malformed {
    Malformed::new(format!("a {kind} is required, not {}", describe(found)))
}

fn describe(marker: Marker) -> &'static str {
    match marker {
        Marker::True | Marker::False => "a bool",
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => "a string",
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => "binary",
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => "a list",
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => "a map",
        Marker::Null => "null",
        Marker::Reserved => "a reserved byte",
        Marker::FixExt1
        | Marker::FixExt2
        | Marker::FixExt4
        | Marker::FixExt8
        | Marker::FixExt16
        | Marker::Ext8
        | Marker::Ext16
        | Marker::Ext32 => "an extension",
        _ => "a number",
    }
}
