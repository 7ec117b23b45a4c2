//! `examples/complete/private/gcp`: a foundation and the data plane on it, in a state each. The network is one that is there, in the
//! stand-in and as hashicorp/google would read it; the cluster that hashicorp/google would make is the one that GKE knows.

use std::fs;

use acceptance::{cluster::Kubectl, setup, terraform::Terraform};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{
    bench::{Bench, PROJECT, REGION, endpoints_of},
    private,
};
use crate::egress;

/// Where the names of Google's services lead.
const ADDRESS: &str = "10.100.0.1";

/// What hashicorp/google would read of the network.
fn answers() -> Value {
    let network = format!("projects/{PROJECT}/global/networks/main");
    let link = format!("https://www.googleapis.com/compute/v1/{network}");
    let subnet = format!("projects/{PROJECT}/regions/{REGION}/subnetworks/one");
    let secondary = json!([
        { "range_name": "pods", "ip_cidr_range": "10.8.0.0/16" },
        { "range_name": "services", "ip_cidr_range": "10.9.0.0/20" },
    ]);
    json!([
        { "type": "google_project", "arguments": { "project_id": PROJECT }, "attributes": { "number": "123456789012" } },
        { "type": "google_compute_network", "arguments": { "name": "main" }, "attributes": { "id": network, "self_link": link } },
        { "type": "google_compute_subnetwork", "arguments": { "name": "one", "region": REGION }, "attributes": {
            "id": subnet, "network": link, "ip_cidr_range": "10.7.0.0/24", "private_ip_google_access": true, "secondary_ip_range": secondary,
        } },
    ])
}

fn root(bench: &Bench, path: &str, place: &str) -> Result<Terraform> {
    let terraform = Terraform::example(&format!("complete/private/gcp/{path}"))?
        .with(bench.owner().environment());
    let emulated = format!(
        "provider \"dataplane\" {{
  gcp = {{
    project          = {place}.project
    region           = {place}.region
    allowed_projects = [{place}.project]
    endpoints        = {}
  }}
}}
",
        endpoints_of(bench.owner())
    );
    terraform.write("emulated_override.tf", &emulated)?;
    terraform.init()?;
    Ok(terraform)
}

#[test]
fn a_data_plane_reaches_what_its_foundation_says_and_nothing_else() -> Result<()> {
    let bench = Bench::on_gke()?;
    private::network(&bench.project)?;
    let folder = setup::scratch()?;
    let file = folder.path().join("answers.json");
    fs::write(&file, answers().to_string())?;
    let before = bench.inventory()?;
    let existing = json!({ "network": "main", "subnet": "one", "pods_range": "pods", "services_range": "services" });
    let answered = (
        "DATAPLANE_SCHEMA_ANSWERS".to_owned(),
        file.display().to_string(),
    );
    let foundation = root(&bench, "foundation", "var")?
        .with([answered])
        .variable("project", PROJECT)
        .variable("region", REGION)
        .variable("name", "prod")
        .variable("existing", &existing.to_string())
        .variable("endpoint_address", ADDRESS);
    foundation.apply()?;
    foundation.plan()?.assert_empty("the foundation's plan")?;
    let told = foundation.output("foundation")?;
    assert_eq!(told["google"], json!([format!("{ADDRESS}/32")]));
    assert_eq!(told["nodes"], "10.7.0.0/24");
    let zone = "module.endpoints.google_dns_record_set.apex[\"pkg.dev\"]";
    assert_eq!(foundation.attributes(zone)?["rrdatas"], json!([ADDRESS]));

    let data_plane = root(&bench, "data-plane", "var.foundation")?
        .variable("foundation", &told.to_string())
        .variable("operator_image", "localhost/dataplane-operator:0.1.0")
        .variable("control_plane_endpoint", "https://acme.control.example.com");
    data_plane.apply_then_empty_plan()?;
    assert_reached(
        &bench.kubectl()?,
        &[&format!("{ADDRESS}/32"), "10.7.0.0/24"],
    )?;

    let name = "cluster_name  = \"prod-eu\"";
    let unprotected = format!("{name}\n  definitions   = {{ prevent_deletion = false }}");
    data_plane.edit("main.tf", name, &unprotected)?;
    data_plane.apply()?;
    data_plane.destroy()?;
    foundation.destroy()?;
    assert_eq!(bench.inventory()?, before);
    Ok(())
}

/// No network policy leads everywhere, and some to each of these ranges.
pub fn assert_reached(kubectl: &Kubectl, ranges: &[&str]) -> Result<()> {
    let reached = egress::ranges(&kubectl.list(&["networkpolicies", "--all-namespaces"])?)?;
    for range in ranges {
        ensure!(reached.contains(*range), "no {range} in {reached:?}");
    }
    Ok(())
}
