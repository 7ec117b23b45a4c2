//! `modules/gcp/network` where it makes the network, and what the foundation of `examples/complete/private/gcp` makes in it: nothing comes
//! in, and what goes out is what the rules are for. What hashicorp/google would make is its schemas; the endpoint is the stand-in's, in a
//! network that is there.

use std::{collections::BTreeMap, fs};

use acceptance::{setup, terraform::Terraform};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{
    bench::{Bench, PROJECT, REGION, endpoints_of},
    private,
};

const ADDRESS: &str = "10.100.0.1";

fn foundation(bench: &Bench) -> Result<Terraform> {
    let foundation =
        Terraform::example("complete/private/gcp/foundation")?.with(bench.owner().environment());
    // The schema of a network invents an id that is none.
    let emulated = format!(
        "provider \"dataplane\" {{
  gcp = {{
    project          = var.project
    region           = var.region
    allowed_projects = [var.project]
    endpoints        = {}
  }}
}}

module \"endpoints\" {{
  network = merge(module.network.network, {{ id = \"projects/{PROJECT}/global/networks/main\" }})
}}
",
        endpoints_of(bench.owner())
    );
    foundation.write("emulated_override.tf", &emulated)?;
    let ranges = "output \"ranges\" {
  value = module.network.network
}
";
    foundation.write("told.tf", ranges)?;
    foundation.init()?;
    Ok(foundation
        .variable("project", PROJECT)
        .variable("region", REGION)
        .variable("name", "prod")
        .variable("endpoint_address", ADDRESS))
}

/// The firewall's rules of a plan, by name.
fn rules(plan: &Value) -> Result<BTreeMap<String, Value>> {
    let changes = plan["resource_changes"].as_array().context("changes")?;
    let firewall = changes
        .iter()
        .filter(|one| one["type"] == "google_compute_firewall");
    firewall
        .map(|one| {
            let after = &one["change"]["after"];
            let name = after["name"].as_str().context("a name")?;
            Ok((name.to_owned(), after.clone()))
        })
        .collect()
}

#[test]
fn a_foundation_makes_its_network_and_lets_nothing_in() -> Result<()> {
    let bench = Bench::google()?;
    private::network(&bench.project)?;
    let before = bench.inventory()?;
    let folder = setup::scratch()?;
    let file = folder.path().join("answers.json");
    let project = json!({ "type": "google_project", "arguments": { "project_id": PROJECT }, "attributes": { "number": "123456789012" } });
    fs::write(&file, json!([project]).to_string())?;
    let foundation = foundation(&bench)?.with([(
        "DATAPLANE_SCHEMA_ANSWERS".to_owned(),
        file.display().to_string(),
    )]);

    let plan = foundation.plan()?.json;
    let rules = rules(&plan)?;
    let names: Vec<&str> = rules.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "prod-all-apis",
            "prod-inside",
            "prod-no-egress",
            "prod-to-control-plane",
            "prod-to-tunnel"
        ]
    );
    let closed = &rules["prod-no-egress"];
    assert_eq!(closed["destination_ranges"], json!(["0.0.0.0/0"]));
    assert_eq!(closed["deny"][0]["protocol"], "all");
    for (name, rule) in &rules {
        assert_eq!(rule["direction"], "EGRESS", "{name}");
        if name == "prod-no-egress" {
            continue;
        }
        ensure!(
            rule["priority"].as_u64() < closed["priority"].as_u64(),
            "{name} is behind what closes the network: {rule:#}"
        );
        let ranges = rule["destination_ranges"].as_array();
        let wide = |range: &&Value| {
            let length = range.as_str().and_then(|range| range.split_once('/'));
            length.is_none_or(|(_, length)| length.parse::<u8>().is_ok_and(|bits| bits < 12))
        };
        let wide: Vec<&Value> = ranges.into_iter().flatten().filter(wide).collect();
        ensure!(wide.is_empty(), "{name} leads to {wide:?}");
    }
    assert_closed(&plan)?;

    foundation.apply()?;
    foundation.plan()?.assert_empty("the foundation's plan")?;
    let network = foundation.output("ranges")?;
    assert_eq!(network["pods_range"], "pods");
    assert_eq!(network["cidr"], "10.0.0.0/18");
    let made = foundation.attributes("module.endpoints.google_compute_firewall.this")?;
    assert_eq!(made["destination_ranges"], json!([format!("{ADDRESS}/32")]));
    let subnet = foundation.attributes("module.network.google_compute_subnetwork.this[0]")?;
    assert_eq!(subnet["private_ip_google_access"], true);
    let cluster = foundation.attributes("module.cluster.google_container_cluster.this")?;
    // Of the network that the endpoint is in, and the subnet that was made.
    assert_eq!(
        cluster["network"],
        format!("projects/{PROJECT}/global/networks/main")
    );
    assert_eq!(cluster["subnetwork"], network["subnet_ids"][0]);
    assert_eq!(cluster["deletion_protection"], true);
    foundation.destroy()?;
    assert_eq!(bench.inventory()?, before);
    Ok(())
}

/// The API and the nodes have no public address, and nothing else that could have one is made.
fn assert_closed(plan: &Value) -> Result<()> {
    let changes = plan["resource_changes"].as_array().context("changes")?;
    let mut seen = 0;
    for one in changes {
        let after = &one["change"]["after"];
        match one["type"].as_str().unwrap_or_default() {
            "google_container_cluster" => {
                let private = &after["private_cluster_config"][0];
                assert_eq!(private["enable_private_nodes"], true);
                assert_eq!(private["enable_private_endpoint"], true);
                seen += 1;
            }
            "google_container_node_pool" => {
                let network = &after["network_config"][0];
                ensure!(network["enable_private_nodes"] != json!(false), "{one:#}");
                seen += 1;
            }
            "google_compute_address"
            | "google_compute_global_address"
            | "google_compute_instance"
            | "google_compute_forwarding_rule"
            | "google_compute_global_forwarding_rule" => {
                anyhow::bail!("it could have a public address: {one:#}")
            }
            _ => {}
        }
    }
    ensure!(seen > 1, "neither cluster nor nodes: {changes:#?}");
    Ok(())
}
