//! `examples/complete/private/azure`: a foundation and the data plane on it, in a state each. The network is one that is there, in the
//! stand-in and as hashicorp/azurerm would read it; the cluster that hashicorp/azurerm would make is the one that AKS knows.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use acceptance::{
    azure::{LOCATION, Network, TENANT},
    setup,
    terraform::Terraform,
};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::bench::{Bench, GROUP};
use crate::{egress::list, google::complete_private::assert_reached};

const ZONES: [&str; 2] = [
    "privatelink.blob.core.windows.net",
    "privatelink.dfs.core.windows.net",
];

/// What hashicorp/azurerm would read of the network.
fn answers(network: &Network) -> Result<Value> {
    let (id, _) = network.own.split_once("/subnets/").context("a subnet")?;
    let scope = id.split("/virtualNetworks/").next().context("a scope")?;
    let subnet = |name: &str, id: &str| {
        json!({ "type": "azurerm_subnet", "arguments": { "name": name, "virtual_network_name": "net" }, "attributes": {
            "id": id, "address_prefixes": ["10.0.2.0/24"], "default_outbound_access_enabled": false,
            "network_security_group_id": format!("{scope}/networkSecurityGroups/guard"),
            "private_endpoint_network_policies": "NetworkSecurityGroupEnabled", "private_link_service_network_policies_enabled": false,
        } })
    };
    let own = |name: &str| format!("{id}/subnets/{name}");
    Ok(json!([
        { "type": "azurerm_client_config", "arguments": {}, "attributes": { "tenant_id": TENANT, "object_id": TENANT } },
        { "type": "azurerm_virtual_network", "arguments": { "name": "net" }, "attributes": {
            "id": id, "location": LOCATION, "address_space": ["10.0.0.0/16"], "dns_servers": [],
        } },
        { "type": "azurerm_network_security_group", "arguments": { "name": "guard" }, "attributes": { "security_rule": [] } },
        subnet("nodes", &own("nodes")), subnet("api", &own("api")), subnet("own", &network.own),
    ]))
}

fn root(bench: &Bench, path: &str, place: &str) -> Result<Terraform> {
    let terraform = Terraform::example(&format!("complete/private/azure/{path}"))?
        .with(bench.owner().environment());
    let emulated = format!(
        "provider \"dataplane\" {{
  azure = {{
    subscription_id       = {place}.subscription_id
    resource_group        = {place}.resource_group
    location              = {place}.location
    allowed_subscriptions = [{place}.subscription_id]
    endpoints             = {}
  }}
}}
",
        bench.owner().endpoints()
    );
    terraform.write("emulated_override.tf", &emulated)?;
    terraform.init()?;
    Ok(terraform)
}

/// The foundation, on a network that is there or on one of its own.
fn foundation(
    bench: &Bench,
    answers: &Value,
    folder: &Path,
    existing: &Value,
) -> Result<Terraform> {
    let file = folder.join("answers.json");
    fs::write(&file, answers.to_string())?;
    let answered = (
        "DATAPLANE_SCHEMA_ANSWERS".to_owned(),
        file.display().to_string(),
    );
    let foundation = root(bench, "foundation", "var")?
        .with([answered])
        .variable("subscription_id", &bench.subscription.id)
        .variable("resource_group", GROUP)
        .variable("location", LOCATION)
        .variable("name", "prod")
        .variable("key_vault", "acme-prod-keys")
        .variable("kubernetes_version", "1.33")
        .variable("admins", &json!([TENANT]).to_string())
        .variable("existing", &existing.to_string());
    // The schema of a key invents an id that is none.
    let key = "https://acme-prod-keys.vault.azure.net/keys/prod-secrets/0123456789abcdef";
    let named = format!(
        "module \"cluster\" {{\n  key_vault_key = {{ id = \"{key}\", vault_id = azurerm_key_vault.this.id }}\n}}\n"
    );
    foundation.write("key_override.tf", &named)?;
    foundation.apply()?;
    foundation.plan()?.assert_empty("the foundation's plan")?;
    Ok(foundation)
}

/// Attributes of what the foundation's network has of a type.
fn networked(foundation: &Terraform, kind: &str) -> Result<Vec<Value>> {
    let state = foundation.state()?;
    let modules = state["values"]["root_module"]["child_modules"].as_array();
    let mut modules = modules.context("modules")?.iter();
    let network = modules.find(|module| module["address"] == "module.network");
    let resources = network.context("a network")?["resources"].as_array();
    let of_kind = resources
        .context("resources")?
        .iter()
        .filter(|one| one["type"] == kind);
    Ok(of_kind.map(|one| one["values"].clone()).collect())
}

