//! A saved plan: what it would change, and that it would change nothing.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use serde_json::Value;

/// The longest value that is printed whole.
const LONGEST: usize = 160;

/// A saved plan.
#[derive(Clone, Debug)]
pub struct Plan {
    pub json: Value,
    /// What `-detailed-exitcode` said: Terraform compares more than the JSON shows.
    pub differs: bool,
}

impl Plan {
    /// Addresses with what would be done to them, without what stays as it is.
    pub fn changes(&self) -> Vec<(String, Vec<String>)> {
        changes(&self.json["resource_changes"])
    }

    /// The same for what changed outside of Terraform.
    pub fn drift(&self) -> Vec<(String, Vec<String>)> {
        changes(&self.json["resource_drift"])
    }

    /// What changed outside of Terraform, as it is now: `address`, and nothing beside it.
    pub fn only_drift(&self, address: &str) -> Result<&Value> {
        let drift: Vec<&Value> = self.json["resource_drift"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|change| !is_no_change(change))
            .collect();
        ensure!(
            matches!(drift.as_slice(), [one] if one["address"] == address),
            "{address} alone was to change, and not {:?}",
            self.drift()
        );
        Ok(&drift[0]["change"]["after"])
    }

    pub fn assert_empty(&self, what: &str) -> Result<()> {
        self.assert_no_difference(what)?;
        ensure!(
            !self.differs,
            "{what} shows no difference, but its exit code says that there is one"
        );
        Ok(())
    }

    /// The same but for the exit code, which tells of a difference after each refresh of some types of hashicorp's providers:
    /// hashicorp/terraform#36403.
    pub fn assert_no_difference(&self, what: &str) -> Result<()> {
        let lists = [
            ("resource_changes", "planned"),
            ("resource_drift", "changed outside of Terraform"),
        ];
        let differences: Vec<String> = lists
            .iter()
            .flat_map(|(list, how)| {
                let changes = self.json[list].as_array().into_iter().flatten();
                changes
                    .filter(|change| !is_no_change(change))
                    .map(move |change| describe(how, change))
            })
            .collect();
        ensure!(
            differences.is_empty(),
            "{what} is not empty:\n{}",
            differences.join("\n")
        );
        Ok(())
    }
}

fn changes(list: &Value) -> Vec<(String, Vec<String>)> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter(|change| !is_no_change(change))
        .map(|change| (text(&change["address"]), actions(change)))
        .collect()
}

fn actions(change: &Value) -> Vec<String> {
    let actions = change["change"]["actions"].as_array();
    actions.into_iter().flatten().map(text).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn is_no_change(change: &Value) -> bool {
    actions(change).iter().all(|action| action == "no-op")
}

/// A change with each place that differs on a line of its own.
fn describe(how: &str, change: &Value) -> String {
    let sides = &change["change"];
    let mut lines = vec![format!(
        "{} ({how}: {})",
        text(&change["address"]),
        actions(change).join(", ")
    )];
    differences(
        "",
        sides.get("before"),
        sides.get("after"),
        &sides["after_unknown"],
        &mut lines,
    );
    lines.join("\n")
}

/// Descends to where the two sides differ, also into texts that are JSON, such as rendered objects.
fn differences(
    path: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    unknown: &Value,
    lines: &mut Vec<String>,
) {
    if before == after && !is_unknown(unknown) {
        return;
    }
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let also = unknown
                .as_object()
                .into_iter()
                .flat_map(|names| names.keys());
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).chain(also).collect();
            for name in names {
                let path = if name.contains(['/', '.']) {
                    format!("{path}[{name:?}]")
                } else if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                differences(&path, old.get(name), new.get(name), &unknown[name], lines);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                let path = format!("{path}[{index}]");
                differences(&path, Some(old), Some(new), &unknown[index], lines);
            }
        }
        (Some(old), Some(new)) => match (document(old), document(new)) {
            (Some(old), Some(new)) => differences(path, Some(&old), Some(&new), unknown, lines),
            _ => lines.push(line(path, before, after, unknown)),
        },
        _ => lines.push(line(path, before, after, unknown)),
    }
}

/// Whether anything in it is known only after the apply.
fn is_unknown(unknown: &Value) -> bool {
    match unknown {
        Value::Bool(unknown) => *unknown,
        Value::Object(members) => members.values().any(is_unknown),
        Value::Array(elements) => elements.iter().any(is_unknown),
        _ => false,
    }
}

/// The object or list that a text holds as JSON.
fn document(value: &Value) -> Option<Value> {
    let parsed: Value = serde_json::from_str(value.as_str()?).ok()?;
    (parsed.is_object() || parsed.is_array()).then_some(parsed)
}

fn line(path: &str, before: Option<&Value>, after: Option<&Value>, unknown: &Value) -> String {
    let after = if unknown == &Value::Bool(true) {
        "(known after apply)".to_owned()
    } else {
        shown(after)
    };
    format!("  {path}: {} -> {after}", shown(before))
}

fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else {
        return "(absent)".to_owned();
    };
    let text = value.to_string();
    let short: String = text.chars().take(LONGEST).collect();
    if short.len() == text.len() {
        text
    } else {
        format!("{short}… ({} bytes)", text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plan(before: &Value, after: &Value, unknown: &Value, differs: bool) -> Plan {
        let change = json!({ "actions": ["update"], "before": before, "after": after, "after_unknown": unknown });
        Plan {
            json: json!({ "resource_changes": [{ "address": "a.this", "change": change }] }),
            differs,
        }
    }

    #[test]
    fn a_difference_is_a_line_with_its_place() {
        let object = |spec: Value| json!({ "kind": "Lease", "spec": spec }).to_string();
        let before = json!({ "name": "x", "health": "ready", "tags": ["a", "b"], "objects": { "Lease/union/operator": object(json!({})) } });
        let after = json!({ "name": "x", "tags": ["a", "c"], "objects": { "Lease/union/operator": object(json!({ "holder": "operator-0" })) } });
        let plan = plan(&before, &after, &json!({ "health": true }), true);
        let error = plan.assert_empty("the plan").unwrap_err().to_string();
        let lines: Vec<&str> = error.lines().collect();
        assert_eq!(
            lines,
            [
                "the plan is not empty:",
                "a.this (planned: update)",
                "  health: \"ready\" -> (known after apply)",
                "  objects[\"Lease/union/operator\"].spec.holder: (absent) -> \"operator-0\"",
                "  tags[1]: \"b\" -> \"c\"",
            ]
        );
    }

    #[test]
    fn long_values_are_cut() {
        let plan = plan(
            &json!({ "a": "x".repeat(5000) }),
            &json!({ "a": "y" }),
            &json!({}),
            true,
        );
        let error = plan.assert_empty("the plan").unwrap_err().to_string();
        assert!(error.len() < 400, "{error}");
        assert!(error.contains("(5002 bytes) -> \"y\""), "{error}");
    }

    #[test]
    fn what_only_the_exit_code_says_counts() {
        let empty = Plan {
            json: json!({ "resource_changes": [], "resource_drift": [] }),
            differs: false,
        };
        empty.assert_empty("the plan").unwrap();
        let differs = Plan {
            differs: true,
            ..empty
        };
        assert!(differs.assert_empty("the plan").is_err());
    }
}
