//! What somebody does by Google's clients to what each example makes.

use anyhow::Result;
use serde_json::{Value, json};

use super::Case;
use crate::google::{
    bench::{Bench, PROJECT, REGION},
    bound,
};

const METADATA: &str = "acme-prod-metadata";

pub(super) const BUCKET: Case = Case {
    resource: "dataplane_bucket",
    address: "dataplane_bucket.metadata",
    place: Bench::google,
    change: |bench| {
        let off = json!({ "versioning": { "enabled": false }, "cors": [] });
        let patch = json!({ "bucket": METADATA, "body": off });
        bench.call("storage.v1", "buckets.patch", patch)
    },
    remove: |bench| {
        bench.call(
            "storage.v1",
            "buckets.delete",
            json!({ "bucket": METADATA }),
        )
    },
    exists: |bench| bench.finds("storage.v1", "buckets.get", json!({ "bucket": METADATA })),
    import_id: |_| Ok(METADATA.to_owned()),
    untold: &["force_destroy"],
};

const POOLS: &str = "projects.locations.workloadIdentityPools";

fn pool() -> String {
    format!("projects/{PROJECT}/locations/global/workloadIdentityPools/acme-prod")
}

pub(super) const IDENTITY_PROVIDER: Case = Case {
    resource: "dataplane_identity_provider",
    address: "dataplane_identity_provider.cluster",
    place: Bench::google,
    change: |bench| {
        let audiences = json!({ "oidc": {
            "issuerUri": "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
            "allowedAudiences": ["https://elsewhere.example.com"],
        } });
        let name = format!("{}/providers/oidc", pool());
        let patch = json!({ "name": name, "updateMask": "oidc", "body": audiences });
        bench.call("iam.v1", &format!("{POOLS}.providers.patch"), patch)
    },
    remove: |bench| {
        bench.call(
            "iam.v1",
            &format!("{POOLS}.delete"),
            json!({ "name": pool() }),
        )
    },
    // What is deleted is kept for a month under its name, and brought back by the next create.
    exists: |bench| {
        let parent = format!("projects/{PROJECT}/locations/global");
        let all = bench.call(
            "iam.v1",
            &format!("{POOLS}.list"),
            json!({ "parent": parent }),
        )?;
        Ok(all.to_string().contains("/acme-prod\""))
    },
    import_id: |bench| {
        let number = &bench.project.number;
        Ok(format!(
            "projects/{number}/locations/global/workloadIdentityPools/acme-prod/providers/oidc"
        ))
    },
    untold: &[],
};

fn log_bucket() -> String {
    format!("projects/{PROJECT}/locations/{REGION}/buckets/acme-prod")
}

pub(super) const LOG_GROUP: Case = Case {
    resource: "dataplane_log_group",
    address: "dataplane_log_group.tasks",
    place: Bench::google,
    change: |bench| {
        let patch = json!({ "name": log_bucket(), "updateMask": "retentionDays", "body": { "retentionDays": 7 } });
        bench.call("logging.v2", "projects.locations.buckets.patch", patch)
    },
    remove: |bench| {
        let name = json!({ "name": log_bucket() });
        bench.call("logging.v2", "projects.locations.buckets.delete", name)
    },
    exists: |bench| {
        let name = json!({ "name": log_bucket() });
        let found = bench.call("logging.v2", "projects.locations.buckets.get", name)?;
        Ok(found["lifecycleState"] == "ACTIVE")
    },
    import_id: |_| Ok("acme-prod".to_owned()),
    untold: &[],
};

fn repository() -> String {
    format!("projects/{PROJECT}/locations/{REGION}/repositories/acme-tasks")
}

const REPOSITORIES: &str = "projects.locations.repositories";

pub(super) const REGISTRY: Case = Case {
    resource: "dataplane_registry",
    address: "dataplane_registry.images",
    place: Bench::google,
    change: |bench| {
        let off = json!({ "vulnerabilityScanningConfig": { "enablementConfig": "DISABLED" } });
        let patch = json!({ "name": repository(), "updateMask": "vulnerabilityScanningConfig", "body": off });
        bench.call(
            "artifactregistry.v1",
            &format!("{REPOSITORIES}.patch"),
            patch,
        )
    },
    remove: |bench| {
        let name = json!({ "name": repository() });
        bench.call(
            "artifactregistry.v1",
            &format!("{REPOSITORIES}.delete"),
            name,
        )
    },
    exists: |bench| {
        let name = json!({ "name": repository() });
        bench.finds("artifactregistry.v1", &format!("{REPOSITORIES}.get"), name)
    },
    import_id: |_| Ok("acme-tasks".to_owned()),
    untold: &["force_destroy"],
};

const ACCOUNTS: &str = "projects.serviceAccounts";

