//! An API server that answers as a test says, and remembers what it was asked for.

use std::sync::{Arc, Mutex};

use http::{Request, Response};
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep_until};
use tower::BoxError;

/// How a request is answered.
pub enum Answer {
    /// The connection stays open, and nothing comes.
    Nothing,
    Object(Value),
    Refusal(u16),
    /// The events of a watch, which ends then.
    Events(Vec<Value>),
}

/// What was asked for: `PATCH /apis/…`.
#[derive(Clone, Default)]
pub struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// Those with this in them.
    pub fn of(&self, part: &str) -> Vec<String> {
        let mut all = self.all();
        all.retain(|asked| asked.contains(part));
        all
    }
}

/// `answer` is told how many requests of the same path there were before, and the request.
pub fn client(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> (Client, Asked) {
    let (answer, asked) = (Arc::new(answer), Asked::default());
    let log = asked.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let target = request.uri().path_and_query().unwrap().to_string();
        let path = format!("{} {}", request.method(), request.uri().path());
        let asked = format!("{} {target}", request.method());
        let mut before = log.0.lock().unwrap();
        let same = before.iter().filter(|earlier| is_of(earlier, &path));
        let answer = answer(same.count(), &asked);
        before.push(asked);
        drop(before);
        async move { respond(answer).await }
    });
    (Client::new(service, "default"), asked)
}

fn is_of(asked: &str, path: &str) -> bool {
    asked.split('?').next() == Some(path)
}

async fn respond(answer: Answer) -> Result<Response<Body>, BoxError> {
    let (status, text) = match answer {
        Answer::Nothing => std::future::pending().await,
        Answer::Object(object) => (200, object.to_string()),
        Answer::Refusal(code) => {
            let refusal = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": "", "message": "no" });
            (code, refusal.to_string())
        }
        Answer::Events(events) => {
            let lines: Vec<String> = events.iter().map(|event| format!("{event}\n")).collect();
            (200, lines.concat())
        }
    };
    Ok(Response::builder()
        .status(status)
        .body(Body::from(text.into_bytes()))?)
}

/// An event of a watch.
pub fn event(kind: &str, object: &Value) -> Value {
    json!({ "type": kind, "object": object })
}

/// Tells of a version up to which all was told; the one at the end of a list says so.
pub fn bookmark(resource: &Value, version: u32, ends_list: bool) -> Value {
    let mut metadata = json!({ "resourceVersion": version.to_string() });
    if ends_list {
        metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
    }
    let object = json!({ "kind": resource["kind"], "apiVersion": resource["apiVersion"], "metadata": metadata });
    event("BOOKMARK", &object)
}

/// Waits until something is so, for an hour of a clock that stands still while anybody works.
pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_hours(1), "never: {what}");
        sleep_until(Instant::now() + Duration::from_millis(20)).await;
    }
}
