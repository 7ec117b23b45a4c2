//! Tests of `dataplane_operator` against a cluster in memory.

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
async fn a_change_by_anyone_shows_and_is_mended() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let state = operator.create(config()).await;
    world.cluster.edit("kubectl-edit", &deployment(), |live| {
        live["spec"]["replicas"] = json!(3);
        live["spec"]["template"]["spec"]["hostNetwork"] = json!(true);
        live["spec"]["template"]["spec"]["containers"][0]["env"] =
            json!([{ "name": "DEBUG", "value": "1" }]);
    });
    let found = operator.read(&state).await.unwrap();
    let seen = object(&found, "Deployment/union/operator");
    assert_eq!(seen.pointer("/spec/replicas"), Some(&json!(3)));
    assert_eq!(
        seen.pointer("/spec/template/spec/hostNetwork"),
        Some(&json!(true)),
        "also what we never set"
    );
    let planned = operator.plan(&found, config()).await;
    assert_eq!(planned.action, Action::Update);
    world.cluster.calls();
    let mended = operator.apply(&planned, config()).await;
    let written: Vec<_> = world
        .cluster
        .calls()
        .into_iter()
        .filter(|(verb, _)| matches!(verb, Verb::Patch | Verb::Update))
        .collect();
    assert!(
        written
            .iter()
            .all(|(_, key)| key == "Deployment/union/operator"),
        "only what changed is written: {written:?}"
    );
    operator.settled(&mended, config()).await;
    let live = world.cluster.find(&deployment()).unwrap();
    assert!(live.0.pointer("/spec/template/spec/hostNetwork").is_none());
}

#[tokio::test]
async fn a_restart_and_labels_of_others_are_no_drift() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let state = operator.create(config()).await;
    world.cluster.edit("kubectl-rollout", &deployment(), |live| {
        live["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = json!("2026-01-01T00:00:00Z");
        live["metadata"]["labels"]["team"] = json!("x");
    });
    let found = operator.read(&state).await.unwrap();
    assert_eq!(operator.plan(&found, config()).await.action, Action::NoOp);
}

#[tokio::test]
async fn what_vanishes_is_made_again() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let state = operator.create(config()).await;
    world.cluster.remove(&deployment());
    let found = operator.read(&state).await.unwrap();
    assert_eq!(found["health"], "degraded");
    let mended = operator.update(&found, config()).await;
    assert!(world.cluster.find(&deployment()).is_some());
    operator.settled(&mended, config()).await;
    for name in world
        .cluster
        .all()
        .into_iter()
        .filter(|name| name.name != "kube-system")
    {
        world.cluster.remove(&name);
    }
    assert!(
        operator.read(&mended).await.is_none(),
        "with all of it gone, so is the resource"
    );
    operator.delete(mended).await;
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

#[tokio::test]
async fn a_namespace_is_left_to_its_maker() {
    let world = world().await;
    let namespace =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "union" } });
    world.cluster.put(namespace);
    let operator = world.harness.resource(NAME);
    let failed = operator.try_create(config()).await.unwrap_err();
    assert!(failed.state.is_none());
    let text = said(&failed);
    assert!(
        text.contains("Namespace union exists already")
            && text.contains("create_namespace = false"),
        "{text}"
    );
    assert_eq!(world.cluster.all().len(), 2, "nothing was made");

    let inside = with("create_namespace", json!(false));
    let state = operator.create(inside.clone()).await;
    operator.settled(&state, inside).await;
    operator.delete(state).await;
    assert!(world.cluster.find(&ObjectRef::namespace("union")).is_some());
}

#[tokio::test]
async fn a_namespace_that_is_missing_is_said() {
    let world = world().await;
    let failed = world
        .harness
        .resource(NAME)
        .try_create(with("create_namespace", json!(false)))
        .await
        .unwrap_err();
    let text = said(&failed);
    assert!(
        text.contains("Namespace union does not exist") && text.contains("create_namespace = true"),
        "{text}"
    );
    assert!(failed.state.is_none(), "nothing exists, so nothing is kept");
}

