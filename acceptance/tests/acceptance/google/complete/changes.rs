//! What happens to a whole data plane beside its configuration: changes by hand, a lost state, applies that end early.

use std::collections::BTreeSet;

use acceptance::{google::Answer, terraform::Terraform};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::{assert_up, configure, destroy, email_of, everything};
use crate::{
    google::{
        bench::{Bench, PROJECT, REGION},
        bound,
        faults::{LIMIT, fault},
    },
    life::{Place as _, differing},
};

const ACCOUNTS: &str = "projects.serviceAccounts";
const REPOSITORIES: &str = "projects.locations.repositories";

#[test]
fn what_is_changed_by_hand_is_shown_and_mended_and_what_the_state_lost_is_taken_in() -> Result<()> {
    let bench = Bench::on_gke()?;
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
    assert_up(&bench)?;
    assert_mended(&bench)?;

    take_in(&bench, &terraform)?;
    assert_up(&bench)?;
    destroy(&bench, &terraform, &before)
}

fn repository() -> String {
    format!("projects/{PROJECT}/locations/{REGION}/repositories/acme-prod")
}

fn account() -> String {
    let email = email_of("userflyterole");
    format!("projects/{PROJECT}/serviceAccounts/{email}")
}

fn repository_policy(bench: &Bench) -> Result<Value> {
    let method = format!("{REPOSITORIES}.getIamPolicy");
    let resource = json!({ "resource": repository() });
    bench.call("artifactregistry.v1", &method, resource)
}

fn account_policy(bench: &Bench) -> Result<Value> {
    let method = format!("{ACCOUNTS}.getIamPolicy");
    bench.call("iam.v1", &method, json!({ "resource": account() }))
}

/// Something of each kind is changed by hand. The addresses, in their order.
fn change(bench: &Bench) -> Result<[&'static str; 7]> {
    let off = json!({ "versioning": { "enabled": false }, "cors": [] });
    let off = json!({ "bucket": format!("{PROJECT}-metadata"), "body": off });
    bench.call("storage.v1", "buckets.patch", off)?;
    let shorter = json!({
        "name": format!("projects/{PROJECT}/locations/{REGION}/buckets/acme-prod"),
        "updateMask": "retentionDays", "body": { "retentionDays": 7 },
    });
    bench.call("logging.v2", "projects.locations.buckets.patch", shorter)?;
    let off = json!({
        "name": repository(), "updateMask": "vulnerabilityScanningConfig",
        "body": { "vulnerabilityScanningConfig": { "enablementConfig": "DISABLED" } },
    });
    let method = |name: &str| format!("{REPOSITORIES}.{name}");
    bench.call("artifactregistry.v1", &method("patch"), off)?;
    let mut policy = repository_policy(bench)?;
    policy["bindings"] = json!([]);
    let none = json!({ "resource": repository(), "body": { "policy": policy } });
    bench.call("artifactregistry.v1", &method("setIamPolicy"), none)?;
    let foreign = format!("serviceAccount:{PROJECT}.svc.id.goog[by-hand/somebody]");
    let policy = bound(
        account_policy(bench)?,
        "roles/iam.workloadIdentityUser",
        &foreign,
    );
    let more = json!({ "resource": account(), "body": { "policy": policy } });
    bench.call("iam.v1", &format!("{ACCOUNTS}.setIamPolicy"), more)?;
    let kubectl = bench.kubectl()?;
    kubectl.run(&["delete", "deployment", "operator", "-n", "union"])?;
    let policies = ["delete", "networkpolicies", "--all"];
    kubectl.run(&[&policies[..], &["-n", "fraud-production"]].concat())?;
    Ok([
        "module.gcp.dataplane_bucket.this[\"metadata\"]",
        "module.gcp.dataplane_log_group.this[0]",
        "module.gcp.dataplane_registry.this[0]",
        "module.gcp.dataplane_role.this[\"builder\"]",
        "module.gcp.dataplane_role.this[\"user\"]",
        "module.operator.dataplane_operator.this",
        "module.operator.dataplane_workspace.this[\"fraud-production\"]",
    ])
}

