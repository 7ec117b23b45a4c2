//! Arguments that are refused.

use super::*;

#[tokio::test]
async fn bad_input_is_refused_where_it_stands() {
    let harness = over(&Memory::default()).await;
    let bucket = harness.resource(NAME);
    refuses(
        &bucket,
        json!({ "name": "Acme_Data" }),
        "name",
        &["lowercase letters"],
    )
    .await;
    refuses(
        &bucket,
        json!({ "name": "acme", "cors_origins": ["app.example.com"] }),
        "cors_origins",
        &["has no scheme"],
    )
    .await;
    refuses(
        &bucket,
        json!({ "name": "acme", "expiration": [{ "days": 0 }] }),
        "expiration",
        &["must be 1 or more"],
    )
    .await;
    refuses(
        &bucket,
        json!({ "name": "acme", "tags": { "dataplane:owner": "me" } }),
        "tags",
        &["kept for the provider"],
    )
    .await;
    refuses(
        &bucket,
        json!({ "name": "acme", "policy_statements": ["{}"] }),
        "policy_statements",
        &["\"Effect\""],
    )
    .await;
    refuses(
        &bucket,
        json!({ "name": "acme", "timeouts": { "create": "soon" } }),
        "timeouts.create",
        &["20m"],
    )
    .await;
    let both =
        r#"{"Effect":"Deny","Principal":"*","NotPrincipal":"*","Action":"s3:*","Resource":"*"}"#;
    refuses(
        &bucket,
        json!({ "name": "acme", "policy_statements": [both] }),
        "policy_statements",
        &["exactly one of"],
    )
    .await;
    let ours = r#"{"Sid":"DataplaneTlsOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}"#;
    refuses(
        &bucket,
        json!({ "name": "acme", "policy_statements": [ours] }),
        "policy_statements",
        &["kept for the statements that protect every bucket"],
    )
    .await;
}
