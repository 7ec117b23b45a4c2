//! Text that is parsed at the edge: durations, address ranges, JSON documents, points in time, and the provider's own.
//!
//! Terraform keeps what the user wrote. Whether two spellings mean the same is the business of the parsed type's equality.

mod cidr;
mod duration;
mod json_document;
mod timestamp;

use std::fmt::{self, Debug, Display};
use std::ops::Deref;
use std::str::FromStr;

pub use cidr::{Cidr, ParseCidrError};
pub use duration::{Duration, ParseDurationError};
pub use json_document::{JsonDocument, ParseJsonError};
pub use timestamp::{ParseTimestampError, Timestamp};

use crate::attribute::mismatch;
use crate::schema::Kind;
use crate::{Attribute, AttributePath, Cty, Diagnostic, Result, Type, Value};

/// A string attribute with a meaning: the parsed `T`, and the text as it was written.
///
/// Two texts are equal when their meanings are; a plan or a read that brings another spelling of the same meaning keeps the
/// one that the user chose.
#[derive(Clone, Default)]
pub struct Text<T> {
    text: String,
    value: T,
}

impl<T> Text<T> {
    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The meaning alone.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Text<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Display> From<T> for Text<T> {
    fn from(value: T) -> Self {
        Self {
            text: value.to_string(),
            value,
        }
    }
}

impl<T: Display> From<T> for Value<Text<T>> {
    fn from(value: T) -> Self {
        Self::Known(value.into())
    }
}

impl<T: FromStr> FromStr for Text<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> std::result::Result<Self, T::Err> {
        Ok(Self {
            text: text.to_owned(),
            value: text.parse()?,
        })
    }
}

impl<T: PartialEq> PartialEq for Text<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Text<T> {}

impl<T> Debug for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.text, f)
    }
}

impl<T> Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<T> Attribute for Text<T>
where
    T: FromStr<Err: Display> + Display + Clone + PartialEq + Send + Sync + 'static,
{
    fn kind() -> Kind {
        Kind::Leaf(Type::String)
    }

    fn decode(value: &Cty, path: &AttributePath) -> Result<Self> {
        let text = value
            .as_str()
            .ok_or_else(|| mismatch("a string", value, path))?;
        text.parse().map_err(|error: T::Err| {
            Diagnostic::error(format!("Invalid value of {path}"), error.to_string())
                .at(path.clone())
                .into()
        })
    }

    fn encode(&self) -> Cty {
        Cty::String(self.text.clone())
    }

    fn same(a: &Cty, b: &Cty) -> bool {
        let parse = |value: &Cty| value.as_str().and_then(|text| text.parse::<T>().ok());
        match (parse(a), parse(b)) {
            (Some(a), Some(b)) => a == b,
            _ => a == b,
        }
    }
}
