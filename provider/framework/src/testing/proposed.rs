//! Terraform's merge of configuration and prior state: what it proposes to the provider.

use crate::Cty;
use crate::schema::{Kind, Nesting, Presence, Schema, SchemaAttribute, field};

pub(super) fn proposed_new_state(schema: &Schema, prior: &Cty, config: &Cty) -> Cty {
    let attribute = |attribute: &SchemaAttribute| {
        let value = merge(
            attribute,
            field(prior, attribute.name),
            field(config, attribute.name),
        );
        (attribute.name, value)
    };
    schema.attributes.iter().map(attribute).collect()
}

fn merge(attribute: &SchemaAttribute, prior: &Cty, config: &Cty) -> Cty {
    if attribute.presence.is_computed() && config.is_null() {
        // Once configured and now left out: an object with values that only a configuration can set is not computed.
        return if was_configured(attribute, prior) {
            Cty::Null
        } else {
            prior.clone()
        };
    }
    match (&attribute.kind, config) {
        (Kind::Nested(nesting, schema), Cty::Map(_) | Cty::List(_)) => {
            nested(*nesting, schema, prior, config)
        }
        _ => config.clone(),
    }
}

fn was_configured(attribute: &SchemaAttribute, prior: &Cty) -> bool {
    let Kind::Nested(nesting, schema) = &attribute.kind else {
        return false;
    };
    attribute.presence == Presence::OptionalComputed
        && objects(*nesting, prior).into_iter().any(|object| {
            schema.attributes.iter().any(|attribute| {
                !attribute.presence.is_computed() && !field(object, attribute.name).is_null()
            })
        })
}

fn objects(nesting: Nesting, value: &Cty) -> Vec<&Cty> {
    match (nesting, value) {
        (Nesting::Map, Cty::Map(objects)) => objects.values().collect(),
        (Nesting::Single, object @ Cty::Map(_)) => vec![object],
        (_, Cty::List(objects)) => objects.iter().collect(),
        _ => Vec::new(),
    }
}

fn nested(nesting: Nesting, schema: &Schema, prior: &Cty, config: &Cty) -> Cty {
    let object = |prior: &Cty, config: &Cty| match config {
        Cty::Map(_) => proposed_new_state(schema, prior, config),
        other => other.clone(),
    };
    match (nesting, config) {
        (Nesting::Single, config) => object(prior, config),
        (Nesting::Map, Cty::Map(objects)) => objects
            .iter()
            .map(|(key, config)| (key.as_str(), object(field(prior, key), config)))
            .collect(),
        (Nesting::List, Cty::List(objects)) => {
            let before = prior.as_list().unwrap_or_default();
            objects
                .iter()
                .enumerate()
                .map(|(at, config)| object(before.get(at).unwrap_or(&Cty::Null), config))
                .collect()
        }
        (Nesting::Set, Cty::List(objects)) => {
            let mut left: Vec<&Cty> = prior.as_list().unwrap_or_default().iter().collect();
            let mut partner = |config: &Cty| {
                let at = left
                    .iter()
                    .position(|prior| comes_from(schema, prior, config));
                at.map_or(&Cty::Null, |at| left.swap_remove(at))
            };
            objects
                .iter()
                .map(|config| object(partner(config), config))
                .collect()
        }
        _ => config.clone(),
    }
}

/// Whether a prior object is what this configuration became: equal but for computed values that it leaves out.
fn comes_from(schema: &Schema, prior: &Cty, config: &Cty) -> bool {
    schema.attributes.iter().all(|attribute| {
        let (prior, config) = (field(prior, attribute.name), field(config, attribute.name));
        attribute.kind.equal(prior, config) || attribute.presence.is_computed() && config.is_null()
    })
}
