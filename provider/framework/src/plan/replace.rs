//! Which changes make a new object.

use super::nested::{correlated, element};
use crate::schema::{Kind, Nesting, Replaces, Schema, SchemaAttribute, field};
use crate::{AttributePath, Cty, Step};

/// The attributes whose change makes a new object, given that there is a prior one.
pub(crate) fn replacements(
    schema: &Schema,
    config: &Cty,
    prior: &Cty,
    planned: &Cty,
) -> Vec<AttributePath> {
    let mut paths = Vec::new();
    object(
        schema,
        [config, prior, planned],
        &AttributePath::root(),
        &mut paths,
    );
    paths
}

/// Sorted, each once, and without steps into sets, which the protocol does not have.
pub(crate) fn normalize(schema: &Schema, paths: Vec<AttributePath>) -> Vec<AttributePath> {
    let mut paths: Vec<_> = paths
        .into_iter()
        .map(|path| outside_sets(schema, &path))
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

fn outside_sets(schema: &Schema, path: &AttributePath) -> AttributePath {
    let Some(Step::Attribute(name)) = path.steps().first() else {
        return path.clone();
    };
    match schema.attribute(name).map(|attribute| &attribute.kind) {
        Some(Kind::Nested(Nesting::Set, _)) => AttributePath::root().attribute(name),
        Some(Kind::Nested(nesting, schema)) => {
            let own = if *nesting == Nesting::Single { 1 } else { 2 };
            if path.steps().len() <= own {
                return path.clone();
            }
            let (head, tail) = path.steps().split_at(own);
            let tail = tail.iter().cloned().collect();
            head.iter()
                .cloned()
                .collect::<AttributePath>()
                .join(&outside_sets(schema, &tail))
        }
        _ => path.clone(),
    }
}

fn object(
    schema: &Schema,
    [config, prior, planned]: [&Cty; 3],
    path: &AttributePath,
    paths: &mut Vec<AttributePath>,
) {
    for attribute in &schema.attributes {
        let values = [config, prior, planned].map(|object| field(object, attribute.name));
        let path = path.clone().attribute(attribute.name);
        if decides(attribute, values) {
            paths.push(path);
        } else if let Kind::Nested(nesting, schema) = &attribute.kind {
            let [_, _, planned] = values;
            if !planned.is_unknown() {
                inside(*nesting, schema, values, &path, paths);
            } else if !left_to_provider(attribute, values) && may_replace(schema) {
                // The apply may find that it does, which is too late for Terraform.
                paths.push(path);
            }
        }
    }
}

/// What the provider is about to compute is no wish of the user's for another object.
fn left_to_provider(attribute: &SchemaAttribute, [config, _, planned]: [&Cty; 3]) -> bool {
    attribute.presence.is_computed() && config.is_null() && planned.is_unknown()
}

/// Whether a change somewhere inside can make a new object.
fn may_replace(schema: &Schema) -> bool {
    schema.attributes.iter().any(|attribute| {
        !matches!(attribute.replaces, Replaces::Never)
            || matches!(&attribute.kind, Kind::Nested(_, schema) if may_replace(schema))
    })
}

fn decides(attribute: &SchemaAttribute, values: [&Cty; 3]) -> bool {
    let [_, prior, planned] = values;
    if left_to_provider(attribute, values)
        || attribute.write_only
        || attribute.kind.equal(prior, planned)
    {
        return false;
    }
    match attribute.replaces {
        Replaces::Never => false,
        Replaces::Always => true,
        Replaces::If(condition) => condition(prior, planned),
    }
}

fn inside(
    nesting: Nesting,
    schema: &Schema,
    [config, prior, planned]: [&Cty; 3],
    path: &AttributePath,
    paths: &mut Vec<AttributePath>,
) {
    match (nesting, planned) {
        (Nesting::Single, Cty::Map(_) | Cty::Null) if !(planned.is_null() && prior.is_null()) => {
            object(schema, [config, prior, planned], path, paths);
        }
        (Nesting::Map, Cty::Map(objects)) => {
            for (key, planned) in objects {
                object(
                    schema,
                    [field(config, key), field(prior, key), planned],
                    &path.clone().key(key),
                    paths,
                );
            }
        }
        (Nesting::List, Cty::List(objects)) => {
            for (at, planned) in objects.iter().enumerate() {
                let values = [element(config, at), element(prior, at), planned];
                object(schema, values, &path.clone().index(at), paths);
            }
        }
        (Nesting::Set, Cty::List(objects)) => {
            let changed = objects.iter().any(|planned| {
                let mut found = Vec::new();
                let values = [
                    correlated(schema, planned, config),
                    correlated(schema, planned, prior),
                    planned,
                ];
                object(schema, values, path, &mut found);
                !found.is_empty()
            });
            if changed {
                paths.push(path.clone());
            }
        }
        _ => {}
    }
}
