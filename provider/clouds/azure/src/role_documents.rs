//! The document that shows what a role may do: its assignments, the role of its own, and the vaults on which nobody could look.

use std::collections::BTreeSet;

use clouds::policies::PolicyDocument;
use serde_json::{Value, json};

use crate::arm::ResourceId;
use crate::permissions::{AssignedRole, BuiltIn};
use crate::role_assignments::Assignment;

const ASSIGNMENTS: &str = "roleAssignments";
const DEFINITIONS: &str = "roleDefinitions";
const UNSEEN: &str = "unseenVaults";

pub(crate) fn entry(scope: &ResourceId, role: &str, condition: Option<&str>) -> Value {
    let mut entry = json!({ "scope": scope.as_str(), "role": role });
    if let Some(condition) = condition {
        entry["condition"] = json!(condition);
    }
    entry
}

pub(crate) fn of(entries: &[Value], own: Option<Value>) -> PolicyDocument {
    with(entries, own, &BTreeSet::new())
}

fn with(entries: &[Value], own: Option<Value>, unseen: &BTreeSet<String>) -> PolicyDocument {
    let mut document = json!({ ASSIGNMENTS: entries });
    if let Some(own) = own {
        document[DEFINITIONS] = json!([own]);
    }
    if !unseen.is_empty() {
        document[UNSEEN] = json!(unseen);
    }
    PolicyDocument::new(document)
}

/// What was found at the known scopes, with the scopes in our spelling.
pub(crate) fn found(
    assigned: &[Assignment],
    scopes: &[ResourceId],
    writer: &AssignedRole,
    own: Option<Value>,
    unseen: &BTreeSet<String>,
) -> PolicyDocument {
    let entries = assigned.iter().filter_map(|assignment| {
        let scope = scopes.iter().find(|scope| **scope == assignment.scope)?;
        let guid = assignment.guid();
        let mut built_in = BuiltIn::ALL.into_iter();
        let role = match built_in.find(|role| role.id() == guid) {
            Some(role) => role.name(),
            None if guid == writer.guid => &writer.name,
            None => &assignment.role,
        };
        Some(entry(scope, role, assignment.condition.as_deref()))
    });
    with(&entries.collect::<Vec<_>>(), own, unseen)
}

/// The role of its own that a document holds.
pub(crate) fn own_role(policy: Option<&PolicyDocument>) -> Option<&Value> {
    policy?.value()[DEFINITIONS].get(0)
}

/// The scopes that a document names.
pub(crate) fn scopes(policy: Option<&PolicyDocument>) -> Vec<ResourceId> {
    let scopes = listed(policy, ASSIGNMENTS).filter_map(|entry| entry["scope"].as_str());
    scopes.map(ResourceId::new).collect()
}

/// The vaults of a role on which it could not be seen what it has.
pub(crate) fn unseen(policy: Option<&PolicyDocument>) -> Vec<&str> {
    listed(policy, UNSEEN).filter_map(Value::as_str).collect()
}

/// A list, also in the form in which one element stands for itself.
fn listed<'p>(policy: Option<&'p PolicyDocument>, name: &str) -> impl Iterator<Item = &'p Value> {
    let list = match policy.map(|policy| &policy.value()[name]) {
        Some(Value::Array(list)) => list.as_slice(),
        Some(Value::Null) | None => &[],
        Some(one) => std::slice::from_ref(one),
    };
    list.iter()
}
