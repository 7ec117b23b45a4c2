//! What others change about the objects of an operator.

use super::*;

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
async fn the_lease_that_the_running_operator_holds_is_no_drift() {
    let world = world().await;
    let operator = world.harness.resource(NAME);
    let state = operator.create(config()).await;
    let lease = ObjectRef::new("coordination.k8s.io/v1", "Lease", Some("union"), "operator");
    let held = json!({ "holderIdentity": "operator-0", "leaseTransitions": 1, "renewTime": "2026-01-01T00:00:00Z" });
    world.cluster.edit("dataplane-operator", &lease, |live| {
        live["spec"] = held.clone();
    });
    let found = operator.read(&state).await.unwrap();
    assert_eq!(found["objects"], state["objects"]);
    assert_eq!(operator.plan(&found, config()).await.action, Action::NoOp);
    let labelled = with("labels", json!({ "team": "x" }));
    let state = operator.update(&found, labelled.clone()).await;
    operator.settled(&state, labelled).await;
    assert_eq!(world.cluster.find(&lease).unwrap().0["spec"], held);
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
