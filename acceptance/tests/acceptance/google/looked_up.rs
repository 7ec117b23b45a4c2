//! A cluster that is looked up on GKE, and tokens for it.

use acceptance::cluster::Kubectl;
use anyhow::{Result, ensure};
use serde_json::json;

use super::bench::{Bench, PROJECT, REGION};
use crate::bad_input::{Expected, refuses};

#[test]
fn the_examples_of_a_gke_cluster_reach_it() -> Result<()> {
    let bench = Bench::on_gke()?;
    let terraform = bench.example("data-sources/dataplane_cluster/gcp")?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let found = terraform.attributes("data.dataplane_cluster.prod")?;
    let cluster = bench.cluster()?;
    assert_eq!(found["endpoint"], cluster.endpoint());
    assert_eq!(found["issuer"], cluster.issuer());

    let terraform = bench.example("ephemeral-resources/dataplane_cluster_token/gcp")?;
    let file = terraform.directory().join("token");
    terraform.write(
        "use.tf",
        &format!(
            "resource \"terraform_data\" \"use\" {{\n  provisioner \"local-exec\" {{\n    command = \"printenv TOKEN > {}\"\n    environment = {{ TOKEN = ephemeral.dataplane_cluster_token.prod.token }}\n  }}\n}}\n",
            file.display()
        ),
    )?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let token = std::fs::read_to_string(&file)?;
    let kubeconfig = terraform.directory().join("by-token");
    cluster.write_kubeconfig(&kubeconfig, "gke", &json!({ "token": token.trim() }))?;
    Kubectl::new(&kubeconfig)?.run(&["get", "nodes"])?;
    let state = std::fs::read_to_string(terraform.directory().join("terraform.tfstate"))?;
    ensure!(!state.contains(token.trim()), "the token is in the state");
    Ok(())
}

#[test]
fn a_cluster_that_is_not_there_is_named_with_its_place() -> Result<()> {
    let bench = Bench::google()?;
    let block = format!(
        "data \"dataplane_cluster\" \"this\" {{\n  cluster = {{ gke = {{ project = \"{PROJECT}\", location = \"{REGION}\", name = \"tset\" }} }}\n}}\n"
    );
    let terraform = bench.configuration(&block)?;
    let says = [PROJECT, REGION, "tset"];
    let error = Expected::at("data.dataplane_cluster.this", &says);
    refuses(&terraform, "plan", &[error])
}
