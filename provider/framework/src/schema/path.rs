//! Paths against a schema.

use super::{Kind, Nesting, Schema};
use crate::{Step, Type};

pub(super) fn object(schema: &Schema, steps: &[Step]) -> bool {
    let Some((first, rest)) = steps.split_first() else {
        return true;
    };
    let Step::Attribute(name) = first else {
        return false;
    };
    schema
        .attribute(name)
        .is_some_and(|attribute| match &attribute.kind {
            Kind::Nested(Nesting::Single, schema) => object(schema, rest),
            Kind::Nested(nesting, schema) => match rest.split_first() {
                None => true,
                Some((Step::Key(_), rest)) => *nesting == Nesting::Map && object(schema, rest),
                Some((Step::Index(_), rest)) => *nesting != Nesting::Map && object(schema, rest),
                Some((Step::Attribute(_), _)) => false,
            },
            Kind::Leaf(plain) => value(plain, rest),
        })
}

fn value(plain: &Type, steps: &[Step]) -> bool {
    let Some((first, rest)) = steps.split_first() else {
        return true;
    };
    match (plain, first) {
        (Type::List(element) | Type::Set(element), Step::Index(_))
        | (Type::Map(element), Step::Key(_)) => value(element, rest),
        (Type::Object(attributes), Step::Attribute(name)) => attributes
            .get(name)
            .is_some_and(|attribute| value(attribute, rest)),
        (Type::Tuple(elements), Step::Index(at)) => usize::try_from(*at)
            .ok()
            .and_then(|at| elements.get(at))
            .is_some_and(|element| value(element, rest)),
        (Type::Dynamic, _) => true,
        _ => false,
    }
}
