//! Looks at one action against an API server inside the test.

mod logs;
mod room;
mod senseless;

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use dataplane_api::{
    object_uri::ObjectUri,
    task_action::{ErrorKind, PhaseTransition, TaskActionStatus},
};
use dataplane_proto::flyteidl2::{
    core::{CatalogCacheStatus, TaskMetadata, TaskTemplate},
    task::Inputs,
    workflow::ActionEvent,
};
use http::{Method, Request, Response};
use k8s_openapi::{
    api::core::v1::Pod,
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
};
use kube::{Client, client::Body};
use prometheus::Registry;
use serde_json::{Value, json};
use tower::BoxError;

use super::*;
use crate::executor::{
    action::Action,
    cache::{Claim, Reused, Unclear},
    events, example,
    failure::{Failure, Retry},
    transition::{Phase, Transition},
};
use crate::lease::Trust;

const UID: &str = "4d0f6a1e-0000-0000-0000-000000000000";
const NOW: &str = "2026-01-20T03:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// The cluster: the action and what was asked for.
#[derive(Default)]
struct Cluster {
    action: Mutex<Option<Value>>,
    asked: Mutex<Vec<String>>,
    pod: Mutex<Option<Value>>,
    /// A webhook lets no pod be deleted.
    denies: AtomicBool,
    /// Its kind is not defined any more.
    undefined: AtomicBool,
    /// Bytes that an action may have; any number when none.
    most: AtomicU32,
}

impl Cluster {
    fn answer(&self, method: &Method, path: &str, body: &Value, metadata: bool) -> (u16, Value) {
        let name = path.rsplit_once("/namespaces/fraud-staging/").unwrap().1;
        self.asked.lock().unwrap().push(format!("{method} {name}"));
        let missing = (404, refusal(404, "not found"));
        let mut action = self.action.lock().unwrap();
        match (
            method.as_str(),
            name.split('/').collect::<Vec<_>>().as_slice(),
        ) {
            ("POST", ["pods"]) => {
                let mut pod = body.clone();
                pod["metadata"]["uid"] = json!("made");
                (201, pod)
            }
            ("GET", ["pods", _]) => {
                let pod = self.pod.lock().unwrap().clone();
                pod.map_or(missing, |pod| (200, pod))
            }
            ("DELETE", ["pods", _]) if self.denies.load(Ordering::SeqCst) => {
                (403, refusal(403, "denied by a webhook"))
            }
            ("DELETE", ["pods", _]) if body["gracePeriodSeconds"] != 600 => {
                panic!("a pod is given ten minutes: {body}")
            }
            ("DELETE", ["pods", _]) => (200, json!({ "kind": "Status", "status": "Success" })),
            (_, ["taskactions", ..]) if self.undefined.load(Ordering::SeqCst) => {
                let mut unknown = refusal(404, "the server could not find the requested resource");
                unknown["details"] = json!({});
                (404, unknown)
            }
            ("GET", ["taskactions", _]) => action.clone().map_or(missing, |action| (200, action)),
            ("PATCH", ["taskactions", _, rest @ ..]) => {
                let part = if rest.is_empty() {
                    "metadata"
                } else {
                    "status"
                };
                let Some(mut patched) = action.clone() else {
                    return missing;
                };
                merge(&mut patched[part], &body[part]);
                let most = self.most.load(Ordering::SeqCst) as usize;
                if most > 0 && patched.to_string().len() > most {
                    return (500, refusal(500, "etcdserver: request is too large"));
                }
                *action = Some(patched.clone());
                if metadata {
                    patched = json!({ "metadata": patched["metadata"] });
                }
                (200, patched)
            }
            other => panic!("nobody may ask for {other:?}"),
        }
    }
}

fn refusal(code: u16, message: &str) -> Value {
    let reason = if code == 404 { "NotFound" } else { "" };
    let details = json!({ "name": "r7-a0" });
    json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code, "reason": reason, "message": message, "details": details })
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in fields {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut target[name], value);
        }
    }
}

