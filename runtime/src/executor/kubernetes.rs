//! The calls of the Kubernetes API by which actions and pods are read and written. Each ends, and says what it was about.

use std::{fmt, time::Duration};

use dataplane_api::{quantity::Quantity, task_action::TaskAction};
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions},
    core::{PartialObjectMeta, Status, response::StatusDetails},
};
use prometheus::IntCounterVec;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{decide::Refused, resource::ActionResource, work_queue::Key};
use crate::lease::Trust;

const CALL: Duration = Duration::from_secs(10);
const FIELD_MANAGER: &str = "dataplane-executor";
/// Seconds that a pod which is stopped may take to end, whatever it says itself.
const GRACE: i64 = 600;

/// A call that did not do what it was for, and may do so later.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// What it was about is gone.
    #[error("{call} {object}: it is gone")]
    Gone { call: &'static str, object: String },
    /// It was changed in the meantime: what is known of it is old.
    #[error("{call} {object}: it was changed in the meantime")]
    Conflict { call: &'static str, object: String },
    #[error("{call} {object}")]
    Api {
        call: &'static str,
        object: String,
        source: kube::Error,
    },
    /// Another pod may lead by now, and may have gone on with it.
    #[error("{call} {object}: this pod has not renewed its Lease for too long")]
    Fenced { call: &'static str, object: String },
    #[error("{call} {object}: the API server did not answer for {seconds} seconds", seconds = CALL.as_secs())]
    Slow { call: &'static str, object: String },
}

impl CallError {
    /// Whether the object would be larger than the API server or its store takes.
    pub fn is_too_large(&self) -> bool {
        let Self::Api {
            source: kube::Error::Api(status),
            ..
        } = self
        else {
            return false;
        };
        // The store's own limit, and that of what is said to the store, are told in words only.
        let of_store = ["request is too large", "message larger than max"];
        status.code == 413 || of_store.iter().any(|words| status.message.contains(words))
    }
}

/// What became of a pod that was to be made.
pub enum Creation {
    Made(Box<Pod>),
    /// There is a pod of that name.
    Taken,
    Refused(Refused),
}

/// The cluster.
#[derive(Clone)]
pub struct Kubernetes {
    client: Client,
    calls: IntCounterVec,
    trust: Option<Trust>,
}

impl Kubernetes {
    pub fn new(client: Client, calls: IntCounterVec) -> Self {
        Self {
            client,
            calls,
            trust: None,
        }
    }

    /// Calls only as long as no other pod can lead.
    pub fn trusting(self, trust: Trust) -> Self {
        Self {
            trust: Some(trust),
            ..self
        }
    }

    /// Whether no other pod can lead.
    pub fn leads(&self) -> bool {
        self.trust.as_ref().is_none_or(Trust::holds)
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    pub async fn read_action(&self, key: &Key) -> Result<ActionResource, CallError> {
        let api: Api<ActionResource> = self.api(key);
        self.call("reading", key, api.get(&key.name)).await
    }

    /// The uid of the action of that name; none when there is no such action.
    pub async fn read_uid(&self, key: &Key) -> Result<Option<String>, CallError> {
        let api: Api<TaskAction> = self.api(key);
        match self.call("reading", key, api.get_metadata(&key.name)).await {
            Ok(resource) => Ok(resource.uid()),
            Err(CallError::Gone { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Changes fields of the status, if the resource is still the one of that version.
    pub async fn patch_status(
        &self,
        key: &Key,
        version: &str,
        status: &Value,
    ) -> Result<ActionResource, CallError> {
        let api: Api<ActionResource> = self.api(key);
        let patch =
            Patch::Merge(json!({ "metadata": { "resourceVersion": version }, "status": status }));
        let by = PatchParams::apply(FIELD_MANAGER);
        self.call(
            "writing the status of",
            key,
            api.patch_status(&key.name, &by, &patch),
        )
        .await
    }

    /// Changes fields of the metadata, if the resource is still the one of that version. The answer is the metadata alone: a
    /// template may be large.
    pub async fn patch_metadata(
        &self,
        key: &Key,
        version: &str,
        mut metadata: Value,
    ) -> Result<PartialObjectMeta<TaskAction>, CallError> {
        let api: Api<TaskAction> = self.api(key);
        metadata["resourceVersion"] = json!(version);
        let patch = Patch::Merge(json!({ "metadata": metadata }));
        let by = PatchParams::apply(FIELD_MANAGER);
        self.call(
            "writing the metadata of",
            key,
            api.patch_metadata(&key.name, &by, &patch),
        )
        .await
    }

    /// Deletes the resource of an action, if it is still that one.
    pub async fn delete_action(&self, key: &Key, uid: &str) -> Result<(), CallError> {
        let api: Api<TaskAction> = self.api(key);
        let deletion = only(uid);
        match self
            .call("deleting", key, api.delete(&key.name, &deletion))
            .await
        {
            Ok(_) | Err(CallError::Gone { .. } | CallError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// None when there is no such pod.
    pub async fn read_pod(&self, key: &Key) -> Result<Option<Pod>, CallError> {
        let api: Api<Pod> = self.api(key);
        self.call("reading the pod", key, api.get_opt(&key.name))
            .await
    }

    pub async fn create_pod(&self, key: &Key, pod: &Pod) -> Result<Creation, CallError> {
        self.create("making the pod", key, pod, false)
            .await
            .map(|made| made.map_or_else(|creation| creation, |pod| Creation::Made(Box::new(pod))))
    }

    /// Makes what a pod is to have besides, if the pod can be made; why it can't, if it can't.
    pub async fn create_secret(
        &self,
        key: &Key,
        pod: &Pod,
        secret: &Secret,
    ) -> Result<Option<Refused>, CallError> {
        // A pod that has to wait for room is asked for again and again, and would leave a Secret each time.
        let refused = |creation| match creation {
            Creation::Refused(refused) => Some(refused),
            Creation::Made(_) | Creation::Taken => None,
        };
        let rehearsed = self.create("rehearsing the pod", key, pod, true).await?;
        // One that is there already has a Secret of its own.
        if let Err(creation) = rehearsed {
            return Ok(refused(creation));
        }
        let made = self
            .create("making the Secret of the pod", key, secret, false)
            .await?;
        Ok(made.err().and_then(refused))
    }

    async fn create<K>(
        &self,
        call: &'static str,
        key: &Key,
        object: &K,
        dry_run: bool,
    ) -> Result<Result<K, Creation>, CallError>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope>,
        K: Clone + fmt::Debug + Serialize + DeserializeOwned,
        K::DynamicType: Default,
    {
        let api: Api<K> = self.api(key);
        let by = PostParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            dry_run,
        };
        match self.call(call, key, api.create(&by, object)).await {
            Ok(made) => Ok(Ok(made)),
            Err(CallError::Api {
                source: kube::Error::Api(status),
                call,
                object,
            }) => match refusal(&status) {
                Some(creation) => Ok(Err(creation)),
                None => Err(CallError::Api {
                    call,
                    object,
                    source: kube::Error::Api(status),
                }),
            },
            Err(CallError::Gone { .. }) => Ok(Err(Creation::Refused(Refused::NamespaceEnding(
                format!("there is no namespace {}", key.namespace),
            )))),
            Err(error) => Err(error),
        }
    }

    /// Deletes a pod, if it is still that one. The pod as it ends; none when it is gone. `grace` is the pod's own, if known.
    pub async fn delete_pod(
        &self,
        key: &Key,
        uid: &str,
        grace: Option<i64>,
    ) -> Result<Option<Pod>, CallError> {
        let api: Api<Pod> = self.api(key);
        let mut deletion = only(uid);
        if grace.is_some_and(|grace| grace > GRACE) {
            deletion.grace_period_seconds = u32::try_from(GRACE).ok();
        }
        match self
            .call("deleting the pod", key, api.delete(&key.name, &deletion))
            .await
        {
            Ok(answer) => Ok(answer.left()),
            Err(CallError::Gone { .. } | CallError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn api<K>(&self, key: &Key) -> Api<K>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &key.namespace)
    }

    async fn call<T>(
        &self,
        call: &'static str,
        key: &Key,
        answer: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, CallError> {
        let object = || format!("{}/{}", key.namespace, key.name);
        let answer = match timeout(CALL, self.fenced(answer)).await {
            Ok(None) => Err(CallError::Fenced {
                call,
                object: object(),
            }),
            Ok(Some(Ok(answer))) => Ok(answer),
            Ok(Some(Err(kube::Error::Api(status)))) if is_missing(&status) => {
                Err(CallError::Gone {
                    call,
                    object: object(),
                })
            }
            Ok(Some(Err(kube::Error::Api(status))))
                if status.code == 409 && status.reason != "AlreadyExists" =>
            {
                Err(CallError::Conflict {
                    call,
                    object: object(),
                })
            }
            Ok(Some(Err(source))) => Err(CallError::Api {
                call,
                object: object(),
                source,
            }),
            Err(_) => Err(CallError::Slow {
                call,
                object: object(),
            }),
        };
        let outcome = match &answer {
            Ok(_) => "ok",
            Err(CallError::Gone { .. }) => "gone",
            Err(CallError::Conflict { .. }) => "conflict",
            Err(CallError::Api {
                source: kube::Error::Api(status),
                ..
            }) if status.code == 429 => "throttled",
            Err(CallError::Api { .. }) => "error",
            Err(CallError::Slow { .. }) => "slow",
            Err(CallError::Fenced { .. }) => "fenced",
        };
        self.calls.with_label_values(&[call, outcome]).inc();
        answer
    }

    /// None when another pod may lead: nothing is asked for then.
    async fn fenced<T>(&self, answer: impl Future<Output = T>) -> Option<T> {
        if !self.leads() {
            return None;
        }
        Some(answer.await)
    }
}

/// Whether the answer is that there is no such object. One that names none is not about an object: its kind is not defined, or
/// who answers is not the API server.
fn is_missing(status: &Status) -> bool {
    let named = |details: &StatusDetails| !details.name.is_empty();
    status.code == 404 && status.details.as_ref().is_some_and(named)
}

fn only(uid: &str) -> DeleteParams {
    DeleteParams::background().preconditions(Preconditions {
        uid: Some(uid.to_owned()),
        resource_version: None,
    })
}

/// What it means that a pod was not made. None when it may be made later as it is.
fn refusal(status: &Status) -> Option<Creation> {
    let message = status.message.clone();
    let refused = match status.code {
        409 => return Some(Creation::Taken),
        403 if is_ending(status) => Refused::NamespaceEnding(message),
        403 if message.contains("exceeded quota") => {
            if never_fits(&message) {
                Refused::Invalid {
                    code: "QuotaExceeded",
                    message,
                }
            } else {
                Refused::QuotaExceeded(message)
            }
        }
        // By the label of the namespace: the answer stays the same.
        403 if message.contains("violates PodSecurity") => Refused::Invalid {
            code: "PodSecurity",
            message,
        },
        403 => Refused::Forbidden(message),
        400 => Refused::Invalid {
            code: "BadRequest",
            message,
        },
        413 => Refused::Invalid {
            code: "EntityTooLarge",
            message,
        },
        422 => Refused::Invalid {
            code: "InvalidResource",
            message,
        },
        _ => return None,
    };
    Some(Creation::Refused(refused))
}

fn is_ending(status: &Status) -> bool {
    let told = status.details.as_ref().is_some_and(|details| {
        details
            .causes
            .iter()
            .any(|cause| cause.reason == "NamespaceTerminating")
    });
    told || status.message.contains("because it is being terminated")
}

/// Whether the pod alone asks for more than the quota is, as the API server words it:
/// `exceeded quota: q, requested: requests.cpu=9, used: requests.cpu=0, limited: requests.cpu=4`.
fn never_fits(message: &str) -> bool {
    let amounts = |what: &str| -> Vec<(String, Quantity)> {
        let Some((_, rest)) = message.split_once(&format!("{what}: ")) else {
            return Vec::new();
        };
        let list = rest.split(", ").next().unwrap_or_default();
        list.split(',')
            .filter_map(|pair| {
                let (name, amount) = pair.split_once('=')?;
                Some((name.to_owned(), amount.trim().parse().ok()?))
            })
            .collect()
    };
    let limits = amounts("limited");
    amounts("requested").iter().any(|(name, asked)| {
        limits
            .iter()
            .any(|(limited, limit)| limited == name && asked.exceeds(limit))
    })
}

/// Who made a pod that is not ours, for people.
pub fn maker(pod: &Pod) -> String {
    let owner = pod.owner_references().first();
    match owner {
        Some(owner) => format!("a pod of {} {}", owner.kind, owner.name),
        None => "a pod that nothing owns".to_owned(),
    }
}

#[cfg(test)]
mod tests;
