//! What we ask of Azure is what Microsoft's own clients ask: the same operations, paths, versions and names of fields. And what
//! the life of one of each asks is on a list, so that nothing new is asked unseen; each line is in Microsoft's description, or the stand-in
//! would have refused it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use acceptance::{
    azure::{Call, LOCATION, Network},
    setup,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::bench::Bench;

const LIST: &str = "acceptance/tests/acceptance/azure/operations.txt";
const ISSUER: &str = "https://oidc.example.test/parity";
const ACCOUNT: &str = "parityaccount";

/// One of everything that we make on Azure, as far as it goes.
const ONE_OF_EACH: &str = r#"
resource "dataplane_bucket" "this" {
  account       = "parityaccount"
  name          = "data"
  kms_key       = "https://parity-vault.vault.azure.net/keys/data"
  cors_origins  = ["https://app.example.com"]
  expiration    = [{ days = 30 }]
  force_destroy = true
  tags          = { team = "a" }
}

resource "dataplane_log_group" "this" {
  name           = "parity-logs"
  retention_days = 60
}

resource "dataplane_registry" "this" {
  name = "parityimages"
}

resource "dataplane_role" "this" {
  name     = "parity"
  profile  = "admin"
  buckets  = { data = { id = dataplane_bucket.this.id, prefixes = ["acme/"] } }
  secrets  = "parity-vault/"
  logs     = [dataplane_log_group.this.name]
  trust    = { azure = { issuer = "https://oidc.example.test/parity" } }
  subjects = [{ namespace = "a", service_account = "default" }]
}

resource "dataplane_secret" "this" {
  name                 = "parity-vault/token"
  value_wo             = "hidden"
  value_wo_version     = 1
  recovery_window_days = 0
}
"#;

/// What lies in networks.
fn private(group: &str, network: &Network, zone: &str) -> String {
    let Network {
        link,
        own,
        frontends,
    } = network;
    format!(
        "resource \"dataplane_private_service\" \"this\" {{
  name          = \"parity-api\"
  load_balancer = \"{}\"
  subnets       = [\"{link}\"]
}}

resource \"dataplane_private_endpoint\" \"this\" {{
  name          = \"parity-api\"
  service_name  = \"{group}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}\"
  sub_resources = [\"blob\"]
  subnets       = [\"{own}\"]
  dns_zones     = [\"{zone}\"]
  depends_on    = [dataplane_bucket.this]
}}
",
        frontends[0]
    )
}

fn bench() -> Result<Bench> {
    let bench = Bench::azure()?;
    bench.make_vault("parity-vault")?;
    let key = json!({ "vault_name": "parity-vault", "key_name": "data", "parameters": { "properties": { "kty": "RSA" } } });
    bench.call("keyvault", "keys.create_if_not_exist", key)?;
    bench.subscription.take_calls()?;
    Ok(bench)
}

fn of_account(more: Value) -> Value {
    let Value::Object(mut parameters) = more else {
        return json!({ "account_name": ACCOUNT });
    };
    parameters.insert("account_name".to_owned(), ACCOUNT.into());
    Value::Object(parameters)
}

