//! Enforced identity: tokens that the cluster issued are exchanged at Entra for a role's session, and the session may do what
//! the role's profile says and nothing else.

use acceptance::azure::{AUDIENCE, Caller};
use anyhow::{Result, ensure};
use serde_json::json;

use super::{
    bench::{Bench, GROUP},
    complete,
};

const STORAGE: &str = "https://storage.azure.com/.default";
const VAULT: &str = "https://vault.azure.net/.default";
const MANAGEMENT: &str = "https://management.azure.com/.default";
const METADATA: &str = "blob/acmeprodmeta/metadata";

/// A session of a service account in the identity that is meant for it.
fn session(bench: &Bench, role: &str, of: (&str, &str), scope: &str) -> Result<Caller> {
    let found = bench.call(
        "msi",
        "user_assigned_identities.get",
        json!({ "resource_name": role }),
    )?;
    let client = found["client_id"].as_str().unwrap_or_default();
    let token = bench.cluster()?.token(of.0, of.1, AUDIENCE)?;
    bench.subscription.pod(client, &token, scope)
}

fn reads_and_writes(session: &Caller, name: &str) -> Result<()> {
    let blob = json!({ "name": name, "data": "x", "overwrite": true });
    session.call(METADATA, "upload_blob", &blob)?;
    let read = session.call(METADATA, "download_blob", &json!({ "blob": name }))?;
    ensure!(read == "x", "{read}");
    session
        .call(METADATA, "delete_blob", &json!({ "blob": name }))
        .map(drop)
}

/// Whoever writes what is in a container has no say over the container itself, by either of the APIs that have one.
fn leaves_the_container_alone(bench: &Bench, role: &str, of: (&str, &str)) -> Result<()> {
    let blobs = session(bench, role, of, STORAGE)?;
    let refused = blobs.refused(METADATA, "delete_container", &json!({}))?;
    assert_eq!(refused, "AuthorizationPermissionMismatch");
    let manager = session(bench, role, of, MANAGEMENT)?;
    let container = json!({ "resource_group_name": GROUP, "account_name": "acmeprodmeta", "container_name": "metadata" });
    let mut changed = container.clone();
    changed["blob_container"] = json!({ "metadata": { "by": "pod" } });
    for (method, parameters) in [
        ("blob_containers.delete", container),
        ("blob_containers.update", changed),
    ] {
        let refused = manager.refused("storage", method, &parameters)?;
        assert_eq!(refused, "AuthorizationFailed", "{method}");
    }
    Ok(())
}

#[test]
fn each_role_does_what_its_profile_says_and_nothing_else() -> Result<()> {
    let bench = Bench::on_aks()?;
    let terraform = complete::configure(&bench)?;
    terraform.apply()?;
    let own = format!("secrets/{GROUP}");
    bench.owner().call(
        &own,
        "set_secret",
        &json!({ "name": "token", "value": "x" }),
    )?;
    bench.make_vault("other-vault")?;
    let other = "secrets/other-vault";
    bench.owner().call(
        other,
        "set_secret",
        &json!({ "name": "token", "value": "x" }),
    )?;
    let token = json!({ "name": "token" });

    let pod = ("fraud-production", "default");
    reads_and_writes(
        &session(&bench, "userflyterole", pod, STORAGE)?,
        "acme/fraud/x",
    )?;
    leaves_the_container_alone(&bench, "userflyterole", pod)?;
    let user = session(&bench, "userflyterole", pod, VAULT)?;
    assert_eq!(user.refused(&own, "get_secret", &token)?, "Forbidden");

    let executor = ("union", "executor");
    reads_and_writes(
        &session(&bench, "adminflyterole", executor, STORAGE)?,
        "acme/fraud/y",
    )?;
    leaves_the_container_alone(&bench, "adminflyterole", executor)?;
    let admin = session(&bench, "adminflyterole", executor, VAULT)?;
    let read = admin.call(&own, "get_secret", &token)?;
    ensure!(read["value"] == "x", "{read}");
    assert_eq!(admin.refused(other, "get_secret", &token)?, "Forbidden");

    for (role, stranger) in [
        ("adminflyterole", ("union", "operator")),
        ("adminflyterole", pod),
        ("userflyterole", executor),
        ("userflyterole", ("default", "default")),
    ] {
        let refused = session(&bench, role, stranger, STORAGE)
            .map(|_| ())
            .expect_err("no session");
        ensure!(
            format!("{refused:#}").contains("AADSTS700213"),
            "{stranger:?}: {refused:#}"
        );
    }
    Ok(())
}
