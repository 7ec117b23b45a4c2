//! What others change about a bucket, and what only looks changed.

use super::*;

#[tokio::test]
async fn every_drift_is_shown_and_mended() {
    let memory = Memory::default();
    let harness = over(&memory).await;
    let bucket = harness.resource(NAME);
    let state = bucket.create(full()).await;
    let drifts: [Drift; 9] = [
        ("protections", |found| {
            assert!(found.protections.remove(&Protection::TlsOnly));
        }),
        ("unexpected_rules", |found| {
            assert!(found.foreign_rules.insert("theirs".into()));
        }),
        ("kms_key", |found| {
            found.settings.encryption = Encryption::Cloud;
        }),
        ("versioning", |found| found.settings.versioning = false),
        ("expiration", |found| {
            drop(found.settings.expiration.pop_first());
        }),
        ("cors_origins", |found| found.settings.cors_origins.clear()),
        ("policy_statements", |found| {
            found.settings.policy_statements = Statements::default();
        }),
        ("tags", |found| {
            drop(found.tags.insert("cost".into(), "1".into()));
        }),
        ("tags_all", |found| {
            drop(found.tags.remove(clouds::tags::OWNER));
        }),
    ];
    for (attribute, drift) in drifts {
        stored(&memory, |stored| drift(&mut stored.bucket));
        let found = bucket.read(&state).await.unwrap();
        assert_ne!(found[attribute], state[attribute], "{attribute}");
        let planned = bucket.plan(&found, full()).await;
        assert_eq!(planned.action, Action::Update, "{attribute}");
        let mended = bucket.apply(&planned, full()).await;
        assert_eq!(mended.values, state.values, "{attribute}");
        bucket.settled(&mended, full()).await;
    }
}

#[tokio::test]
async fn statements_may_be_written_in_any_pieces() {
    let harness = over(&Memory::default()).await;
    let bucket = harness.resource(NAME);
    let a = r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:GetObject","Resource":["x"]}"#;
    let b = r#"{"Effect":"Deny","Principal":"*","Action":["s3:PutObjectAcl"],"Resource":"y"}"#;
    let one = json!({ "name": "acme-metadata", "policy_statements": [a, b] });
    let state = bucket.create(one.clone()).await;
    let state = bucket.settled(&state, one).await;
    let document = format!(r#"{{"Version":"2012-10-17","Statement":[{b},{a}]}}"#);
    let planned = bucket
        .plan(
            &state,
            json!({ "name": "acme-metadata", "policy_statements": [document] }),
        )
        .await;
    let state = bucket
        .apply(
            &planned,
            json!({ "name": "acme-metadata", "policy_statements": [document] }),
        )
        .await;
    bucket
        .settled(
            &state,
            json!({ "name": "acme-metadata", "policy_statements": [document] }),
        )
        .await;
}
