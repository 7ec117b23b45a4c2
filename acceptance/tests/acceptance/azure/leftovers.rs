//! What somebody leaves behind who deletes an identity: told as soon as Terraform drops it, and what is told to do about it does it.

use acceptance::terraform::Terraform;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::bench::Bench;

const CONFIGURATION: &str = "resource \"dataplane_role\" \"this\" {
  name     = \"leavers\"
  profile  = \"user\"
  buckets  = { data = { id = \"leaversdata/data\" } }
  trust    = { azure = { issuer = \"https://oidc.example.test/leavers\" } }
  subjects = [{ namespace = \"a\", service_account = \"default\" }]
}
";

fn roles(bench: &Bench) -> Result<usize> {
    let asked = json!({ "scope": bench.subscription.scope(), "filter": "type eq 'CustomRole'" });
    let found = bench
        .owner()
        .call("authorization", "role_definitions.list", &asked)?;
    found.as_array().map(Vec::len).context("a list")
}

fn delete_identity(bench: &Bench) -> Result<Value> {
    let identity = json!({ "resource_name": "leavers" });
    bench.call("msi", "user_assigned_identities.delete", identity)
}

/// What a command prints, without the lines that Terraform breaks it into. A destroy keeps the warnings of its refresh to itself.
fn printed(terraform: &Terraform, command: &str) -> Result<String> {
    let printed = terraform.succeed(&[command, "-no-color"])?;
    let words = printed.split_whitespace().filter(|word| *word != "│");
    Ok(words.collect::<Vec<_>>().join(" "))
}

#[test]
fn a_plan_after_somebody_deleted_the_identity_tells_what_is_left() -> Result<()> {
    let bench = Bench::azure()?;
    let terraform = bench.configuration(CONFIGURATION)?;
    terraform.init()?;
    bench.make_account("leaversdata")?;
    terraform.apply()?;
    delete_identity(&bench)?;
    let planned = printed(&terraform, "plan")?;
    let told = [
        "Warning: role leavers is gone, and not all that belonged to it",
        "the custom role \"dataplane leavers in",
        "`terraform destroy -refresh=false` removes them",
    ];
    for part in told {
        ensure!(planned.contains(part), "{part:?} is not in: {planned}");
    }
    terraform.destroy()?;
    assert_eq!(roles(&bench)?, 1, "nothing of Terraform's came by here");

    terraform.apply()?;
    delete_identity(&bench)?;
    let applied = terraform.apply()?;
    let told = "role leavers is gone, and not all that belonged to it";
    ensure!(applied.contains(told), "{applied}");
    terraform
        .plan()?
        .assert_empty("the plan after it was made again")?;
    terraform.destroy()?;
    assert_eq!(roles(&bench)?, 0);

    terraform.apply()?;
    delete_identity(&bench)?;
    printed(&terraform, "plan")?;
    terraform.succeed(&["destroy", "-auto-approve", "-refresh=false"])?;
    assert_eq!(roles(&bench)?, 0);
    Ok(())
}
