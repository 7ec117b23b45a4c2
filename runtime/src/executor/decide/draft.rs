//! A decision while it is made: the status, written as transitions happen.

use std::{num::NonZeroU32, time::Duration};

use dataplane_api::task_action::{ErrorState, PhaseTransition, TaskActionStatus};
use dataplane_proto::flyteidl2::core::CatalogCacheStatus;
use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
    jiff::{SignedDuration, Timestamp},
};

use super::{Decision, PodSeen, State, Step, World};
use crate::executor::{
    events::shorten,
    failure::Failure,
    transition::{Phase, Place, Transition},
};

const PROGRESSING: &str = "Progressing";
const SUCCEEDED: &str = "Succeeded";
const FAILED: &str = "Failed";
/// Details of a phase that are told, per attempt: a pod whose image can't be pulled alternates between two for ever.
const DETAILS: usize = 8;
/// Versions of one round: more than there are details.
const ROUND: u32 = 10;
/// Entries of the history that are kept; the first one always is.
const HISTORY: usize = 200;
/// Bytes of a message in the status; events have their own limit.
const MESSAGE: usize = 8 << 10;
/// Bytes of a message in the history, of which there are many.
const HISTORY_MESSAGE: usize = 1 << 10;

/// A decision while it is made.
pub struct Draft<'a> {
    pub world: &'a World<'a>,
    pub status: TaskActionStatus,
    pub state: State,
    /// Code of a failure that was not the task's.
    pub system_failure: Option<String>,
    transitions: Vec<Transition>,
    again: Option<Timestamp>,
}

impl<'a> Draft<'a> {
    pub fn new(world: &'a World<'a>) -> Self {
        Self {
            world,
            status: world.status.clone(),
            state: world.state.clone(),
            system_failure: None,
            transitions: Vec::new(),
            again: None,
        }
    }

    /// The attempt that runs or is about to.
    pub fn attempt(&self) -> NonZeroU32 {
        NonZeroU32::new(self.status.attempts).unwrap_or(NonZeroU32::MIN)
    }

    /// Version of the transitions into the phases of this round. It does not depend on which details were told: should the
    /// status not be written, the same transition is told again by the same name.
    fn version(&self) -> u32 {
        self.state.round.saturating_mul(ROUND)
    }

    /// The phase it is in; none before the first.
    pub fn phase(&self) -> Option<Phase> {
        current_phase(&self.status)
    }

    /// Looks again at this time, if not earlier.
    pub fn look_at(&mut self, time: Option<Timestamp>) {
        if let Some(time) = time {
            self.again = Some(self.again.map_or(time, |earlier| earlier.min(time)));
        }
    }

    pub fn look_in(&mut self, seconds: i64) {
        let time = self
            .world
            .now
            .saturating_add(SignedDuration::from_secs(seconds));
        self.look_at(time.ok());
    }

    /// Enters a phase now.
    pub fn enter(&mut self, phase: Phase, reason: &str) {
        self.enter_at(phase, None, reason, None);
    }

    /// Enters a phase, at a time if that is known, or with the failure that led to it.
    pub fn enter_at(
        &mut self,
        phase: Phase,
        at: Option<Timestamp>,
        reason: &str,
        failure: Option<&Failure>,
    ) {
        let at = self.time(at);
        let message = shorten(failure.map_or(reason, |failure| &failure.message), MESSAGE);
        let version = self.version();
        self.push(phase, version, at, reason, failure);
        self.status.plugin_phase_version = version;
        self.record(phase, at, &message);
        self.state.told.clear();
        self.set_conditions(phase, &message, at);
        if let Some(failure) = failure {
            self.status.error_state = Some(ErrorState {
                code: failure.code.clone(),
                kind: failure.kind,
                message,
            });
        }
        plugin_phase(phase).clone_into(&mut self.status.plugin_phase);
        self.status.attempts = self.attempt().get();
    }

    /// The attempt failed, and the action goes on with another.
    pub fn retry(&mut self, phase: Phase, failure: &Failure) {
        let at = self.time(None);
        self.push(phase, self.version(), at, &failure.message, Some(failure));
        self.record(phase, at, &failure.message);
    }

    /// What its transitions say of the cache from now on.
    pub fn set_cache(&mut self, status: CatalogCacheStatus) {
        self.status.cache_status = u32::try_from(i32::from(status)).unwrap_or_default();
    }

    /// The action was aborted. The conditions do not say so: a resource that goes without being finished is what tells
    /// Flyte's services of an abort.
    pub fn abort(&mut self) {
        let at = self.time(None);
        self.push(
            Phase::Aborted,
            self.version(),
            at,
            "the action was aborted",
            None,
        );
        self.state.aborted = true;
    }

    /// Makes no pod for so long.
    pub fn wait(&mut self, pause: Duration) {
        let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
        if let Ok(time) = self.world.now.saturating_add(pause) {
            self.state.wait_until(time);
        }
    }

    /// Tells of a detail within the phase, once per attempt and only so many.
    pub fn detail(&mut self, detail: &str, message: &str) {
        let Some(phase) = self.phase() else { return };
        if self.state.told.len() >= DETAILS || self.state.told.iter().any(|told| told == detail) {
            return;
        }
        if self.state.told.is_empty() {
            // That the phase began was told: its version is taken.
            self.state.told.push(String::new());
        }
        let version = self.version() + u32::try_from(self.state.told.len()).unwrap_or(0);
        self.state.told.push(detail.to_owned());
        let at = self.time(None);
        self.push(phase, version, at, message, None);
        self.status.plugin_phase_version = version;
        self.set_conditions(phase, &shorten(message, MESSAGE), at);
    }

