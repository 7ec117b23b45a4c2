//! The object store inside the test: the errors that tasks leave there, and that it may not answer.

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use dataplane_api::{object_uri::ObjectUri, task_action::ErrorKind};
use dataplane_proto::flyteidl2::{core::CatalogCacheStatus, task::Inputs};

use crate::executor::{
    action::Action,
    cache::{Claim, Reused, Unclear},
    failure::{Failure, Retry},
    reconcile::{Objects, Unread},
};

#[derive(Clone, Default)]
pub struct Store(Arc<Inner>);

#[derive(Default)]
struct Inner {
    away: AtomicBool,
    /// How often an action gave way to equal ones.
    gave_way: AtomicUsize,
    said: AtomicUsize,
    /// The error of each attempt: what it can be told by, and the uid of the pod that wrote it.
    errors: Mutex<BTreeMap<u64, (String, String)>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the store is away")]
pub struct StoreIsAway;

impl Unread for StoreIsAway {
    fn may_pass(&self) -> bool {
        true
    }
}

impl Store {
    pub fn set_away(&self, away: bool) {
        self.0.away.store(away, Ordering::SeqCst);
    }

    pub fn gave_way(&self) -> usize {
        self.0.gave_way.load(Ordering::SeqCst)
    }

    /// The task in a pod writes an error, over that of a pod before it.
    pub fn says_error(&self, attempt: u64, uid: String) {
        let number = self.0.said.fetch_add(1, Ordering::SeqCst);
        let said = (format!("error {number}"), uid);
        self.0.errors.lock().unwrap().insert(attempt, said);
    }

    /// The pod that wrote the error of an attempt.
    pub fn failed(&self, attempt: u64) -> Option<String> {
        let errors = self.0.errors.lock().unwrap();
        errors.get(&attempt).map(|(_, uid)| uid.clone())
    }

    /// What the error under a prefix can be told by.
    async fn error(&self, prefix: &str) -> Result<Option<String>, StoreIsAway> {
        tokio::task::yield_now().await;
        if self.0.away.load(Ordering::SeqCst) {
            return Err(StoreIsAway);
        }
        let attempt: u64 = prefix.rsplit('/').next().unwrap().parse().unwrap();
        let errors = self.0.errors.lock().unwrap();
        Ok(errors.get(&attempt).map(|(told_by, _)| told_by.clone()))
    }
}

impl Objects for Store {
    type Error = StoreIsAway;

    async fn outcome(
        &self,
        prefix: &str,
        _: bool,
        left: &str,
    ) -> Result<Result<(), Failure>, StoreIsAway> {
        let error = self.error(prefix).await?;
        Ok(match error.filter(|error| error != left) {
            None => Ok(()),
            Some(message) => Err(Failure {
                code: "ValueError".to_owned(),
                message,
                kind: ErrorKind::User,
                retry: Retry::User,
            }),
        })
    }

    async fn left(&self, prefix: &str) -> Result<Option<String>, StoreIsAway> {
        self.error(prefix).await
    }

    async fn claim(&self, action: &Action) -> Result<Option<Claim>, Unclear> {
        let caching = action
            .template()
            .and_then(|template| template.caching.as_ref());
        Ok(caching.and_then(|caching| Claim::new(action, caching, &[]).ok()))
    }

    async fn look_up(&self, _: &Action, _: Option<&Claim>, _: NonZeroU32) -> Reused {
        Reused::Run(CatalogCacheStatus::CacheDisabled)
    }

    async fn keep(&self, _: &Action, _: Option<&Claim>, _: NonZeroU32) -> CatalogCacheStatus {
        CatalogCacheStatus::CacheDisabled
    }

    async fn stay_reserved(&self, _: &Claim) {}

    async fn give_way(&self, _: &Claim) {
        self.0.gave_way.fetch_add(1, Ordering::SeqCst);
    }

    async fn inputs(&self, _: &Action) -> Result<Result<Inputs, Failure>, StoreIsAway> {
        Err(StoreIsAway)
    }

    async fn sign(&self, _: &ObjectUri) -> Result<Result<String, Failure>, StoreIsAway> {
        Err(StoreIsAway)
    }
}