/// The control plane, which may be away.
#[derive(Default)]
struct ControlPlane {
    away: AtomicBool,
    /// Minutes for which it has been.
    since: AtomicU32,
}

impl Sink for ControlPlane {
    fn event(&self, transition: &Transition) -> ActionEvent {
        events::event(transition, &example::settings(json!({}), "spec"), now())
    }

    async fn deliver(&self, _: Vec<ActionEvent>) -> bool {
        !self.away.load(Ordering::SeqCst)
    }

    fn away_for(&self) -> Option<Duration> {
        let minutes = self.since.load(Ordering::SeqCst).into();
        let away = self.away.load(Ordering::SeqCst);
        away.then_some(Duration::from_mins(minutes))
    }
}

/// The store, with what an earlier pod left there.
#[derive(Default)]
struct Store {
    left: Option<String>,
    no_key: bool,
    claims: AtomicU32,
    reserved: AtomicU32,
}

#[derive(Debug, thiserror::Error)]
#[error("the store is away")]
struct Away;

impl Unread for Away {
    fn may_pass(&self) -> bool {
        true
    }
}

impl Objects for Store {
    type Error = Away;

    async fn outcome(&self, _: &str, _: bool, _: &str) -> Result<Result<(), Failure>, Away> {
        Ok(Ok(()))
    }

    async fn left(&self, _: &str) -> Result<Option<String>, Away> {
        Ok(self.left.clone())
    }

    async fn inputs(&self, _: &Action) -> Result<Result<Inputs, Failure>, Away> {
        Err(Away)
    }

    async fn claim(&self, action: &Action) -> Result<Option<Claim>, Unclear> {
        self.claims.fetch_add(1, Ordering::SeqCst);
        let caching = action
            .template()
            .and_then(|template| template.caching.as_ref());
        let caching = caching.filter(|_| !self.no_key);
        Ok(caching.and_then(|caching| Claim::new(action, caching, &[]).ok()))
    }

    async fn look_up(&self, _: &Action, _: Option<&Claim>, _: NonZeroU32) -> Reused {
        Reused::Run(CatalogCacheStatus::CacheMiss)
    }

    async fn keep(&self, _: &Action, _: Option<&Claim>, _: NonZeroU32) -> CatalogCacheStatus {
        CatalogCacheStatus::CachePopulated
    }

    async fn stay_reserved(&self, _: &Claim) {
        self.reserved.fetch_add(1, Ordering::SeqCst);
    }

    async fn give_way(&self, _: &Claim) {}

    async fn sign(&self, _: &ObjectUri) -> Result<Result<String, Failure>, Away> {
        Err(Away)
    }
}

/// An executor that leads, its cluster and its action.
struct Site {
    cluster: Arc<Cluster>,
    executor: Reconciler<ControlPlane, Store>,
    key: Key,
}

