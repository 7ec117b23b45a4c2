//! Whatever happens in whatever order, and wherever the executor is stopped: no transition is lost, no two pods run at once, an
//! action that is over stays so, and attempts never go back.

mod cluster;
mod steps;
mod store;
mod tests;

use std::{
    cell::Cell,
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use dataplane_api::task_action::{TaskAction, TaskActionStatus};
use dataplane_proto::flyteidl2::{common::ActionPhase, core, workflow::ActionEvent};
use k8s_openapi::{
    api::core::v1::Pod,
    jiff::{SignedDuration, Timestamp},
};
use prometheus::Registry;
use serde_json::json;

use super::{
    decide::is_terminal,
    events, example,
    kept::{Kept, KeptAction, KeptPod, counted},
    kubernetes::Kubernetes,
    metrics::Metrics,
    reconcile::{Reconciler, Sink},
    settings::Settings,
    state::State,
    transition::Transition,
    work_queue::Key,
};
use crate::lease::Trust;
use cluster::{Caller, Cluster};
use steps::Step;
pub use store::Store;

thread_local! {
    static NOW: Cell<i64> = const { Cell::new(0) };
}

fn clock() -> Timestamp {
    Timestamp::from_second(1_767_323_000 + NOW.get()).unwrap()
}

/// The control plane: what it took, in the order in which it first did.
#[derive(Clone, Default)]
pub struct ControlPlane(Arc<Taken>);

#[derive(Default)]
struct Taken {
    away: AtomicBool,
    events: Mutex<Vec<(u32, ActionPhase, u32)>>,
}

impl Sink for ControlPlane {
    fn event(&self, transition: &Transition) -> ActionEvent {
        let settings = example::settings(json!({}), "spec");
        events::event(transition, &settings, clock())
    }

    fn away_for(&self) -> Option<Duration> {
        let away = self.0.away.load(Ordering::SeqCst);
        away.then_some(Duration::from_hours(1))
    }

    async fn deliver(&self, events: Vec<ActionEvent>) -> bool {
        // A call gives others a chance, also the one that kills.
        tokio::task::yield_now().await;
        if self.0.away.load(Ordering::SeqCst) {
            return false;
        }
        let mut taken = self.0.events.lock().unwrap();
        for event in events {
            let told = (event.attempt, event.phase(), event.version);
            if !taken.contains(&told) {
                taken.push(told);
            }
        }
        true
    }
}

type Executor = Reconciler<ControlPlane, Store>;

/// The cluster, the control plane, an executor or two, and what was seen so far.
struct Model {
    cluster: Arc<Cluster>,
    control_plane: ControlPlane,
    store: Store,
    settings: Arc<Settings>,
    executor: Arc<Executor>,
    caller: Caller,
    /// The one that led before, and knows what it knew, and goes on.
    before: Option<Arc<Executor>>,
    key: Key,
    attempts: u32,
    over: Option<TaskActionStatus>,
    last: TaskActionStatus,
    aborted: bool,
    /// Attempts that were told to have succeeded.
    succeeded: HashSet<u32>,
    /// There was one executor only, which was never killed: what it told and could not write it still knows.
    unbroken: bool,
}

const ATTEMPTS: u32 = 3;

impl Model {
    fn start() -> Self {
        Self::start_with(core::TaskMetadata::default(), json!({}))
    }

    fn start_with(metadata: core::TaskMetadata, settings: serde_json::Value) -> Self {
        NOW.set(0);
        let template = core::TaskTemplate {
            metadata: Some(core::TaskMetadata {
                retries: Some(core::RetryStrategy {
                    retries: ATTEMPTS - 1,
                    ..core::RetryStrategy::default()
                }),
                ..metadata
            }),
            ..example::python()
        };
        let (store, settings) = (
            Store::default(),
            Arc::new(example::settings(settings, "spec")),
        );
        let action = serde_json::to_value(example::resource(&template)).unwrap();
        let cluster = Cluster::start(action);
        let control_plane = ControlPlane::default();
        let caller = Caller::default();
        let mut model = Self {
            executor: executor(&cluster, &caller, &control_plane, &store, &settings),
            caller,
            before: None,
            store,
            settings,
            key: Key::new("fraud-staging", "r7-a0"),
            cluster,
            control_plane,
            attempts: 0,
            over: None,
            last: TaskActionStatus::default(),
            aborted: false,
            succeeded: HashSet::new(),
            unbroken: true,
        };
        model.restart();
        model.unbroken = true;
        model
    }

    fn action(&self) -> Option<TaskAction> {
        let action = self.cluster.lock().action.clone()?;
        Some(serde_json::from_value(action).unwrap())
    }

    fn restart(&mut self) {
        self.unbroken = false;
        self.caller = Caller::default();
        self.executor = executor(
            &self.cluster,
            &self.caller,
            &self.control_plane,
            &self.store,
            &self.settings,
        );
        self.tell_action(&self.executor);
        self.tell_pods(&self.executor);
    }

    fn hand_over(&mut self) {
        self.caller.is_deposed();
        self.before = Some(Arc::clone(&self.executor));
        self.restart();
    }

    /// The executor stood still for so long that another may lead.
    fn stand_still(&mut self) {
        let Reconciler {
            settings,
            kubernetes,
            actions,
            pods,
            metrics,
            ..
        } = &*self.executor;
        self.executor = Arc::new(Reconciler {
            settings: Arc::clone(settings),
            kubernetes: kubernetes.clone().trusting(Trust::until(None)),
            actions: Arc::clone(actions),
            pods: Arc::clone(pods),
            sink: self.control_plane.clone(),
            objects: self.store.clone(),
            metrics: Arc::clone(metrics),
            memory: Arc::default(),
            clock,
        });
    }

    fn tell_action(&self, executor: &Executor) {
        let uid = "4d0f6a1e-0000-0000-0000-000000000000";
        match self.action() {
            Some(action) => {
                let kept = KeptAction::of(&action, &executor.settings);
                executor.actions.seen(&self.key, kept);
            }
            None => executor.actions.gone(&self.key, uid),
        }
    }

    fn tell_pods(&self, executor: &Executor) {
        let pods = &executor.pods;
        pods.listing_begins(None);
        for (name, pod) in &self.cluster.lock().pods {
            let pod: Pod = serde_json::from_value(pod.clone()).unwrap();
            pods.listed(None, &Key::new("fraud-staging", name), KeptPod::of(pod));
        }
        pods.listing_ends(None);
    }

    /// A look that may be broken off when it waits for the nth time.
    async fn look(&mut self, waits: Option<u8>) {
        let executor = Arc::clone(&self.executor);
        let look = executor.reconcile(&self.key);
        match waits {
            None => {
                look.await;
            }
            Some(waits) => {
                let killer = async {
                    for _ in 0..waits {
                        tokio::task::yield_now().await;
                    }
                };
                tokio::select! {
                    biased;
                    _ = look => {}
                    () = killer => {}
                }
                self.restart();
            }
        }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Look => self.look(None).await,
            Step::Kill(waits) => self.look(Some(waits)).await,
            Step::TellAction => self.tell_action(&self.executor),
            Step::TellPods => self.tell_pods(&self.executor),
            Step::Restart => self.restart(),
            Step::HandOver => self.hand_over(),
            Step::LookOfBefore => {
                if let Some(before) = &self.before {
                    before.reconcile(&self.key).await;
                }
            }
            Step::TellBefore => {
                if let Some(before) = &self.before {
                    self.tell_action(before);
                    self.tell_pods(before);
                }
            }
            Step::LookOfBoth => {
                if let Some(before) = &self.before {
                    let both = (before.reconcile(&self.key), self.executor.reconcile(&self.key));
                    tokio::join!(both.0, both.1);
                }
            }
            Step::Land => {
                self.cluster.lock().land();
            }
            Step::PodRuns => self.cluster.lock().tell(running),
            Step::PodSucceeds => self.cluster.lock().tell(|container| ended(container, 0)),
            Step::PodFails => self.cluster.lock().tell(|container| ended(container, 1)),
            Step::PodSaysError => {
                for (attempt, uid) in self.cluster.lock().at_work() {
                    self.store.says_error(attempt, uid);
                }
            }
            Step::PodIsLost => self.cluster.lock().tell(|_| json!({ "phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory." })),
            Step::PodsAreEvicted => self.cluster.lock().evict(),
            Step::PodsAreRemoved => self.cluster.lock().remove_deleted(),
            Step::PodsAreCollected => self.cluster.lock().remove_ended(),
            Step::Abort => {
                self.aborted = true;
                self.cluster.lock().delete_action();
            }
            Step::LabelByOthers => self.cluster.lock().label_action(),
            Step::Away => self.control_plane.0.away.store(true, Ordering::SeqCst),
            Step::Back => self.control_plane.0.away.store(false, Ordering::SeqCst),
            Step::WebhookDown => self.cluster.lock().webhook_is_down = true,
            Step::WebhookUp => self.cluster.lock().webhook_is_down = false,
            Step::StoreAway => self.store.set_away(true),
            Step::StoreBack => self.store.set_away(false),
            Step::Time(seconds) => NOW.set(NOW.get() + i64::from(seconds)),
            Step::Fault(fault) => self.cluster.lock().faults.push_back(fault),
        }
        self.check();
    }

    /// What holds at any time.
    fn check(&mut self) {
        assert!(self.cluster.lock().live() <= 1, "two pods at once");
        let taken = self.control_plane.0.events.lock().unwrap().clone();
        // One that is killed may have told of what it did not come to write, and the world may be another when the next one
        // looks: then what was told before is told otherwise.
        for (place, (attempt, phase, version)) in taken.iter().enumerate() {
            for (earlier, before, of) in &taken[..place] {
                let same = earlier == attempt;
                let round = of / 10 == version / 10;
                let in_order = !same || !round || (*before as i32) <= (*phase as i32);
                let open = !same || (*before as i32) < ActionPhase::Succeeded as i32;
                let ordered = earlier <= attempt && in_order && open;
                assert!(ordered || !self.unbroken, "told out of order: {taken:?}");
            }
        }
        for end in [ActionPhase::Succeeded, ActionPhase::Aborted] {
            let ends = taken.iter().filter(|(_, phase, _)| *phase == end);
            assert!(
                ends.count() <= 1 || !self.unbroken,
                "more than one end: {taken:?}"
            );
        }
        self.check_successes(&taken);
        let Some(action) = self.action() else { return };
        let status = action.status.unwrap_or_default();
        assert!(
            status.attempts >= self.attempts && status.attempts <= ATTEMPTS,
            "attempts go back"
        );
        self.attempts = status.attempts;
        if let Some(over) = &self.over {
            assert_eq!(over.conditions, status.conditions, "an end changes");
            assert_eq!(over.phase_history, status.phase_history);
            assert_eq!(over.attempts, status.attempts);
        } else if is_terminal(&status) {
            self.over = Some(status.clone());
        }
        self.last = status;
    }

    /// What a pod said of its failure is never told as a success, whatever it ended with.
    fn check_successes(&mut self, taken: &[(u32, ActionPhase, u32)]) {
        let succeeded = taken
            .iter()
            .filter(|(_, phase, _)| *phase == ActionPhase::Succeeded);
        for (attempt, _, _) in succeeded {
            if self.succeeded.insert(*attempt) {
                let attempt = u64::from(*attempt);
                let pod = self.cluster.lock().last.get(&attempt).cloned();
                let failed = self.store.failed(attempt);
                assert!(
                    pod.is_none() || failed != pod,
                    "the error of {pod:?} was told as a success: {taken:?}"
                );
            }
        }
    }

    /// All goes well from now on: the action comes to its end.
    async fn heal(&mut self) {
        self.store.set_away(false);
        self.control_plane.0.away.store(false, Ordering::SeqCst);
        self.cluster.lock().faults.clear();
        self.cluster.lock().webhook_is_down = false;
        while self.cluster.lock().land() {
            self.check();
        }
        for _ in 0..60 {
            NOW.set(NOW.get() + 120);
            self.tell_action(&self.executor);
            self.tell_pods(&self.executor);
            self.look(None).await;
            self.check();
            assert!(
                self.aborted || self.cluster.lock().unstopped() <= 1,
                "a pod that is not to be runs on: {:?}",
                self.cluster.lock().pods
            );
            self.tell_action(&self.executor);
            let rests = self
                .executor
                .actions
                .get(&self.key)
                .is_none_or(|kept| kept.labelled && kept.finalizers.is_empty());
            if rests {
                return;
            }
            let mut cluster = self.cluster.lock();
            cluster.remove_deleted();
            cluster.tell(|container| ended(container, 0));
        }
        panic!(
            "the action never rests: {:?}",
            self.action().unwrap().status
        );
    }

    /// What holds in the end.
    fn check_end(&self) {
        let taken = self.control_plane.0.events.lock().unwrap().clone();
        let told: HashSet<(u32, &str)> = taken
            .iter()
            .map(|(attempt, phase, _)| (*attempt, phase.as_str_name()))
            .collect();
        // Each entry of the history was told, in the attempt that it is of.
        let mut attempt = 1;
        for entry in &self.last.phase_history {
            let phase = match entry.phase.as_str() {
                "Queued" => "ACTION_PHASE_QUEUED",
                "Initializing" => "ACTION_PHASE_INITIALIZING",
                "Executing" => "ACTION_PHASE_RUNNING",
                "Completed" => "ACTION_PHASE_SUCCEEDED",
                "RetryableFailure" | "PermanentFailure" => "ACTION_PHASE_FAILED",
                other => panic!("{other}"),
            };
            assert!(
                told.contains(&(attempt, phase)),
                "{phase} of attempt {attempt} was lost: {taken:?}"
            );
            attempt += u32::from(entry.phase == "RetryableFailure");
        }
        assert!(State::read(&self.last).pending.is_empty() || self.action().is_none());
        let is_end = |phase: &ActionPhase| *phase as i32 >= ActionPhase::Succeeded as i32;
        let mut phases = taken.iter().map(|(_, phase, _)| *phase);
        let end = if self.unbroken {
            phases.next_back()
        } else {
            phases.rfind(is_end)
        };
        if let Some(action) = self.action() {
            assert!(is_terminal(&action.status.unwrap_or_default()));
            assert!(
                matches!(end, Some(ActionPhase::Succeeded | ActionPhase::Failed)),
                "{taken:?}"
            );
        } else {
            // It may have gone before the executor held it.
            assert!(self.aborted);
            // It may have been over, in the very look that let it go.
            let over = matches!(end, Some(ActionPhase::Succeeded | ActionPhase::Failed));
            let untold = taken.is_empty() && self.last == TaskActionStatus::default();
            assert!(
                over || untold || end == Some(ActionPhase::Aborted),
                "{taken:?}"
            );
        }
        // What is left of an action that is gone goes with it: that is not the executor's.
        if self.action().is_some() {
            assert_eq!(self.cluster.lock().unstopped(), 0, "a pod runs on");
        }
    }
}