#[tokio::test]
async fn nobodys_object_is_stolen_by_an_update() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let without = with("roles", Json::Null);
    let state = operator.create(without).await;
    let executor = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "executor", "namespace": "union", "labels": { "app.kubernetes.io/managed-by": "Helm" } } });
    world.cluster.put(executor);
    let failed = operator.try_update(&state, config()).await.unwrap_err();
    let text = said(&failed);
    assert!(
        text.contains("ServiceAccount union/executor exists already") && text.contains("Helm"),
        "{text}"
    );
}

#[tokio::test]
async fn a_field_of_another_manager_is_named() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let conflict = Error::Conflict {
        object: deployment().into(),
        conflicts: vec![crate::cluster::error::FieldConflict {
            manager: "argocd".to_owned(),
            field: ".spec.replicas".to_owned(),
        }],
    };
    world
        .cluster
        .fault(Verb::Patch, "Deployment", FaultKind::Fails(conflict));
    let failed = operator.try_create(config()).await.unwrap_err();
    let text = said(&failed);
    assert!(
        text.contains("`.spec.replicas` by \"argocd\"")
            && text.contains("Have argocd give these fields up"),
        "{text}"
    );
    let state = failed.state.expect("what was made is kept");
    assert!(state.tainted);
    assert!(
        state["objects"].get("Deployment/union/operator").is_none(),
        "what was refused is not"
    );
    operator.delete(state).await;
    assert_eq!(world.cluster.all().len(), 1);
}

#[tokio::test]
async fn a_killed_apply_is_continued() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    // The answer to the first Deployment is lost, and Terraform is killed: nothing is in the state.
    world
        .cluster
        .fault(Verb::Patch, "Deployment", FaultKind::AnswerLost);
    let failed = operator.try_create(config()).await.unwrap_err();
    assert!(failed.state.is_some());
    let namespace = world.cluster.find(&ObjectRef::namespace("union")).unwrap();
    assert_eq!(namespace.annotation("dataplane.dev/creating"), Some("true"));

    // A second one that fails too must not taint what it only continued.
    let unavailable = Error::Unavailable {
        host: "h".to_owned(),
        code: 503,
        message: "restarting".to_owned(),
    };
    world
        .cluster
        .fault(Verb::Patch, "ConfigMap", FaultKind::Fails(unavailable));
    let failed = operator.try_create(config()).await.unwrap_err();
    assert!(failed.state.is_none());

    // The third has no role any more: what the first made for it goes.
    let config = || with("roles", Json::Null);
    let state = operator.create(config()).await;
    operator.settled(&state, config()).await;
    let executor = ObjectRef::new("v1", "ServiceAccount", Some("union"), "executor");
    assert!(world.cluster.find(&executor).is_none());
    let failed = operator.try_create(config()).await.unwrap_err();
    let text = said(&failed);
    assert!(
        text.contains("it is complete") && text.contains("import {"),
        "{text}"
    );
}

#[tokio::test]
async fn a_cluster_that_was_made_anew_has_nothing_of_ours() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let state = operator.create(config()).await;
    world
        .clusters
        .put(coordinates(), Some(Arc::new(Cluster::with_uid("other"))));
    assert!(operator.read(&state).await.is_none());
    let failed = operator
        .try_update(&state, with("image", json!("registry.example/op:v2")))
        .await
        .unwrap_err();
    assert!(
        said(&failed).contains("this is another cluster"),
        "{}",
        said(&failed)
    );
    operator.delete(state.clone()).await;
    world.clusters.put(coordinates(), None);
    assert!(
        operator.read(&state).await.is_none(),
        "its cloud says that it is deleted"
    );
    operator.delete(state).await;
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
async fn the_tasks_of_a_namesake_are_no_business_of_it() {
    let world = world().await;
    let cluster = &config()["cluster"];
    let harness = &world.harness;
    harness
        .resource("dataplane_crds")
        .create(json!({ "cluster": cluster }))
        .await;
    let operator = harness.resource(NAME);
    let state = operator.create(with("force_destroy", json!(true))).await;
    let theirs = json!({ "cluster": cluster, "operator": "elsewhere/dataplane", "project": "fraud", "domain": "staging" });
    harness.resource("dataplane_workspace").create(theirs).await;
    let task = json!({ "apiVersion": "flyte.org/v1", "kind": "TaskAction", "metadata": { "name": "a", "namespace": "fraud-staging" } });
    world.cluster.put(task);
    operator.delete(state).await;
    let task = ObjectRef::new("flyte.org/v1", "TaskAction", Some("fraud-staging"), "a");
    assert!(world.cluster.find(&task).is_some());
}

