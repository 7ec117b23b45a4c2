//! Settings of the executor.

use std::{
    collections::BTreeMap,
    fmt,
    num::{NonZeroU16, NonZeroU32},
    str::FromStr,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ComponentSettings, Compute, Replicas, Resources, Toleration};
use crate::{
    labels::Labels,
    names::{Namespace, ServiceAccountName},
    textual::Invalid,
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
    /// How long an action that was aborted waits to be told of, in seconds; then its resource goes, and the control plane has not
    /// been told. It is for a control plane that does not come back.
    pub untold_abort_seconds: NonZeroU32,
    /// Whether results of discoverable tasks are looked up and kept in the control plane's cache.
    pub cache: bool,
    /// How a task gets its code.
    pub code_bundles: CodeBundles,
    /// What pod templates may ask for beyond Pod Security's level `baseline`; nothing when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pod_privileges: Vec<PodPrivilege>,
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
            untold_abort_seconds: NonZeroU32::new(7 * 24 * 3600).unwrap_or(NonZeroU32::MAX),
            cache: false,
            code_bundles: CodeBundles::default(),
            pod_privileges: Vec::new(),
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

/// What a pod template may ask for only where it is allowed to: it takes a task out of its container, or puts it above others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PodPrivilege {
    /// The node's network, its ports, and probes of other hosts.
    HostNetwork,
    /// The node's processes.
    HostPid,
    /// The node's shared memory and semaphores.
    HostIpc,
    /// The node's files and devices.
    HostPath,
    /// Containers that are as good as root on the node.
    Privileged,
    /// Capabilities beyond those that container runtimes give anyway.
    Capabilities,
    /// Less than the usual seccomp, `AppArmor` and `SELinux` profiles, or an unmasked `/proc`.
    UnconfinedProfiles,
    /// Kernel parameters that are not known to be safe.
    UnsafeSysctls,
    /// Priority classes of the platform's own pods, `system-…`.
    SystemPriority,
    /// A node by its name, past the scheduler, its taints and what has room.
    NodeName,
}

impl PodPrivilege {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::HostNetwork,
        Self::HostPid,
        Self::HostIpc,
        Self::HostPath,
        Self::Privileged,
        Self::Capabilities,
        Self::UnconfinedProfiles,
        Self::UnsafeSysctls,
        Self::SystemPriority,
        Self::NodeName,
    ];

    /// As the settings write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HostNetwork => "host_network",
            Self::HostPid => "host_pid",
            Self::HostIpc => "host_ipc",
            Self::HostPath => "host_path",
            Self::Privileged => "privileged",
            Self::Capabilities => "capabilities",
            Self::UnconfinedProfiles => "unconfined_profiles",
            Self::UnsafeSysctls => "unsafe_sysctls",
            Self::SystemPriority => "system_priority",
            Self::NodeName => "node_name",
        }
    }
}

impl fmt::Display for PodPrivilege {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for PodPrivilege {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL
            .into_iter()
            .find(|privilege| privilege.as_str() == text)
            .ok_or_else(|| Invalid::new("a privilege of pods", text, format!("one of {}", known())))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_privilege_is_read_as_it_is_written() {
        for privilege in PodPrivilege::ALL {
            assert_eq!(privilege.as_str().parse(), Ok(privilege));
            assert_eq!(serde_json::json!(privilege), privilege.as_str());
        }
        "root".parse::<PodPrivilege>().unwrap_err();
    }
}
