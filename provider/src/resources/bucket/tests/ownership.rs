//! Creates that are interrupted, and buckets that exist already.

use super::*;

#[tokio::test]
async fn a_create_that_fails_anywhere_is_completed_by_the_next() {
    survives_every_failure(NAME, full(), |world| world.buckets.len()).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_seen_yet_is_waited_for() {
    let memory = Memory::default();
    memory.fail("buckets.create", 1, not_ready());
    memory.fail("buckets.get", 1, not_ready());
    memory.fail("buckets.configure", 1, not_ready());
    memory.fail("buckets.set_tags", 1, not_ready());
    let harness = over(&memory).await;
    harness
        .resource(NAME)
        .lifecycle(full(), json!({ "name": "acme-metadata" }))
        .await;
    assert!(memory.pending_failures().is_empty());
}

#[tokio::test]
async fn a_half_made_bucket_of_ours_is_continued_and_never_tainted() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let bucket = harness.resource(NAME);
    memory.lose_answer("buckets.create", 1, outage());
    assert!(bucket.try_create(full()).await.unwrap_err().state.is_none());
    memory.fail("buckets.configure", 1, outage());
    assert!(bucket.try_create(full()).await.unwrap_err().state.is_none());
    bucket.create(full()).await;
}

#[tokio::test]
async fn a_bucket_of_somebody_else_is_never_touched() {
    let memory = Memory::default();
    let other = owned_by("acme-test", &memory).await;
    other.resource(NAME).create(full()).await;
    let harness = over(&memory).await;
    let bucket = harness.resource(NAME);
    let said = refused(&bucket, full()).await;
    assert!(
        said.contains("the bucket acme-metadata exists already"),
        "{said}"
    );
    assert!(
        said.contains(
            r#"mark of the owner "acme-test"; this configuration's owner is "acme-prod""#
        ),
        "{said}"
    );
    assert!(said.contains("id = \"acme-metadata\""), "{said}");

    stored(&memory, |stored| {
        drop(
            stored
                .bucket
                .tags
                .insert(clouds::tags::CREATING.into(), "true".into()),
        );
    });
    let said = refused(&bucket, full()).await;
    assert!(said.contains("which is still making it"), "{said}");

    stored(&memory, |stored| stored.bucket.tags.clear());
    let said = refused(&bucket, full()).await;
    assert!(
        said.contains("It carries no mark of this provider"),
        "{said}"
    );

    stored(&memory, |stored| stored.foreign = true);
    let said = refused(&bucket, full()).await;
    assert!(said.contains("It belongs to another account"), "{said}");
    assert!(
        !memory
            .calls()
            .iter()
            .skip_while(|call| **call != "buckets.set_tags")
            .skip(1)
            .any(|call| call.contains("set"))
    );
}

#[tokio::test]
async fn a_half_made_bucket_of_ours_in_another_region_is_not_continued() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let bucket = harness.resource(NAME);
    memory.lose_answer("buckets.create", 1, outage());
    bucket.try_create(full()).await.unwrap_err();
    stored(&memory, |stored| {
        stored.bucket.region = "us-east-1".parse().unwrap();
    });
    let said = refused(&bucket, full()).await;
    assert!(
        said.contains("It lies in us-east-1, and new buckets are made in eu-west-1."),
        "{said}"
    );
}

#[tokio::test]
async fn our_own_finished_bucket_is_imported_not_made() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let bucket = harness.resource(NAME);
    bucket.create(full()).await;
    let said = refused(&bucket, full()).await;
    assert!(
        said.contains("is complete: it was made by another configuration"),
        "{said}"
    );
}
