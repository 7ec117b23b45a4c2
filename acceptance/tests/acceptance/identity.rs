//! Enforced identity: tokens that the cluster issued are exchanged for a role's session, and the session may do what
//! the role's profile says and nothing else. The exchange verifies tokens by a front of ours; the emulator enforces.

use acceptance::aws::Account;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::data_plane::DataPlane;

const METADATA: &str = "demo-metadata";
const CODE: &str = "demo-fast-registration";
const LOGS: &str = "/dataplane/demo";

/// The session of a service account in the role that is meant for it.
fn session(plane: &DataPlane, profile: &str, namespace: &str, account: &str) -> Result<Account> {
    let role = plane.terraform.output("roles")?[profile]
        .as_str()
        .context("a role")?
        .to_owned();
    let token = plane
        .bench
        .cluster()?
        .token(namespace, account, "sts.amazonaws.com")?;
    plane.bench.account.assume_by_token(&role, &token)
}

fn may(session: &Account, service: &str, operation: &str, parameters: &Value) -> Result<()> {
    session
        .call(service, operation, parameters)
        .map(drop)
        .with_context(|| format!("{service} {operation} is refused"))
}

fn may_not(session: &Account, service: &str, operation: &str, parameters: &Value) -> Result<()> {
    let code = session.refused(service, operation, parameters)?;
    assert!(
        code.contains("AccessDenied") || code == "403",
        "{service} {operation}: {code}"
    );
    Ok(())
}

fn reads_and_writes_buckets(session: &Account, key: &str) -> Result<()> {
    for bucket in [METADATA, CODE] {
        may(
            session,
            "s3",
            "put_object",
            &json!({ "Bucket": bucket, "Key": key, "Body": "x" }),
        )?;
        may(
            session,
            "s3",
            "get_object",
            &json!({ "Bucket": bucket, "Key": key }),
        )?;
        may(
            session,
            "s3",
            "delete_object",
            &json!({ "Bucket": bucket, "Key": key }),
        )?;
    }
    Ok(())
}

#[test]
fn the_user_role_reaches_the_buckets_and_nothing_else() -> Result<()> {
    let plane = DataPlane::shared()?;
    let user = session(&plane, "user", "fraud-production", "default")?;
    reads_and_writes_buckets(&user, "acme/fraud/production/run/x")?;
    let plain = plane.bench.account.with(user.credentials.clone());
    may_not(
        &plain,
        "s3",
        "list_objects_v2",
        &json!({ "Bucket": METADATA, "Prefix": "acme/" }),
    )?;
    let root = &plane.bench.account;
    root.call("s3", "create_bucket", &json!({
        "Bucket": "somebody-elses", "CreateBucketConfiguration": { "LocationConstraint": root.region },
    }))?;
    may_not(
        &user,
        "s3",
        "put_object",
        &json!({ "Bucket": "somebody-elses", "Key": "x", "Body": "x" }),
    )?;
    may_not(
        &user,
        "s3",
        "put_bucket_versioning",
        &json!({
            "Bucket": METADATA, "VersioningConfiguration": { "Status": "Suspended" },
        }),
    )?;
    may_not(
        &user,
        "secretsmanager",
        "get_secret_value",
        &json!({ "SecretId": "demo/api-key" }),
    )?;
    may_not(
        &user,
        "logs",
        "filter_log_events",
        &json!({ "logGroupName": LOGS }),
    )?;
    may_not(&user, "iam", "list_roles", &json!({}))
}

#[test]
fn the_admin_role_reads_the_secrets_under_its_prefix_only() -> Result<()> {
    let plane = DataPlane::shared()?;
    let admin = session(&plane, "admin", "union", "executor")?;
    reads_and_writes_buckets(&admin, "acme/fraud/production/run/y")?;
    may(
        &admin,
        "secretsmanager",
        "get_secret_value",
        &json!({ "SecretId": "demo/api-key" }),
    )?;
    let other = json!({ "Name": "other/api-key", "SecretString": "x" });
    plane
        .bench
        .account
        .call("secretsmanager", "create_secret", &other)?;
    may_not(
        &admin,
        "secretsmanager",
        "get_secret_value",
        &json!({ "SecretId": "other/api-key" }),
    )?;
    may(
        &admin,
        "logs",
        "filter_log_events",
        &json!({ "logGroupName": LOGS }),
    )?;
    may_not(
        &admin,
        "logs",
        "delete_log_group",
        &json!({ "logGroupName": LOGS }),
    )?;
    may_not(&admin, "iam", "create_user", &json!({ "UserName": "x" }))
}

#[test]
fn the_builder_pushes_and_the_log_writer_writes() -> Result<()> {
    let plane = DataPlane::shared()?;
    let builder = session(&plane, "builder", "union", "image-builder")?;
    may(&builder, "ecr", "get_authorization_token", &json!({}))?;
    may(
        &builder,
        "ecr",
        "initiate_layer_upload",
        &json!({ "repositoryName": "demo" }),
    )?;
    may_not(
        &builder,
        "s3",
        "list_objects_v2",
        &json!({ "Bucket": METADATA }),
    )?;
    may_not(
        &builder,
        "ecr",
        "delete_repository",
        &json!({ "repositoryName": "demo" }),
    )?;

    let writer = session(&plane, "log_writer", "union", "fluent-bit")?;
    let stream = json!({ "logGroupName": LOGS, "logStreamName": "pod" });
    may(&writer, "logs", "create_log_stream", &stream)?;
    may_not(
        &writer,
        "logs",
        "filter_log_events",
        &json!({ "logGroupName": LOGS }),
    )?;
    may_not(
        &writer,
        "s3",
        "list_objects_v2",
        &json!({ "Bucket": METADATA }),
    )
}

#[test]
fn a_role_is_for_its_own_service_accounts() -> Result<()> {
    let plane = DataPlane::shared()?;
    for (profile, namespace, account) in [
        ("admin", "union", "operator"),
        ("admin", "fraud-production", "default"),
        ("user", "union", "executor"),
        ("user", "default", "default"),
    ] {
        let refused = session(&plane, profile, namespace, account)
            .map(|_| ())
            .expect_err("no session");
        assert!(
            format!("{refused:#}").contains("AccessDenied"),
            "{namespace}/{account}: {refused:#}"
        );
    }
    Ok(())
}
