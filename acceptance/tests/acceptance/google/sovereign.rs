//! `examples/complete/sovereign/gcp` on a GKE cluster: clients by an internal balancer, and pods that reach the control plane and
//! Google's addresses for private networks only.

use anyhow::{Result, ensure};
use serde_json::json;

use super::bench::{Bench, PROJECT, REGION};
use crate::complete_sovereign::{applied, assert_closed, destroy, example};

#[test]
fn a_sovereign_data_plane_on_gke_is_applied_and_goes_out_to_google_and_the_control_plane_only()
-> Result<()> {
    let bench = Bench::on_gke()?;
    let network = json!({ "id": format!("projects/{PROJECT}/global/networks/acme-prod") });
    let terraform = example("gcp")?
        .with(bench.owner().environment())
        .variable("project", PROJECT)
        .variable("region", REGION)
        .variable("network", &network.to_string())
        .variable("kubernetes_api", "[\"10.0.0.2/32\"]");
    let allowed = "allowed_projects = [var.project]";
    terraform.write("emulated_override.tf", &bench.provider(allowed))?;
    terraform.init()?;
    let before = bench.inventory()?;
    applied(&terraform)?;
    // On the node itself: Cloud DNS, and the server that pods have their identity from.
    let metadata = ["169.254.169.252/32", "169.254.169.254/32"];
    let told = [["10.0.0.2/32", "199.36.153.8/30"], metadata].concat();
    assert_closed(&terraform, &bench.kubectl()?, &told)?;
    let service = terraform.output("service")?;
    let kind = &service["annotations"]["networking.gke.io/load-balancer-type"];
    assert_eq!(*kind, "Internal");
    let rules = terraform.attributes("module.sovereign.google_compute_firewall.health_checks")?;
    assert_eq!(
        rules["source_ranges"],
        json!(["130.211.0.0/22", "35.191.0.0/16"])
    );
    destroy(&terraform)?;
    ensure!(bench.inventory()? == before, "something is left");
    Ok(())
}
