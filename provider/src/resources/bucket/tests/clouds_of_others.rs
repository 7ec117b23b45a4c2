//! What one cloud has of a bucket and another has not.

use super::*;

fn on_azure() -> serde_json::Value {
    json!({
        "name": "metadata",
        "account": "acmeprod",
        "hierarchical_namespace": true,
        "soft_delete_days": 14,
        "allowed_networks": { "ip_ranges": ["203.0.113.7/32"], "subnets": ["/subscriptions/s/subnets/nodes"] },
    })
}

#[tokio::test]
async fn a_container_lives_in_its_account() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let bucket = harness.resource(NAME);
    let mut open = on_azure();
    open["allowed_networks"] = json!(null);
    open["soft_delete_days"] = json!(null);
    bucket.lifecycle(on_azure(), open).await;
    let planned = bucket.plan_create(on_azure()).await;
    assert_eq!(planned.values["id"], "acmeprod/metadata");
    assert_eq!(planned.values["versioning"], false);
    let state = bucket.create(on_azure()).await;
    assert_eq!(
        state["tags_all"]["dataplane:resource"],
        "dataplane_bucket/acmeprod/metadata"
    );
    memory.change(|world| {
        let stored = world.buckets.values().next().unwrap();
        assert_eq!(stored.bucket.settings.soft_delete_days, Some(14));
        let networks = stored.bucket.settings.allowed_networks.as_ref().unwrap();
        assert_eq!(networks.ip_ranges, ["203.0.113.7".to_owned()].into());
    });
    for imported in [
        bucket.import("acmeprod/metadata").await,
        bucket.import_identity(&state).await.unwrap(),
    ] {
        bucket.settled(&imported, on_azure()).await;
    }
}

#[tokio::test]
async fn what_never_changes_is_made_anew() {
    let harness = over(&Memory::default()).await;
    let bucket = harness.resource(NAME);
    let state = bucket.create(on_azure()).await;
    for (argument, other) in [
        ("account", json!("acmetest")),
        ("hierarchical_namespace", json!(null)),
        ("hierarchical_namespace", json!(UNKNOWN)),
    ] {
        let mut config = on_azure();
        config[argument] = other;
        let planned = bucket.plan(&state, config).await;
        assert_eq!(planned.action, Action::Replace, "{argument}");
        assert_eq!(planned.replace_paths, [framework::path!(argument)]);
    }
    let plain = json!({ "name": "acme-metadata" });
    let state = bucket.create(plain.clone()).await;
    let mut said = plain;
    said["hierarchical_namespace"] = false.into();
    let planned = bucket.plan(&state, said).await;
    assert_eq!(planned.action, Action::Update);
}

#[tokio::test]
async fn an_unknown_account_leaves_the_id_open() {
    let harness = over(&Memory::default()).await;
    let mut config = on_azure();
    config["account"] = UNKNOWN.into();
    let planned = harness.resource(NAME).plan_create(config).await;
    assert_eq!(planned.values["id"], UNKNOWN);
    assert_eq!(planned.values["tags_all"], UNKNOWN);
}

#[tokio::test]
async fn a_half_made_bucket_with_another_namespace_is_not_continued() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let bucket = harness.resource(NAME);
    memory.lose_answer("buckets.create", 1, outage());
    bucket.try_create(on_azure()).await.unwrap_err();
    let mut flat = on_azure();
    flat["hierarchical_namespace"] = false.into();
    let said = refused(&bucket, flat).await;
    assert!(
        said.contains("half made with another `hierarchical_namespace`"),
        "{said}"
    );
}

#[tokio::test]
async fn what_the_cloud_does_not_take_is_said_at_its_argument() {
    let mut config = on_azure();
    config["kms_key"] = "alias/acme".into();
    config["versioning"] = false.into();
    config["expiration"] = json!([{ "days": 3 }]);
    config["cors_origins"] = json!(["https://acme.example.com"]);
    config["policy_statements"] = full()["policy_statements"].clone();
    let fields = [
        ("name", "name"),
        ("account", "account"),
        ("hierarchical", "hierarchical_namespace"),
        ("encryption", "kms_key"),
        ("kms_key", "kms_key"),
        ("versioning", "versioning"),
        ("expiration", "expiration"),
        ("cors_origins", "cors_origins"),
        ("policy_statements", "policy_statements"),
        ("soft_delete_days", "soft_delete_days"),
        ("allowed_networks", "allowed_networks"),
    ];
    refuses_at_plan(NAME, "buckets.check", config, &fields).await;
}

#[test]
fn what_is_left_out_is_as_the_cloud_has_it() {
    let config = BucketModel::default();
    let mut planned = config.clone();
    planned.fill_in(&config, Some(7));
    assert_eq!(planned.soft_delete_days, Value::Known(7));
    assert_eq!(planned.versioning, Value::Known(true));
    planned.hierarchical_namespace = Value::Unknown;
    planned.fill_in(&config, None);
    assert_eq!(planned.soft_delete_days, Value::Null);
    assert_eq!(planned.versioning, Value::Unknown);
}
