//! Key vaults, which are somebody else's: often made by the same apply as what may use them.

use acceptance::azure::LOCATION;
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::bench::Bench;

#[test]
fn a_vault_is_made_in_the_same_apply_as_a_role_on_it() -> Result<()> {
    let bench = Bench::azure()?;
    let terraform = bench.configuration(
        "resource \"dataplane_role\" \"this\" {
  name     = \"early\"
  profile  = \"admin\"
  secrets  = \"early-vault/\"
  trust    = { azure = { issuer = \"https://oidc.example.test/early\" } }
  subjects = [{ namespace = \"a\", service_account = \"default\" }]
}
",
    )?;
    terraform.init()?;
    let plan = terraform.plan()?;
    let unknown = &plan.json["resource_changes"][0]["change"]["after_unknown"]["policy"];
    ensure!(*unknown == json!(true), "{unknown}");
    let said = terraform.diagnostics("apply")?;
    ensure!(
        said.iter()
            .any(|one| one.detail.contains("no key vault of this name")),
        "{said:#?}"
    );
    let made = bench.names("msi", "user_assigned_identities.list_by_resource_group")?;
    ensure!(made.is_empty(), "made before its vault: {made:?}");
    bench.make_vault("early-vault")?;
    terraform.apply_then_empty_plan()?;
    terraform.destroy().map(drop)
}

/// Who may do everything in our resource group, and sees nothing of the one where the vault is.
#[test]
fn a_role_stays_as_long_as_its_rights_on_a_vault_cannot_be_seen() -> Result<()> {
    const ELSEWHERE: &str = "acme-keys";
    let bench = Bench::azure()?;
    let group = json!({ "resource_group_name": ELSEWHERE, "parameters": { "location": LOCATION } });
    let owner = bench.owner();
    owner.call("resource", "resource_groups.create_or_update", &group)?;
    bench.make_vault_in(ELSEWHERE, "far-vault")?;
    let role = "resource \"dataplane_role\" \"this\" {
  name     = \"far\"
  profile  = \"admin\"
  secrets  = \"far-vault/\"
  trust    = { azure = { issuer = \"https://oidc.example.test/far\" } }
  subjects = [{ namespace = \"a\", service_account = \"default\" }]
}
";
    let terraform = bench.configuration(role)?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let assigned = || -> Result<usize> {
        let all = owner.call(
            "authorization",
            "role_assignments.list_for_resource_group",
            &json!({ "resource_group_name": ELSEWHERE }),
        )?;
        let all = all.as_array().context("a list")?.iter();
        let there = all.filter(|one| {
            let scope = one["scope"].as_str().unwrap_or_default();
            scope.ends_with("/far-vault")
        });
        Ok(there.count())
    };
    ensure!(assigned()? == 1, "{}", assigned()?);

    let narrow =
        bench
            .subscription
            .person("narrow", &["*"], &[""; 0], &[bench.subscription.scope()])?;
    let theirs = bench.configuration_as(&narrow, role)?;
    let state = std::fs::read_to_string(terraform.directory().join("terraform.tfstate"))?;
    theirs.write("terraform.tfstate", &state)?;
    theirs.init()?;
    theirs.write("main.tf", "")?;
    let said = theirs.diagnostics("apply")?;
    ensure!(
        said.iter().any(|one| {
            let parts = [
                "far-vault",
                "not taken for gone",
                "Microsoft.KeyVault/vaults/read",
            ];
            parts.iter().all(|part| one.detail.contains(part))
        }),
        "{said:#?}"
    );
    let identity = json!({ "resource_name": "far" });
    let there = bench.finds("msi", "user_assigned_identities.get", identity)?;
    ensure!(there && assigned()? == 1, "something went: {there}");

    terraform.destroy()?;
    ensure!(assigned()? == 0, "{}", assigned()?);
    Ok(())
}
