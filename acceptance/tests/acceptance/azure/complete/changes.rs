//! What happens to a whole data plane beside its configuration: changes by hand, a lost state, applies that end early.

use std::collections::BTreeSet;

use acceptance::{azure::Answer, terraform::Terraform};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::{assert_up, configure, destroy, everything};
use crate::{
    azure::{
        bench::{Bench, GROUP},
        faults::{ALWAYS, LIMIT},
    },
    life::{Place as _, differing},
};

/// The call that ends the making of everything that Resource Manager has.
const TAGS: &str = "Microsoft.Resources/tags/write";

#[test]
fn what_is_changed_by_hand_is_shown_and_mended_and_what_the_state_lost_is_taken_in() -> Result<()> {
    let bench = Bench::on_aks()?;
    let terraform = configure(&bench)?;
    let before = everything(&bench)?;
    terraform.apply_then_empty_plan()?;

    let changed = change(&bench)?;
    let mut planned = terraform.plan()?.changes();
    planned.sort();
    let updates = changed
        .iter()
        .map(|address| ((*address).to_owned(), vec!["update".to_owned()]));
    assert_eq!(planned, updates.collect::<Vec<_>>());
    let drift = terraform.plan_refresh_only()?.drift();
    for address in changed {
        ensure!(
            drift.iter().any(|(drifted, _)| drifted == address),
            "a refresh shows no drift of {address}: {drift:?}"
        );
    }
    terraform.apply_then_empty_plan()?;
    assert_up(&bench, &before)?;
    assert_mended(&bench)?;

    take_in(&bench, &terraform)?;
    assert_up(&bench, &before)?;
    destroy(&bench, &terraform, &before)
}

/// Something of each kind is changed by hand. The addresses, in their order.
fn change(bench: &Bench) -> Result<[&'static str; 7]> {
    let opened = json!({ "account_name": "acmeprodmeta", "parameters": { "properties": { "allowSharedKeyAccess": true } } });
    bench.call("storage", "storage_accounts.update", opened)?;
    let longer = json!({ "workspace_name": GROUP, "parameters": { "properties": { "retentionInDays": 90 } } });
    bench.call("loganalytics", "workspaces.update", longer)?;
    let opened = json!({ "registry_name": "acmeprodimages", "registry_update_parameters": { "properties": { "adminUserEnabled": true } } });
    bench.call("containerregistry", "registries.begin_update", opened)?;
    for assignment in assignments(bench, "acme-prod-builder")? {
        let gone = json!({ "role_assignment_id": assignment });
        bench
            .owner()
            .call("authorization", "role_assignments.delete_by_id", &gone)?;
    }
    let foreign = json!({ "properties": {
        "issuer": "https://elsewhere.example.com", "subject": "somebody", "audiences": [acceptance::azure::AUDIENCE] } });
    let foreign = json!({
        "resource_name": "userflyterole", "federated_identity_credential_resource_name": "by-hand", "parameters": foreign,
    });
    bench.call(
        "msi",
        "federated_identity_credentials.create_or_update",
        foreign,
    )?;
    let kubectl = bench.kubectl()?;
    kubectl.run(&["delete", "deployment", "operator", "-n", "union"])?;
    let policies = ["delete", "networkpolicies", "--all"];
    kubectl.run(&[&policies[..], &["-n", "fraud-production"]].concat())?;
    Ok([
        "module.azure.dataplane_bucket.this[\"metadata\"]",
        "module.azure.dataplane_log_group.this[0]",
        "module.azure.dataplane_registry.this[0]",
        "module.azure.dataplane_role.this[\"builder\"]",
        "module.azure.dataplane_role.this[\"user\"]",
        "module.operator.dataplane_operator.this",
        "module.operator.dataplane_workspace.this[\"fraud-production\"]",
    ])
}

