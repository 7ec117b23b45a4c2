//! The work of the pod that leads: it watches, looks at actions, and collects, until it leads no more.
//!
//! Nothing is carried over from one leader to the next but what is in the cluster. A leader that is asked to stop begins
//! nothing new, and lets what it began come to its end before it gives up the Lease.

use std::{sync::Arc, time::Duration};

use dataplane_api::config::ExecutorSettings;
use futures::{StreamExt, stream::FuturesUnordered};
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use prometheus::IntCounterVec;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    collect::Collector,
    kept::{self, Kept},
    kubernetes::Kubernetes,
    metrics::Metrics,
    reconcile::{Objects, Reconciler, Sink},
    settings::Settings,
    state::State,
    watch::{Scope, Sight},
    work_queue::{Done, Key, WorkQueue},
};
use crate::{backoff, lease::Trust};

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
    /// Until when this pod leads.
    pub trust: Trust,
}

impl<S: Sink + Clone, O: Objects + Clone> Leader<S, O> {
    /// Works until it is asked to stop.
    pub async fn work(self, stop: CancellationToken) {
        self.metrics.actions.reset();
        self.metrics.pending_events.set(0);
        self.metrics.pending_bytes.set(0);
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
        for scope in &scopes {
            queue.hold(scope.clone());
        }
        let known = self.watch(&sight, &scopes, &mut watches, &stop);
        let kubernetes = Kubernetes::new(self.client.clone(), self.metrics.calls.clone())
            .trusting(self.trust.clone());
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
            memory: Arc::default(),
            clock: Timestamp::now,
        });
        tokio::join!(
            watch_over(watches, &stop),
            begin_each(known, &queue, &self.metrics, &stop),
            look_at_all(reconciler, &queue, &self.settings.executor, &stop),
            collector.run(&stop),
            redeliver(self.reachable.clone(), &sight, &stop),
            measure(&queue, &self.metrics, &stop),
        );
        self.metrics.leading.set(0);
        self.metrics.actions.reset();
    }

    /// Starts the watches. What they tell of a scope is complete when both of its own say so.
    fn watch(
        &self,
        sight: &Sight,
        scopes: &[Scope],
        watches: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Vec<Known> {
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
            known.push(Known {
                scope: scope.clone(),
                pods: pods_known,
                actions: actions_known,
            });
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

/// What tells that all actions and pods of a scope are known.
struct Known {
    scope: Scope,
    pods: watch::Receiver<bool>,
    actions: watch::Receiver<bool>,
}

impl Known {
    /// The scope, when all of it is known; none when nobody will tell.
    async fn complete(mut self) -> Option<Scope> {
        self.pods.wait_for(|known| *known).await.ok()?;
        self.actions.wait_for(|known| *known).await.ok()?;
        Some(self.scope)
    }
}

/// Lets the work of each scope begin as soon as all of it is known: one that may not be read holds up no other.
async fn begin_each(
    known: Vec<Known>,
    queue: &WorkQueue,
    metrics: &Metrics,
    stop: &CancellationToken,
) {
    let unread = |number: usize| {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        metrics.unread_scopes.set(number);
    };
    let mut scopes: FuturesUnordered<_> = known.into_iter().map(Known::complete).collect();
    while !scopes.is_empty() {
        unread(scopes.len());
        let complete = tokio::select! {
            complete = scopes.next() => complete.flatten(),
            () = stop.cancelled() => break,
        };
        if let Some(scope) = complete {
            let namespace = scope.as_deref();
            info!(namespace, "all actions and pods are known");
            queue.let_go(&scope);
        }
    }
    unread(0);
}

/// Who has lost a watch is blind, and would not notice: the work ends, and begins anew here or in another pod.
async fn watch_over(mut watches: JoinSet<()>, stop: &CancellationToken) {
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        ended = watches.join_next() => {
            if !stop.is_cancelled() {
                let failure = ended.and_then(Result::err).map(tracing::field::display);
                error!(failure, "a watch broke off: report this; all is read anew");
                stop.cancel();
            }
        }
    }
    watches.shutdown().await;
}

/// A look that was begun. Whatever becomes of it, the queue hears of its end.
struct Begun {
    key: Key,
    queue: Arc<WorkQueue>,
    outcomes: IntCounterVec,
    done: Done,
}

impl Drop for Begun {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (namespace, name) = (&*self.key.namespace, &*self.key.name);
            error!(
                namespace,
                name, "a look at the action broke off: report this; it will be looked at again"
            );
            self.outcomes.with_label_values(&["panicked"]).inc();
        }
        self.queue.done(self.key.clone(), self.done);
    }
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
        let reconciler = Arc::clone(&reconciler);
        let mut begun = Begun {
            key,
            queue: Arc::clone(queue),
            outcomes: reconciler.metrics.reconciles.clone(),
            done: Done::Failed,
        };
        looks.spawn(async move {
            begun.done = reconciler.reconcile(&begun.key).await;
            drop(begun);
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

#[cfg(test)]
mod lost_lease;
#[cfg(test)]
mod tests {
    use prometheus::Registry;

    use super::*;

    fn metrics() -> Metrics {
        Metrics::new(&Registry::new()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_action_whose_look_panics_is_looked_at_again() {
        let (queue, metrics) = (Arc::new(WorkQueue::default()), metrics());
        queue.add(Key::new("fraud-staging", "r7-a0"));
        let (key, _) = queue.next().await;
        let begun = Begun {
            key: key.clone(),
            queue: Arc::clone(&queue),
            outcomes: metrics.reconciles.clone(),
            done: Done::Failed,
        };
        let look = tokio::spawn(async move {
            let _begun = begun;
            panic!("a defect");
        });
        assert!(look.await.unwrap_err().is_panic());
        let again = timeout(Duration::from_mins(1), queue.next()).await.unwrap();
        assert_eq!(again.0, key);
        assert_eq!(metrics.reconciles.with_label_values(&["panicked"]).get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_panics_ends_the_work() {
        let stop = CancellationToken::new();
        let mut watches = JoinSet::new();
        watches.spawn(std::future::pending());
        watches.spawn(async { panic!("a defect") });
        watch_over(watches, &stop).await;
        assert!(stop.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn a_namespace_that_is_never_known_holds_up_no_other() {
        let (queue, metrics, stop) = (WorkQueue::default(), metrics(), CancellationToken::new());
        let mut senders = Vec::new();
        let mut known = Vec::new();
        for namespace in ["forbidden", "free"] {
            let scope = Some(namespace.into());
            let (pods_sender, pods) = watch::channel(namespace == "free");
            let (actions_sender, actions) = watch::channel(namespace == "free");
            senders.push((pods_sender, actions_sender));
            queue.hold(Clone::clone(&scope));
            known.push(Known {
                scope,
                pods,
                actions,
            });
            queue.add(Key::new(namespace, "r7-a0"));
        }
        let begins = begin_each(known, &queue, &metrics, &stop);
        let looks = async {
            let (key, _) = queue.next().await;
            assert_eq!(&*key.namespace, "free");
            assert_eq!(metrics.unread_scopes.get(), 1);
            let other = timeout(Duration::from_hours(1), queue.next()).await;
            other.unwrap_err();
            // Its rights are back.
            let (pods, actions) = &senders[0];
            pods.send_replace(true);
            actions.send_replace(true);
            let (key, _) = queue.next().await;
            assert_eq!(&*key.namespace, "forbidden");
        };
        tokio::join!(begins, looks);
        assert_eq!(metrics.unread_scopes.get(), 0);
    }
}
