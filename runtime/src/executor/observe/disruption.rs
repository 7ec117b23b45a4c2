//! Pods that are taken away: by the scheduler, with their node, by somebody.

use dataplane_api::task_action::ErrorKind;
use k8s_openapi::api::core::v1::{Pod, PodCondition, PodStatus};
use kube::ResourceExt;

use crate::executor::failure::{Failure, Retry};

/// What a failure of this kind is called when Kubernetes gives no better name.
pub(super) const INTERRUPTED: &str = "Interrupted";
/// Reasons of a pod's status that say that its node goes away, or that the node refused it before it knew its own labels.
const NODE_REASONS: [&str; 4] = ["Shutdown", "Terminated", "NodeShutdown", "NodeAffinity"];

/// Reasons of a disruption that no task can bring about. A node's own end of a pod is not among them: a task that takes more
/// than it asked for is ended like this, too.
const OUTSIDE: [&str; 4] = [
    "PreemptionByScheduler",
    "DeletionByTaintManager",
    "EvictionByEvictionAPI",
    "DeletionByPodGC",
];

/// A failure that is not the task's own.
pub(super) fn system(code: &str, message: String) -> Failure {
    Failure {
        code: code.to_owned(),
        message,
        kind: ErrorKind::System,
        retry: Retry::System,
    }
}

/// The pod is being deleted, and not because its attempt ended.
pub(super) fn deleted(pod: &Pod, status: &PodStatus) -> Failure {
    target(status).map_or_else(
        || {
            system(
                "UnexpectedObjectDeletion",
                format!(
                    "the pod {} was deleted while the attempt ran; nothing of this data plane asked for it, so look in the audit log \
                     of the cluster for who did",
                    pod.name_any()
                ),
            )
        },
        |condition| disrupted(pod, condition),
    )
}

/// Why the pod was taken away, if it was.
pub(super) fn of_status(pod: &Pod, status: &PodStatus) -> Option<Failure> {
    if let Some(condition) = target(status) {
        return Some(disrupted(pod, condition));
    }
    let reason = status.reason.as_deref()?;
    NODE_REASONS.contains(&reason).then(|| Failure {
        retry: Retry::Disruption,
        ..system(
            reason,
            format!(
                "the node {} went away or would not have the pod {}: {}",
                node(pod),
                pod.name_any(),
                status.message.as_deref().unwrap_or(reason)
            ),
        )
    })
}

/// Kubernetes' own mark on pods that are about to be, or were, ended for reasons that are not theirs.
fn target(status: &PodStatus) -> Option<&PodCondition> {
    status
        .conditions
        .iter()
        .flatten()
        .find(|condition| condition.type_ == "DisruptionTarget" && condition.status == "True")
}

fn disrupted(pod: &Pod, condition: &PodCondition) -> Failure {
    let reason = condition.reason.as_deref().unwrap_or(INTERRUPTED);
    let what = match reason {
        "PreemptionByScheduler" => "had to make room for a pod of higher priority",
        "DeletionByTaintManager" => "does not tolerate a taint that its node got",
        "EvictionByEvictionAPI" => "was evicted through the API, as when a node is drained",
        "DeletionByPodGC" => "was on a node that is gone",
        "TerminationByKubelet" => {
            "was ended by its node, which shuts down or has too little left for its pods"
        }
        _ => "was taken away",
    };
    let details = condition.message.as_deref().unwrap_or_default();
    let separator = if details.is_empty() { "" } else { ": " };
    let message = format!(
        "the pod {} {what} (node {}){separator}{details}",
        pod.name_any(),
        node(pod)
    );
    let retry = if OUTSIDE.contains(&reason) {
        Retry::Disruption
    } else {
        Retry::System
    };
    Failure {
        retry,
        ..system(reason, message)
    }
}

fn node(pod: &Pod) -> &str {
    pod.spec
        .as_ref()
        .and_then(|spec| spec.node_name.as_deref())
        .unwrap_or("unknown")
}
