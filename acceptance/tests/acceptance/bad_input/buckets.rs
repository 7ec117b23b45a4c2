//! A bucket that exists already: continued when it is our own half-made one, else named with its marks and the import block.

use acceptance::aws::Account;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{Expected, refuses};
use crate::bench::Bench;

/// A bucket made by hand, with these tags.
fn make(account: &Account, name: &str, region: &str, tags: &[(&str, &str)]) -> Result<()> {
    let mut account = account.clone();
    region.clone_into(&mut account.region);
    let parameters = json!({
        "Bucket": name, "CreateBucketConfiguration": { "LocationConstraint": region },
    });
    account.call("s3", "create_bucket", &parameters)?;
    if !tags.is_empty() {
        let tags: Vec<Value> = tags
            .iter()
            .map(|(key, value)| json!({ "Key": key, "Value": value }))
            .collect();
        let tagging = json!({ "Bucket": name, "Tagging": { "TagSet": tags } });
        account.call("s3", "put_bucket_tagging", &tagging)?;
    }
    Ok(())
}

fn tags(account: &Account, name: &str) -> Result<Value> {
    let found = account.call("s3", "get_bucket_tagging", &json!({ "Bucket": name }));
    Ok(found.map_or(json!([]), |mut found| found["TagSet"].take()))
}

#[test]
fn that_exists_is_never_stolen() -> Result<()> {
    let bench = Bench::aws()?;
    let ours = |name| format!("dataplane_bucket/{name}");
    let another = Account::new(&bench.front);
    make(
        &bench.account,
        "taken-ours",
        &bench.account.region,
        &[
            ("dataplane:owner", "acceptance"),
            ("dataplane:resource", &ours("taken-ours")),
        ],
    )?;
    make(
        &bench.account,
        "taken-owner",
        &bench.account.region,
        &[
            ("dataplane:owner", "somebody"),
            ("dataplane:resource", &ours("taken-owner")),
        ],
    )?;
    make(
        &bench.account,
        "taken-making",
        &bench.account.region,
        &[
            ("dataplane:owner", "somebody"),
            ("dataplane:resource", &ours("taken-making")),
            ("dataplane:creating", "true"),
        ],
    )?;
    make(
        &bench.account,
        "taken-resource",
        &bench.account.region,
        &[
            ("dataplane:owner", "acceptance"),
            ("dataplane:resource", "dataplane_bucket/other"),
            ("dataplane:creating", "true"),
        ],
    )?;
    make(&bench.account, "taken-unmarked", &bench.account.region, &[])?;
    make(
        &bench.account,
        "taken-region",
        "eu-central-1",
        &[
            ("dataplane:owner", "acceptance"),
            ("dataplane:resource", &ours("taken-region")),
            ("dataplane:creating", "true"),
        ],
    )?;
    make(&another, "taken-account", &another.region, &[])?;
    let expected = [
        (
            "ours",
            "It carries this owner's mark, \"acceptance\", and is complete",
        ),
        (
            "owner",
            "It carries the mark of the owner \"somebody\"; this configuration's owner is \"acceptance\"",
        ),
        (
            "making",
            "It carries the mark of the owner \"somebody\", which is still making it",
        ),
        (
            "resource",
            "was made as dataplane_bucket/other, not as dataplane_bucket/taken-resource",
        ),
        ("unmarked", "It carries no mark of this provider"),
        (
            "region",
            "It lies in eu-central-1, and new buckets are made in eu-west-1",
        ),
        ("account", "It belongs to another account"),
    ];
    let mut configuration = String::new();
    let mut refusals = Vec::new();
    let mut before = Vec::new();
    for (case, whose) in expected {
        let name = format!("taken-{case}");
        configuration +=
            &format!("resource \"dataplane_bucket\" \"{case}\" {{\n  name = \"{name}\"\n}}\n");
        let exists = format!("the bucket {name} exists already");
        let block = format!("import {{\n    to = dataplane_bucket.this\n    id = \"{name}\"\n  }}");
        let mut says = vec![exists.as_str(), whose, "Nothing was changed"];
        if case != "account" {
            says.push(&block);
        }
        refusals.push(Expected::at(&format!("dataplane_bucket.{case}"), &says));
        before.push(tags(&bench.account, &name)?);
    }
    let terraform = bench.configuration(&configuration)?;
    terraform.init()?;
    refuses(&terraform, "apply", &refusals)?;
    ensure!(
        terraform.state()?["values"] == Value::Null,
        "what others made is in the state"
    );
    for ((case, _), before) in expected.iter().zip(before) {
        assert_eq!(
            tags(&bench.account, &format!("taken-{case}"))?,
            before,
            "{case}"
        );
    }
    Ok(())
}

#[test]
fn that_a_killed_apply_left_half_made_is_continued() -> Result<()> {
    let bench = Bench::aws()?;
    let marks = [
        ("dataplane:owner", "acceptance"),
        ("dataplane:resource", "dataplane_bucket/half-made"),
        ("dataplane:creating", "true"),
    ];
    make(&bench.account, "half-made", &bench.account.region, &marks)?;
    let terraform = bench
        .configuration("resource \"dataplane_bucket\" \"this\" {\n  name = \"half-made\"\n}\n")?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let versioning = bench.account.call(
        "s3",
        "get_bucket_versioning",
        &json!({ "Bucket": "half-made" }),
    )?;
    assert_eq!(versioning["Status"], "Enabled");
    let tags = tags(&bench.account, "half-made")?.to_string();
    ensure!(
        tags.contains("dataplane:owner") && !tags.contains("creating"),
        "{tags}"
    );
    Ok(())
}

#[test]
fn the_import_block_that_the_error_shows_takes_it_over() -> Result<()> {
    let bench = Bench::aws()?;
    make(&bench.account, "by-hand", &bench.account.region, &[])?;
    let terraform = bench
        .configuration("resource \"dataplane_bucket\" \"this\" {\n  name = \"by-hand\"\n}\n")?;
    terraform.init()?;
    let refused = terraform.diagnostics("apply")?;
    let (_, block) = refused[0]
        .detail
        .split_once("import it:")
        .unwrap_or_default();
    let (block, _) = block.split_once("\n\nwith").unwrap_or_default();
    terraform.write("import.tf", block)?;
    terraform.apply_then_empty_plan()
}
