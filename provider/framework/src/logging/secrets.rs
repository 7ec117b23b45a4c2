//! Secrets by value: what the schema calls sensitive or write-only is masked wherever a log line has its text.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use tracing::level_filters::LevelFilter;

use super::sensitive::MASK;
use crate::Cty;
use crate::schema::{Kind, Schema, field};

/// Shorter texts are no secrets, and masking them would take letters out of everything.
const SHORTEST: usize = 4;

/// What was seen since the process began, longest first: a text may contain another.
static SEEN: RwLock<BTreeSet<(Reverse<usize>, String)>> = RwLock::new(BTreeSet::new());

/// Masks the secrets of an object in all log lines from now on.
pub(crate) fn hide(schema: &Schema, object: &Cty) {
    if LevelFilter::current() == LevelFilter::OFF {
        return;
    }
    let mut found = BTreeSet::new();
    collect(schema, object, &mut found);
    if found.is_empty() {
        return;
    }
    let known = SEEN.read().is_ok_and(|seen| found.is_subset(&seen));
    if !known {
        SEEN.write()
            .unwrap_or_else(PoisonError::into_inner)
            .append(&mut found);
    }
}

/// The text with all secrets masked.
pub(super) fn mask(text: String) -> String {
    let seen = SEEN.read().unwrap_or_else(PoisonError::into_inner);
    seen.iter().fold(text, |text, (_, secret)| {
        if text.contains(secret.as_str()) {
            text.replace(secret.as_str(), MASK)
        } else {
            text
        }
    })
}

fn collect(schema: &Schema, object: &Cty, found: &mut BTreeSet<(Reverse<usize>, String)>) {
    for attribute in &schema.attributes {
        let value = field(object, attribute.name);
        match &attribute.kind {
            _ if attribute.sensitive || attribute.write_only => texts(value, found),
            Kind::Nested(_, nested) => match value {
                Cty::List(objects) => {
                    for object in objects {
                        collect(nested, object, found);
                    }
                }
                Cty::Map(objects) => {
                    // Either one object, or objects by name.
                    collect(nested, value, found);
                    for object in objects.values().filter(|inner| inner.as_map().is_some()) {
                        collect(nested, object, found);
                    }
                }
                _ => {}
            },
            Kind::Leaf(_) => {}
        }
    }
}

fn texts(value: &Cty, found: &mut BTreeSet<(Reverse<usize>, String)>) {
    match value {
        Cty::String(text) if text.len() >= SHORTEST => {
            let escaped = text.escape_debug().to_string();
            for form in [escaped, text.clone()] {
                found.insert((Reverse(form.len()), form));
            }
        }
        Cty::List(elements) => elements.iter().for_each(|inner| texts(inner, found)),
        Cty::Map(entries) => entries.values().for_each(|inner| texts(inner, found)),
        Cty::Dynamic(_, value) => texts(value, found),
        _ => {}
    }
}