#[test]
fn all_that_is_asked_is_on_the_list() -> Result<()> {
    let bench = bench()?;
    let network = bench.subscription.network()?;
    let [first, second] = ["acme.example", "acme.test"].map(|name| bench.subscription.zone(name));
    let (first, second) = (first?, second?);
    bench.subscription.take_calls()?;
    let all = format!(
        "{ONE_OF_EACH}{}",
        private(&bench.subscription.scope(), &network, &first)
    );
    let terraform = bench.configuration(&all)?;
    terraform.init()?;
    terraform.apply_then_empty_plan()?;
    let changed = all
        .replace(&first, &second)
        .replace(
            "expiration    = [{ days = 30 }]\n",
            "allowed_networks = { ip_ranges = [\"203.0.113.7\"] }\n",
        )
        .replace(
            "kms_key       = \"https://parity-vault.vault.azure.net/keys/data\"\n",
            "",
        )
        .replace(
            "tags          = { team = \"a\" }",
            "tags = { squad = \"a\" }",
        )
        .replace("namespace = \"a\"", "namespace = \"b\"")
        .replace("retention_days = 60", "retention_days = 90")
        .replace("value_wo_version     = 1", "value_wo_version     = 2");
    terraform.write("main.tf", &changed)?;
    terraform.apply_then_empty_plan()?;
    let mut calls = bench.subscription.take_calls()?;
    let share = json!({ "share_name": "home", "file_share": {} });
    bench.call("storage", "file_shares.create", of_account(share))?;
    let queue = json!({ "queue_name": "jobs", "queue": {} });
    bench.call("storage", "queue.create", of_account(queue))?;
    let table = json!({ "table_name": "Runs", "parameters": {} });
    bench.call("storage", "table.create", of_account(table))?;
    let blobs = format!("blob/{ACCOUNT}/data");
    let blob = json!({ "name": "raw/1", "data": "x" });
    bench.owner().call(&blobs, "upload_blob", &blob)?;
    bench.subscription.take_calls()?;
    terraform.destroy()?;
    calls.extend(bench.subscription.take_calls()?);

    let asked: BTreeSet<String> = calls
        .iter()
        .filter(|call| !call.name.is_empty())
        .map(|call| format!("{} {} {}", call.name, call.version, call.method))
        .collect();
    let asked = asked.into_iter().collect::<Vec<_>>().join("\n") + "\n";
    let file = setup::checkout().join(LIST);
    if setup::variable("DATAPLANE_UPDATE_GENERATED").is_some() {
        fs::write(&file, &asked)?;
    }
    let listed = fs::read_to_string(&file).with_context(|| format!("reading {LIST}"))?;
    ensure!(
        listed == asked,
        "what is asked of Azure is not what {LIST} lists. If that is meant, write it anew with DATAPLANE_UPDATE_GENERATED=1:\n{asked}"
    );
    Ok(())
}

/// What one of the two says and the other does not; each with its reason in docs/substrates.md.
const DIFFERENCES: [(&str, &str); 2] = [
    (
        "armoperationalinsights.WorkspacesClient.CreateOrUpdate",
        "properties.publicNetworkAccessForIngestion",
    ),
    (
        "armoperationalinsights.WorkspacesClient.CreateOrUpdate",
        "properties.publicNetworkAccessForQuery",
    ),
];

/// The last call of each operation.
fn by_operation(calls: Vec<Call>) -> BTreeMap<String, Call> {
    let named = calls.into_iter().filter(|call| !call.name.is_empty());
    named.map(|call| (call.name.clone(), call)).collect()
}

