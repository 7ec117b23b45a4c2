//! The whole example: one apply of `examples/complete/gcp` on a GKE cluster puts a data plane up whose pods may do what their
//! roles say and nothing else, and which gcloud sees as it was asked for; whatever is changed by hand is mended, what the state
//! forgot is taken in, an apply that ends early is gone on with, and destroy takes all of it away.

mod changes;
mod gcloud;

use acceptance::{google::Caller, terraform::Terraform};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::bench::{Bench, PROJECT, REGION};

/// The example, ready for its first apply. The project and the cluster are ours; the configuration is the one for real ones,
/// but for the endpoints.
pub fn configure(bench: &Bench) -> Result<Terraform> {
    let terraform = Terraform::example("complete/gcp")?
        .with(bench.owner().environment())
        .variable("project", PROJECT)
        .variable("region", REGION)
        .variable("cluster", "prod")
        .variable("operator_image", "localhost/dataplane-operator:0.1.0")
        .variable("control_plane_endpoint", "https://acme.control.example.com");
    let allowed = "allowed_projects = [var.project]";
    terraform.write("emulated_override.tf", &bench.provider(allowed))?;
    terraform.init()?;
    Ok(terraform)
}

#[test]
fn the_example_for_a_real_project_is_applied_and_destroyed_without_a_trace() -> Result<()> {
    let bench = Bench::on_gke()?;
    let terraform = configure(&bench)?;
    terraform.write("beside.tf", gcloud::BESIDE)?;
    let before = everything(&bench)?;
    terraform.apply_then_empty_plan()?;
    assert_up(&bench)?;
    gcloud::assert_seen(&bench)?;
    assert_roles(&bench)?;

    let refused = terraform.destroy().expect_err("deleting what is protected");
    ensure!(
        format!("{refused:#}").contains("prevent_deletion"),
        "{refused:#}"
    );
    destroy(&bench, &terraform, &before)
}

/// What the example is for is there, and closed to all but its own.
fn assert_up(bench: &Bench) -> Result<()> {
    let made = everything(bench)?;
    for name in [
        format!("{PROJECT}-metadata"),
        format!("{PROJECT}-fast-registration"),
        format!("projects/{PROJECT}/locations/{REGION}/repositories/acme-prod"),
        format!("projects/{PROJECT}/locations/{REGION}/buckets/acme-prod"),
        email_of("adminflyterole"),
        email_of("userflyterole"),
        email_of("acme-prod-builder"),
        "namespaces/fraud-production".to_owned(),
    ] {
        ensure!(made.contains(&name), "no {name}: {made:?}");
    }
    assert_closed(bench)
}

/// Definitions are protected unless told otherwise.
fn destroy(bench: &Bench, terraform: &Terraform, before: &[String]) -> Result<()> {
    let name = "cluster_name  = \"prod-eu\"";
    terraform.edit(
        "main.tf",
        name,
        &format!("{name}\n  definitions   = {{ prevent_deletion = false }}"),
    )?;
    terraform.apply()?;
    for bucket in ["metadata", "fast-registration"] {
        empty(bench, &format!("{PROJECT}-{bucket}"))?;
    }
    terraform.destroy()?;
    assert_eq!(everything(bench)?, before);
    Ok(())
}

/// What pods wrote is kept as older versions, with which no bucket goes.
fn empty(bench: &Bench, bucket: &str) -> Result<()> {
    let all = json!({ "bucket": bucket, "versions": true });
    let all = bench.call("storage.v1", "objects.list", all)?;
    for object in all["items"].as_array().into_iter().flatten() {
        let version = json!({ "bucket": bucket, "object": object["name"], "generation": object["generation"] });
        bench.call("storage.v1", "objects.delete", version)?;
    }
    Ok(())
}

/// Neither bucket lets the public in, nor knows rights of single objects.
fn assert_closed(bench: &Bench) -> Result<()> {
    for bucket in ["metadata", "fast-registration"] {
        let bucket = json!({ "bucket": format!("{PROJECT}-{bucket}") });
        let found = bench.call("storage.v1", "buckets.get", bucket)?;
        let access = &found["iamConfiguration"];
        ensure!(
            access["publicAccessPrevention"] == "enforced"
                && access["uniformBucketLevelAccess"]["enabled"] == true
                && found["location"] == REGION.to_uppercase(),
            "{found:#}"
        );
    }
    Ok(())
}

