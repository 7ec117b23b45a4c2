//! What Azure does not take is underlined in the plan, before the first call: no subscription is there at all.

mod buckets;
mod cases;
mod private;
mod providers;

use acceptance::terraform::Terraform;
use anyhow::Result;

use self::cases::{BLOCKS, Case, OF_BUCKETS, OF_NO_CLOUD, OF_ROLES, OF_STORES, usual};
use self::private::OF_PRIVATE_LINK;
use super::bench::Bench;
use crate::bad_input::{self, Expected, refuses};

const PROVIDER: &str = r#"terraform {
  required_providers {
    dataplane = { source = "dataplane/dataplane" }
  }
}

provider "dataplane" {
  owner = "acceptance"
  azure = {
    subscription_id = "0a2b4c6d-0000-4000-8000-000000000001"
    resource_group  = "acme"
    location        = "westeurope"
  }
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
    blocks.push(
        "resource \"dataplane_secret\" \"no_value\" {\n  name = \"acme-vault/token\"\n  value_wo_version = 1\n}\n"
            .to_owned(),
    );
    let says = ["a version without a value", "set both or neither"];
    expected.push(Expected::at("dataplane_secret.no_value", &says).under("1"));
    assert_refused("validate", &blocks, &expected)
}

#[test]
fn names_of_containers_that_no_cloud_takes_are_refused_with_the_rule() -> Result<()> {
    bad_input::names_of_no_cloud(PROVIDER)
}

#[test]
fn what_no_cluster_takes_is_refused_beside_azure_as_well() -> Result<()> {
    bad_input::arguments_of_clusters(PROVIDER)
}

#[test]
fn what_azure_does_not_take_is_underlined_in_the_plan() -> Result<()> {
    let (mut blocks, mut expected) = wrong(&[OF_BUCKETS, OF_ROLES, OF_STORES, OF_PRIVATE_LINK]);
    for (resource, name, arguments, says, underlined) in BLOCKS {
        blocks.push(format!(
            "resource \"{resource}\" \"{name}\" {{\n{arguments}\n}}\n"
        ));
        let error = Expected::at(&format!("{resource}.{name}"), says);
        expected.push(match underlined {
            Some(source) => error.under(source),
            None => error,
        });
    }
    assert_refused("plan", &blocks, &expected)
}

#[test]
fn a_subscription_that_is_not_allowed_is_left_alone() -> Result<()> {
    let bench = Bench::azure()?;
    let terraform = bench
        .configuration("resource \"dataplane_registry\" \"this\" {\n  name = \"elsewhere\"\n}\n")?;
    let other = "99999999-0000-4000-8000-000000000001";
    let allowed = format!("allowed_subscriptions = [\"{other}\"]");
    terraform.write("provider.tf", &bench.provider(&allowed))?;
    terraform.init()?;
    let says = ["elsewhere", other, &bench.subscription.id];
    refuses(
        &terraform,
        "apply",
        &[Expected::at("dataplane_registry.this", &says)],
    )?;
    let writes = bench.subscription.take_calls()?;
    assert_eq!(
        writes
            .iter()
            .filter(|call| call.method != "GET" && call.operation != "token")
            .count(),
        0
    );
    Ok(())
}