#[test]
fn what_is_asked_is_what_microsofts_clients_ask() -> Result<()> {
    let bench = bench()?;
    let network = bench.subscription.network()?;
    let zone = bench.subscription.zone("acme.example")?;
    bench.subscription.take_calls()?;
    let connected = private(&bench.subscription.scope(), &network, &zone);
    let terraform = bench.configuration(&format!("{ONE_OF_EACH}{connected}"))?;
    terraform.init()?;
    terraform.apply()?;
    let made = bench.subscription.take_calls()?;
    let assignment = made
        .iter()
        .find(|call| {
            call.name == "armauthorization.RoleAssignmentsClient.Create"
                && call.path.contains("/workspaces/")
        })
        .context("an assignment")?;
    let chosen = assignment.clone();
    let (scope, assignment) = assignment
        .path
        .split_once("/providers/Microsoft.Authorization/roleAssignments/")
        .map(|(scope, name)| (scope.to_owned(), name.to_owned()))
        .context("its name")?;
    let definition = made
        .iter()
        .find(|call| call.name == "armauthorization.RoleDefinitionsClient.CreateOrUpdate")
        .and_then(|call| call.path.rsplit('/').next())
        .context("a definition")?
        .to_owned();
    let credential = made
        .iter()
        .find(|call| call.name == "armmsi.FederatedIdentityCredentialsClient.CreateOrUpdate")
        .and_then(|call| call.path.rsplit('/').next())
        .context("a credential")?
        .to_owned();
    terraform.plan()?;
    let read = bench.subscription.take_calls()?;
    let mut ours = by_operation(made.iter().chain(&read).cloned().collect());
    ours.insert(chosen.name.clone(), chosen);
    terraform.destroy()?;
    bench.subscription.take_calls()?;

    let all = theirs(&bench, &scope, &assignment, &definition, &credential);
    let networked = theirs_in_networks(&bench, &network, &zone);
    for (service, method, parameters) in all.into_iter().chain(networked) {
        bench
            .owner()
            .call(service, method, &parameters)
            .with_context(|| format!("{service} {method}"))?;
    }
    let theirs = by_operation(bench.subscription.take_calls()?);
    let mut compared = 0;
    let mut found = Vec::new();
    for (name, theirs) in &theirs {
        let Some(ours) = ours.get(name) else {
            continue;
        };
        compared += 1;
        let same = |what: &str, ours: &str, theirs: &str| {
            (ours != theirs).then(|| format!("{name}: {what} {ours:?}, Microsoft's {theirs:?}"))
        };
        found.extend(same("method", &ours.method, &theirs.method));
        let path = |call: &Call| call.path.to_lowercase();
        found.extend(same("path", &path(ours), &path(theirs)));
        found.extend(same("version", &ours.version, &theirs.version));
        let fields = |call: &Call| -> BTreeSet<String> { call.fields.iter().cloned().collect() };
        for field in fields(ours).symmetric_difference(&fields(theirs)) {
            if !DIFFERENCES.contains(&(name.as_str(), field.as_str())) {
                found.push(format!("{name}: {field} is said by one only"));
            }
        }
    }
    ensure!(found.is_empty(), "{}", found.join("\n"));
    ensure!(
        compared >= 22,
        "only {compared} operations were compared: {:?}",
        theirs.keys()
    );
    Ok(())
}

