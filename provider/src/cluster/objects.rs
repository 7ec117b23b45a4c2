//! What the provider asks of a cluster: one narrow trait over whole objects, and how objects are named.

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;

use super::error::Error;

pub use dataplane_api::labels::FIELD_MANAGER;

/// A cluster's objects. Implemented by the API server and by memory; a missing object is [`Error::NotFound`].
#[async_trait]
pub trait Objects: Send + Sync {
    /// Address of the API server, for messages.
    fn host(&self) -> &str;
    /// One object.
    async fn get(&self, object: &ObjectRef) -> Result<Object, Error>;
    /// The objects of a kind in a namespace (or everywhere) that a label selector picks.
    async fn list(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        labels: &str,
    ) -> Result<Vec<Object>, Error>;
    /// Server-side apply with our field manager; answers the live object.
    async fn apply(&self, object: &Object, apply: Apply) -> Result<Object, Error>;
    /// Writes a whole object back; its `resourceVersion` must still be the current one.
    async fn replace(&self, object: &Object) -> Result<Object, Error>;
    /// Starts deletion of the object with this uid; another uid is [`Error::Changed`].
    async fn delete(&self, object: &ObjectRef, uid: &str) -> Result<(), Error>;
    /// Version of the API server.
    async fn version(&self) -> Result<String, Error>;
}

/// How to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apply {
    /// Fields that others manage are an error.
    Claim,
    /// Fields that others manage become ours.
    Force,
}

/// Kind and version of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    pub api_version: String,
    pub kind: String,
}

impl Kind {
    pub fn new(api_version: &str, kind: &str) -> Self {
        Self {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
        }
    }

    /// Path of the group and version below the host.
    pub fn group_path(&self) -> String {
        if self.api_version.contains('/') {
            format!("/apis/{}", self.api_version)
        } else {
            format!("/api/{}", self.api_version)
        }
    }

    /// API group; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// The resource that serves this kind, when it is one of Kubernetes' own; others are discovered.
    pub fn builtin(&self) -> Option<Served> {
        SERVED
            .iter()
            .find(|(api_version, kind, ..)| *api_version == self.api_version && *kind == self.kind)
            .map(|(_, _, plural, namespaced)| Served {
                plural: (*plural).to_owned(),
                namespaced: *namespaced,
            })
    }
}

/// The resource name of a kind, and whether its objects live in namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    pub plural: String,
    pub namespaced: bool,
}

/// Kinds whose path needs no discovery call.
const SERVED: &[(&str, &str, &str, bool)] = &[
    ("v1", "ConfigMap", "configmaps", true),
    ("v1", "Event", "events", true),
    ("v1", "LimitRange", "limitranges", true),
    ("v1", "Namespace", "namespaces", false),
    ("v1", "Pod", "pods", true),
    ("v1", "ResourceQuota", "resourcequotas", true),
    ("v1", "Secret", "secrets", true),
    ("v1", "Service", "services", true),
    ("v1", "ServiceAccount", "serviceaccounts", true),
    (
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        false,
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
        false,
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        false,
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        false,
    ),
    (
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        false,
    ),
    ("apps/v1", "DaemonSet", "daemonsets", true),
    ("apps/v1", "Deployment", "deployments", true),
    ("apps/v1", "ReplicaSet", "replicasets", true),
    ("apps/v1", "StatefulSet", "statefulsets", true),
    ("batch/v1", "CronJob", "cronjobs", true),
    ("batch/v1", "Job", "jobs", true),
    ("coordination.k8s.io/v1", "Lease", "leases", true),
    (
        "networking.k8s.io/v1",
        "NetworkPolicy",
        "networkpolicies",
        true,
    ),
    (
        "policy/v1",
        "PodDisruptionBudget",
        "poddisruptionbudgets",
        true,
    ),
    (
        "rbac.authorization.k8s.io/v1",
        "ClusterRole",
        "clusterroles",
        false,
    ),
    (
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
        "clusterrolebindings",
        false,
    ),
    ("rbac.authorization.k8s.io/v1", "Role", "roles", true),
    (
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "rolebindings",
        true,
    ),
    (
        "scheduling.k8s.io/v1",
        "PriorityClass",
        "priorityclasses",
        false,
    ),
];

/// The full name of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    pub kind: Kind,
    pub namespace: Option<String>,
    pub name: String,
}

impl ObjectRef {
    pub fn new(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> Self {
        Self {
            kind: Kind::new(api_version, kind),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }

    pub fn namespace(name: &str) -> Self {
        Self::new("v1", "Namespace", None, name)
    }

    /// The name under which state keeps the object: `Kind/namespace/name`.
    pub fn key(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{}/{namespace}/{}", self.kind.kind, self.name),
            None => format!("{}/{}", self.kind.kind, self.name),
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind.kind, self.name),
            None => write!(f, "{} {}", self.kind.kind, self.name),
        }
    }
}

/// One object as JSON, with its `apiVersion` and `kind`.
#[derive(Clone, Debug, PartialEq)]
pub struct Object(pub Value);

impl Object {
    /// Its full name.
    pub fn reference(&self) -> ObjectRef {
        let text = |pointer: &str| self.0.pointer(pointer).and_then(Value::as_str);
        ObjectRef::new(
            text("/apiVersion").unwrap_or_default(),
            text("/kind").unwrap_or_default(),
            text("/metadata/namespace"),
            text("/metadata/name").unwrap_or_default(),
        )
    }

    pub fn uid(&self) -> &str {
        self.text("/metadata/uid")
    }

    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.0
            .get("metadata")?
            .get("annotations")?
            .get(key)?
            .as_str()
    }

    pub fn label(&self, key: &str) -> Option<&str> {
        self.0.get("metadata")?.get("labels")?.get(key)?.as_str()
    }

    /// Sets an annotation; on something that is no object, does nothing.
    pub fn annotate(&mut self, key: &str, value: &str) {
        let Some(metadata) = self.0.get_mut("metadata").and_then(Value::as_object_mut) else {
            return;
        };
        let annotations = metadata
            .entry("annotations")
            .or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(key.to_owned(), Value::String(value.to_owned()));
        }
    }

    /// Whether its deletion has begun.
    pub fn is_deleting(&self) -> bool {
        self.0.pointer("/metadata/deletionTimestamp").is_some()
    }

    pub fn finalizers(&self) -> Vec<&str> {
        self.0
            .pointer("/metadata/finalizers")
            .and_then(Value::as_array)
            .map(|finalizers| finalizers.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default()
    }

    /// The text at a JSON pointer; empty when there is none.
    pub fn text(&self, pointer: &str) -> &str {
        self.0
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The whole number at a JSON pointer; zero when there is none.
    pub fn number(&self, pointer: &str) -> i64 {
        self.0
            .pointer(pointer)
            .and_then(Value::as_i64)
            .unwrap_or_default()
    }

    /// The list at a JSON pointer; empty when there is none.
    pub fn items(&self, pointer: &str) -> &[Value] {
        self.0
            .pointer(pointer)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_listed_once_in_order() {
        let names: Vec<_> = SERVED
            .iter()
            .map(|(version, kind, ..)| (version, kind))
            .collect();
        assert!(
            names
                .iter()
                .collect::<std::collections::BTreeSet<_>>()
                .len()
                == names.len()
        );
    }

    #[test]
    fn keys_follow_the_scope() {
        assert_eq!(ObjectRef::namespace("union").key(), "Namespace/union");
        assert_eq!(
            ObjectRef::new("v1", "Service", Some("union"), "a").key(),
            "Service/union/a"
        );
    }
}
