//! One look at an action: fetch, decide, tell, apply, write the status; again until nothing is left to do.
//!
//! What happens is told before it is written into the status, so that nothing is known in the cluster that the control plane
//! can't come to know: what it does not take now is written into the status together with what it tells of. A pod is made before
//! the status says so, since its name is its record; it is deleted after the status says why.

use std::{
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use dataplane_api::{
    object_uri::ObjectUri,
    task_action::{ErrorKind, TaskAction, TaskActionStatus},
};
use dataplane_proto::flyteidl2::{task::Inputs, workflow::ActionEvent};
use k8s_openapi::{
    api::core::v1::{Pod, Secret},
    jiff::{SignedDuration, Timestamp},
};
use serde_json::{Map, Value, json};
use tracing::{info, warn};

use super::{
    action::Action,
    condition,
    decide::{self, Decision, PodSeen, PodView, Previous, Refused, Step, World, is_terminal},
    events::pending,
    failure::{Failure, Retry},
    kept::{Body, Kept, KeptAction, KeptPod, Task},
    kubernetes::{self, CallError, Creation, Kubernetes},
    labels::{self, FINALIZER},
    metrics::Metrics,
    observe, pod, running_time,
    settings::Settings,
    state::State,
    subject::Refusal,
    transition::{Phase, Transition},
    work_queue::{Done, Key},
};
use crate::process::chain;

/// Steps of one look: more than any way through the state machine takes.
const STEPS: usize = 16;
/// How long an object store that forbids reading is waited for, once the pod has ended.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);
/// How soon to ask again whether the control plane takes events, besides being told so.
const REDELIVERY: Duration = Duration::from_secs(60);

/// The control plane, as far as events go.
pub trait Sink: Send + Sync + 'static {
    /// The event that tells of a transition.
    fn event(&self, transition: &Transition) -> ActionEvent;
    /// Whether all of them were taken. They are told in order, and again when in doubt.
    fn deliver(&self, events: Vec<ActionEvent>) -> impl Future<Output = bool> + Send;
}

/// Why something could not be read.
pub trait Unread: std::error::Error + Send + Sync + 'static {
    /// Whether the same call may succeed later without anybody's doing.
    fn may_pass(&self) -> bool;
}

/// The object store, as far as results go.
pub trait Objects: Send + Sync + 'static {
    type Error: Unread;
    /// What the attempt that writes under this prefix said of its failure, if it failed. One that must have left outputs and
    /// did not failed too.
    fn outcome(
        &self,
        prefix: &str,
        outputs: bool,
    ) -> impl Future<Output = Result<Result<(), Failure>, Self::Error>> + Send;
    /// The inputs of an action; or why they can't be used.
    fn inputs(
        &self,
        action: &Action,
    ) -> impl Future<Output = Result<Result<Inputs, Failure>, Self::Error>> + Send;
    /// A URL by which an object can be read for a while; or why it can't be signed.
    fn sign(
        &self,
        uri: &ObjectUri,
    ) -> impl Future<Output = Result<Result<String, Failure>, Self::Error>> + Send;
}

/// What looks at actions.
pub struct Reconciler<S, O> {
    pub settings: Arc<Settings>,
    pub kubernetes: Kubernetes,
    pub actions: Arc<Kept<KeptAction>>,
    pub pods: Arc<Kept<KeptPod>>,
    pub sink: S,
    pub objects: O,
    pub metrics: Arc<Metrics>,
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

/// A look while it is taken.
struct Look {
    key: Key,
    uid: String,
    version: String,
    deleting: bool,
    finalizers: Vec<String>,
    labelled: bool,
    task: Task,
    /// The status as it is in the cluster.
    written: TaskActionStatus,
    state: State,
    /// Not told yet.
    outbox: Vec<Transition>,
    found: Found,
}

/// What steps brought.
#[derive(Default)]
struct Found {
    /// The pod, as the API server has it.
    pod: Option<Option<Pod>>,
    /// It was made in this look.
    made: bool,
    outcome: Option<Result<(), Failure>>,
    refused: Option<Refused>,
}

impl<S: Sink, O: Objects> Reconciler<S, O> {
    /// Looks at an action.
    pub async fn reconcile(&self, key: &Key) -> Done {
        let began = Instant::now();
        let outcome = self.look(key).await;
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
            return Ok(None);
        };
        let kept = if kept.doubtful {
            match self.read_again(key, &kept).await? {
                Some(kept) => kept,
                None => return Ok(None),
            }
        } else {
            kept
        };
        match &kept.body {
            Body::Over => Ok(None),
            Body::Condition { deadline, status } => {
                let waited = condition::wait(status, deadline, (self.clock)());
                Ok(self.write_condition(key, &kept, status, waited).await?)
            }
            Body::Task(task) => {
                let mut look = Look::new(key, &kept, (**task).clone());
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
                let read = KeptAction::of(&resource, &self.settings);
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
                    let mut finalizers = look.finalizers.clone();
                    finalizers.push(FINALIZER.to_owned());
                    self.patch_metadata(look, json!({ "finalizers": finalizers }))
                        .await?;
                }
                Step::ReadPod(attempt) => {
                    let key = look.pod_key(*attempt);
                    look.found.pod = Some(self.kubernetes.read_pod(&key).await?);
                }
                Step::ReadOutcome { prefix, outputs } => {
                    self.read_outcome(look, prefix, *outputs).await?;
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
                ended: has_ended(&pod.pod),
            });
        World {
            id: look.task.id.as_ref(),
            subject: look.task.subject.as_ref(),
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
            room: self.has_room(&look.state),
            max_system_failures: self.settings.executor.max_system_failures,
            now,
        }
    }