/// The same calls by Microsoft's clients, whose models write the bodies.
#[expect(clippy::too_many_lines, reason = "a table, one call after the other")]
fn theirs(
    bench: &Bench,
    scope: &str,
    assignment: &str,
    definition: &str,
    credential: &str,
) -> Vec<(&'static str, &'static str, Value)> {
    let group = bench.subscription.scope();
    let in_group = |more: Value| {
        let mut parameters = json!({ "resource_group_name": bench.subscription.resource_group });
        for (name, value) in more.as_object().into_iter().flatten() {
            parameters[name] = value.clone();
        }
        parameters
    };
    let account = |more: Value| in_group(of_account(more));
    let retention = json!({ "$model": "DeleteRetentionPolicy", "enabled": true, "days": 7 });
    let cors = json!({ "$model": "CorsRules", "cors_rules": [{ "$model": "CorsRule", "allowed_origins": ["https://app.example.com"],
        "allowed_methods": ["GET"], "allowed_headers": ["*"], "exposed_headers": ["ETag"], "max_age_in_seconds": 3600 }] });
    let delete =
        json!({ "$model": "DateAfterModification", "days_after_modification_greater_than": 30 });
    let later = json!({ "$model": "DateAfterCreation", "days_after_creation_greater_than": 30 });
    let rule = json!({ "$model": "ManagementPolicyRule", "name": "r", "type": "Lifecycle", "enabled": true, "definition": {
        "$model": "ManagementPolicyDefinition",
        "actions": { "$model": "ManagementPolicyAction", "base_blob": { "$model": "ManagementPolicyBaseBlob", "delete": delete }, "snapshot": { "$model": "ManagementPolicySnapShot", "delete": later.clone() }, "version": { "$model": "ManagementPolicyVersion", "delete": later } },
        "filters": { "$model": "ManagementPolicyFilter", "blob_types": ["blockBlob"], "prefix_match": ["data/"] } } });
    let reader = "/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/73c42c96-874c-492b-b04d-ab87d138a893"
        .replace('x', &bench.subscription.id);
    vec![
        (
            "storage",
            "storage_accounts.begin_create",
            account(json!({ "parameters": {
            "$model": "StorageAccountCreateParameters", "sku": { "$model": "Sku", "name": "Standard_ZRS" }, "kind": "StorageV2", "location": LOCATION,
            "tags": { "a": "b" }, "is_hns_enabled": false, "allow_blob_public_access": false, "allow_cross_tenant_replication": false,
            "allow_shared_key_access": false, "default_to_o_auth_authentication": true, "minimum_tls_version": "TLS1_2",
            "enable_https_traffic_only": true } })),
        ),
        (
            "storage",
            "storage_accounts.get_properties",
            account(json!({})),
        ),
        (
            "storage",
            "blob_containers.create",
            account(json!({ "container_name": "data",
            "blob_container": { "$model": "BlobContainer", "public_access": "None" } })),
        ),
        (
            "storage",
            "blob_containers.get",
            account(json!({ "container_name": "data" })),
        ),
        (
            "storage",
            "blob_services.set_service_properties",
            account(json!({ "parameters": { "$model": "BlobServiceProperties",
            "cors": cors, "delete_retention_policy": retention.clone(), "container_delete_retention_policy": retention,
            "is_versioning_enabled": true } })),
        ),
        (
            "storage",
            "blob_services.get_service_properties",
            account(json!({})),
        ),
        (
            "storage",
            "management_policies.create_or_update",
            account(json!({ "management_policy_name": "default", "properties": {
            "$model": "ManagementPolicy", "policy": { "$model": "ManagementPolicySchema", "rules": [rule] } } })),
        ),
        (
            "storage",
            "management_policies.get",
            account(json!({ "management_policy_name": "default" })),
        ),
        (
            "loganalytics",
            "workspaces.begin_create_or_update",
            in_group(json!({ "workspace_name": "parity-logs", "parameters": {
            "$model": "Workspace", "location": LOCATION, "tags": { "a": "b" }, "sku": { "$model": "WorkspaceSku", "name": "PerGB2018" }, "retention_in_days": 30 } })),
        ),
        (
            "loganalytics",
            "workspaces.get",
            in_group(json!({ "workspace_name": "parity-logs" })),
        ),
        (
            "containerregistry",
            "registries.begin_create",
            in_group(json!({ "registry_name": "parityimages", "registry": {
            "$model": "Registry", "location": LOCATION, "tags": { "a": "b" }, "sku": { "$model": "Sku", "name": "Standard" },
            "properties": { "$model": "RegistryProperties", "admin_user_enabled": false, "anonymous_pull_enabled": false,
                "role_assignment_mode": "LegacyRegistryPermissions" } } })),
        ),
        (
            "containerregistry",
            "registries.get",
            in_group(json!({ "registry_name": "parityimages" })),
        ),
        (
            "msi",
            "user_assigned_identities.create_or_update",
            in_group(json!({ "resource_name": "parity", "parameters": {
            "$model": "Identity", "location": LOCATION, "tags": { "a": "b" } } })),
        ),
        (
            "msi",
            "user_assigned_identities.get",
            in_group(json!({ "resource_name": "parity" })),
        ),
        (
            "msi",
            "federated_identity_credentials.create_or_update",
            in_group(json!({ "resource_name": "parity",
            "federated_identity_credential_resource_name": credential, "parameters": { "$model": "FederatedIdentityCredential",
            "issuer": ISSUER, "subject": "system:serviceaccount:a:default", "audiences": [acceptance::azure::AUDIENCE] } })),
        ),
        (
            "msi",
            "federated_identity_credentials.list",
            in_group(json!({ "resource_name": "parity" })),
        ),
        (
            "authorization",
            "role_definitions.create_or_update",
            json!({ "scope": group, "role_definition_id": definition,
            "role_definition": { "$model": "RoleDefinition", "role_name": "parity", "description": "d", "role_type": "CustomRole",
            "assignable_scopes": [group], "permissions": [{ "$model": "Permission",
                "actions": ["Microsoft.Storage/storageAccounts/blobServices/containers/read"], "not_actions": [],
                "data_actions": [], "not_data_actions": [] }] } }),
        ),
        (
            "authorization",
            "role_definitions.get",
            json!({ "scope": group, "role_definition_id": definition }),
        ),
        (
            "authorization",
            "role_assignments.create",
            json!({ "scope": scope, "role_assignment_name": assignment, "parameters": {
            "$model": "RoleAssignmentCreateParameters", "role_definition_id": reader, "principal_id": bench.owner().principal,
            "principal_type": "ServicePrincipal" } }),
        ),
        (
            "keyvault",
            "vaults.get",
            in_group(json!({ "vault_name": "parity-vault" })),
        ),
        (
            "resource",
            "tags.update_at_scope",
            json!({ "scope": format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/parity"),
            "parameters": { "$model": "TagsPatchResource", "operation": "Delete",
            "properties": { "$model": "Tags", "tags": { "a": "b" } } } }),
        ),
    ]
}

