//! Settings of the executor.

use std::{
    collections::BTreeMap,
    num::{NonZeroU16, NonZeroU32},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ComponentSettings, Compute, Replicas, Resources, Toleration};
use crate::{
    labels::Labels,
    names::{Namespace, ServiceAccountName},
};

/// Settings of the executor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExecutorSettings {
    /// Number of pods; one of them works, the others take over when it ends.
    pub replicas: Replicas,
    /// Requests and limits; those of the component when absent.
    pub resources: Resources,
    /// Namespaces whose actions are run; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<Namespace>,
    /// Actions that are worked on at the same time.
    pub concurrency: NonZeroU16,
    /// Failures that are not the task's own after which an action is given up.
    pub max_system_failures: NonZeroU32,
    /// How long a finished action stays in the cluster, in seconds.
    pub retention_seconds: u32,
    /// How long an image may fail to be pulled before the attempt fails, in seconds.
    pub image_pull_grace_seconds: u32,
    /// Events that may wait for the control plane, in the whole cluster; at that number no new pods are started.
    pub undelivered_limit: NonZeroU32,
    /// Whether results of discoverable tasks are looked up and kept in the control plane's cache.
    pub cache: bool,
    /// How a task gets its code.
    pub code_bundles: CodeBundles,
    /// What task pods get besides what their template says.
    pub tasks: TaskDefaults,
}

impl ExecutorSettings {
    /// What it has in common with every component.
    pub fn component(&self) -> ComponentSettings {
        ComponentSettings {
            replicas: self.replicas,
            resources: self.resources.clone(),
        }
    }
}

impl Default for ExecutorSettings {
    fn default() -> Self {
        Self {
            replicas: Replicas::default(),
            resources: Resources::default(),
            namespaces: Vec::new(),
            concurrency: NonZeroU16::new(512).unwrap_or(NonZeroU16::MIN),
            max_system_failures: NonZeroU32::new(3).unwrap_or(NonZeroU32::MIN),
            retention_seconds: 3600,
            image_pull_grace_seconds: 180,
            undelivered_limit: NonZeroU32::new(20_000).unwrap_or(NonZeroU32::MIN),
            cache: false,
            code_bundles: CodeBundles::default(),
            tasks: TaskDefaults::default(),
        }
    }
}

/// How a task gets its code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CodeBundles {
    /// The task reads its bundle itself, under its own role.
    #[default]
    Direct,
    /// A container that runs before the task fetches the bundle by a URL that was signed for it.
    Signed,
}

/// What task pods get besides what their template says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TaskDefaults {
    /// Service account of task pods whose template names none; the workspace's `default` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<ServiceAccountName>,
    /// Requests of containers that say nothing.
    pub requests: Compute,
    /// Limits of containers that say nothing.
    pub limits: Compute,
    /// Environment of the task's container.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Labels of task pods.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Annotations of task pods.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Nodes of task pods, by their labels.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub node_selector: Labels,
    /// Taints that task pods tolerate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// Nodes of interruptible tasks, by their labels.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub interruptible_node_selector: Labels,
    /// Taints that interruptible tasks tolerate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interruptible_tolerations: Vec<Toleration>,
}
