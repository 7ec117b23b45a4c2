//! `examples/complete/gitops`: Terraform makes the cloud's side and needs no cluster; what it renders is applied from files, as
//! Argo CD and Flux apply it.

use std::collections::BTreeSet;

use acceptance::{cluster::Needs, setup, terraform::Terraform};
use anyhow::{Context as _, Result, ensure};

use crate::bench::Bench;

const IMAGE: &str = "localhost/dataplane-operator:0.1.0";

#[test]
fn what_is_committed_is_applied_once_and_an_upgrade_changes_deployments_only() -> Result<()> {
    let bench = Bench::with_cluster(Needs::Objects)?;
    let kubectl = bench.kubectl()?;
    let terraform = Terraform::example("complete/gitops")?
        .with(bench.account.environment())
        .variable("account_id", &bench.account.id)
        .variable("region", &bench.account.region)
        .variable("issuer", bench.cluster()?.issuer())
        .variable("operator_image", IMAGE)
        .variable("control_plane_endpoint", "https://acme.control.example.com");
    let allowed = "allowed_account_ids = [var.account_id]";
    terraform.write("emulated_override.tf", &bench.provider(allowed))?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let manifests = rendered(&terraform)?;

    let definitions =
        std::fs::read_to_string(setup::checkout().join("runtime/crds/taskactions.flyte.org.yaml"))?;
    kubectl.apply(&definitions)?;
    let applied = kubectl.apply(&manifests)?;
    ensure!(
        applied.contains("deployment.apps/operator serverside-applied")
            && applied.contains("deployment.apps/executor serverside-applied"),
        "{applied}"
    );
    let file = setup::scratch()?;
    let path = file.path().join("manifests.yaml");
    std::fs::write(&path, &manifests)?;
    let path = path.display().to_string();
    kubectl
        .run(&[
            "diff",
            "--server-side",
            "--field-manager=kubectl",
            "-f",
            &path,
        ])
        .context("a second sync would change something")?;

    let terraform = terraform.variable("operator_image", "localhost/dataplane-operator:0.2.0");
    terraform.apply_then_empty_plan()?;
    let upgraded = rendered(&terraform)?;
    let before: BTreeSet<&str> = manifests.split("\n---\n").collect();
    let changed: Vec<&str> = upgraded
        .split("\n---\n")
        .filter(|document| !before.contains(document))
        .collect();
    ensure!(!changed.is_empty(), "the image is nowhere");
    for document in &changed {
        ensure!(
            document.contains("kind: Deployment\n") || document.contains("kind: ConfigMap\n"),
            "the upgrade changes more:\n{document}"
        );
    }
    terraform.destroy().map(drop)
}

fn rendered(terraform: &Terraform) -> Result<String> {
    let manifests = terraform.output("manifests")?;
    Ok(manifests.as_str().context("YAML")?.to_owned())
}
