//! Planning: what the object will be, from schema, configuration and prior state alone.
//!
//! Order: defaults, write-only to null, the prior spelling of what means the same (by itself, then as the resource says),
//! unknown for what the provider will compute, then the resource's own hook, then replacement.

mod nested;
mod replace;

use crate::schema::{Kind, Nesting, Schema, SchemaAttribute, field};
use crate::{AttributePath, Cty, Diagnostic, Diagnostics};
use nested::descend;

pub(crate) use replace::{normalize, replacements};

/// What is wanted of an object that is created or updated, in the prior spelling, before the resource's own.
///
/// `proposed` is Terraform's merge of configuration and prior state.
pub(crate) fn propose(schema: &Schema, config: &Cty, prior: &Cty, proposed: Cty) -> Cty {
    let defaulted = with_defaults(schema, proposed, config);
    let stored = without_write_only(schema, defaulted);
    respell(schema, stored, prior)
}

/// The planned state, before the resource's own hook: what is wanted, and what nobody can tell yet.
pub(crate) fn complete(schema: &Schema, config: &Cty, prior: &Cty, spelled: Cty) -> Cty {
    if schema.equal(&spelled, prior) {
        spelled
    } else {
        with_unknowns(schema, spelled, config, prior)
    }
}

/// Rewrites the attributes of an object. Null and unknown objects stay what they are.
fn rewrite(
    schema: &Schema,
    object: Cty,
    mut rule: impl FnMut(&SchemaAttribute, Cty) -> Cty,
) -> Cty {
    let Cty::Map(mut values) = object else {
        return object;
    };
    for attribute in &schema.attributes {
        let value = values.remove(attribute.name).unwrap_or_default();
        values.insert(attribute.name.to_owned(), rule(attribute, value));
    }
    Cty::Map(values)
}

fn with_defaults(schema: &Schema, object: Cty, config: &Cty) -> Cty {
    rewrite(schema, object, |attribute, value| {
        let configured = field(config, attribute.name);
        let value = match attribute.default {
            Some(default) if configured.is_null() => default(),
            _ if configured.is_null() => return value,
            _ => value,
        };
        match &attribute.kind {
            Kind::Nested(nesting, schema) => {
                descend(*nesting, schema, value, &[configured], |object, around| {
                    with_defaults(schema, object, around[0])
                })
            }
            Kind::Leaf(_) => value,
        }
    })
}

/// The object without its write-only values, as it may be stored.
pub(crate) fn without_write_only(schema: &Schema, object: Cty) -> Cty {
    rewrite(schema, object, |attribute, value| match &attribute.kind {
        _ if attribute.write_only => Cty::Null,
        Kind::Nested(nesting, schema) => descend(*nesting, schema, value, &[], |object, _| {
            without_write_only(schema, object)
        }),
        Kind::Leaf(_) => value,
    })
}

/// The object with its write-only values, as create and update see it.
pub(crate) fn with_write_only(schema: &Schema, object: Cty, config: &Cty) -> Cty {
    rewrite(schema, object, |attribute, value| {
        let configured = field(config, attribute.name);
        match &attribute.kind {
            _ if attribute.write_only => configured.clone(),
            Kind::Nested(nesting, schema) => {
                descend(*nesting, schema, value, &[configured], |object, around| {
                    with_write_only(schema, object, around[0])
                })
            }
            Kind::Leaf(_) => value,
        }
    })
}

/// The paths of write-only attributes that have a value.
pub(crate) fn write_only_values(schema: &Schema, object: &Cty) -> Vec<AttributePath> {
    let set = schema.attributes.iter().filter(|attribute| {
        let value = field(object, attribute.name).clone();
        let stored = rewrite_one(attribute, value.clone());
        stored != value
    });
    set.map(|attribute| AttributePath::root().attribute(attribute.name))
        .collect()
}

fn rewrite_one(attribute: &SchemaAttribute, value: Cty) -> Cty {
    match &attribute.kind {
        _ if attribute.write_only => Cty::Null,
        Kind::Nested(nesting, schema) => descend(*nesting, schema, value, &[], |object, _| {
            without_write_only(schema, object)
        }),
        Kind::Leaf(_) => value,
    }
}

