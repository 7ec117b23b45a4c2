//! What Terraform is told about an object: its attributes, who sets them and how they behave.

mod check;
mod path;
mod proto;

use std::sync::OnceLock;

use crate::collections::same_elements;
use crate::{Attribute, AttributePath, Cty, Result, Type};

/// The schema of a resource, a data source, a provider or a nested object.
#[derive(Clone, Debug)]
pub struct Schema {
    /// What the object is, in Markdown.
    pub description: String,
    /// The attributes in the order of the model's fields.
    pub attributes: Vec<SchemaAttribute>,
    /// For the arguments of functions: the last takes all that follow.
    pub variadic: bool,
    /// The type of the whole object, once it was asked for.
    #[doc(hidden)]
    pub plain: OnceLock<Type>,
}

/// One attribute of a [`Schema`].
#[derive(Clone, Debug)]
pub struct SchemaAttribute {
    /// Its name in the configuration.
    pub name: &'static str,
    /// What it is, in Markdown.
    pub description: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Who sets it.
    pub presence: Presence,
    /// Whether Terraform hides its value in output.
    pub sensitive: bool,
    /// Whether its value is handed to create and update and never stored.
    pub write_only: bool,
    /// Whether updates keep the prior value of this computed attribute. A null is no value: each update may fill it.
    pub stable: bool,
    /// Whether another value makes a new object.
    pub replaces: Replaces,
    /// The value when the configuration has none.
    pub default: Option<fn() -> Cty>,
    /// What to use instead, when it is deprecated.
    pub deprecated: Option<&'static str>,
    /// Whether two values mean the same.
    pub same: fn(&Cty, &Cty) -> bool,
    /// Whether a known value can be read into the model.
    pub accepts: fn(&Cty, &AttributePath) -> Result<()>,
}

/// The type of an attribute: a plain one, or objects with a schema of their own.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A plain type.
    Leaf(Type),
    /// Objects, alone or in a collection.
    Nested(Nesting, &'static Schema),
}

/// How nested objects are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One object.
    Single,
    /// Objects in order.
    List,
    /// Objects without order.
    Set,
    /// Objects by name.
    Map,
}

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The configuration, always.
    Required,
    /// The configuration, if it likes.
    Optional,
    /// The provider.
    Computed,
    /// The configuration if it likes, else the provider.
    OptionalComputed,
}

/// When another value of an attribute makes a new object.
#[derive(Clone, Copy, Debug, Default)]
pub enum Replaces {
    /// Never: the object can be updated.
    #[default]
    Never,
    /// Always.
    Always,
    /// When the condition holds, given the prior and the planned value.
    If(fn(&Cty, &Cty) -> bool),
}

impl Presence {
    /// Whether the configuration may set it.
    #[must_use]
    pub fn is_configurable(self) -> bool {
        self != Self::Computed
    }

    /// Whether the provider may set it.
    #[must_use]
    pub fn is_computed(self) -> bool {
        matches!(self, Self::Computed | Self::OptionalComputed)
    }
}

impl SchemaAttribute {
    /// An attribute of the given Rust type with nothing special about it.
    #[must_use]
    pub fn of<T: Attribute>(
        name: &'static str,
        presence: Presence,
        description: &'static str,
    ) -> Self {
        Self {
            name,
            description,
            kind: T::kind(),
            presence,
            sensitive: false,
            write_only: false,
            stable: false,
            replaces: Replaces::Never,
            default: None,
            deprecated: None,
            same: T::same,
            accepts: |value, path| T::decode(value, path).map(drop),
        }
    }

    /// Whether two values mean the same. Nulls and unknowns only equal themselves.
    #[must_use]
    pub fn same(&self, a: &Cty, b: &Cty) -> bool {
        if a.is_null() || b.is_null() || a.is_unknown() || b.is_unknown() {
            return a == b;
        }
        self.kind.equal(a, b) || (self.same)(a, b)
    }
}

impl Schema {
    /// The type of the whole object.
    #[must_use]
    pub fn object_type(&self) -> &Type {
        self.plain.get_or_init(|| {
            let attribute =
                |attribute: &SchemaAttribute| (attribute.name.to_owned(), attribute.kind.to_type());
            Type::Object(self.attributes.iter().map(attribute).collect())
        })
    }