/// The same of private connectivity. Microsoft's model of a subnet says more of it than its id, unless that is left out.
fn theirs_in_networks(
    bench: &Bench,
    network: &Network,
    zone: &str,
) -> Vec<(&'static str, &'static str, Value)> {
    let group = &bench.subscription.resource_group;
    let of_service = json!({ "resource_group_name": group, "service_name": "parity-api" });
    let of_endpoint =
        json!({ "resource_group_name": group, "private_endpoint_name": "parity-api" });
    let with = |of: &Value, more: Value| {
        let mut parameters = of.clone();
        parameters["parameters"] = more;
        parameters
    };
    let subnet = |id: &str| json!({ "$model": "Subnet", "id": id, "private_endpoint_network_policies": null, "private_link_service_network_policies": null });
    let listed = |model: &str| json!({ "$model": model, "subscriptions": [] });
    let service = json!({ "$model": "PrivateLinkService", "location": LOCATION, "tags": { "a": "b" },
        "load_balancer_frontend_ip_configurations": [{ "$model": "FrontendIPConfiguration", "id": network.frontends[0] }],
        "ip_configurations": [{ "$model": "PrivateLinkServiceIpConfiguration", "name": "default", "subnet": subnet(&network.link),
            "primary": true, "private_ip_allocation_method": "Dynamic", "private_ip_address_version": "IPv4" }],
        "visibility": listed("PrivateLinkServicePropertiesVisibility"),
        "auto_approval": listed("PrivateLinkServicePropertiesAutoApproval"), "fqdns": [], "enable_proxy_protocol": false });
    let account = format!(
        "{}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}",
        bench.subscription.scope()
    );
    let endpoint = json!({ "$model": "PrivateEndpoint", "location": LOCATION, "tags": { "a": "b" }, "subnet": subnet(&network.own),
        "private_link_service_connections": [{ "$model": "PrivateLinkServiceConnection", "name": "parity-api",
            "private_link_service_id": account, "group_ids": ["blob"] }] });
    let zones = json!({ "$model": "PrivateDnsZoneGroup", "private_dns_zone_configs": [{ "$model": "PrivateDnsZoneConfig",
        "name": "acme-example", "private_dns_zone_id": zone }] });
    let mut in_group = with(&of_endpoint, zones);
    in_group["private_dns_zone_group_name"] = "default".into();
    vec![
        (
            "network",
            "private_link_services.begin_create_or_update",
            with(&of_service, service),
        ),
        ("network", "private_link_services.get", of_service),
        (
            "network",
            "private_endpoints.begin_create_or_update",
            with(&of_endpoint, endpoint),
        ),
        ("network", "private_endpoints.get", of_endpoint.clone()),
        (
            "network",
            "private_dns_zone_groups.begin_create_or_update",
            in_group,
        ),
        ("network", "private_dns_zone_groups.list", of_endpoint),
    ]
}
