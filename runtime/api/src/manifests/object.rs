//! A rendered object: what identifies it, and its body.

use std::{collections::BTreeMap, fmt};

use k8s_openapi::{Metadata, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use serde::Serialize;
use serde_json::Value;

use crate::{
    OperatorConfig,
    labels::{self, Labels},
    names::{Namespace, OperatorName},
};

/// One Kubernetes object, as it is applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Group and version: `apps/v1`, `v1`.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Namespace, unless the object is cluster-wide.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// The whole object.
    pub body: Value,
    /// Who makes it.
    pub origin: Origin,
}

/// Who makes an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// We do: an object that is there already is somebody else's, and it is deleted with the rest.
    Ours,
    /// The cluster does (the `default` service account of a namespace): we add our fields to it and never delete it.
    Cluster,
}

impl Object {
    /// `Kind/namespace/name`, or `Kind/name` for what is cluster-wide: unique among the objects of an operator.
    pub fn key(&self) -> String {
        self.to_string()
    }

    /// The name in the API's path: `deployments`, `networkpolicies`.
    pub fn plural(&self) -> String {
        let kind = self.kind.to_ascii_lowercase();
        match kind.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None if kind.ends_with('s') => format!("{kind}es"),
            None => format!("{kind}s"),
        }
    }

    pub(super) fn of<K: Metadata<Ty = ObjectMeta> + Serialize>(object: &K) -> Self {
        let ObjectMeta {
            name, namespace, ..
        } = object.metadata();
        Self {
            api_version: K::API_VERSION.to_owned(),
            kind: K::KIND.to_owned(),
            namespace: namespace.clone(),
            name: name.clone().unwrap_or_default(),
            body: serde_json::to_value(object).expect("the keys of Kubernetes types are text"),
            origin: Origin::Ours,
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{}/{namespace}/{}", self.kind, self.name),
            None => write!(f, "{}/{}", self.kind, self.name),
        }
    }
}

/// Name, namespace and labels of an object in the operator's namespace.
pub(super) fn meta(
    config: &OperatorConfig,
    component: Option<&str>,
    name: impl Into<String>,
) -> ObjectMeta {
    metadata(
        &config.name,
        &config.labels,
        Some(&config.namespace),
        component,
        name,
    )
}

/// Name and labels of a cluster-wide object: the name carries namespace and operator.
pub(super) fn cluster_meta(config: &OperatorConfig, component: &str) -> ObjectMeta {
    metadata(
        &config.name,
        &config.labels,
        None,
        Some(component),
        cluster_name(config, component),
    )
}

pub(super) fn cluster_name(config: &OperatorConfig, component: &str) -> String {
    format!("{}-{}-{component}", config.namespace, config.name)
}

pub(super) fn metadata(
    operator: &OperatorName,
    own: &Labels,
    namespace: Option<&Namespace>,
    component: Option<&str>,
    name: impl Into<String>,
) -> ObjectMeta {
    let mut all: BTreeMap<String, String> = labels::as_text(own);
    all.extend(labels::marks(operator));
    if let Some(component) = component {
        all.insert(labels::COMPONENT.to_owned(), component.to_owned());
    }
    ObjectMeta {
        name: Some(name.into()),
        namespace: namespace.map(ToString::to_string),
        labels: Some(all),
        ..ObjectMeta::default()
    }
}
