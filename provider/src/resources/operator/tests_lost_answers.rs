//! Tests of `dataplane_operator` against an API server whose answers get lost.

use std::sync::Arc;

use clouds::Clouds;
use framework::testing::Harness;
use serde_json::{Value as Json, json};

use crate::{
    cluster::{
        Coordinates,
        error::Verb,
        memory::{Cluster, Clusters, FaultKind},
    },
    provider::Dataplane,
};

const NAME: &str = "dataplane_operator";

fn config() -> Json {
    json!({
        "cluster": { "kubeconfig": { "path": "/nonexistent/config", "context": "test" } },
        "create_namespace": true,
        "organization": "acme",
        "cluster_name": "prod",
        "image": "registry.example/dataplane/operator:v1",
        "control_plane": { "endpoint": "https://cp.example" },
        "storage": { "metadata": "s3://acme-metadata", "fast_registration": "s3://acme-bundles" },
    })
}

#[tokio::test]
async fn a_lost_answer_to_the_last_step_does_not_end_a_continued_create() {
    let cluster = Arc::new(Cluster::default());
    let coordinates: Coordinates = "kubeconfig//nonexistent/config#test".parse().unwrap();
    let clusters = Clusters::of(coordinates, Arc::clone(&cluster));
    let harness = Harness::new(
        Dataplane::over(Clouds::memory(), clusters),
        json!({ "owner": "acme-prod" }),
    )
    .await;
    let operator = harness.resource(NAME);
    cluster.fault(Verb::Patch, "NetworkPolicy", FaultKind::AnswerLost);
    let failed = operator.try_create(config()).await.unwrap_err();
    assert!(failed.state.unwrap().tainted);
    // The namespace is applied twice: marked as begun, and at the end without the mark.
    cluster.fault_after(1, Verb::Patch, "Namespace", FaultKind::AnswerLost);
    let state = operator.create(config()).await;
    operator.settled(&state, config()).await;
}
