//! Faults: Azure answers wrongly, late or never, and Terraform is interrupted or killed. Then apply again: everything is there
//! once and complete.

mod answers;
mod gone;
mod interruptions;
mod own;

use std::{collections::BTreeMap, ops::Range, time::Duration};

use acceptance::{
    azure::{Answer, Fault},
    terraform::Terraform,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::bench::Bench;

/// How long a step of Terraform may take on a busy machine.
pub const LIMIT: Duration = Duration::from_mins(3);

/// Every call: the stand-in counts in less than we do.
pub const ALWAYS: Range<usize> = 0..1_000_000;

const VAULT: &str = "faults-vault";

/// One of each resource of the cloud. None waits for another, so that all are under way at once.
const ONE_OF_EACH: &str = r#"
resource "dataplane_bucket" "this" {
  account    = "faultsdata"
  name       = "data"
  expiration = [{ days = 30 }]
  timeouts   = { create = "PATIENCE" }
}

resource "dataplane_log_group" "this" {
  name           = "faults-logs"
  retention_days = 60
  timeouts       = { create = "PATIENCE" }
}

resource "dataplane_registry" "this" {
  name     = "faultsimages"
  timeouts = { create = "PATIENCE" }
}

resource "dataplane_role" "this" {
  name     = "faults"
  profile  = "user"
  buckets  = { data = { id = "faultsbase/data" } }
  trust    = { azure = { issuer = "https://oidc.example.test/faults" } }
  subjects = [for team in ["a", "b", "c"] : { namespace = team, service_account = "default" }]
  timeouts = { create = "PATIENCE" }
}

resource "dataplane_secret" "this" {
  name             = "faults-vault/token"
  value_wo         = "hidden"
  value_wo_version = 1
  timeouts         = { create = "PATIENCE" }
}
"#;

/// A resource of the cloud, and the calls by which it is made, finished, read and deleted.
struct Kind {
    resource: &'static str,
    /// The name it has in the cloud, and in error messages.
    object: &'static str,
    create: &'static str,
    read: &'static str,
    delete: &'static str,
}

const KINDS: [Kind; 5] = [
    Kind {
        resource: "dataplane_bucket.this",
        object: "faultsdata",
        create: "Microsoft.Storage/storageAccounts/write",
        read: "Microsoft.Storage/storageAccounts/read",
        delete: "Microsoft.Storage/storageAccounts/delete",
    },
    Kind {
        resource: "dataplane_log_group.this",
        object: "faults-logs",
        create: "Microsoft.OperationalInsights/workspaces/write",
        read: "Microsoft.OperationalInsights/workspaces/read",
        delete: "Microsoft.OperationalInsights/workspaces/delete",
    },
    Kind {
        resource: "dataplane_registry.this",
        object: "faultsimages",
        create: "Microsoft.ContainerRegistry/registries/write",
        read: "Microsoft.ContainerRegistry/registries/read",
        delete: "Microsoft.ContainerRegistry/registries/delete",
    },
    Kind {
        resource: "dataplane_role.this",
        object: "faults",
        create: "Microsoft.ManagedIdentity/userAssignedIdentities/write",
        read: "Microsoft.ManagedIdentity/userAssignedIdentities/read",
        delete: "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
    },
    Kind {
        resource: "dataplane_secret.this",
        object: "faults-vault/token",
        create: "Microsoft.KeyVault/vaults/secrets/setSecret/action",
        read: "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        delete: "Microsoft.KeyVault/vaults/secrets/delete",
    },
];

/// The calls that end a create: they take the mark `dataplane:creating` off.
const FINISH: [&str; 2] = [
    "Microsoft.Resources/tags/write",
    "Microsoft.KeyVault/vaults/secrets/update/action",
];

fn fault(
    bench: &Bench,
    operation: &'static str,
    calls: Range<usize>,
    answer: &Answer,
) -> Result<()> {
    bench.subscription.fault(&Fault {
        operation,
        calls,
        answer: answer.clone(),
    })
}

/// A subscription with what the resources take for granted.
fn bench() -> Result<Bench> {
    let bench = Bench::azure()?;
    bench.make_vault(VAULT)?;
    bench.make_account("faultsbase")?;
    bench.subscription.take_calls()?;
    Ok(bench)
}

/// An initialised configuration with one of each resource.
fn one_of_each(bench: &Bench) -> Result<Terraform> {
    with_patience(bench, "20s")
}

/// The same with time for pauses.
fn one_of_each_in_peace(bench: &Bench) -> Result<Terraform> {
    with_patience(bench, "5m")
}

fn with_patience(bench: &Bench, patience: &str) -> Result<Terraform> {
    let terraform = bench.configuration(&ONE_OF_EACH.replace("PATIENCE", patience))?;
    terraform.init()?;
    Ok(terraform)
}

/// What there is of ours, by name, with its tags; asked of the cloud itself.
fn inventory(bench: &Bench) -> Result<Vec<(String, Value)>> {
    let lists = [
        ("storage", "storage_accounts.list_by_resource_group"),
        ("loganalytics", "workspaces.list_by_resource_group"),
        ("containerregistry", "registries.list_by_resource_group"),
        ("msi", "user_assigned_identities.list_by_resource_group"),
    ];
    let mut found = Vec::new();
    for (service, method) in lists {
        let list = bench.call(service, method, json!({}))?;
        for item in list
            .as_array()
            .with_context(|| format!("no list: {list}"))?
        {
            let name = item["name"].as_str().context("a name")?.to_owned();
            if name != "faultsbase" {
                found.push((name, item["tags"].clone()));
            }
        }
    }
    let vault = format!("secrets/{VAULT}");
    let token = json!({ "name": "token" });
    match bench.owner().call(&vault, "get_secret", &token) {
        Ok(secret) => found.push((format!("{VAULT}/token"), secret["tags"].clone())),
        Err(error) => {
            let refused = error.downcast::<acceptance::azure::Refused>()?;
            ensure!(refused.code == "SecretNotFound", "{refused}");
        }
    }
    Ok(found)
}

/// Everything is there once, finished, and as it was asked for; Terraform agrees.
fn assert_whole(bench: &Bench, terraform: &Terraform) -> Result<()> {
    let found = inventory(bench)?;
    ensure!(found.len() == KINDS.len(), "not one of each: {found:#?}");
    for (kind, (name, tags)) in KINDS.iter().zip(&found) {
        assert_eq!(name, kind.object);
        ensure!(
            tags["dataplane:owner"] != Value::Null,
            "{name} is not marked: {tags}"
        );
        ensure!(
            tags["dataplane:creating"] == Value::Null,
            "{name} is not finished: {tags}"
        );
    }
    let account = json!({ "account_name": "faultsdata" });
    let service = bench.call("storage", "blob_services.get_service_properties", account)?;
    ensure!(service["is_versioning_enabled"] == true, "{service}");
    let policy = json!({ "account_name": "faultsdata", "management_policy_name": "default" });
    bench.call("storage", "management_policies.get", policy)?;
    let container = json!({ "account_name": "faultsdata", "container_name": "data" });
    bench.call("storage", "blob_containers.get", container)?;
    let logs = json!({ "workspace_name": "faults-logs" });
    let logs = bench.call("loganalytics", "workspaces.get", logs)?;
    ensure!(logs["retention_in_days"] == 60, "{logs}");
    let credentials = json!({ "resource_name": "faults" });
    let credentials = bench.call("msi", "federated_identity_credentials.list", credentials)?;
    assert_eq!(credentials.as_array().map(Vec::len), Some(3));
    assert_eq!(assignments(bench)?, 1);
    let vault = format!("secrets/{VAULT}");
    let secret = bench
        .owner()
        .call(&vault, "get_secret", &json!({ "name": "token" }))?;
    ensure!(secret["value"] == "hidden", "the secret has another value");
    terraform.plan()?.assert_empty("the plan after a fault")
}

/// How many roles the identity of the role has.
fn assignments(bench: &Bench) -> Result<usize> {
    let role = json!({ "resource_name": "faults" });
    let role = bench.call("msi", "user_assigned_identities.get", role)?;
    let all = bench.call(
        "authorization",
        "role_assignments.list_for_resource_group",
        json!({}),
    )?;
    let all = all.as_array().context("role assignments")?;
    Ok(all
        .iter()
        .filter(|one| one["principal_id"] == role["principal_id"])
        .count())
}

/// Everything is there once, and nothing is finished.
fn assert_half_made(bench: &Bench) -> Result<()> {
    let found = inventory(bench)?;
    ensure!(found.len() == KINDS.len(), "not one of each: {found:#?}");
    for (name, tags) in found {
        ensure!(tags["dataplane:creating"] != Value::Null, "{name}: {tags}");
    }
    Ok(())
}

fn assert_nothing_left(bench: &Bench) -> Result<()> {
    let left = inventory(bench)?;
    ensure!(left.is_empty(), "left behind: {left:#?}");
    Ok(())
}

/// What an apply that fails says of each resource.
fn said(terraform: &Terraform) -> Result<BTreeMap<String, String>> {
    let diagnostics = terraform.diagnostics("apply")?;
    let text = |found: acceptance::terraform::Diagnostic| {
        (
            found.address,
            format!("{}\n{}", found.summary, found.detail),
        )
    };
    Ok(diagnostics.into_iter().map(text).collect())
}

fn said_of<'s>(said: &'s BTreeMap<String, String>, resource: &str) -> Result<&'s String> {
    said.get(resource)
        .with_context(|| format!("{resource} is not told of: {said:?}"))
}