    fn has_room(&self, state: &State) -> bool {
        let limit = i64::from(self.settings.executor.undelivered_limit.get());
        self.metrics.pending_events.get() < limit && !pending::is_full(&state.pending)
    }

    fn pod_seen(&self, look: &Look, attempt: NonZeroU32, now: Timestamp) -> PodSeen {
        let live = look.found.pod.as_ref();
        let known = self.pods.get(&look.pod_key(attempt));
        let pod = match (live, &known) {
            (Some(None), _) => return PodSeen::Gone,
            (Some(Some(pod)), _) => pod,
            (None, Some(known)) => &known.pod,
            (None, None) => return PodSeen::Missing,
        };
        if labels::owner(pod).is_none_or(|owner| owner.uid != look.uid()) {
            return PodSeen::Foreign(kubernetes::maker(pod));
        }
        let (began, finished) = running_time::of(pod);
        PodSeen::Ours(PodView {
            uid: pod.metadata.uid.clone().unwrap_or_default(),
            deleting: pod.metadata.deletion_timestamp.is_some(),
            ended: has_ended(pod),
            observation: observe::observe(pod, now, &self.settings),
            began,
            finished,
            fresh: look.found.made,
            logs: observe::log_context(pod),
        })
    }

    /// What can't be read and won't pass by itself is waited for, since it is somebody's to mend; but not for ever.
    async fn read_outcome(
        &self,
        look: &mut Look,
        prefix: &str,
        outputs: bool,
    ) -> Result<(), ReconcileError<O::Error>> {
        look.found.outcome = match self.objects.outcome(prefix, outputs).await {
            Ok(outcome) => Some(outcome),
            Err(error) if !error.may_pass() && self.has_waited(look) => Some(Err(Failure {
                code: "OutcomeUnreadable".to_owned(),
                message: format!(
                    "what the attempt left in the object store could not be read: {}",
                    chain(&error)
                ),
                kind: ErrorKind::System,
                retry: Retry::No,
            })),
            Err(error) => return Err(ReconcileError::Objects(error)),
        };
        Ok(())
    }

    /// Whether the pod has been at its end for long.
    fn has_waited(&self, look: &Look) -> bool {
        let attempt = NonZeroU32::new(look.task.status.attempts).unwrap_or(NonZeroU32::MIN);
        let pod = self.pods.get(&look.pod_key(attempt));
        let ended = pod.and_then(|pod| running_time::of(&pod.pod).1);
        ended.is_some_and(|ended| (self.clock)().duration_since(ended) > PATIENCE)
    }

