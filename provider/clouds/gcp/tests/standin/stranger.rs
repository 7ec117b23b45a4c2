//! Somebody else, with the rights of the project's owner.

use std::collections::BTreeSet;

use async_trait::async_trait;
use clouds::buckets::{BucketId, Protection};
use clouds::conformance;
use clouds::registries::RegistryName;
use clouds::roles::{ForeignPolicy, RoleName};
use serde_json::{Value, json};

use crate::REGION;
use crate::environment::BUCKET;
use crate::project::Project;

const TRUST: &str = "roles/iam.workloadIdentityUser";
const ADMIN: &str = "roles/storage.admin";

pub struct Stranger(pub Project);

#[async_trait]
impl conformance::Stranger for Stranger {
    async fn fill_bucket(&self, id: &BucketId, objects: usize) {
        for number in 0..objects {
            let path = format!(
                "upload/storage/v1/b/{}/o?uploadType=media&name=raw/{number}",
                id.name
            );
            let content = json!({ "data": number });
            self.0.send("POST", "storage", &path, Some(content)).await;
        }
    }

    async fn open_bucket(&self, id: &BucketId) -> BTreeSet<Protection> {
        let open = json!({
            "iamConfiguration": { "publicAccessPrevention": "inherited", "uniformBucketLevelAccess": { "enabled": false } },
            "lifecycle": null,
        });
        let path = format!("storage/v1/b/{}", id.name);
        self.0.send("PATCH", "storage", &path, Some(open)).await;
        [
            Protection::PublicAccessBlocked,
            Protection::OwnerEnforced,
            Protection::AbortedUploadsRemoved,
        ]
        .into()
    }

    async fn widen_role(&self, name: &RoleName) -> BTreeSet<ForeignPolicy> {
        let project = &self.0;
        let account = project.account(name.as_str());
        let all = format!(
            "principalSet://iam.googleapis.com/projects/{}/locations/global/workloadIdentityPools/{}.svc.id.goog/namespace/union",
            project.number, project.id
        );
        let path = format!("v1/{account}:getIamPolicy?options.requestedPolicyVersion=3");
        let policy = project.send("POST", "iam", &path, None).await;
        let body = json!({ "policy": widened(policy, TRUST, &all) });
        let path = format!("v1/{account}:setIamPolicy");
        project.send("POST", "iam", &path, Some(body)).await;

        let bucket = project.bucket(BUCKET);
        let email = account.rsplit('/').next().unwrap_or_default();
        let policy = project.bucket_policy(&bucket).await;
        let body = widened(policy, ADMIN, &format!("serviceAccount:{email}"));
        let path = format!("storage/v1/b/{bucket}/iam");
        project.send("PUT", "storage", &path, Some(body)).await;
        [
            format!("{TRUST} on {account} for {all}"),
            format!("{ADMIN} on projects/_/buckets/{bucket}"),
        ]
        .map(ForeignPolicy::Attached)
        .into()
    }

    async fn push_image(&self, name: &RegistryName) {
        let image = format!(
            "projects/{}/locations/{REGION}/repositories/{name}/dockerImages/v1",
            self.0.id
        );
        self.0
            .administer("POST", "images", json!({ "name": image }))
            .await;
    }
}

/// A policy with a binding more.
fn widened(mut policy: Value, role: &str, member: &str) -> Value {
    let binding = json!({ "role": role, "members": [member, "user:a@example.com"] });
    let bindings = policy["bindings"].as_array().into_iter().flatten().cloned();
    policy["bindings"] = bindings.chain([binding]).collect();
    policy
}
