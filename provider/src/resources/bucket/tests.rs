//! Tests of `dataplane_bucket` against a cloud in memory: its life.

mod clouds_of_others;
mod drift;
mod input;
mod ownership;

use clouds::{
    buckets::{Bucket as Found, Encryption, Protection},
    memory::{Memory, StoredBucket},
    policies::Statements,
};
use framework::testing::{Action, UNKNOWN};
use serde_json::json;

use super::*;
use crate::testing::{
    drops_what_is_gone, not_ready, outage, over, owned_by, refused, refuses, refuses_at_plan,
    survives_every_failure, text,
};

/// An attribute, and how somebody changes it behind our back.
type Drift = (&'static str, fn(&mut Found));

const NAME: &str = Bucket::NAME;

fn full() -> serde_json::Value {
    json!({
        "name": "acme-metadata",
        "kms_key": "alias/acme",
        "expiration": [{ "prefix": "raw/", "days": 30 }, { "days": 365 }],
        "cors_origins": ["https://*.unionai.cloud"],
        "policy_statements": [r#"{"Effect":"Deny","Principal":"*","Action":["s3:PutObjectAcl"],"Resource":"arn:aws:s3:::acme-metadata/*"}"#],
        "tags": { "env": "prod" },
    })
}

fn stored(memory: &Memory, change: impl FnOnce(&mut StoredBucket)) {
    memory.change(|world| {
        change(
            world
                .buckets
                .get_mut(&"acme-metadata".parse().unwrap())
                .unwrap(),
        );
    });
}

/// Some organisations refuse buckets that are made without one.
#[tokio::test]
async fn the_key_is_in_the_creating_call() {
    let memory = Memory::default();
    memory.fail("buckets.configure", 1, outage());
    let harness = over(&memory).await;
    harness.resource(NAME).try_create(full()).await.unwrap_err();
    stored(&memory, |stored| {
        let key = Encryption::Key("alias/acme".parse().unwrap());
        assert_eq!(stored.bucket.settings.encryption, key);
    });
}

#[tokio::test]
async fn basic() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let bucket = harness.resource(NAME);
    bucket
        .lifecycle(
            full(),
            json!({ "name": "acme-metadata", "versioning": false }),
        )
        .await;
    let state = bucket.create(full()).await;
    assert_eq!(
        state["tags_all"],
        json!({
            "dataplane:owner": "acme-prod",
            "dataplane:resource": "dataplane_bucket/acme-metadata",
            "env": "prod",
            "team": "ml",
        })
    );
    assert_eq!(state["id"], "acme-metadata");
    stored(&memory, |stored| {
        assert!(!stored.bucket.tags.contains_key(clouds::tags::CREATING));
    });
}

#[tokio::test]
async fn the_plan_of_a_new_bucket_knows_its_id_and_tags() {
    let harness = over(&Memory::default()).await;
    let planned = harness
        .resource(NAME)
        .plan_create(json!({ "name": "acme-metadata", "tags": { "env": UNKNOWN } }))
        .await;
    assert_eq!(planned.values["id"], "acme-metadata");
    assert_eq!(planned.values["tags_all"], UNKNOWN);
    assert_eq!(
        planned.values["protections"].as_array().map(Vec::len),
        Some(Protection::ALL.len())
    );
}

#[tokio::test]
async fn another_name_is_another_bucket() {
    let harness = over(&Memory::default()).await;
    let bucket = harness.resource(NAME);
    let state = bucket.create(full()).await;
    let planned = bucket.plan(&state, json!({ "name": "acme-fast" })).await;
    assert_eq!(planned.action, Action::Replace);
    assert_eq!(planned.replace_paths, [framework::path!("name")]);
}

#[tokio::test]
async fn disappears() {
    drops_what_is_gone(NAME, full(), |world| world.buckets.clear()).await;
}

#[tokio::test]
async fn imported_it_is_what_was_made() {
    let harness = over(&Memory::default()).await;
    let bucket = harness.resource(NAME);
    let state = bucket.create(full()).await;
    for imported in [
        bucket.import("acme-metadata").await,
        bucket.import_identity(&state).await.unwrap(),
    ] {
        bucket.settled(&imported, full()).await;
    }
    let missing = text(&bucket.try_import("acme-other").await.unwrap_err());
    assert!(missing.contains("non-existent"), "{missing}");
}

#[tokio::test]
async fn a_bucket_with_content_is_not_destroyed_unless_forced() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let bucket = harness.resource(NAME);
    let state = bucket.create(full()).await;
    stored(&memory, |stored| {
        stored.contents = Contents {
            objects: 2,
            versions: 1,
            prefixes: ["acme/".to_owned()].into(),
            ..Contents::default()
        };
    });
    let failed = bucket.try_delete(state).await.unwrap_err();
    let said = text(&failed.diagnostics);
    assert!(said.contains("bucket acme-metadata is not empty"), "{said}");
    assert!(
        said.contains("2 objects, 1 older versions and 0 unfinished uploads, under acme/"),
        "{said}"
    );
    assert!(said.contains("`force_destroy = true`"), "{said}");
    let mut forced = full();
    forced["force_destroy"] = true.into();
    let state = bucket.update(&failed.state.unwrap(), forced).await;
    bucket.delete(state).await;
    assert!(memory.change(|world| world.buckets.is_empty()));
}

#[tokio::test]
async fn what_keeps_an_empty_bucket_is_told_in_the_words_of_the_cloud() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let bucket = harness.resource(NAME);
    let state = bucket.create(full()).await;
    let leased = clouds::error::Call::new("delete", NAME).because("somebody holds a lease on it");
    memory.fail(
        "buckets.delete",
        1,
        clouds::Error::NotEmpty(Box::new(leased)),
    );
    let failed = bucket.try_delete(state).await.unwrap_err();
    let said = text(&failed.diagnostics);
    assert!(said.contains("somebody holds a lease on it"), "{said}");
    assert!(!said.contains("force_destroy"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_one_that_is_gone_does_not_wait_for_it() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let bucket = harness.resource(NAME);
    let state = bucket.create(full()).await;
    memory.change(|world| world.buckets.clear());
    let began = tokio::time::Instant::now();
    let plain = json!({ "name": "acme-metadata" });
    let failed = bucket.try_update(&state, plain).await.unwrap_err();
    assert!(began.elapsed().is_zero());
    let said = text(&failed.diagnostics);
    assert!(said.contains("found nothing"), "{said}");
}
