//! The examples of resources for Azure: each through its life. What is left is looked up by Microsoft's clients and kubectl,
//! never by our code.

use acceptance::{cluster::Kubectl, terraform::Terraform};
use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::{Value, json};

use super::bench::Bench;
use crate::life::{self, Place};

type Case = life::Case<Bench>;

impl Place for Bench {
    const FOLDER: &'static str = "azure";

    fn example(&self, path: &str) -> Result<Terraform> {
        self.example(path)
    }

    fn kubectl(&self) -> Result<Kubectl> {
        self.kubectl()
    }

    fn changes(&self) -> Result<Vec<String>> {
        let calls = self.subscription.take_calls()?.into_iter();
        // The credentials of a cluster are listed by a POST.
        let listed = |operation: &str| operation.contains("/list");
        let written = calls.filter(|call| {
            call.method != "GET" && call.operation != "token" && !listed(&call.operation)
        });
        Ok(written.map(|call| format!("{call:?}")).collect())
    }
}

fn account() -> Value {
    json!({ "account_name": "acmeprodmeta" })
}

const BUCKET: Case = Case {
    resource: "dataplane_bucket",
    address: "dataplane_bucket.metadata",
    place: Bench::azure,
    change: |bench| {
        let mut opened = account();
        opened["parameters"] = json!({ "properties": { "allowSharedKeyAccess": true } });
        bench.call("storage", "storage_accounts.update", opened)
    },
    remove: |bench| bench.call("storage", "storage_accounts.delete", account()),
    exists: |bench| bench.finds("storage", "storage_accounts.get_properties", account()),
    import_id: |_| Ok("acmeprodmeta/metadata".to_owned()),
    // Nobody can tell the example's tags from those of others, before the example says which are its own.
    untold: &["force_destroy", "tags", "tags_all"],
};

fn workspace() -> Value {
    json!({ "workspace_name": "acme-prod" })
}

const LOG_GROUP: Case = Case {
    resource: "dataplane_log_group",
    address: "dataplane_log_group.tasks",
    place: Bench::azure,
    change: |bench| {
        let mut longer = workspace();
        longer["parameters"] = json!({ "properties": { "retentionInDays": 90 } });
        bench.call("loganalytics", "workspaces.update", longer)
    },
    remove: |bench| bench.call("loganalytics", "workspaces.begin_delete", workspace()),
    exists: |bench| bench.finds("loganalytics", "workspaces.get", workspace()),
    import_id: |_| Ok("acme-prod".to_owned()),
    untold: &[],
};

fn registry() -> Value {
    json!({ "registry_name": "acmeprodimages" })
}

const REGISTRY: Case = Case {
    resource: "dataplane_registry",
    address: "dataplane_registry.images",
    place: Bench::azure,
    change: |bench| {
        let mut opened = registry();
        opened["registry_update_parameters"] =
            json!({ "properties": { "adminUserEnabled": true } });
        bench.call("containerregistry", "registries.begin_update", opened)
    },
    remove: |bench| bench.call("containerregistry", "registries.begin_delete", registry()),
    exists: |bench| bench.finds("containerregistry", "registries.get", registry()),
    import_id: |_| Ok("acmeprodimages".to_owned()),
    untold: &["force_destroy"],
};

fn identity() -> Value {
    json!({ "resource_name": "userflyterole" })
}

const ROLE: Case = Case {
    resource: "dataplane_role",
    address: "dataplane_role.user",
    place: Bench::azure,
    change: |bench| {
        let mut more = identity();
        more["federated_identity_credential_resource_name"] = "by-hand".into();
        more["parameters"] = json!({ "properties": {
            "issuer": "https://elsewhere.example.com", "subject": "somebody", "audiences": [acceptance::azure::AUDIENCE] } });
        bench.call(
            "msi",
            "federated_identity_credentials.create_or_update",
            more,
        )
    },
    remove: |bench| bench.call("msi", "user_assigned_identities.delete", identity()),
    exists: |bench| bench.finds("msi", "user_assigned_identities.get", identity()),
    import_id: |_| Ok("userflyterole".to_owned()),
    // Azure keeps what they lead to, which is the policy, and not what they were.
    untold: &["profile", "buckets"],
};

const SECRETS: &str = "secrets/acme-vault";

