//! Roles whose identity somebody deleted: Azure keeps what it was given, for a principal that is nobody any more. What is left is looked
//! up by Microsoft's clients, never by our code.

use std::collections::BTreeSet;

use acceptance::{azure::LOCATION, terraform::Terraform};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::bench::Bench;

/// Where the vault is, which is not ours.
const ELSEWHERE: &str = "acme-keys";

/// Two roles, with rights at the same scopes.
const ROLES: [&str; 2] = ["writers", "others"];

fn configuration() -> String {
    let role = |name: &str| {
        format!(
            "resource \"dataplane_role\" \"{name}\" {{
  name     = \"{name}\"
  profile  = \"admin\"
  buckets  = {{ data = {{ id = \"goneroles/data\" }} }}
  logs     = [\"gone-roles\"]
  secrets  = \"gone-roles/\"
  trust    = {{ azure = {{ issuer = \"https://oidc.example.test/gone\" }} }}
  subjects = [{{ namespace = \"a\", service_account = \"default\" }}]
}}
"
        )
    };
    let group = "resource \"dataplane_log_group\" \"this\" {\n  name = \"gone-roles\"\n}\n\n";
    format!("{group}{}\n{}", role(ROLES[0]), role(ROLES[1]))
        .replace("[\"gone-roles\"]", "[dataplane_log_group.this.name]")
}

/// The roles, applied, on a bucket of somebody else's and a vault in another resource group.
fn applied() -> Result<(Bench, Terraform)> {
    let bench = Bench::azure()?;
    bench.make_account("goneroles")?;
    let group = json!({ "resource_group_name": ELSEWHERE, "parameters": { "location": LOCATION } });
    let owner = bench.owner();
    owner.call("resource", "resource_groups.create_or_update", &group)?;
    bench.make_vault_in(ELSEWHERE, "gone-roles")?;
    let terraform = bench.configuration(&configuration())?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    Ok((bench, terraform))
}

fn principal(bench: &Bench, role: &str) -> Result<String> {
    let identity = json!({ "resource_name": role });
    let found = bench.call("msi", "user_assigned_identities.get", identity)?;
    let principal = found["principal_id"].as_str().map(str::to_owned);
    principal.with_context(|| format!("the principal of {found}"))
}

/// The scopes at which a principal has something.
fn held(bench: &Bench, principal: &str) -> Result<BTreeSet<String>> {
    let all = bench.owner().call(
        "authorization",
        "role_assignments.list_for_subscription",
        &json!({}),
    )?;
    let all = all.as_array().context("a list")?.iter();
    let own = all.filter(|one| one["principal_id"] == principal);
    let scopes = own.map(|one| one["scope"].as_str().map(str::to_lowercase));
    scopes
        .collect::<Option<_>>()
        .context("an assignment without a scope")
}

/// The names of the custom roles of the subscription.
fn defined(bench: &Bench) -> Result<Vec<Value>> {
    let asked = json!({ "scope": bench.subscription.scope(), "filter": "type eq 'CustomRole'" });
    let owner = bench.owner();
    let found = owner.call("authorization", "role_definitions.list", &asked)?;
    let found = found.as_array().context("a list")?.iter();
    Ok(found.map(|one| one["role_name"].clone()).collect())
}

fn delete_identity(bench: &Bench, role: &str) -> Result<()> {
    let identity = json!({ "resource_name": role });
    bench
        .call("msi", "user_assigned_identities.delete", identity)
        .map(drop)
}

/// Refresh is off, so that the state still has what somebody deleted.
#[test]
fn a_destroy_takes_back_what_an_identity_had_that_somebody_deleted() -> Result<()> {
    let (bench, terraform) = applied()?;
    let (gone, other) = (principal(&bench, ROLES[0])?, principal(&bench, ROLES[1])?);
    let had = held(&bench, &gone)?;
    ensure!(had.len() == 4 && had == held(&bench, &other)?, "{had:?}");
    ensure!(
        had.iter().any(|scope| scope.contains(ELSEWHERE)),
        "nothing outside of the resource group: {had:?}"
    );
    ensure!(defined(&bench)?.len() == 2, "{:?}", defined(&bench)?);
    delete_identity(&bench, ROLES[0])?;
    ensure!(held(&bench, &gone)? == had, "Azure keeps what it had");
    terraform.succeed(&[
        "destroy",
        "-auto-approve",
        "-refresh=false",
        "-target=dataplane_role.writers",
    ])?;
    ensure!(
        held(&bench, &gone)?.is_empty(),
        "{:?}",
        held(&bench, &gone)?
    );
    ensure!(held(&bench, &other)? == had, "another role lost rights");
    let [left] = &defined(&bench)?[..] else {
        anyhow::bail!("not the other's role alone: {:?}", defined(&bench)?)
    };
    ensure!(left.to_string().contains(ROLES[1]), "{left}");
    terraform.destroy()?;
    ensure!(held(&bench, &other)?.is_empty(), "destroy left something");
    ensure!(defined(&bench)?.is_empty(), "{:?}", defined(&bench)?);
    Ok(())
}

#[test]
fn a_role_that_is_made_again_leaves_nothing_to_the_identity_that_is_gone() -> Result<()> {
    let (bench, terraform) = applied()?;
    let gone = principal(&bench, ROLES[0])?;
    let had = held(&bench, &gone)?;
    delete_identity(&bench, ROLES[0])?;
    terraform.apply_then_empty_plan()?;
    let now = principal(&bench, ROLES[0])?;
    ensure!(now != gone, "the same principal");
    ensure!(
        held(&bench, &gone)?.is_empty(),
        "{:?}",
        held(&bench, &gone)?
    );
    for principal in [now, principal(&bench, ROLES[1])?] {
        let has = held(&bench, &principal)?;
        ensure!(has == had, "{has:?}");
    }
    terraform.destroy().map(drop)
}