    /// The attribute of that name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&SchemaAttribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// Whether a path leads to something that such objects can have.
    #[must_use]
    pub fn has(&self, path: &AttributePath) -> bool {
        path::object(self, path.steps())
    }

    /// Whether two objects mean the same, attribute by attribute.
    #[must_use]
    pub fn same(&self, a: &Cty, b: &Cty) -> bool {
        self.all(a, b, SchemaAttribute::same)
    }

    /// Whether two objects are equal, sets without regard to order.
    #[must_use]
    pub fn equal(&self, a: &Cty, b: &Cty) -> bool {
        self.all(a, b, |attribute, a, b| attribute.kind.equal(a, b))
    }

    fn all(&self, a: &Cty, b: &Cty, like: impl Fn(&SchemaAttribute, &Cty, &Cty) -> bool) -> bool {
        match (a, b) {
            (Cty::Map(_), Cty::Map(_)) => self.attributes.iter().all(|attribute| {
                like(
                    attribute,
                    field(a, attribute.name),
                    field(b, attribute.name),
                )
            }),
            _ => a == b,
        }
    }
}

/// The attribute of an object; null when the object has none of that name, or is null itself.
pub(crate) fn field<'a>(object: &'a Cty, name: &str) -> &'a Cty {
    match object {
        Cty::Unknown => &Cty::Unknown,
        _ => object.get(name).unwrap_or(&Cty::Null),
    }
}

impl Kind {
    /// The plain type of such values.
    #[must_use]
    pub fn to_type(&self) -> Type {
        match self {
            Self::Leaf(plain) => plain.clone(),
            Self::Nested(nesting, schema) => {
                let object = schema.object_type().clone();
                match nesting {
                    Nesting::Single => object,
                    Nesting::List => Type::List(Box::new(object)),
                    Nesting::Set => Type::Set(Box::new(object)),
                    Nesting::Map => Type::Map(Box::new(object)),
                }
            }
        }
    }

    /// Whether two values are equal, sets without regard to order.
    #[must_use]
    pub fn equal(&self, a: &Cty, b: &Cty) -> bool {
        match self {
            Self::Leaf(plain) => equal(plain, a, b),
            Self::Nested(Nesting::Single, schema) => schema.equal(a, b),
            Self::Nested(Nesting::Set, schema) => sets(a, b, |a, b| schema.equal(a, b)),
            Self::Nested(Nesting::List, schema) => lists(a, b, |a, b| schema.equal(a, b)),
            Self::Nested(Nesting::Map, schema) => maps(a, b, |_, a, b| schema.equal(a, b)),
        }
    }
}

fn equal(plain: &Type, a: &Cty, b: &Cty) -> bool {
    match plain {
        Type::Set(element) => sets(a, b, |a, b| equal(element, a, b)),
        Type::List(element) => lists(a, b, |a, b| equal(element, a, b)),
        Type::Map(element) => maps(a, b, |_, a, b| equal(element, a, b)),
        Type::Object(attributes) => maps(a, b, |name, a, b| {
            attributes
                .get(name)
                .map_or(a == b, |plain| equal(plain, a, b))
        }),
        Type::Bool | Type::Number | Type::String | Type::Dynamic | Type::Tuple(_) => a == b,
    }
}

fn sets(a: &Cty, b: &Cty, equal: impl Fn(&Cty, &Cty) -> bool) -> bool {
    match (a, b) {
        (Cty::List(a), Cty::List(b)) => same_elements(a, b, equal),
        _ => a == b,
    }
}

fn lists(a: &Cty, b: &Cty, equal: impl Fn(&Cty, &Cty) -> bool) -> bool {
    match (a, b) {
        (Cty::List(a), Cty::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        _ => a == b,
    }
}

fn maps(a: &Cty, b: &Cty, equal: impl Fn(&str, &Cty, &Cty) -> bool) -> bool {
    match (a, b) {
        (Cty::Map(a), Cty::Map(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, value)| b.get(key).is_some_and(|other| equal(key, value, other)))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests;
