//! What an attempt's pod says of the attempt: a pure function of the pod, the time and the settings.

mod disruption;
mod ended;
mod logs;
mod pending;
#[cfg(test)]
mod tests;

use k8s_openapi::{
    api::core::v1::{ContainerStatus, Pod, PodStatus},
    jiff::Timestamp,
};

use super::{failure::Failure, pod::PRIMARY_CONTAINER_ANNOTATION, settings::Settings};

pub use logs::log_context;

/// What an attempt's pod says of the attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// No node has it yet.
    Queued { reason: String, message: String },
    /// A node has it, and its container does not run yet.
    Initializing {
        reason: String,
        message: String,
        /// When a trouble that may pass by itself will have lasted too long: look again then.
        until: Option<Timestamp>,
    },
    Running {
        /// When the task's container began.
        since: Option<Timestamp>,
    },
    /// The task's container ended well; others of the pod may go on.
    Succeeded,
    /// The attempt failed; containers of the pod may go on, or wait for what never comes.
    Failed(Failure),
    /// Its node has not been heard of. Nothing can be said.
    Unknown,
}

/// Looks at the pod of an attempt.
pub fn observe(pod: &Pod, now: Timestamp, settings: &Settings) -> Observation {
    let default = PodStatus::default();
    let status = pod.status.as_ref().unwrap_or(&default);
    let observation = match status.phase.as_deref() {
        Some("Succeeded") => ended::succeeded(pod, status),
        Some("Failed") => failed(pod, status),
        Some("Running") => running(pod, status),
        Some("Unknown") => Observation::Unknown,
        _ => pending::observe(pod, status, now, settings),
    };
    match observation {
        Observation::Succeeded | Observation::Failed(_) => observation,
        _ if pod.metadata.deletion_timestamp.is_some() => {
            Observation::Failed(disruption::deleted(pod, status))
        }
        _ => observation,
    }
}

/// A pod that failed beside a task that ended well: a kubelet tells how containers ended before it tells the phase, so that one pod
/// is seen in both, and must not end in two ways.
fn failed(pod: &Pod, status: &PodStatus) -> Observation {
    let primary = annotated_primary(pod);
    let statuses = status.container_statuses.as_deref().unwrap_or_default();
    let ended_well = statuses
        .iter()
        .find(|container| primary == Some(container.name.as_str()))
        .filter(|container| exit_code(container) == Some(0));
    ended_well.map_or_else(
        || Observation::Failed(ended::failed(pod, status)),
        |container| ended::succeeded_unless_out_of_memory(pod, [container].into_iter()),
    )
}

/// A running pod is what its primary container is. Without one all containers must have ended.
fn running(pod: &Pod, status: &PodStatus) -> Observation {
    let statuses = status.container_statuses.as_deref().unwrap_or_default();
    let Some(primary) = annotated_primary(pod) else {
        return all_containers(pod, status, statuses);
    };
    let Some(container) = statuses.iter().find(|container| container.name == primary) else {
        let is_in_spec = pod
            .spec
            .iter()
            .flat_map(|spec| &spec.containers)
            .any(|container| container.name == primary);
        return if is_in_spec {
            Observation::Running { since: None }
        } else {
            Observation::Failed(ended::no_primary(primary))
        };
    };
    match exit_code(container) {
        Some(0) => ended::succeeded_unless_out_of_memory(pod, [container].into_iter()),
        Some(_) => Observation::Failed(ended::failed(pod, status)),
        None => Observation::Running {
            since: started(container),
        },
    }
}

fn all_containers(pod: &Pod, status: &PodStatus, statuses: &[ContainerStatus]) -> Observation {
    let ended_well = |container: &ContainerStatus| exit_code(container) == Some(0);
    let inits = status
        .init_container_statuses
        .as_deref()
        .unwrap_or_default();
    if !statuses.is_empty() && statuses.iter().chain(inits).all(ended_well) {
        return ended::succeeded(pod, status);
    }
    Observation::Running {
        since: statuses.iter().filter_map(started).min(),
    }
}

/// Of a container that has ended and is not started again.
fn exit_code(container: &ContainerStatus) -> Option<i32> {
    let terminated = container.state.as_ref()?.terminated.as_ref()?;
    Some(terminated.exit_code)
}

fn started(container: &ContainerStatus) -> Option<Timestamp> {
    let state = container.state.as_ref()?;
    let running = state.running.as_ref()?;
    running.started_at.as_ref().map(|time| time.0)
}

fn annotated_primary(pod: &Pod) -> Option<&str> {
    let annotations = pod.metadata.annotations.as_ref()?;
    annotations
        .get(PRIMARY_CONTAINER_ANNOTATION)
        .map(String::as_str)
        .filter(|name| !name.is_empty())
}

/// The statuses of all containers: those that run before, those that are the task, those that people put in later.
fn containers(status: &PodStatus) -> impl Iterator<Item = &ContainerStatus> {
    [
        &status.init_container_statuses,
        &status.container_statuses,
        &status.ephemeral_container_statuses,
    ]
    .into_iter()
    .flatten()
    .flatten()
}