fn assert_mended(bench: &Bench) -> Result<()> {
    let registry = json!({ "registry_name": "acmeprodimages" });
    let registry = bench.call("containerregistry", "registries.get", registry)?;
    assert_eq!(registry["properties"]["adminUserEnabled"], false);
    assert_eq!(assignments(bench, "acme-prod-builder")?.len(), 1);
    let credentials = json!({ "resource_name": "userflyterole" });
    let credentials = bench.call("msi", "federated_identity_credentials.list", credentials)?;
    ensure!(
        !credentials.to_string().contains("elsewhere.example.com"),
        "{credentials}"
    );
    let kubectl = bench.kubectl()?;
    ensure!(kubectl.get("deployment", "union", "operator")?.is_some());
    let policies = kubectl.list(&["networkpolicies", "-n", "fraud-production"])?;
    ensure!(!policies.is_empty(), "no network policy of the workspace");
    Ok(())
}

/// The ids of the assignments that an identity has.
fn assignments(bench: &Bench, identity: &str) -> Result<Vec<String>> {
    let role = json!({ "resource_name": identity });
    let role = bench.call("msi", "user_assigned_identities.get", role)?;
    let all = "role_assignments.list_for_resource_group";
    let all = bench.call("authorization", all, json!({}))?;
    let own = all
        .as_array()
        .context("role assignments")?
        .iter()
        .filter(|one| one["principal_id"] == role["principal_id"]);
    own.map(|one| Ok(one["id"].as_str().context("an id")?.to_owned()))
        .collect()
}

/// The state is lost, and everything is imported; only what no API tells is planned then.
fn take_in(bench: &Bench, terraform: &Terraform) -> Result<()> {
    let mut managed = Vec::new();
    listed(&terraform.state()?["values"]["root_module"], &mut managed);
    ensure!(managed.len() == 11, "not all of the example: {managed:#?}");
    let mut blocks = Vec::new();
    for resource in &managed {
        let address = resource["address"].as_str().context("an address")?;
        let id = import_id(resource)?;
        let block = format!("import {{\n  to = {address}\n  id = \"{id}\"\n}}\n");
        blocks.push(block);
        terraform.succeed(&["state", "rm", address])?;
    }
    terraform.write("imports.tf", &blocks.concat())?;
    let plan = terraform.plan()?;
    let changes = plan.json["resource_changes"].as_array();
    let mut imported = 0;
    for change in changes.into_iter().flatten() {
        if change["mode"] != "managed" {
            continue;
        }
        ensure!(
            change["change"]["importing"]["id"] != Value::Null,
            "it is not imported: {change:#}"
        );
        imported += 1;
        let mut differs = differing(change)?.unwrap_or_default();
        // Modules write out that nothing is wanted, and what is not there is read as null.
        let (before, planned) = (&change["change"]["before"], &change["change"]["after"]);
        differs.retain(|name| !(before[*name].is_null() && is_nothing(&planned[*name])));
        let untold: BTreeSet<&str> = untold(change).iter().copied().collect();
        ensure!(
            differs.is_subset(&untold),
            "{differs:?} differ after the import of {change:#}"
        );
    }
    assert_eq!(imported, managed.len());
    let identity = json!({ "resource_name": "userflyterole" });
    let identity = || bench.call("msi", "user_assigned_identities.get", identity.clone());
    let known = identity()?;
    bench.changes()?;
    terraform.apply_then_empty_plan()?;
    let wrote = bench.changes()?;
    ensure!(wrote.is_empty(), "taken in, it was written: {wrote:?}");
    assert_eq!(identity()?, known);
    Ok(())
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Bool(wanted) => !wanted,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// The managed resources of a module and of those inside.
fn listed(module: &Value, into: &mut Vec<Value>) {
    let own = module["resources"].as_array().into_iter().flatten();
    into.extend(own.filter(|one| one["mode"] == "managed").cloned());
    for child in module["child_modules"].as_array().into_iter().flatten() {
        listed(child, into);
    }
}

/// By what it is called, as its documentation says.
fn import_id(resource: &Value) -> Result<String> {
    let value = |name: &str| {
        let value = resource["values"][name].as_str();
        value.with_context(|| format!("no {name}: {resource:#}"))
    };
    let cluster = format!("aks/{GROUP}/prod");
    Ok(match resource["type"].as_str().unwrap_or_default() {
        "dataplane_bucket" => format!("{}/{}", value("account")?, value("name")?),
        "dataplane_log_group" | "dataplane_registry" | "dataplane_role" => {
            value("name")?.to_owned()
        }
        "dataplane_crds" => cluster,
        "dataplane_operator" => format!("{cluster}/{}/{}", value("namespace")?, value("name")?),
        "dataplane_workspace" => format!("{cluster}/{}-{}", value("project")?, value("domain")?),
        other => bail!("nobody thought of {other}"),
    })
}

/// Arguments that no API tells.
fn untold(change: &Value) -> &'static [&'static str] {
    match change["type"].as_str().unwrap_or_default() {
        "dataplane_bucket" | "dataplane_registry" | "dataplane_operator" => &["force_destroy"],
        "dataplane_crds" => &["prevent_deletion"],
        // Azure keeps what they lead to, which is the policy.
        "dataplane_role" => &["profile", "buckets", "secrets", "logs", "registry"],
        _ => &[],
    }
}

