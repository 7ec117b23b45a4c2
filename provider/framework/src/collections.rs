//! Lists, sets and maps as attributes.

use std::collections::BTreeMap;
use std::ops::Deref;

use crate::attribute::mismatch;
use crate::schema::{Kind, Nesting};
use crate::{Attribute, AttributePath, Cty, Diagnostic, Diagnostics, Result, Type};

/// Distinct values without order. Iteration follows the order in which Terraform sends them, which it sorts.
#[derive(Clone, Debug)]
pub struct Set<T>(Vec<T>);

impl<T> Set<T> {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<T: PartialEq> Set<T> {
    /// Adds a value; false when it was there already.
    pub fn insert(&mut self, value: T) -> bool {
        let new = !self.0.contains(&value);
        if new {
            self.0.push(value);
        }
        new
    }
}

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for Set<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: PartialEq> PartialEq for Set<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|value| other.contains(value))
    }
}

impl<T: PartialEq> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut set = Self::default();
        for value in values {
            set.insert(value);
        }
        set
    }
}

impl<T: PartialEq, const N: usize> From<[T; N]> for Set<T> {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T> IntoIterator for Set<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Set<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// The kind of a collection: of objects it is a nested attribute, of anything else a plain type.
fn collection(element: Kind, nesting: Nesting, plain: fn(Box<Type>) -> Type) -> Kind {
    match element {
        Kind::Nested(Nesting::Single, schema) => Kind::Nested(nesting, schema),
        other => Kind::Leaf(plain(Box::new(other.to_type()))),
    }
}

fn element<T: Attribute>(value: &Cty, path: &AttributePath) -> Result<T> {
    if value.is_null() {
        return Err(Diagnostic::error(
            "Null element",
            "the elements of a collection can't be null",
        )
        .at(path.clone())
        .into());
    }
    T::decode(value, path)
}

fn elements<'a>(value: &'a Cty, path: &AttributePath) -> Result<&'a [Cty]> {
    value
        .as_list()
        .ok_or_else(|| mismatch("a list", value, path))
}

fn entries<'a>(value: &'a Cty, path: &AttributePath) -> Result<&'a BTreeMap<String, Cty>> {
    value.as_map().ok_or_else(|| mismatch("a map", value, path))
}

/// Keeps what could be decoded, and all that went wrong.
fn collect<T, C: FromIterator<T>>(results: impl Iterator<Item = Result<T>>) -> Result<C> {
    let mut diagnostics = Diagnostics::new();
    let collected = results
        .filter_map(|result| result.map_err(|more| diagnostics.extend(more)).ok())
        .collect();
    diagnostics.into_result(collected)
}

fn list_is_known<T: Attribute>(value: &Cty) -> bool {
    match value {
        Cty::List(elements) => elements.iter().all(T::is_known),
        other => !other.is_unknown(),
    }
}

impl<T: Attribute> Attribute for Vec<T> {
    fn kind() -> Kind {
        collection(T::kind(), Nesting::List, Type::List)
    }

    fn decode(value: &Cty, path: &AttributePath) -> Result<Self> {
        let numbered = elements(value, path)?.iter().enumerate();
        collect(numbered.map(|(at, value)| element(value, &path.clone().index(at))))
    }

    fn encode(&self) -> Cty {
        self.iter().map(T::encode).collect()
    }

    fn same(a: &Cty, b: &Cty) -> bool {
        match (a, b) {
            (Cty::List(a), Cty::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| T::same(a, b))
            }
            _ => a == b,
        }
    }

    fn is_known(value: &Cty) -> bool {
        list_is_known::<T>(value)
    }

    fn check(&self, path: &AttributePath, diagnostics: &mut Diagnostics) {
        for (at, value) in self.iter().enumerate() {
            value.check(&path.clone().index(at), diagnostics);
        }
    }
}

impl<T: Attribute> Attribute for Set<T> {
    fn kind() -> Kind {
        collection(T::kind(), Nesting::Set, Type::Set)
    }

    fn decode(value: &Cty, path: &AttributePath) -> Result<Self> {
        // Elements of sets have no address: what is wrong with one is said about the set.
        collect(
            elements(value, path)?
                .iter()
                .map(|value| element(value, path).map_err(|wrong| truncate(wrong, path))),
        )
    }

    fn encode(&self) -> Cty {
        self.iter().map(T::encode).collect()
    }

