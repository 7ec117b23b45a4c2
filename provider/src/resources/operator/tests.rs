//! Tests of `dataplane_operator` against a cluster in memory: its life.

mod destroy;
mod drift;
mod import;
mod input;
mod ownership;
mod reach;

use std::sync::Arc;

use clouds::Clouds;
use framework::testing::{Action, Failed, Harness, State, UNKNOWN};
use serde_json::{Value as Json, json};

use crate::{
    cluster::{
        Coordinates, ObjectRef,
        error::{Error, Verb},
        memory::{Cluster, Clusters, FaultKind, Rollouts},
    },
    provider::Dataplane,
};

const NAME: &str = "dataplane_operator";

fn coordinates() -> Coordinates {
    "kubeconfig//nonexistent/config#test".parse().unwrap()
}

fn config() -> Json {
    json!({
        "cluster": { "kubeconfig": { "path": "/nonexistent/config", "context": "test" } },
        "create_namespace": true,
        "organization": "acme",
        "cluster_name": "prod",
        "image": "registry.example/dataplane/operator:v1",
        "control_plane": { "endpoint": "https://cp.example" },
        "storage": { "metadata": "s3://acme-metadata", "fast_registration": "s3://acme-bundles", "region": "eu-west-1" },
        "roles": { "admin": { "irsa": { "role_arn": "arn:aws:iam::123456789012:role/adminflyterole" } } },
    })
}

/// The configuration with one argument changed.
fn with(argument: &str, value: Json) -> Json {
    let mut config = config();
    config[argument] = value;
    config
}

struct World {
    cluster: Arc<Cluster>,
    clusters: Arc<Clusters>,
    harness: Harness<Dataplane>,
}

async fn world() -> World {
    let cluster = Arc::new(Cluster::default());
    let clusters = Clusters::of(coordinates(), Arc::clone(&cluster));
    let harness = Harness::new(
        Dataplane::over(Clouds::memory(), clusters.clone()),
        json!({ "owner": "acme-prod" }),
    )
    .await;
    World {
        cluster,
        clusters,
        harness,
    }
}

fn deployment() -> ObjectRef {
    ObjectRef::new("apps/v1", "Deployment", Some("union"), "operator")
}

fn said(failed: &Failed) -> String {
    let lines = failed
        .diagnostics
        .iter()
        .map(|said| format!("{}: {}", said.summary, said.detail));
    lines.collect::<Vec<_>>().join("\n")
}

fn object(state: &State, key: &str) -> Json {
    serde_json::from_str(
        state["objects"][key]
            .as_str()
            .unwrap_or_else(|| panic!("no {key} in {}", state["objects"])),
    )
    .unwrap()
}

#[tokio::test]
async fn it_lives_and_dies_by_terraforms_rules() {
    let world = world().await;
    world
        .harness
        .resource(NAME)
        .lifecycle(
            config(),
            with("image", json!("registry.example/dataplane/operator:v2")),
        )
        .await;
    let left: Vec<_> = world
        .cluster
        .all()
        .into_iter()
        .filter(|name| name.name != "kube-system")
        .collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

#[tokio::test]
async fn an_apply_makes_what_the_reviewer_looks_for() {
    let world = world().await;
    let state = world.harness.resource(NAME).create(config()).await;
    assert_eq!(
        (&state["id"], &state["version"], &state["health"]),
        (&json!("union/dataplane"), &json!("v1"), &json!("ready"))
    );
    assert_eq!(state["cluster_uid"], "5f0c0f4e-0001");
    let account = world
        .cluster
        .find(&ObjectRef::new(
            "v1",
            "ServiceAccount",
            Some("union"),
            "executor",
        ))
        .unwrap();
    assert_eq!(
        account.annotation("eks.amazonaws.com/role-arn"),
        Some("arn:aws:iam::123456789012:role/adminflyterole")
    );
    assert_eq!(account.annotation("dataplane.dev/owner"), Some("acme-prod"));
    let creating = world.cluster.all().into_iter().filter(|name| {
        world
            .cluster
            .find(name)
            .unwrap()
            .annotation("dataplane.dev/creating")
            .is_some()
    });
    assert_eq!(creating.count(), 0, "the create has ended");
}

#[tokio::test]
async fn the_plan_shows_each_change_before_it_is_made() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let planned = operator.plan_create(config()).await;
    assert!(
        planned.values["objects"]["Deployment/union/operator"]
            .as_str()
            .unwrap()
            .contains("operator:v1")
    );
    let calls = world.cluster.calls();
    assert!(
        calls.is_empty(),
        "a plan of a create asks the cluster nothing: {calls:?}"
    );
    let unknown = operator.plan_create(with("image", json!(UNKNOWN))).await;
    assert_eq!(unknown.values["objects"], UNKNOWN);
    let nowhere = operator.plan_create(with("cluster", json!(UNKNOWN))).await;
    assert!(
        nowhere.values["objects"].is_object(),
        "what is rendered does not depend on where"
    );
}

#[tokio::test]
async fn a_role_that_is_left_out_takes_its_objects_with_it() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let state = operator.create(config()).await;
    let executor = ObjectRef::new("v1", "ServiceAccount", Some("union"), "executor");
    assert!(world.cluster.find(&executor).is_some());
    let without = with("roles", Json::Null);
    let state = operator.update(&state, without.clone()).await;
    assert!(world.cluster.find(&executor).is_none(), "pruned");
    operator.settled(&state, without).await;
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_times_out_says_which_pod_is_why() {
    let world = world().await;
    world.cluster.set_rollouts(Rollouts::Stuck);
    let operator = world.harness.resource(NAME);
    world.cluster.put(json!({ "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "operator-1", "namespace": "union", "labels": { "app.kubernetes.io/instance": "dataplane", "app.kubernetes.io/component": "operator" } },
        "status": { "containerStatuses": [{ "state": { "waiting": { "reason": "ImagePullBackOff", "message": "not found" } } }] } }));
    let failed = operator
        .try_create(with("timeouts", json!({ "create": "30s" })))
        .await
        .unwrap_err();
    let text = said(&failed);
    for part in [
        "pod operator-1: ImagePullBackOff: not found",
        "kubectl -n union",
        "terraform untaint",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    assert!(failed.state.unwrap().tainted);
}

#[tokio::test]
async fn each_verb_asks_no_more_than_it_must() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    world.cluster.calls();
    let state = operator.create(config()).await;
    let calls = world.cluster.calls();
    let objects = state["objects"].as_object().unwrap().len();
    let patches = calls
        .iter()
        .filter(|(verb, _)| *verb == Verb::Patch)
        .count();
    assert_eq!(
        patches,
        objects + 1,
        "one apply per object, and one to end the create"
    );
    operator.read(&state).await.unwrap();
    let looks = world.cluster.calls().len();
    assert!(
        looks < objects,
        "objects of a kind are listed: {looks} calls for {objects} objects"
    );
}
