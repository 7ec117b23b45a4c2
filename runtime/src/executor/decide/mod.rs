//! The state machine of a task: what an action needs next, given everything that is known of it.
//!
//! Pure: no client, no clock. It is asked again after each step with what the step brought, takes no hint of what changed, and
//! relies on nothing but the status and the pods, so that restart, resync and event take one path.

mod attempt;
mod draft;
mod ending;
#[cfg(test)]
mod tests;

use std::{num::NonZeroU32, time::Duration};

use dataplane_api::task_action::TaskActionStatus;
use dataplane_proto::flyteidl2::core::{CatalogCacheStatus, LogContext};
use k8s_openapi::jiff::Timestamp;

use super::{
    action::ActionId,
    cache::Reused,
    failure::Failure,
    observe::Observation,
    recovered::Recovered,
    state::State,
    subject::{Refusal, Subject},
    transition::Transition,
};

pub use attempt::MOST_ATTEMPTS;
pub use draft::{current_phase, is_terminal, set_condition, terminal_time};

/// Everything that is known of an action.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own: none excludes another"
)]
pub struct World<'a> {
    /// None when nothing can be told of it, since the resource does not say which action it is.
    pub id: Option<&'a ActionId>,
    /// What to run; or why that can't be.
    pub subject: Result<&'a Subject, &'a Refusal>,
    /// How another run did it, when it is not to run.
    pub recovered: Option<&'a Recovered>,
    pub status: &'a TaskActionStatus,
    pub state: &'a State,
    /// Somebody deleted the resource.
    pub deleting: bool,
    /// Our finalizer is on the resource.
    pub finalizer: bool,
    /// The labels of a finished action are on the resource.
    pub labelled: bool,
    /// The pod of the current attempt.
    pub pod: PodSeen,
    /// The pod of the attempt before, while it is there.
    pub previous: Option<Previous>,
    /// What the attempt left in the store, once it was asked for.
    pub outcome: Option<&'a Result<(), Failure>>,
    /// Why the pod was not made, just now.
    pub refused: Option<&'a Refused>,
    /// Whether results are looked up and kept.
    pub cache: bool,
    /// What the cache has, once it was asked.
    pub reused: Option<&'a Reused>,
    /// What became of the result, once it was given to the cache.
    pub kept: Option<CatalogCacheStatus>,
    /// Whether there is room for the events of another pod.
    pub room: bool,
    pub max_system_failures: NonZeroU32,
    pub now: Timestamp,
}

/// What is under the name of the current attempt's pod.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one of it, for as long as a decision takes"
)]
pub enum PodSeen {
    /// Nothing that the watch has told of.
    Missing,
    /// Nothing, says the API server.
    Gone,
    /// Our pod.
    Ours(PodView),
    /// A pod that this action does not own: who made it, for people.
    Foreign(String),
}

/// A pod of ours.
#[derive(Clone, Debug, PartialEq)]
pub struct PodView {
    pub uid: String,
    /// It has been deleted and is ending.
    pub deleting: bool,
    /// When it is to be gone.
    pub ends_by: Option<Timestamp>,
    /// None of its containers runs any more.
    pub ended: bool,
    pub observation: Observation,
    /// When the task's container began, and ended.
    pub began: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    /// It was made just now: the watch will soon have more to say.
    pub fresh: bool,
    pub logs: LogContext,
}

/// The pod of the attempt before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    pub uid: String,
    pub deleting: bool,
    /// When it is to be gone.
    pub ends_by: Option<Timestamp>,
    pub ended: bool,
}

/// Why the API server, or the template, does not let a pod be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No pod can be made of the template.
    Unbuildable(Refusal),
    /// The quota of the namespace has no room now.
    QuotaExceeded(String),
    /// The namespace is being deleted.
    NamespaceEnding(String),
    /// The API server, or a webhook of it, could not answer: it is tried again.
    NotMade(String),
    /// Not allowed: by a policy of the cluster, or since the executor may not.
    Forbidden(String),
    /// It would be refused again.
    Invalid { code: &'static str, message: String },
}

impl Refused {
    /// Why, for the metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unbuildable(_) => "unbuildable",
            Self::QuotaExceeded(_) => "quota",
            Self::NamespaceEnding(_) => "namespace",
            Self::NotMade(_) => "error",
            Self::Forbidden(_) => "forbidden",
            Self::Invalid { code, .. } => code,
        }
    }
}

/// What an action needs next.
#[derive(Clone, Debug)]
pub struct Decision {
    /// To be told before anything else is done, in this order.
    pub transitions: Vec<Transition>,
    /// How the status is to read.
    pub status: TaskActionStatus,
    pub state: State,
    /// Code of a failure that was not the task's.
    pub system_failure: Option<String>,
    pub step: Step,
    /// Look again after so long at the latest.
    pub again: Option<Duration>,
}

/// What is to be done next. Whatever does not end the look is followed by another decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Rest,
    /// Nothing now: more is to be seen in a moment, and one write does for both.
    Settle,
    /// Put our finalizer on the resource.
    AddFinalizer,
    /// Ask the API server for the pod of this attempt, which the watch does not know.
    ReadPod(NonZeroU32),
    /// Ask the store what the attempt left under this prefix, and whether it lacks outputs that it must have left.
    ReadOutcome { prefix: String, outputs: bool },
    /// Ask the cache whether this attempt needs to run.
    AskCache(NonZeroU32),
    /// Give the result of this attempt to the cache.
    KeepResult(NonZeroU32),
    /// Nothing, but to stay the one that computes the result for others.
    StayReserved,
    /// Make the pod of this attempt. The status follows with what becomes of it.
    CreatePod(NonZeroU32),
    /// Write the status, then delete this pod of this attempt.
    DeletePod(NonZeroU32, String),
    /// Write the status, and decide again.
    Continue,
    /// Write the status; when everything has been told, label the resource as finished and take our finalizer off.
    Finish,
    /// When everything has been told, take our finalizer off a resource that is being deleted.
    Release,
}

impl Step {
    /// For the log.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Settle => "settle",
            Self::AddFinalizer => "add finalizer",
            Self::ReadPod(_) => "read pod",
            Self::ReadOutcome { .. } => "read outcome",
            Self::AskCache(_) => "ask cache",
            Self::KeepResult(_) => "keep result",
            Self::StayReserved => "stay reserved",
            Self::CreatePod(_) => "make pod",
            Self::DeletePod(..) => "delete pod",
            Self::Continue => "continue",
            Self::Finish => "finish",
            Self::Release => "release",
        }
    }
}

/// What the action needs next.
pub fn decide(world: &World<'_>) -> Decision {
    if world.deleting {
        return ending::abort(world);
    }
    if is_terminal(world.status) {
        return ending::finish(world);
    }
    let draft = draft::Draft::new(world);
    if !world.finalizer {
        return draft.step(Step::AddFinalizer);
    }
    if let Some(recovered) = world.recovered
        && draft.phase().is_none()
    {
        return ending::take_over(draft, recovered);
    }
    match world.subject {
        Ok(subject) => attempt::follow(draft, subject),
        Err(refusal) => ending::refuse(draft, refusal),
    }
}