impl Site {
    fn of(template: &TaskTemplate, executor: Value, store: Store) -> Self {
        let cluster = Arc::new(Cluster::default());
        let server = Arc::clone(&cluster);
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = Arc::clone(&server);
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect_bytes().await?;
                let body = serde_json::from_slice(&body).unwrap_or_default();
                let accepted = parts.headers.get(http::header::ACCEPT);
                let metadata = accepted
                    .and_then(|accepted| accepted.to_str().ok())
                    .is_some_and(|accepted| accepted.contains("PartialObjectMetadata"));
                let (code, answer) =
                    server.answer(&parts.method, parts.uri.path(), &body, metadata);
                let answer = Body::from(answer.to_string().into_bytes());
                Ok::<_, BoxError>(Response::builder().status(code).body(answer)?)
            }
        });
        let metrics = Arc::new(Metrics::new(&Registry::new()).unwrap());
        let client = Client::new(service, "default");
        let site = Self {
            executor: Reconciler {
                settings: Arc::new(example::settings(executor, "spec")),
                kubernetes: Kubernetes::new(client, metrics.calls.clone()),
                actions: Arc::new(Kept::new(|_, _| {})),
                pods: Arc::new(Kept::new(|_, _| {})),
                sink: ControlPlane::default(),
                objects: store,
                metrics,
                memory: Arc::default(),
                clock: now,
            },
            cluster,
            key: Key::new("fraud-staging", "r7-a0"),
        };
        let mut action = serde_json::to_value(example::resource(template)).unwrap();
        action["metadata"]["resourceVersion"] = json!("1");
        action["metadata"]["finalizers"] = json!([FINALIZER]);
        *site.cluster.action.lock().unwrap() = Some(action);
        site
    }

    /// The action has this status.
    fn begin(&self, status: &TaskActionStatus) {
        let mut action = self.cluster.action.lock().unwrap();
        let action = action.as_mut().unwrap();
        action["status"] = serde_json::to_value(status).unwrap();
        let resource = serde_json::from_value(action.clone()).unwrap();
        let kept = KeptAction::read(&resource, &self.executor.settings);
        self.executor.actions.seen(&self.key, kept);
    }

    fn sees_pod(&self, name: &str, owner: &str, status: &Value) {
        let pod: Pod = serde_json::from_value(pod(name, owner, status)).unwrap();
        let key = Key::new("fraud-staging", name);
        self.executor.pods.seen(&key, KeptPod::of(pod));
    }

    /// What a look asks the cluster for.
    async fn look(&self, key: &Key) -> Vec<String> {
        self.cluster.asked.lock().unwrap().clear();
        self.executor.reconcile(key).await;
        self.cluster.asked.lock().unwrap().clone()
    }

    fn status(&self) -> TaskActionStatus {
        let action = self.cluster.action.lock().unwrap().clone().unwrap();
        serde_json::from_value(action["status"].clone()).unwrap()
    }
}

fn pod(name: &str, owner: &str, status: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "fraud-staging", "uid": format!("uid-of-{name}"), "resourceVersion": "5",
            "annotations": { "primary_container_name": "main" },
            "ownerReferences": [{ "apiVersion": "flyte.org/v1", "kind": "TaskAction", "name": "r7-a0", "uid": owner }],
        },
        "spec": { "containers": [{ "name": "main" }], "terminationGracePeriodSeconds": 3600 },
        "status": status,
    })
}

fn progressing(phase: &str) -> TaskActionStatus {
    TaskActionStatus {
        attempts: 1,
        conditions: vec![Condition {
            type_: "Progressing".to_owned(),
            status: "True".to_owned(),
            reason: phase.to_owned(),
            message: String::new(),
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
            observed_generation: None,
        }],
        ..TaskActionStatus::default()
    }
}

fn running() -> Value {
    json!({ "phase": "Running" })
}

#[tokio::test]
async fn a_pod_whose_action_is_gone_is_stopped() {
    let site = Site::of(&example::python(), json!({}), Store::default());
    let pod = Key::new("fraud-staging", "r7-a0-0");
    site.sees_pod("r7-a0-0", UID, &running());
    // The watch of the actions is late.
    assert_eq!(site.look(&pod).await, ["GET taskactions/r7-a0"]);
    site.begin(&progressing("Executing"));
    assert_eq!(site.look(&pod).await, [""; 0]);

    site.sees_pod("r7-a0-0", "another", &running());
    let stops = ["GET taskactions/r7-a0", "DELETE pods/r7-a0-0"];
    assert_eq!(site.look(&pod).await, stops);
    site.executor.actions.gone(&site.key, UID);
    *site.cluster.action.lock().unwrap() = None;
    site.sees_pod("r7-a0-0", UID, &running());
    // That says nothing of this action.
    site.cluster.undefined.store(true, Ordering::SeqCst);
    assert_eq!(site.look(&pod).await, stops[..1]);
    site.cluster.undefined.store(false, Ordering::SeqCst);
    assert_eq!(site.look(&pod).await, stops);
    site.sees_pod("r7-a0-0", UID, &json!({ "phase": "Succeeded" }));
    assert_eq!(site.look(&pod).await, [""; 0]);
}

