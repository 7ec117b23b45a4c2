//! What gcloud reads of a whole data plane: Google's own command line, which shares nothing with our code.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::email_of;
use crate::{
    bench::OWNER,
    google::bench::{Bench, PROJECT, REGION},
};

/// What no part of the example is: on GKE it needs no pool, and its secret is another's to make.
pub(super) const BESIDE: &str = r#"
resource "dataplane_secret" "beside" {
  name             = "acme-prod-beside"
  value_wo         = "hidden"
  value_wo_version = 1
}

resource "dataplane_identity_provider" "beside" {
  name   = "beside-prod"
  issuer = "https://oidc.example.test/id/beside"
}
"#;

fn read(bench: &Bench, arguments: &[&str]) -> Result<Value> {
    let printed = bench
        .owner()
        .gcloud(&[arguments, &["--format=json"]].concat())?;
    serde_json::from_str(&printed).with_context(|| format!("{arguments:?} printed {printed}"))
}

/// The members that a policy gives a role, whatever the condition.
fn members<'p>(policy: &'p Value, role: &str) -> Vec<&'p str> {
    let bindings = policy["bindings"].as_array().into_iter().flatten();
    let mut found: Vec<_> = bindings
        .filter(|binding| binding["role"] == role)
        .filter_map(|binding| binding["members"].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    found.sort_unstable();
    found
}

fn member(role: &str) -> String {
    format!("serviceAccount:{}", email_of(role))
}

pub(super) fn assert_seen(bench: &Bench) -> Result<()> {
    buckets(bench)?;
    roles(bench)?;
    stores(bench)?;
    secret(bench)?;
    pool(bench)
}

fn buckets(bench: &Bench) -> Result<()> {
    let url = format!("gs://{PROJECT}-metadata");
    let found = read(bench, &["storage", "buckets", "describe", &url, "--raw"])?;
    let access = &found["iamConfiguration"];
    ensure!(
        access["publicAccessPrevention"] == "enforced"
            && access["uniformBucketLevelAccess"]["enabled"] == true
            && found["versioning"]["enabled"] == true
            && found["softDeletePolicy"]["retentionDurationSeconds"] == "604800"
            && found["labels"]["dataplane-owner"] == OWNER
            && found["labels"]["dataplane-creating"].is_null()
            && found["location"] == REGION.to_uppercase(),
        "{found:#}"
    );
    let origins = &found["cors"][0]["origin"];
    assert_eq!(*origins, json!(["https://acme.control.example.com"]));
    let lifecycle = found["lifecycle"].to_string();
    ensure!(
        lifecycle.contains("AbortIncompleteMultipartUpload"),
        "{lifecycle}"
    );

    let policy = read(bench, &["storage", "buckets", "get-iam-policy", &url])?;
    let both = [member("adminflyterole"), member("userflyterole")];
    assert_eq!(members(&policy, "roles/storage.objectAdmin"), both);
    let text = policy.to_string();
    ensure!(
        !text.contains("allUsers") && !text.contains("allAuthenticatedUsers"),
        "{text}"
    );
    Ok(())
}

fn roles(bench: &Bench) -> Result<()> {
    let email = email_of("userflyterole");
    let accounts = ["iam", "service-accounts"];
    let found = read(bench, &[&accounts[..], &["describe", &email]].concat())?;
    let description = found["description"].as_str().unwrap_or_default();
    ensure!(
        description.contains(OWNER) && !description.contains("creating"),
        "{found:#}"
    );
    let policy = read(
        bench,
        &[&accounts[..], &["get-iam-policy", &email]].concat(),
    )?;
    let pods = ["fraud-development", "fraud-production"]
        .map(|namespace| format!("serviceAccount:{PROJECT}.svc.id.goog[{namespace}/default]"));
    assert_eq!(members(&policy, "roles/iam.workloadIdentityUser"), pods);
    let itself = members(&policy, "roles/iam.serviceAccountTokenCreator");
    ensure!(
        itself.iter().all(|one| *one == member("userflyterole")),
        "{itself:?}"
    );

    let policy = read(bench, &["projects", "get-iam-policy", PROJECT])?;
    let accessor = "roles/secretmanager.secretAccessor";
    assert_eq!(members(&policy, accessor), [member("adminflyterole")]);
    let bindings = policy["bindings"].as_array().context("bindings")?;
    let conditioned = bindings
        .iter()
        .find(|binding| binding["role"] == accessor)
        .and_then(|binding| binding["condition"]["expression"].as_str())
        .unwrap_or_default();
    ensure!(conditioned.contains("/secrets/acme-prod-"), "{policy:#}");
    Ok(())
}

fn stores(bench: &Bench) -> Result<()> {
    let location = format!("--location={REGION}");
    let repositories = ["artifacts", "repositories"];
    let describe = ["describe", "acme-prod", &location];
    let found = read(bench, &[&repositories[..], &describe].concat())?;
    ensure!(
        found["format"] == "DOCKER"
            && found["dockerConfig"]["immutableTags"] == true
            && found["labels"]["dataplane-owner"] == OWNER,
        "{found:#}"
    );
    let policy = ["get-iam-policy", "acme-prod", &location];
    let policy = read(bench, &[&repositories[..], &policy].concat())?;
    let writer = members(&policy, "roles/artifactregistry.writer");
    assert_eq!(writer, [member("acme-prod-builder")]);

    let found = read(bench, &[&["logging", "buckets"][..], &describe].concat())?;
    let description = found["description"].as_str().unwrap_or_default();
    ensure!(
        found["retentionDays"] == 30 && description.contains(OWNER),
        "{found:#}"
    );
    Ok(())
}

fn secret(bench: &Bench) -> Result<()> {
    let found = read(bench, &["secrets", "describe", "acme-prod-beside"])?;
    ensure!(found["labels"]["dataplane-owner"] == OWNER, "{found:#}");
    let latest = ["secrets", "versions", "access", "latest"];
    let secret = ["--secret=acme-prod-beside"];
    let value = bench.owner().gcloud(&[&latest[..], &secret[..]].concat())?;
    assert_eq!(value, "hidden");
    Ok(())
}

fn pool(bench: &Bench) -> Result<()> {
    let pools = ["iam", "workload-identity-pools"];
    let named = ["describe", "beside-prod", "--location=global"];
    let found = read(bench, &[&pools[..], &named].concat())?;
    ensure!(
        found["state"] == "ACTIVE" && found["disabled"] != true,
        "{found:#}"
    );
    let listed = [
        "providers",
        "list",
        "--workload-identity-pool=beside-prod",
        "--location=global",
    ];
    let found = read(bench, &[&pools[..], &listed].concat())?;
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    assert_eq!(
        found[0]["oidc"]["issuerUri"],
        "https://oidc.example.test/id/beside"
    );
    Ok(())
}
