//! Pods that ended: well, by the task's own fault, or by none of its own.

use dataplane_api::task_action::ErrorKind;
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod, PodStatus};
use kube::ResourceExt;

use super::{Observation, annotated_primary, containers, disruption};
use crate::executor::{
    failure::{Failure, Retry},
    pod::FETCH_CODE_CONTAINER,
};

const OUT_OF_MEMORY: &str = "OOMKilled";
/// The program said so itself, and the runtime gave no reason.
const CONTAINER_FAILED: &str = "ContainerFailed";
const NO_PRIMARY: &str = "PrimaryContainerNotFound";
const EVICTED: &str = "Evicted";
/// A process that a signal ended is reported as 128 and the signal's number, or as 256 less it where the runtime counts so.
const SIGNALLED: i32 = 128;
const UNSIGNED_SIGKILL: i32 = 247;
/// Signals that a program brings upon itself: illegal instruction, trap, abort, bus error, floating point, segmentation fault,
/// bad system call. Any other comes from outside.
const OWN_SIGNALS: [i32; 7] = [4, 5, 6, 7, 8, 11, 31];

pub(super) fn succeeded(pod: &Pod, status: &PodStatus) -> Observation {
    succeeded_unless_out_of_memory(pod, containers(status))
}

/// A process inside a container may be killed for its memory, and the container still end well; what it wrote is not to be trusted.
pub(super) fn succeeded_unless_out_of_memory<'a>(
    pod: &Pod,
    mut containers: impl Iterator<Item = &'a ContainerStatus>,
) -> Observation {
    containers
        .find(|container| {
            container
                .state
                .as_ref()
                .and_then(|state| state.terminated.as_ref())
                .is_some_and(is_out_of_memory)
        })
        .map_or(Observation::Succeeded, |container| {
            Observation::Failed(out_of_memory(pod, &container.name))
        })
}

pub(super) fn no_primary(name: &str) -> Failure {
    Failure {
        code: NO_PRIMARY.to_owned(),
        message: format!("the pod has no container with the name of the primary one, {name:?}"),
        kind: ErrorKind::User,
        retry: Retry::No,
    }
}

/// Why a pod failed, or a pod whose primary container ended badly.
pub(super) fn failed(pod: &Pod, status: &PodStatus) -> Failure {
    let decisive = decisive(pod, status);
    if let Some((container, terminated)) = decisive
        && is_out_of_memory(terminated)
    {
        return out_of_memory(pod, &container.name);
    }
    if let Some(failure) = disruption::of_status(pod, status) {
        return failure;
    }
    if pod.metadata.deletion_timestamp.is_some() {
        return disruption::deleted(pod, status);
    }
    if let Some(failure) = of_pod(pod, status) {
        return failure;
    }
    match decisive {
        Some((container, terminated)) => of_container(pod, container, terminated),
        // The node had no chance to say what happened before it went, or it never took the pod.
        None => disruption::system(
            status.reason.as_deref().unwrap_or(disruption::INTERRUPTED),
            format!(
                "the pod {} failed before any of its containers ran, or without its node telling how they ended: {}",
                pod.name_any(),
                status.message.as_deref().unwrap_or("no reason given")
            ),
        ),
    }
}

/// What the kubelet says of the pod as a whole.
fn of_pod(pod: &Pod, status: &PodStatus) -> Option<Failure> {
    let reason = status
        .reason
        .as_deref()
        .filter(|reason| !reason.is_empty())?;
    let message = status.message.as_deref().unwrap_or("no message");
    match reason {
        // Either the node has too little for all of its pods, or the pod took more disk than it may.
        EVICTED if message.contains("exceeds the") => Some(Failure {
            code: reason.to_owned(),
            message: format!(
                "the pod {} was evicted since it used more than its limit: {message}; ask for more, or write less",
                pod.name_any()
            ),
            kind: ErrorKind::User,
            retry: Retry::User,
        }),
        EVICTED => Some(disruption::system(
            reason,
            format!(
                "the pod {} was evicted, as its node has too little left: {message}; if this comes again, ask for as much as the task \
                 uses",
                pod.name_any()
            ),
        )),
        "DeadlineExceeded" => Some(Failure {
            code: reason.to_owned(),
            message: format!(
                "the pod {} ran longer than activeDeadlineSeconds of its template: {message}",
                pod.name_any()
            ),
            kind: ErrorKind::User,
            retry: Retry::User,
        }),
        _ => None,
    }
}

