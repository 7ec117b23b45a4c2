//! Tests of `dataplane_identity_provider` against a cloud in memory.

use clouds::memory::Memory;
use framework::testing::{Action, UNKNOWN};
use serde_json::json;

use super::*;
use crate::testing::{
    azure, drops_what_is_gone, leaves_to_its_owner, of_clouds, over, refuses, refuses_at_plan,
    says_first, survives_every_failure,
};

const NAME: &str = IdentityProvider::NAME;
const ISSUER: &str = "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE";

#[tokio::test]
async fn basic() {
    let harness = over(&Memory::default()).await;
    let provider = harness.resource(NAME);
    provider
        .lifecycle(
            json!({ "issuer": ISSUER }),
            json!({ "issuer": ISSUER, "audiences": ["a", "b"], "tags": { "x": "y" } }),
        )
        .await;
    let state = provider.create(json!({ "issuer": ISSUER })).await;
    assert_eq!(state["audiences"], json!(["sts.memory.invalid"]));
    assert_eq!(state["id"], state["arn"]);
    let planned = provider
        .plan(&state, json!({ "issuer": "https://other.example.com" }))
        .await;
    assert_eq!(planned.action, Action::Replace);
}

#[tokio::test]
async fn disappears() {
    drops_what_is_gone(NAME, json!({ "issuer": ISSUER }), |world| {
        world.identity_providers.clear();
    })
    .await;
}

#[tokio::test]
async fn audiences_of_others_are_shown_and_removed() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let provider = harness.resource(NAME);
    let config = json!({ "issuer": ISSUER });
    let state = provider.create(config.clone()).await;
    memory.change(|world| {
        let found = world.identity_providers.values_mut().next().unwrap();
        found.audiences.insert("theirs".parse().unwrap());
    });
    let found = provider.read(&state).await.unwrap();
    assert_eq!(found["audiences"], json!(["sts.memory.invalid", "theirs"]));
    let mended = provider.update(&found, config.clone()).await;
    provider.settled(&mended, config).await;
}

#[tokio::test]
async fn one_that_was_altered_is_shown_and_mended() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let provider = harness.resource(NAME);
    let config = json!({ "issuer": ISSUER });
    let state = provider.create(config.clone()).await;
    memory.change(|world| {
        let found = world.identity_providers.values_mut().next().unwrap();
        found.altered = true;
    });
    let found = provider.read(&state).await.unwrap();
    assert_eq!(found["audiences"], json!(null));
    let mended = provider.update(&found, config.clone()).await;
    provider.settled(&mended, config).await;
}

#[tokio::test]
async fn a_create_that_fails_anywhere_is_completed_by_the_next() {
    survives_every_failure(NAME, json!({ "issuer": ISSUER }), |world| {
        world.identity_providers.len()
    })
    .await;
}

#[tokio::test]
async fn one_that_was_made_with_the_cluster_is_left_alone() {
    let said = ["exists already", "acme-test"];
    leaves_to_its_owner(NAME, json!({ "issuer": ISSUER }), &said).await;
}

#[tokio::test]
async fn imported_it_is_what_was_made() {
    let harness = over(&Memory::default()).await;
    let provider = harness.resource(NAME);
    let state = provider.create(json!({ "issuer": ISSUER })).await;
    let imported = provider.import(state["arn"].as_str().unwrap()).await;
    provider
        .settled(&imported, json!({ "issuer": ISSUER }))
        .await;
    let imported = provider.import_identity(&state).await.unwrap();
    provider
        .settled(&imported, json!({ "issuer": ISSUER }))
        .await;
}

#[tokio::test]
async fn bad_input_is_refused_where_it_stands() {
    let harness = over(&Memory::default()).await;
    let provider = harness.resource(NAME);
    refuses(
        &provider,
        json!({ "issuer": "http://issuer.example.com" }),
        "issuer",
        &["https://"],
    )
    .await;
    refuses(
        &provider,
        json!({ "issuer": ISSUER, "audiences": [] }),
        "audiences",
        &["refuse every token"],
    )
    .await;
}

#[tokio::test]
async fn what_the_cloud_does_not_take_is_said_at_its_argument() {
    let config = json!({ "issuer": ISSUER, "audiences": ["a"] });
    let fields = [("audiences", "audiences")];
    refuses_at_plan(NAME, "identity_providers.check", config, &fields).await;

    let memory = Memory::default();
    let refusal = clouds::Refusal::new("name", "It is called by its issuer.");
    memory.refuse("identity_providers.check", refusal);
    let harness = over(&memory).await;
    let config = json!({ "issuer": ISSUER, "name": "acme-prod" });
    let provider = harness.resource(NAME);
    let said = provider.try_plan(None, config).await.unwrap_err();
    says_first(&said, "name", &["called by its issuer"]);
}

/// The cluster is often made in the same apply.
#[tokio::test]
async fn a_cloud_without_identity_providers_needs_no_issuer_to_say_so() {
    let harness = of_clouds("acme-prod", azure()).await;
    let provider = harness.resource(NAME);
    for issuer in [ISSUER, UNKNOWN] {
        let config = json!({ "issuer": issuer });
        let said = provider.try_plan(None, config).await.unwrap_err();
        says_first(&said, "issuer", &["Azure has no identity providers"]);
    }
}

#[test]
fn the_pool_is_the_name() {
    let found = Found {
        id: "projects/1/locations/global/workloadIdentityPools/acme/providers/cluster"
            .parse()
            .unwrap(),
        issuer: ISSUER.parse().unwrap(),
        audiences: BTreeSet::new(),
        altered: false,
        tags: Tags::new(),
    };
    let mut model = IdentityProviderModel::default();
    model.identify(&found);
    assert_eq!(model.name.known().unwrap().as_str(), "acme");
    assert_eq!(audiences(found.audiences), Value::Known(Set::new()));
}
