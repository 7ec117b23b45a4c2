//! Key vaults, which are somebody else's: often made by the same apply as what may use them.

use anyhow::{Result, ensure};
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
    bench.make_vault("early-vault")?;
    terraform.apply_then_empty_plan()?;
    terraform.destroy().map(drop)
}
