//! What is kept of a pod.

use k8s_openapi::{
    api::core::v1::{Container, Pod, PodSpec, PodStatus, ResourceRequirements},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::ResourceExt;

use super::{Kept, Versioned};
use crate::executor::{labels, pod::PRIMARY_CONTAINER_ANNOTATION, work_queue::Key};

/// Annotations of pods that name the container that the task is.
const LOOKED_AT: [&str; 2] = [
    PRIMARY_CONTAINER_ANNOTATION,
    "kubectl.kubernetes.io/default-container",
];

/// What is kept of a pod.
#[derive(Clone, Debug)]
pub struct KeptPod {
    pub uid: String,
    /// `resourceVersion`.
    version: String,
    /// uid of the action that it is of.
    pub owner: String,
    pub deleting: bool,
    /// Without what is not looked at.
    pub pod: Pod,
}

impl KeptPod {
    pub fn of(pod: Pod) -> Self {
        Self {
            uid: pod.uid().unwrap_or_default(),
            version: pod.resource_version().unwrap_or_default(),
            owner: labels::owner(&pod)
                .map(|owner| owner.uid.clone())
                .unwrap_or_default(),
            deleting: pod.metadata.deletion_timestamp.is_some(),
            pod: reduced(pod),
        }
    }
}

impl Versioned for KeptPod {
    fn version(&self) -> &str {
        &self.version
    }
    fn uid(&self) -> &str {
        &self.uid
    }
    fn owner(&self) -> Option<&str> {
        Some(&self.owner)
    }
}

impl Kept<KeptPod> {
    /// A pod was made: it is known before the watch tells.
    pub fn made(&self, key: &Key, pod: KeptPod) {
        self.put(key, pod, true);
    }
}

/// A pod without what nobody looks at: most of a pod is its specification.
fn reduced(pod: Pod) -> Pod {
    let Pod {
        metadata,
        spec,
        status,
    } = pod;
    let annotations = metadata.annotations.map(|annotations| {
        annotations
            .into_iter()
            .filter(|(name, _)| LOOKED_AT.contains(&name.as_str()))
            .collect()
    });
    let reduced = |container: Container| Container {
        name: container.name,
        image: container.image,
        // For what is said of a container that needed more memory.
        resources: container.resources.map(|resources| ResourceRequirements {
            limits: resources.limits,
            ..ResourceRequirements::default()
        }),
        restart_policy: container.restart_policy,
        ..Container::default()
    };
    Pod {
        metadata: ObjectMeta {
            name: metadata.name,
            namespace: metadata.namespace,
            uid: metadata.uid,
            owner_references: metadata.owner_references,
            creation_timestamp: metadata.creation_timestamp,
            deletion_timestamp: metadata.deletion_timestamp,
            annotations,
            ..ObjectMeta::default()
        },
        spec: spec.map(|spec| PodSpec {
            containers: spec.containers.into_iter().map(reduced).collect(),
            init_containers: spec
                .init_containers
                .map(|containers| containers.into_iter().map(reduced).collect()),
            node_name: spec.node_name,
            restart_policy: spec.restart_policy,
            termination_grace_period_seconds: spec.termination_grace_period_seconds,
            ..PodSpec::default()
        }),
        status: status.map(|status| PodStatus {
            conditions: status.conditions,
            container_statuses: status.container_statuses,
            ephemeral_container_statuses: status.ephemeral_container_statuses,
            init_container_statuses: status.init_container_statuses,
            message: status.message,
            phase: status.phase,
            reason: status.reason,
            start_time: status.start_time,
            ..PodStatus::default()
        }),
    }
}
