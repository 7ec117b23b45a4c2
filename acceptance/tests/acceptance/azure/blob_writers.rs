//! A role that writes blobs has a definition of its own on Azure, since each of Azure's that writes may delete the container, too: made,
//! shown, mended, narrowed, and taken away with what it was for.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::bench::Bench;

const EXAMPLE: &str = "resources/dataplane_role/azure";
const DELETE: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/delete";

/// The roles that somebody defined in the subscription.
fn defined(bench: &Bench) -> Result<Vec<Value>> {
    let asked = json!({ "scope": bench.subscription.scope(), "filter": "type eq 'CustomRole'" });
    let found = bench
        .owner()
        .call("authorization", "role_definitions.list", &asked)?;
    found.as_array().cloned().context("a list")
}

fn the_one(bench: &Bench) -> Result<Value> {
    let [one] = &defined(bench)?[..] else {
        anyhow::bail!("not one: {:#?}", defined(bench)?)
    };
    Ok(one.clone())
}

/// Somebody lets the role do one thing more.
fn widen(bench: &Bench) -> Result<()> {
    let found = the_one(bench)?;
    let mut actions = found["permissions"][0]["actions"].clone();
    actions
        .as_array_mut()
        .context("actions")?
        .push(DELETE.into());
    let properties = json!({
        "roleName": found["role_name"], "type": "CustomRole", "assignableScopes": found["assignable_scopes"],
        "permissions": [{ "actions": actions, "dataActions": found["permissions"][0]["data_actions"] }],
    });
    let asked = json!({
        "scope": bench.subscription.scope(), "role_definition_id": found["name"],
        "role_definition": { "properties": properties },
    });
    let owner = bench.owner();
    owner
        .call("authorization", "role_definitions.create_or_update", &asked)
        .map(drop)
}

/// The conditions of all assignments of the defined role.
fn conditions(bench: &Bench) -> Result<Vec<Value>> {
    let guid = the_one(bench)?["name"].clone();
    let guid = guid.as_str().context("a name")?;
    let all = bench.call(
        "authorization",
        "role_assignments.list_for_resource_group",
        json!({}),
    )?;
    let all = all.as_array().context("a list")?.iter();
    let of_role = all.filter(|one| {
        let role = one["role_definition_id"].as_str();
        role.is_some_and(|role| role.ends_with(guid))
    });
    Ok(of_role.map(|one| one["condition"].clone()).collect())
}

#[test]
fn it_is_made_shown_mended_narrowed_and_taken_away() -> Result<()> {
    let bench = Bench::azure()?;
    let terraform = bench.example(EXAMPLE)?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let made = the_one(&bench)?;
    ensure!(
        !made["permissions"].to_string().contains(DELETE),
        "{made:#}"
    );
    let shown = terraform.succeed(&["show", "-json"])?;
    let name = made["role_name"].as_str().context("a name")?;
    ensure!(shown.contains(name), "the policy does not show {name}");

    widen(&bench)?;
    let planned = terraform.plan()?.changes();
    let expected = ("dataplane_role.user".to_owned(), vec!["update".to_owned()]);
    ensure!(planned == [expected], "{planned:?}");
    let drift = terraform.plan_refresh_only()?.drift();
    ensure!(!drift.is_empty(), "a refresh shows nothing");
    terraform.apply_then_empty_plan()?;
    assert_eq!(the_one(&bench)?["permissions"], made["permissions"]);

    let before = conditions(&bench)?;
    terraform.edit(
        "resource.tf",
        "\"production\")]",
        "\"production\"), \"more/\"]",
    )?;
    terraform.apply_then_empty_plan()?;
    let after = conditions(&bench)?;
    ensure!(
        before.len() == after.len() && after.iter().all(|one| one.to_string().contains("more/")),
        "{before:?} {after:?}"
    );

    terraform.destroy()?;
    assert_eq!(defined(&bench)?, [Value::Null; 0]);
    Ok(())
}

#[test]
fn it_goes_with_the_last_right_to_write() -> Result<()> {
    let bench = Bench::azure()?;
    let terraform = bench.configuration(&configuration("read_write"))?;
    terraform.init()?;
    bench.make_account("writersdata")?;
    bench.subscription.set_definition_delay(2)?;
    terraform.apply_then_empty_plan()?;
    the_one(&bench)?;
    terraform.edit("main.tf", "read_write", "read")?;
    terraform.apply_then_empty_plan()?;
    assert_eq!(defined(&bench)?, [Value::Null; 0]);
    terraform.destroy().map(drop)
}

fn configuration(access: &str) -> String {
    format!(
        "resource \"dataplane_role\" \"this\" {{
  name     = \"writers\"
  profile  = \"user\"
  buckets  = {{ data = {{ id = \"writersdata/data\", access = \"{access}\" }} }}
  trust    = {{ azure = {{ issuer = \"https://oidc.example.test/writers\" }} }}
  subjects = [{{ namespace = \"a\", service_account = \"default\" }}]
}}
"
    )
}
