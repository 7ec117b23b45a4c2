//! Creates that are interrupted, and objects that exist already.

use super::*;

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
