//! Tests of `dataplane_log_group` against a cloud in memory.

use clouds::memory::Memory;
use framework::{Verb, testing::Action};
use serde_json::json;

use super::*;
use crate::testing::{
    client, drops_what_is_gone, leaves_to_its_owner, not_ready, over, refuses, refuses_at_plan,
    says_first, survives_every_failure,
};

const NAME: &str = LogGroup::NAME;
const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn full() -> serde_json::Value {
    json!({ "name": "/dataplane/acme/tasks", "retention_days": 30, "tags": { "env": "prod" } })
}

#[tokio::test]
async fn basic() {
    let harness = over(&Memory::default()).await;
    let group = harness.resource(NAME);
    group
        .lifecycle(
            full(),
            json!({ "name": "/dataplane/acme/tasks", "kms_key": KEY }),
        )
        .await;
    let state = group.create(full()).await;
    let planned = group
        .plan(&state, json!({ "name": "/dataplane/acme/other" }))
        .await;
    assert_eq!(planned.action, Action::Replace);
}

#[tokio::test]
async fn disappears() {
    drops_what_is_gone(NAME, full(), |world| world.log_groups.clear()).await;
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_meets_another_change_goes_on() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let group = harness.resource(NAME);
    let state = group.create(full()).await;
    memory.fail("log_groups.delete", 1, not_ready());
    group.delete(state).await;
    assert!(memory.pending_failures().is_empty());
    assert!(memory.change(|world| world.log_groups.is_empty()));
}

#[tokio::test]
async fn every_drift_is_shown_and_mended() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let group = harness.resource(NAME);
    let state = group.create(full()).await;
    memory.change(|world| {
        let found = world.log_groups.values_mut().next().unwrap();
        found.settings = LogGroupSettings {
            retention: None,
            kms_key: Some("alias/theirs".parse().unwrap()),
        };
    });
    let found = group.read(&state).await.unwrap();
    assert_eq!(
        (&found["retention_days"], &found["kms_key"]),
        (&json!(null), &json!("alias/theirs"))
    );
    let mended = group.update(&found, full()).await;
    assert_eq!(mended.values, state.values);
    group.settled(&mended, full()).await;
}

#[tokio::test]
async fn a_create_that_fails_anywhere_is_completed_by_the_next() {
    survives_every_failure(NAME, full(), |world| world.log_groups.len()).await;
}

#[tokio::test]
async fn a_log_group_of_somebody_else_is_never_touched() {
    let said = ["the log group /dataplane/acme/tasks exists already"];
    leaves_to_its_owner(NAME, full(), &said).await;
}

#[tokio::test]
async fn imported_it_is_what_was_made() {
    let harness = over(&Memory::default()).await;
    let group = harness.resource(NAME);
    group.create(full()).await;
    let imported = group.import("/dataplane/acme/tasks").await;
    group.settled(&imported, full()).await;
}

#[tokio::test]
async fn bad_input_is_refused_where_it_stands() {
    let harness = over(&Memory::default()).await;
    let group = harness.resource(NAME);
    refuses(&group, json!({ "name": "a:b" }), "name", &["may only hold"]).await;
    refuses(
        &group,
        json!({ "name": "a", "retention_days": 0 }),
        "retention_days",
        &["1 to 3653"],
    )
    .await;
}

#[tokio::test]
async fn what_the_cloud_does_not_take_is_said_at_its_argument() {
    let mut config = full();
    config["kms_key"] = KEY.into();
    let fields = [
        ("name", "name"),
        ("retention", "retention_days"),
        ("kms_key", "kms_key"),
    ];
    refuses_at_plan(NAME, "log_groups.check", config, &fields).await;
}

#[tokio::test]
async fn a_change_that_the_cloud_does_not_take_is_said_in_the_plan() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let group = harness.resource(NAME);
    let with_key = |name: &str| json!({ "name": name, "kms_key": KEY });
    let state = group.create(with_key("/dataplane/acme/tasks")).await;
    let refusal = clouds::Refusal::new("kms_key", "It keeps its key.");
    memory.refuse("log_groups.check_change", refusal);

    let said = group
        .try_plan(Some(&state), json!({ "name": "/dataplane/acme/tasks" }))
        .await
        .unwrap_err();
    let parts = ["Invalid value of kms_key", "It keeps its key."];
    says_first(&said, "kms_key", &parts);
    group.plan(&state, with_key("/dataplane/acme/tasks")).await;
    let another = json!({ "name": "/dataplane/acme/other" });
    let planned = group.plan(&state, another).await;
    assert_eq!(planned.action, Action::Replace);
}

/// As `ignore_changes = [retention_days]` has it.
#[tokio::test]
async fn a_retention_that_this_version_does_not_know_stays() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let group = harness.resource(NAME);
    let state = group.create(full()).await;
    memory.change(|world| {
        let group = world.log_groups.values_mut().next().unwrap();
        group.settings.retention = Some(Retention::found(4000));
    });
    let state = group.read(&state).await.unwrap();
    assert_eq!(state["retention_days"], 4000);
    memory.refuse(
        "log_groups.check",
        clouds::Refusal::new("retention", "It is not on the list."),
    );

    // The configuration that Terraform validates has another number, so the harness cannot do this.
    let cx = Context::new(client(&memory), Verb::Update);
    let prior = LogGroupModel {
        name: Value::Known("/dataplane/acme/tasks".parse().unwrap()),
        retention_days: 4000.into(),
        ..LogGroupModel::default()
    };
    let mut plan = prior.clone();
    plan.kms_key = Value::Known(KEY.parse().unwrap());
    let change = Update {
        prior: prior.clone(),
        plan,
    };
    let updated = LogGroup.update(&cx, change.clone()).await.unwrap();
    assert_eq!(updated.retention_days, Value::Known(4000));
    let settings =
        memory.change(|world| world.log_groups.values().next().unwrap().settings.clone());
    assert_eq!(settings.retention, Some(Retention::found(4000)));
    assert!(settings.kms_key.is_some());

    let another = Update {
        prior: LogGroupModel {
            retention_days: 30.into(),
            ..prior
        },
        ..change
    };
    let failed = LogGroup.update(&cx, another).await.unwrap_err();
    let said: Vec<_> = failed.diagnostics.into_iter().collect();
    says_first(&said, "retention_days", &["1 to 3653"]);
}

#[test]
fn for_ever_is_no_number_of_days() {
    assert_eq!(days(None), Value::Null);
    assert_eq!(days(Some(Retention::found(30))), Value::Known(30));
}
