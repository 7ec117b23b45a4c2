//! What goes wrong on Azure only: identities and roles that are not known yet, concurrent credentials, names that are kept,
//! providers that are not registered, quotas, leases, and operations that end badly.

use acceptance::azure::Answer;
use anyhow::{Result, ensure};
use serde_json::json;

use super::{
    KINDS, VAULT, assert_nothing_left, assert_whole, bench, fault, inventory, one_of_each_in_peace,
    said, said_of,
};

const CREDENTIAL: &str =
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write";

#[test]
fn concurrent_credentials_and_principals_that_are_not_known_yet_are_waited_for() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each_in_peace(&bench)?;
    let concurrent = Answer::Error {
        status: 409,
        code: "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
        message: "Too many Federated Identity Credentials are written concurrently for the managed identity.",
    };
    fault(&bench, CREDENTIAL, 0..2, &concurrent)?;
    bench.subscription.set_principal_delay(2)?;
    terraform.apply()?;
    let calls = bench.subscription.take_calls()?;
    let refused = |operation: &str, status: u16| {
        let made = calls.iter().filter(|call| call.operation == operation);
        made.filter(|call| call.status == status).count()
    };
    assert_eq!(refused(CREDENTIAL, 409), 2);
    assert_eq!(
        refused("Microsoft.Authorization/roleAssignments/write", 400),
        2
    );
    bench.subscription.clear_faults()?;
    assert_whole(&bench, &terraform)
}

#[test]
fn a_right_on_a_key_that_is_not_seen_yet_is_waited_for() -> Result<()> {
    let bench = bench()?;
    let key = json!({ "vault_name": VAULT, "key_name": "data", "parameters": { "properties": { "kty": "RSA" } } });
    bench.call("keyvault", "keys.create_if_not_exist", key)?;
    let url = format!("https://{VAULT}.vault.azure.net/keys/data");
    let terraform = bench.configuration(&format!(
        "resource \"dataplane_bucket\" \"this\" {{\n  account = \"faultskey\"\n  name = \"data\"\n  kms_key = \"{url}\"\n}}\n"
    ))?;
    terraform.init()?;
    bench.subscription.set_propagation(2)?;
    terraform.apply_then_empty_plan()?;
    let account = json!({ "account_name": "faultskey" });
    let account = bench.call("storage", "storage_accounts.get_properties", account)?;
    ensure!(
        account["encryption"]["key_source"] == "Microsoft.Keyvault",
        "{account:#}"
    );
    terraform.destroy().map(drop)
}

#[test]
fn names_that_azure_keeps_after_a_deletion_are_taken_back() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each_in_peace(&bench)?;
    terraform.apply()?;
    terraform.destroy()?;
    assert_nothing_left(&bench)?;
    let deleted = bench.owner().call(
        &format!("secrets/{VAULT}"),
        "list_deleted_secrets",
        &json!({}),
    )?;
    ensure!(deleted != json!([]), "the secret is gone for good");
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}

#[test]
fn a_provider_that_is_not_registered_is_named_with_its_command() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each_in_peace(&bench)?;
    bench
        .subscription
        .unregister(&["Microsoft.ContainerRegistry"])?;
    let said = said(&terraform)?;
    let text = said_of(&said, "dataplane_registry.this")?;
    ensure!(
        text.contains("az provider register --namespace Microsoft.ContainerRegistry"),
        "{text}"
    );
    ensure!(said.len() == 1, "{said:?}");
    bench.subscription.unregister(&[])?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}

#[test]
fn a_full_quota_is_told_and_nothing_is_half_made() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each_in_peace(&bench)?;
    bench
        .subscription
        .set_quota("Microsoft.Storage/storageAccounts", 1)?;
    let said = said(&terraform)?;
    let text = said_of(&said, "dataplane_bucket.this")?;
    ensure!(
        text.contains("faultsdata") && text.to_lowercase().contains("quota"),
        "{text}"
    );
    let made = inventory(&bench)?;
    ensure!(made.len() == KINDS.len() - 1, "{made:?}");
    bench
        .subscription
        .set_quota("Microsoft.Storage/storageAccounts", 250)?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}

#[test]
fn a_lease_keeps_a_container_until_it_is_given_back() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each_in_peace(&bench)?;
    terraform.apply()?;
    let lease = |action: &str, more: serde_json::Value| {
        let mut parameters = json!({ "action": action });
        for (name, value) in more.as_object().into_iter().flatten() {
            parameters[name] = value.clone();
        }
        let leased = json!({ "account_name": "faultsdata", "container_name": "data", "parameters": parameters });
        bench.call("storage", "blob_containers.lease", leased)
    };
    lease("Acquire", json!({ "leaseDuration": -1 }))?;
    let refused = terraform
        .destroy()
        .expect_err("a lease holds the container");
    let refused = format!("{refused:#}");
    ensure!(
        refused.contains("lease") && refused.contains("faultsdata"),
        "{refused}"
    );
    let account = json!({ "account_name": "faultsdata" });
    ensure!(bench.finds("storage", "storage_accounts.get_properties", account)?);
    lease("Break", json!({ "breakPeriod": 0 }))?;
    terraform.destroy()?;
    assert_nothing_left(&bench)
}

#[test]
fn an_operation_that_ends_badly_is_told_and_the_next_apply_goes_on() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each_in_peace(&bench)?;
    let ends = Answer::Ends {
        status: "Failed",
        code: "ProvisioningFailed",
        message: "The registry could not be provisioned.",
    };
    fault(
        &bench,
        "Microsoft.ContainerRegistry/registries/write",
        0..1,
        &ends,
    )?;
    let said = said(&terraform)?;
    let text = said_of(&said, "dataplane_registry.this")?;
    for part in [
        "faultsimages",
        "ProvisioningFailed",
        "could not be provisioned",
    ] {
        ensure!(text.contains(part), "no {part} in: {text}");
    }
    bench.subscription.clear_faults()?;
    terraform.apply()?;
    let registry = json!({ "registry_name": "faultsimages" });
    let registry = bench.call("containerregistry", "registries.get", registry)?;
    ensure!(
        registry["properties"]["provisioningState"] == "Succeeded",
        "{registry}"
    );
    assert_whole(&bench, &terraform)
}