/// The container by which a failure is told: one that ran before and failed, since the others then never ran; else the primary
/// one; else any that failed.
fn decisive<'a>(
    pod: &Pod,
    status: &'a PodStatus,
) -> Option<(&'a ContainerStatus, &'a ContainerStateTerminated)> {
    let failed = |container: &&ContainerStatus| {
        ending(container)
            .is_some_and(|terminated| terminated.exit_code != 0 || is_out_of_memory(terminated))
    };
    let mains = || status.container_statuses.iter().flatten();
    let primary = annotated_primary(pod);
    let main = mains()
        .find(|container| primary == Some(container.name.as_str()))
        .filter(failed)
        .or_else(|| mains().find(failed));
    let container = main.or_else(|| containers(status).find(failed))?;
    Some((container, ending(container)?))
}

/// How a container ended; how it ended the last time, where it waits to be started again.
fn ending(container: &ContainerStatus) -> Option<&ContainerStateTerminated> {
    [&container.state, &container.last_state]
        .into_iter()
        .flatten()
        .find_map(|state| state.terminated.as_ref())
}

fn of_container(
    pod: &Pod,
    container: &ContainerStatus,
    terminated: &ContainerStateTerminated,
) -> Failure {
    let reason = terminated
        .reason
        .as_deref()
        .filter(|reason| !reason.is_empty());
    let name = &container.name;
    if name == FETCH_CODE_CONTAINER {
        // A pod that waited for a node for longer than the URL is good; the next attempt has a new one.
        return disruption::system(
            "CodeNotFetched",
            format!("the task's code could not be fetched: {}", how(terminated)),
        );
    }
    if is_ended_from_outside(terminated) {
        return disruption::system(
            disruption::INTERRUPTED,
            format!(
                "the container {name:?} of the pod {} was ended from outside ({}), as when its node is taken away",
                pod.name_any(),
                how(terminated)
            ),
        );
    }
    Failure {
        code: reason.unwrap_or(CONTAINER_FAILED).to_owned(),
        message: format!("the container {name:?} ended {}", how(terminated)),
        kind: ErrorKind::User,
        retry: Retry::User,
    }
}

/// Exit code, reason and last words of a container.
pub(super) fn how(terminated: &ContainerStateTerminated) -> String {
    let mut how = format!("with exit code {}", terminated.exit_code);
    if let Some(signal) = signal(terminated) {
        how.push_str(", by signal ");
        how.push_str(&signal.to_string());
    }
    if let Some(reason) = terminated
        .reason
        .as_deref()
        .filter(|reason| !matches!(*reason, "" | "Error"))
    {
        how.push_str(", ");
        how.push_str(reason);
    }
    let last_words = terminated.message.as_deref().unwrap_or_default().trim();
    if !last_words.is_empty() {
        how.push_str(": ");
        how.push_str(last_words);
    }
    how
}

fn is_ended_from_outside(terminated: &ContainerStateTerminated) -> bool {
    signal(terminated).is_some_and(|signal| !OWN_SIGNALS.contains(&signal))
}

fn signal(terminated: &ContainerStateTerminated) -> Option<i32> {
    if terminated.exit_code == UNSIGNED_SIGKILL {
        return Some(9);
    }
    terminated.signal.filter(|signal| *signal > 0).or_else(|| {
        let signal = terminated.exit_code - SIGNALLED;
        // 128 itself is how runtimes say that there was no program to start.
        (1..=64).contains(&signal).then_some(signal)
    })
}

fn is_out_of_memory(terminated: &ContainerStateTerminated) -> bool {
    terminated
        .reason
        .as_deref()
        .is_some_and(|reason| reason.contains(OUT_OF_MEMORY))
}

fn out_of_memory(pod: &Pod, name: &str) -> Failure {
    let limit = pod
        .spec
        .iter()
        .flat_map(|spec| {
            spec.containers
                .iter()
                .chain(spec.init_containers.iter().flatten())
        })
        .find(|container| container.name == name)
        .and_then(|container| container.resources.as_ref()?.limits.as_ref()?.get("memory"))
        .map_or_else(
            || "its node has".to_owned(),
            |limit| format!("its limit of {}", limit.0),
        );
    Failure {
        code: OUT_OF_MEMORY.to_owned(),
        message: format!(
            "the container {name:?} was killed since it used more memory than {limit}; give the task more memory"
        ),
        kind: ErrorKind::User,
        retry: Retry::User,
    }
}
