//! The rule that a result follows the plan: Terraform's "Provider produced inconsistent result after apply".

use std::collections::BTreeMap;

use crate::schema::Schema;
use crate::{AttributePath, Cty, Type};

/// How a value departs from what was planned, one line each.
pub(super) fn departures(schema: &Schema, planned: &Cty, actual: &Cty) -> Vec<String> {
    let mut found = Vec::new();
    value(
        schema.object_type(),
        planned,
        actual,
        &AttributePath::root(),
        &mut found,
    );
    found
}

fn value(plain: &Type, planned: &Cty, actual: &Cty, path: &AttributePath, found: &mut Vec<String>) {
    match (plain, planned, actual) {
        // What was left open may become anything.
        (_, Cty::Unknown, _) | (_, Cty::Null, Cty::Null) => {}
        (_, Cty::Null, actual) => found.push(format!("{path}: was null, but now {actual:?}")),
        (_, planned, Cty::Null) => found.push(format!("{path}: was {planned:?}, but now null")),
        (_, planned, Cty::Unknown) => {
            found.push(format!("{path}: was known ({planned:?}), but now unknown"));
        }
        (Type::Object(attributes), Cty::Map(planned), Cty::Map(actual)) => {
            for (name, plain) in attributes {
                let (planned, actual) = (entry(planned, name), entry(actual, name));
                value(plain, planned, actual, &path.clone().attribute(name), found);
            }
        }
        (Type::Map(element), Cty::Map(planned), Cty::Map(actual)) => {
            for key in actual.keys().filter(|key| !planned.contains_key(*key)) {
                found.push(format!("{path}: new element {key:?} has appeared"));
            }
            for (key, was) in planned {
                match actual.get(key) {
                    Some(actual) => value(element, was, actual, &path.clone().key(key), found),
                    None => found.push(format!("{path}: element {key:?} has vanished")),
                }
            }
        }
        (Type::List(element), Cty::List(planned), Cty::List(actual)) => {
            if planned.len() != actual.len() {
                found.push(format!(
                    "{path}: {} elements were planned, but now {}",
                    planned.len(),
                    actual.len()
                ));
            }
            for (at, (planned, actual)) in planned.iter().zip(actual).enumerate() {
                value(element, planned, actual, &path.clone().index(at), found);
            }
        }
        (Type::Set(element), Cty::List(planned), Cty::List(actual)) => {
            set(element, planned, actual, path, found);
        }
        (_, planned, actual) if planned == actual => {}
        (_, planned, actual) => found.push(format!("{path}: was {planned:?}, but now {actual:?}")),
    }
}

fn entry<'a>(entries: &'a BTreeMap<String, Cty>, name: &str) -> &'a Cty {
    entries.get(name).unwrap_or(&Cty::Null)
}

fn set(
    element: &Type,
    planned: &[Cty],
    actual: &[Cty],
    path: &AttributePath,
    found: &mut Vec<String>,
) {
    let fits = |planned: &Cty, actual: &Cty| {
        let mut departures = Vec::new();
        value(element, planned, actual, path, &mut departures);
        departures.is_empty()
    };
    for planned in planned
        .iter()
        .filter(|planned| !actual.iter().any(|actual| fits(planned, actual)))
    {
        found.push(format!(
            "{path}: planned set element {planned:?} does not correlate with any element in actual"
        ));
    }
    for actual in actual
        .iter()
        .filter(|actual| !planned.iter().any(|planned| fits(planned, actual)))
    {
        found.push(format!(
            "{path}: actual set element {actual:?} does not correlate with any element in plan"
        ));
    }
    if actual.len() > planned.len() {
        found.push(format!(
            "{path}: length changed from {} to {}",
            planned.len(),
            actual.len()
        ));
    }
}
