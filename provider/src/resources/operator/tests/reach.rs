//! Clusters that are another one, gone or out of reach.

use super::*;

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