#[tokio::test(start_paused = true)]
async fn unfinished_tasks_are_not_cut_off() {
    let world = world().await;
    world
        .harness
        .resource("dataplane_crds")
        .create(json!({ "cluster": config()["cluster"] }))
        .await;
    let operator = world.harness.resource(NAME);
    let state = operator.create(config()).await;
    let workspace = json!({ "cluster": config()["cluster"], "operator": "union/dataplane", "project": "fraud", "domain": "staging" });
    world
        .harness
        .resource("dataplane_workspace")
        .create(workspace)
        .await;
    for (name, conditions) in [
        ("a", json!([])),
        ("b", json!([{ "type": "Succeeded", "status": "True" }])),
    ] {
        world.cluster.put(json!({ "apiVersion": "flyte.org/v1", "kind": "TaskAction", "metadata": { "name": name, "namespace": "fraud-staging", "finalizers": ["flyte.org/x"] },
            "status": { "conditions": conditions } }));
    }
    let failed = operator.try_delete(state.clone()).await.unwrap_err();
    let text = said(&failed);
    assert!(
        text.contains("1 unfinished TaskActions") && text.contains("1 in fraud-staging"),
        "{text}"
    );
    assert!(
        world.cluster.find(&deployment()).is_some(),
        "nothing was deleted"
    );

    let forced = operator
        .update(&state, with("force_destroy", json!(true)))
        .await;
    world.cluster.set_executor(false);
    operator.delete(forced).await;
    let left: Vec<String> = world.cluster.all().iter().map(ObjectRef::key).collect();
    assert!(
        left.contains(&"Namespace/fraud-staging".to_owned()),
        "a workspace is not the operator's: {left:?}"
    );
    assert!(
        left.iter()
            .any(|key| key.starts_with("CustomResourceDefinition")),
        "{left:?}"
    );
    assert!(
        !left
            .iter()
            .any(|key| key.starts_with("TaskAction") || key == "Namespace/union"),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_namespace_with_things_of_others_is_kept() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let state = operator.create(config()).await;
    world.cluster.put(json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "theirs", "namespace": "union" } }));
    let failed = operator.try_delete(state.clone()).await.unwrap_err();
    assert!(
        said(&failed).contains("Secret union/theirs"),
        "{}",
        said(&failed)
    );
    let forced = operator
        .update(&state, with("force_destroy", json!(true)))
        .await;
    operator.delete(forced).await;
    assert_eq!(world.cluster.all().len(), 1);
}

#[tokio::test]
async fn what_manifests_made_is_imported_without_a_difference() {
    let world = world().await;
    let patched = {
        let mut config = config();
        config["patches"] = json!([{ "target": { "kind": "Deployment", "name": "operator" }, "merge": "{\"spec\":{\"minReadySeconds\":5}}" }]);
        config["components"] = json!({ "operator": { "replicas": 2 } });
        config["tolerations"] = json!([{ "key": "dedicated" }]);
        config
    };
    let mut arguments = patched.clone();
    arguments.as_object_mut().unwrap().remove("cluster");
    let made = world
        .harness
        .data_source("dataplane_manifests")
        .read(arguments)
        .await;
    for document in made["documents"].as_array().unwrap() {
        let object: Json = framework_yaml(document.as_str().unwrap());
        world.cluster.put(object);
    }
    let operator = world.harness.resource(NAME);
    let state = operator
        .import(&format!("{}/union/dataplane", coordinates()))
        .await;
    let state = operator.read(&state).await.unwrap();
    assert_eq!(state["objects"], made["objects"]);
    let planned = operator.plan(&state, patched.clone()).await;
    assert_eq!(
        planned.action,
        Action::NoOp,
        "{} would become {}",
        state.values,
        planned.values
    );
    let changed = operator.update(&state, config()).await;
    operator.settled(&changed, config()).await;
    let live = world.cluster.find(&deployment()).unwrap();
    assert!(
        live.0.pointer("/spec/minReadySeconds").is_none(),
        "also what kubectl applied is ours to take away"
    );
}