/// Pods get what their roles say by tokens of the real API server, which Google's own library exchanges.
fn assert_roles(bench: &Bench) -> Result<()> {
    for name in ["acme-prod-key", "other-key"] {
        let parent = format!("projects/{PROJECT}");
        let secret = json!({ "parent": parent, "secretId": name, "body": { "replication": { "automatic": {} } } });
        let secret = bench.call("secretmanager.v1", "projects.secrets.create", secret)?;
        let value = json!({ "parent": secret["name"], "body": { "payload": { "data": "eA==" } } });
        bench.call("secretmanager.v1", "projects.secrets.addVersion", value)?;
    }
    let user = session(bench, "fraud-production", "default", "userflyterole")?;
    let admin = session(bench, "union", "executor", "adminflyterole")?;
    reads_and_writes(&user, "metadata")?;
    reads_and_writes(&user, "fast-registration")?;
    reads_and_writes(&admin, "metadata")?;
    let bucket = json!({ "bucket": format!("{PROJECT}-metadata") });
    for pod in [&user, &admin] {
        let deleted = pod.refused("storage.v1", "buckets.delete", &bucket)?;
        let read = pod.refused("storage.v1", "buckets.getIamPolicy", &bucket)?;
        assert_eq!((deleted, read), (403, 403));
    }
    assert_eq!(access(&user, "acme-prod-key")?, Err(403));
    assert_eq!(access(&admin, "other-key")?, Err(403));
    ensure!(
        access(&admin, "acme-prod-key")?.is_ok(),
        "its own secret is refused"
    );
    let token = bench
        .cluster()?
        .token("union", "default", &bench.project.gke_pool())?;
    let other = email_of("userflyterole");
    ensure!(
        bench
            .project
            .pod_on_gke(bench.cluster()?, &token, Some(&other))
            .is_err(),
        "a service account that no role trusts became {other}"
    );
    for name in ["acme-prod-key", "other-key"] {
        let name = json!({ "name": format!("projects/{PROJECT}/secrets/{name}") });
        bench.call("secretmanager.v1", "projects.secrets.delete", name)?;
    }
    Ok(())
}

fn email_of(role: &str) -> String {
    format!("{role}@{PROJECT}.iam.gserviceaccount.com")
}

/// A pod of this service account, which has to carry the role's annotation.
fn session(bench: &Bench, namespace: &str, account: &str, role: &str) -> Result<Caller> {
    let email = email_of(role);
    let found = bench
        .kubectl()?
        .get("serviceaccount", namespace, account)?
        .with_context(|| format!("the service account {namespace}/{account}"))?;
    assert_eq!(
        found["metadata"]["annotations"]["iam.gke.io/gcp-service-account"],
        Value::from(email.as_str())
    );
    let pool = bench.project.gke_pool();
    let token = bench.cluster()?.token(namespace, account, &pool)?;
    bench
        .project
        .pod_on_gke(bench.cluster()?, &token, Some(&email))
}

fn reads_and_writes(pod: &Caller, bucket: &str) -> Result<()> {
    let bucket = format!("{PROJECT}-{bucket}");
    let key = "acme/fraud/production/x";
    let content = json!({ "bucket": bucket, "name": key, "content": "text" });
    let object = json!({ "bucket": bucket, "object": key });
    pod.call("storage.v1", "objects.insert", &content)?;
    let read = pod.call("storage.v1", "objects.get_media", &object)?;
    assert_eq!(read, "text");
    pod.call("storage.v1", "objects.delete", &object).map(drop)
}

/// The value of a secret, or the status of the refusal.
fn access(pod: &Caller, secret: &str) -> Result<std::result::Result<Value, u16>> {
    let name = format!("projects/{PROJECT}/secrets/{secret}/versions/latest");
    let version = json!({ "name": name });
    match pod.call(
        "secretmanager.v1",
        "projects.secrets.versions.access",
        &version,
    ) {
        Ok(value) => Ok(Ok(value)),
        Err(error) => Ok(Err(error.downcast::<acceptance::google::Refused>()?.code)),
    }
}

/// Names of all that a data plane could leave, in the cloud and in the cluster, and who may do what in the project.
fn everything(bench: &Bench) -> Result<Vec<String>> {
    let mut found: Vec<String> = bench
        .inventory()?
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let resource = json!({ "resource": format!("projects/{PROJECT}"), "body": { "options": { "requestedPolicyVersion": 3 } } });
    let policy = bench.call("cloudresourcemanager.v3", "projects.getIamPolicy", resource)?;
    let bindings = policy["bindings"].as_array().into_iter().flatten();
    found.extend(bindings.map(Value::to_string));
    let kinds = [
        "namespaces",
        "crds",
        "clusterroles",
        "clusterrolebindings",
        "priorityclasses",
    ];
    for kind in kinds {
        let items = bench.kubectl()?.list(&[kind])?;
        let name = |item: &Value| item["metadata"]["name"].as_str().map(str::to_owned);
        found.extend(
            items
                .iter()
                .filter_map(name)
                .map(|name| format!("{kind}/{name}")),
        );
    }
    found.sort();
    Ok(found)
}
