//! Creates that are interrupted, and secrets that exist already or were deleted.

use super::*;

#[tokio::test]
async fn a_create_that_fails_anywhere_is_completed_by_the_next() {
    survives_every_failure(NAME, full(), |world| world.secrets.len()).await;
}

#[tokio::test]
async fn a_secret_of_somebody_else_is_never_touched() {
    let said = ["the secret dataplane/acme/token exists already"];
    leaves_to_its_owner(NAME, full(), &said).await;
}

#[tokio::test]
async fn a_destroyed_secret_is_restored_by_its_own_configuration_only() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let secret = harness.resource(NAME);
    let mut config = full();
    config["recovery_window_days"] = 7.into();
    let state = secret.create(config.clone()).await;
    secret.delete(state).await;
    assert!(memory.change(|world| world.secrets.values().all(|(found, _)| found.deleted)));

    let other = owned_by("acme-test", &memory).await;
    let said = refused(&other.resource(NAME), config.clone()).await;
    assert!(
        said.contains("It is being deleted") && said.contains("somebody else made it"),
        "{said}"
    );

    config["value_wo"] = "second".into();
    let state = secret.create(config.clone()).await;
    assert_eq!(value(&memory).as_deref(), Some("second"));
    secret.settled(&state, config).await;
}

/// A configuration whose secret can be brought back once it is destroyed.
fn restorable() -> serde_json::Value {
    let mut config = full();
    config["recovery_window_days"] = 7.into();
    config
}

#[tokio::test]
async fn a_restoration_that_is_interrupted_anywhere_is_completed_by_the_next_apply() {
    let calls = {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let secret = harness.resource(NAME);
        let state = secret.create(restorable()).await;
        secret.delete(state).await;
        let before = memory.calls().len();
        secret.create(restorable()).await;
        memory.calls()[before..].to_vec()
    };
    assert!(calls.contains(&"secrets.restore"), "{calls:?}");
    for (at, operation) in calls.iter().enumerate() {
        let nth = calls[..=at]
            .iter()
            .filter(|call| *call == operation)
            .count();
        // The first call is only refused: there is no answer to lose.
        let ways: &[bool] = if at == 0 { &[false] } else { &[false, true] };
        for &lost in ways {
            let context = format!("{operation} #{nth}, answer lost: {lost}");
            let memory = Memory::default();
            let harness = over(&memory).await;
            let secret = harness.resource(NAME);
            let state = secret.create(restorable()).await;
            secret.delete(state).await;
            if lost {
                memory.lose_answer(operation, nth, outage());
            } else {
                memory.fail(operation, nth, outage());
            }
            if lost && at + 1 == calls.len() {
                // Then it is finished, which is seen: no later apply could continue it.
                let state = secret.create(restorable()).await;
                secret.settled(&state, restorable()).await;
                continue;
            }
            let failed = secret.try_create(restorable()).await.expect_err(&context);
            assert_eq!(memory.pending_failures(), Vec::<&str>::new(), "{context}");
            assert!(failed.state.is_none(), "{context}: never tainted");
            let state = secret.create(restorable()).await;
            secret.settled(&state, restorable()).await;
        }
    }
}

#[tokio::test]
async fn a_deletion_that_fails_midway_leaves_a_secret_that_an_apply_mends() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let secret = harness.resource(NAME);
    let state = secret.create(restorable()).await;
    memory.fail("secrets.delete", 1, outage());
    let failed = secret.try_delete(state).await.unwrap_err();
    let found = secret.read(&failed.state.unwrap()).await.unwrap();
    assert_eq!(found["tags_all"]["dataplane:creating"], "true");
    let mended = secret.update(&found, restorable()).await;
    secret.settled(&mended, restorable()).await;
    secret.delete(mended).await;
}

#[tokio::test]
async fn nobody_is_kept_from_deleting_by_a_tag() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let secret = harness.resource(NAME);
    let state = secret.create(restorable()).await;
    let denied = clouds::Error::Denied {
        action: "secretsmanager:TagResource".to_owned(),
        resource: "dataplane/acme/token".to_owned(),
        call: Box::default(),
    };
    memory.fail("secrets.set_tags", 1, denied);
    secret.delete(state).await;
    assert!(memory.pending_failures().is_empty());
    // Without its mark it is restored all the same.
    secret.create(restorable()).await;

    memory.fail("secrets.set_tags", 1, outage());
    let state = secret.import("dataplane/acme/token").await;
    let failed = secret.try_delete(state).await.unwrap_err();
    assert!(text(&failed.diagnostics).contains("503"));
}

#[tokio::test]
async fn a_secret_that_others_deleted_is_restored() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let secret = harness.resource(NAME);
    secret.create(restorable()).await;
    memory.change(|world| {
        world
            .secrets
            .values_mut()
            .for_each(|(found, _)| found.deleted = true);
    });
    memory.fail("secrets.put_value", 1, outage());
    assert!(
        secret
            .try_create(restorable())
            .await
            .unwrap_err()
            .state
            .is_none()
    );
    let state = secret.create(restorable()).await;
    secret.settled(&state, restorable()).await;
}

#[tokio::test]
async fn a_secret_that_is_continued_gets_its_key_before_its_value() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let secret = harness.resource(NAME);
    memory.lose_answer("secrets.create", 1, outage());
    secret.try_create(full()).await.unwrap_err();
    let mut keyed = full();
    keyed["kms_key"] = "alias/acme".into();
    secret.create(keyed).await;
    let calls = memory.calls();
    let at = |operation| calls.iter().position(|call| *call == operation).unwrap();
    assert!(at("secrets.set_key") < at("secrets.put_value"), "{calls:?}");
}
