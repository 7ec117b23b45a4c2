//! Tests of `dataplane_registry` against a cloud in memory.

use clouds::memory::Memory;
use framework::testing::Action;
use serde_json::json;

use super::*;
use crate::testing::{
    drops_what_is_gone, leaves_to_its_owner, over, refused, refuses, refuses_at_plan,
    survives_every_failure, text,
};

/// An attribute, and how somebody changes it behind our back.
type Drift = (&'static str, fn(&mut Found));

const NAME: &str = Registry::NAME;
const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn full() -> serde_json::Value {
    json!({ "name": "acme/tasks", "keep_last": 50, "tags": { "env": "prod" } })
}

#[tokio::test]
async fn basic() {
    let harness = over(&Memory::default()).await;
    let registry = harness.resource(NAME);
    registry
        .lifecycle(
            full(),
            json!({ "name": "acme/tasks", "immutable_tags": false, "scan_on_push": false }),
        )
        .await;
    let state = registry.create(full()).await;
    assert_eq!(state["immutable_tags"], true);
    let planned = registry
        .plan(&state, json!({ "name": "acme/tasks", "kms_key": KEY }))
        .await;
    assert_eq!(
        (planned.action, planned.replace_paths),
        (Action::Replace, vec![framework::path!("kms_key")])
    );
}

#[tokio::test]
async fn disappears() {
    drops_what_is_gone(NAME, full(), |world| world.registries.clear()).await;
}

#[tokio::test]
async fn every_drift_is_shown_and_mended() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let registry = harness.resource(NAME);
    let state = registry.create(full()).await;
    let drifts: [Drift; 4] = [
        ("unexpected_rules", |found| found.foreign_rules = true),
        ("keep_last", |found| found.settings.keep_last = None),
        ("immutable_tags", |found| {
            found.settings.immutable_tags = false;
        }),
        ("scan_on_push", |found| found.settings.scan_on_push = false),
    ];
    for (attribute, drift) in drifts {
        memory.change(|world| {
            world
                .registries
                .values_mut()
                .for_each(|(found, _)| drift(found));
        });
        let found = registry.read(&state).await.unwrap();
        assert_ne!(found[attribute], state[attribute], "{attribute}");
        let mended = registry.update(&found, full()).await;
        assert_eq!(mended.values, state.values, "{attribute}");
        registry.settled(&mended, full()).await;
    }
}

#[tokio::test]
async fn a_create_that_fails_anywhere_is_completed_by_the_next() {
    survives_every_failure(NAME, full(), |world| world.registries.len()).await;
}

#[tokio::test]
async fn a_registry_of_somebody_else_is_never_touched() {
    let said = ["the registry acme/tasks exists already", "acme-test"];
    leaves_to_its_owner(NAME, full(), &said).await;
}

#[tokio::test]
async fn a_half_made_registry_with_another_key_is_not_continued() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let registry = harness.resource(NAME);
    memory.lose_answer("registries.create", 1, crate::testing::outage());
    registry.try_create(full()).await.unwrap_err();
    let mut other = full();
    other["kms_key"] = KEY.into();
    let said = refused(&registry, other).await;
    assert!(said.contains("half made with another key"), "{said}");
}

#[tokio::test]
async fn imported_it_is_what_was_made() {
    let harness = over(&Memory::default()).await;
    let registry = harness.resource(NAME);
    let state = registry.create(full()).await;
    for imported in [
        registry.import("acme/tasks").await,
        registry.import_identity(&state).await.unwrap(),
    ] {
        registry.settled(&imported, full()).await;
    }
}

#[tokio::test]
async fn a_registry_with_images_is_not_destroyed_unless_forced() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let registry = harness.resource(NAME);
    let state = registry.create(full()).await;
    memory.change(|world| {
        world
            .registries
            .values_mut()
            .for_each(|(_, images)| *images = 3);
    });
    let failed = registry.try_delete(state).await.unwrap_err();
    let said = text(&failed.diagnostics);
    assert!(
        said.contains("It holds 3 images at ") && said.contains("`force_destroy = true`"),
        "{said}"
    );
    let mut forced = full();
    forced["force_destroy"] = true.into();
    let state = registry.update(&failed.state.unwrap(), forced).await;
    registry.delete(state).await;
    assert!(memory.change(|world| world.registries.is_empty()));
}

#[tokio::test]
async fn bad_input_is_refused_where_it_stands() {
    let harness = over(&Memory::default()).await;
    let registry = harness.resource(NAME);
    refuses(&registry, json!({ "name": "Acme" }), "name", &["lowercase"]).await;
    refuses(
        &registry,
        json!({ "name": "acme", "keep_last": 0 }),
        "keep_last",
        &["1 or more"],
    )
    .await;
}

#[tokio::test]
async fn what_the_cloud_does_not_take_is_said_at_its_argument() {
    let mut config = full();
    config["kms_key"] = KEY.into();
    config["immutable_tags"] = true.into();
    config["scan_on_push"] = true.into();
    let fields = [
        "name",
        "kms_key",
        "immutable_tags",
        "scan_on_push",
        "keep_last",
    ];
    let fields = fields.map(|field| (field, field));
    refuses_at_plan(NAME, "registries.check", config, &fields).await;
}

#[test]
fn what_is_left_out_is_as_the_cloud_has_it() {
    let none = RegistrySettings {
        immutable_tags: false,
        scan_on_push: false,
        keep_last: Some(9),
    };
    let mut planned = RegistryModel {
        scan_on_push: true.into(),
        ..RegistryModel::default()
    };
    let config = planned.clone();
    planned.fill_in(&config, none);
    assert_eq!(planned.immutable_tags, Value::Known(false));
    assert_eq!(planned.scan_on_push, Value::Known(true));
    assert_eq!(planned.keep_last, Value::Known(9));
}
