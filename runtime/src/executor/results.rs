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
    cache::{Cache, Claim, Reuse, Reused, Unclear},
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
        left: &str,
    ) -> Result<Result<(), Failure>, StoreError> {
        let prefix: ObjectUri = match prefix.parse() {
            Ok(prefix) => prefix,
            Err(error) => return Ok(Err(unusable(&error.to_string()))),
        };
        match outcome::read(&self.store, &prefix, left).await {
            Ok(Outcome::Error(failure)) => Ok(Err(failure)),
            Ok(Outcome::NoOutputs) if outputs => Ok(Err(outcome::no_outputs(&prefix))),
            Ok(Outcome::Outputs | Outcome::NoOutputs) => Ok(Ok(())),
            Err(error) if error.is_bad_input() => Ok(Err(unusable(&error.to_string()))),
            Err(error) => Err(error),
        }
    }

    async fn left(&self, prefix: &str) -> Result<Option<String>, StoreError> {
        match prefix.parse::<ObjectUri>() {
            Ok(prefix) => outcome::left(&self.store, &prefix).await,
            // Nothing is read of it either.
            Err(_) => Ok(None),
        }
    }

    async fn claim(&self, action: &Action) -> Result<Option<Claim>, Unclear> {
        self.reuse.claim(action).await
    }

    async fn look_up(&self, action: &Action, claim: Option<&Claim>, attempt: NonZeroU32) -> Reused {
        let now = Timestamp::now();
        self.reuse.before(action, claim, attempt, now).await
    }

    async fn keep(
        &self,
        action: &Action,
        claim: Option<&Claim>,
        attempt: NonZeroU32,
    ) -> CatalogCacheStatus {
        let now = Timestamp::now();
        self.reuse.succeeded(action, claim, attempt, now).await
    }

    async fn stay_reserved(&self, claim: &Claim) {
        self.reuse.extend(claim).await;
    }

    async fn give_way(&self, claim: &Claim) {
        self.reuse.give_way(claim).await;
    }

    async fn inputs(&self, action: &Action) -> Result<Result<Inputs, Failure>, StoreError> {
        let uri = match action.inputs_object() {
            Ok(uri) => uri,
            Err(why) => return Ok(Err(unusable(&why))),
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use dataplane_proto::flyteidl2::task;
    use dataplane_store::{Precondition, Written};
    use serde_json::json;
    use tempfile::NamedTempFile;
    use tokio::sync::watch;
    use tonic::transport::Endpoint;

    use super::*;
    use crate::{channel::TokenFile, executor::example};

    async fn write(store: &Store, uri: &str, size: usize) -> ObjectUri {
        let uri: ObjectUri = uri.parse().unwrap();
        let content = Bytes::from(vec![0; size]);
        let written = store.write(&uri, content, Precondition::None).await;
        assert_eq!(written.unwrap(), Written::Yes);
        uri
    }

    #[tokio::test]
    async fn inputs_of_another_project_are_not_read() {
        let settings = example::settings(json!({}), "spec");
        let store = Store::in_memory(&settings.storage);
        let channel = Endpoint::from_static("http://127.0.0.1:1").connect_lazy();
        let token = NamedTempFile::new().unwrap();
        let token = TokenFile::new(token.path().to_owned());
        let cache = Cache::new(channel, token, watch::channel(true).1);
        let results = Results::new(store.clone(), cache);
        let mut action = example::action(&example::python(), &settings);
        for (inputs, is_read) in [
            ("acme/fraud/staging/r7/inputs/inputs.pb", true),
            ("acme/other/staging/r7/inputs/inputs.pb", false),
        ] {
            action.inputs = format!("s3://acme-metadata/{inputs}");
            write(&store, &action.inputs, 0).await;
            match results.inputs(&action).await.unwrap() {
                Ok(inputs) => assert!(is_read && inputs == task::Inputs::default()),
                Err(failure) => assert!(!is_read && failure.message.contains(inputs)),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_held_than_there_is_memory_for() {
        let settings = example::settings(json!({}), "spec");
        let store = Store::in_memory(&settings.storage).with_memory(1000);
        let large = write(&store, "s3://acme-metadata/large", 700).await;
        let small = write(&store, "s3://acme-metadata/small", 300).await;
        let read = async |uri: &ObjectUri| store.read(uri, 2000).await;
        let first = read(&large).await.unwrap().unwrap();
        assert_eq!(first.len(), 700);
        let error = read(&large).await.unwrap_err();
        assert!(error.is_passing(), "{error}");
        drop(read(&small).await.unwrap());
        drop(first);
        assert_eq!(read(&large).await.unwrap().unwrap().len(), 700);
        // More than all of it waits for all of it.
        let huge = write(&store, "s3://acme-metadata/huge", 1500).await;
        assert_eq!(read(&huge).await.unwrap().unwrap().len(), 1500);
    }
}
