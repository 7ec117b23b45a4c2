//! The object store, as the reconciler sees it: what attempts left, and inputs that arguments ask for.

use std::time::Duration;

use std::num::NonZeroU32;

use dataplane_api::{object_uri::ObjectUri, task_action::ErrorKind};
use dataplane_proto::flyteidl2::{core::CatalogCacheStatus, task::Inputs};
use dataplane_store::{Method, Store, StoreError};
use k8s_openapi::jiff::Timestamp;
use prost::Message;

use super::{
    action::Action,
    cache::{Cache, Reuse, Reused},
    failure::{Failure, Retry},
    outcome::{self, Outcome},
    reconcile::{Objects, Unread},
};

/// Inputs whose values go into arguments: far more than a command line holds.
const INPUTS: u64 = 1 << 20;
/// How long a task's code can be fetched: until a node is found, and its images are pulled.
const CODE_URL: Duration = Duration::from_hours(1);

/// The object store.
#[derive(Clone)]
pub struct Results {
    store: Store,
    /// Results of earlier tasks.
    reuse: Reuse,
}

impl Results {
    pub fn new(store: Store, cache: Cache) -> Self {
        let reuse = Reuse::new(cache, store.clone());
        Self { store, reuse }
    }
}

impl Unread for StoreError {
    fn may_pass(&self) -> bool {
        self.is_passing()
    }
}

impl Objects for Results {
    type Error = StoreError;

    async fn outcome(
        &self,
        prefix: &str,
        outputs: bool,
    ) -> Result<Result<(), Failure>, StoreError> {
        let prefix: ObjectUri = match prefix.parse() {
            Ok(prefix) => prefix,
            Err(error) => return Ok(Err(unusable(&error.to_string()))),
        };
        match outcome::read(&self.store, &prefix).await {
            Ok(Outcome::Error(failure)) => Ok(Err(failure)),
            Ok(Outcome::NoOutputs) if outputs => Ok(Err(outcome::no_outputs(&prefix))),
            Ok(Outcome::Outputs | Outcome::NoOutputs) => Ok(Ok(())),
            Err(error) if error.is_bad_input() => Ok(Err(unusable(&error.to_string()))),
            Err(error) => Err(error),
        }
    }

    async fn look_up(&self, action: &Action, attempt: NonZeroU32) -> Reused {
        self.reuse.before(action, attempt, Timestamp::now()).await
    }

    async fn keep(&self, action: &Action, attempt: NonZeroU32) -> CatalogCacheStatus {
        self.reuse
            .succeeded(action, attempt, Timestamp::now())
            .await
    }

    async fn stay_reserved(&self, action: &Action) {
        self.reuse.extend(action).await;
    }

    async fn give_way(&self, action: &Action) {
        self.reuse.failed(action).await;
    }

    async fn inputs(&self, action: &Action) -> Result<Result<Inputs, Failure>, StoreError> {
        let uri: ObjectUri = match action.inputs.parse() {
            Ok(uri) => uri,
            Err(error) => return Ok(Err(unusable(&error.to_string()))),
        };
        let bytes = match self.store.read(&uri, INPUTS).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(Err(unusable(&format!("the inputs {uri} are not there")))),
            Err(error) if error.is_bad_input() => return Ok(Err(unusable(&error.to_string()))),
            Err(error) => return Err(error),
        };
        Ok(Inputs::decode(bytes)
            .map_err(|error| unusable(&format!("{uri} holds no inputs: {error}"))))
    }

    async fn sign(&self, uri: &ObjectUri) -> Result<Result<String, Failure>, StoreError> {
        match self.store.sign(Method::Get, uri, CODE_URL).await {
            Ok(url) => Ok(Ok(url.secret().to_owned())),
            Err(error) if error.is_bad_input() => Ok(Err(unusable(&error.to_string()))),
            Err(error) => Err(error),
        }
    }
}

fn unusable(message: &str) -> Failure {
    Failure {
        code: "ObjectUnusable".to_owned(),
        message: message.to_owned(),
        kind: ErrorKind::User,
        retry: Retry::No,
    }
}
