//! Who owns which fields, as the API server's server-side apply keeps it: for the memory backend.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::projection::list_key;

/// A leaf of an object, as steps in `fieldsV1` notation.
pub type Leaf = Vec<String>;

/// The owned leaves of each manager, with how it wrote them.
pub type Owners = BTreeMap<String, BTreeSet<Leaf>>;

/// The leaves of an object, without what identifies it and what only the server writes.
pub fn leaves(object: &Value) -> BTreeSet<Leaf> {
    let mut found = BTreeSet::new();
    walk(object, "", &mut Vec::new(), &mut found);
    found.retain(|leaf| !is_identity(leaf));
    found
}

fn is_identity(leaf: &[String]) -> bool {
    let top = leaf.first().map(String::as_str).unwrap_or_default();
    let second = leaf.get(1).map(String::as_str).unwrap_or_default();
    let server = [
        "f:name",
        "f:namespace",
        "f:uid",
        "f:resourceVersion",
        "f:generation",
        "f:managedFields",
        "f:creationTimestamp",
        "f:deletionTimestamp",
    ];
    matches!(top, "f:apiVersion" | "f:kind" | "f:status")
        || top == "f:metadata" && server.contains(&second)
}

fn walk(value: &Value, list: &str, at: &mut Leaf, found: &mut BTreeSet<Leaf>) {
    let mut leaf = true;
    match value {
        Value::Object(members) if !members.is_empty() => {
            leaf = false;
            for (name, value) in members {
                at.push(format!("f:{name}"));
                walk(value, name, at, found);
                at.pop();
            }
        }
        Value::Array(elements) => {
            if let Some(key) = list_key(list, elements) {
                leaf = false;
                for element in elements {
                    at.push(format!("k:{}", json!({ key: element[key] })));
                    walk(element, "", at, found);
                    at.pop();
                }
            }
        }
        _ => {}
    }
    if leaf {
        found.insert(at.clone());
    }
}

/// The value of a leaf in an object.
pub fn value_at<'a>(object: &'a Value, leaf: &[String]) -> Option<&'a Value> {
    leaf.iter()
        .try_fold(object, |value, step| match step.strip_prefix("f:") {
            Some(name) => value.get(name),
            None => value
                .as_array()?
                .iter()
                .find(|element| is_keyed(element, step)),
        })
}

/// Removes a leaf, and what becomes empty by that.
pub fn remove(object: &mut Value, leaf: &[String]) {
    let Some((step, rest)) = leaf.split_first() else {
        return;
    };
    if let Some(name) = step.strip_prefix("f:") {
        let Some(members) = object.as_object_mut() else {
            return;
        };
        if let Some(value) = members.get_mut(name) {
            remove(value, rest);
            if rest.is_empty() || is_hollow(value) {
                members.remove(name);
            }
        }
        return;
    }
    let Some(elements) = object.as_array_mut() else {
        return;
    };
    if let Some(index) = elements.iter().position(|element| is_keyed(element, step)) {
        remove(&mut elements[index], rest);
        if rest.is_empty() || is_hollow(&elements[index]) {
            elements.remove(index);
        }
    }
}

/// Lays applied members over live ones, matching the elements of associative lists.
pub fn lay_over(live: &mut Value, applied: &Value, list: &str) {
    match (live, applied) {
        (Value::Object(live), Value::Object(applied)) => {
            for (name, value) in applied {
                lay_over(live.entry(name.clone()).or_insert(Value::Null), value, name);
            }
        }
        (Value::Array(live), Value::Array(applied)) if list_key(list, applied).is_some() => {
            let key = list_key(list, applied).unwrap_or_default();
            for element in applied {
                match live.iter_mut().find(|live| live[key] == element[key]) {
                    Some(live) => lay_over(live, element, ""),
                    None => live.push(element.clone()),
                }
            }
        }
        (live, applied) => *live = applied.clone(),
    }
}

/// The `managedFields` of an object.
pub fn managed_fields(owners: &Owners) -> Value {
    owners
        .iter()
        .filter(|(_, leaves)| !leaves.is_empty())
        .map(|(manager, leaves)| {
            let mut tree = Value::Object(Map::new());
            for leaf in leaves {
                let end = leaf.iter().fold(&mut tree, |tree, step| &mut tree[step.as_str()]);
                *end = json!({});
            }
            json!({ "manager": manager, "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": tree })
        })
        .collect()
}

/// `.spec.containers[name="a"].image`, as the API server names a field in a conflict.
pub fn dotted(leaf: &[String]) -> String {
    leaf.iter()
        .map(|step| match step.strip_prefix("f:") {
            Some(name) => format!(".{name}"),
            None => format!(
                "[{}]",
                step.trim_start_matches("k:")
                    .trim_matches(['{', '}'])
                    .replace("\":", "\"=")
            ),
        })
        .collect()
}

fn is_keyed(element: &Value, step: &str) -> bool {
    let keys: Option<Map<String, Value>> = step
        .strip_prefix("k:")
        .and_then(|keys| serde_json::from_str(keys).ok());
    keys.is_some_and(|keys| {
        keys.iter()
            .all(|(name, value)| element.get(name) == Some(value))
    })
}

fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        _ => false,
    }
}
