//! Tests of `dataplane_crds` against a cluster in memory.

use std::sync::Arc;

use clouds::Clouds;
use framework::testing::{Action, Harness, UNKNOWN};
use serde_json::{Value as Json, json};

use crate::{
    cluster::{
        Coordinates, ObjectRef,
        error::{Error, Verb},
        memory::{Cluster, Clusters, FaultKind},
    },
    provider::Dataplane,
};

const NAME: &str = "dataplane_crds";

fn config(prevent_deletion: bool) -> Json {
    json!({ "cluster": { "kubeconfig": { "path": "/nonexistent/config", "context": "test" } }, "prevent_deletion": prevent_deletion })
}

fn definition() -> ObjectRef {
    ObjectRef::new(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        None,
        "taskactions.flyte.org",
    )
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

#[tokio::test]
async fn it_lives_and_dies_by_terraforms_rules() {
    let (cluster, harness) = world().await;
    let crds = harness.resource(NAME);
    let state = crds.create(config(true)).await;
    assert!(
        state["versions"]["taskactions.flyte.org"]
            .as_str()
            .unwrap()
            .starts_with("v1 sha256:")
    );
    crds.settled(&state, config(true)).await;
    let open = crds.update(&state, config(false)).await;
    crds.settled(&open, config(false)).await;
    crds.delete(open.clone()).await;
    assert!(crds.read(&open).await.is_none());
    assert_eq!(cluster.all().len(), 1);
}

#[tokio::test]
async fn the_versions_are_planned() {
    let (_, harness) = world().await;
    let planned = harness
        .resource(NAME)
        .plan_create(json!({ "cluster": UNKNOWN }))
        .await;
    assert!(planned.values["versions"].is_object());
}

#[tokio::test]
async fn a_protected_definition_is_not_even_planned_away() {
    let (cluster, harness) = world().await;
    let crds = harness.resource(NAME);
    let state = crds.create(config(true)).await;
    let failed = crds.try_delete(state).await.unwrap_err();
    assert!(
        failed.diagnostics[0]
            .to_string()
            .contains("prevent_deletion = false"),
        "{failed:?}"
    );
    assert!(cluster.find(&definition()).is_some());
}

#[tokio::test]
async fn resources_keep_their_definition() {
    let (cluster, harness) = world().await;
    let crds = harness.resource(NAME);
    let state = crds.create(config(false)).await;
    cluster.put(
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "fraud-staging" } }),
    );
    cluster.put(json!({ "apiVersion": "flyte.org/v1", "kind": "TaskAction", "metadata": { "name": "a", "namespace": "fraud-staging" } }));
    let failed = crds.try_delete(state).await.unwrap_err();
    let text = failed.diagnostics[0].to_string();
    assert!(
        text.contains("1 in fraud-staging")
            && text.contains("kubectl delete taskactions.flyte.org"),
        "{text}"
    );
}

#[tokio::test]
async fn what_was_only_continued_is_never_tainted() {
    let (cluster, harness) = world().await;
    let crds = harness.resource(NAME);
    let kind = "CustomResourceDefinition";
    cluster.fault(Verb::Patch, kind, FaultKind::AnswerLost);
    let failed = crds.try_create(config(true)).await.unwrap_err();
    assert!(failed.state.unwrap().tainted);
    // Each is looked at before and after it is applied, and applied twice: as begun, and at the end without that mark.
    for verb in [Verb::Get, Verb::Patch] {
        let forbidden = Error::Forbidden {
            host: "h".to_owned(),
            verb,
            resource: "customresourcedefinitions".to_owned(),
            object: definition().into(),
            message: "no".to_owned(),
        };
        cluster.fault_after(1, verb, kind, FaultKind::Fails(forbidden));
        let failed = crds.try_create(config(true)).await.unwrap_err();
        assert!(failed.state.is_none(), "{verb}");
    }
    let state = crds.create(config(true)).await;
    crds.settled(&state, config(true)).await;
}

#[tokio::test]
async fn a_lost_answer_does_not_end_a_continued_create() {
    for (verb, kind) in [
        // The definition is looked at before it is applied and after; it is applied as begun, and without that mark.
        (Verb::Get, "the second look"),
        (Verb::Patch, "the last step"),
    ] {
        let (cluster, harness) = world().await;
        let crds = harness.resource(NAME);
        let definitions = "CustomResourceDefinition";
        cluster.fault(Verb::Patch, definitions, FaultKind::AnswerLost);
        crds.try_create(config(true)).await.unwrap_err();
        cluster.fault_after(1, verb, definitions, FaultKind::AnswerLost);
        let state = crds
            .try_create(config(true))
            .await
            .unwrap_or_else(|failed| panic!("{kind}: {failed:?}"));
        crds.settled(&state, config(true)).await;
    }
}

#[tokio::test]
async fn a_change_by_anyone_shows_and_is_mended() {
    let (cluster, harness) = world().await;
    let crds = harness.resource(NAME);
    let state = crds.create(config(true)).await;
    cluster.edit("kubectl-edit", &definition(), |live| {
        live["spec"]["versions"][0]["storage"] = json!(false);
    });
    let found = crds.read(&state).await.unwrap();
    assert_ne!(found["versions"], state["versions"]);
    assert_eq!(crds.plan(&found, config(true)).await.action, Action::Update);
    let mended = crds.update(&found, config(true)).await;
    crds.settled(&mended, config(true)).await;
    cluster.remove(&definition());
    assert!(crds.read(&mended).await.is_none());
}

#[tokio::test]
async fn those_of_others_are_not_taken_and_can_be_imported() {
    let (cluster, harness) = world().await;
    let crds = harness.resource(NAME);
    let mut theirs = serde_json::to_value(&dataplane_api::crds()[0]).unwrap();
    theirs["metadata"]["labels"] = json!({ "app.kubernetes.io/managed-by": "Helm" });
    cluster.put(theirs);
    let failed = crds.try_create(config(true)).await.unwrap_err();
    let text = failed.diagnostics[0].to_string();
    assert!(
        text.contains("Helm") && text.contains("id = \"kubeconfig//nonexistent/config#test\""),
        "{text}"
    );
    assert!(failed.state.is_none());

    let state = crds.import("kubeconfig//nonexistent/config#test").await;
    let state = crds.read(&state).await.unwrap();
    let ours = crds.update(&state, config(true)).await;
    crds.settled(&ours, config(true)).await;
    assert!(
        cluster
            .find(&definition())
            .unwrap()
            .annotation("dataplane.dev/owner")
            .is_some()
    );
}
