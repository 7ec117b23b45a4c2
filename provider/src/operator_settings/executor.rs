//! The executor's settings in HCL.

use std::collections::BTreeMap;

use dataplane_api::{
    config::PodPrivilege,
    labels::LabelValue,
    names::{Namespace, ServiceAccountName},
};
use framework::{Model, Text, Value};

use super::{ComputeModel, ResourcesModel, TolerationModel, label_keys, one_of};

/// What runs tasks.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ExecutorModel {
    /// Number of pods, 1 to 10: one of them works, the others take over when it ends.
    #[attr(optional, computed, default = 1)]
    pub replicas: Value<i64>,
    /// Requests and limits. Default: those of the component.
    #[attr(optional, computed, default = ResourcesModel::default())]
    pub resources: Value<ResourcesModel>,
    /// Namespaces whose tasks are run, `<project>-<domain>`. Default: all; with `permissions = "low"` they have to be named, and only
    /// there does the executor have rights.
    #[attr(optional, computed, default = Vec::new())]
    pub namespaces: Value<Vec<Text<Namespace>>>,
    /// Tasks that are worked on at the same time, 1 to 65535.
    #[attr(optional, computed, default = 512)]
    pub concurrency: Value<i64>,
    /// Failures that are not the task's own (lost nodes, evictions) after which a task is given up.
    #[attr(optional, computed, default = 3)]
    pub max_system_failures: Value<i64>,
    /// How long a finished `TaskAction` and its pods stay in the cluster, in seconds.
    #[attr(optional, computed, default = 3600)]
    pub retention_seconds: Value<i64>,
    /// How long an image may fail to be pulled before the attempt fails, in seconds.
    #[attr(optional, computed, default = 180)]
    pub image_pull_grace_seconds: Value<i64>,
    /// Events that may wait for the control plane while it cannot be reached. At that number no new pods are started.
    #[attr(optional, computed, default = 20_000)]
    pub undelivered_limit: Value<i64>,
    /// How long a task that was aborted waits until the control plane could be told of it, in seconds; then its `TaskAction` goes
    /// untold. Until then its namespace cannot go. Less is for a control plane that does not come back.
    #[attr(optional, computed, default = 604_800)]
    pub untold_abort_seconds: Value<i64>,
    /// Whether results of cacheable tasks are looked up and kept in the control plane's cache.
    #[attr(optional, computed, default = false)]
    pub cache: Value<bool>,
    /// How a task gets its code: `direct`, it reads the bundle itself under its own role, or `signed`, a container that runs before it
    /// fetches the bundle by a URL that was signed for it.
    #[attr(optional, computed, default = "direct", validate = code_bundles)]
    pub code_bundles: Value<String>,
    /// What pod templates may ask for beyond Pod Security's level `baseline`: `host_network`, `host_pid`, `host_ipc`, `host_path`,
    /// `privileged`, `capabilities`, `unconfined_profiles`, `unsafe_sysctls`, `system_priority`, `node_name`. Default: nothing. The
    /// workspaces' namespaces have to allow it, too.
    #[attr(optional, computed, default = Vec::new())]
    pub pod_privileges: Value<Vec<Text<PodPrivilege>>>,
    /// What task pods get besides what their template says.
    #[attr(optional, computed, default = TaskDefaultsModel::default())]
    pub tasks: Value<TaskDefaultsModel>,
}

/// What task pods get besides what their template says.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct TaskDefaultsModel {
    /// Service account of task pods whose template names none. Default: `default` of the workspace.
    #[attr(optional)]
    pub service_account: Value<Text<ServiceAccountName>>,
    /// Requests of containers that say nothing.
    #[attr(optional, computed, default = ComputeModel::default())]
    pub requests: Value<ComputeModel>,
    /// Limits of containers that say nothing.
    #[attr(optional, computed, default = ComputeModel::default())]
    pub limits: Value<ComputeModel>,
    /// Environment of the task's container. No secrets: it is readable in the cluster and in the state.
    #[attr(optional, computed, default = BTreeMap::new())]
    pub environment: Value<BTreeMap<String, String>>,
    /// Labels of task pods.
    #[attr(optional, computed, default = BTreeMap::new(), validate = label_keys)]
    pub labels: Value<BTreeMap<String, Text<LabelValue>>>,
    /// Annotations of task pods.
    #[attr(optional, computed, default = BTreeMap::new())]
    pub annotations: Value<BTreeMap<String, String>>,
    /// Labels that a node must have to run tasks.
    #[attr(optional, computed, default = BTreeMap::new(), validate = label_keys)]
    pub node_selector: Value<BTreeMap<String, Text<LabelValue>>>,
    /// Taints that task pods tolerate.
    #[attr(optional, computed, default = Vec::new())]
    pub tolerations: Value<Vec<TolerationModel>>,
    /// Labels that a node must have to run interruptible tasks.
    #[attr(optional, computed, default = BTreeMap::new(), validate = label_keys)]
    pub interruptible_node_selector: Value<BTreeMap<String, Text<LabelValue>>>,
    /// Taints that interruptible tasks tolerate.
    #[attr(optional, computed, default = Vec::new())]
    pub interruptible_tolerations: Value<Vec<TolerationModel>>,
}

#[expect(
    clippy::ptr_arg,
    reason = "a validator takes a reference to what the attribute holds"
)]
fn code_bundles(bundles: &String) -> std::result::Result<(), String> {
    one_of(bundles, &["direct", "signed"])
}