fn executor(
    cluster: &Arc<Cluster>,
    caller: &Caller,
    control_plane: &ControlPlane,
    store: &Store,
    settings: &Arc<Settings>,
) -> Arc<Executor> {
    let metrics = Arc::new(Metrics::new(&Registry::new()).unwrap());
    Arc::new(Reconciler {
        settings: Arc::clone(settings),
        kubernetes: Kubernetes::new(cluster.client(caller), metrics.calls.clone()),
        actions: Arc::new(counted(Arc::clone(&metrics))),
        pods: Arc::new(Kept::new(|_, _| {})),
        sink: control_plane.clone(),
        objects: store.clone(),
        metrics,
        memory: Arc::default(),
        clock,
    })
}

fn running(container: &str) -> serde_json::Value {
    let started = (clock() - SignedDuration::from_secs(1)).to_string();
    json!({ "phase": "Running", "containerStatuses": [{
        "name": container, "image": "i", "imageID": "", "ready": true, "restartCount": 0, "state": { "running": { "startedAt": started } },
    }] })
}

fn ended(container: &str, code: i32) -> serde_json::Value {
    let now = clock().to_string();
    json!({ "phase": if code == 0 { "Succeeded" } else { "Failed" }, "containerStatuses": [{
        "name": container, "image": "i", "imageID": "", "ready": false, "restartCount": 0,
        "state": { "terminated": { "exitCode": code, "reason": if code == 0 { "Completed" } else { "Error" }, "startedAt": now, "finishedAt": now } },
    }] })
}

fn run(steps: &[Step]) -> Model {
    follow(Model::start, steps)
}

fn follow(start: impl FnOnce() -> Model, steps: &[Step]) -> Model {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut model = start();
        for step in steps {
            model.step(*step).await;
        }
        model.heal().await;
        model.check_end();
        model
    })
}
