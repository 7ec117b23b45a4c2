//! Nested objects and their counterparts: lists by index, maps by key, sets by what they say.

use crate::schema::{Nesting, Schema, field};
use crate::{AttributePath, Cty};

/// Rewrites each object of a nested attribute, given its counterparts in other values of the same attribute. An object
/// without a counterpart sees null.
pub(super) fn descend(
    nesting: Nesting,
    schema: &Schema,
    value: Cty,
    others: &[&Cty],
    mut rule: impl FnMut(Cty, &[&Cty]) -> Cty,
) -> Cty {
    match (nesting, value) {
        (Nesting::Single, object @ Cty::Map(_)) => rule(object, others),
        (Nesting::Map, Cty::Map(objects)) => objects
            .into_iter()
            .map(|(key, object)| {
                let around: Vec<&Cty> = others.iter().map(|other| field(other, &key)).collect();
                let rewritten = rule(object, &around);
                (key, rewritten)
            })
            .collect(),
        (Nesting::List, Cty::List(objects)) => objects
            .into_iter()
            .enumerate()
            .map(|(at, object)| {
                let around: Vec<&Cty> = others.iter().map(|other| element(other, at)).collect();
                rule(object, &around)
            })
            .collect(),
        (Nesting::Set, Cty::List(objects)) => objects
            .into_iter()
            .map(|object| {
                let around: Vec<&Cty> = others
                    .iter()
                    .map(|other| correlated(schema, &object, other))
                    .collect();
                rule(object, &around)
            })
            .collect(),
        (_, value) => value,
    }
}

/// Each object of a nested attribute with its path and its counterparts; none when the collections differ in what they
/// hold. The objects of a set share the path of the set.
pub(super) fn pairs<'a, const N: usize>(
    nesting: Nesting,
    schema: &Schema,
    path: &AttributePath,
    value: &'a Cty,
    others: [&'a Cty; N],
) -> Option<Vec<(AttributePath, &'a Cty, [&'a Cty; N])>> {
    let listed =
        |other: &&Cty, length: usize| other.as_list().is_none_or(|list| list.len() == length);
    match (nesting, value) {
        (Nesting::Single, Cty::Map(_)) => Some(vec![(path.clone(), value, others)]),
        (Nesting::Map, Cty::Map(objects)) => {
            let same_keys = |other: &&Cty| {
                other
                    .as_map()
                    .is_none_or(|map| map.keys().eq(objects.keys()))
            };
            others.iter().all(same_keys).then(|| {
                let pair = |(key, object): (&String, &'a Cty)| {
                    (
                        path.clone().key(key),
                        object,
                        others.map(|other| field(other, key)),
                    )
                };
                objects.iter().map(pair).collect()
            })
        }
        (Nesting::List, Cty::List(objects)) => others
            .iter()
            .all(|other| listed(other, objects.len()))
            .then(|| {
                let pair = |(at, object): (usize, &'a Cty)| {
                    (
                        path.clone().index(at),
                        object,
                        others.map(|other| element(other, at)),
                    )
                };
                objects.iter().enumerate().map(pair).collect()
            }),
        (Nesting::Set, Cty::List(objects)) => others
            .iter()
            .all(|other| listed(other, objects.len()))
            .then(|| {
                let pair = |object: &'a Cty| {
                    (
                        path.clone(),
                        object,
                        others.map(|other| correlated(schema, object, other)),
                    )
                };
                objects.iter().map(pair).collect()
            }),
        _ => None,
    }
}

/// The element of a list; null where the list is shorter, unknown where it is unknown.
pub(super) fn element(list: &Cty, at: usize) -> &Cty {
    match list {
        Cty::Unknown => &Cty::Unknown,
        _ => list
            .as_list()
            .and_then(|elements| elements.get(at))
            .unwrap_or(&Cty::Null),
    }
}

/// The object of another set that an object of a set stands for: one that means the same, else one that differs in nothing
/// but computed values that one of the two does not have yet.
pub(super) fn correlated<'a>(schema: &Schema, object: &Cty, set: &'a Cty) -> &'a Cty {
    if set.is_unknown() {
        return &Cty::Unknown;
    }
    let alike = |candidate: &&Cty| {
        schema.attributes.iter().all(|attribute| {
            let (a, b) = (
                field(object, attribute.name),
                field(candidate, attribute.name),
            );
            let open = |value: &Cty| value.is_null() || value.is_unknown();
            attribute.same(a, b)
                || attribute.write_only
                || attribute.presence.is_computed() && (open(a) || open(b))
        })
    };
    let candidates = set.as_list().unwrap_or_default();
    candidates
        .iter()
        .find(|candidate| schema.same(object, candidate))
        .or_else(|| candidates.iter().find(alike))
        .unwrap_or(&Cty::Null)
}
