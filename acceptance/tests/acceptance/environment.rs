//! What the environment says of AWS holds where the provider's configuration says nothing.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::bench::{Bench, OWNER};

#[test]
fn endpoints_of_the_environment_are_used() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = bench.configuration(
        "resource \"dataplane_bucket\" \"this\" {\n  name = \"environment\"\n}\n\n\
         resource \"dataplane_log_group\" \"this\" {\n  name = \"/environment\"\n}\n",
    )?;
    terraform.write(
        "provider.tf",
        &format!(
            "terraform {{\n  required_providers {{\n    dataplane = {{ source = \"dataplane/dataplane\" }}\n  }}\n}}\n\n\
             provider \"dataplane\" {{\n  owner = \"{OWNER}\"\n  aws   = {{ region = \"{}\" }}\n}}\n",
            bench.account.region
        ),
    )?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    bench
        .account
        .call("s3", "head_bucket", &json!({ "Bucket": "environment" }))
        .context("the bucket went elsewhere")?;
    let groups = bench
        .account
        .call("logs", "describe_log_groups", &json!({}))?;
    ensure!(
        groups["logGroups"][0]["logGroupName"] == "/environment",
        "the log group went elsewhere: {groups}"
    );
    terraform.destroy().map(drop)
}