/// A network that the foundation makes, as far as schemas of hashicorp/azurerm go: nobody is let in, and nodes reach what is listed.
#[test]
fn a_foundation_makes_its_own_network() -> Result<()> {
    let bench = Bench::azure()?;
    let folder = setup::scratch()?;
    let answers = json!([{
        "type": "azurerm_client_config", "arguments": {}, "attributes": { "tenant_id": TENANT, "object_id": TENANT },
    }]);
    let foundation = foundation(&bench, &answers, folder.path(), &Value::Null)?;

    let subnets = networked(&foundation, "azurerm_subnet")?;
    let ranges: BTreeMap<_, _> = subnets
        .iter()
        .map(|subnet| (subnet["name"].as_str(), subnet["address_prefixes"].clone()))
        .collect();
    let wanted = [
        ("nodes", "10.0.0.0/19"),
        ("endpoints", "10.0.32.0/24"),
        ("published", "10.0.33.0/24"),
        ("api-server", "10.0.34.0/28"),
    ];
    assert_eq!(
        ranges,
        wanted
            .map(|(name, range)| (Some(name), json!([range])))
            .into()
    );
    let groups = networked(&foundation, "azurerm_network_security_group")?;
    // The nodes' group says none in line; what the schema invents for it is nothing.
    let endpoints = groups.iter().find(|one| one["name"] == "prod-endpoints");
    let in_line = list(&endpoints.context("a group")?["security_rule"]);
    let rules = networked(&foundation, "azurerm_network_security_rule")?;
    let mut reached = BTreeSet::new();
    for rule in in_line.chain(&rules) {
        if rule["access"] == "Deny" {
            continue;
        }
        if rule["direction"] == "Inbound" {
            assert_eq!(rule["source_address_prefix"], "10.0.0.0/16");
            assert_eq!(rule["destination_port_range"], "443");
            continue;
        }
        reached.extend(
            rule["destination_address_prefix"]
                .as_str()
                .map(str::to_owned),
        );
    }
    // None of what endpoints lead to, and nothing of the whole internet.
    let services = [
        "AzureActiveDirectory",
        "AzureFrontDoor.FirstParty",
        "AzureMonitor",
        "AzureResourceManager",
        "MicrosoftContainerRegistry",
    ];
    reached.remove("");
    assert_eq!(reached, services.map(str::to_owned).into());
    let last = rules.iter().find(|rule| rule["priority"] == 4096);
    let last = last.context("a last rule")?;
    assert_eq!(last["access"], "Deny");
    assert_eq!(last["destination_address_prefix"], "*");
    let cluster = "module.cluster.azurerm_kubernetes_cluster.this";
    let cluster = foundation.attributes(cluster)?;
    assert_eq!(cluster["bootstrap_profile"][0]["artifact_source"], "Cache");
    foundation.destroy().map(drop)
}

#[test]
fn a_data_plane_reaches_what_its_foundation_says_and_nothing_else() -> Result<()> {
    let bench = Bench::on_aks()?;
    let network = bench.subscription.network()?;
    let folder = setup::scratch()?;
    let existing = json!({
        "virtual_network": "net", "subnets": { "nodes": "nodes", "endpoints": "own", "api": "api" }, "nat": true,
    });
    let foundation = foundation(&bench, &answers(&network)?, folder.path(), &existing)?;
    let mut told = foundation.output("foundation")?;
    assert_eq!(told["network"]["endpoint_subnet_id"], network.own.as_str());
    assert_eq!(told["cluster"]["aks"]["name"], "prod");
    // That of the cluster that is there, which no schema knows.
    told["issuer"] = bench.cluster()?.issuer().into();
    let mut zones = BTreeMap::new();
    for zone in ZONES {
        zones.insert(zone, bench.subscription.zone(zone)?);
    }

    let data_plane = root(&bench, "data-plane", "var.foundation")?
        .variable("foundation", &told.to_string())
        .variable("name_prefix", "acmeprod")
        .variable("entra", "[\"20.190.128.0/18\"]")
        .variable("zones", &json!(zones).to_string())
        .variable("operator_image", "localhost/dataplane-operator:0.1.0")
        .variable("control_plane_endpoint", "https://acme.control.example.com");
    data_plane.apply_then_empty_plan()?;
    assert_eq!(
        bench.subscription.records(&zones[ZONES[0]])?,
        ["acmeprodfast", "acmeprodmeta"]
    );
    for account in ["acmeprodmeta", "acmeprodfast"] {
        let account = json!({ "account_name": account });
        let found = bench.call("storage", "storage_accounts.get_properties", account)?;
        assert_eq!(found["network_rule_set"]["default_action"], "Deny");
        assert_eq!(found["network_rule_set"]["ip_rules"], json!([]));
    }
    let addresses = data_plane.output("endpoints")?;
    let address = addresses["metadata-blob"][0]
        .as_str()
        .context("an address")?;
    assert_reached(
        &bench.kubectl()?,
        &[&format!("{address}/32"), "10.0.0.0/16"],
    )?;

    let name = "cluster_name  = \"prod-eu\"";
    let unprotected = format!("{name}\n  definitions   = {{ prevent_deletion = false }}");
    data_plane.edit("main.tf", name, &unprotected)?;
    data_plane.apply()?;
    data_plane.destroy()?;
    bench.subscription.assert_nothing_private_left()?;
    assert_eq!(bench.subscription.records(&zones[ZONES[0]])?, [""; 0]);
    let accounts = bench.names("storage", "storage_accounts.list_by_resource_group")?;
    assert_eq!(accounts, [""; 0]);
    foundation.destroy().map(drop)
}
