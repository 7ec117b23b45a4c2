//! Which fields of a live object others set, as the API server's `managedFields` record them.

use serde_json::{Map, Value};

use super::objects::{FIELD_MANAGER, Object};

/// A tree of fields in the API server's own notation (`f:name`, `k:{"name":"a"}`, `v:"x"`, `.`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// The fields that managers other than ours set, without those of the status and scale subresources.
    ///
    /// Server defaults belong to nobody, so what remains was written by a person or a controller.
    pub fn of_others(live: &Object) -> Self {
        let mut fields = Map::new();
        for entry in live.items("/metadata/managedFields") {
            let manager = entry
                .get("manager")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let subresource = entry
                .get("subresource")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if manager == FIELD_MANAGER || !subresource.is_empty() {
                continue;
            }
            if let Some(Value::Object(theirs)) = entry.get("fieldsV1") {
                merge(&mut fields, theirs);
            }
        }
        Self(fields)
    }

    /// The fields below a member of a map or struct; `None` when nobody else set it.
    pub fn member(&self, name: &str) -> Option<Self> {
        self.below(&format!("f:{name}"))
    }

    /// The fields below the list element whose key members have these values.
    pub fn element(&self, element: &Value) -> Option<Self> {
        self.0.iter().find_map(|(step, below)| {
            let keys: Map<String, Value> = serde_json::from_str(step.strip_prefix("k:")?).ok()?;
            let matches = keys
                .iter()
                .all(|(name, value)| element.get(name) == Some(value));
            matches.then(|| Self(below.as_object().cloned().unwrap_or_default()))
        })
    }

    fn below(&self, step: &str) -> Option<Self> {
        let below = self.0.get(step)?;
        Some(Self(below.as_object().cloned().unwrap_or_default()))
    }
}

/// The managers, other than ours, that set anything outside of the subresources.
pub fn managers_of(live: &Object) -> Vec<String> {
    let mut managers: Vec<String> = live
        .items("/metadata/managedFields")
        .iter()
        .filter(|entry| entry.get("subresource").is_none())
        .filter_map(|entry| entry.get("manager").and_then(Value::as_str))
        .filter(|manager| *manager != FIELD_MANAGER)
        .map(str::to_owned)
        .collect();
    managers.sort();
    managers.dedup();
    managers
}

fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (step, below) in from {
        let known = into
            .entry(step.clone())
            .or_insert_with(|| Value::Object(Map::new()));
        if let (Value::Object(known), Value::Object(below)) = (known, below) {
            merge(known, below);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ours_and_subresources_are_left_out() {
        let live = Object(json!({ "metadata": { "managedFields": [
            { "manager": FIELD_MANAGER, "fieldsV1": { "f:spec": { "f:a": {} } } },
            { "manager": "kube-controller-manager", "subresource": "status", "fieldsV1": { "f:status": {} } },
            { "manager": "kubectl-edit", "fieldsV1": { "f:spec": { "f:list": { "k:{\"name\":\"x\"}": { "f:b": {} } } } } },
        ] } }));
        let others = Fields::of_others(&live);
        let spec = others.member("spec").unwrap();
        assert!(spec.member("a").is_none());
        assert!(others.member("status").is_none());
        let element = spec
            .member("list")
            .unwrap()
            .element(&json!({ "name": "x", "b": 1 }))
            .unwrap();
        assert!(element.member("b").is_some());
        assert_eq!(managers_of(&live), ["kubectl-edit"]);
    }
}