#[tokio::test]
async fn pods_of_past_attempts_are_stopped() {
    let site = Site::of(&example::python(), json!({}), Store::default());
    let mut status = progressing("Executing");
    status.attempts = 3;
    site.begin(&status);
    site.sees_pod("r7-a0-0", UID, &running());
    site.sees_pod("r7-a0-1", UID, &json!({ "phase": "Failed" }));
    site.sees_pod("r7-a0-2", UID, &json!({ "phase": "Pending" }));
    let asked = site.look(&site.key).await;
    let stopped: Vec<&String> = asked
        .iter()
        .filter(|asked| asked.starts_with("DELETE"))
        .collect();
    assert_eq!(stopped, ["DELETE pods/r7-a0-0"]);
}

#[tokio::test]
async fn a_pod_that_can_not_be_stopped_holds_up_nothing() {
    let site = Site::of(&example::python(), json!({}), Store::default());
    site.cluster.denies.store(true, Ordering::SeqCst);
    let mut status = progressing("Queued");
    status.attempts = 2;
    site.begin(&status);
    site.sees_pod("r7-a0-0", UID, &running());
    site.sees_pod("r7-a0-1", UID, &running());
    let asked = site.look(&site.key).await;
    assert_eq!(
        asked,
        ["DELETE pods/r7-a0-0", "PATCH taskactions/r7-a0/status"]
    );
    let again = site.executor.reconcile(&site.key).await;
    assert!(matches!(again, Done::Again(soon) if soon <= STRAYS));
}

#[tokio::test]
async fn what_an_earlier_pod_said_is_noted_before_the_next_is_made() {
    let store = |left: Option<&str>| Store {
        left: left.map(str::to_owned),
        ..Store::default()
    };
    let lost = || {
        let mut status = progressing("Queued");
        let state = State {
            round: 1,
            ..State::default()
        };
        state.write(&mut status);
        status
    };
    let site = Site::of(&example::python(), json!({}), store(Some("yesterday's")));
    site.begin(&lost());
    let asked = site.look(&site.key).await;
    let notes = [
        "GET pods/r7-a0-0",
        "PATCH taskactions/r7-a0/status",
        "POST pods",
    ];
    assert_eq!(asked[..3], notes, "{asked:?}");
    assert_eq!(State::read(&site.status()).left, "yesterday's");

    let site = Site::of(&example::python(), json!({}), store(None));
    site.begin(&lost());
    let asked = site.look(&site.key).await;
    assert_eq!(asked[..2], ["GET pods/r7-a0-0", "POST pods"]);

    // It was made, although nobody heard of it, and said why it failed: that is its own.
    let site = Site::of(&example::python(), json!({}), store(Some("its own")));
    site.begin(&lost());
    *site.cluster.pod.lock().unwrap() = Some(pod("r7-a0-0", UID, &running()));
    let asked = site.look(&site.key).await;
    assert!(!asked.contains(&"POST pods".to_owned()), "{asked:?}");
    assert_eq!(State::read(&site.status()).left, "");
}

#[tokio::test]
async fn a_resource_that_is_nearly_too_large_comes_to_its_end() {
    let site = Site::of(&example::python(), json!({}), Store::default());
    let mut status = progressing("Executing");
    let entry = |number: u32| PhaseTransition {
        phase: if number.is_multiple_of(2) {
            "Queued"
        } else {
            "Executing"
        }
        .to_owned(),
        occurred_at: Time(Timestamp::UNIX_EPOCH),
        message: "m".repeat(1000),
    };
    status.phase_history = (0..100).map(entry).collect();
    site.begin(&status);
    let bytes = site
        .cluster
        .action
        .lock()
        .unwrap()
        .as_ref()
        .unwrap()
        .to_string()
        .len();
    let most = u32::try_from(bytes + 10).unwrap();
    site.cluster.most.store(most, Ordering::SeqCst);
    site.sees_pod(
        "r7-a0-0",
        UID,
        &json!({ "phase": "Succeeded", "containerStatuses": [{
            "name": "main", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
            "state": { "terminated": { "exitCode": 0, "startedAt": NOW, "finishedAt": NOW } },
        }] }),
    );
    let asked = site.look(&site.key).await;
    let ends = [
        "PATCH taskactions/r7-a0/status",
        "PATCH taskactions/r7-a0/status",
        "PATCH taskactions/r7-a0",
    ];
    assert_eq!(asked, ends);
    let status = site.status();
    assert!(decide::is_terminal(&status));
    assert_eq!(status.phase_history.len(), 101);
    assert!(
        status
            .phase_history
            .iter()
            .all(|entry| entry.message.is_empty())
    );
}

