//! The whole examples, each step by somebody who has exactly what is printed for the kinds that the example holds, in the place of an
//! administrator. What they may do in the cluster itself no document of `dataplane_permissions` says: there they may do everything.

use std::collections::BTreeSet;

use acceptance::terraform::Terraform;
use anyhow::Result;
use serde_json::{Value, json};

use super::steps::{Noting, Steps};
use crate::{azure, google};

/// The kinds of resources in an example, and the lookup of its cluster.
const KINDS: [&str; 5] = ["bucket", "cluster", "log_group", "registry", "role"];

/// Whose people may do everything in the cluster.
struct InCluster<'b, B>(&'b B);

/// What a cloud calls that.
trait Administered: Noting {
    fn administrator() -> Value;
}

impl Administered for azure::bench::Bench {
    fn administrator() -> Value {
        json!({ "Actions": [], "DataActions": ["Microsoft.ContainerService/managedClusters/*"] })
    }
}

impl Administered for google::bench::Bench {
    fn administrator() -> Value {
        json!({ "includedPermissions": ["container.clusterRoles.bind"] })
    }
}

impl<B: Administered> Noting for InCluster<'_, B> {
    fn ready(&self, text: &str) -> Result<Terraform> {
        self.0.ready(text)
    }

    fn listed(document: &Value) -> Result<BTreeSet<String>> {
        B::listed(document)
    }

    fn let_in(&self, person: &str, documents: &[&Value]) -> Result<Vec<(String, String)>> {
        let administrator = B::administrator();
        self.0
            .let_in(person, &[documents, &[&administrator]].concat())
    }

    fn took(&self, person: &str) -> Result<BTreeSet<String>> {
        self.0.took(person)
    }
}

fn lives<B: Administered>(bench: &B, terraform: Terraform) -> Result<()> {
    let people = InCluster(bench);
    let mut steps = Steps::of(&people, &KINDS)?;
    let terraform = steps.create(terraform)?;
    let terraform = steps.plan(terraform)?;
    // Definitions are protected unless told otherwise.
    let name = "cluster_name  = \"prod-eu\"";
    let open = format!("{name}\n  definitions   = {{ prevent_deletion = false }}");
    terraform.edit("main.tf", name, &open)?;
    let terraform = steps.take(terraform, "update", |terraform| terraform.apply().map(drop))?;
    steps.destroy(terraform).map(drop)
}

#[test]
fn on_azure() -> Result<()> {
    let bench = azure::bench::Bench::on_aks()?;
    lives(&bench, azure::complete::configure(&bench)?)
}

#[test]
fn on_google() -> Result<()> {
    let bench = google::bench::Bench::on_gke()?;
    lives(&bench, google::complete::configure(&bench)?)
}