fn account() -> String {
    format!("projects/{PROJECT}/serviceAccounts/userflyterole@{PROJECT}.iam.gserviceaccount.com")
}

pub(super) const ROLE: Case = Case {
    resource: "dataplane_role",
    address: "dataplane_role.user",
    place: Bench::google,
    change: |bench| {
        let resource = json!({ "resource": account() });
        let policy = bench.call("iam.v1", &format!("{ACCOUNTS}.getIamPolicy"), resource)?;
        let more = format!("serviceAccount:{PROJECT}.svc.id.goog[by-hand/somebody]");
        let policy = bound(policy, "roles/iam.workloadIdentityUser", &more);
        let set = json!({ "resource": account(), "body": { "policy": policy } });
        bench.call("iam.v1", &format!("{ACCOUNTS}.setIamPolicy"), set)
    },
    remove: |bench| {
        bench.call(
            "iam.v1",
            &format!("{ACCOUNTS}.delete"),
            json!({ "name": account() }),
        )
    },
    exists: |bench| {
        bench.finds(
            "iam.v1",
            &format!("{ACCOUNTS}.get"),
            json!({ "name": account() }),
        )
    },
    import_id: |_| Ok("userflyterole".to_owned()),
    // The bindings that they lead to are kept by the buckets, which an import does not name.
    untold: &["profile", "buckets", "policy"],
};

fn secret() -> String {
    format!("projects/{PROJECT}/secrets/acme-prod-warehouse")
}

pub(super) const SECRET: Case = Case {
    resource: "dataplane_secret",
    address: "dataplane_secret.warehouse",
    place: Bench::google,
    change: |bench| {
        let patch = json!({ "name": secret(), "updateMask": "labels", "body": { "labels": {} } });
        bench.call("secretmanager.v1", "projects.secrets.patch", patch)
    },
    remove: |bench| {
        bench.call(
            "secretmanager.v1",
            "projects.secrets.delete",
            json!({ "name": secret() }),
        )
    },
    exists: |bench| {
        bench.finds(
            "secretmanager.v1",
            "projects.secrets.get",
            json!({ "name": secret() }),
        )
    },
    import_id: |_| Ok("acme-prod-warehouse".to_owned()),
    untold: &["value_wo_version", "recovery_window_days"],
};

const API: &str = "acme-kubernetes-api";

/// A call of Compute Engine in the region, about the example's object.
fn of_the_api(bench: &Bench, method: &str, mut parameters: Value) -> Result<Value> {
    parameters["project"] = PROJECT.into();
    parameters["region"] = REGION.into();
    bench.call("compute.v1", method, parameters)
}

fn attachment() -> Value {
    json!({ "project": PROJECT, "region": REGION, "serviceAttachment": API })
}

pub(super) const PRIVATE_SERVICE: Case = Case {
    resource: "dataplane_private_service",
    address: "dataplane_private_service.kubernetes_api",
    place: Bench::connected,
    change: |bench| {
        let found = of_the_api(bench, "serviceAttachments.get", attachment())?;
        let everybody = json!({
            "fingerprint": found["fingerprint"], "connectionPreference": "ACCEPT_AUTOMATIC",
        });
        let mut patch = attachment();
        patch["body"] = everybody;
        of_the_api(bench, "serviceAttachments.patch", patch)
    },
    remove: |bench| of_the_api(bench, "serviceAttachments.delete", attachment()),
    exists: |bench| bench.finds("compute.v1", "serviceAttachments.get", attachment()),
    import_id: |_| Ok(API.to_owned()),
    // None accepted is written as none, and read as nothing.
    untold: &["accepted_connections", "force_destroy"],
};

fn rule() -> Value {
    json!({ "project": PROJECT, "region": REGION, "forwardingRule": API })
}

pub(super) const PRIVATE_ENDPOINT: Case = Case {
    resource: "dataplane_private_endpoint",
    address: "dataplane_private_endpoint.kubernetes_api",
    place: Bench::connected,
    change: |bench| {
        let mut patch = rule();
        patch["body"] = json!({ "allowPscGlobalAccess": true });
        of_the_api(bench, "forwardingRules.patch", patch)
    },
    // Its address stays, and is taken by the next one.
    remove: |bench| of_the_api(bench, "forwardingRules.delete", rule()),
    exists: |bench| bench.finds("compute.v1", "forwardingRules.get", rule()),
    import_id: |_| Ok(API.to_owned()),
    untold: &["recreate_closed", "wait_for_acceptance"],
};

pub(super) const OPERATOR: Case = Case::operator(Bench::on_gke, |_| {
    Ok(format!("gke/{PROJECT}/{REGION}/prod/union/dataplane"))
});

pub(super) const WORKSPACE: Case = Case::workspace(Bench::on_gke, |_| {
    Ok(format!("gke/{PROJECT}/{REGION}/prod/fraud-production"))
});
