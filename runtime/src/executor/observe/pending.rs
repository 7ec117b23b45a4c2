//! Pods whose containers do not run yet: whether they may still come to, and why not.

use std::time::Duration;

use dataplane_api::task_action::ErrorKind;
use k8s_openapi::{
    api::core::v1::{
        Container, ContainerStateWaiting, ContainerStatus, Pod, PodCondition, PodStatus,
    },
    jiff::Timestamp,
};

use super::{Observation, disruption, ended};
use crate::executor::{
    failure::{Failure, Retry},
    settings::Settings,
};

/// The container runtime may settle a trouble by itself, such as a name that is still in use.
const CREATE_GRACE: Duration = Duration::from_mins(3);

pub(super) fn observe(
    pod: &Pod,
    status: &PodStatus,
    now: Timestamp,
    settings: &Settings,
) -> Observation {
    if let Some(condition) = condition(status, "PodScheduled", "False") {
        // Room may come: a node that is added, or a pod that ends.
        return Observation::Queued {
            reason: condition.reason.clone().unwrap_or_default(),
            message: condition.message.clone().unwrap_or_default(),
        };
    }
    let Some(unready) = condition(status, "Ready", "False") else {
        return Observation::Queued {
            reason: "Scheduling".to_owned(),
            message: "waiting for a node".to_owned(),
        };
    };
    // A container that runs before the others is the cause of what the others report.
    let waiting = status
        .init_container_statuses
        .iter()
        .chain(&status.container_statuses)
        .flatten()
        .find_map(|container| Some((container, container.state.as_ref()?.waiting.as_ref()?)));
    let Some((container, waiting)) = waiting else {
        return initializing(unready.reason.as_deref(), unready.message.as_deref());
    };
    let trouble = Trouble {
        pod,
        container,
        reason: waiting.reason.as_deref().unwrap_or_default(),
        waiting,
        since: began(status, unready),
        now,
    };
    trouble.observe(settings)
}

/// A container that waits, and since when.
struct Trouble<'a> {
    pod: &'a Pod,
    container: &'a ContainerStatus,
    waiting: &'a ContainerStateWaiting,
    reason: &'a str,
    since: Timestamp,
    now: Timestamp,
}

impl Trouble<'_> {
    fn observe(&self, settings: &Settings) -> Observation {
        match self.reason {
            "ErrImagePull" | "ContainerCreating" | "PodInitializing" => {
                initializing(Some(self.reason), self.waiting.message.as_deref())
            }
            "ImagePullBackOff" => {
                let grace = Duration::from_secs(settings.executor.image_pull_grace_seconds.into());
                self.after(grace, || self.image_not_pulled(grace))
            }
            "CreateContainerError" => self.after(CREATE_GRACE, || {
                self.user(
                    Retry::No,
                    &format!(
                        "could not be created for {}: {}",
                        spoken(CREATE_GRACE),
                        self.details()
                    ),
                )
            }),
            "CreateContainerConfigError" => Observation::Failed(self.user(
                Retry::No,
                &format!(
                    "could not be created: {}; it names a secret, a config map or a user that is not there or not allowed",
                    self.details()
                ),
            )),
            "InvalidImageName" | "ErrImageNeverPull" => Observation::Failed(self.user(
                Retry::No,
                &format!("has an image that can't be used, {:?}: {}", self.image(), self.details()),
            )),
            "CrashLoopBackOff" => Observation::Failed(self.user(Retry::User, &self.crashed())),
            // Not known here, so that waiting might be for ever.
            reason => Observation::Failed(disruption::system(
                reason,
                format!(
                    "the container {:?} could not be started ({reason}): {}",
                    self.container.name,
                    self.details()
                ),
            )),
        }
    }

    /// Waits as long as a trouble may pass by itself.
    fn after(&self, grace: Duration, failure: impl FnOnce() -> Failure) -> Observation {
        match self.since.checked_add(grace) {
            Ok(until) if self.now < until => Observation::Initializing {
                reason: self.reason.to_owned(),
                message: format!(
                    "the container {:?}: {}",
                    self.container.name,
                    self.details()
                ),
                until: Some(until),
            },
            _ => Observation::Failed(failure()),
        }
    }

    fn image_not_pulled(&self, grace: Duration) -> Failure {
        let what = format!(
            "the image {:?} of the container {:?} could not be pulled for {}: {}",
            self.image(),
            self.container.name,
            spoken(grace),
            self.details()
        );
        if self.details().contains("429 Too Many Requests") {
            return disruption::system(
                self.reason,
                format!(
                    "{what}; the registry limits how often it answers, pull through a mirror of your own"
                ),
            );
        }
        Failure {
            code: self.reason.to_owned(),
            message: format!(
                "{what}; check its name and tag, and that the nodes or the pod's service account may pull it"
            ),
            kind: ErrorKind::User,
            retry: Retry::User,
        }
    }

    fn crashed(&self) -> String {
        let last = self
            .container
            .last_state
            .as_ref()
            .and_then(|state| state.terminated.as_ref());
        last.map_or_else(
            || format!("ends again and again: {}", self.details()),
            |terminated| format!("ends again and again, last {}", ended::how(terminated)),
        )
    }

    fn user(&self, retry: Retry, predicate: &str) -> Failure {
        Failure {
            code: self.reason.to_owned(),
            message: format!("the container {:?} {predicate}", self.container.name),
            kind: ErrorKind::User,
            retry,
        }
    }

    fn details(&self) -> &str {
        self.waiting.message.as_deref().unwrap_or("no reason given")
    }

    fn image(&self) -> &str {
        let spec = self.pod.spec.as_ref();
        let in_spec = spec
            .into_iter()
            .flat_map(|spec| {
                spec.containers
                    .iter()
                    .chain(spec.init_containers.iter().flatten())
            })
            .find(|container: &&Container| container.name == self.container.name)
            .and_then(|container| container.image.as_deref());
        in_spec.unwrap_or(&self.container.image)
    }
}

fn initializing(reason: Option<&str>, message: Option<&str>) -> Observation {
    Observation::Initializing {
        reason: reason.unwrap_or_default().to_owned(),
        message: message.unwrap_or_default().to_owned(),
        until: None,
    }
}

/// When the containers began to wait. Those that ran before them may have taken long, which is not theirs.
fn began(status: &PodStatus, unready: &PodCondition) -> Timestamp {
    let at = |condition: &PodCondition| {
        condition
            .last_transition_time
            .as_ref()
            .map_or(Timestamp::UNIX_EPOCH, |time| time.0)
    };
    let initialized = condition(status, "Initialized", "True").map_or(Timestamp::UNIX_EPOCH, at);
    at(unready).max(initialized)
}

fn condition<'a>(status: &'a PodStatus, kind: &str, value: &str) -> Option<&'a PodCondition> {
    status
        .conditions
        .iter()
        .flatten()
        .find(|condition| condition.type_ == kind && condition.status == value)
}

fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}
