//! A value of an attribute: known, null, or not known before the apply.

use crate::{Attribute, AttributePath, Cty, Diagnostic, Result};

/// What an attribute of a model holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value<T> {
    /// The value is here.
    Known(T),
    /// There is none: the configuration leaves it out, or the object has none.
    #[default]
    Null,
    /// The apply will tell.
    Unknown,
}

impl<T> Value<T> {
    /// The value; none for null and unknown.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The value itself; none for null and unknown.
    pub fn into_known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether only the apply will tell the value.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Whether the value is here.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }

    /// The value, in places where it can't be missing: a required or defaulted attribute during create, update and
    /// delete.
    pub fn get(&self) -> Result<&T> {
        self.known().ok_or_else(|| {
            let what = if self.is_unknown() { "still unknown" } else { "null" };
            Diagnostic::error(
                "",
                format!(
                    "a value that must be known here is {what} (wanted: {}); this is a bug in the provider",
                    std::any::type_name::<T>(),
                ),
            )
            .into()
        })
    }

    /// Another value made from this one, when it is known.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Value<U> {
        match self {
            Self::Known(value) => Value::Known(convert(value)),
            Self::Null => Value::Null,
            Self::Unknown => Value::Unknown,
        }
    }

    /// A reference to what is inside.
    pub fn as_ref(&self) -> Value<&T> {
        match self {
            Self::Known(value) => Value::Known(value),
            Self::Null => Value::Null,
            Self::Unknown => Value::Unknown,
        }
    }
}

impl<T: Attribute> Value<T> {
    /// Reads the value of an attribute. A collection with an unknown element is unknown as a whole.
    pub fn decode(value: &Cty, path: &AttributePath) -> Result<Self> {
        if value.is_null() {
            Ok(Self::Null)
        } else if T::is_known(value) {
            T::decode(value, path).map(Self::Known)
        } else {
            Ok(Self::Unknown)
        }
    }

    /// The value as Terraform takes it.
    pub fn encode(&self) -> Cty {
        match self {
            Self::Known(value) => value.encode(),
            Self::Null => Cty::Null,
            Self::Unknown => Cty::Unknown,
        }
    }
}

impl<T> From<T> for Value<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T> From<Option<T>> for Value<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }
}

impl From<&str> for Value<String> {
    fn from(value: &str) -> Self {
        Self::Known(value.to_owned())
    }
}
