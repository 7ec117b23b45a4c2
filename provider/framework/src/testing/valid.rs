//! The rule that a plan follows the configuration: Terraform's "Provider produced invalid plan".

use crate::schema::{Kind, Nesting, Schema, SchemaAttribute, field};
use crate::{AttributePath, Cty};

/// What is wrong with a plan, one line each.
pub(super) fn plan_faults(
    schema: &Schema,
    prior: &Cty,
    config: &Cty,
    planned: &Cty,
) -> Vec<String> {
    let mut faults = Vec::new();
    object(
        schema,
        [prior, config, planned],
        &AttributePath::root(),
        &mut faults,
    );
    faults
}

fn object(schema: &Schema, values: [&Cty; 3], path: &AttributePath, faults: &mut Vec<String>) {
    for attribute in &schema.attributes {
        let [prior, config, planned] = values.map(|object| field(object, attribute.name));
        let path = path.clone().attribute(attribute.name);
        check(attribute, [prior, config, planned], &path, faults);
    }
}

fn check(
    attribute: &SchemaAttribute,
    [prior, config, planned]: [&Cty; 3],
    path: &AttributePath,
    faults: &mut Vec<String>,
) {
    if attribute.write_only {
        if !planned.is_null() {
            faults.push(format!(
                "{path}: planned a value for a write-only attribute"
            ));
        }
        return;
    }
    let follows = attribute.kind.equal(planned, config);
    let keeps = attribute.kind.equal(planned, prior) && !prior.is_null() && !config.is_null();
    let free = attribute.presence.is_computed()
        && (config.is_null() || !attribute.presence.is_configurable());
    if follows || keeps || free {
        return;
    }
    if let Kind::Nested(nesting, schema) = &attribute.kind {
        return nested(*nesting, schema, [prior, config, planned], path, faults);
    }
    faults.push(if config.is_null() {
        format!("{path}: planned value {planned:?} for a non-computed attribute")
    } else if prior.is_null() {
        format!("{path}: planned value {planned:?} does not match config value {config:?}")
    } else {
        format!("{path}: planned value {planned:?} does not match config value {config:?} nor prior value {prior:?}")
    });
}

fn nested(
    nesting: Nesting,
    schema: &Schema,
    [prior, config, planned]: [&Cty; 3],
    path: &AttributePath,
    faults: &mut Vec<String>,
) {
    match (nesting, config, planned) {
        (_, _, Cty::Null) => faults.push(format!(
            "{path}: planned for absence but config wants existence"
        )),
        (_, Cty::Null, _) => faults.push(format!(
            "{path}: planned for existence but config wants absence"
        )),
        (_, Cty::Unknown, _) | (_, _, Cty::Unknown) => {
            faults.push(format!(
                "{path}: planned value {planned:?} does not match config value {config:?}"
            ));
        }
        (Nesting::Single, ..) => object(schema, [prior, config, planned], path, faults),
        (Nesting::Map, Cty::Map(wanted), Cty::Map(got)) => {
            if !wanted.keys().eq(got.keys()) {
                faults.push(format!(
                    "{path}: keys {:?} in plan disagree with config keys {:?}",
                    got.keys(),
                    wanted.keys()
                ));
            }
            for (key, planned) in got {
                let values = [field(prior, key), field(config, key), planned];
                object(schema, values, &path.clone().key(key), faults);
            }
        }
        (_, Cty::List(wanted), Cty::List(got)) if wanted.len() != got.len() => {
            faults.push(format!(
                "{path}: count in plan ({}) disagrees with count in config ({})",
                got.len(),
                wanted.len()
            ));
        }
        (Nesting::List, Cty::List(wanted), Cty::List(got)) => {
            let before = prior.as_list().unwrap_or_default();
            for (at, (config, planned)) in wanted.iter().zip(got).enumerate() {
                let values = [before.get(at).unwrap_or(&Cty::Null), config, planned];
                object(schema, values, &path.clone().index(at), faults);
            }
        }
        // The elements of sets have no counterparts: Terraform counts them and no more.
        _ => {}
    }
}
