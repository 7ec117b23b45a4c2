//! The API server goes away before, while and after an operator is applied.

use acceptance::{cluster::Kubectl, terraform::Terraform, wait};
use anyhow::{Result, ensure};
use serde_json::Value;

use super::LIMIT;
use crate::bench::Bench;

fn there(kubectl: &Kubectl, kind: &str, namespace: &str, name: &str) -> bool {
    matches!(kubectl.get(kind, namespace, name), Ok(Some(_)))
}

/// One of everything, as Terraform has it, and nothing that is still marked as being made.
fn assert_whole(kubectl: &Kubectl, terraform: &Terraform) -> Result<()> {
    terraform
        .plan()?
        .assert_empty("the plan after a restart of the API server")?;
    let deployments = kubectl.list(&["deployments", "-n", "union"])?;
    let names: Vec<&Value> = deployments
        .iter()
        .map(|one| &one["metadata"]["name"])
        .collect();
    assert_eq!(names, ["operator"]);
    for (kind, name) in [("namespace", "union"), ("crd", "taskactions.flyte.org")] {
        let text = kubectl.run(&["get", kind, name, "-o", "yaml"])?;
        ensure!(!text.contains("dataplane.dev/creating"), "{text}");
    }
    Ok(())
}

#[test]
fn an_api_server_that_restarts_or_is_down_loses_nothing() -> Result<()> {
    let bench = Bench::with_cluster()?;
    let cluster = bench.cluster()?;
    let kubectl = bench.kubectl()?;
    let terraform = bench.example("resources/dataplane_operator")?;
    terraform.edit(
        "resource.tf",
        "  cluster = {\n    kubeconfig",
        "  prevent_deletion = false\n  cluster = {\n    kubeconfig",
    )?;
    terraform.init()?;

    // Down before the first call: told with its address.
    cluster.kill_api_server()?;
    let said = terraform.diagnostics("apply")?;
    let text = format!("{} {}", said[0].summary, said[0].detail);
    ensure!(
        text.contains(&cluster.endpoint()) && text.contains("cannot be reached"),
        "{text}"
    );
    cluster.start_api_server()?;

    // Gone while objects are applied: whatever was reached is gone on with.
    let applying = terraform.start_apply()?;
    wait::until("the namespace", LIMIT, || {
        Ok(there(&kubectl, "namespace", "", "union").then_some(()))
    })?;
    cluster.kill_api_server()?;
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(
        succeeded || printed.contains(&cluster.endpoint()),
        "{printed}"
    );
    cluster.start_api_server()?;
    terraform.apply()?;
    assert_whole(&kubectl, &terraform)?;
    terraform.destroy()?;
    ensure!(
        !there(&kubectl, "namespace", "", "union"),
        "destroy left the namespace"
    );

    // Restarted during the rollout, which lasts as long as no node takes pods: the wait goes on.
    kubectl.run(&["cordon", "simulated"])?;
    let applying = terraform.start_apply()?;
    wait::until("the deployment", LIMIT, || {
        Ok(there(&kubectl, "deployment", "union", "operator").then_some(()))
    })?;
    cluster.restart_api_server()?;
    kubectl.run(&["uncordon", "simulated"])?;
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(succeeded, "{printed}");
    assert_whole(&kubectl, &terraform)
}
