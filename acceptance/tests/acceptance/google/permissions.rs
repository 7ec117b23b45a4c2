//! Whoever runs Terraform needs what `dataplane_permissions` prints, and no more: somebody with exactly that role does all.

use acceptance::google::Caller;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::bench::Bench;

/// The permissions that are printed for whoever manages these.
fn printed(bench: &Bench, resources: &[&str]) -> Result<Vec<String>> {
    let outputs = resources.iter().map(|resource| {
        format!(
            "output \"{resource}\" {{\n  value = data.dataplane_permissions.this.by_resource[\"{resource}\"]\n}}\n"
        )
    });
    let outputs: String = ["data \"dataplane_permissions\" \"this\" {}\n".to_owned()]
        .into_iter()
        .chain(outputs)
        .collect();
    let terraform = bench.configuration(&outputs)?;
    terraform.apply_then_empty_plan()?;
    let mut permissions = Vec::new();
    for resource in resources {
        let role = terraform.output(resource)?;
        let role: Value = serde_json::from_str(role.as_str().context("a role")?)?;
        let listed = find(&role).with_context(|| format!("no permissions in {role:#}"))?;
        permissions.extend(listed.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    permissions.sort();
    permissions.dedup();
    ensure!(
        !permissions
            .iter()
            .any(|permission| permission.contains('*')),
        "{permissions:?}"
    );
    Ok(permissions)
}

/// The list of a custom role, wherever it stands in the document.
fn find(document: &Value) -> Option<&Vec<Value>> {
    match document {
        Value::Object(fields) => match fields.get("includedPermissions") {
            Some(list) => list.as_array(),
            None => fields.values().find_map(find),
        },
        Value::Array(items) => items.iter().find_map(find),
        _ => None,
    }
}

fn somebody(bench: &Bench, resources: &[&str]) -> Result<Caller> {
    bench.project.person("runner", &printed(bench, resources)?)
}

/// Applied, read, and destroyed as somebody who may do nothing else.
fn runs(resources: &[&str], example: &str) -> Result<()> {
    runs_in(&Bench::google()?, resources, example)
}

fn runs_in(bench: &Bench, resources: &[&str], example: &str) -> Result<()> {
    let runner = somebody(bench, resources)?;
    let terraform = bench.example_as(&runner, &format!("resources/{example}/gcp"))?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    terraform.destroy()?;
    let left = bench.inventory()?;
    ensure!(left.is_empty(), "left behind: {left:?}");
    Ok(())
}

#[test]
fn a_bucket_takes_what_is_printed_for_buckets() -> Result<()> {
    runs(&["bucket"], "dataplane_bucket")
}

#[test]
fn a_pool_takes_what_is_printed_for_identity_providers() -> Result<()> {
    runs(&["identity_provider"], "dataplane_identity_provider")
}

#[test]
fn a_log_bucket_takes_what_is_printed_for_log_groups() -> Result<()> {
    runs(&["log_group"], "dataplane_log_group")
}

#[test]
fn a_repository_takes_what_is_printed_for_registries() -> Result<()> {
    runs(&["registry"], "dataplane_registry")
}

#[test]
fn a_role_on_a_bucket_takes_what_is_printed_for_both() -> Result<()> {
    runs(&["bucket", "role"], "dataplane_role")
}

#[test]
fn a_secret_takes_what_is_printed_for_secrets() -> Result<()> {
    runs(&["secret"], "dataplane_secret")
}

#[test]
fn an_attachment_takes_what_is_printed_for_private_services() -> Result<()> {
    let bench = Bench::connected()?;
    runs_in(&bench, &["private_service"], "dataplane_private_service")
}

#[test]
fn an_endpoint_takes_what_is_printed_for_private_endpoints() -> Result<()> {
    let bench = Bench::connected()?;
    runs_in(&bench, &["private_endpoint"], "dataplane_private_endpoint")
}

/// Everything is printed by `policy`, a part by `by_resource`, and what pods get by `profiles`.
#[test]
fn the_example_prints_roles_for_people_and_for_pods() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = bench.example("data-sources/dataplane_permissions/gcp")?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let permissions = |output: &str| -> Result<Vec<String>> {
        let printed = terraform.output(output)?;
        let role: Value = serde_json::from_str(printed.as_str().context("a role")?)?;
        let listed = find(&role).with_context(|| format!("no permissions in {role:#}"))?;
        let texts = listed.iter().filter_map(Value::as_str);
        Ok(texts.map(str::to_owned).collect())
    };
    let (all, part) = (permissions("runner")?, permissions("buckets_only")?);
    let has = |list: &[String], permission: &str| list.iter().any(|one| one == permission);
    let registry = "artifactregistry.repositories.create";
    ensure!(
        has(&all, registry) && !has(&part, registry),
        "{all:?} {part:?}"
    );
    ensure!(part.iter().all(|one| has(&all, one)), "{part:?}");
    let profiles = terraform.output("roles")?;
    let names: Vec<&String> = profiles.as_object().context("an object")?.keys().collect();
    assert_eq!(names, ["admin", "user"]);
    let (user, admin) = (profiles["user"].to_string(), profiles["admin"].to_string());
    for bucket in ["acme-prod-metadata", "acme-prod-fast-registration"] {
        ensure!(user.contains(bucket), "no {bucket}: {user}");
    }
    ensure!(
        admin.contains("secretAccessor") && !user.contains("secretAccessor"),
        "{admin} {user}"
    );
    Ok(())
}

#[test]
fn what_is_printed_for_one_does_not_make_another() -> Result<()> {
    let bench = Bench::google()?;
    let runner = somebody(&bench, &["bucket"])?;
    let terraform = bench.example_as(&runner, "resources/dataplane_registry/gcp")?;
    terraform.init()?;
    let said = terraform.diagnostics("apply")?;
    let [one] = &said[..] else {
        anyhow::bail!("not one error: {said:#?}")
    };
    ensure!(
        one.detail.contains("artifactregistry.repositories."),
        "{one:#?}"
    );
    Ok(())
}
