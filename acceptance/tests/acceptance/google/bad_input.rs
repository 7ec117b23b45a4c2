//! What Google Cloud does not take is underlined in the plan, before the first call: no project is there at all.

mod buckets;
mod cases;
mod connectivity;
mod providers;

use acceptance::terraform::Terraform;
use anyhow::Result;

use self::cases::{Case, OF_BUCKETS, OF_NO_CLOUD, OF_ROLES, OF_STORES, usual};
use self::connectivity::{OF_ENDPOINTS, OF_SERVICES};
use super::bench::{Bench, PROJECT};
use crate::bad_input::{self, Expected, refuses};

const PROVIDER: &str = r#"terraform {
  required_providers {
    dataplane = { source = "dataplane/dataplane" }
  }
}

provider "dataplane" {
  owner = "acceptance"
  gcp   = { project = "acme-prod-123456", region = "europe-west4" }
}
"#;

/// Resources each with one wrong argument, and what Terraform has to say of them.
fn wrong(cases: &[&[Case]]) -> (Vec<String>, Vec<Expected>) {
    let (mut blocks, mut expected) = (Vec::new(), Vec::new());
    for (index, (resource, argument, value, says)) in cases.iter().copied().flatten().enumerate() {
        let name = format!("{argument}_{index}");
        let others = usual(resource)
            .iter()
            .filter(|(other, _)| other != argument);
        let mut lines = vec![format!("resource \"{resource}\" \"{name}\" {{")];
        lines.extend(others.map(|(argument, value)| format!("  {argument} = {value}")));
        lines.push(format!("  {argument} = {value}\n}}\n"));
        blocks.push(lines.join("\n"));
        expected.push(Expected::at(&format!("{resource}.{name}"), says).under(value));
    }
    (blocks, expected)
}

fn assert_refused(command: &str, blocks: &[String], expected: &[Expected]) -> Result<()> {
    let terraform = Terraform::new()?;
    terraform.write("main.tf", &format!("{PROVIDER}\n{}", blocks.concat()))?;
    terraform.init()?;
    refuses(&terraform, command, expected)
}

#[test]
fn what_no_cloud_takes_is_underlined_without_a_plan() -> Result<()> {
    let (mut blocks, mut expected) = wrong(&[OF_NO_CLOUD]);
    // A value is what the usual secret has.
    let secret = "resource \"dataplane_secret\" \"no_value\" {\n  name = \"acme\"\n  value_wo_version = 1\n}\n";
    blocks.push(secret.to_owned());
    let says = ["a version without a value", "set both or neither"];
    expected.push(Expected::at("dataplane_secret.no_value", &says).under("1"));
    assert_refused("validate", &blocks, &expected)
}

#[test]
fn names_of_buckets_that_no_cloud_takes_are_refused_with_the_rule() -> Result<()> {
    bad_input::names_of_no_cloud(PROVIDER)
}

#[test]
fn what_no_cluster_takes_is_refused_beside_google_as_well() -> Result<()> {
    bad_input::arguments_of_clusters(PROVIDER)
}

#[test]
fn what_google_does_not_take_is_underlined_in_the_plan() -> Result<()> {
    let (blocks, expected) = wrong(&[OF_BUCKETS, OF_ROLES, OF_STORES]);
    assert_refused("plan", &blocks, &expected)
}

#[test]
fn what_google_does_not_connect_is_underlined_in_the_plan() -> Result<()> {
    let (blocks, expected) = wrong(&[OF_SERVICES, OF_ENDPOINTS]);
    assert_refused("plan", &blocks, &expected)
}

#[test]
fn a_secret_prefix_without_an_end_is_refused_by_any_cloud() -> Result<()> {
    let arguments = usual("dataplane_role").iter();
    let arguments: Vec<String> = arguments
        .map(|(argument, value)| format!("  {argument} = {value}"))
        .collect();
    let role = arguments.join("\n");
    let terraform = Terraform::new()?;
    let block =
        format!("resource \"dataplane_role\" \"this\" {{\n{role}\n  secrets = \"acme\"\n}}\n");
    terraform.write("main.tf", &format!("{PROVIDER}{block}"))?;
    terraform.init()?;
    let says = ["must end with \"/\"", "\"-\" or \"_\""];
    let error = Expected::at("dataplane_role.this", &says).under("\"acme\"");
    refuses(&terraform, "validate", &[error])
}

#[test]
fn a_project_that_is_not_allowed_is_left_alone() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = bench
        .configuration("resource \"dataplane_registry\" \"this\" {\n  name = \"elsewhere\"\n}\n")?;
    let allowed = "allowed_projects = [\"acme-test-123456\"]";
    terraform.write("provider.tf", &bench.provider(allowed))?;
    let says = ["elsewhere", "acme-test-123456", PROJECT];
    refuses(
        &terraform,
        "apply",
        &[Expected::at("dataplane_registry.this", &says)],
    )?;
    assert_eq!(bench.project.take_calls()?, []);
    Ok(())
}
