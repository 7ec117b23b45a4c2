//! The whole example: one apply of `examples/complete/azure` on an AKS cluster puts a data plane up, whatever is changed by hand is
//! mended, what the state forgot is taken in, an apply that ends early is gone on with, and destroy takes all of it away.

mod changes;

use acceptance::terraform::Terraform;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::bench::{Bench, GROUP};

/// The example, ready for its first apply. The subscription and the cluster are ours; the configuration is the one for real
/// ones, but for the endpoints.
pub fn configure(bench: &Bench) -> Result<Terraform> {
    bench.make_vault(GROUP)?;
    let terraform = Terraform::example("complete/azure")?
        .with(bench.owner().environment())
        .variable("subscription_id", &bench.subscription.id)
        .variable("resource_group", GROUP)
        .variable("location", acceptance::azure::LOCATION)
        .variable("cluster", "prod")
        .variable("name_prefix", "acmeprod")
        .variable("vault", GROUP)
        .variable("operator_image", "localhost/dataplane-operator:0.1.0")
        .variable("control_plane_endpoint", "https://acme.control.example.com");
    let allowed = "allowed_subscriptions = [var.subscription_id]";
    terraform.write("emulated_override.tf", &bench.provider(allowed))?;
    terraform.init()?;
    Ok(terraform)
}

#[test]
fn the_example_for_a_real_subscription_is_applied_and_destroyed_without_a_trace() -> Result<()> {
    let bench = Bench::on_aks()?;
    let terraform = configure(&bench)?;
    let before = everything(&bench)?;
    terraform.apply_then_empty_plan()?;
    assert_up(&bench, &before)?;

    let refused = terraform.destroy().expect_err("deleting what is protected");
    ensure!(
        format!("{refused:#}").contains("prevent_deletion"),
        "{refused:#}"
    );
    destroy(&bench, &terraform, &before)
}

/// What the example is for is there, and closed to all but its own.
fn assert_up(bench: &Bench, before: &[String]) -> Result<()> {
    let made: Vec<String> = everything(bench)?
        .into_iter()
        .filter(|name| !before.contains(name))
        .collect();
    for name in [
        "storage/acmeprodmeta",
        "storage/acmeprodfast",
        "containerregistry/acmeprodimages",
        "loganalytics/acme-prod",
        "msi/adminflyterole",
        "msi/userflyterole",
        "msi/acme-prod-builder",
    ] {
        ensure!(made.iter().any(|made| made == name), "no {name}: {made:?}");
    }
    assert_closed(bench)?;
    let workspace = bench.kubectl()?.get("namespace", "", "fraud-production")?;
    ensure!(workspace.is_some(), "no namespace of the workspace");
    assert_annotated(bench)
}

/// Definitions are protected unless told otherwise.
fn destroy(bench: &Bench, terraform: &Terraform, before: &[String]) -> Result<()> {
    let name = "cluster_name  = \"prod-eu\"";
    terraform.edit(
        "main.tf",
        name,
        &format!("{name}\n  definitions   = {{ prevent_deletion = false }}"),
    )?;
    terraform.apply()?;
    terraform.destroy()?;
    assert_eq!(everything(bench)?, before);
    Ok(())
}

/// Neither account lets anybody in without Entra.
fn assert_closed(bench: &Bench) -> Result<()> {
    for account in ["acmeprodmeta", "acmeprodfast"] {
        let account = json!({ "account_name": account });
        let found = bench.call("storage", "storage_accounts.get_properties", account)?;
        ensure!(
            found["allow_shared_key_access"] == false
                && found["allow_blob_public_access"] == false
                && found["minimum_tls_version"] == "TLS1_2"
                && found["enable_https_traffic_only"] == true,
            "{found:#}"
        );
    }
    Ok(())
}

/// Task pods carry the client id that Azure gave the user role.
fn assert_annotated(bench: &Bench) -> Result<()> {
    let role = json!({ "resource_name": "userflyterole" });
    let role = bench.call("msi", "user_assigned_identities.get", role)?;
    let account = bench
        .kubectl()?
        .get("serviceaccount", "fraud-production", "default")?
        .context("the service account")?;
    let annotations = &account["metadata"]["annotations"];
    assert_eq!(
        annotations["azure.workload.identity/client-id"],
        role["client_id"]
    );
    Ok(())
}

/// Names of all that a data plane could leave, in the cloud and in the cluster.
fn everything(bench: &Bench) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let lists = [
        ("storage", "storage_accounts.list_by_resource_group"),
        ("containerregistry", "registries.list_by_resource_group"),
        ("loganalytics", "workspaces.list_by_resource_group"),
        ("msi", "user_assigned_identities.list_by_resource_group"),
        ("keyvault", "vaults.list_by_resource_group"),
        ("authorization", "role_assignments.list_for_resource_group"),
    ];
    for (service, method) in lists {
        let names = bench.names(service, method)?;
        found.extend(names.iter().map(|name| format!("{service}/{name}")));
    }
    let kinds = [
        "namespaces",
        "crds",
        "clusterroles",
        "clusterrolebindings",
        "priorityclasses",
    ];
    for kind in kinds {
        let items = bench.kubectl()?.list(&[kind])?;
        let name = |item: &Value| item["metadata"]["name"].as_str().map(str::to_owned);
        found.extend(
            items
                .iter()
                .filter_map(name)
                .map(|name| format!("{kind}/{name}")),
        );
    }
    found.sort();
    Ok(found)
}