#[tokio::test]
async fn an_aborted_action_goes_untold_when_nobody_listens_for_too_long() {
    let aborted = |at: &str, minutes: u32| {
        let site = Site::of(
            &example::python(),
            json!({ "untold_abort_seconds": 3600 }),
            Store::default(),
        );
        site.executor.sink.away.store(true, Ordering::SeqCst);
        site.executor.sink.since.store(minutes, Ordering::SeqCst);
        site.cluster.action.lock().unwrap().as_mut().unwrap()["metadata"]["deletionTimestamp"] =
            json!(at);
        site.begin(&progressing("Executing"));
        site
    };
    let recent = aborted("2026-01-20T02:01:00Z", 90);
    let waits = ["PATCH taskactions/r7-a0/status"];
    assert_eq!(recent.look(&recent.key).await, waits);
    assert_eq!(recent.executor.metrics.untold.get(), 0);

    // It may have been there until just now.
    let unlucky = aborted("2026-01-18T01:59:00Z", 59);
    assert_eq!(unlucky.look(&unlucky.key).await, waits);
    let mut fenced = aborted("2026-01-20T01:59:00Z", 90);
    fenced.executor.kubernetes = fenced.executor.kubernetes.trusting(Trust::until(None));
    assert_eq!(fenced.look(&fenced.key).await, [""; 0]);
    assert_eq!(fenced.executor.metrics.untold.get(), 0);

    let old = aborted("2026-01-20T01:59:00Z", 90);
    assert_eq!(old.look(&old.key).await, ["PATCH taskactions/r7-a0"]);
    let left = old.cluster.action.lock().unwrap().clone().unwrap();
    assert_eq!(left["metadata"]["finalizers"], json!([]));
    assert_eq!(old.executor.metrics.untold.get(), 1);
}

#[tokio::test]
async fn inputs_are_read_once_for_the_cache() {
    let template = TaskTemplate {
        metadata: Some(TaskMetadata {
            discoverable: true,
            cache_serializable: true,
            ..TaskMetadata::default()
        }),
        ..example::python()
    };
    let site = Site::of(&template, json!({ "cache": true }), Store::default());
    site.begin(&progressing("Executing"));
    site.sees_pod("r7-a0-0", UID, &running());
    let reads = |asked: &[String]| {
        asked
            .iter()
            .filter(|asked| asked.starts_with("GET"))
            .count()
    };
    let first = site.look(&site.key).await;
    assert_eq!(reads(&first), 1, "its template is not kept: {first:?}");
    for _ in 0..2 {
        assert_eq!(reads(&site.look(&site.key).await), 0);
    }
    let Store {
        claims, reserved, ..
    } = &site.executor.objects;
    let count = |number: &AtomicU32| number.load(Ordering::SeqCst);
    assert_eq!((count(claims), count(reserved)), (1, 3));

    let store = Store {
        no_key: true,
        ..Store::default()
    };
    let site = Site::of(&template, json!({ "cache": true }), store);
    site.begin(&progressing("Executing"));
    site.sees_pod("r7-a0-0", UID, &running());
    for _ in 0..3 {
        site.look(&site.key).await;
    }
    let Store { claims, .. } = &site.executor.objects;
    assert_eq!(count(claims), 1, "that it has no key is known, too");
}
