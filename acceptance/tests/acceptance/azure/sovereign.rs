//! `examples/complete/sovereign/azure` on an AKS cluster: clients by an internal balancer, and pods that reach the control plane and
//! the network's endpoints only.

use acceptance::azure::LOCATION;
use anyhow::{Result, ensure};
use serde_json::json;

use super::bench::{Bench, GROUP};
use crate::complete_sovereign::{applied, assert_closed, destroy, example};

#[test]
fn a_sovereign_data_plane_on_aks_is_applied_and_goes_out_to_the_control_plane_only() -> Result<()> {
    let bench = Bench::on_aks()?;
    let network = json!({
        "id": bench.subscription.networked("virtualNetworks", "net"),
        "nodes_security_group_id": bench.subscription.networked("networkSecurityGroups", "nodes"),
        "nodes_ranges": ["10.0.0.0/19"],
    });
    let egress = json!({ "kubernetes_api": ["10.0.32.0/28"], "tasks": ["10.0.33.0/24"] });
    let terraform = example("azure")?
        .with(bench.owner().environment())
        .variable("subscription_id", &bench.subscription.id)
        .variable("resource_group", GROUP)
        .variable("location", LOCATION)
        .variable(
            "cluster_principal_id",
            "22222222-3333-4444-5555-666666666666",
        )
        .variable("name_prefix", "acmeprod")
        .variable("network", &network.to_string())
        .variable("egress", &egress.to_string());
    let allowed = "allowed_subscriptions = [var.subscription_id]";
    terraform.write("emulated_override.tf", &bench.provider(allowed))?;
    terraform.init()?;
    applied(&terraform)?;
    // AKS' own cache of names on nodes is at another address.
    assert_closed(
        &terraform,
        &bench.kubectl()?,
        &["10.0.32.0/28", "10.0.33.0/24", "169.254.10.11/32"],
    )?;
    let rule =
        terraform.attributes("module.sovereign.azurerm_network_security_rule.this[\"clients\"]")?;
    assert_eq!(rule["source_address_prefixes"], json!(["10.20.0.0/16"]));
    assert_eq!(rule["network_security_group_name"], "nodes");
    let ports = "module.sovereign.azurerm_network_security_rule.this[\"node-ports\"]";
    let ports = terraform.attributes(ports)?;
    assert_eq!(ports["access"], "Deny");
    assert_eq!(ports["destination_port_range"], "30000-32767");
    let service = terraform.output("service")?;
    assert_eq!(
        service["load_balancer_source_ranges"],
        json!(["10.20.0.0/16"])
    );
    destroy(&terraform)?;
    let left = bench.names("storage", "storage_accounts.list_by_resource_group")?;
    ensure!(left.is_empty(), "left: {left:?}");
    Ok(())
}