fn assert_mended(bench: &Bench) -> Result<()> {
    let bucket = json!({ "bucket": format!("{PROJECT}-metadata") });
    let bucket = bench.call("storage.v1", "buckets.get", bucket)?;
    assert_eq!(bucket["versioning"]["enabled"], true);
    let policy = repository_policy(bench)?.to_string();
    ensure!(policy.contains(&email_of("acme-prod-builder")), "{policy}");
    let policy = account_policy(bench)?.to_string();
    ensure!(!policy.contains("by-hand"), "{policy}");
    let kubectl = bench.kubectl()?;
    ensure!(kubectl.get("deployment", "union", "operator")?.is_some());
    let policies = kubectl.list(&["networkpolicies", "-n", "fraud-production"])?;
    ensure!(!policies.is_empty(), "no network policy of the workspace");
    Ok(())
}

/// The state is lost, and everything is imported; only what no API tells is planned then, and its apply writes nothing to the
/// cloud.
fn take_in(bench: &Bench, terraform: &Terraform) -> Result<()> {
    let mut managed = Vec::new();
    listed(&terraform.state()?["values"]["root_module"], &mut managed);
    ensure!(managed.len() == 12, "not all of the example: {managed:#?}");
    let mut blocks = Vec::new();
    for resource in &managed {
        let address = resource["address"].as_str().context("an address")?;
        let id = import_id(resource)?;
        blocks.push(format!(
            "import {{\n  to = {address}\n  id = \"{id}\"\n}}\n"
        ));
    }
    let addresses = managed.iter().filter_map(|one| one["address"].as_str());
    let forget: Vec<&str> = ["state", "rm"].into_iter().chain(addresses).collect();
    terraform.succeed(&forget)?;
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
        let (before, planned) = (&change["change"]["before"], &change["change"]["after"]);
        differs.retain(|name| !(before[*name].is_null() && is_nothing(&planned[*name])));
        let untold: BTreeSet<&str> = untold(change).iter().copied().collect();
        ensure!(
            differs.is_subset(&untold),
            "{differs:?} differ after the import of {change:#}"
        );
    }
    assert_eq!(imported, managed.len());
    bench.project.take_calls()?;
    terraform.apply_then_empty_plan()?;
    assert_eq!(bench.changes()?, [""; 0]);
    Ok(())
}

/// Modules write out that nothing is wanted, and what is not there is read as null.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
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
    let cluster = format!("gke/{PROJECT}/{REGION}/prod");
    Ok(match resource["type"].as_str().unwrap_or_default() {
        "dataplane_bucket" | "dataplane_log_group" | "dataplane_registry" | "dataplane_role" => {
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
        // The bindings that they lead to are kept by what they are on, which an import does not name.
        "dataplane_role" => &[
            "profile", "buckets", "secrets", "logs", "registry", "policy",
        ],
        _ => &[],
    }
}

/// The calls that end the making of what no other waits for: both buckets, the registry and the log bucket.
const FINISH: [&str; 3] = [
    "storage.buckets.patch",
    "artifactregistry.projects.locations.repositories.patch",
    "logging.projects.locations.buckets.patch",
];

#[test]
fn an_apply_that_was_killed_and_then_interrupted_is_gone_on_with() -> Result<()> {
    let bench = Bench::on_gke()?;
    let terraform = configure(&bench)?;
    let before = everything(&bench)?;
    kill(&bench, &terraform)?;
    let made = bench.inventory()?;
    assert_eq!(made.len(), 4, "{made:#?}");
    for (name, marks) in made {
        ensure!(marks.contains("dataplane-creating"), "{name}: {marks}");
    }

    interrupt(&bench, &terraform)?;
    terraform.apply_then_empty_plan()?;
    assert_up(&bench)?;
    destroy(&bench, &terraform, &before)
}

/// An apply ends when nothing is finished that Google has.
fn kill(bench: &Bench, terraform: &Terraform) -> Result<()> {
    let gate = bench.project.gate();
    for method in FINISH {
        fault(bench, method, 0..usize::MAX, &Answer::Held(gate.clone()))?;
    }
    let applying = terraform.start_apply()?;
    gate.until_held(4, LIMIT)?;
    applying.kill()?;
    gate.open()?;
    bench.project.clear_faults()
}

/// The next ends when a role is made, and before there is an operator.
fn interrupt(bench: &Bench, terraform: &Terraform) -> Result<()> {
    let gate = bench.project.gate();
    let role = "iam.projects.serviceAccounts.create";
    fault(bench, role, 0..usize::MAX, &Answer::Held(gate.clone()))?;
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
    ensure!(!kept.is_empty() && !kept.iter().any(operator), "{kept:#?}");
    bench.project.clear_faults()
}
