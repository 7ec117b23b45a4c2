//! Faults on Google Cloud: it answers wrongly, late or never, others write at the same time, Terraform is interrupted or
//! killed. Then apply again: everything is there once and complete.

mod answers;
mod interruptions;
mod own;
mod writers;

use std::{collections::BTreeSet, ops::Range, time::Duration};

use acceptance::{
    google::{Answer, Fault},
    terraform::{Diagnostic, Terraform},
};
use anyhow::{Context as _, Result, ensure};

use super::bench::Bench;

/// How long a step of Terraform may take on a busy machine.
pub const LIMIT: Duration = Duration::from_mins(3);

/// One of each resource of the cloud. None waits for another, so that all are under way at once.
const ONE_OF_EACH: &str = r#"
resource "dataplane_bucket" "this" {
  name       = "acme-faults"
  expiration = [{ days = 30 }]
  timeouts   = { create = "5m" }
}

resource "dataplane_identity_provider" "this" {
  name     = "faults"
  issuer   = "https://oidc.example.test/id/faults"
  timeouts = { create = "5m" }
}

resource "dataplane_log_group" "this" {
  name           = "faults"
  retention_days = 60
  timeouts       = { create = "5m" }
}

resource "dataplane_registry" "this" {
  name           = "faults"
  immutable_tags = false
  keep_last      = 10
  timeouts       = { create = "5m" }
}

resource "dataplane_role" "this" {
  name     = "faults"
  profile  = "log_writer"
  logs     = ["faults"]
  trust    = { gke = { pool = "acme-prod-123456.svc.id.goog" } }
  subjects = [{ namespace = "union", service_account = "fluent-bit" }]
  timeouts = { create = "5m" }
}

resource "dataplane_secret" "this" {
  name             = "faults"
  value_wo         = "hidden"
  value_wo_version = 1
  timeouts         = { create = "5m" }
}
"#;

/// A resource of the cloud, and the methods by which it is made, finished, read and deleted.
struct Kind {
    resource: &'static str,
    create: &'static str,
    /// The first change after the create; the last takes the mark `dataplane:creating` off.
    finish: &'static str,
    read: &'static str,
    delete: &'static str,
}

impl Kind {
    /// The operation of `create` as messages have it.
    fn created_by(&self) -> String {
        self.create
            .replace("projects.", "")
            .replace("locations.", "")
    }
}

/// In the order of [`Bench::inventory`].
const KINDS: [Kind; 6] = [
    Kind {
        resource: "dataplane_bucket.this",
        create: "storage.buckets.insert",
        finish: "storage.buckets.patch",
        read: "storage.buckets.get",
        delete: "storage.buckets.delete",
    },
    Kind {
        resource: "dataplane_identity_provider.this",
        create: "iam.projects.locations.workloadIdentityPools.create",
        finish: "iam.projects.locations.workloadIdentityPools.patch",
        read: "iam.projects.locations.workloadIdentityPools.get",
        delete: "iam.projects.locations.workloadIdentityPools.delete",
    },
    Kind {
        resource: "dataplane_log_group.this",
        create: "logging.projects.locations.buckets.create",
        finish: "logging.projects.locations.buckets.patch",
        read: "logging.projects.locations.buckets.get",
        delete: "logging.projects.locations.buckets.delete",
    },
    Kind {
        resource: "dataplane_registry.this",
        create: "artifactregistry.projects.locations.repositories.create",
        finish: "artifactregistry.projects.locations.repositories.patch",
        read: "artifactregistry.projects.locations.repositories.get",
        delete: "artifactregistry.projects.locations.repositories.delete",
    },
    Kind {
        resource: "dataplane_role.this",
        create: "iam.projects.serviceAccounts.create",
        finish: "iam.projects.serviceAccounts.patch",
        read: "iam.projects.serviceAccounts.get",
        delete: "iam.projects.serviceAccounts.delete",
    },
    Kind {
        resource: "dataplane_secret.this",
        create: "secretmanager.projects.secrets.create",
        finish: "secretmanager.projects.secrets.patch",
        read: "secretmanager.projects.secrets.get",
        delete: "secretmanager.projects.secrets.delete",
    },
];

pub fn fault(
    bench: &Bench,
    method: &'static str,
    calls: Range<usize>,
    answer: &Answer,
) -> Result<()> {
    let answer = answer.clone();
    bench.project.fault(&Fault {
        method,
        calls,
        answer,
    })
}

/// An initialised configuration with one of each resource.
fn one_of_each(bench: &Bench) -> Result<Terraform> {
    bench.configuration(ONE_OF_EACH)
}

/// How many calls of this method, or of those whose ids begin so, were answered with this status.
fn answered(bench: &Bench, method: &str, status: u16) -> Result<usize> {
    let calls = bench.project.take_calls()?;
    let made = calls.iter().filter(|call| call.method.starts_with(method));
    Ok(made.filter(|call| call.status == status).count())
}

/// The addresses in the state that are tainted, and those that are not.
fn in_state(terraform: &Terraform) -> Result<(BTreeSet<String>, BTreeSet<String>)> {
    let state = terraform.state()?;
    let resources = state["values"]["root_module"]["resources"].as_array();
    let (mut tainted, mut whole) = (BTreeSet::new(), BTreeSet::new());
    for resource in resources.into_iter().flatten() {
        let address = resource["address"].as_str().context("an address")?;
        let list = if resource["tainted"] == true {
            &mut tainted
        } else {
            &mut whole
        };
        list.insert(address.to_owned());
    }
    Ok((tainted, whole))
}

/// What an apply that must fail says of one resource.
fn said_of(diagnostics: &[Diagnostic], address: &str) -> Result<String> {
    let found = diagnostics.iter().find(|found| found.address == address);
    let found = found.with_context(|| format!("nothing is said of {address}: {diagnostics:#?}"))?;
    Ok(format!("{}\n{}", found.summary, found.detail))
}

/// Everything is there once, finished, and as it was asked for; Terraform agrees.
fn assert_whole(bench: &Bench, terraform: &Terraform) -> Result<()> {
    let found = bench.inventory()?;
    ensure!(found.len() == KINDS.len(), "not one of each: {found:#?}");
    for (name, marks) in &found {
        ensure!(name.contains("faults"), "{name}");
        ensure!(marks.contains("dataplane-owner"), "{name}: {marks}");
        ensure!(!marks.contains("dataplane-creating"), "{name}: {marks}");
    }
    terraform.plan()?.assert_empty("the plan after a fault")
}

/// One of each is there, and none is finished.
fn assert_half_made(bench: &Bench) -> Result<()> {
    let found = bench.inventory()?;
    ensure!(found.len() == KINDS.len(), "not one of each: {found:#?}");
    for (name, marks) in &found {
        ensure!(marks.contains("dataplane-creating"), "{name}: {marks}");
    }
    Ok(())
}

fn assert_nothing_left(bench: &Bench) -> Result<()> {
    let left = bench.inventory()?;
    ensure!(left.is_empty(), "left behind: {left:#?}");
    Ok(())
}
