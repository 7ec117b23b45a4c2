//! Collection: the resources of finished actions are deleted when they are old enough, and their pods with them.
//!
//! Read in pages from the API server, not from what is kept: of what is over too little is kept. A resource with events that
//! were not told stays, however old it is.

use std::{sync::Arc, time::Duration};

use dataplane_api::task_action::TaskAction;
use futures::{StreamExt, stream};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::{Api, ResourceExt, api::ListParams, core::PartialObjectMeta};
use tokio::time::{error::Elapsed, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    kept::{Body, Kept, KeptAction},
    kubernetes::Kubernetes,
    labels::{self, FINALIZER, FINISHED},
    metrics::Metrics,
    watch::Scope,
    work_queue::Key,
};
use crate::{backoff, process::chain};

const PAGE: u32 = 500;
/// Deletions at the same time: collection is never urgent.
const AT_ONCE: usize = 8;
const LONGEST_PAUSE: Duration = Duration::from_mins(30);
const SHORTEST_PAUSE: Duration = Duration::from_secs(10);
/// How long a page of the list may take.
const LIST: Duration = Duration::from_mins(1);

/// Why finished actions could not be collected now.
#[derive(Debug, thiserror::Error)]
enum CollectError {
    #[error("listing finished actions")]
    List(#[from] kube::Error),
    #[error("the API server did not list finished actions within {seconds} seconds", seconds = LIST.as_secs())]
    Slow(#[from] Elapsed),
}

/// What collects.
pub struct Collector {
    pub kubernetes: Kubernetes,
    pub actions: Arc<Kept<KeptAction>>,
    pub metrics: Arc<Metrics>,
    pub scopes: Vec<Scope>,
    pub retention: Duration,
}

impl Collector {
    /// Collects from time to time, until it is asked to stop.
    pub async fn run(&self, stop: &CancellationToken) {
        let pause = (self.retention / 4).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        while backoff::wait(pause, stop).await.is_some() {
            for scope in &self.scopes {
                // Nothing is lost where it breaks off: what is left is collected by the next leader.
                let collected = tokio::select! {
                    collected = self.collect(scope, Timestamp::now()) => collected,
                    () = stop.cancelled() => return,
                };
                match collected {
                    Ok(0) => {}
                    Ok(collected) => info!(collected, "collected finished actions"),
                    Err(error) => warn!(error = chain(&error), "collecting, will try again"),
                }
            }
        }
    }

    /// Deletes what is older than it is to be. How many.
    async fn collect(&self, scope: &Scope, now: Timestamp) -> Result<usize, CollectError> {
        let age = SignedDuration::try_from(self.retention).unwrap_or(SignedDuration::MAX);
        let Ok(before) = now.checked_sub(age) else {
            return Ok(0);
        };
        let before = labels::completed_at(before);
        let client = self.kubernetes.client().clone();
        let api: Api<TaskAction> = match scope {
            Some(namespace) => Api::namespaced(client, namespace),
            None => Api::all(client),
        };
        let mut page = ListParams::default().labels(FINISHED).limit(PAGE);
        let mut collected = 0;
        loop {
            let list = timeout(LIST, api.list_metadata(&page)).await??;
            let old = list
                .items
                .iter()
                .filter(|resource| self.is_collectable(resource, &before));
            let deleted: Vec<bool> = stream::iter(old)
                .map(|resource| self.delete(resource))
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            collected += deleted.into_iter().filter(|deleted| *deleted).count();
            match list.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => return Ok(collected),
            }
        }
    }

    fn is_collectable(&self, resource: &PartialObjectMeta<TaskAction>, before: &str) -> bool {
        let old = labels::completed_time(resource).is_some_and(|time| time <= before);
        let held = resource
            .finalizers()
            .iter()
            .any(|finalizer| finalizer == FINALIZER);
        let told = self
            .actions
            .get(&key(resource))
            .is_none_or(|kept| !matches!(kept.body, Body::Task(_)));
        old && told && !held && resource.metadata.deletion_timestamp.is_none()
    }

    async fn delete(&self, resource: &PartialObjectMeta<TaskAction>) -> bool {
        let uid = resource.uid().unwrap_or_default();
        match self.kubernetes.delete_action(&key(resource), &uid).await {
            Ok(()) => {
                self.metrics.collected.inc();
                true
            }
            Err(error) => {
                warn!(error = chain(&error), "not collected, will be tried again");
                false
            }
        }
    }
}

fn key(resource: &PartialObjectMeta<TaskAction>) -> Key {
    Key::new(
        &resource.namespace().unwrap_or_default(),
        &resource.name_any(),
    )
}

#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod tests {
    use http::{Request, Response};
    use kube::{Client, client::Body};
    use prometheus::{IntCounterVec, Opts, Registry};
    use tokio::time::Instant;
    use tower::BoxError;

    use super::*;

    fn collector() -> Collector {
        let silent = tower::service_fn(|_: Request<Body>| {
            std::future::pending::<Result<Response<Body>, BoxError>>()
        });
        let calls = IntCounterVec::new(Opts::new("calls", "calls"), &["call", "outcome"]).unwrap();
        Collector {
            kubernetes: Kubernetes::new(Client::new(silent, "default"), calls),
            actions: Arc::new(Kept::new(|_, _| {})),
            metrics: Arc::new(Metrics::new(&Registry::new()).unwrap()),
            scopes: vec![None],
            retention: Duration::from_secs(40),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_is_never_answered_holds_up_no_stop() {
        let (collector, stop) = (collector(), CancellationToken::new());
        let began = Instant::now();
        let stopping = async {
            tokio::time::timeout(Duration::from_secs(15), std::future::pending::<()>())
                .await
                .unwrap_err();
            stop.cancel();
        };
        tokio::join!(collector.run(&stop), stopping);
        assert_eq!(began.elapsed().as_secs(), 15);
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_is_never_answered_is_given_up() {
        let began = Instant::now();
        let collected = collector().collect(&None, Timestamp::now()).await;
        assert!(matches!(collected, Err(CollectError::Slow(_))));
        assert_eq!(began.elapsed(), LIST);
    }
}
