//! What is known of actions and pods while watches break, go on, and begin anew.

use serde_json::{Value, json};

use super::*;
use crate::executor::{
    example,
    fake_api_server::{Answer, Asked, bookmark, client, event, until},
};

const NAMESPACE: &str = "fraud-staging";

fn action(name: &str, version: u32) -> Value {
    let mut action = serde_json::to_value(example::resource(&example::python())).unwrap();
    action["metadata"]["name"] = json!(name);
    action["metadata"]["uid"] = json!(format!("uid-of-{name}"));
    action["metadata"]["resourceVersion"] = json!(version.to_string());
    action
}

fn pod(action: &str, version: u32) -> Value {
    let owner = json!({
        "apiVersion": "flyte.org/v1", "kind": "TaskAction", "name": action, "uid": format!("uid-of-{action}"),
    });
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": format!("{action}-0"), "namespace": NAMESPACE, "uid": format!("uid-of-{action}-0"),
            "resourceVersion": version.to_string(), "ownerReferences": [owner],
        },
    })
}

fn sight() -> Sight {
    Sight {
        settings: Arc::new(example::settings(json!({}), "spec")),
        actions: Arc::new(Kept::new(|_, _| {})),
        pods: Arc::new(Kept::new(|_, _| {})),
        queue: Arc::new(WorkQueue::default()),
    }
}

/// A watch that is followed until it is dropped.
struct Followed {
    sight: Sight,
    asked: Asked,
    known: watch::Receiver<bool>,
    stop: CancellationToken,
}

