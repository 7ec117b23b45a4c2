//! What Google Cloud does not take is underlined in the plan, before the first call: no project is there at all.

mod cases;

use acceptance::terraform::Terraform;
use anyhow::Result;

use self::cases::{OF_BUCKETS, OF_ROLES, OF_STORES, usual};
use super::bench::{Bench, PROJECT};
use crate::bad_input::{Expected, refuses};

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

#[test]
fn what_google_does_not_take_is_underlined_in_the_plan() -> Result<()> {
    let mut configuration = vec![PROVIDER.to_owned()];
    let mut expected = Vec::new();
    let cases = OF_BUCKETS.iter().chain(OF_ROLES).chain(OF_STORES);
    for (index, (resource, argument, value, says)) in cases.enumerate() {
        let name = format!("{argument}_{index}");
        let others = usual(resource)
            .iter()
            .filter(|(other, _)| other != argument);
        let mut lines = vec![format!("resource \"{resource}\" \"{name}\" {{")];
        lines.extend(others.map(|(argument, value)| format!("  {argument} = {value}")));
        lines.push(format!("  {argument} = {value}\n}}\n"));
        configuration.push(lines.join("\n"));
        expected.push(Expected::at(&format!("{resource}.{name}"), says).under(value));
    }
    let terraform = Terraform::new()?;
    terraform.write("main.tf", &configuration.concat())?;
    terraform.init()?;
    refuses(&terraform, "plan", &expected)
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
