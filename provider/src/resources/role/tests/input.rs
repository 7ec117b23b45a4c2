//! Arguments that are refused.

use super::*;

#[tokio::test]
async fn bad_input_is_refused_where_it_stands() {
    let harness = over(&Memory::default()).await;
    let role = harness.resource(NAME);
    let subject =
        |namespace: &str, name: &str| json!([{ "namespace": namespace, "service_account": name }]);
    let cases = [
        (
            "subjects",
            json!([]),
            "subjects",
            "name at least one service account",
        ),
        ("subjects", subject("fraud-*", "default"), "subjects", "'*'"),
        ("subjects", subject("fraud", "*"), "subjects", "'*'"),
        (
            "permissions_boundary",
            json!("arn:aws:iam::123456789012:role/x"),
            "permissions_boundary",
            "ARN of a managed policy",
        ),
        ("trust", json!({}), "trust", "exactly one of"),
        (
            "trust",
            json!({ "irsa": { "provider_arn": PROVIDER }, "pod_identity": { "cluster": "prod" } }),
            "trust",
            "exactly one of",
        ),
        (
            "profile",
            json!("root"),
            "profile",
            "admin, user, builder and log_writer",
        ),
        (
            "secrets",
            json!("acme/"),
            "secrets",
            "user has no use for `secrets`: it takes `buckets`, `kms_keys`",
        ),
        (
            "logs",
            json!(["/acme"]),
            "logs",
            "user has no use for `logs`",
        ),
        (
            "registry",
            json!("acme/tasks"),
            "registry",
            "user has no use for `registry`",
        ),
        (
            "buckets",
            json!({}),
            "profile",
            "is given what it may reach by `buckets`, and there is none",
        ),
        (
            "max_session_duration",
            json!("15m"),
            "max_session_duration",
            "\"15m\" is not a valid session duration: it must be 1 to 12 hours",
        ),
        (
            "trust",
            json!({ "irsa": { "provider_arn": "https://oidc.example.test/id/1" } }),
            "trust.irsa.provider_arn",
            "write the `arn` of a dataplane_identity_provider",
        ),
        (
            "max_session_duration",
            json!("1 hour"),
            "max_session_duration",
            "1h30m",
        ),
        ("path", json!("team"), "path", "begin and end with"),
        (
            "buckets",
            json!({ "metadata": { "id": "acme-metadata", "access": "write" } }),
            "buckets[\"metadata\"].access",
            "read_write or read",
        ),
    ];
    for (argument, value, at, part) in cases {
        refuses(&role, change(user(), argument, value), at, &[part]).await;
    }
}