    async fn create_pod(
        &self,
        look: &mut Look,
        attempt: NonZeroU32,
    ) -> Result<(), ReconcileError<O::Error>> {
        self.tell(look).await;
        let action = match look.task.action.clone() {
            Some(action) => action,
            None => match self.read_action(look).await? {
                Ok(action) => action,
                Err(refusal) => {
                    look.found.refused = Some(Refused::Unbuildable(refusal));
                    return Ok(());
                }
            },
        };
        let inputs = if pod::reads_inputs(&action) {
            match self
                .objects
                .inputs(&action)
                .await
                .map_err(ReconcileError::Objects)?
            {
                Ok(inputs) => Some(inputs),
                Err(Failure {
                    code: _, message, ..
                }) => {
                    let code = "InputsUnreadable";
                    look.found.refused = Some(Refused::Invalid { code, message });
                    return Ok(());
                }
            }
        } else {
            None
        };
        let secret = match self.sign_code(&action, attempt).await? {
            Ok(secret) => secret,
            Err(refused) => {
                look.found.refused = Some(refused);
                return Ok(());
            }
        };
        let given = pod::Given {
            inputs: inputs.as_ref(),
            code_secret: secret.as_ref().and_then(|secret| secret.metadata.name.as_deref()),
        };
        let built = pod::build(&action, attempt, &self.settings, given);
        let pod = match built {
            Ok(pod) => pod,
            Err(error) => {
                look.found.refused = Some(Refused::Unbuildable(refusal(&error)));
                return Ok(());
            }
        };
        let key = look.pod_key(attempt);
        // Before the pod, so that no pod waits for what nobody makes.
        if let Some(secret) = &secret {
            match self.kubernetes.create_secret(&key, &pod, secret).await {
                Ok(None) => {}
                Ok(Some(refused)) => {
                    self.metrics.pods_refused.with_label_values(&[refused.reason()]).inc();
                    look.found.refused = Some(refused);
                    return Ok(());
                }
                Err(error) => {
                    self.flush(look).await?;
                    return Err(error.into());
                }
            }
        }
        match self.kubernetes.create_pod(&key, &pod).await {
            Ok(Creation::Made(pod)) => {
                self.metrics.pods_created.inc();
                self.pods.made(&key, KeptPod::of((*pod).clone()));
                look.found.pod = Some(Some(*pod));
                look.found.made = true;
            }
            // By an executor before this one, or by somebody else: the next look at it tells.
            Ok(Creation::Taken) => {
                look.found.pod = Some(self.kubernetes.read_pod(&key).await?);
            }
            Ok(Creation::Refused(refused)) => {
                self.metrics
                    .pods_refused
                    .with_label_values(&[refused.reason()])
                    .inc();
                look.found.refused = Some(refused);
            }
            Err(error) => {
                // What was told already is written, so that it is not told again with every try.
                self.flush(look).await?;
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// The Secret with a URL for the task's code, when it is to be fetched by one.
    async fn sign_code(
        &self,
        action: &Action,
        attempt: NonZeroU32,
    ) -> Result<Result<Option<Secret>, Refused>, ReconcileError<O::Error>> {
        let unbuildable = |error: pod::BuildError| Refused::Unbuildable(refusal(&error));
        let uri = match pod::code_to_sign(action, &self.settings) {
            Ok(Some(uri)) => uri,
            Ok(None) => return Ok(Ok(None)),
            Err(error) => return Ok(Err(unbuildable(error))),
        };
        let url = match self.objects.sign(&uri).await.map_err(ReconcileError::Objects)? {
            Ok(url) => url,
            Err(Failure { code: _, message, .. }) => {
                let code = "CodeNotSigned";
                return Ok(Err(Refused::Invalid { code, message }));
            }
        };
        let secret = pod::code_secret(action, attempt, &self.settings, &url);
        Ok(secret.map(Some).map_err(unbuildable))
    }

    /// The action as its resource has it now: its template is not kept once a pod was made of it.
    async fn read_action(
        &self,
        look: &Look,
    ) -> Result<Result<Arc<Action>, Refusal>, ReconcileError<O::Error>> {
        let resource = self.kubernetes.read_action(&look.key).await?;
        if resource.metadata.uid.as_deref() != Some(look.uid()) {
            return Err(CallError::Gone {
                call: "reading",
                object: format!("{}/{}", look.key.namespace, look.key.name),
            }
            .into());
        }
        let action = Action::parse(&resource, &self.settings);
        Ok(action.map(Arc::new).map_err(|error| Refusal {
            phase: Phase::InvalidSpec,
            message: error.0,
        }))
    }

    async fn delete_pod(
        &self,
        look: &mut Look,
        attempt: NonZeroU32,
        uid: &str,
    ) -> Result<(), ReconcileError<O::Error>> {
        let key = look.pod_key(attempt);
        let ending = self.kubernetes.delete_pod(&key, uid).await?;
        self.metrics.pods_deleted.inc();
        match ending {
            // A pod that never ran is gone at once, and is answered with as it was.
            Some(pod) if pod.metadata.deletion_timestamp.is_some() => {
                self.pods.written(&key, KeptPod::of(pod));
            }
            _ => self.pods.gone(&key, uid),
        }
        look.found.pod = None;
        Ok(())
    }

    /// The last writes: the status, and when nothing is pending the labels and the finalizer.
    async fn end(&self, look: &mut Look, step: &Step) -> Result<(), ReconcileError<O::Error>> {
        let released = *step == Step::Release;
        self.tell(look).await;
        // A resource that is released is gone: its status is written only when it has to stay, or tells of an end.
        let ended = is_terminal(&look.task.status);
        if !released || ended || !look.state.pending.is_empty() {
            self.flush(look).await?;
        }
        if !look.state.pending.is_empty() {
            return Ok(());
        }
        let ours = look
            .finalizers
            .iter()
            .any(|finalizer| finalizer == FINALIZER);
        let mut metadata = Map::new();
        if ours {
            let others: Vec<&String> = look
                .finalizers
                .iter()
                .filter(|finalizer| *finalizer != FINALIZER)
                .collect();
            metadata.insert("finalizers".to_owned(), json!(others));
        }
        if !released && !look.labelled {
            let at = decide::terminal_time(&look.task.status).unwrap_or_else(self.clock);
            metadata.insert("labels".to_owned(), json!(labels::finished(at)));
        }
        if metadata.is_empty() {
            return Ok(());
        }
        self.patch_metadata(look, Value::Object(metadata)).await?;
        Ok(())
    }

    /// Tells of what has not been told: what was pending first.
    async fn tell(&self, look: &mut Look) {
        if look.outbox.is_empty() && look.state.pending.is_empty() {
            return;
        }
        let mut events = pending::read(&look.state.pending);
        for transition in look.outbox.drain(..) {
            let phase = transition.phase.as_str();
            self.metrics.transitions.with_label_values(&[phase]).inc();
            events.push(self.sink.event(&transition));
        }
        look.state.pending.clear();
        if !self.sink.deliver(events.clone()).await {
            for event in &events {
                pending::push(&mut look.state.pending, event);
            }
        }
        look.state.write(&mut look.task.status);
    }

    /// Tells of what happened, and lets the status be written with what comes next, unless something is pending.
    async fn settle(&self, look: &mut Look) -> Result<(), ReconcileError<O::Error>> {
        self.tell(look).await;
        if !look.state.pending.is_empty() {
            return self.flush(look).await;
        }
        self.remember(look);
        Ok(())
    }

    /// Keeps a status that was told and is not written, so that the next look goes on from it instead of coming to another
    /// end by itself. Should the executor end before it is written, it is found out anew, and told anew.
    fn remember(&self, look: &Look) {
        if !look.outbox.is_empty() || look.task.status == look.written {
            return;
        }
        let Some(kept) = self.actions.get(&look.key) else {
            return;
        };
        let Body::Task(known) = &kept.body else {
            return;
        };
        let in_cluster = known.written.as_ref().unwrap_or(&known.status);
        if kept.uid != look.uid || *in_cluster != look.written {
            return;
        }
        let ahead = Task {
            status: look.task.status.clone(),
            written: Some(look.written.clone()),
            ..(**known).clone()
        };
        let body = Body::Task(Box::new(ahead));
        let kept = KeptAction {
            body,
            ..(*kept).clone()
        };
        self.actions.written(&look.key, kept);
    }

    /// Tells of what happened, and writes the status.
    async fn flush(&self, look: &mut Look) -> Result<(), ReconcileError<O::Error>> {
        self.tell(look).await;
        let Some(changes) = changes(&look.written, &look.task.status) else {
            return Ok(());
        };
        let written = self
            .kubernetes
            .patch_status(&look.key, &look.version, &changes)
            .await?;
        self.adopt(look, &written);
        Ok(())
    }

    async fn patch_metadata(
        &self,
        look: &mut Look,
        metadata: Value,
    ) -> Result<(), ReconcileError<O::Error>> {
        let written = self
            .kubernetes
            .patch_metadata(&look.key, &look.version, metadata)
            .await?;
        self.adopt(look, &written);
        Ok(())
    }

    /// Goes on with the resource as it was written.
    fn adopt(&self, look: &mut Look, resource: &TaskAction) {
        let kept = KeptAction::of(resource, &self.settings);
        look.version.clone_from(&kept.version);
        look.deleting = kept.deleting;
        look.finalizers.clone_from(&kept.finalizers);
        look.labelled = kept.labelled;
        look.written = resource.status.clone().unwrap_or_default();
        // The step that follows may need what is kept no longer.
        if kept.finalizers.is_empty() && kept.deleting {
            self.actions.gone(&look.key, &kept.uid);
        } else {
            self.actions.written(&look.key, kept);
        }
    }

    async fn write_condition(
        &self,
        key: &Key,
        kept: &KeptAction,
        before: &TaskActionStatus,
        waited: condition::Waited,
    ) -> Result<Option<Duration>, CallError> {
        if kept.deleting {
            return Ok(None);
        }
        let mut version = kept.version.clone();
        if let Some(changes) = changes(before, &waited.status) {
            let reason = waited
                .status
                .conditions
                .first()
                .map_or("", |condition| &condition.reason);
            let (namespace, name) = (&*key.namespace, &*key.name);
            info!(namespace, name, phase = reason, "condition changed");
            let written = self
                .kubernetes
                .patch_status(key, &version, &changes)
                .await?;
            let kept = KeptAction::of(&written, &self.settings);
            version.clone_from(&kept.version);
            self.actions.written(key, kept);
        }
        if waited.over && !kept.labelled {
            let at = decide::terminal_time(&waited.status).unwrap_or_else(self.clock);
            let labels = json!({ "labels": labels::finished(at) });
            let written = self
                .kubernetes
                .patch_metadata(key, &version, labels)
                .await?;
            self.actions
                .written(key, KeptAction::of(&written, &self.settings));
        }
        Ok(waited.again)
    }

    /// One line per decision that does something.
    fn log(&self, look: &Look, decision: &Decision) {
        let quiet = matches!(
            decision.step,
            Step::Rest
                | Step::Settle
                | Step::Continue
                | Step::ReadPod(_)
                | Step::ReadOutcome { .. }
                | Step::AddFinalizer
        );
        if quiet && decision.transitions.is_empty() {
            return;
        }
        if decision.status.system_failures > look.task.status.system_failures {
            self.metrics
                .system_failures
                .with_label_values(&["system"])
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
        let reason = decision
            .transitions
            .first()
            .map_or("", |transition| &transition.reason);
        info!(
            run,
            action,
            namespace = &*look.key.namespace,
            name = &*look.key.name,
            attempt = decision.status.attempts,
            phases = phases.join(","),
            reason,
            step = decision.step.as_str(),
            "decided"
        );
    }
}

impl Look {
    fn new(key: &Key, kept: &KeptAction, task: Task) -> Self {
        Self {
            key: key.clone(),
            version: kept.version.clone(),
            deleting: kept.deleting,
            finalizers: kept.finalizers.clone(),
            labelled: kept.labelled,
            written: task.written.clone().unwrap_or_else(|| task.status.clone()),
            state: State::read(&task.status),
            outbox: Vec::new(),
            found: Found::default(),
            uid: kept.uid.clone(),
            task,
        }
    }

    fn take(&mut self, decision: Decision) {
        let pod = |status: &TaskActionStatus| (status.attempts.max(1), status.system_failures);
        let another = pod(&self.task.status) != pod(&decision.status);
        self.task.status = decision.status;
        self.state = decision.state;
        self.outbox.extend(decision.transitions);
        if another {
            // What was found was of the pod before.
            self.found = Found::default();
        }
    }

    fn uid(&self) -> &str {
        &self.uid
    }

    fn pod_key(&self, attempt: NonZeroU32) -> Key {
        Key {
            namespace: Arc::clone(&self.key.namespace),
            name: pod::name(&self.key.name, attempt).into(),
        }
    }

    /// When to look again: what is pending is told again also when nothing says that it can be.
    fn again(&self, again: Option<Duration>) -> Option<Duration> {
        if self.state.pending.is_empty() {
            return again;
        }
        Some(again.map_or(REDELIVERY, |again| again.min(REDELIVERY)))
    }
}

/// Whether none of its containers runs any more.
fn has_ended(pod: &Pod) -> bool {
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

fn refusal(error: &pod::BuildError) -> Refusal {
    let phase = match error {
        pod::BuildError::NoSuchTaskType { .. } => Phase::PluginNotFound,
        pod::BuildError::Invalid(_) => Phase::InvalidSpec,
    };
    Refusal {
        phase,
        message: error.to_string(),
    }
}

/// The fields of a status that are to change, as a merge patch. Fields that are not ours stay as they are.
fn changes(written: &TaskActionStatus, wanted: &TaskActionStatus) -> Option<Value> {
    if written == wanted {
        return None;
    }
    let fields = |status: &TaskActionStatus| match serde_json::to_value(status) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let (before, mut after) = (fields(written), fields(wanted));
    after.retain(|name, value| before.get(name) != Some(value));
    let wanted = fields(wanted);
    for name in before.keys().filter(|name| !wanted.contains_key(*name)) {
        after.insert(name.clone(), Value::Null);
    }
    Some(Value::Object(after))
}
