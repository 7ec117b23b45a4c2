//! Tests of `dataplane_role` against a cloud in memory: its life.

mod boundary;
mod drift;
mod import;
mod input;
mod other_clouds;
mod ownership;

use clouds::{
    memory::Memory,
    roles::{ForeignPolicy, Role as Found},
};
use framework::testing::{Action, UNKNOWN};
use serde_json::json;

use super::*;
use crate::testing::{
    drops_what_is_gone, leaves_to_its_owner, not_ready, over, refused, refuses,
    survives_every_failure,
};

/// An attribute, and how somebody changes it behind our back.
type Drift = (&'static str, fn(&mut Found));

const NAME: &str = Role::NAME;
const PROVIDER: &str =
    "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE";

fn user() -> serde_json::Value {
    json!({
        "name": "userflyterole",
        "profile": "user",
        "buckets": {
            "metadata": { "id": "acme-metadata", "prefixes": ["acme/"] },
            "fast": { "id": "acme-fast", "access": "read" },
        },
        "trust": { "irsa": { "provider_arn": PROVIDER } },
        "subjects": [
            { "namespace": "fraud-production", "service_account": "default" },
            { "namespace": "fraud-staging", "service_account": "default" },
        ],
    })
}

fn admin() -> serde_json::Value {
    json!({
        "name": "userflyterole",
        "profile": "admin",
        "buckets": { "metadata": { "id": "acme-metadata" } },
        "secrets": "dataplane/acme/",
        "logs": ["/dataplane/acme/tasks"],
        "kms_keys": ["alias/acme"],
        "trust": { "pod_identity": { "cluster": "prod" } },
        "subjects": [{ "namespace": "union", "service_account": "executor" }],
        "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
        "max_session_duration": "2h",
        "tags": { "env": "prod" },
    })
}

fn change(
    mut config: serde_json::Value,
    argument: &str,
    value: serde_json::Value,
) -> serde_json::Value {
    config[argument] = value;
    config
}

#[tokio::test(start_paused = true)]
async fn basic() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let role = harness.resource(NAME);
    role.lifecycle(user(), admin()).await;
    let state = role.create(admin()).await;
    assert_eq!(state["unexpected_policies"], json!([]));
    memory.change(|world| {
        let found = world.roles.values().next().unwrap();
        assert!(!found.tags.contains_key(clouds::tags::CREATING));
        assert_eq!(state["principal"], found.principal.as_str());
    });
}

#[tokio::test]
async fn the_policies_are_in_the_plan_for_review() {
    let harness = over(&Memory::default()).await;
    let role = harness.resource(NAME);
    let planned = role.plan_create(user()).await;
    assert!(
        planned.values["policy"]
            .as_str()
            .unwrap()
            .contains("WriteObjects")
    );
    assert!(
        planned.values["trust_policy"]
            .as_str()
            .unwrap()
            .contains("system:serviceaccount:fraud-staging:default")
    );
    let trust = json!({ "irsa": { "provider_arn": UNKNOWN } });
    let early = role.plan_create(change(user(), "trust", trust)).await;
    assert_eq!(
        (&early.values["policy"], &early.values["trust_policy"]),
        (&planned.values["policy"], &json!(UNKNOWN))
    );
    let buckets = json!({ "metadata": { "id": UNKNOWN } });
    let planned = role.plan_create(change(user(), "buckets", buckets)).await;
    assert_eq!(planned.values["policy"], UNKNOWN);
}

#[tokio::test(start_paused = true)]
async fn another_path_is_another_role() {
    let harness = over(&Memory::default()).await;
    let role = harness.resource(NAME);
    let state = role.create(user()).await;
    let planned = role
        .plan(&state, change(user(), "path", json!("/team/")))
        .await;
    assert_eq!(
        (planned.action, planned.replace_paths),
        (Action::Replace, vec![framework::path!("path")])
    );
    let planned = role
        .plan(&state, change(user(), "max_session_duration", json!("60m")))
        .await;
    assert_eq!(planned.action, Action::NoOp);
}

#[tokio::test(start_paused = true)]
async fn disappears() {
    drops_what_is_gone(NAME, user(), |world| world.roles.clear()).await;
}

/// What hangs on objects does not go with a role that somebody else deleted.
#[tokio::test(start_paused = true)]
async fn what_one_that_is_gone_leaves_is_removed() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let role = harness.resource(NAME);
    let state = role.create(user()).await;
    memory.change(|world| world.roles.clear());
    memory.fail("roles.forget", 1, not_ready());
    let before = memory.calls().len();
    role.delete(state).await;
    let calls = memory.calls().split_off(before);
    let look = ["roles.get", "roles.forget"];
    assert_eq!(calls, [look, look].concat());
}

#[tokio::test(start_paused = true)]
async fn another_trust_takes_its_annotations_along() {
    let harness = over(&Memory::default()).await;
    let role = harness.resource(NAME);
    let state = role.create(user()).await;
    assert_ne!(state["service_account_annotations"], json!({}));
    let trust = json!({ "pod_identity": { "cluster": "prod" } });
    let config = change(user(), "trust", trust);
    let changed = role.update(&state, config.clone()).await;
    assert_eq!(changed["service_account_annotations"], json!({}));
    role.settled(&changed, config).await;
}
