//! Creates that are interrupted, and roles that exist already.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_create_that_fails_anywhere_is_completed_by_the_next() {
    survives_every_failure(NAME, user(), |world| world.roles.len()).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_seen_yet_is_waited_for() {
    let memory = Memory::default();
    for call in [
        "roles.create",
        "roles.update",
        "roles.get",
        "roles.set_tags",
    ] {
        memory.fail(call, 1, not_ready());
    }
    memory.fail("roles.get", 3, not_ready());
    let harness = over(&memory).await;
    let role = harness.resource(NAME);
    let state = role.create(user()).await;
    assert!(memory.pending_failures().is_empty());
    let reads = memory
        .calls()
        .iter()
        .filter(|call| **call == "roles.get")
        .count();
    assert_eq!(
        reads, 6,
        "two bad reads, one good in between, and three good ones in a row"
    );
    role.settled(&state, user()).await;
}

#[tokio::test(start_paused = true)]
async fn a_role_of_somebody_else_is_never_touched() {
    let said = ["the role userflyterole exists already", "acme-test"];
    leaves_to_its_owner(NAME, admin(), &said).await;
}

#[tokio::test(start_paused = true)]
async fn a_half_made_role_under_another_path_is_not_continued() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let role = harness.resource(NAME);
    memory.lose_answer("roles.create", 1, crate::testing::outage());
    role.try_create(user()).await.unwrap_err();
    let said = refused(&role, change(user(), "path", json!("/team/"))).await;
    assert!(
        said.contains("half made under another path") && said.contains("under /,"),
        "{said}"
    );
}
