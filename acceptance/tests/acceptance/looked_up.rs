//! The examples of data sources and functions that need no cluster: what they yield.

use acceptance::cluster::Needs;
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::bench::Bench;

fn applied(bench: &Bench, example: &str) -> Result<acceptance::terraform::Terraform> {
    let terraform = bench.example(example)?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    Ok(terraform)
}

#[test]
fn functions_answer_as_their_examples_say() -> Result<()> {
    let bench = Bench::aws()?;
    let output =
        |example: &str, name: &str| applied(&bench, &format!("functions/{example}"))?.output(name);
    assert_eq!(output("object_prefix", "prefix")?, "acme/fraud/production/");
    assert_eq!(
        output("parse_uri", "bucket")?["bucket"],
        "acme-prod-metadata"
    );
    assert_eq!(
        output("service_account_subject", "subject")?,
        "system:serviceaccount:fraud-production:default"
    );
    let admin = output("service_accounts", "admin")?;
    let executor = json!({ "namespace": "union", "service_account": "executor" });
    ensure!(
        admin.as_array().context("a list")?.contains(&executor),
        "{admin}"
    );
    Ok(())
}

#[test]
fn permissions_are_policy_documents() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = applied(&bench, "data-sources/dataplane_permissions")?;
    let runner = terraform.output("runner")?.to_string();
    for expected in [
        "s3:CreateBucket",
        "iam:CreateRole",
        "secretsmanager:CreateSecret",
    ] {
        ensure!(runner.contains(expected), "no {expected} in {runner}");
    }
    let buckets = terraform.output("buckets_only")?.to_string();
    ensure!(
        buckets.contains("s3:CreateBucket") && !buckets.contains("iam:"),
        "{buckets}"
    );
    let profiles = terraform.output("roles")?;
    for (profile, reads) in [("admin", true), ("user", false)] {
        let policy = profiles[profile].to_string();
        assert_eq!(
            policy.contains("secretsmanager:GetSecretValue"),
            reads,
            "{profile}: {policy}"
        );
    }
    Ok(())
}

#[test]
fn network_ranges_are_dated_and_embedded() -> Result<()> {
    let bench = Bench::aws()?;
    let egress = applied(&bench, "data-sources/dataplane_network_ranges")?.output("egress")?;
    ensure!(
        !egress["addresses"]
            .as_array()
            .context("addresses")?
            .is_empty()
    );
    ensure!(
        egress["as_of"]
            .as_str()
            .is_some_and(|date| date.starts_with("20")),
        "{egress}"
    );
    ensure!(bench.front.take_calls().is_empty(), "the cloud was asked");
    Ok(())
}

#[test]
fn manifests_are_yaml_that_the_api_server_takes() -> Result<()> {
    let bench = Bench::with_cluster(Needs::Objects)?;
    let yaml = applied(&bench, "data-sources/dataplane_manifests")?.output("yaml")?;
    let yaml = yaml.as_str().context("YAML")?;
    let kubectl = bench.kubectl()?;
    kubectl.create_namespace("union")?;
    let applied = kubectl.apply(yaml)?;
    ensure!(
        applied.contains("deployment.apps/operator serverside-applied"),
        "{applied}"
    );
    Ok(())
}
