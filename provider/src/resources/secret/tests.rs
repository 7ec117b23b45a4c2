//! Tests of `dataplane_secret` against a cloud in memory: its life and its value.

mod ownership;

use clouds::memory::Memory;
use serde_json::json;

use super::*;
use crate::testing::{
    leaves_to_its_owner, outage, over, owned_by, refused, refuses, refuses_at_plan,
    survives_every_failure, text,
};

const NAME: &str = Secret::NAME;

fn full() -> serde_json::Value {
    json!({
        "name": "dataplane/acme/token",
        "value_wo": "hunter2",
        "value_wo_version": 1,
        "recovery_window_days": 0,
        "tags": { "env": "prod" },
    })
}

fn value(memory: &Memory) -> Option<String> {
    memory.change(|world| {
        let (_, value) = world.secrets.values().next()?;
        value.as_ref().map(|value| value.expose().to_owned())
    })
}

#[tokio::test]
async fn basic() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let secret = harness.resource(NAME);
    let mut keyed = full();
    keyed["kms_key"] = "alias/acme".into();
    secret.lifecycle(full(), keyed).await;
    let state = secret.create(full()).await;
    assert_eq!(value(&memory).as_deref(), Some("hunter2"));
    assert!(!state.values.to_string().contains("hunter2"));
}

#[tokio::test]
async fn a_new_value_is_sent_with_a_new_version_only() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let secret = harness.resource(NAME);
    let state = secret.create(full()).await;
    let mut config = full();
    config["value_wo"] = "changed".into();
    let state = secret.settled(&state, config.clone()).await;
    assert_eq!(value(&memory).as_deref(), Some("hunter2"));
    config["value_wo_version"] = 2.into();
    let newer = secret.update(&state, config.clone()).await;
    assert_eq!(value(&memory).as_deref(), Some("changed"));
    assert_ne!(newer["version"], state["version"]);
    secret.settled(&newer, config).await;
}

#[tokio::test]
async fn a_secret_can_be_made_without_a_value() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let secret = harness.resource(NAME);
    let config = json!({ "name": "acme/later" });
    let state = secret.create(config.clone()).await;
    secret.settled(&state, config).await;
    assert_eq!(value(&memory), None);
}

#[tokio::test]
async fn what_the_cloud_does_not_take_is_said_at_its_argument() {
    let mut config = full();
    config["kms_key"] = "alias/acme".into();
    let fields = [
        ("name", "name"),
        ("kms_key", "kms_key"),
        ("deletion", "recovery_window_days"),
    ];
    refuses_at_plan(NAME, "secrets.check", config, &fields).await;
}

#[tokio::test]
async fn how_it_is_deleted_is_left_to_the_cloud() {
    let harness = over(&Memory::default()).await;
    let planned = harness
        .resource(NAME)
        .plan_create(json!({ "name": "acme/later" }))
        .await;
    assert_eq!(planned.values["recovery_window_days"], 30);
    assert_eq!(days(Deletion::Now), Value::Known(0));
    assert_eq!(days(Deletion::ByTheStore), Value::Null);
}

#[tokio::test]
async fn disappears() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let secret = harness.resource(NAME);
    let state = secret.create(full()).await;
    memory.change(|world| {
        world
            .secrets
            .values_mut()
            .for_each(|(found, _)| found.deleted = true);
    });
    assert!(secret.read(&state).await.is_none());
    memory.change(|world| world.secrets.clear());
    assert!(secret.read(&state).await.is_none());
    secret.delete(state).await;
}

#[tokio::test]
async fn imported_it_only_lacks_the_version_of_its_value() {
    let harness = over(&Memory::default()).await;
    let secret = harness.resource(NAME);
    let config = json!({ "name": "acme/later" });
    secret.create(config.clone()).await;
    let imported = secret.import("acme/later").await;
    secret.settled(&imported, config).await;
}

#[tokio::test]
async fn bad_input_is_refused_where_it_stands() {
    let harness = over(&Memory::default()).await;
    let secret = harness.resource(NAME);
    refuses(
        &secret,
        json!({ "name": "a b" }),
        "name",
        &["may only hold"],
    )
    .await;
    refuses(
        &secret,
        json!({ "name": "a", "recovery_window_days": 3 }),
        "recovery_window_days",
        &["7 to 90, or 0"],
    )
    .await;
    refuses(
        &secret,
        json!({ "name": "a", "value_wo": "x" }),
        "value_wo_version",
        &["`value_wo_version = 1`"],
    )
    .await;
    refuses(
        &secret,
        json!({ "name": "a", "value_wo_version": 1 }),
        "value_wo_version",
        &["set both or neither"],
    )
    .await;
    refuses(
        &secret,
        json!({ "name": "a", "value_wo": "", "value_wo_version": 1 }),
        "value_wo",
        &["cannot be empty"],
    )
    .await;
}