    /// Whether it is too early for the next pod; then it is looked at again when it is time.
    pub fn must_wait(&mut self) -> bool {
        let time = self
            .state
            .not_before()
            .filter(|time| *time > self.world.now);
        self.look_at(time);
        time.is_some()
    }

    /// Makes the decision.
    pub fn step(self, step: Step) -> Decision {
        let Self {
            world,
            mut status,
            state,
            system_failure,
            transitions,
            again,
        } = self;
        let again = again.map(|time| {
            let pause = time.duration_since(world.now).max(SignedDuration::ZERO);
            pause.unsigned_abs()
        });
        state.write(&mut status);
        Decision {
            transitions,
            status,
            state,
            system_failure,
            step,
            again,
        }
    }

    fn record(&mut self, phase: Phase, at: Timestamp, message: &str) {
        let history = &mut self.status.phase_history;
        if history
            .last()
            .is_some_and(|last| last.phase == phase.as_str())
        {
            return;
        }
        history.push(PhaseTransition {
            phase: phase.as_str().to_owned(),
            occurred_at: Time(at),
            message: shorten(message, HISTORY_MESSAGE),
        });
        if history.len() > HISTORY {
            history.remove(1);
        }
    }

    fn push(
        &mut self,
        phase: Phase,
        version: u32,
        at: Timestamp,
        reason: &str,
        failure: Option<&Failure>,
    ) {
        let Some(id) = self.world.id else { return };
        let attempt = self.attempt();
        let logs = match &self.world.pod {
            PodSeen::Ours(pod) if phase != Phase::Queued => Some(pod.logs.clone()),
            _ => None,
        };
        let cache = i32::try_from(self.status.cache_status).unwrap_or_default();
        self.transitions.push(Transition {
            id: id.clone(),
            attempt,
            phase,
            version,
            at,
            reason: reason.to_owned(),
            failure: failure.cloned(),
            place: self.place(phase, attempt),
            cache: CatalogCacheStatus::try_from(cache).unwrap_or(CatalogCacheStatus::CacheDisabled),
            logs,
        });
    }

    fn place(&self, phase: Phase, attempt: NonZeroU32) -> Place {
        let recovered = self
            .world
            .recovered
            .filter(|_| phase == Phase::Recovered)
            .map(|recovered| {
                recovered
                    .outputs
                    .clone()
                    .map_or(Place::None, Place::Outputs)
            });
        recovered.unwrap_or_else(|| {
            let subject = self.world.subject.ok();
            subject.map_or(Place::None, |subject| {
                Place::Prefix(subject.output_prefix(attempt))
            })
        })
    }

    /// The history never goes back in time, nor ahead of it, whatever the clocks of nodes say.
    fn time(&self, at: Option<Timestamp>) -> Timestamp {
        let now = self.world.now;
        let last = self
            .status
            .phase_history
            .last()
            .map(|last| last.occurred_at.0);
        let at = at.map_or(now, |at| at.min(now));
        last.map_or(at, |last| at.max(last))
    }

    fn set_conditions(&mut self, phase: Phase, message: &str, at: Timestamp) {
        let reason = phase.as_str();
        let conditions = &mut self.status.conditions;
        set_condition(
            conditions,
            PROGRESSING,
            !phase.is_terminal(),
            reason,
            message,
            at,
        );
        match phase {
            Phase::Succeeded | Phase::Recovered => {
                set_condition(conditions, SUCCEEDED, true, reason, message, at);
            }
            _ if phase.is_terminal() => {
                set_condition(conditions, FAILED, true, reason, message, at);
            }
            _ => {}
        }
    }
}

/// Sets a condition; the time is that of the last change of its status.
pub fn set_condition(
    conditions: &mut Vec<Condition>,
    type_: &str,
    status: bool,
    reason: &str,
    message: &str,
    at: Timestamp,
) {
    let status = if status { "True" } else { "False" };
    let new = Condition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        last_transition_time: Time(at),
        observed_generation: None,
    };
    match conditions.iter_mut().find(|known| known.type_ == type_) {
        Some(known) => {
            let since = if known.status == status {
                known.last_transition_time.clone()
            } else {
                Time(at)
            };
            *known = Condition {
                last_transition_time: since,
                ..new
            };
        }
        None => conditions.push(new),
    }
}

/// The phase that a status tells; none before the first.
pub fn current_phase(status: &TaskActionStatus) -> Option<Phase> {
    let progressing = status
        .conditions
        .iter()
        .find(|condition| condition.type_ == PROGRESSING)?;
    match progressing.reason.as_str() {
        "Queued" => Some(Phase::Queued),
        "Initializing" => Some(Phase::Initializing),
        "Executing" => Some(Phase::Executing),
        _ => None,
    }
}

/// Whether the action is over.
pub fn is_terminal(status: &TaskActionStatus) -> bool {
    terminal_condition(status).is_some()
}

/// When it was over.
pub fn terminal_time(status: &TaskActionStatus) -> Option<Timestamp> {
    terminal_condition(status).map(|condition| condition.last_transition_time.0)
}

fn terminal_condition(status: &TaskActionStatus) -> Option<&Condition> {
    status.conditions.iter().find(|condition| {
        matches!(condition.type_.as_str(), SUCCEEDED | FAILED) && condition.status == "True"
    })
}

/// What Flyte's executor calls it in the status.
fn plugin_phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Queued => "PhaseQueued",
        Phase::Initializing => "PhaseInitializing",
        Phase::Executing => "PhaseRunning",
        Phase::Succeeded | Phase::Recovered => "PhaseSuccess",
        Phase::RetryableFailure => "PhaseRetryableFailure",
        Phase::PermanentFailure | Phase::InvalidSpec | Phase::PluginNotFound => {
            "PhasePermanentFailure"
        }
        Phase::TimedOut => "PhaseTimedOut",
        Phase::Aborted => "PhaseAborted",
    }
}
