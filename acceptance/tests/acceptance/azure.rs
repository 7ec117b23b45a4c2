//! The stand-in for Azure does what the other tests take for granted, as Microsoft's own clients see it.

mod accounts;
mod bad_input;
pub mod bench;
mod blob_writers;
mod clusters;
pub mod complete;
mod complete_byoc;
mod complete_private;
mod examples;
mod faults;
mod gone_roles;
mod identity;
mod leftovers;
mod letters;
mod looked_up;
mod parity;
mod permissions;
mod private;
mod registries;
mod sovereign;
mod tags;
mod vaults;
mod vendor_access;

use std::time::Duration;

use acceptance::{
    azure::{AUDIENCE, Answer, Azure, Caller, Fault, LOCATION, Subscription, TENANT},
    cluster::{Cluster, Needs},
    issuer,
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

const BLOBS: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
const BLOB_READER: &str = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
const STORAGE: &str = "https://storage.azure.com/.default";

/// Parameters with the resource group of the tests.
fn within(mut parameters: Value) -> Value {
    parameters["resource_group_name"] = "acme".into();
    parameters
}

fn make_account(owner: &Caller, name: &str) -> Result<()> {
    let parameters = json!({ "sku": { "name": "Standard_LRS" }, "kind": "StorageV2", "location": LOCATION,
        "properties": { "allowSharedKeyAccess": false, "minimumTlsVersion": "TLS1_2" } });
    let made = owner.call(
        "storage",
        "storage_accounts.begin_create",
        &within(json!({ "account_name": name, "parameters": parameters })),
    )?;
    ensure!(made["provisioning_state"] == "Succeeded", "{made}");
    let container = json!({ "account_name": name, "container_name": "data", "blob_container": {} });
    owner.call("storage", "blob_containers.create", &within(container))?;
    Ok(())
}

fn make_identity(owner: &Caller, name: &str) -> Result<(String, String)> {
    let made = owner.call(
        "msi",
        "user_assigned_identities.create_or_update",
        &within(json!({ "resource_name": name, "parameters": { "location": LOCATION } })),
    )?;
    let text = |name: &str| made[name].as_str().map(str::to_owned);
    let ids = text("principal_id").zip(text("client_id"));
    ids.with_context(|| format!("the ids of {made}"))
}

fn assign(
    subscription: &Subscription,
    principal: &str,
    scope: &str,
    role: &str,
    condition: &str,
) -> Result<()> {
    let mut properties = json!({
        "principalId": principal, "principalType": "ServicePrincipal",
        "roleDefinitionId": format!("/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{role}", subscription.id),
    });
    if !condition.is_empty() {
        properties["condition"] = condition.into();
        properties["conditionVersion"] = "2.0".into();
    }
    let assignment = json!({
        "scope": scope, "role_assignment_name": "6a2f1f9c-0000-4000-8000-000000000001", "parameters": { "properties": properties },
    });
    let owner = subscription.owner();
    owner
        .call("authorization", "role_assignments.create", &assignment)
        .map(drop)
}

#[test]
fn microsofts_clients_see_the_life_of_storage() -> Result<()> {
    let azure = Azure::start()?;
    let subscription = Subscription::new(&azure)?;
    let owner = subscription.owner();
    make_account(owner, "acmelife")?;
    let of = |parameters: Value| {
        let mut parameters = within(parameters);
        parameters["account_name"] = "acmelife".into();
        parameters
    };
    let service = json!({ "properties": { "isVersioningEnabled": true, "deleteRetentionPolicy": { "enabled": true, "days": 7 } } });
    owner.call(
        "storage",
        "blob_services.set_service_properties",
        &of(json!({ "parameters": service })),
    )?;
    let rule = json!({ "name": "old", "type": "Lifecycle", "definition": {
        "actions": { "baseBlob": { "delete": { "daysAfterModificationGreaterThan": 3 } } }, "filters": { "blobTypes": ["blockBlob"] } } });
    let policy = json!({ "properties": { "policy": { "rules": [rule] } } });
    owner.call(
        "storage",
        "management_policies.create_or_update",
        &of(json!({ "management_policy_name": "default", "properties": policy })),
    )?;
    let tagged = owner.call(
        "storage",
        "storage_accounts.update",
        &of(json!({ "parameters": { "tags": { "a": "b" } } })),
    )?;
    ensure!(tagged["tags"] == json!({ "a": "b" }), "{tagged}");

    let blobs = "blob/acmelife/data";
    owner.call(
        blobs,
        "upload_blob",
        &json!({ "name": "raw/a b", "data": "x" }),
    )?;
    owner.call(
        blobs,
        "upload_blob",
        &json!({ "name": "raw/a b", "data": "y", "overwrite": true }),
    )?;
    let read = owner.call(blobs, "download_blob", &json!({ "blob": "raw/a b" }))?;
    ensure!(read == "y", "{read}");
    let all = owner.call(blobs, "list_blobs", &json!({ "include": ["versions"] }))?;
    ensure!(all.as_array().map(Vec::len) == Some(2), "{all}");
    owner.call(
        blobs,
        "delete_blob",
        &json!({ "blob": "raw/a b", "delete_snapshots": "include" }),
    )?;
    let names = owner.call(blobs, "list_blob_names", &json!({}))?;
    ensure!(names == json!([]), "{names}");
    owner.call(blobs, "acquire_lease", &json!({}))?;
    let container = of(json!({ "container_name": "data" }));
    let refused = owner.refused("storage", "blob_containers.delete", &container)?;
    ensure!(refused == "LeaseIdMissing", "{refused}");

    owner.call("storage", "storage_accounts.delete", &of(json!({})))?;
    let gone = owner.refused("storage", "storage_accounts.get_properties", &of(json!({})))?;
    ensure!(gone == "ResourceNotFound", "{gone}");
    Ok(())
}

#[test]
fn microsofts_clients_see_the_life_of_registries_workspaces_and_vaults() -> Result<()> {
    let azure = Azure::start()?;
    let subscription = Subscription::new(&azure)?;
    let owner = subscription.owner();
    let registry = json!({ "registry_name": "acmelife", "registry": {
        "location": LOCATION, "sku": { "name": "Premium" }, "properties": { "adminUserEnabled": false } } });
    let made = owner.call(
        "containerregistry",
        "registries.begin_create",
        &within(registry),
    )?;
    ensure!(
        made["properties"]["loginServer"] == "acmelife.azurecr.io",
        "{made}"
    );
    let registry = within(json!({ "registry_name": "acmelife" }));
    owner.call("containerregistry", "registries.begin_delete", &registry)?;
    owner.refused("containerregistry", "registries.get", &registry)?;

    let workspace = json!({ "workspace_name": "logs", "parameters": {
        "location": LOCATION, "properties": { "sku": { "name": "PerGB2018" }, "retentionInDays": 30 } } });
    let made = owner.call(
        "loganalytics",
        "workspaces.begin_create_or_update",
        &within(workspace),
    )?;
    ensure!(made["provisioning_state"] == "Succeeded", "{made}");

    let vault = json!({ "vault_name": "acmelife", "parameters": { "location": LOCATION, "properties": {
        "tenantId": TENANT, "sku": { "family": "A", "name": "standard" }, "enableRbacAuthorization": true } } });
    owner.call("keyvault", "vaults.begin_create_or_update", &within(vault))?;
    let vault = "secrets/acmelife";
    let value = json!({ "name": "one", "value": "x", "tags": { "a": "b" } });
    owner.call(vault, "set_secret", &value)?;
    let found = owner.call(vault, "get_secret", &json!({ "name": "one" }))?;
    ensure!(
        found["value"] == "x" && found["tags"] == json!({ "a": "b" }),
        "{found}"
    );
    owner.call(vault, "begin_delete_secret", &json!({ "name": "one" }))?;
    owner.refused(vault, "get_secret", &json!({ "name": "one" }))?;
    owner.call(
        vault,
        "begin_recover_deleted_secret",
        &json!({ "name": "one" }),
    )?;
    let person = subscription.person("reader", &["*/read"], &[""; 0], &[""; 0])?;
    let refused = person.refused(vault, "get_secret", &json!({ "name": "one" }))?;
    ensure!(refused == "Forbidden", "{refused}");
    Ok(())
}

#[test]
fn a_pods_token_becomes_an_identity_and_sees_its_prefix_only() -> Result<()> {
    let azure = Azure::start()?;
    let cluster = Cluster::shared(Needs::Objects)?;
    azure.trust(&cluster)?;
    let subscription = Subscription::new(&azure)?;
    let owner = subscription.owner();
    make_account(owner, "acmepods")?;
    let (principal, client) = make_identity(owner, "runner")?;
    let kubectl = cluster.kubectl()?;
    kubectl.create_namespace("azure-pods")?;
    for name in ["trusted", "other"] {
        kubectl.run(&["create", "serviceaccount", name, "-n", "azure-pods"])?;
    }
    let subject = "system:serviceaccount:azure-pods:trusted";
    owner.call(
        "msi",
        "federated_identity_credentials.create_or_update",
        &within(json!({ "resource_name": "runner", "federated_identity_credential_resource_name": "trusted", "parameters": {
            "properties": { "issuer": cluster.issuer(), "subject": subject, "audiences": [AUDIENCE] } } })),
    )?;
    let container = format!(
        "{}/providers/Microsoft.Storage/storageAccounts/acmepods/blobServices/default/containers/data",
        subscription.scope()
    );
    let condition = format!(
        "((!(ActionMatches{{'{BLOBS}/read'}} AND NOT SubOperationMatches{{'Blob.List'}})) OR (@Resource[{BLOBS}:path] StringStartsWith 'org/a/'))"
    );
    assign(
        &subscription,
        &principal,
        &container,
        BLOB_READER,
        &condition,
    )?;
    for name in ["org/a/1", "org/b/1"] {
        owner.call(
            "blob/acmepods/data",
            "upload_blob",
            &json!({ "name": name, "data": name }),
        )?;
    }

    let token = cluster.token("azure-pods", "trusted", AUDIENCE)?;
    let pod = subscription.pod(&client, &token, STORAGE)?;
    let read = |name: &str| json!({ "blob": name });
    let found = pod.call("blob/acmepods/data", "download_blob", &read("org/a/1"))?;
    ensure!(found == "org/a/1", "{found}");
    let refused = pod.refused("blob/acmepods/data", "download_blob", &read("org/b/1"))?;
    ensure!(refused == "AuthorizationPermissionMismatch", "{refused}");

    let other = cluster.token("azure-pods", "other", AUDIENCE)?;
    let error = subscription
        .pod(&client, &other, STORAGE)
        .expect_err("another pod");
    ensure!(format!("{error:#}").contains("AADSTS700213"), "{error:#}");
    let elsewhere = cluster.token("azure-pods", "trusted", "sts.amazonaws.com")?;
    let error = subscription
        .pod(&client, &elsewhere, STORAGE)
        .expect_err("another audience");
    ensure!(format!("{error:#}").contains("AADSTS700212"), "{error:#}");
    Ok(())
}

#[test]
fn the_api_server_asks_who_a_token_of_entra_is() -> Result<()> {
    let azure = Azure::start()?;
    let cluster = Cluster::start_on(azure.aks_site())?;
    let subscription = Subscription::new(&azure)?;
    subscription.host_on_aks("prod", &cluster)?;
    let found = subscription.owner().call(
        "containerservice",
        "managed_clusters.get",
        &within(json!({ "resource_name": "prod" })),
    )?;
    ensure!(
        found["oidc_issuer_profile"]["issuer_url"] == cluster.issuer(),
        "{found}"
    );
    let kubectl = |token: &str| {
        let file = cluster.directory().join("entra.kubeconfig");
        cluster.write_kubeconfig(&file, "entra", &json!({ "token": token }))?;
        cluster.kubectl()?.run(&[
            "--kubeconfig",
            &file.display().to_string(),
            "get",
            "namespaces",
        ])
    };
    kubectl(&subscription.owner().token)?;
    let person = subscription.person("nobody", &["*/read"], &[""; 0], &[""; 0])?;
    let refused = kubectl(&person.token).expect_err("somebody without a role in the cluster");
    ensure!(
        format!("{refused:#}").contains("cannot list"),
        "{refused:#}"
    );
    ensure!(kubectl("nonsense").is_err());
    Ok(())
}

#[test]
fn faults_come_once_violations_are_told_and_calls_recorded() -> Result<()> {
    let azure = Azure::start()?;
    let subscription = Subscription::new(&azure)?;
    let owner = subscription.owner();
    let group = json!({ "resource_group_name": "acme" });
    let write = "Microsoft.ManagedIdentity/userAssignedIdentities/write";
    let fault = |operation, answer| Fault {
        operation,
        calls: 0..1,
        answer,
    };
    subscription.fault(&fault(
        "Microsoft.Resources",
        Answer::Throttled { retry_after: 1 },
    ))?;
    subscription.fault(&fault(write, Answer::Lost))?;
    let refused = owner.refused("resource", "resource_groups.get", &group)?;
    ensure!(refused == "TooManyRequests", "{refused}");
    ensure!(make_identity(owner, "lost").is_err());
    make_identity(owner, "lost")?;

    let gate = subscription.gate();
    subscription.fault(&fault("Microsoft.Resources", Answer::Held(gate.clone())))?;
    std::thread::scope(|scope| {
        let held = scope.spawn(|| by_proxy(&azure, &subscription, Method::GET, &Value::Null));
        gate.until_held(1, Duration::from_secs(30))?;
        ensure!(!held.is_finished());
        gate.open()?;
        let status = held.join().expect("no panic")?;
        ensure!(status == 200, "{status}");
        Ok(())
    })?;

    let calls = subscription.take_calls()?;
    let told: Vec<(&str, u16)> = calls
        .iter()
        .map(|call| (call.operation.as_str(), call.status))
        .collect();
    let read = "Microsoft.Resources/subscriptions/resourceGroups/read";
    ensure!(
        told == [(read, 429), (write, 201), (write, 200), (read, 200)],
        "{told:?}"
    );

    let wrong = json!({ "location": LOCATION, "colour": "red" });
    let status = by_proxy(&azure, &subscription, Method::PUT, &wrong)?;
    ensure!(status == 400, "{status}");
    let told = subscription.take_violations()?;
    ensure!(
        told.len() == 1 && told[0].contains("colour unknown"),
        "{told:?}"
    );
    Ok(())
}

/// The status of a request for the resource group, by a client that was told nothing but a proxy.
fn by_proxy(
    azure: &Azure,
    subscription: &Subscription,
    method: Method,
    body: &Value,
) -> Result<u16> {
    issuer::crypto();
    let owner = subscription.owner();
    let authority = reqwest::Certificate::from_pem(&std::fs::read(azure.authority())?)?;
    let client = reqwest::Client::builder()
        .tls_certs_only([authority])
        .proxy(reqwest::Proxy::https(owner.by_proxy().1)?)
        .build()?;
    let url = format!(
        "https://management.azure.com{}?api-version=2021-04-01",
        subscription.scope()
    );
    let mut request = client.request(method, url).bearer_auth(&owner.token);
    if !body.is_null() {
        request = request.json(body);
    }
    Ok(issuer::runtime()
        .block_on(request.send())?
        .status()
        .as_u16())
}