/// The object with the spelling of `reference` wherever both mean the same.
pub(crate) fn respell(schema: &Schema, object: Cty, reference: &Cty) -> Cty {
    rewrite(schema, object, |attribute, value| {
        let other = field(reference, attribute.name);
        // A null of dynamic type may have brought a type, which a model does not hold.
        if value.is_null() && other.is_null() {
            return other.clone();
        }
        if value.is_null() || value.is_unknown() || other.is_null() || other.is_unknown() {
            return value;
        }
        match &attribute.kind {
            // Two elements that mean the same are one in a model, so a set is looked at as a whole first.
            Kind::Nested(Nesting::Set, _) | Kind::Leaf(_) if attribute.same(&value, other) => {
                other.clone()
            }
            Kind::Nested(nesting, schema) => {
                descend(*nesting, schema, value, &[other], |object, around| {
                    respell(schema, object, around[0])
                })
            }
            Kind::Leaf(_) => value,
        }
    })
}

fn with_unknowns(schema: &Schema, object: Cty, config: &Cty, prior: &Cty) -> Cty {
    rewrite(schema, object, |attribute, value| {
        let configured = field(config, attribute.name);
        let before = field(prior, attribute.name);
        if attribute.presence.is_computed() && configured.is_null() && attribute.default.is_none() {
            return match (attribute.stable, value, before) {
                (true, Cty::Null, Cty::Null) | (false, ..) => Cty::Unknown,
                (true, Cty::Null, before) => before.clone(),
                (true, value, _) => value,
            };
        }
        match &attribute.kind {
            Kind::Nested(nesting, schema) => descend(
                *nesting,
                schema,
                value,
                &[configured, before],
                |object, around| with_unknowns(schema, object, around[0], around[1]),
            ),
            Kind::Leaf(_) => value,
        }
    })
}

/// `original` with what differs between `before` and `after`.
pub(crate) fn overlay(original: Cty, before: &Cty, after: &Cty) -> Cty {
    if before == after {
        return original;
    }
    match (original, before, after) {
        (Cty::Map(original), Cty::Map(before), Cty::Map(after))
            if before.keys().eq(after.keys()) && original.keys().eq(after.keys()) =>
        {
            let entries = original.into_iter().map(|(key, value)| {
                let overlaid = overlay(value, &before[&key], &after[&key]);
                (key, overlaid)
            });
            Cty::Map(entries.collect())
        }
        (Cty::List(original), Cty::List(before), Cty::List(after))
            if before.len() == after.len() && original.len() == after.len() =>
        {
            let elements = original.into_iter().zip(before.iter().zip(after));
            elements
                .map(|(value, (before, after))| overlay(value, before, after))
                .collect()
        }
        _ => after.clone(),
    }
}

/// Complaints about attributes whose spelling a resource changed to another than the prior one, which Terraform would not take.
pub(crate) fn misspelled(schema: &Schema, prior: &Cty, before: &Cty, after: &Cty) -> Diagnostics {
    let changed = schema.attributes.iter().filter(|attribute| {
        let [prior, before, after] =
            [prior, before, after].map(|object| field(object, attribute.name));
        before != after && (before.is_null() || after != prior)
    });
    let complaint = |attribute: &SchemaAttribute| {
        Diagnostic::error(
            "Invalid plan",
            "the provider spelled this in another way than the state has it; this is a bug in the provider",
        )
        .at(AttributePath::root().attribute(attribute.name))
    };
    changed.map(complaint).collect()
}

/// Complaints about attributes that a hook changed though the configuration decides them.
pub(crate) fn overruled(schema: &Schema, config: &Cty, before: &Cty, after: &Cty) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    collect_overruled(
        schema,
        [config, before, after],
        &AttributePath::root(),
        &mut diagnostics,
    );
    diagnostics
}

fn collect_overruled(
    schema: &Schema,
    [config, before, after]: [&Cty; 3],
    path: &AttributePath,
    diagnostics: &mut Diagnostics,
) {
    for attribute in &schema.attributes {
        let [config, before, after] =
            [config, before, after].map(|object| field(object, attribute.name));
        let free = attribute.presence.is_computed() && config.is_null();
        if free || attribute.kind.equal(before, after) {
            continue;
        }
        let path = path.clone().attribute(attribute.name);
        let inside = match (&attribute.kind, before, after) {
            (
                Kind::Nested(nesting, schema),
                before @ (Cty::Map(_) | Cty::List(_)),
                Cty::Map(_) | Cty::List(_),
            ) => nested::pairs(*nesting, schema, &path, after, [config, before])
                .map(|elements| (*schema, elements)),
            _ => None,
        };
        match inside {
            Some((schema, elements)) => {
                for (path, after, [config, before]) in elements {
                    collect_overruled(schema, [config, before, after], &path, diagnostics);
                }
            }
            None => diagnostics.error_at(
                path,
                "Invalid plan",
                "the provider planned another value than the configuration has; this is a bug in the provider",
            ),
        }
    }
}

#[cfg(test)]
mod tests;
