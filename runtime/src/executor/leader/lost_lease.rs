//! A pod that leads no more: it begins nothing, ends in time, and asks for nothing once another may lead.

use prometheus::Registry;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::*;
use crate::executor::{
    example,
    fake_api_server::{Answer, Asked, bookmark, client, event, until},
    interleavings::{ControlPlane, Store},
};

struct Works {
    asked: Asked,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
    leader: Leader<ControlPlane, Store>,
}

fn action(name: &str) -> Value {
    let mut action = serde_json::to_value(example::resource(&example::python())).unwrap();
    action["metadata"]["name"] = json!(name);
    action["metadata"]["resourceVersion"] = json!("5");
    action
}

/// With two actions, of which one is looked at at a time; what is written is never answered.
fn works(trust: Trust) -> Works {
    let (client, asked) = client(|before, asked| {
        let pod = json!({ "kind": "Pod", "apiVersion": "v1" });
        match (before, asked) {
            (0, asked) if asked.contains("/taskactions?") => Answer::Events(vec![
                event("ADDED", &action("r1-a0")),
                event("ADDED", &action("r2-a0")),
                bookmark(&action("r2-a0"), 10, true),
            ]),
            (0, asked) if asked.contains("/pods?") => {
                Answer::Events(vec![bookmark(&pod, 10, true)])
            }
            _ => Answer::Nothing,
        }
    });
    let metrics = Arc::new(Metrics::new(&Registry::new()).unwrap());
    let leader = Leader {
        client,
        settings: Arc::new(example::settings(json!({ "concurrency": 1 }), "spec")),
        sink: ControlPlane::default(),
        objects: Store::default(),
        metrics: Arc::clone(&metrics),
        reachable: watch::channel(true).1,
        trust,
    };
    Works {
        asked,
        metrics,
        stop: CancellationToken::new(),
        leader,
    }
}

#[tokio::test(start_paused = true)]
async fn the_work_ends_with_the_lease_and_nothing_new_begins() {
    let trust = Trust::until(Some(Instant::now() + Duration::from_hours(2)));
    let works = works(trust);
    let losing = async {
        until("a look", || !works.asked.of("PATCH").is_empty()).await;
        assert_eq!(works.metrics.leading.get(), 1);
        works.stop.cancel();
        Instant::now()
    };
    let ((), lost) = tokio::join!(works.leader.work(works.stop.clone()), losing);
    // The look that had begun was waited for, but not for ever.
    assert_eq!(lost.elapsed(), LAST_LOOKS);
    assert_eq!(works.metrics.leading.get(), 0);
    let asked = works.asked.all().len();
    sleep_until(Instant::now() + Duration::from_mins(10)).await;
    assert_eq!(works.asked.of("PATCH").len(), 1, "another look was begun");
    assert_eq!(works.asked.all().len(), asked, "it watches on");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_once_another_may_lead() {
    let works = works(Trust::until(None));
    let calls = &works.metrics.calls;
    let refused = calls.with_label_values(&["writing the metadata of", "fenced"]);
    let losing = async {
        until("two looks", || refused.get() >= 2).await;
        assert!(works.asked.of("PATCH").is_empty());
        works.stop.cancel();
    };
    tokio::join!(works.leader.work(works.stop.clone()), losing);
}
