//! What is not found, or not shown, and yet not gone: the state keeps it, and the plan says what to do.

use acceptance::azure::Answer;
use anyhow::{Result, ensure};
use serde_json::json;

use super::{ALWAYS, KINDS, VAULT, assert_whole, bench, fault, one_of_each_in_peace};

#[test]
fn a_group_that_is_not_found_takes_nothing_out_of_the_state() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each_in_peace(&bench)?;
    terraform.apply()?;
    let group = Answer::Error {
        status: 404,
        code: "ResourceGroupNotFound",
        message: "Resource group 'acme-prod' could not be found.",
    };
    let of_a_group = KINDS
        .iter()
        .filter(|kind| kind.resource != "dataplane_secret.this");
    for kind in of_a_group.clone() {
        fault(&bench, kind.read, ALWAYS, &group)?;
    }
    let told = terraform.diagnostics("plan")?;
    for kind in of_a_group {
        let told = told.iter().find(|told| told.address == kind.resource);
        let told = told.map_or("", |told| told.detail.as_str());
        ensure!(
            told.contains("nothing of it was taken for gone") && told.contains("az group create"),
            "{}: {told}",
            kind.resource
        );
    }
    bench.subscription.clear_faults()?;
    assert_whole(&bench, &terraform)
}

#[test]
fn a_secret_that_is_switched_off_and_a_vault_that_is_closed_stay_in_the_state() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each_in_peace(&bench)?;
    terraform.apply()?;
    let vault = format!("secrets/{VAULT}");
    let switch = |on: bool| {
        let change = json!({ "name": "token", "enabled": on });
        bench
            .owner()
            .call(&vault, "update_secret_properties", &change)
    };
    switch(false)?;
    let token = json!({ "name": "token" });
    let refused = bench.owner().refused(&vault, "get_secret", &token)?;
    assert_eq!(refused, "Forbidden", "nobody is given its value");
    bench.subscription.take_calls()?;
    terraform
        .plan()?
        .assert_empty("the plan of a secret that is switched off")?;
    let calls = bench.subscription.take_calls()?;
    let values = calls
        .iter()
        .find(|call| call.operation.contains("getSecret"));
    ensure!(values.is_none(), "a plan read the value: {values:?}");
    switch(true)?;

    let network = |action: &str| {
        let rules = json!({ "defaultAction": action, "bypass": "AzureServices" });
        let change = json!({ "vault_name": VAULT, "parameters": { "properties": { "networkAcls": rules } } });
        bench.call("keyvault", "vaults.update", change)
    };
    network("Deny")?;
    let told = terraform.diagnostics("plan")?;
    let told = told
        .iter()
        .find(|told| told.address == "dataplane_secret.this");
    let told = told.map_or("", |told| told.detail.as_str());
    for part in ["ForbiddenByFirewall", "network rules", "faults-vault/token"] {
        ensure!(told.contains(part), "no {part} in: {told}");
    }
    network("Allow")?;
    assert_whole(&bench, &terraform)
}
