//! An action's resource as it comes from the cluster, whatever it holds.
//!
//! The API server keeps values that are none of their kind here: bytes whose last characters say too much, numbers that an older
//! definition let pass. One such resource must neither break off the watch that tells of all others nor go on without an end, so
//! what can't be read of it is left out and named.

use std::borrow::Cow;

use dataplane_api::task_action::{TaskAction, TaskActionSpec, TaskActionStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{action::InvalidSpec, events::shorten};

/// Bytes of what is said of one field: it may repeat the value.
const SAID: usize = 256;
/// Fields that are named.
const NAMED: usize = 8;

/// An action's resource.
#[derive(Clone, Debug)]
pub struct ActionResource {
    /// Without what can't be read.
    pub action: TaskAction,
    /// What can't be read, and why.
    pub unread: Option<InvalidSpec>,
}

impl From<TaskAction> for ActionResource {
    fn from(action: TaskAction) -> Self {
        Self {
            action,
            unread: None,
        }
    }
}

impl<'de> Deserialize<'de> for ActionResource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Parts {
            metadata,
            spec,
            status,
        } = Parts::deserialize(deserializer)?;
        let mut unread = Vec::new();
        let spec: TaskActionSpec = readable("spec", &spec, &mut unread);
        let status: Option<TaskActionStatus> =
            (!status.is_null()).then(|| readable("status", &status, &mut unread));
        unread.truncate(NAMED);
        Ok(Self {
            action: TaskAction {
                metadata,
                spec,
                status,
            },
            unread: (!unread.is_empty()).then(|| InvalidSpec(unread.join("; "))),
        })
    }
}

impl Resource for ActionResource {
    type DynamicType = ();
    type Scope = <TaskAction as Resource>::Scope;

    fn kind((): &()) -> Cow<'_, str> {
        TaskAction::kind(&())
    }
    fn group((): &()) -> Cow<'_, str> {
        TaskAction::group(&())
    }
    fn version((): &()) -> Cow<'_, str> {
        TaskAction::version(&())
    }
    fn plural((): &()) -> Cow<'_, str> {
        TaskAction::plural(&())
    }
    fn meta(&self) -> &ObjectMeta {
        &self.action.metadata
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.action.metadata
    }
}

#[derive(Deserialize)]
struct Parts {
    #[serde(default)]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: Value,
    #[serde(default)]
    status: Value,
}

/// A part of the resource, without those of its fields that can't be read, each of which is named.
fn readable<T: DeserializeOwned + Default + Serialize>(
    part: &str,
    value: &Value,
    unread: &mut Vec<String>,
) -> T {
    if let Ok(whole) = T::deserialize(value) {
        return whole;
    }
    let Value::Object(fields) = value else {
        unread.push(format!("{part} is no object"));
        return T::default();
    };
    // With what must be there.
    let mut left = match serde_json::to_value(T::default()) {
        Ok(Value::Object(empty)) => empty,
        _ => Map::new(),
    };
    for (name, value) in fields {
        let before = left.insert(name.clone(), value.clone());
        if let Err(error) = T::deserialize(&Value::Object(left.clone())) {
            let error = shorten(&error.to_string(), SAID);
            unread.push(format!("{part}.{}: {error}", shorten(name, SAID)));
            match before {
                Some(before) => left.insert(name.clone(), before),
                None => left.remove(name),
            };
        }
    }
    T::deserialize(&Value::Object(left)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::executor::example;

    fn read(change: impl FnOnce(&mut Value)) -> ActionResource {
        let mut resource = serde_json::to_value(example::resource(&example::python())).unwrap();
        change(&mut resource);
        serde_json::from_value(resource).unwrap()
    }

    #[test]
    fn what_can_be_read_is_read_whole() {
        let resource = example::resource(&example::python());
        let read = read(|_| {});
        assert_eq!(read.action, resource);
        assert_eq!(read.unread, None);
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_named() {
        let whole = example::resource(&example::python());
        for (field, value) in [
            ("taskTemplate", json!("CgB=")),
            ("recoveredFrom", json!({ "attempts": 5_000_000_000_u64 })),
            ("recoveredFrom", json!({ "output": "CgB=" })),
            ("actionType", json!("x".repeat(100_000))),
            ("inputUri", json!(3)),
        ] {
            let read = read(|resource| resource["spec"][field] = value.clone());
            let unread = read.unread.unwrap().0;
            assert!(
                unread.starts_with(&format!("spec.{field}: ")) && unread.len() < 400,
                "{unread}"
            );
            assert_eq!(read.action.spec.run_name, whole.spec.run_name, "{field}");
            assert_eq!(read.action.metadata, whole.metadata, "{field}");
        }
        let read = read(|resource| {
            resource["status"] = json!({ "attempts": 5_000_000_000_u64, "systemFailures": 2 });
        });
        let status = read.action.status.unwrap();
        assert_eq!((status.attempts, status.system_failures), (0, 2));
        assert!(read.unread.unwrap().0.starts_with("status.attempts: "));
    }

    #[test]
    fn even_what_is_no_action_at_all_is_read() {
        for spec in [Value::Null, json!("x"), json!({ "runName": 3 })] {
            let read = read(|resource| resource["spec"] = spec.clone());
            assert!(read.unread.is_some(), "{spec}");
            assert_eq!(read.action.spec.run_name, "");
        }
    }
}
