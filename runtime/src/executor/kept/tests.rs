//! What is kept, what replaces what, and how little it is.

use dataplane_proto::flyteidl2::core;
use k8s_openapi::{
    api::core::v1::Pod,
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
};
use serde_json::json;

use super::*;
use crate::executor::example;

fn settings() -> Settings {
    example::settings(json!({}), "spec")
}

fn key() -> Key {
    Key::new("fraud-staging", "r7-a0")
}

fn resource(version: u64, conditions: &[(&str, &str, &str)]) -> TaskAction {
    let mut resource = example::resource(&example::python());
    resource.metadata.resource_version = Some(version.to_string());
    let condition = |(type_, status, reason): &(&str, &str, &str)| Condition {
        type_: (*type_).to_owned(),
        status: (*status).to_owned(),
        reason: (*reason).to_owned(),
        message: String::new(),
        last_transition_time: Time(Timestamp::UNIX_EPOCH),
        observed_generation: None,
    };
    resource.status = Some(TaskActionStatus {
        conditions: conditions.iter().map(condition).collect(),
        ..TaskActionStatus::default()
    });
    resource
}

fn kept(version: u64, conditions: &[(&str, &str, &str)]) -> KeptAction {
    KeptAction::of(&resource(version, conditions), &settings())
}

fn task(kept: &KeptAction) -> &Task {
    match &kept.body {
        Body::Task(task) => task,
        other => panic!("{other:?}"),
    }
}

fn store() -> Kept<KeptAction> {
    Kept::new(|_, _| {})
}

#[test]
fn the_template_is_kept_until_the_pod_was_made() {
    let has_template = |conditions| task(&kept(1, conditions)).action.is_some();
    assert!(has_template(&[]));
    assert!(has_template(&[("Progressing", "True", "Queued")]));
    assert!(!has_template(&[("Progressing", "True", "Initializing")]));
    assert!(!has_template(&[("Progressing", "True", "Executing")]));
    assert!(!has_template(&[("Failed", "True", "PermanentFailure")]));

    let mut waits_for_a_node = resource(1, &[("Progressing", "True", "Queued")]);
    let state = State {
        started: true,
        ..State::default()
    };
    state.write(waits_for_a_node.status.as_mut().unwrap());
    let kept = KeptAction::of(&waits_for_a_node, &settings());
    assert!(task(&kept).action.is_none());
}

#[test]
fn no_more_templates_are_kept_than_there_is_room_for() {
    let name = |number: u32| Key::new("fraud-staging", &format!("r{number}-a0"));
    let mut large = resource(1, &[]);
    large.spec.env_vars = [("A".to_owned(), "b".repeat(1 << 20))].into();
    let large = || KeptAction::of(&large, &settings());
    let one = large().spare();
    assert!(one > 1 << 20, "{one}");
    let store = store().sparing(3 * one);
    let whole = |number: u32| {
        let kept = store.get(&name(number)).unwrap();
        task(&kept).action.is_some()
    };
    for number in 0..10 {
        store.seen(&name(number), large());
    }
    let count = || (0..10).filter(|number| whole(*number)).count();
    assert_eq!(count(), 3);
    // What is seen again takes no more room, and what goes gives way.
    store.seen(&name(0), large());
    assert_eq!(count(), 3);
    store.gone(&name(0), &large().uid);
    store.seen(&name(0), kept(2, &[("Progressing", "True", "Executing")]));
    store.seen(&name(9), large());
    assert!(whole(9) && count() == 3);
    store.listing_begins(None);
    store.listing_ends(None);
    store.seen(&name(5), large());
    assert!(whole(5), "all the others are gone");
}

#[test]
fn what_the_cache_knows_an_action_by_is_found_out_once() {
    let store = store();
    let template = core::TaskTemplate {
        metadata: Some(core::TaskMetadata {
            discoverable: true,
            ..core::TaskMetadata::default()
        }),
        ..example::python()
    };
    let action = example::action(&template, &settings());
    let caching = action.template().unwrap().caching.clone().unwrap();
    let claim = Claim::new(&action, &caching, &[]).unwrap();
    store.seen(&key(), kept(1, &[]));
    let known = || {
        task(&store.get(&key()).unwrap())
            .claim
            .get()
            .cloned()
            .flatten()
    };
    let before = store.get(&key()).unwrap();
    task(&before).claim.set(Some(claim.clone())).unwrap();
    store.seen(&key(), kept(2, &[("Progressing", "True", "Executing")]));
    assert_eq!(known(), Some(claim));
    let mut other = resource(1, &[]);
    other.metadata.uid = Some("another".to_owned());
    store.seen(&key(), KeptAction::of(&other, &settings()));
    assert_eq!(known(), None);
}

