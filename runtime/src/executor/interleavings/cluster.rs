//! A cluster with one action, inside the test: its API server, with what goes wrong in it, and what a kubelet does.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use http::{Method, Request, Response, StatusCode, header::ACCEPT};
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tower::BoxError;

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was done.
    Throttled,
    Refused,
    /// It was done, and the answer was lost.
    AnswerLost,
    /// The next call that writes is done later, when nobody waits for the answer any more.
    Late,
}

/// Whose calls they are.
#[derive(Clone, Default)]
pub struct Caller(Arc<AtomicBool>);

impl Caller {
    /// Another leads by now.
    pub fn is_deposed(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A call that is on its way.
struct Call {
    method: Method,
    path: String,
    body: Value,
}

pub struct Cluster {
    objects: Mutex<Objects>,
}

pub struct Objects {
    pub action: Option<Value>,
    pub pods: BTreeMap<String, Value>,
    pub faults: VecDeque<Fault>,
    /// A webhook without which no pod is made does not answer.
    pub webhook_is_down: bool,
    version: u64,
    /// Pods that were ever made.
    pub made: u64,
    /// uid of the last pod of each attempt.
    pub last: BTreeMap<u64, String>,
    /// Calls that were answered.
    pub calls: u64,
    /// Calls that are on their way still.
    late: VecDeque<Call>,
    /// uids of pods that were made by calls that came late, or by who leads no more.
    unforeseen: HashSet<String>,
}

impl Cluster {
    pub fn start(action: Value) -> Arc<Self> {
        let mut objects = Objects {
            action: None,
            pods: BTreeMap::new(),
            faults: VecDeque::new(),
            webhook_is_down: false,
            version: 1,
            made: 0,
            last: BTreeMap::new(),
            calls: 0,
            late: VecDeque::new(),
            unforeseen: HashSet::new(),
        };
        objects.action = Some(objects.versioned(action));
        Arc::new(Self {
            objects: Mutex::new(objects),
        })
    }

    pub fn client(self: &Arc<Self>, caller: &Caller) -> Client {
        let (cluster, caller) = (Arc::clone(self), caller.clone());
        let service = tower::service_fn(move |request: Request<Body>| {
            let (cluster, caller) = (Arc::clone(&cluster), caller.clone());
            async move { cluster.answer(request, &caller).await }
        });
        Client::new(service, "default")
    }

    pub fn lock(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(
        &self,
        request: Request<Body>,
        caller: &Caller,
    ) -> Result<Response<Body>, BoxError> {
        let (parts, body) = request.into_parts();
        let bytes = body.collect_bytes().await?;
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let mut objects = self.lock();
        objects.calls += 1;
        let reads = parts.method == Method::GET;
        let waits = reads && objects.faults.front() == Some(&Fault::Late);
        let fault = if waits {
            None
        } else {
            objects.faults.pop_front()
        };
        let (status, answer) = match fault {
            Some(Fault::Throttled) => failed(429, "TooManyRequests", "slow down"),
            Some(Fault::Refused) => return Err("connection refused".into()),
            Some(Fault::Late) => {
                let path = parts.uri.path().to_owned();
                let method = parts.method;
                objects.late.push_back(Call { method, path, body });
                return Err("timed out".into());
            }
            _ => {
                let before = objects.made;
                let answer = objects.handle(&parts.method, parts.uri.path(), &body);
                if caller.0.load(Ordering::SeqCst) {
                    objects.not_foreseen(before);
                }
                answer
            }
        };
        if fault == Some(Fault::AnswerLost) {
            return Err("connection reset".into());
        }
        let accepted = parts.headers.get(ACCEPT);
        let accepted = accepted.and_then(|accepted| accepted.to_str().ok());
        let answer = match accepted {
            Some(kind) if status.is_success() && kind.contains("PartialObjectMetadata") => {
                json!({ "metadata": answer["metadata"] })
            }
            _ => answer,
        };
        let mut response = Response::new(Body::from(answer.to_string().into_bytes()));
        *response.status_mut() = status;
        Ok(response)
    }
}

impl Objects {
    fn handle(&mut self, method: &Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match parts.as_slice() {
            [
                "apis",
                "flyte.org",
                "v1",
                "namespaces",
                _,
                "taskactions",
                _,
                rest @ ..,
            ] => self.handle_action(method, rest, body),
            ["api", "v1", "namespaces", _, "pods"] => self.make_pod(body),
            ["api", "v1", "namespaces", _, "pods", name] => match *method {
                Method::GET => found(self.pods.get(*name).cloned()),
                Method::DELETE => self.delete_pod(name, body),
                _ => panic!("a pod is never changed"),
            },
            _ => panic!("nobody may call {method} {path}"),
        }
    }

    fn handle_action(
        &mut self,
        method: &Method,
        rest: &[&str],
        body: &Value,
    ) -> (StatusCode, Value) {
        let Some(mut action) = self.action.clone() else {
            return found(None);
        };
        if *method == Method::GET {
            return found(Some(action));
        }
        assert_eq!(
            *method,
            Method::PATCH,
            "actions are patched, never replaced"
        );
        let version = body["metadata"]["resourceVersion"].clone();
        assert!(version.is_string(), "a patch says which version it is of");
        if version != action["metadata"]["resourceVersion"] {
            return failed(409, "Conflict", "the object has been modified");
        }
        let part = if rest == ["status"] {
            "status"
        } else {
            "metadata"
        };
        merge(&mut action[part], &body[part]);
        let action = self.versioned(action);
        let finalizers = action["metadata"]["finalizers"].as_array();
        let held = finalizers.is_some_and(|finalizers| !finalizers.is_empty());
        let deleting = action["metadata"]["deletionTimestamp"].is_string();
        self.action = (held || !deleting).then(|| action.clone());
        found(Some(action))
    }

    fn make_pod(&mut self, body: &Value) -> (StatusCode, Value) {
        let name = body["metadata"]["name"].as_str().unwrap().to_owned();
        if self.pods.contains_key(&name) {
            return failed(409, "AlreadyExists", "pods already exists");
        }
        if self.webhook_is_down {
            return failed(500, "InternalError", "failed calling webhook secrets");
        }
        self.made += 1;
        let mut pod = body.clone();
        let uid = format!("pod-{}", self.made);
        pod["metadata"]["uid"] = json!(uid);
        self.last.insert(attempt_of(&name), uid);
        pod["status"] = json!({ "phase": "Pending" });
        let pod = self.versioned(pod);
        self.pods.insert(name, pod.clone());
        found(Some(pod))
    }

    fn delete_pod(&mut self, name: &str, body: &Value) -> (StatusCode, Value) {
        let Some(mut pod) = self.pods.get(name).cloned() else {
            return found(None);
        };
        if body["preconditions"]["uid"] != pod["metadata"]["uid"] {
            return failed(
                409,
                "Conflict",
                "the UID in the precondition does not match",
            );
        }
        pod["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
        let pod = self.versioned(pod);
        self.pods.insert(name.to_owned(), pod.clone());
        found(Some(pod))
    }

    /// The first of the calls that are on their way is done. False when there is none.
    pub fn land(&mut self) -> bool {
        let Some(Call { method, path, body }) = self.late.pop_front() else {
            return false;
        };
        let before = self.made;
        self.handle(&method, &path, &body);
        self.not_foreseen(before);
        true
    }

    /// The pods that were made since there were so many.
    fn not_foreseen(&mut self, before: u64) {
        let uids = (before + 1..=self.made).map(|number| format!("pod-{number}"));
        self.unforeseen.extend(uids);
    }

    /// Whether a pod is of an attempt that is past, or of an action that is over, and whoever leads could not know of it.
    fn is_stray(&self, pod: &Value) -> bool {
        let uid = pod["metadata"]["uid"].as_str().unwrap();
        let attempt = attempt_of(pod["metadata"]["name"].as_str().unwrap());
        let status = self.action.as_ref().map(|action| &action["status"]);
        let past = status.is_none_or(|status| {
            let conditions = status["conditions"].as_array();
            let over = conditions.into_iter().flatten().any(|condition| {
                condition["type"] != "Progressing" && condition["status"] == "True"
            });
            over || attempt < status["attempts"].as_u64().unwrap_or(1)
        });
        past && self.unforeseen.contains(uid)
    }

    /// Somebody deletes the action.
    pub fn delete_action(&mut self) {
        let Some(mut action) = self.action.take() else {
            return;
        };
        let finalizers = action["metadata"]["finalizers"].as_array();
        if finalizers.is_none_or(Vec::is_empty) {
            return;
        }
        action["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
        self.action = Some(self.versioned(action));
    }

    /// Somebody else than the executor writes a label.
    pub fn label_action(&mut self) {
        if let Some(mut action) = self.action.take() {
            action["metadata"]["labels"]["flyte.org/terminal-status-recorded"] = json!("true");
            self.action = Some(self.versioned(action));
        }
    }

    /// Somebody else than the executor deletes the pods.
    pub fn evict(&mut self) {
        for name in self.pods.keys().cloned().collect::<Vec<_>>() {
            let uid = self.pods[&name]["metadata"]["uid"].clone();
            self.delete_pod(&name, &json!({ "preconditions": { "uid": uid } }));
        }
    }

    /// The kubelet removes what was deleted.
    pub fn remove_deleted(&mut self) {
        self.pods
            .retain(|_, pod| !pod["metadata"]["deletionTimestamp"].is_string());
    }

    /// Kubernetes collects pods that have ended, when there are many.
    pub fn remove_ended(&mut self) {
        self.pods.retain(|_, pod| {
            !matches!(
                pod["status"]["phase"].as_str(),
                Some("Succeeded" | "Failed")
            )
        });
    }

    /// Pods that run or may yet run, but for those that whoever leads could not prevent.
    pub fn live(&self) -> usize {
        let live = self.pods.values().filter(|pod| !has_ended(pod));
        live.filter(|pod| !self.is_stray(pod)).count()
    }

    /// Pods that run or may yet run, and that nobody has stopped.
    pub fn unstopped(&self) -> usize {
        let live = self.pods.values().filter(|pod| !has_ended(pod));
        live.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null())
            .count()
    }

    /// The kubelet says something of the pods that have not ended.
    pub fn tell(&mut self, status: impl Fn(&str) -> Value) {
        for name in self.pods.keys().cloned().collect::<Vec<_>>() {
            let mut pod = self.pods[&name].clone();
            // A pod that is not to be runs until somebody stops it.
            if has_ended(&pod) || self.is_stray(&pod) {
                continue;
            }
            let container = pod["spec"]["containers"][0]["name"]
                .as_str()
                .unwrap()
                .to_owned();
            pod["status"] = status(&container);
            let pod = self.versioned(pod);
            self.pods.insert(name, pod);
        }
    }

    /// Attempts and uids of the pods whose task may still do something.
    pub fn at_work(&self) -> Vec<(u64, String)> {
        let mut at_work = Vec::new();
        for (name, pod) in &self.pods {
            if !has_ended(pod) && !self.is_stray(pod) {
                let uid = pod["metadata"]["uid"].as_str().unwrap().to_owned();
                at_work.push((attempt_of(name), uid));
            }
        }
        at_work
    }

    fn versioned(&mut self, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        object
    }
}

fn has_ended(pod: &Value) -> bool {
    matches!(
        pod["status"]["phase"].as_str(),
        Some("Succeeded" | "Failed")
    )
}

/// Of `r7-a0-0`, which is the first.
fn attempt_of(pod: &str) -> u64 {
    let (_, number) = pod.rsplit_once('-').unwrap();
    number.parse::<u64>().unwrap() + 1
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

fn found(object: Option<Value>) -> (StatusCode, Value) {
    match object {
        Some(object) => (StatusCode::OK, object),
        None => failed(404, "NotFound", "not found"),
    }
}

fn failed(code: u16, reason: &str, message: &str) -> (StatusCode, Value) {
    let details = json!({ "name": "r7-a0" });
    let status = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code, "reason": reason, "message": message, "details": details });
    (StatusCode::from_u16(code).unwrap(), status)
}
