//! Tests of `dataplane_workspace` against a cluster in memory.

use std::sync::Arc;

use clouds::Clouds;
use framework::testing::{Action, Harness, UNKNOWN};
use serde_json::{Value as Json, json};

use crate::{
    cluster::{
        Coordinates, ObjectRef,
        error::{Error, FieldConflict, Verb},
        memory::{Cluster, Clusters, FaultKind},
    },
    provider::Dataplane,
};

const NAME: &str = "dataplane_workspace";

fn config() -> Json {
    json!({
        "cluster": { "kubeconfig": { "path": "/nonexistent/config", "context": "test" } },
        "operator": "union/dataplane", "project": "fraud", "domain": "staging",
        "role": { "irsa": { "role_arn": "arn:aws:iam::123456789012:role/userflyterole" } },
    })
}

async fn world() -> (Arc<Cluster>, Harness<Dataplane>) {
    let cluster = Arc::new(Cluster::default());
    let coordinates: Coordinates = "kubeconfig//nonexistent/config#test".parse().unwrap();
    let clusters = Clusters::of(coordinates, Arc::clone(&cluster));
    let harness = Harness::new(
        Dataplane::over(Clouds::memory(), clusters),
        json!({ "owner": "acme-prod" }),
    )
    .await;
    (cluster, harness)
}

fn account() -> ObjectRef {
    ObjectRef::new("v1", "ServiceAccount", Some("fraud-staging"), "default")
}

#[tokio::test]
async fn it_lives_and_dies_by_terraforms_rules() {
    let (cluster, harness) = world().await;
    let mut update = config();
    update["quota"] = json!({ "pods": "7", "requests.cpu": "1000m" });
    update["egress"] = json!([{ "cidrs": ["10.0.0.0/8"] }]);
    harness.resource(NAME).lifecycle(config(), update).await;
    assert_eq!(cluster.all().len(), 1, "{:?}", cluster.all());
}

#[tokio::test]
async fn tasks_get_the_user_role() {
    let (cluster, harness) = world().await;
    let state = harness.resource(NAME).create(config()).await;
    assert_eq!(state["namespace"], "fraud-staging");
    let live = cluster.find(&account()).unwrap();
    assert_eq!(
        live.annotation("eks.amazonaws.com/role-arn"),
        Some("arn:aws:iam::123456789012:role/userflyterole")
    );
}

#[tokio::test]
async fn the_account_that_the_cluster_makes_is_no_obstacle() {
    let (cluster, harness) = world().await;
    let workspace = harness.resource(NAME);
    let failed = {
        let conflict = Error::Conflict {
            object: account().into(),
            conflicts: vec![FieldConflict {
                manager: "kubectl-annotate".to_owned(),
                field: ".metadata.annotations".to_owned(),
            }],
        };
        cluster.fault(Verb::Patch, "ServiceAccount", FaultKind::Fails(conflict));
        workspace.try_create(config()).await.unwrap_err()
    };
    assert!(
        failed.diagnostics[0]
            .to_string()
            .contains("kubectl-annotate"),
        "{failed:?}"
    );
    workspace.delete(failed.state.unwrap()).await;
    let state = workspace.create(config()).await;
    workspace.settled(&state, config()).await;
}

#[tokio::test]
async fn what_was_only_continued_is_never_tainted() {
    let (cluster, harness) = world().await;
    let workspace = harness.resource(NAME);
    cluster.fault(Verb::Patch, "NetworkPolicy", FaultKind::AnswerLost);
    let failed = workspace.try_create(config()).await.unwrap_err();
    assert!(failed.state.unwrap().tainted);
    // The namespace is applied twice: marked as begun, and at the end without the mark.
    let refused = Error::Refused {
        object: ObjectRef::namespace("fraud-staging").into(),
        message: "a webhook says no".to_owned(),
    };
    cluster.fault_after(1, Verb::Patch, "Namespace", FaultKind::Fails(refused));
    let failed = workspace.try_create(config()).await.unwrap_err();
    assert!(failed.state.is_none());
    let state = workspace.create(config()).await;
    workspace.settled(&state, config()).await;
}

#[tokio::test]
async fn a_lost_answer_to_the_last_step_does_not_end_a_continued_create() {
    let (cluster, harness) = world().await;
    let workspace = harness.resource(NAME);
    cluster.fault(Verb::Patch, "NetworkPolicy", FaultKind::AnswerLost);
    workspace.try_create(config()).await.unwrap_err();
    cluster.fault_after(1, Verb::Patch, "Namespace", FaultKind::AnswerLost);
    let state = workspace.create(config()).await;
    workspace.settled(&state, config()).await;
}

#[tokio::test]
async fn the_tasks_of_a_namespace_that_others_took_over_are_theirs() {
    let (cluster, harness) = world().await;
    harness
        .resource("dataplane_crds")
        .create(json!({ "cluster": config()["cluster"] }))
        .await;
    for force in [false, true] {
        let mut config = config();
        config["project"] = json!(format!("fraud-{force}"));
        config["force_destroy"] = json!(force);
        let workspace = harness.resource(NAME);
        let state = workspace.create(config).await;
        let namespace = ObjectRef::namespace(&format!("fraud-{force}-staging"));
        cluster.edit("terraform-of-others", &namespace, |live| {
            live["metadata"]["annotations"]["dataplane.dev/owner"] = json!("others");
        });
        cluster.put(json!({ "apiVersion": "flyte.org/v1", "kind": "TaskAction", "metadata": { "name": "a", "namespace": namespace.name } }));
        workspace.delete(state).await;
        let action = ObjectRef::new("flyte.org/v1", "TaskAction", Some(&namespace.name), "a");
        assert!(cluster.find(&action).is_some(), "force_destroy = {force}");
        assert!(cluster.find(&namespace).is_some());
    }
}