#[test]
fn of_what_is_over_nothing_is_kept() {
    let over = [("Succeeded", "True", "Completed")];
    let mut resource = resource(1, &over);
    let body = |resource: &TaskAction| KeptAction::of(resource, &settings()).body;
    assert!(
        matches!(body(&resource), Body::Task(_)),
        "its labels are not written yet"
    );
    let labels = resource.metadata.labels.get_or_insert_default();
    for (name, value) in labels::finished(Timestamp::UNIX_EPOCH) {
        labels.insert(name.to_owned(), value);
    }
    assert!(matches!(body(&resource), Body::Over));
    resource.metadata.finalizers = Some(vec![FINALIZER.to_owned()]);
    assert!(matches!(body(&resource), Body::Task(_)));
    resource.metadata.finalizers = None;
    let mut state = State::default();
    state.pending.push(vec![1]);
    state.write(resource.status.as_mut().unwrap());
    assert!(
        matches!(body(&resource), Body::Task(_)),
        "something is not told yet"
    );
}

#[test]
fn an_older_version_replaces_nothing() {
    let store = store();
    store.seen(&key(), kept(5, &[("Progressing", "True", "Executing")]));
    store.seen(&key(), kept(4, &[]));
    assert_eq!(store.get(&key()).unwrap().version, "5");
    // Another resource of the same name does, whatever its version.
    let mut other = resource(2, &[]);
    other.metadata.uid = Some("another".to_owned());
    store.seen(&key(), KeptAction::of(&other, &settings()));
    assert_eq!(store.get(&key()).unwrap().uid, "another");
    store.gone(&key(), "4d0f6a1e-0000-0000-0000-000000000000");
    assert!(
        store.get(&key()).is_some(),
        "the one that went was not this one"
    );
    store.gone(&key(), "another");
    assert!(store.get(&key()).is_none());
}

#[test]
fn what_is_written_does_not_bring_back_what_is_gone() {
    let store = store();
    store.written(&key(), kept(1, &[]));
    assert!(store.get(&key()).is_none());
    store.seen(&key(), kept(1, &[]));
    store.written(&key(), kept(2, &[]));
    assert_eq!(store.get(&key()).unwrap().version, "2");
}

#[test]
fn a_list_that_is_read_again_drops_what_it_does_not_have() {
    let store = store();
    let name = |namespace: &str, name: &str| Key::new(namespace, name);
    for key in [name("a", "1"), name("a", "2"), name("b", "1")] {
        store.seen(&key, kept(1, &[]));
    }
    let scope: Arc<str> = "a".into();
    store.listing_begins(Some(&scope));
    store.listed(Some(&scope), &name("a", "1"), kept(1, &[]));
    assert!(
        store.get(&name("a", "2")).is_some(),
        "the old list holds until the new one is complete"
    );
    assert_eq!(store.listing_ends(Some(&scope)), [name("a", "2")]);
    assert!(
        store.get(&name("b", "1")).is_some(),
        "another namespace has another list"
    );
    store.listing_begins(None);
    assert_eq!(store.listing_ends(None).len(), 2);
}

#[test]
fn a_status_that_is_not_written_outlives_changes_of_others() {
    let store = store();
    let queued = [("Progressing", "True", "Queued")];
    let mut ahead = kept(1, &queued);
    let before = task(&ahead).status.clone();
    if let Body::Task(task) = &mut ahead.body {
        task.written = Some(before.clone());
        task.status.attempts = 2;
    }
    store.seen(&key(), ahead);
    store.seen(&key(), kept(2, &queued));
    let known = store.get(&key()).unwrap();
    assert_eq!(
        (known.version.as_str(), task(&known).status.attempts),
        ("2", 2)
    );
    assert_eq!(task(&known).written, Some(before));
    // Once the status itself is another, it counts.
    store.seen(&key(), kept(3, &[("Progressing", "True", "Executing")]));
    let known = store.get(&key()).unwrap();
    assert_eq!(
        (task(&known).status.attempts, task(&known).written.is_none()),
        (0, true)
    );
}

#[test]
fn a_pod_is_reduced_to_what_is_looked_at() {
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {
            "name": "r7-a0-0", "namespace": "fraud-staging", "uid": "u", "resourceVersion": "7",
            "labels": { "a": "b" }, "annotations": { "primary_container_name": "main", "note": "long" },
            "managedFields": [{ "manager": "kubelet" }],
            "ownerReferences": [{ "apiVersion": "flyte.org/v1", "kind": "TaskAction", "name": "r7-a0", "uid": "action" }],
        },
        "spec": { "nodeName": "node-1", "serviceAccountName": "x", "volumes": [{ "name": "v" }], "containers": [{
            "name": "main", "image": "i", "args": ["a0", "…"], "env": [{ "name": "A", "value": "b" }],
            "resources": { "limits": { "memory": "1Gi" }, "requests": { "memory": "1Gi" } } }] },
        "status": { "phase": "Running", "podIP": "10.0.0.1", "hostIP": "10.0.0.2" },
    }))
    .unwrap();
    let kept = KeptPod::of(pod);
    assert_eq!(
        (kept.uid.as_str(), kept.owner.as_str(), kept.deleting),
        ("u", "action", false)
    );
    let left = serde_json::to_value(&kept.pod).unwrap();
    assert_eq!(
        left,
        json!({ "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "r7-a0-0", "namespace": "fraud-staging", "uid": "u", "annotations": { "primary_container_name": "main" },
                "ownerReferences": [{ "apiVersion": "flyte.org/v1", "kind": "TaskAction", "name": "r7-a0", "uid": "action" }] },
            "spec": { "nodeName": "node-1", "containers": [{ "name": "main", "image": "i", "resources": { "limits": { "memory": "1Gi" } } }] },
            "status": { "phase": "Running" } })
    );
}