fn framework_yaml(document: &str) -> Json {
    serde_saphyr::from_str(document).unwrap()
}

#[tokio::test]
async fn an_import_says_what_is_missing() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let text = |diagnostics: Vec<framework::Diagnostic>| {
        diagnostics
            .iter()
            .map(ToString::to_string)
            .collect::<String>()
    };
    let error = text(operator.try_import("union/dataplane").await.unwrap_err());
    assert!(error.contains("<cluster>/<namespace>/<name>"), "{error}");
    let error = text(
        operator
            .try_import(&format!("{}/union/dataplane", coordinates()))
            .await
            .unwrap_err(),
    );
    assert!(
        error.contains("there is no operator union/dataplane"),
        "{error}"
    );
}

#[tokio::test]
async fn bad_arguments_are_underlined() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let cases = [
        (
            "image",
            json!("registry.example/operator"),
            "image",
            "neither tag nor digest",
        ),
        (
            "egress",
            json!({ "kubernetes_api": { "cidrs": ["10.0.0.0/40"] } }),
            "egress.kubernetes_api.cidrs[0]",
            "10.0.0.0/40",
        ),
        (
            "patches",
            json!([{ "target": { "kind": "Deployment", "name": "nobody" }, "merge": "{}" }]),
            "patches",
            "nobody",
        ),
        (
            "patches",
            json!([{ "target": { "kind": "Deployment", "name": "operator" }, "merge": "[]" }]),
            "patches[0].merge",
            "JSON object",
        ),
        ("cluster", json!({}), "cluster", "exactly one of"),
        (
            "components",
            json!({ "operator": { "replicas": 0 } }),
            "components.operator.replicas",
            "1 to 10",
        ),
        (
            "permissions",
            json!("all"),
            "permissions",
            "standard and low",
        ),
        ("roles", json!({ "admin": {} }), "roles.admin", "irsa"),
        (
            "control_plane",
            json!({ "endpoint": "http://cp.example" }),
            "control_plane.endpoint",
            "https://",
        ),
    ];
    for (argument, value, path, part) in cases {
        let diagnostics = operator.validate(with(argument, value)).await;
        let found = diagnostics.iter().find(|diagnostic| {
            diagnostic
                .path
                .as_ref()
                .is_some_and(|at| at.to_string() == path)
        });
        let text: Vec<_> = diagnostics
            .iter()
            .map(|diagnostic| format!("{:?} {diagnostic}", diagnostic.path))
            .collect();
        assert!(
            found.is_some_and(|found| format!("{} {}", found.summary, found.detail).contains(part)),
            "{argument}: {text:?}"
        );
    }
}

#[tokio::test]
async fn an_unreachable_cluster_is_an_error_and_not_gone() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let state = operator.create(config()).await;
    let away = Error::Unreachable {
        host: "https://10.0.0.1".to_owned(),
        reason: "connection refused".to_owned(),
    };
    world
        .cluster
        .fault(Verb::Get, "Namespace/kube-system", FaultKind::Fails(away));
    let error = operator.try_read(&state).await.unwrap_err();
    assert!(
        error[0].to_string().contains("https://10.0.0.1"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_value_that_a_webhook_changes_back_is_said() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let state = operator.create(config()).await;
    world.cluster.set_admission(|object| {
        if object.text("/kind") == "Deployment" {
            object.0["spec"]["template"]["spec"]["containers"][0]["image"] =
                json!("mirror.example/op:v2");
        }
    });
    let failed = operator
        .try_update(&state, with("image", json!("registry.example/op:v2")))
        .await
        .unwrap_err();
    assert!(
        said(&failed).contains("does not stay as it was applied"),
        "{}",
        said(&failed)
    );
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
