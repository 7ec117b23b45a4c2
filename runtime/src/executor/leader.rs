//! The work of the pod that leads: it watches, looks at actions, and collects, until it leads no more.
//!
//! Nothing is carried over from one leader to the next but what is in the cluster. A leader that is asked to stop begins
//! nothing new, and lets what it began come to its end before it gives up the Lease.

use std::{sync::Arc, time::Duration};

use dataplane_api::config::ExecutorSettings;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    collect::Collector,
    kept::{self, Kept},
    kubernetes::Kubernetes,
    metrics::Metrics,
    reconcile::{Objects, Reconciler, Sink},
    settings::Settings,
    state::State,
    watch::{Scope, Sight},
    work_queue::{Key, WorkQueue},
};
use crate::backoff;

/// How long looks that have begun may take to end: less than another pod waits before it takes the Lease.
const LAST_LOOKS: Duration = Duration::from_secs(8);
const MEASURE: Duration = Duration::from_secs(5);

/// What the work is done with.
#[derive(Clone)]
pub struct Leader<S, O> {
    pub client: Client,
    pub settings: Arc<Settings>,
    pub sink: S,
    pub objects: O,
    pub metrics: Arc<Metrics>,
    /// Whether the control plane takes events.
    pub reachable: watch::Receiver<bool>,
}

impl<S: Sink + Clone, O: Objects + Clone> Leader<S, O> {
    /// Works until it is asked to stop.
    pub async fn work(self, stop: CancellationToken) {
        self.metrics.actions.reset();
        self.metrics.pending_events.set(0);
        self.metrics.leading.set(1);
        let queue = Arc::new(WorkQueue::default());
        let sight = Sight {
            settings: Arc::clone(&self.settings),
            actions: Arc::new(kept::counted(Arc::clone(&self.metrics))),
            pods: Arc::new(Kept::new(|_, _| {})),
            queue: Arc::clone(&queue),
        };
        let mut watches = JoinSet::new();
        let scopes = scopes(&self.settings.executor);
        let known = self.watch(&sight, &scopes, &mut watches, &stop);
        if all(known, &stop).await {
            let kubernetes = Kubernetes::new(self.client.clone(), self.metrics.calls.clone());
            let collector = Collector {
                kubernetes: kubernetes.clone(),
                actions: Arc::clone(&sight.actions),
                metrics: Arc::clone(&self.metrics),
                scopes,
                retention: Duration::from_secs(self.settings.executor.retention_seconds.into()),
            };
            let reconciler = Arc::new(Reconciler {
                settings: Arc::clone(&self.settings),
                kubernetes,
                actions: Arc::clone(&sight.actions),
                pods: Arc::clone(&sight.pods),
                sink: self.sink.clone(),
                objects: self.objects.clone(),
                metrics: Arc::clone(&self.metrics),
                clock: Timestamp::now,
            });
            info!("all actions and pods are known");
            tokio::join!(
                look_at_all(reconciler, &queue, &self.settings.executor, &stop),
                collector.run(&stop),
                redeliver(self.reachable.clone(), &sight, &stop),
                measure(&queue, &self.metrics, &stop),
            );
        }
        watches.shutdown().await;
        self.metrics.leading.set(0);
        self.metrics.actions.reset();
    }

    /// Starts the watches. What they tell is complete when all of them say so.
    fn watch(
        &self,
        sight: &Sight,
        scopes: &[Scope],
        watches: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Vec<watch::Receiver<bool>> {
        let mut known = Vec::new();
        for scope in scopes {
            let (pods, pods_known) = watch::channel(false);
            let (actions, actions_known) = watch::channel(false);
            let (client, stop) = (self.client.clone(), stop.clone());
            let sight = sight.clone();
            watches.spawn(sight.clone().follow_pods(
                client.clone(),
                scope.clone(),
                pods,
                stop.clone(),
            ));
            watches.spawn(sight.follow_actions(client, scope.clone(), actions, stop));
            known.extend([pods_known, actions_known]);
        }
        known
    }
}

/// A watch per namespace that is named, which needs rights there only; or one for all.
pub fn scopes(settings: &ExecutorSettings) -> Vec<Scope> {
    if settings.namespaces.is_empty() {
        return vec![None];
    }
    settings
        .namespaces
        .iter()
        .map(|namespace| Some(namespace.as_str().into()))
        .collect()
}

/// Whether all are known before it is asked to stop.
async fn all(known: Vec<watch::Receiver<bool>>, stop: &CancellationToken) -> bool {
    for mut known in known {
        let complete = tokio::select! {
            complete = known.wait_for(|known| *known) => complete.is_ok(),
            () = stop.cancelled() => false,
        };
        if !complete {
            return false;
        }
    }
    true
}

async fn look_at_all<S: Sink, O: Objects>(
    reconciler: Arc<Reconciler<S, O>>,
    queue: &Arc<WorkQueue>,
    settings: &ExecutorSettings,
    stop: &CancellationToken,
) {
    let places = Arc::new(Semaphore::new(settings.concurrency.get().into()));
    let mut looks = JoinSet::new();
    loop {
        while looks.try_join_next().is_some() {}
        let next = async {
            // Never closed.
            let place = Arc::clone(&places).acquire_owned().await.ok()?;
            Some((queue.next().await, place))
        };
        let next = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            next = next => next,
        };
        let Some(((key, waited), place)) = next else {
            break;
        };
        reconciler
            .metrics
            .queue_wait_seconds
            .observe(waited.as_secs_f64());
        let (reconciler, queue) = (Arc::clone(&reconciler), Arc::clone(queue));
        looks.spawn(async move {
            let done = reconciler.reconcile(&key).await;
            queue.done(key, done);
            drop(place);
        });
    }
    let begun = looks.len();
    let ended = timeout(LAST_LOOKS, async {
        while looks.join_next().await.is_some() {}
    });
    if ended.await.is_err() {
        // Whatever they were at: the next leader goes on from what is in the cluster.
        warn!(
            begun,
            left = looks.len(),
            "looks that did not end in time are broken off"
        );
        looks.shutdown().await;
    }
}

/// Looks at every action with events that are pending, whenever the control plane takes events again.
async fn redeliver(mut reachable: watch::Receiver<bool>, sight: &Sight, stop: &CancellationToken) {
    loop {
        let changed = tokio::select! {
            changed = reachable.changed() => changed,
            () = stop.cancelled() => return,
        };
        if changed.is_err() {
            // No one tells any more; actions look again by themselves.
            return stop.cancelled().await;
        }
        if !*reachable.borrow_and_update() {
            continue;
        }
        let waiting: Vec<Key> = sight.actions.keys(|action| match &action.body {
            // Also those that found no room for the events of their pods.
            kept::Body::Task(task) => {
                task.status.phase_history.is_empty() || State::pending_of(&task.status) > 0
            }
            kept::Body::Condition { .. } | kept::Body::Over => false,
        });
        info!(
            actions = waiting.len(),
            "the control plane takes events again"
        );
        for key in waiting {
            sight.queue.add(key);
        }
    }
}

async fn measure(queue: &WorkQueue, metrics: &Metrics, stop: &CancellationToken) {
    while backoff::wait(MEASURE, stop).await.is_some() {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        metrics.queue_length.set(number(queue.waiting() as u64));
        metrics.queue_age_seconds.set(number(queue.age().as_secs()));
    }
}
