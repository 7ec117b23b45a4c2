//! The calls of the Kubernetes API by which actions and pods are read and written. Each ends, and says what it was about.

use std::{fmt, time::Duration};

use dataplane_api::{quantity::Quantity, task_action::TaskAction};
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions},
    core::Status,
};
use prometheus::IntCounterVec;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{decide::Refused, work_queue::Key};
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

    pub async fn read_action(&self, key: &Key) -> Result<TaskAction, CallError> {
        let api: Api<TaskAction> = self.api(key);
        self.call("reading", key, api.get(&key.name)).await
    }

    /// Changes fields of the status, if the resource is still the one of that version.
    pub async fn patch_status(
        &self,
        key: &Key,
        version: &str,
        status: &Value,
    ) -> Result<TaskAction, CallError> {
        let api: Api<TaskAction> = self.api(key);
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

    /// Changes fields of the metadata, if the resource is still the one of that version.
    pub async fn patch_metadata(
        &self,
        key: &Key,
        version: &str,
        mut metadata: Value,
    ) -> Result<TaskAction, CallError> {
        let api: Api<TaskAction> = self.api(key);
        metadata["resourceVersion"] = json!(version);
        let patch = Patch::Merge(json!({ "metadata": metadata }));
        let by = PatchParams::apply(FIELD_MANAGER);
        self.call(
            "writing the metadata of",
            key,
            api.patch(&key.name, &by, &patch),
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
            Ok(Some(Err(kube::Error::Api(status)))) if status.code == 404 => Err(CallError::Gone {
                call,
                object: object(),
            }),
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
mod tests {
    use std::sync::{Arc, Mutex};

    use http::{Request, Response};
    use kube::client::Body;
    use prometheus::Opts;

    use super::*;

    /// What was asked of an API server that answers pods like this, and what it made of a Secret.
    async fn made(pod_status: u16, pod_message: &str) -> (Vec<String>, Option<Refused>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let message = pod_message.to_owned();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (noted, message) = (Arc::clone(&noted), message.clone());
            async move {
                let (parts, body) = request.into_parts();
                let target = parts.uri.to_string();
                let (status, answer) = if target.contains("/pods") && pod_status >= 400 {
                    let status = json!({ "kind": "Status", "code": pod_status, "reason": if pod_status == 409 { "AlreadyExists" } else { "Forbidden" }, "message": message, "status": "Failure" });
                    (pod_status, status.to_string().into_bytes())
                } else {
                    (201, body.collect_bytes().await?.to_vec())
                };
                noted
                    .lock()
                    .unwrap()
                    .push(format!("{} {target}", parts.method));
                let response = Response::builder()
                    .status(status)
                    .body(Body::from(answer))?;
                Ok::<_, tower::BoxError>(response)
            }
        });
        let calls = IntCounterVec::new(Opts::new("calls", "calls"), &["call", "outcome"]).unwrap();
        let kubernetes = Kubernetes::new(Client::new(service, "default"), calls);
        let key = Key {
            namespace: "fraud-staging".into(),
            name: "r7-a0-0".into(),
        };
        let secret = Secret::default();
        let refused = kubernetes
            .create_secret(&key, &Pod::default(), &secret)
            .await;
        let asked = asked.lock().unwrap().clone();
        (asked, refused.unwrap())
    }

    #[tokio::test]
    async fn a_secret_is_made_only_for_a_pod_that_can_be() {
        let pods = "POST /api/v1/namespaces/fraud-staging/pods?&dryRun=All&fieldManager=dataplane-executor";
        let secrets =
            "POST /api/v1/namespaces/fraud-staging/secrets?&fieldManager=dataplane-executor";
        let (asked, refused) = made(201, "").await;
        assert_eq!(
            (asked, refused),
            (vec![pods.to_owned(), secrets.to_owned()], None)
        );
        let (asked, refused) = made(409, "already exists").await;
        assert_eq!((asked, refused), (vec![pods.to_owned()], None));
        let (asked, refused) = made(
            403,
            "exceeded quota: q, requested: pods=1, used: pods=4, limited: pods=4",
        )
        .await;
        assert_eq!(asked, [pods]);
        assert!(
            matches!(refused, Some(Refused::QuotaExceeded(_))),
            "{refused:?}"
        );
    }
}

#[cfg(test)]
mod refusals {
    use super::*;

    fn status(code: u16, reason: &str, message: &str, cause: Option<&str>) -> Status {
        let causes: Vec<Value> = cause
            .iter()
            .map(|cause| json!({ "reason": cause }))
            .collect();
        serde_json::from_value(json!({ "status": "Failure", "code": code, "reason": reason, "message": message, "details": { "causes": causes } })).unwrap()
    }

    #[track_caller]
    fn check(status: &Status, expected: Option<&str>) {
        let told = refusal(status).map(|creation| match creation {
            Creation::Refused(refused) => refused.reason(),
            Creation::Taken => "taken",
            Creation::Made(_) => "made",
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn what_the_api_server_says_of_a_pod_is_told_apart() {
        check(
            &status(
                409,
                "AlreadyExists",
                "pods \"r7-a0-0\" already exists",
                None,
            ),
            Some("taken"),
        );
        check(
            &status(422, "Invalid", "Pod is invalid", None),
            Some("InvalidResource"),
        );
        check(
            &status(400, "BadRequest", "denied by a webhook", None),
            Some("BadRequest"),
        );
        check(
            &status(413, "RequestEntityTooLarge", "too large", None),
            Some("EntityTooLarge"),
        );
        check(
            &status(
                403,
                "Forbidden",
                "violates PodSecurity \"restricted\"",
                None,
            ),
            Some("PodSecurity"),
        );
        check(
            &status(403, "Forbidden", "denied by a policy", None),
            Some("forbidden"),
        );
        let ending = "unable to create new content in namespace x because it is being terminated";
        check(
            &status(403, "Forbidden", ending, Some("NamespaceTerminating")),
            Some("namespace"),
        );
        check(&status(403, "Forbidden", ending, None), Some("namespace"));
        for passing in [429, 500, 503, 504] {
            check(&status(passing, "", "", None), None);
        }
    }

    #[test]
    fn a_quota_that_could_never_hold_it_is_told_from_one_that_is_full() {
        let exceeded = |asked: &str| {
            format!(
                "pods \"r7-a0-0\" is forbidden: exceeded quota: q, requested: {asked}, used: requests.cpu=3,pods=9, limited: requests.cpu=4,pods=10"
            )
        };
        let full = exceeded("requests.cpu=2,pods=1");
        check(&status(403, "Forbidden", &full, None), Some("quota"));
        let never = exceeded("requests.cpu=4100m,pods=1");
        check(
            &status(403, "Forbidden", &never, None),
            Some("QuotaExceeded"),
        );
    }
}
