//! The user's merge patches on rendered objects.

use serde_json::{Map, Value};

use super::Object;
use crate::config::Patch;

/// Why a patch is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// Its target is none of the objects.
    #[error("patch {index} is for {kind} `{name}`, which is not rendered; there are {available}")]
    Unmatched {
        /// Its place in the list, from zero.
        index: usize,
        /// Kind of the target.
        kind: String,
        /// Name of the target.
        name: String,
        /// What could be meant: the objects of that kind, or all kinds when there is none.
        available: String,
    },
    /// It would make another object of its target.
    #[error(
        "patch {index} changes {field} of {object}; a patch can't make another object of its target"
    )]
    Identity {
        /// Its place in the list, from zero.
        index: usize,
        /// The field.
        field: &'static str,
        /// The target.
        object: String,
    },
}

pub(super) fn apply(objects: &mut [Object], patches: &[Patch]) -> Result<(), PatchError> {
    for (
        index,
        Patch {
            target,
            merge: changes,
        },
    ) in patches.iter().enumerate()
    {
        let Some(object) = objects
            .iter_mut()
            .find(|object| object.kind == target.kind && object.name == target.name)
        else {
            return Err(PatchError::Unmatched {
                index,
                kind: target.kind.clone(),
                name: target.name.clone(),
                available: available(objects, &target.kind),
            });
        };
        let before = object.body.clone();
        merge(&mut object.body, changes);
        for field in ["apiVersion", "kind", "metadata.name", "metadata.namespace"] {
            let pointer = format!("/{}", field.replace('.', "/"));
            if before.pointer(&pointer) != object.body.pointer(&pointer) {
                return Err(PatchError::Identity {
                    index,
                    field,
                    object: object.key(),
                });
            }
        }
    }
    Ok(())
}

fn available(objects: &[Object], kind: &str) -> String {
    let mut names: Vec<&str> = objects
        .iter()
        .filter(|object| object.kind == kind)
        .map(|object| object.name.as_str())
        .collect();
    if names.is_empty() {
        names = objects.iter().map(|object| object.kind.as_str()).collect();
        names.sort_unstable();
        names.dedup();
    }
    names.join(", ")
}

/// JSON merge patch, RFC 7386.
fn merge(target: &mut Value, changes: &Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else {
        return;
    };
    for (key, change) in changes {
        match change {
            Value::Null => {
                fields.remove(key);
            }
            Value::Object(inner) => merge(fields.entry(key.clone()).or_insert(Value::Null), inner),
            other => {
                fields.insert(key.clone(), other.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manifests::{example, render};

    fn patch(kind: &str, name: &str, merge: &Value) -> Vec<Patch> {
        let document = json!([{ "target": { "kind": kind, "name": name }, "merge": merge }]);
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn a_patch_changes_its_target_and_nothing_else() {
        let mut config = example::config();
        let before = render(&config).unwrap();
        config.patches = patch(
            "Deployment",
            "operator",
            &json!({ "spec": { "template": { "spec": { "priorityClassName": "high" } } } }),
        );
        let after = render(&config).unwrap();
        let changed: Vec<String> = before
            .iter()
            .zip(&after)
            .filter(|(before, after)| before != after)
            .map(|(_, after)| after.key())
            .collect();
        assert_eq!(changed, ["Deployment/union/operator"]);
        let deployment = after
            .iter()
            .find(|object| object.kind == "Deployment")
            .unwrap();
        assert_eq!(
            deployment
                .body
                .pointer("/spec/template/spec/priorityClassName"),
            Some(&json!("high"))
        );
    }

    #[test]
    fn a_target_that_is_not_there_is_an_error_that_says_what_is() {
        let mut config = example::config();
        config.patches = patch("Deployment", "opreator", &json!({}));
        let error = render(&config).unwrap_err().to_string();
        assert!(
            error.contains("Deployment `opreator`") && error.ends_with("there are operator"),
            "{error}"
        );
    }

    #[test]
    fn a_patch_can_not_rename() {
        let mut config = example::config();
        config.patches = patch(
            "Service",
            "operator",
            &json!({ "metadata": { "name": "other" } }),
        );
        assert!(matches!(
            render(&config),
            Err(PatchError::Identity {
                field: "metadata.name",
                ..
            })
        ));
    }

    #[test]
    fn merges_by_the_rfc() {
        let mut target = json!({ "a": "b", "c": { "d": "e", "f": "g" }, "list": [1, 2] });
        let changes =
            json!({ "a": "z", "c": { "f": null }, "list": [3], "new": { "x": { "y": null } } });
        merge(&mut target, changes.as_object().unwrap());
        assert_eq!(
            target,
            json!({ "a": "z", "c": { "d": "e" }, "list": [3], "new": { "x": {} } })
        );
    }
}
