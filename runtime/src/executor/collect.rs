//! Collection: the resources of finished actions are deleted when they are old enough, and their pods with them.
//!
//! Read in pages from the API server, not from what is kept: of what is over too little is kept. A resource with events that
//! were not told stays, however old it is.

use std::{sync::Arc, time::Duration};

use dataplane_api::task_action::TaskAction;
use futures::{StreamExt, stream};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::{Api, ResourceExt, api::ListParams, core::PartialObjectMeta};
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
                match self.collect(scope, Timestamp::now(), stop).await {
                    Ok(0) => {}
                    Ok(collected) => info!(collected, "collected finished actions"),
                    Err(error) => warn!(error = chain(&error), "collecting, will try again"),
                }
            }
        }
    }

    /// Deletes what is older than it is to be. How many.
    async fn collect(
        &self,
        scope: &Scope,
        now: Timestamp,
        stop: &CancellationToken,
    ) -> kube::Result<usize> {
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
            let list = api.list_metadata(&page).await?;
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
                Some(token) if !stop.is_cancelled() => page = page.continue_token(&token),
                _ => return Ok(collected),
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
