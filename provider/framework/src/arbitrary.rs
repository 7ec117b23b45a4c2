//! Random types, and random values of a given type, for the property tests of the codecs.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::{Cty, Number, Type};

/// Any type, a few levels deep.
pub(crate) fn any_type() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        Just(Type::Bool),
        Just(Type::Number),
        Just(Type::String),
        Just(Type::Dynamic)
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            inner
                .clone()
                .prop_map(|element| Type::List(Box::new(element))),
            inner
                .clone()
                .prop_map(|element| Type::Set(Box::new(element))),
            inner
                .clone()
                .prop_map(|element| Type::Map(Box::new(element))),
            vec(inner.clone(), 0..4).prop_map(Type::Tuple),
            btree_map("[a-z_]{1,4}", inner, 0..4).prop_map(Type::Object),
        ]
    })
}

/// A value of that type, with nulls and unknowns in it.
pub(crate) fn typed_value(kind: Type) -> BoxedStrategy<Cty> {
    value(kind, true)
}

/// A value of that type with nulls in it and nothing unknown, as state has them.
pub(crate) fn known_value(kind: Type) -> BoxedStrategy<Cty> {
    value(kind, false)
}

fn value(kind: Type, unknown: bool) -> BoxedStrategy<Cty> {
    let present = present(kind, unknown);
    let unknowns = u32::from(unknown);
    prop_oneof![8 => present, 1 => Just(Cty::Null), unknowns => Just(Cty::Unknown)].boxed()
}

fn present(kind: Type, unknown: bool) -> BoxedStrategy<Cty> {
    match kind {
        Type::Bool => any::<bool>().prop_map(Cty::Bool).boxed(),
        Type::Number => number().prop_map(Cty::Number).boxed(),
        Type::String => any::<String>().prop_map(Cty::String).boxed(),
        Type::Dynamic => prop_oneof![
            Just(Type::Bool),
            Just(Type::Number),
            Just(Type::List(Box::new(Type::String)))
        ]
        .prop_flat_map(move |kind| {
            present(kind.clone(), unknown)
                .prop_map(move |value| Cty::Dynamic(Box::new(kind.clone()), Box::new(value)))
        })
        .boxed(),
        Type::List(element) | Type::Set(element) => vec(value(*element, unknown), 0..4)
            .prop_map(Cty::List)
            .boxed(),
        Type::Map(element) => btree_map(any::<String>(), value(*element, unknown), 0..4)
            .prop_map(Cty::Map)
            .boxed(),
        Type::Tuple(kinds) => kinds
            .into_iter()
            .map(|kind| value(kind, unknown))
            .collect::<Vec<_>>()
            .prop_map(Cty::List)
            .boxed(),
        Type::Object(kinds) => {
            let (names, kinds): (Vec<_>, Vec<_>) = kinds.into_iter().unzip();
            let values: Vec<_> = kinds.into_iter().map(|kind| value(kind, unknown)).collect();
            values
                .prop_map(move |values| names.iter().cloned().zip(values).collect())
                .boxed()
        }
    }
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        "-?[0-9]{1,40}(\\.[0-9]{1,40})?(e-?[0-9]{1,3})?".prop_map(|text| text.parse().unwrap()),
    ]
}
