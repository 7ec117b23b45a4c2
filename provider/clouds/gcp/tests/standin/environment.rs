//! The environment of a suite.

use std::collections::BTreeSet;

use clouds::buckets::{BucketId, NewBucket};
use clouds::clusters::ClusterId;
use clouds::conformance::{Environment, Names};
use clouds::registries::{NewRegistry, RegistryName};
use clouds::roles::{Capability, Trust};
use clouds::{Clouds, Tags};
use serde_json::json;

use crate::REGION;
use crate::project::Project;
use crate::stranger::Stranger;

/// The bucket that roles reach.
pub const BUCKET: &str = "metadata";

/// The whole environment of a suite: a project of its own, with a cluster, a bucket and a registry.
pub async fn environment(run: &str) -> (Clouds, Environment, Project) {
    let project = Project::new(run).await;
    let clouds = clouds_gcp::connect(project.config(REGION));
    let full = format!(
        "projects/{}/locations/{REGION}/clusters/conformance",
        project.id
    );
    let cluster = json!({ "name": full, "value": {
        "name": "conformance", "status": "RUNNING", "endpoint": "203.0.113.7", "currentMasterVersion": "1.36.2-gke.100",
        "masterAuth": { "clusterCaCertificate": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUIKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=" },
        "network": "default", "subnetwork": "default",
        "workloadIdentityConfig": { "workloadPool": format!("{}.svc.id.goog", project.id) },
    }});
    project.administer("POST", "clusters", cluster).await;
    let bucket: BucketId = project.bucket(BUCKET).parse().unwrap();
    let registry: RegistryName = "tasks".parse().unwrap();
    let new = NewBucket {
        id: bucket.clone(),
        hierarchical: false,
        kms_key: None,
        tags: Tags::new(),
    };
    clouds.buckets.create(&new).await.unwrap();
    let new = NewRegistry {
        name: registry.clone(),
        kms_key: None,
        settings: clouds.registries.defaults(),
        tags: Tags::new(),
    };
    clouds.registries.create(&new).await.unwrap();
    let prefix = "acme-".parse().unwrap();
    let environment = Environment {
        account: clouds.account.clone(),
        trust: Trust::Gke {
            pool: format!("{}.svc.id.goog", project.id).parse().unwrap(),
            direct: false,
        },
        names: Names {
            audience: "https://kubernetes.default.svc",
            ..Names::PLAIN
        },
        capabilities: [
            [
                Capability::ListObjects {
                    bucket: bucket.clone(),
                    prefixes: BTreeSet::new(),
                },
                Capability::WriteObjects {
                    bucket: bucket.clone(),
                    prefixes: BTreeSet::new(),
                },
                Capability::SignUrls,
                Capability::ReadSecrets { prefix },
                Capability::PushImages { registry },
                Capability::ReadLogs {
                    group: "tasks".parse().unwrap(),
                },
            ]
            .into(),
            [Capability::ReadObjects {
                bucket,
                prefixes: ["acme/".parse().unwrap()].into(),
            }]
            .into(),
        ],
        statements: |_| Vec::new(),
        run: run.to_owned(),
        cluster: ClusterId::Gke {
            project: project.id.parse().unwrap(),
            location: REGION.parse().unwrap(),
            name: "conformance".parse().unwrap(),
        },
        kms_key: format!(
            "projects/{}/locations/{REGION}/keyRings/r/cryptoKeys/k",
            project.id
        )
        .parse()
        .unwrap(),
        boundary: None,
        stranger: Box::new(Stranger(project.clone())),
    };
    (clouds, environment, project)
}
