//! The examples of data sources and functions that need no cluster: what they yield.

use acceptance::{cluster::Needs, terraform::Terraform};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::bench::Bench;

fn applied(terraform: Terraform) -> Result<Terraform> {
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    Ok(terraform)
}

#[test]
fn functions_answer_as_their_examples_say() -> Result<()> {
    let bench = Bench::aws()?;
    let overlaps = applied(bench.example("functions/cidr_overlaps")?)?.output("overlaps")?;
    assert_eq!(overlaps, json!(["10.0.0.0/16 overlaps 10.0.128.0/17"]));
    let prefix = applied(bench.example("functions/object_prefix")?)?.output("prefix")?;
    assert_eq!(prefix, "acme/fraud/production/");
    let parsed = applied(bench.example("functions/parse_uri")?)?.output("bucket")?;
    assert_eq!(parsed["bucket"], "acme-prod-metadata");
    let subject = applied(bench.example("functions/service_account_subject")?)?;
    assert_eq!(
        subject.output("subject")?,
        "system:serviceaccount:fraud-production:default"
    );
    let admin = applied(bench.example("functions/service_accounts")?)?.output("admin")?;
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
    let terraform = applied(bench.example("data-sources/dataplane_permissions")?)?;
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
    let terraform = applied(bench.example("data-sources/dataplane_network_ranges")?)?;
    let egress = terraform.output("egress")?;
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
    let policies = terraform.output("control_plane")?;
    let ranges = policies["cidrs"].as_array().context("ranges")?;
    ensure!(
        ranges.iter().any(|range| range == "2606:4700::/32") && policies["ports"] == json!([443]),
        "{policies}"
    );
    let names = terraform.output("names")?;
    assert_eq!(names["domains"], json!(["union.ai", "unionai.cloud"]));
    let regions = names["regions"].as_array().context("regions")?;
    ensure!(regions.contains(&json!("eu-central-1")), "{names}");
    ensure!(bench.front.take_calls().is_empty(), "the cloud was asked");
    Ok(())
}

#[test]
fn manifests_are_yaml_that_the_api_server_takes() -> Result<()> {
    let bench = Bench::with_cluster(Needs::Objects)?;
    let yaml = applied(bench.example("data-sources/dataplane_manifests")?)?.output("yaml")?;
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
