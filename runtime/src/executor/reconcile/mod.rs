//! One look at an action: fetch, decide, tell, apply, write the status; again until nothing is left to do.
//!
//! What happens is told before it is written into the status, so that nothing is known in the cluster that the control plane
//! can't come to know: what it does not take now is written into the status together with what it tells of. A pod is made before
//! the status says so, since its name is its record; it is deleted after the status says why.

mod look;
mod outside;
mod pods;
mod strays;
mod too_large;
mod writes;

use std::{
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use k8s_openapi::jiff::Timestamp;
use tracing::{info, warn};

use super::{
    condition,
    decide::{self, Decision, Previous, Step, World},
    events::{pending, shorten},
    kept::{Body, Kept, KeptAction, KeptPod},
    kubernetes::{CallError, Kubernetes},
    labels::FINALIZER,
    memory::Memory,
    metrics::Metrics,
    settings::Settings,
    state::State,
    work_queue::{Done, Key},
};
use crate::process::chain;
use look::Look;
pub use outside::{Objects, Sink, Unread};
use pods::has_ended;

/// Failures that have a metric of their own: a task could say any code.
const SYSTEM_FAILURES: [&str; 16] = [
    "CodeNotFetched",
    "DeletionByPodGC",
    "DeletionByTaintManager",
    "ErrorFileBadFormat",
    "Evicted",
    "EvictionByEvictionAPI",
    "ImagePullBackOff",
    "Interrupted",
    "NodeAffinity",
    "NodeShutdown",
    "PodNameTaken",
    "PreemptionByScheduler",
    "ResourceDeletedExternally",
    "Shutdown",
    "TerminationByKubelet",
    "UnexpectedObjectDeletion",
];
/// Bytes of a text in the log.
const LOGGED: usize = 256;
/// Bytes of what the executor remembers of actions, nearly all of it events that wait: with more of it no new pods start.
const PENDING: i64 = 64 << 20;
/// How soon to try again to stop a pod that could not be.
const STRAYS: Duration = Duration::from_secs(30);
/// Steps of one look: more than any way through the state machine takes.
const STEPS: usize = 16;

/// What looks at actions.
pub struct Reconciler<S, O> {
    pub settings: Arc<Settings>,
    pub kubernetes: Kubernetes,
    pub actions: Arc<Kept<KeptAction>>,
    pub pods: Arc<Kept<KeptPod>>,
    pub sink: S,
    pub objects: O,
    pub metrics: Arc<Metrics>,
    pub memory: Arc<Memory>,
    pub clock: fn() -> Timestamp,
}

/// Why a look did not get to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError<E: Unread> {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("reading what the attempt left in the object store")]
    Objects(#[source] E),
    #[error("the action did not come to rest in {STEPS} steps; the last was {0:?}")]
    Restless(Step),
}

impl<S: Sink, O: Objects> Reconciler<S, O> {
    /// Looks at an action.
    pub async fn reconcile(&self, key: &Key) -> Done {
        let began = Instant::now();
        // Too large to be part of who waits for it.
        let outcome = Box::pin(self.look(key)).await;
        self.metrics
            .reconcile_seconds
            .observe(began.elapsed().as_secs_f64());
        let (done, outcome) = match outcome {
            Ok(again) => (again.map_or(Done::Rest, Done::Again), "ok"),
            // The watch brings the newer version, or that it is gone.
            Err(ReconcileError::Call(CallError::Conflict { .. })) => (Done::Failed, "conflict"),
            Err(ReconcileError::Call(CallError::Gone { .. })) => (Done::Failed, "gone"),
            Err(error) => {
                let (namespace, name) = (&*key.namespace, &*key.name);
                warn!(
                    namespace,
                    name,
                    error = chain(&error),
                    "will be looked at again"
                );
                (Done::Failed, "failed")
            }
        };
        self.metrics.reconciles.with_label_values(&[outcome]).inc();
        done
    }

    async fn look(&self, key: &Key) -> Result<Option<Duration>, ReconcileError<O::Error>> {
        let Some(kept) = self.actions.get(key) else {
            self.stop_orphan(key).await?;
            return Ok(None);
        };
        let _room = self.memory.hold(kept.weight).await;
        let kept = if kept.doubtful {
            match self.read_again(key, &kept).await? {
                Some(kept) => kept,
                None => return Ok(None),
            }
        } else {
            kept
        };
        let stopped = self.stop_strays(key, &kept).await;
        let again = self.follow_body(key, &kept).await?;
        let soon = (!stopped).then_some(STRAYS);
        Ok(again.into_iter().chain(soon).min())
    }

    async fn follow_body(
        &self,
        key: &Key,
        kept: &KeptAction,
    ) -> Result<Option<Duration>, ReconcileError<O::Error>> {
        match &kept.body {
            Body::Over => Ok(None),
            Body::Condition { deadline, status } => {
                let waited = condition::wait(status, deadline, (self.clock)());
                Ok(self.write_condition(key, kept, status, waited).await?)
            }
            Body::Task(task) => {
                let mut look = Look::new(key, kept, (**task).clone());
                let outcome = self.follow(&mut look).await;
                if outcome.is_err() {
                    self.remember(&look);
                    self.doubt(key);
                }
                outcome
            }
        }
    }

    /// The resource as it is. None when it is gone.
    async fn read_again(
        &self,
        key: &Key,
        kept: &KeptAction,
    ) -> Result<Option<Arc<KeptAction>>, CallError> {
        match self.kubernetes.read_action(key).await {
            Ok(resource) => {
                let read = KeptAction::read(&resource, &self.settings);
                self.actions.written(key, read);
            }
            Err(CallError::Gone { .. }) => self.actions.gone(key, &kept.uid),
            Err(error) => return Err(error),
        }
        Ok(self.actions.get(key))
    }

    fn doubt(&self, key: &Key) {
        if let Some(kept) = self.actions.get(key) {
            let doubtful = KeptAction {
                doubtful: true,
                ..(*kept).clone()
            };
            self.actions.written(key, doubtful);
        }
    }

    async fn follow(&self, look: &mut Look) -> Result<Option<Duration>, ReconcileError<O::Error>> {
        let mut last = Step::Rest;
        for _ in 0..STEPS {
            let decision = decide::decide(&self.world(look));
            self.log(look, &decision);
            let step = decision.step.clone();
            let again = decision.again;
            look.take(decision);
            match &step {
                Step::Rest => {
                    self.flush(look).await?;
                    return Ok(look.again(again));
                }
                Step::Settle => {
                    self.settle(look).await?;
                    return Ok(look.again(again));
                }
                Step::Finish | Step::Release => {
                    self.end(look, &step).await?;
                    return Ok(look.again(again));
                }
                Step::Continue => self.flush(look).await?,
                Step::AddFinalizer => {
                    if !self.add_finalizer(look).await? {
                        return Ok(None);
                    }
                }
                Step::ReadPod(attempt) => {
                    let key = look.pod_key(*attempt);
                    look.found.pod = Some(self.kubernetes.read_pod(&key).await?.into());
                }
                Step::ReadOutcome { prefix, outputs } => {
                    self.read_outcome(look, prefix, *outputs).await?;
                }
                Step::AskCache(attempt) => self.ask_cache(look, *attempt).await?,
                Step::KeepResult(attempt) => self.keep_result(look, *attempt).await?,
                Step::StayReserved => {
                    self.flush(look).await?;
                    if let Some(claim) = self.claim(look).await? {
                        self.objects.stay_reserved(&claim).await;
                    }
                    return Ok(look.again(again));
                }
                Step::CreatePod(attempt) => self.create_pod(look, *attempt).await?,
                Step::DeletePod(attempt, uid) => {
                    self.flush(look).await?;
                    self.delete_pod(look, *attempt, uid).await?;
                }
            }
            last = step;
        }
        self.flush(look).await?;
        Err(ReconcileError::Restless(last))
    }

    fn world<'a>(&self, look: &'a Look) -> World<'a> {
        let attempt = NonZeroU32::new(look.task.status.attempts).unwrap_or(NonZeroU32::MIN);
        let now = (self.clock)();
        let previous = NonZeroU32::new(attempt.get() - 1)
            .and_then(|before| self.pods.get(&look.pod_key(before)))
            .filter(|pod| pod.owner == look.uid())
            .map(|pod| Previous {
                uid: pod.uid.clone(),
                deleting: pod.deleting,
                ends_by: pod.pod.metadata.deletion_timestamp.as_ref().map(|t| t.0),
                ended: has_ended(&pod.pod),
            });
        World {
            id: look.task.id.as_ref(),
            subject: look.task.subject.as_ref(),
            recovered: look.task.recovered.as_ref(),
            status: &look.task.status,
            state: &look.state,
            deleting: look.deleting,
            finalizer: look
                .finalizers
                .iter()
                .any(|finalizer| finalizer == FINALIZER),
            labelled: look.labelled,
            pod: self.pod_seen(look, attempt, now),
            previous,
            outcome: look.found.outcome.as_ref(),
            refused: look.found.refused.as_ref(),
            cache: self.settings.executor.cache
                && look
                    .task
                    .subject
                    .as_ref()
                    .is_ok_and(|subject| subject.cached),
            reused: look.found.reused.as_ref(),
            kept: look.found.kept,
            room: self.has_room(&look.state),
            max_system_failures: self.settings.executor.max_system_failures,
            now,
        }
    }

    fn has_room(&self, state: &State) -> bool {
        let limit = i64::from(self.settings.executor.undelivered_limit.get());
        self.metrics.pending_events.get() < limit
            && self.metrics.pending_bytes.get() < PENDING
            && !pending::is_full(&state.pending)
    }

    /// One line per decision that does something.
    fn log(&self, look: &Look, decision: &Decision) {
        let quiet = matches!(
            decision.step,
            Step::Rest
                | Step::StayReserved
                | Step::AskCache(_)
                | Step::KeepResult(_)
                | Step::Settle
                | Step::Continue
                | Step::ReadPod(_)
                | Step::ReadOutcome { .. }
                | Step::AddFinalizer
        );
        if quiet && decision.transitions.is_empty() {
            return;
        }
        if let Some(code) = &decision.system_failure {
            let known = SYSTEM_FAILURES.contains(&code.as_str());
            let code = if known { code.as_str() } else { "Other" };
            self.metrics
                .system_failures
                .with_label_values(&[code])
                .inc();
        }
        let (run, action) = look
            .task
            .id
            .as_ref()
            .map_or(("", ""), |id| (id.run.as_str(), id.action.as_str()));
        let phases: Vec<&str> = decision
            .transitions
            .iter()
            .map(|transition| transition.phase.as_str())
            .collect();
        let (code, reason) = told(decision);
        info!(
            run,
            action,
            namespace = &*look.key.namespace,
            name = &*look.key.name,
            attempt = decision.status.attempts,
            phases = phases.join(","),
            code,
            reason,
            step = decision.step.as_str(),
            "decided"
        );
    }
}

/// Why, for the log: the code of a failure, or the reason of what is none. A failure's message is its task's, and may hold
/// whatever its user wrote.
fn told(decision: &Decision) -> (String, String) {
    let first = decision.transitions.first();
    let failure = first.and_then(|transition| transition.failure.as_ref());
    let code = failure
        .map(|failure| &failure.code)
        .or(decision.system_failure.as_ref());
    match (code, first) {
        (Some(code), _) => (shorten(code, LOGGED), String::new()),
        (None, Some(transition)) => (String::new(), shorten(&transition.reason, LOGGED)),
        (None, None) => (String::new(), String::new()),
    }
}

#[cfg(test)]
mod tests;
