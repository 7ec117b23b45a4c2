//! Tags of resources: ours are kept as they should be, and those that Azure Policy or somebody else adds are left alone.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::bench::Bench;

/// What is changed at the tags of a resource, as Azure Policy does it.
fn tag(bench: &Bench, resource: &str, operation: &str, tags: &Value) -> Result<()> {
    let scope = format!("{}/providers/{resource}", bench.subscription.scope());
    let parameters = json!({ "operation": operation, "properties": { "tags": tags } });
    let asked = json!({ "scope": scope, "parameters": parameters });
    bench
        .owner()
        .call("resource", "tags.update_at_scope", &asked)
        .map(drop)
}

fn tags(bench: &Bench, resource: &str) -> Result<Value> {
    let scope = format!("{}/providers/{resource}", bench.subscription.scope());
    let found = bench
        .owner()
        .call("resource", "tags.get_at_scope", &json!({ "scope": scope }))?;
    Ok(found["properties"]["tags"].clone())
}

const RESOURCES: [&str; 2] = [
    "Microsoft.OperationalInsights/workspaces/tagged-logs",
    "Microsoft.ManagedIdentity/userAssignedIdentities/tagged",
];

fn configuration(tags: &str) -> String {
    format!(
        "resource \"dataplane_log_group\" \"this\" {{
  name = \"tagged-logs\"
  tags = {tags}
}}

resource \"dataplane_role\" \"this\" {{
  name     = \"tagged\"
  profile  = \"admin\"
  logs     = [dataplane_log_group.this.name]
  trust    = {{ azure = {{ issuer = \"https://oidc.example.test/tagged\" }} }}
  subjects = [{{ namespace = \"a\", service_account = \"default\" }}]
  tags     = {tags}
}}
"
    )
}

#[test]
fn what_others_add_stays_and_what_is_ours_is_mended() -> Result<()> {
    let bench = Bench::azure()?;
    let terraform = bench.configuration(&configuration(r#"{ team = "a", old = "x" }"#))?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    for resource in RESOURCES {
        tag(&bench, resource, "Merge", &json!({ "CostCenter": "7" }))?;
    }
    terraform
        .plan()?
        .assert_empty("the plan after a policy added a tag")?;

    for resource in RESOURCES {
        tag(&bench, resource, "Merge", &json!({ "team": "b" }))?;
        tag(
            &bench,
            resource,
            "Delete",
            &json!({ "dataplane:owner": "" }),
        )?;
    }
    let planned = terraform.plan()?.changes();
    ensure!(planned.len() == 2, "{planned:?}");
    terraform.apply_then_empty_plan()?;

    terraform.write("main.tf", &configuration(r#"{ team = "a" }"#))?;
    terraform.apply_then_empty_plan()?;
    for resource in RESOURCES {
        let found = tags(&bench, resource)?;
        ensure!(
            found["CostCenter"] == "7" && found["team"] == "a" && found["old"].is_null(),
            "{resource}: {found}"
        );
        ensure!(found["dataplane:owner"].is_string(), "{resource}: {found}");
    }
    terraform.destroy().map(drop)
}

/// Nothing of others is planned to go by an import, whose state has no tags yet. What is written down is ours from then on.
#[test]
fn an_import_leaves_what_others_added() -> Result<()> {
    let bench = Bench::azure()?;
    let terraform = bench.configuration(&configuration(r#"{ team = "a" }"#))?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    for resource in RESOURCES {
        tag(&bench, resource, "Merge", &json!({ "CostCenter": "7" }))?;
    }
    for (address, id) in [
        ("dataplane_role.this", "tagged"),
        ("dataplane_log_group.this", "tagged-logs"),
    ] {
        terraform.succeed(&["state", "rm", address])?;
        terraform.import(address, id)?;
    }
    let plan = terraform.plan()?;
    let changes = plan.json["resource_changes"].as_array();
    for change in changes.into_iter().flatten() {
        let (before, after) = (&change["change"]["before"], &change["change"]["after"]);
        ensure!(before["tags"].is_null(), "{before:#}");
        ensure!(
            before["tags_all"]["dataplane:owner"].is_string(),
            "{before:#}"
        );
        ensure!(after["tags_all"]["team"] == "a", "{after:#}");
    }
    let whole = plan.json["resource_changes"].to_string();
    ensure!(!whole.contains("CostCenter"), "{whole}");
    bench.subscription.take_calls()?;
    terraform.apply_then_empty_plan()?;
    let wrote = written(&bench)?;
    ensure!(wrote.is_empty(), "all was there already: {wrote:?}");
    for resource in RESOURCES {
        let found = tags(&bench, resource)?;
        ensure!(
            found["CostCenter"] == "7" && found["team"] == "a",
            "{found}"
        );
    }

    let taken = configuration(r#"{ team = "a", CostCenter = "7" }"#);
    terraform.write("main.tf", &taken)?;
    terraform.apply_then_empty_plan()?;
    let wrote = written(&bench)?;
    ensure!(wrote.is_empty(), "all was there already: {wrote:?}");
    for resource in RESOURCES {
        tag(&bench, resource, "Merge", &json!({ "CostCenter": "8" }))?;
    }
    let planned = terraform.plan()?.changes();
    ensure!(
        planned.len() == 2,
        "what is written down is mended: {planned:?}"
    );
    terraform.apply_then_empty_plan()?;
    for resource in RESOURCES {
        let found = tags(&bench, resource)?;
        ensure!(found["CostCenter"] == "7", "{found}");
    }
    terraform.destroy().map(drop)
}

/// What was changed since the calls were last taken.
fn written(bench: &Bench) -> Result<Vec<String>> {
    let calls = bench.subscription.take_calls()?.into_iter();
    let written = calls.filter(|call| call.method != "GET" && call.operation != "token");
    Ok(written.map(|call| format!("{call:?}")).collect())
}