impl Followed {
    fn actions(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> Self {
        Self::of(answer, true)
    }

    fn pods(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> Self {
        Self::of(answer, false)
    }

    fn of(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static, actions: bool) -> Self {
        let (client, asked) = client(answer);
        let (sender, known) = watch::channel(false);
        let (sight, stop) = (sight(), CancellationToken::new());
        let (follower, over) = (sight.clone(), stop.clone());
        if actions {
            tokio::spawn(follower.follow_actions(client, None, sender, over));
        } else {
            tokio::spawn(follower.follow_pods(client, None, sender, over));
        }
        Self {
            sight,
            asked,
            known,
            stop,
        }
    }

    /// The requests, once there are so many and what came before was taken.
    async fn requests(&self, number: usize) -> Vec<String> {
        until(&format!("{number} requests"), || {
            self.asked.all().len() >= number
        })
        .await;
        self.asked.all()
    }

    fn version(&self, name: &str) -> Option<String> {
        let kept = self.sight.actions.get(&Key::new(NAMESPACE, name))?;
        Some(kept.version.clone())
    }

    /// The names of the actions that are to be looked at.
    async fn queued(&self) -> Vec<String> {
        let mut names = Vec::new();
        while self.sight.queue.waiting() > 0 {
            let (key, _) = self.sight.queue.next().await;
            names.push(key.name.to_string());
            self.sight
                .queue
                .done(key, crate::executor::work_queue::Done::Rest);
        }
        names.sort();
        names
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_goes_on_from_the_last_bookmark() {
    let followed = Followed::actions(|before, _| {
        let of = action("r1-a0", 5);
        match before {
            0 => Answer::Events(vec![
                event("ADDED", &of),
                bookmark(&of, 10, true),
                bookmark(&of, 20, false),
            ]),
            1 => Answer::Events(vec![event("MODIFIED", &action("r1-a0", 21))]),
            _ => Answer::Nothing,
        }
    });
    let requests = followed.requests(3).await;
    assert!(
        requests[0].contains("sendInitialEvents=true"),
        "{requests:?}"
    );
    for (request, version) in [(&requests[1], "20"), (&requests[2], "21")] {
        let from = format!("resourceVersion={version}");
        assert!(request.contains(&from), "{request}");
        assert!(request.contains("allowWatchBookmarks=true"), "{request}");
        assert!(!request.contains("sendInitialEvents"), "{request}");
    }
    assert!(*followed.known.borrow());
    assert_eq!(followed.version("r1-a0").as_deref(), Some("21"));
    assert_eq!(followed.queued().await, ["r1-a0"]);
}

#[tokio::test(start_paused = true)]
async fn actions_that_went_while_the_watch_was_too_old_are_forgotten() {
    let followed = Followed::actions(|before, _| {
        let stays = action("stays-a0", 5);
        match before {
            0 => Answer::Events(vec![
                event("ADDED", &action("goes-a0", 4)),
                event("ADDED", &stays),
                bookmark(&stays, 10, true),
            ]),
            1 => Answer::Events(vec![too_old()]),
            2 => Answer::Events(vec![
                event("ADDED", &action("stays-a0", 30)),
                event("ADDED", &action("comes-a0", 31)),
                bookmark(&stays, 40, true),
            ]),
            _ => Answer::Nothing,
        }
    });
    followed.requests(2).await;
    let requests = followed.requests(4).await;
    assert!(
        requests[2].contains("sendInitialEvents=true"),
        "{requests:?}"
    );
    assert!(requests[3].contains("resourceVersion=40"), "{requests:?}");
    assert_eq!(followed.version("goes-a0"), None);
    assert_eq!(followed.version("stays-a0").as_deref(), Some("30"));
    assert_eq!(followed.version("comes-a0").as_deref(), Some("31"));
}

fn too_old() -> Value {
    let gone = json!({ "kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version", "status": "Failure" });
    event("ERROR", &gone)
}

/// Nobody tells of the deletion of a pod that went while nobody watched.
#[tokio::test(start_paused = true)]
async fn an_action_whose_pod_went_unseen_is_looked_at() {
    let (tells_more, waits) = watch::channel(false);
    let followed = Followed::pods(move |before, _| {
        let of = pod("r1-a0", 5);
        match before {
            0 => Answer::Events(vec![event("ADDED", &of), bookmark(&of, 10, true)]),
            _ if !*waits.borrow() => Answer::Refusal(503),
            1.. if before % 2 == 0 => Answer::Events(vec![too_old()]),
            _ => Answer::Events(vec![bookmark(&of, 40, true)]),
        }
    });
    followed.requests(2).await;
    assert_eq!(followed.queued().await, ["r1-a0"]);
    let key = Key::new(NAMESPACE, "r1-a0-0");
    assert!(followed.sight.pods.get(&key).is_some());
    tells_more.send_replace(true);
    until("the pod is forgotten", || {
        followed.sight.pods.get(&key).is_none()
    })
    .await;
    assert_eq!(followed.queued().await, ["r1-a0"]);
}

/// It says nothing of what is gone.
#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_off_takes_nothing_away() {
    let followed = Followed::pods(|before, _| {
        let of = pod("r1-a0", 5);
        match before {
            0 => Answer::Events(vec![
                event("ADDED", &of),
                bookmark(&of, 10, true),
                too_old(),
            ]),
            1 => Answer::Events(vec![event("ADDED", &pod("r2-a0", 6))]),
            _ => Answer::Nothing,
        }
    });
    followed.requests(3).await;
    for name in ["r1-a0-0", "r2-a0-0"] {
        let known = followed.sight.pods.get(&Key::new(NAMESPACE, name));
        assert!(known.is_some(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_streams_no_lists_is_read_in_pages() {
    let page = |names: &[&str], next: &str| {
        let items: Vec<Value> = names.iter().map(|name| action(name, 5)).collect();
        let metadata = json!({ "resourceVersion": "10", "continue": next });
        Answer::Object(
            json!({ "kind": "TaskActionList", "apiVersion": "flyte.org/v1", "metadata": metadata, "items": items }),
        )
    };
    let followed = Followed::actions(move |_, asked| {
        if asked.contains("sendInitialEvents") {
            Answer::Refusal(422)
        } else if asked.contains("watch=") {
            Answer::Nothing
        } else if asked.contains("continue=more") {
            page(&["r2-a0"], "")
        } else {
            page(&["r1-a0"], "more")
        }
    });
    let requests = followed.requests(4).await;
    assert!(requests[1].contains("limit=500"), "{requests:?}");
    assert!(requests[2].contains("continue=more"), "{requests:?}");
    assert!(requests[3].contains("resourceVersion=10"), "{requests:?}");
    assert!(*followed.known.borrow());
    assert_eq!(followed.queued().await, ["r1-a0", "r2-a0"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_known_before_the_list_has_come_to_its_end() {
    let followed = Followed::actions(|before, _| match before {
        0 => Answer::Events(vec![event("ADDED", &action("r1-a0", 5))]),
        _ => Answer::Nothing,
    });
    followed.requests(2).await;
    assert!(!*followed.known.borrow());
}

/// The API server keeps values that are none of their kind here.
#[tokio::test(start_paused = true)]
async fn one_action_that_cannot_be_read_hides_no_other() {
    let broken = |version: u32| {
        let mut broken = action("r1-a0", version);
        broken["spec"]["taskTemplate"] = json!("CgB=");
        broken
    };
    let followed = Followed::actions(move |before, _| match before {
        0 => Answer::Events(vec![
            event("ADDED", &broken(4)),
            event("ADDED", &action("r2-a0", 5)),
            bookmark(&action("r2-a0", 5), 10, true),
            event("MODIFIED", &broken(11)),
        ]),
        _ => Answer::Nothing,
    });
    followed.requests(2).await;
    assert!(*followed.known.borrow());
    assert_eq!(followed.version("r2-a0").as_deref(), Some("5"));
    assert_is_refused(&followed);
    assert_eq!(followed.version("r1-a0").as_deref(), Some("11"));
}

#[tokio::test(start_paused = true)]
async fn one_action_that_cannot_be_read_hides_no_page() {
    let followed = Followed::actions(|_, asked| {
        if asked.contains("sendInitialEvents") {
            return Answer::Refusal(422);
        }
        if asked.contains("watch=") {
            return Answer::Nothing;
        }
        let mut broken = action("r1-a0", 4);
        broken["spec"]["recoveredFrom"] = json!({ "attempts": 5_000_000_000_u64 });
        let items = [broken, action("r2-a0", 5)];
        Answer::Object(
            json!({ "kind": "TaskActionList", "apiVersion": "flyte.org/v1", "metadata": { "resourceVersion": "10" }, "items": items }),
        )
    });
    followed.requests(3).await;
    assert!(*followed.known.borrow());
    assert_eq!(followed.queued().await, ["r1-a0", "r2-a0"]);
    assert_is_refused(&followed);
}

#[track_caller]
fn assert_is_refused(followed: &Followed) {
    let kept = followed.sight.actions.get(&Key::new(NAMESPACE, "r1-a0"));
    match &kept.expect("it is known").body {
        Body::Task(task) => {
            assert!(task.id.is_some(), "its end can be told");
            assert!(task.subject.is_err());
        }
        other => panic!("{other:?}"),
    }
}
