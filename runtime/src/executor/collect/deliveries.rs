//! What collection deletes: what is old, was told, and is held by nobody.

use dataplane_api::task_action::TaskActionStatus;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use prometheus::{IntCounterVec, Opts, Registry};
use serde_json::{Value, json};

use super::*;
use crate::executor::{
    example,
    fake_api_server::{Answer, Asked, client},
    state::State,
};

const NAMESPACE: &str = "fraud-staging";

fn listed(name: &str, completed: &str) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": {
            "name": name, "namespace": NAMESPACE, "uid": format!("uid-of-{name}"),
            "labels": { "flyte.org/termination-status": "terminated", "flyte.org/completed-time": completed },
        },
    })
}

fn page(items: &[Value], next: &str) -> Answer {
    Answer::Object(json!({
        "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
        "metadata": { "continue": next }, "items": items,
    }))
}

fn collector(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> (Collector, Asked) {
    let (client, asked) = client(answer);
    let calls = IntCounterVec::new(Opts::new("calls", "calls"), &["call", "outcome"]).unwrap();
    let collector = Collector {
        kubernetes: Kubernetes::new(client, calls),
        actions: Arc::new(Kept::new(|_, _| {})),
        metrics: Arc::new(Metrics::new(&Registry::new()).unwrap()),
        scopes: vec![None],
        retention: Duration::from_hours(1),
    };
    (collector, asked)
}

async fn collected(collector: &Collector) -> usize {
    let now = "2026-01-02T12:00:00Z".parse().unwrap();
    collector.collect(&None, now).await.unwrap()
}

/// An action that is over, with so many events that the control plane has not taken.
fn over(name: &str, version: u32, pending: usize) -> KeptAction {
    let mut resource = example::resource(&example::python());
    resource.metadata.name = Some(name.to_owned());
    resource.metadata.resource_version = Some(version.to_string());
    let labels = labels::finished("2026-01-02T03:00:00Z".parse().unwrap());
    resource.metadata.labels = Some(
        labels
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    );
    let condition = Condition {
        type_: "Succeeded".to_owned(),
        status: "True".to_owned(),
        reason: "Completed".to_owned(),
        message: String::new(),
        last_transition_time: Time(Timestamp::UNIX_EPOCH),
        observed_generation: None,
    };
    let mut status = TaskActionStatus {
        conditions: vec![condition],
        ..TaskActionStatus::default()
    };
    let state = State {
        pending: vec![vec![1]; pending],
        ..State::default()
    };
    state.write(&mut status);
    resource.status = Some(status);
    KeptAction::of(&resource, &example::settings(json!({}), "spec"))
}

#[tokio::test]
async fn what_is_old_goes_and_nothing_else() {
    let (collector, asked) = collector(|_, asked| {
        if asked.starts_with("DELETE") {
            return Answer::Object(
                json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success" }),
            );
        }
        if asked.contains("continue=more") {
            return page(&[listed("last-a0", "2026-01-02.11-00")], "");
        }
        let mut held = listed("held-a0", "2026-01-02.03-00");
        held["metadata"]["finalizers"] = json!([FINALIZER]);
        let mut going = listed("going-a0", "2026-01-02.03-00");
        going["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:00:00Z");
        let old = listed("old-a0", "2026-01-02.03-00");
        let fresh = listed("fresh-a0", "2026-01-02.11-01");
        page(&[old, fresh, held, going], "more")
    });
    assert_eq!(collected(&collector).await, 2);
    let deleted = asked.of("DELETE");
    let path =
        |name| format!("DELETE /apis/flyte.org/v1/namespaces/{NAMESPACE}/taskactions/{name}-a0?");
    assert_eq!(deleted, [path("old"), path("last")]);
    assert_eq!(collector.metrics.collected.get(), 2);
}

/// However old it is.
#[tokio::test]
async fn what_was_not_told_stays_until_it_was() {
    let (collector, asked) = collector(|_, asked| {
        if asked.starts_with("DELETE") {
            return Answer::Object(
                json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success" }),
            );
        }
        page(&[listed("r7-a0", "2020-01-01.00-00")], "")
    });
    let key = Key::new(NAMESPACE, "r7-a0");
    collector.actions.seen(&key, over("r7-a0", 5, 2));
    assert_eq!(collected(&collector).await, 0);
    assert!(asked.of("DELETE").is_empty());
    collector.actions.seen(&key, over("r7-a0", 6, 0));
    assert_eq!(collected(&collector).await, 1);
    assert_eq!(asked.of("DELETE").len(), 1);
}

#[tokio::test]
async fn what_cannot_be_deleted_holds_up_nothing_else() {
    let (collector, asked) = collector(|_, asked| {
        if asked.contains("/stuck-a0") {
            return Answer::Refusal(500);
        }
        if asked.starts_with("DELETE") {
            return Answer::Object(
                json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success" }),
            );
        }
        let old = |name| listed(name, "2026-01-02.03-00");
        page(&[old("stuck-a0"), old("free-a0")], "")
    });
    assert_eq!(collected(&collector).await, 1);
    assert_eq!(asked.of("DELETE").len(), 2);
}