#[test]
fn actions_are_counted_by_phase_and_events_that_wait_too() {
    let metrics =
        Arc::new(crate::executor::metrics::Metrics::new(&prometheus::Registry::new()).unwrap());
    let store = counted(Arc::clone(&metrics));
    let of = |phase: &str| metrics.actions.with_label_values(&[phase]).get();
    store.seen(&key(), kept(1, &[]));
    assert_eq!((of("New"), of("Executing")), (1, 0));
    let mut running = resource(2, &[("Progressing", "True", "Executing")]);
    let state = State {
        pending: vec![vec![1], vec![2]],
        ..State::default()
    };
    state.write(running.status.as_mut().unwrap());
    store.seen(&key(), KeptAction::of(&running, &settings()));
    assert_eq!(
        (of("New"), of("Executing"), metrics.pending_events.get()),
        (0, 1, 2)
    );
    assert!(metrics.pending_bytes.get() > 4);
    store.gone(&key(), "4d0f6a1e-0000-0000-0000-000000000000");
    assert_eq!((of("Executing"), metrics.pending_events.get()), (0, 0));
    assert_eq!(metrics.pending_bytes.get(), 0);
}

#[test]
fn a_task_of_another_type_and_one_that_says_nothing_are_refused() {
    let template = core::TaskTemplate {
        r#type: "spark".to_owned(),
        ..example::python()
    };
    let mut resource = example::resource(&template);
    let refusal = |resource: &TaskAction| {
        let kept = KeptAction::of(resource, &settings());
        task(&kept).subject.clone().unwrap_err()
    };
    assert_eq!(refusal(&resource).phase, Phase::PluginNotFound);
    assert!(refusal(&resource).message.contains("spark"));
    resource.spec.project = "Not A Label".to_owned();
    let kept = KeptAction::of(&resource, &settings());
    assert!(task(&kept).id.is_none());
    assert_eq!(refusal(&resource).phase, Phase::InvalidSpec);
}

#[test]
fn pods_are_found_by_whom_they_belong_to() {
    let pods: Kept<KeptPod> = Kept::new(|_, _| {});
    let pod = |name: &str, owner: &str, uid: &str| {
        let pod = json!({
            "metadata": { "name": name, "namespace": "fraud-staging", "uid": uid,
                "ownerReferences": [{ "apiVersion": "flyte.org/v1", "kind": "TaskAction", "name": "r7-a0", "uid": owner }] },
        });
        (
            Key::new("fraud-staging", name),
            KeptPod::of(serde_json::from_value(pod).unwrap()),
        )
    };
    let see = |(key, pod): (Key, KeptPod)| pods.seen(&key, pod);
    let names = |owner: &str| {
        let found = pods.of_owner(owner);
        let mut names: Vec<String> = found.iter().map(|(key, _)| key.name.to_string()).collect();
        names.sort();
        names
    };
    see(pod("r7-a0-0", "one", "u0"));
    see(pod("r7-a0-1", "one", "u1"));
    see(pod("r7-a0-1", "one", "u1"));
    see(pod("r7-a1-0", "two", "u2"));
    assert_eq!(names("one"), ["r7-a0-0", "r7-a0-1"]);
    // Another one under the same name.
    see(pod("r7-a0-0", "two", "u3"));
    assert_eq!(names("one"), ["r7-a0-1"]);
    assert_eq!(names("two"), ["r7-a0-0", "r7-a1-0"]);
    pods.gone(&Key::new("fraud-staging", "r7-a0-0"), "u0");
    assert_eq!(names("two").len(), 2, "the name belongs to another by now");
    pods.gone(&Key::new("fraud-staging", "r7-a0-0"), "u3");
    assert_eq!(names("two"), ["r7-a1-0"]);
    pods.listing_begins(None);
    pods.listing_ends(None);
    for owner in ["one", "two"] {
        assert_eq!(names(owner), [""; 0]);
    }
    assert!(pods.lock().owned.is_empty());
}
