//! The API server goes away before, while and after an operator is applied.

use acceptance::{cluster::Kubectl, terraform::Terraform, wait};
use anyhow::{Result, ensure};
use serde_json::Value;

use super::{LIMIT, in_state};
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
fn an_api_server_that_refuses_restarts_or_is_down_loses_nothing() -> Result<()> {
    // Its API server is killed, so it is never the user's.
    let bench = Bench::with_own_cluster()?;
    let terraform = bench.example("resources/dataplane_operator")?;
    let cluster = "  cluster = {\n    kubeconfig";
    let unprotected = format!("  prevent_deletion = false\n{cluster}");
    terraform.edit("resource.tf", cluster, &unprotected)?;
    terraform.init()?;
    refuses_in_the_middle(&bench, &terraform)?;
    is_down(&bench, &terraform)?;
    restarts_while_objects_are_applied(&bench, &terraform)?;
    restarts_during_the_rollout(&bench, &terraform)
}

/// A quota of the namespace admits no Deployment, which comes after most other objects.
fn refuses_in_the_middle(bench: &Bench, terraform: &Terraform) -> Result<()> {
    let kubectl = bench.kubectl()?;
    kubectl.run(&["create", "namespace", "union"])?;
    let none = ["create", "quota", "none", "-n", "union"];
    kubectl.run(&[&none[..], &["--hard=count/deployments.apps=0"]].concat())?;
    let (make, keep) = ("create_namespace = true", "create_namespace = false");
    terraform.edit("resource.tf", make, keep)?;
    let said = terraform.diagnostics("apply")?;
    let text = format!("{} {}", said[0].summary, said[0].detail);
    for part in [
        "Deployment union/operator was refused",
        "exceeded quota: none",
    ] {
        ensure!(text.contains(part), "no {part} in: {text}");
    }
    let (tainted, _) = in_state(terraform)?;
    ensure!(tainted.contains("dataplane_operator.this"), "{tainted:?}");
    kubectl.run(&["delete", "quota", "none", "-n", "union"])?;
    terraform.apply()?;
    assert_whole(&kubectl, terraform)?;
    terraform.destroy()?;
    ensure!(
        there(&kubectl, "namespace", "", "union"),
        "destroy took a namespace that it had not made"
    );
    kubectl.run(&["delete", "namespace", "union"])?;
    terraform.edit("resource.tf", keep, make)
}

fn is_down(bench: &Bench, terraform: &Terraform) -> Result<()> {
    let cluster = bench.cluster()?;
    cluster.kill_api_server()?;
    let said = terraform.diagnostics("apply")?;
    let text = format!("{} {}", said[0].summary, said[0].detail);
    ensure!(
        text.contains(&cluster.endpoint()) && text.contains("cannot be reached"),
        "{text}"
    );
    cluster.start_api_server()
}

/// Whatever was reached is gone on with.
fn restarts_while_objects_are_applied(bench: &Bench, terraform: &Terraform) -> Result<()> {
    let (cluster, kubectl) = (bench.cluster()?, bench.kubectl()?);
    let applying = terraform.start_apply()?;
    wait::until("the namespace", LIMIT, || {
        Ok(there(&kubectl, "namespace", "", "union").then_some(()))
    })?;
    cluster.restart_api_server()?;
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(
        succeeded || printed.contains(&cluster.endpoint()),
        "{printed}"
    );
    terraform.apply()?;
    assert_whole(&kubectl, terraform)?;
    terraform.destroy()?;
    ensure!(
        !there(&kubectl, "namespace", "", "union"),
        "destroy left the namespace"
    );
    Ok(())
}

/// The rollout lasts as long as no node takes pods; the wait for it goes on.
fn restarts_during_the_rollout(bench: &Bench, terraform: &Terraform) -> Result<()> {
    let (cluster, kubectl) = (bench.cluster()?, bench.kubectl()?);
    kubectl.run(&["cordon", "simulated"])?;
    let applying = terraform.start_apply()?;
    wait::until("the deployment", LIMIT, || {
        Ok(there(&kubectl, "deployment", "union", "operator").then_some(()))
    })?;
    cluster.restart_api_server()?;
    kubectl.run(&["uncordon", "simulated"])?;
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(succeeded, "{printed}");
    assert_whole(&kubectl, terraform)
}