#[tokio::test]
async fn a_cluster_that_is_not_known_yet_is_planned_as_another() {
    let coordinates: Coordinates = "eks/eu-west-1/prod".parse().unwrap();
    let clusters = Clusters::of(coordinates, Arc::new(Cluster::default()));
    let harness = Harness::new(
        Dataplane::over(Clouds::memory(), clusters),
        json!({ "owner": "acme-prod" }),
    )
    .await;
    let workspace = harness.resource(NAME);
    let at = |name: &str| {
        let mut config = config();
        config["cluster"] = json!({ "eks": { "name": name, "region": "eu-west-1" } });
        config
    };
    let state = workspace.create(at("prod")).await;
    for (name, action) in [
        ("prod", Action::NoOp),
        ("other", Action::Replace),
        (UNKNOWN, Action::Replace),
    ] {
        let planned = workspace.plan(&state, at(name)).await;
        assert_eq!(planned.action, action, "{name}: {}", planned.values);
    }
    // Neither does the way to it make it another, nor one that is not known yet.
    for host in ["https://10.1.0.4:6443", UNKNOWN] {
        let mut config = at("prod");
        config["cluster"]["private_endpoint"] = json!({ "host": host });
        let planned = workspace.plan(&state, config).await;
        assert_eq!(planned.action, Action::Update, "{host}");
    }
}

#[tokio::test]
async fn a_change_by_anyone_shows_and_is_mended() {
    let (cluster, harness) = world().await;
    let workspace = harness.resource(NAME);
    let state = workspace.create(config()).await;
    cluster.edit("kubectl-annotate", &account(), |live| {
        live["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] =
            json!("arn:aws:iam::123456789012:role/adminflyterole");
    });
    cluster.edit(
        "kubectl-label",
        &ObjectRef::namespace("fraud-staging"),
        |live| {
            live["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = json!("privileged");
        },
    );
    let found = workspace.read(&state).await.unwrap();
    let planned = workspace.plan(&found, config()).await;
    assert_eq!(planned.action, Action::Update);
    let mended = workspace.apply(&planned, config()).await;
    workspace.settled(&mended, config()).await;
}

#[tokio::test]
async fn a_namespace_of_others_is_not_taken() {
    let (cluster, harness) = world().await;
    cluster.put(
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "fraud-staging" } }),
    );
    let failed = harness
        .resource(NAME)
        .try_create(config())
        .await
        .unwrap_err();
    assert!(
        failed.diagnostics[0]
            .to_string()
            .contains("Namespace fraud-staging exists already"),
        "{failed:?}"
    );
    assert!(failed.state.is_none());
}

#[tokio::test(start_paused = true)]
async fn tasks_are_not_cut_off_and_no_finalizer_is_stuck() {
    let (cluster, harness) = world().await;
    harness
        .resource("dataplane_crds")
        .create(json!({ "cluster": config()["cluster"] }))
        .await;
    let workspace = harness.resource(NAME);
    let state = workspace.create(config()).await;
    cluster.put(json!({ "apiVersion": "flyte.org/v1", "kind": "TaskAction", "metadata": { "name": "a", "namespace": "fraud-staging", "finalizers": ["flyte.org/x"] } }));
    let failed = workspace.try_delete(state.clone()).await.unwrap_err();
    assert!(
        failed.diagnostics[0]
            .to_string()
            .contains("1 unfinished TaskActions"),
        "{failed:?}"
    );
    let mut forced = config();
    forced["force_destroy"] = json!(true);
    let state = workspace.update(&state, forced).await;
    cluster.set_executor(false);
    workspace.delete(state).await;
    assert!(
        cluster
            .find(&ObjectRef::namespace("fraud-staging"))
            .is_none()
    );
}

#[tokio::test]
async fn an_import_brings_everything_back() {
    let (_, harness) = world().await;
    let workspace = harness.resource(NAME);
    let mut config = config();
    config["egress"] = json!([{ "cidrs": ["10.0.0.0/8"], "ports": [443] }]);
    config["labels"] = json!({ "team": "x" });
    let made = workspace.create(config.clone()).await;
    let imported = workspace
        .import("kubeconfig//nonexistent/config#test/fraud-staging")
        .await;
    let found = workspace.read(&imported).await.unwrap();
    assert_eq!(found["objects"], made["objects"]);
    let planned = workspace.plan(&found, config).await;
    assert_eq!(
        planned.action,
        Action::NoOp,
        "{} would become {}",
        found.values,
        planned.values
    );
}

#[tokio::test]
async fn bad_arguments_are_underlined() {
    let (_, harness) = world().await;
    let cases = [
        ("project", json!("p".repeat(60)), "domain", "63"),
        (
            "operator",
            json!("dataplane"),
            "operator",
            "<namespace>/<name>",
        ),
        ("pod_security", json!("strict"), "pod_security", "baseline"),
        ("quota", json!({ "two words": "1" }), "quota", "two words"),
        (
            "quota",
            json!({ "pods": "many" }),
            "quota[\"pods\"]",
            "many",
        ),
    ];
    for (argument, value, path, part) in cases {
        let mut config = config();
        config[argument] = value;
        let diagnostics = harness.resource(NAME).validate(config).await;
        let found = diagnostics.iter().find(|diagnostic| {
            diagnostic
                .path
                .as_ref()
                .is_some_and(|at| at.to_string() == path)
        });
        assert!(
            found.is_some_and(|found| format!("{} {}", found.summary, found.detail).contains(part)),
            "{argument}: {diagnostics:?}"
        );
    }
}
