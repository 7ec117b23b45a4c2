//! What was found, in the shape that the state had it: so that only a difference in meaning is shown as one.

use std::{collections::BTreeMap, fmt};

use clouds::tags::{CREATING, OWNER, RESOURCE, Tags};
use framework::{Result, Value};

use crate::{
    client::Client,
    ownership::{Kind, Marks},
    tags,
};

/// A collection that was found: none at all where it is empty and the state had none either.
pub fn collection<C: FromIterator<T>, T>(
    state: &Value<C>,
    found: impl IntoIterator<Item = T>,
) -> Value<C> {
    let mut found = found.into_iter().peekable();
    if found.peek().is_none() && !state.is_known() {
        return Value::Null;
    }
    Value::Known(found.collect())
}

/// Enters what was found where the plan left it open. What a plan promised is what the apply answers, and what is otherwise by then
/// is for the next read to show.
pub fn fill<T>(planned: &mut Value<T>, found: impl Into<Value<T>>) {
    if planned.is_unknown() {
        *planned = found.into();
    }
}

/// The tags that are ours among those that were found: all of them, unless this cloud keeps others' tags beside ours. Then it is those
/// that the state has. After an import, which has none, it is what can be known to be ours: the marks, and the provider's tags. What the
/// resource's own arguments name joins them by the apply that follows, and nothing of anybody else's goes.
pub fn our_tags(
    client: &Client,
    (kind, name): (Kind, impl fmt::Display),
    recorded: &Value<BTreeMap<String, String>>,
    mut found: Tags,
) -> Result<Tags> {
    // A name that no mark can hold was never marked, and is for a plan to refuse.
    if let Ok(marks) = Marks::new(client, kind, name) {
        marks.spell(&mut found);
    }
    if !client.clouds()?.account.foreign_tags_stay(kind) {
        return Ok(found);
    }
    Ok(match recorded.known() {
        Some(recorded) => tags::ours(&found, &recorded.keys()),
        None => tags::ours(&found, &client.tags.keys()),
    })
}

/// Shows the tag `Name` where the state has it and it says nothing but the name. AWS gives some objects ids and no names, so that its
/// backend sets this tag by itself and does not tell of it; whoever wrote it as well shall not see it go.
pub fn name_tag(
    name: impl fmt::Display,
    recorded: &Value<BTreeMap<String, String>>,
    found: &mut Tags,
) {
    let written = recorded.known().and_then(|tags| tags.get(NAME));
    if let Some(written) = written
        && *written == name.to_string()
    {
        found
            .entry(NAME.to_owned())
            .or_insert_with(|| written.clone());
    }
}

/// By which the consoles of AWS call an object.
const NAME: &str = "Name";

/// The resource's own tags among those that were found: without the marks and without the provider's tags, unless the
/// resource has them, too.
pub fn own_tags(
    client: &Client,
    state: &Value<BTreeMap<String, String>>,
    found: &Tags,
) -> Value<BTreeMap<String, String>> {
    let own = |key: &String, value: &String| {
        let marked = [OWNER, RESOURCE, CREATING].contains(&key.as_str());
        let written = state.known().is_some_and(|tags| tags.contains_key(key));
        !marked && (written || client.tags.get(key) != Some(value))
    };
    collection(
        state,
        found
            .iter()
            .filter(|(key, value)| own(key, value))
            .map(|(key, value)| (key.clone(), value.clone())),
    )
}
