//! The tree of a Terraform value, before a model gives it Rust types.

use std::collections::BTreeMap;

use crate::{Number, Type};

/// A Terraform value: what the wire carries and a [`Type`] gives meaning to.
///
/// Lists, sets and tuples look alike here, and so do maps and objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cty {
    /// A value that only the apply will know.
    Unknown,
    /// The absence of a value.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(String),
    /// The elements of a list, a set or a tuple.
    List(Vec<Cty>),
    /// The elements of a map, or the attributes of an object.
    Map(BTreeMap<String, Cty>),
    /// A value of dynamic type together with the type it brought. Null and wholly unknown dynamic values are
    /// [`Cty::Null`] and [`Cty::Unknown`].
    Dynamic(Box<Type>, Box<Cty>),
}

impl Cty {
    /// Whether this is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null) || matches!(self, Self::Dynamic(_, value) if value.is_null())
    }

    /// Whether this is unknown as a whole.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
            || matches!(self, Self::Dynamic(_, value) if value.is_unknown())
    }

    /// Whether nothing in the whole tree is unknown.
    #[must_use]
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::List(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Map(entries) => entries.values().all(Self::is_wholly_known),
            Self::Dynamic(_, value) => value.is_wholly_known(),
        }
    }

    /// The text, when this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The truth value, when this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self {
            Some(*value)
        } else {
            None
        }
    }

    /// The number, when this is one.
    #[must_use]
    pub fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self {
            Some(number)
        } else {
            None
        }
    }

    /// The elements, when this is a list, a set or a tuple.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Cty]> {
        if let Self::List(elements) = self {
            Some(elements)
        } else {
            None
        }
    }

    /// The entries, when this is a map or an object.
    #[must_use]
    pub fn as_map(&self) -> Option<&BTreeMap<String, Cty>> {
        if let Self::Map(entries) = self {
            Some(entries)
        } else {
            None
        }
    }

    /// The entry of that name, when this is a map or an object that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Cty> {
        self.as_map()?.get(name)
    }

    /// The type that a value without a schema has: lists are tuples, maps are objects, null and unknown are dynamic.
    #[must_use]
    pub fn implied_type(&self) -> Type {
        match self {
            Self::Unknown | Self::Null => Type::Dynamic,
            Self::Bool(_) => Type::Bool,
            Self::Number(_) => Type::Number,
            Self::String(_) => Type::String,
            Self::List(elements) => Type::Tuple(elements.iter().map(Self::implied_type).collect()),
            Self::Map(entries) => Type::Object(
                entries
                    .iter()
                    .map(|(name, value)| (name.clone(), value.implied_type()))
                    .collect(),
            ),
            Self::Dynamic(kind, _) => Type::clone(kind),
        }
    }

    /// What this is, in a word for messages. It never shows the value.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Map(_) => "object",
            Self::Dynamic(..) => "dynamic",
        }
    }
}

impl From<bool> for Cty {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Number> for Cty {
    fn from(value: Number) -> Self {
        Self::Number(value)
    }
}

impl From<i64> for Cty {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<String> for Cty {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<&str> for Cty {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl FromIterator<Cty> for Cty {
    fn from_iter<I: IntoIterator<Item = Cty>>(elements: I) -> Self {
        Self::List(elements.into_iter().collect())
    }
}

impl<K: Into<String>> FromIterator<(K, Cty)> for Cty {
    fn from_iter<I: IntoIterator<Item = (K, Cty)>>(entries: I) -> Self {
        Self::Map(
            entries
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unknown_leaf_makes_the_tree_not_wholly_known() {
        let known: Cty = [
            ("a", Cty::from(1)),
            ("b", [Cty::from("x"), Cty::Null].into_iter().collect()),
        ]
        .into_iter()
        .collect();
        assert!(known.is_wholly_known());
        let unknown: Cty = [
            ("a", known),
            (
                "b",
                Cty::Dynamic(Box::new(Type::String), Box::new(Cty::Unknown)),
            ),
        ]
        .into_iter()
        .collect();
        assert!(!unknown.is_wholly_known());
        assert!(!unknown.is_unknown());
    }
}