#[test]
fn an_apply_that_was_killed_and_then_interrupted_is_gone_on_with() -> Result<()> {
    let bench = Bench::on_aks()?;
    let terraform = configure(&bench)?;
    let before = everything(&bench)?;
    kill(&bench, &terraform)?;
    // What no other waits for: both accounts, the registry and the workspace.
    let accounts = bench.call(
        "storage",
        "storage_accounts.list_by_resource_group",
        json!({}),
    )?;
    let registries = "registries.list_by_resource_group";
    let registries = bench.call("containerregistry", registries, json!({}))?;
    let workspaces = "workspaces.list_by_resource_group";
    let workspaces = bench.call("loganalytics", workspaces, json!({}))?;
    let made: Vec<&Value> = [&accounts, &registries, &workspaces]
        .into_iter()
        .filter_map(Value::as_array)
        .flatten()
        .collect();
    assert_eq!(made.len(), 4, "{made:#?}");
    for one in made {
        ensure!(one["tags"]["dataplane:creating"] != Value::Null, "{one:#}");
    }

    interrupt(&bench, &terraform)?;
    terraform.apply_then_empty_plan()?;
    assert_up(&bench, &before)?;
    destroy(&bench, &terraform, &before)
}

/// An apply ends when nothing is finished that Resource Manager has.
fn kill(bench: &Bench, terraform: &Terraform) -> Result<()> {
    let gate = bench.subscription.gate();
    fault(bench, 0, &Answer::Held(gate.clone()))?;
    let applying = terraform.start_apply()?;
    gate.until_held(4, LIMIT)?;
    applying.kill()?;
    bench.subscription.clear_faults()
}

/// The next ends when four are finished, and before there is an operator.
fn interrupt(bench: &Bench, terraform: &Terraform) -> Result<()> {
    let gate = bench.subscription.gate();
    fault(bench, 4, &Answer::Held(gate.clone()))?;
    let mut applying = terraform.start_apply()?;
    gate.until_held(1, LIMIT)?;
    applying.interrupt()?;
    applying.until_printed("Interrupt received", LIMIT)?;
    gate.open()?;
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(!succeeded && !printed.contains("panic"), "{printed}");
    let mut kept = Vec::new();
    listed(&terraform.state()?["values"]["root_module"], &mut kept);
    let operator = |one: &Value| one["type"] == "dataplane_operator";
    ensure!(kept.len() >= 4 && !kept.iter().any(operator), "{kept:#?}");
    bench.subscription.clear_faults()
}

fn fault(bench: &Bench, from: usize, answer: &Answer) -> Result<()> {
    bench.subscription.fault(&acceptance::azure::Fault {
        operation: TAGS,
        calls: from..ALWAYS.end,
        answer: answer.clone(),
    })
}
