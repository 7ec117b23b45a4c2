//! `examples/complete/gitops`: Terraform makes the cloud's side and needs no cluster; what it renders is applied from files, as
//! Argo CD and Flux apply it.

use std::{collections::BTreeSet, fs};

use acceptance::{
    cluster::{Cluster, Kubectl, Needs},
    setup,
    terraform::Terraform,
};
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
        fs::read_to_string(setup::checkout().join("runtime/crds/taskactions.flyte.org.yaml"))?;
    kubectl.apply(&definitions)?;
    let applied = kubectl.apply(&manifests)?;
    ensure!(
        applied.contains("deployment.apps/operator serverside-applied")
            && applied.contains("deployment.apps/executor serverside-applied"),
        "{applied}"
    );
    let file = setup::scratch()?;
    let path = file.path().join("manifests.yaml");
    fs::write(&path, &manifests)?;
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

    assert_workspaces(&bench, &terraform)?;

    let terraform = terraform.variable("operator_image", "localhost/dataplane-operator:0.2.0");
    let planned = terraform.plan()?;
    ensure!(rendered(&terraform)? == manifests);
    terraform.apply_then_empty_plan()?;
    let upgraded = rendered(&terraform)?;
    // As the guide commits them, before the cloud's side is applied.
    ensure!(planned.json["planned_values"]["outputs"]["manifests"]["value"] == upgraded);
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

/// The root beside it makes the namespace that tasks of the project have, with their role, and takes it away.
fn assert_workspaces(bench: &Bench, cloud: &Terraform) -> Result<()> {
    let kubeconfig = bench.cluster()?.kubeconfig().display().to_string();
    let role = cloud.output("user_role")?;
    let terraform = Terraform::example("complete/gitops/workspaces")?
        .with(bench.account.environment())
        .variable("kubeconfig", &kubeconfig)
        .variable("user_role", &role.to_string());
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let namespace = terraform.output("namespace")?;
    let namespace = namespace.as_str().context("a namespace")?;
    let account = bench
        .kubectl()?
        .get("serviceaccount", namespace, "default")?
        .context("the service account of tasks")?;
    let annotations = &account["metadata"]["annotations"];
    assert_eq!(
        annotations["eks.amazonaws.com/role-arn"],
        role["irsa"]["role_arn"]
    );
    terraform.destroy()?;
    let left = bench.kubectl()?.get("namespace", "", namespace)?;
    ensure!(left.is_none(), "{namespace} is left");
    Ok(())
}

/// The definitions that Argo CD and Flux publish, as `acceptance/gitops` has them, with a namespace that the tool is in.
const TOOLS: [(&str, &[&str]); 2] = [
    ("argocd", &["applications.argoproj.io"]),
    (
        "flux",
        &[
            "gitrepositories.source.toolkit.fluxcd.io",
            "kustomizations.kustomize.toolkit.fluxcd.io",
        ],
    ),
];

#[test]
fn argo_and_flux_know_every_field_of_what_they_are_given() -> Result<()> {
    // The definitions are nobody else's, and go with it.
    let cluster = Cluster::shared_own()?;
    let kubectl = cluster.kubectl()?;
    for (tool, definitions) in TOOLS {
        for definition in definitions {
            let file = format!("acceptance/gitops/{definition}.yaml");
            kubectl.apply(&fs::read_to_string(setup::checkout().join(file))?)?;
            let established = format!("crd/{definition}");
            kubectl.run(&[
                "wait",
                "--for=condition=Established",
                "--timeout=60s",
                &established,
            ])?;
        }
        let folder = setup::checkout()
            .join("examples/complete/gitops")
            .join(tool);
        let mut files = 0;
        for entry in fs::read_dir(&folder)? {
            let text = fs::read_to_string(entry?.path())?;
            let namespace = text
                .lines()
                .find_map(|line| line.strip_prefix("  namespace: "))
                .context("a namespace")?;
            if kubectl.get("namespace", "", namespace)?.is_none() {
                kubectl.create_namespace(namespace)?;
            }
            strictly(&kubectl, &text)?;
            let misspelt = text.replacen("\nspec:\n", "\nspec:\n  pruned: true\n", 1);
            let refused = strictly(&kubectl, &misspelt).expect_err("a field that nobody knows");
            ensure!(format!("{refused:#}").contains("pruned"), "{refused:#}");
            files += 1;
        }
        ensure!(files > 1, "{} holds {files} files", folder.display());
    }
    Ok(())
}

/// Whether the API server takes it, where fields that it does not know are errors; nothing is kept.
fn strictly(kubectl: &Kubectl, text: &str) -> Result<()> {
    let file = setup::scratch()?;
    let path = file.path().join("given.yaml");
    fs::write(&path, text)?;
    let path = path.display().to_string();
    let arguments = [
        "create",
        "--dry-run=server",
        "--validate=strict",
        "-f",
        &path,
    ];
    kubectl.run(&arguments).map(drop)
}

fn rendered(terraform: &Terraform) -> Result<String> {
    let manifests = terraform.output("manifests")?;
    Ok(manifests.as_str().context("YAML")?.to_owned())
}
