//! A cluster that is looked up on AKS, and tokens for it.

use acceptance::cluster::Kubectl;
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::bench::{Bench, GROUP};
use crate::bad_input::{Expected, refuses};

#[test]
fn the_example_of_an_aks_cluster_finds_it() -> Result<()> {
    let bench = Bench::on_aks()?;
    let terraform = bench.example("data-sources/dataplane_cluster/azure")?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let found = terraform.attributes("data.dataplane_cluster.prod")?;
    let cluster = bench.cluster()?;
    assert_eq!(found["endpoint"], cluster.endpoint());
    assert_eq!(found["issuer"], cluster.issuer());
    assert_eq!(terraform.output("issuer")?, cluster.issuer());
    let authority = found["ca_certificate"].as_str().context("an authority")?;
    assert_eq!(authority.trim(), cluster.authority()?.certificate().trim());
    Ok(())
}

#[test]
fn an_ephemeral_token_opens_the_cluster_and_is_never_stored() -> Result<()> {
    let bench = Bench::on_aks()?;
    let terraform = bench.example("ephemeral-resources/dataplane_cluster_token/azure")?;
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
    bench
        .cluster()?
        .write_kubeconfig(&kubeconfig, "aks", &json!({ "token": token.trim() }))?;
    let who = Kubectl::new(&kubeconfig)?.json(&["auth", "whoami"])?;
    let user = &who["status"]["userInfo"]["username"];
    assert_eq!(*user, bench.owner().principal);
    for entry in std::fs::read_dir(terraform.directory())? {
        let path = entry?.path();
        if path.is_file() && path != file && path != kubeconfig {
            let text = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
            ensure!(!text.contains(token.trim()), "{} has it", path.display());
        }
    }
    Ok(())
}

#[test]
fn a_cluster_that_is_not_there_is_named_with_its_place() -> Result<()> {
    let bench = Bench::azure()?;
    let block = format!(
        "data \"dataplane_cluster\" \"this\" {{\n  cluster = {{ aks = {{ resource_group = \"{GROUP}\", name = \"tset\" }} }}\n}}\n"
    );
    let terraform = bench.configuration(&block)?;
    terraform.init()?;
    let error = Expected::at("data.dataplane_cluster.this", &[GROUP, "tset"]);
    refuses(&terraform, "plan", &[error])
}
