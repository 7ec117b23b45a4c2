//! A storage account is more than the container in it: what else it holds, whom it lets in, and whose identities it has.

use acceptance::azure::LOCATION;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::bench::Bench;

const ACCOUNT: &str = "acmeaccounts";

fn of_account(more: Value) -> Value {
    let Value::Object(mut parameters) = more else {
        return json!({ "account_name": ACCOUNT });
    };
    parameters.insert("account_name".to_owned(), ACCOUNT.into());
    Value::Object(parameters)
}

fn bucket(more: &str) -> String {
    format!(
        "resource \"dataplane_bucket\" \"this\" {{\n  account = \"{ACCOUNT}\"\n  name    = \"data\"\n{more}}}\n"
    )
}

#[test]
fn other_services_keep_an_account_unless_everything_is_to_go() -> Result<()> {
    let bench = Bench::azure()?;
    let terraform = bench.configuration(&bucket(""))?;
    terraform.init()?;
    terraform.apply()?;
    let share = json!({ "share_name": "home", "file_share": { "properties": {} } });
    bench.call("storage", "file_shares.create", of_account(share))?;
    let queue = json!({ "queue_name": "jobs", "queue": {} });
    bench.call("storage", "queue.create", of_account(queue))?;
    let table = json!({ "table_name": "Runs", "parameters": {} });
    bench.call("storage", "table.create", of_account(table))?;
    let refused = terraform.destroy().expect_err("more than a container");
    // Terraform breaks lines where it likes.
    let refused = format!("{refused:#}").replace('│', " ");
    let refused = refused.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(
        refused.contains("1 file share (home), 1 queue (jobs) and 1 table (Runs)"),
        "{refused}"
    );
    let container = json!({ "container_name": "data" });
    ensure!(bench.finds("storage", "blob_containers.get", of_account(container))?);
    terraform.write("main.tf", &bucket("  force_destroy = true\n"))?;
    terraform.apply()?;
    terraform.destroy()?;
    ensure!(!bench.finds(
        "storage",
        "storage_accounts.get_properties",
        of_account(json!({}))
    )?);
    Ok(())
}

#[test]
fn whom_somebody_let_in_is_shown_and_kept_out_again() -> Result<()> {
    let bench = Bench::azure()?;
    let subnet = format!(
        "{}/providers/Microsoft.Network/virtualNetworks/Nodes/subnets/Pods",
        bench.subscription.scope()
    );
    let networks = format!(
        "  allowed_networks = {{ ip_ranges = [\"203.0.113.7\"], subnets = [\"{subnet}\"] }}\n"
    );
    let terraform = bench.configuration(&bucket(&networks))?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;

    let rules = |extra: Value| {
        json!({ "parameters": { "properties": { "publicNetworkAccess": "Enabled", "networkAcls": {
            "defaultAction": "Deny", "bypass": "AzureServices", "ipRules": [{ "value": "203.0.113.7" }],
            "virtualNetworkRules": [{ "id": subnet.to_lowercase() }], "resourceAccessRules": extra } } } })
    };
    let spelled = of_account(rules(json!([])));
    bench.call("storage", "storage_accounts.update", spelled)?;
    terraform
        .plan()?
        .assert_empty("the plan after another spelling of the same subnet")?;

    let synapse = json!([{ "tenantId": acceptance::azure::TENANT, "resourceId": "/subscriptions/theirs/synapse" }]);
    bench.call(
        "storage",
        "storage_accounts.update",
        of_account(rules(synapse)),
    )?;
    terraform.plan_refresh_only()?;
    let plan = terraform.plan()?;
    let text = plan.json["resource_changes"].to_string();
    ensure!(text.contains("/subscriptions/theirs/synapse"), "{text}");
    terraform.apply_then_empty_plan()?;
    let found = bench.call(
        "storage",
        "storage_accounts.get_properties",
        of_account(json!({})),
    )?;
    let left = &found["network_rule_set"]["resource_access_rules"];
    ensure!(*left == json!([]), "{found:#}");
    terraform.destroy().map(drop)
}

#[test]
fn a_key_leaves_others_identities_alone() -> Result<()> {
    let bench = Bench::azure()?;
    let terraform = bench.configuration(&bucket(""))?;
    terraform.init()?;
    terraform.apply()?;
    let identity = json!({ "resource_name": "theirs", "parameters": { "location": LOCATION } });
    let theirs = bench.call("msi", "user_assigned_identities.create_or_update", identity)?;
    let id = theirs["id"].as_str().unwrap_or_default();
    let given =
        json!({ "identity": { "type": "UserAssigned", "userAssignedIdentities": { id: {} } } });
    let given = of_account(json!({ "parameters": given }));
    bench.call("storage", "storage_accounts.update", given)?;

    bench.make_vault("accounts-vault")?;
    let key = json!({ "vault_name": "accounts-vault", "key_name": "data", "parameters": { "properties": { "kty": "RSA" } } });
    bench.call("keyvault", "keys.create_if_not_exist", key)?;
    let key = "  kms_key = \"https://accounts-vault.vault.azure.net/keys/data\"\n";
    terraform.write("main.tf", &bucket(key))?;
    terraform.apply_then_empty_plan()?;
    let found = bench.call(
        "storage",
        "storage_accounts.get_properties",
        of_account(json!({})),
    )?;
    let identities = found["identity"]["user_assigned_identities"].as_object();
    ensure!(identities.is_some_and(|all| all.len() == 1), "{found:#}");
    terraform.destroy()?;
    let left = bench.names("authorization", "role_assignments.list_for_resource_group")?;
    let at_key = bench.owner().call(
        "authorization",
        "role_assignments.list_for_scope",
        &json!({ "scope": format!("{}/providers/Microsoft.KeyVault/vaults/accounts-vault/keys/data", bench.subscription.scope()) }),
    )?;
    ensure!(
        !at_key.to_string().contains("/keys/data"),
        "{left:?} {at_key:#}"
    );
    Ok(())
}