const SECRET: Case = Case {
    resource: "dataplane_secret",
    address: "dataplane_secret.warehouse",
    place: || {
        let bench = Bench::azure()?;
        bench.make_vault("acme-vault")?;
        Ok(bench)
    },
    change: |bench| {
        let untagged = json!({ "name": "warehouse", "tags": {} });
        bench
            .owner()
            .call(SECRETS, "update_secret_properties", &untagged)
    },
    remove: |bench| {
        bench.owner().call(
            SECRETS,
            "begin_delete_secret",
            &json!({ "name": "warehouse" }),
        )
    },
    exists: |bench| {
        let all = bench
            .owner()
            .call(SECRETS, "list_properties_of_secrets", &json!({}))?;
        Ok(all != json!([]))
    },
    import_id: |_| Ok("acme-vault/warehouse".to_owned()),
    untold: &["value_wo_version", "recovery_window_days"],
};

const API: &str = "acme-kubernetes-api";

const PRIVATE_SERVICE: Case = Case {
    resource: "dataplane_private_service",
    address: "dataplane_private_service.kubernetes_api",
    place: Bench::connected,
    change: |bench| {
        let everybody = bench.subscription.publish(API, &["*"], &[])?;
        Ok(everybody.into())
    },
    remove: |bench| remove(bench, "privateLinkServices"),
    exists: |bench| {
        Ok(bench
            .subscription
            .found("privateLinkServices", API)?
            .is_some())
    },
    import_id: |_| Ok(API.to_owned()),
    // No list, and one of nobody, are the same to Azure.
    untold: &["accepted_connections", "force_destroy"],
};

const PRIVATE_ENDPOINT: Case = Case {
    resource: "dataplane_private_endpoint",
    address: "dataplane_private_endpoint.kubernetes_api",
    place: Bench::connected,
    change: |bench| {
        let subscription = &bench.subscription;
        let found = subscription.found("privateEndpoints", API)?;
        let found = found.context("an endpoint")?;
        let before = &found["properties"];
        let asked = &before["manualPrivateLinkServiceConnections"][0];
        let service = &asked["properties"]["privateLinkServiceId"];
        let told = json!({ "privateLinkServiceId": service, "groupIds": [], "requestMessage": "By hand." });
        let body = json!({ "location": found["location"], "tags": found["tags"], "properties": {
            "subnet": before["subnet"],
            "manualPrivateLinkServiceConnections": [{ "name": asked["name"], "properties": told }],
        } });
        let id = subscription.networked("privateEndpoints", API);
        let changed = subscription.arm(&Method::PUT, &id, &body)?;
        changed.context("an endpoint")
    },
    remove: |bench| remove(bench, "privateEndpoints"),
    exists: |bench| Ok(bench.subscription.found("privateEndpoints", API)?.is_some()),
    import_id: |_| Ok(API.to_owned()),
    untold: &["recreate_closed", "wait_for_acceptance"],
};

fn remove(bench: &Bench, kind: &str) -> Result<Value> {
    let id = bench.subscription.networked(kind, API);
    let gone = bench.subscription.arm(&Method::DELETE, &id, &Value::Null)?;
    Ok(gone.unwrap_or_default())
}

const OPERATOR: Case = Case::operator(Bench::on_aks, |_| {
    Ok("aks/acme-prod/prod/union/dataplane".to_owned())
});

const WORKSPACE: Case = Case::workspace(Bench::on_aks, |_| {
    Ok("aks/acme-prod/prod/fraud-production".to_owned())
});

const CASES: [&Case; 9] = [
    &BUCKET,
    &LOG_GROUP,
    &OPERATOR,
    &PRIVATE_ENDPOINT,
    &PRIVATE_SERVICE,
    &REGISTRY,
    &ROLE,
    &SECRET,
    &WORKSPACE,
];

#[test]
fn every_example_has_a_case() -> Result<()> {
    life::every_example_has_a_case(&CASES)
}

#[test]
fn bucket() -> Result<()> {
    BUCKET.run()
}

#[test]
fn log_group() -> Result<()> {
    LOG_GROUP.run()
}

#[test]
fn registry_of_images() -> Result<()> {
    REGISTRY.run()
}

#[test]
fn role() -> Result<()> {
    ROLE.run()
}

#[test]
fn secret() -> Result<()> {
    SECRET.run()
}

#[test]
fn private_service() -> Result<()> {
    PRIVATE_SERVICE.run()
}

#[test]
fn private_endpoint() -> Result<()> {
    PRIVATE_ENDPOINT.run()
}

#[test]
fn operator() -> Result<()> {
    OPERATOR.run()
}

#[test]
fn workspace_of_a_project() -> Result<()> {
    WORKSPACE.run()
}