    /// Each meaning counts once: a model keeps one of several spellings, and so may a cloud.
    fn same(a: &Cty, b: &Cty) -> bool {
        let within = |some: &[Cty], all: &[Cty]| {
            some.iter()
                .all(|value| all.iter().any(|other| T::same(value, other)))
        };
        match (a, b) {
            (Cty::List(a), Cty::List(b)) => within(a, b) && within(b, a),
            _ => a == b,
        }
    }

    fn is_known(value: &Cty) -> bool {
        list_is_known::<T>(value)
    }

    fn check(&self, path: &AttributePath, diagnostics: &mut Diagnostics) {
        for value in self {
            let mut inner = Diagnostics::new();
            value.check(path, &mut inner);
            diagnostics.extend(truncate(inner, path));
        }
    }
}

/// Whether each element of one list has a partner in the other.
pub(crate) fn same_elements(a: &[Cty], b: &[Cty], same: impl Fn(&Cty, &Cty) -> bool) -> bool {
    let mut free: Vec<&Cty> = b.iter().collect();
    a.len() == b.len()
        && a.iter().all(|value| {
            let partner = free.iter().position(|candidate| same(value, candidate));
            partner.map(|at| free.swap_remove(at)).is_some()
        })
}

fn truncate(diagnostics: Diagnostics, path: &AttributePath) -> Diagnostics {
    diagnostics
        .into_iter()
        .map(|diagnostic| diagnostic.at(path.clone()))
        .collect()
}

impl<T: Attribute> Attribute for BTreeMap<String, T> {
    fn kind() -> Kind {
        collection(T::kind(), Nesting::Map, Type::Map)
    }

    fn decode(value: &Cty, path: &AttributePath) -> Result<Self> {
        let entries = entries(value, path)?.iter();
        collect(
            entries.map(|(key, value)| Ok((key.clone(), element(value, &path.clone().key(key))?))),
        )
    }

    fn encode(&self) -> Cty {
        self.iter()
            .map(|(key, value)| (key, value.encode()))
            .collect()
    }

    fn same(a: &Cty, b: &Cty) -> bool {
        match (a, b) {
            (Cty::Map(a), Cty::Map(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .all(|(key, value)| b.get(key).is_some_and(|other| T::same(value, other)))
            }
            _ => a == b,
        }
    }

    fn is_known(value: &Cty) -> bool {
        match value {
            Cty::Map(entries) => entries.values().all(T::is_known),
            other => !other.is_unknown(),
        }
    }

    fn check(&self, path: &AttributePath, diagnostics: &mut Diagnostics) {
        for (key, value) in self {
            value.check(&path.clone().key(key), diagnostics);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Text, Value, path, text};

    fn texts(texts: &[&str]) -> Cty {
        texts.iter().copied().map(Cty::from).collect()
    }

    #[test]
    fn an_unknown_element_makes_the_collection_unknown() {
        let partly: Cty = [Cty::from("a"), Cty::Unknown].into_iter().collect();
        assert_eq!(
            Value::<Vec<String>>::decode(&partly, &path!()).unwrap(),
            Value::Unknown
        );
        let map: Cty = [("k", partly)].into_iter().collect();
        assert_eq!(
            Value::<BTreeMap<String, Set<String>>>::decode(&map, &path!()).unwrap(),
            Value::Unknown
        );
    }

    #[test]
    fn a_null_element_is_named_by_its_path() {
        let list: Cty = [Cty::from("a"), Cty::Null].into_iter().collect();
        let wrong = Value::<Vec<String>>::decode(&list, &path!("subjects")).unwrap_err();
        assert_eq!(
            wrong.iter().next().unwrap().path,
            Some(path!("subjects", 1))
        );
        let wrong = Value::<Set<String>>::decode(&list, &path!("subjects")).unwrap_err();
        assert_eq!(wrong.iter().next().unwrap().path, Some(path!("subjects")));
    }

    #[test]
    fn sets_have_no_order_and_no_duplicates() {
        assert!(Set::<String>::same(
            &texts(&["a", "b"]),
            &texts(&["b", "a"])
        ));
        assert!(!Set::<String>::same(
            &texts(&["a", "a"]),
            &texts(&["a", "b"])
        ));
        assert!(
            Set::<Text<text::Duration>>::same(&texts(&["60m", "1h"]), &texts(&["1h"])),
            "a set has each meaning once"
        );
        assert!(!Set::<Text<text::Duration>>::same(
            &texts(&["60m", "2h"]),
            &texts(&["1h"])
        ));
        assert!(!Vec::<String>::same(
            &texts(&["a", "b"]),
            &texts(&["b", "a"])
        ));
        assert_eq!(Set::from(["a", "b", "a"]), Set::from(["b", "a"]));
    }
}
