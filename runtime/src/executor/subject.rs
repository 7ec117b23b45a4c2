//! What is kept of an action until it is over: enough to follow its pods, little enough for tens of thousands.

use std::{num::NonZeroU32, time::Duration};

use k8s_openapi::jiff::Timestamp;

use super::{
    action::{Action, ActionKind, InvalidSpec},
    template::{Backoff, SUPPORTED_TYPES, TaskKind, Template},
    transition::Phase,
};

/// How long an attempt may wait where its template does not say: one that no node will ever have room for comes to an end.
const LONGEST_WAIT: Duration = Duration::from_hours(7 * 24);

/// An action without what only its pods are made of.
#[derive(Clone, Debug)]
pub struct Subject {
    pub created: Option<Timestamp>,
    pub limits: Limits,
    /// Whether its result may be taken from the cache.
    pub cached: bool,
    /// Whether others wait for its result instead of computing it.
    pub reserves: bool,
    /// Whether a task that succeeds leaves outputs.
    pub declares_outputs: bool,
    /// What the attempts write is under this, each under its number; no slash behind.
    output_base: String,
}

/// How often and for how long a task is tried.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many attempts there may be.
    pub attempts: NonZeroU32,
    /// How long to wait between attempts.
    pub backoff: Option<Backoff>,
    /// How long an attempt may run.
    pub timeout: Option<Duration>,
    /// How long an attempt may wait until it runs.
    pub queue_timeout: Duration,
    /// How long all attempts may take together.
    pub deadline: Option<Duration>,
}

/// Why an action is over before it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub phase: Phase,
    /// Sentence for people.
    pub message: String,
}

impl From<InvalidSpec> for Refusal {
    fn from(error: InvalidSpec) -> Self {
        Self {
            phase: Phase::InvalidSpec,
            message: error.0,
        }
    }
}

impl Subject {
    /// None for a condition, which runs nothing.
    pub fn of(action: &Action) -> Result<Option<Self>, Refusal> {
        let template = match &action.kind {
            ActionKind::Task(template) => template,
            ActionKind::Condition(_) => return Ok(None),
        };
        if matches!(template.kind, TaskKind::Unsupported) {
            return Err(Refusal {
                phase: Phase::PluginNotFound,
                message: format!(
                    "nothing in this data plane runs tasks of type {}; it runs {SUPPORTED_TYPES}",
                    action.task_type
                ),
            });
        }
        Ok(Some(Self {
            created: action.created,
            limits: Limits::of(template),
            cached: template.caching.is_some(),
            reserves: template
                .caching
                .as_ref()
                .is_some_and(|caching| caching.serializable),
            declares_outputs: template.declares_outputs,
            output_base: action.output_base(),
        }))
    }

    /// The prefix of everything that an attempt writes, without a slash behind.
    pub fn output_prefix(&self, attempt: NonZeroU32) -> String {
        format!("{}/{attempt}", self.output_base)
    }
}

impl Limits {
    fn of(template: &Template) -> Self {
        Self {
            attempts: NonZeroU32::MIN.saturating_add(template.retries),
            backoff: template.backoff,
            timeout: template.timeout,
            queue_timeout: template.queue_timeout.unwrap_or(LONGEST_WAIT),
            deadline: template.deadline,
        }
    }

    /// How long to wait before an attempt.
    pub fn pause_before(&self, attempt: NonZeroU32) -> Duration {
        let Some(backoff) = self.backoff else {
            return Duration::ZERO;
        };
        let before = i32::try_from(attempt.get().saturating_sub(2)).unwrap_or(i32::MAX);
        let seconds = backoff.base.as_secs_f64() * backoff.factor.powi(before);
        let cap = backoff.cap.unwrap_or(Duration::MAX);
        Duration::try_from_secs_f64(seconds).unwrap_or(cap).min(cap)
    }
}
