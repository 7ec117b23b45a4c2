//! What a destroy must not take with it.

use super::*;

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
