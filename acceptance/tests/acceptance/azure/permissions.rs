//! Whoever runs Terraform needs what `dataplane_permissions` prints, and no more: somebody with exactly that role does all.

use acceptance::azure::Caller;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::bench::Bench;

/// The role that is printed for whoever manages these.
fn printed(bench: &Bench, resource: &str) -> Result<Value> {
    let terraform = bench.configuration(&format!(
        "data \"dataplane_permissions\" \"this\" {{}}\n\noutput \"role\" {{\n  value = data.dataplane_permissions.this.by_resource[\"{resource}\"]\n}}\n"
    ))?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let role = terraform.output("role")?;
    let role = role.as_str().context("a role definition")?;
    Ok(serde_json::from_str(role)?)
}

fn texts(list: &Value) -> Result<Vec<String>> {
    let list = list
        .as_array()
        .with_context(|| format!("no list: {list}"))?;
    Ok(list
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect())
}

/// Somebody with the roles that are printed for these resources.
fn somebody(bench: &Bench, resources: &[&str]) -> Result<Caller> {
    let (mut actions, mut data_actions) = (Vec::new(), Vec::new());
    for resource in resources {
        let role = printed(bench, resource)?;
        actions.extend(texts(&role["Actions"])?);
        data_actions.extend(texts(&role["DataActions"])?);
    }
    ensure!(
        actions.iter().all(|action| !action.contains('*')),
        "{actions:?}"
    );
    bench
        .subscription
        .person("runner", &actions, &data_actions, &[""; 0])
}

/// Applied, read, and destroyed as somebody who may do nothing else.
fn runs(resources: &[&str], example: &str, vault: bool) -> Result<()> {
    let bench = Bench::azure()?;
    if vault {
        bench.make_vault("acme-vault")?;
    }
    let runner = somebody(&bench, resources)?;
    let terraform = bench.example_as(&runner, &format!("resources/{example}/azure"))?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    terraform.destroy().map(drop)
}

#[test]
fn a_bucket_takes_what_is_printed_for_buckets() -> Result<()> {
    runs(&["bucket"], "dataplane_bucket", false)
}

#[test]
fn a_log_group_takes_what_is_printed_for_log_groups() -> Result<()> {
    runs(&["log_group"], "dataplane_log_group", false)
}

#[test]
fn a_registry_takes_what_is_printed_for_registries() -> Result<()> {
    runs(&["registry"], "dataplane_registry", false)
}

#[test]
fn a_role_on_a_bucket_takes_what_is_printed_for_both() -> Result<()> {
    runs(&["bucket", "role"], "dataplane_role", false)
}

/// Applied, read and destroyed, and others are let in, as somebody who may do nothing else.
#[test]
fn private_services_and_endpoints_take_what_is_printed_for_each() -> Result<()> {
    for (resource, example) in [
        ("private_service", "dataplane_private_service"),
        ("private_endpoint", "dataplane_private_endpoint"),
    ] {
        let bench = Bench::connected()?;
        let runner = somebody(&bench, &[resource])?;
        let terraform = bench.example_as(&runner, &format!("resources/{example}/azure"))?;
        terraform.init()?;
        terraform.apply_then_empty_plan()?;
        terraform.destroy()?;
        bench.subscription.assert_nothing_private_left()?;
    }
    Ok(())
}

#[test]
fn a_secret_takes_what_is_printed_for_secrets() -> Result<()> {
    runs(&["secret"], "dataplane_secret", true)
}

/// Everything is printed by `policy`, a part by `by_resource`, and what pods get by `profiles`.
#[test]
fn the_example_prints_roles_for_people_and_for_pods() -> Result<()> {
    let bench = Bench::azure()?;
    let terraform = bench.example("data-sources/dataplane_permissions/azure")?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let document = |printed: &Value| -> Result<Value> {
        let text = printed.as_str().context("a document")?;
        Ok(serde_json::from_str(text)?)
    };
    let runner = document(&terraform.output("runner")?)?;
    let buckets = document(&terraform.output("buckets_only")?)?;
    let (all, part) = (texts(&runner["Actions"])?, texts(&buckets["Actions"])?);
    let has = |list: &[String], action: &str| list.iter().any(|one| one == action);
    let registry = "Microsoft.ContainerRegistry/registries/write";
    ensure!(
        has(&all, registry) && !has(&part, registry),
        "{all:?} {part:?}"
    );
    ensure!(part.iter().all(|action| has(&all, action)), "{part:?}");
    let profiles = terraform.output("roles")?;
    let names: Vec<&String> = profiles.as_object().context("an object")?.keys().collect();
    // No role of Azure writes logs by itself.
    assert_eq!(names, ["admin", "builder", "user"]);
    let (user, builder) = (
        profiles["user"].to_string(),
        profiles["builder"].to_string(),
    );
    ensure!(
        user.contains("acmeprodmeta")
            && user.contains("acmeprodfast")
            && !user.contains("registries"),
        "{user}"
    );
    ensure!(
        builder.contains("acmeprodtasks") && !builder.contains("acmeprodmeta"),
        "{builder}"
    );

    let (actions, data_actions) = (all, texts(&runner["DataActions"])?);
    let person = bench
        .subscription
        .person("runner", &actions, &data_actions, &[""; 0])?;
    for example in ["dataplane_registry", "dataplane_role"] {
        let terraform = bench.example_as(&person, &format!("resources/{example}/azure"))?;
        terraform.init()?;
        terraform.apply_then_empty_plan()?;
        terraform.destroy()?;
    }
    Ok(())
}

#[test]
fn what_is_printed_for_one_does_not_make_another() -> Result<()> {
    let bench = Bench::azure()?;
    let runner = somebody(&bench, &["bucket"])?;
    let terraform = bench.example_as(&runner, "resources/dataplane_registry/azure")?;
    terraform.init()?;
    let said = terraform.diagnostics("apply")?;
    let [one] = &said[..] else {
        anyhow::bail!("not one error: {said:#?}")
    };
    ensure!(
        one.detail
            .contains("Microsoft.ContainerRegistry/registries/read"),
        "{one:#?}"
    );
    Ok(())
}
