//! Permissions boundaries that are not there, or not yet.

use std::time::Duration;

use clouds::{Call, Error};
use tokio::time::Instant;

use super::*;

/// What the cloud says about a role's boundary that it does not find.
fn no_such_policy() -> Error {
    Error::NotFound(Box::new(
        Call::new("iam:CreateRole", "userflyterole")
            .because("Scope ARN: … does not exist or is not attachable."),
    ))
}

/// Fails so many calls in a row.
fn not_found(memory: &Memory, operation: &'static str, times: usize) {
    for nth in 1..=times {
        memory.fail(operation, nth, no_such_policy());
    }
}

#[track_caller]
fn check(failed: &framework::testing::Failed, began: Instant) {
    let said = &failed.diagnostics[0];
    assert_eq!(said.path, Some(framework::path!("permissions_boundary")));
    for part in [
        "the permissions boundary was not found",
        "arn:aws:iam::123456789012:policy/boundary",
        "does not exist or is not attachable",
    ] {
        assert!(said.to_string().contains(part), "{part:?}: {said}");
    }
    let waited = began.elapsed();
    assert!(
        (Duration::from_secs(20)..Duration::from_secs(30)).contains(&waited),
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_there_is_told_soon_and_by_name() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let role = harness.resource(NAME);
    not_found(&memory, "roles.create", 100);
    let began = Instant::now();
    let failed = role.try_create(admin()).await.unwrap_err();
    assert!(failed.state.is_none());
    check(&failed, began);
}

#[tokio::test(start_paused = true)]
async fn the_same_when_an_existing_role_gets_one() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let role = harness.resource(NAME);
    let unbound = change(admin(), "permissions_boundary", json!(null));
    let state = role.create(unbound).await;
    not_found(&memory, "roles.update", 100);
    let began = Instant::now();
    let failed = role.try_update(&state, admin()).await.unwrap_err();
    check(&failed, began);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_made_a_moment_ago_is_waited_for() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let role = harness.resource(NAME);
    not_found(&memory, "roles.create", 3);
    let state = role.create(admin()).await;
    assert!(memory.pending_failures().is_empty());
    role.settled(&state, admin()).await;
}

#[tokio::test(start_paused = true)]
async fn without_one_nothing_found_is_an_error_at_once() {
    let memory = Memory::default();
    memory.fail("roles.create", 1, no_such_policy());
    let harness = over(&memory).await;
    let began = Instant::now();
    refused(&harness.resource(NAME), user()).await;
    assert!(began.elapsed().is_zero());
}
