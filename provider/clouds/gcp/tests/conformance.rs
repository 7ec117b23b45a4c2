//! The conformance suites against the stand-in for Google Cloud, which keeps state, asks for permissions, evaluates
//! conditions, and refuses what Google's published descriptions do not allow.
//!
//! `make emulators` starts it and says which variable to set; without it these tests fail.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod standin;

use std::collections::BTreeSet;

use async_trait::async_trait;
use clouds::account::Managed;
use clouds::buckets::{BucketId, NewBucket, Protection};
use clouds::clusters::ClusterId;
use clouds::conformance::{self, Environment, Names, Stranger};
use clouds::registries::{NewRegistry, RegistryName};
use clouds::roles::{Capability, ForeignPolicy, RoleName, RoleSpec, Subject, Trust};
use clouds::{Clouds, Error, Tags};
use serde_json::{Value, json};
use standin::{ENDPOINT, Project};

const REGION: &str = "europe-west4";
const BUCKET: &str = "metadata";

/// Somebody else, with the rights of the project's owner.
struct Other(Project);

#[async_trait]
impl Stranger for Other {
    async fn fill_bucket(&self, id: &BucketId, objects: usize) {
        for number in 0..objects {
            let path = format!(
                "upload/storage/v1/b/{}/o?uploadType=media&name=raw/{number}",
                id.name
            );
            send(
                &self.0,
                "POST",
                "storage",
                &path,
                Some(json!({ "data": number })),
            )
            .await;
        }
    }

    async fn open_bucket(&self, id: &BucketId) -> BTreeSet<Protection> {
        let open = json!({
            "iamConfiguration": { "publicAccessPrevention": "inherited", "uniformBucketLevelAccess": { "enabled": false } },
            "lifecycle": null,
        });
        send(
            &self.0,
            "PATCH",
            "storage",
            &format!("storage/v1/b/{}", id.name),
            Some(open),
        )
        .await;
        [
            Protection::PublicAccessBlocked,
            Protection::OwnerEnforced,
            Protection::AbortedUploadsRemoved,
        ]
        .into()
    }

    async fn widen_role(&self, name: &RoleName) -> BTreeSet<ForeignPolicy> {
        let project = &self.0.id;
        let account =
            format!("projects/{project}/serviceAccounts/{name}@{project}.iam.gserviceaccount.com");
        let all = format!(
            "principalSet://iam.googleapis.com/projects/{}/locations/global/workloadIdentityPools/{project}.svc.id.goog/namespace/union",
            self.0.number
        );
        let path = format!("v1/{account}");
        let bind = |policy: &mut Value, role: &str, member: &str| {
            let bindings = policy["bindings"].as_array().cloned().unwrap_or_default();
            policy["bindings"] = bindings
                .into_iter()
                .chain([json!({ "role": role, "members": [member, "user:a@example.com"] })])
                .collect();
        };
        let mut policy = send(
            &self.0,
            "POST",
            "iam",
            &format!("{path}:getIamPolicy?options.requestedPolicyVersion=3"),
            None,
        )
        .await;
        bind(&mut policy, trust_role(), &all);
        send(
            &self.0,
            "POST",
            "iam",
            &format!("{path}:setIamPolicy"),
            Some(json!({ "policy": policy })),
        )
        .await;
        let bucket = self.0.bucket(BUCKET);
        let path = format!("storage/v1/b/{bucket}/iam?optionsRequestedPolicyVersion=3");
        let mut policy = send(&self.0, "GET", "storage", &path, None).await;
        bind(
            &mut policy,
            "roles/storage.admin",
            &format!("serviceAccount:{name}@{project}.iam.gserviceaccount.com"),
        );
        let written = json!({ "bindings": policy["bindings"], "etag": policy["etag"], "version": policy["version"] });
        send(
            &self.0,
            "PUT",
            "storage",
            &format!("storage/v1/b/{bucket}/iam"),
            Some(written),
        )
        .await;
        [
            ForeignPolicy::Attached(format!("{} on {account} for {all}", trust_role())),
            ForeignPolicy::Attached(format!(
                "roles/storage.admin on projects/_/buckets/{bucket}"
            )),
        ]
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

fn trust_role() -> &'static str {
    "roles/iam.workloadIdentityUser"
}

/// A call that has to succeed.
async fn send(
    project: &Project,
    verb: &str,
    service: &str,
    path: &str,
    body: Option<Value>,
) -> Value {
    project
        .call(verb, &format!("{}/{service}/{path}", *ENDPOINT), body)
        .await
}

/// The whole environment of a suite: a project of its own, with a cluster, a bucket and a registry.
async fn environment(run: &str) -> (Clouds, Environment, Project) {
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
        stranger: Box::new(Other(project.clone())),
    };
    (clouds, environment, project)
}

#[tokio::test]
async fn buckets() {
    let (clouds, environment, project) = environment("buckets").await;
    conformance::buckets::suite(&*clouds.buckets, &environment).await;
    project.no_violations().await;
}

#[tokio::test]
async fn identity_providers() {
    let (clouds, environment, project) = environment("idp").await;
    conformance::identity_providers::suite(&*clouds.identity_providers, &environment).await;
    project.no_violations().await;
}

#[tokio::test]
async fn roles() {
    let (clouds, environment, project) = environment("roles").await;
    conformance::roles::suite(&*clouds.roles, &environment).await;
    project.no_violations().await;
}

/// The identities of pods have the rights themselves, and somebody else's stay.
#[tokio::test]
async fn roles_that_pods_have_directly() {
    let (clouds, environment, project) = environment("direct").await;
    let trust = Trust::Gke {
        pool: format!("{}.svc.id.goog", project.id).parse().unwrap(),
        direct: true,
    };
    let spec = |subjects: &[&str], capabilities: &BTreeSet<Capability>| RoleSpec {
        name: "direct-role".parse().unwrap(),
        path: None,
        permissions_boundary: None,
        max_session: None,
        trust: trust.clone(),
        subjects: subjects
            .iter()
            .map(|name| Subject::new("union", name).unwrap())
            .collect(),
        capabilities: capabilities.clone(),
    };
    let [first, second] = &environment.capabilities;
    let roles = &clouds.roles;
    let mut found = roles
        .create(
            &spec(&["executor"], first),
            &environment.made(Managed::Roles),
        )
        .await
        .unwrap();
    let mut known = spec(&["executor"], first);
    for wanted in [
        known.clone(),
        spec(&["proxy", "executor"], first),
        spec(&["proxy"], second),
    ] {
        roles.update(&found, &wanted).await.unwrap();
        found = roles.get(&wanted.name, Some(&wanted)).await.unwrap();
        let documents = roles.documents(&wanted).await.unwrap();
        assert!(
            !found.differs(&wanted, &documents),
            "{found:?}\n{documents:?}"
        );
        assert_eq!(
            (found.trust.as_ref(), &found.subjects),
            (Some(&trust), &wanted.subjects)
        );
        assert!(found.service_account_annotations.is_empty());
        known = wanted;
    }
    let policy = send(
        &project,
        "GET",
        "storage",
        &format!(
            "storage/v1/b/{}/iam?optionsRequestedPolicyVersion=3",
            project.bucket(BUCKET)
        ),
        None,
    )
    .await
    .to_string();
    assert!(
        policy.contains("/subject/ns/union/sa/proxy") && !policy.contains("sa/executor"),
        "{policy}"
    );
    // Before it is updated, the role is what it was: both are known, and both go.
    roles
        .update(&found, &spec(&[], &BTreeSet::new()))
        .await
        .unwrap();
    roles
        .delete(&roles.get(&known.name, Some(&known)).await.unwrap())
        .await
        .unwrap();
    let policy = send(
        &project,
        "GET",
        "storage",
        &format!(
            "storage/v1/b/{}/iam?optionsRequestedPolicyVersion=3",
            project.bucket(BUCKET)
        ),
        None,
    )
    .await
    .to_string();
    assert!(
        !policy.contains("direct-role") && !policy.contains("/sa/"),
        "{policy}"
    );
    project.no_violations().await;
}

#[tokio::test]
async fn registries() {
    let (clouds, environment, project) = environment("registries").await;
    conformance::registries::suite(&*clouds.registries, &environment).await;
    project.no_violations().await;
}

#[tokio::test]
async fn log_groups() {
    let (clouds, environment, project) = environment("logs").await;
    conformance::log_groups::suite(&*clouds.log_groups, &environment).await;
    project.no_violations().await;
}

#[tokio::test]
async fn secrets() {
    let (clouds, environment, project) = environment("secrets").await;
    conformance::secrets::suite(&*clouds.secrets, &environment).await;
    project.no_violations().await;
}

#[tokio::test]
async fn clusters() {
    let (clouds, environment, project) = environment("clusters").await;
    conformance::clusters::suite(&*clouds.clusters, &environment).await;
    project.no_violations().await;
}

#[tokio::test]
async fn the_account() {
    let (clouds, _, project) = environment("account").await;
    conformance::account::suite(&*clouds.account).await;
    let caller = clouds.account.caller().await.unwrap();
    assert_eq!(caller.account.as_str(), project.id);
    project.no_violations().await;
}

/// Whoever has what `required` says, and nothing else, can do all that is done with objects of this kind.
async fn suffices(run: &str, managed: Managed) {
    let (clouds, environment, project) = environment(run).await;
    let everything = clouds::account::Within::default();
    let all = clouds::account::Operation::ALL.into();
    let role = clouds
        .account
        .required(&[managed].into(), &all, &everything)
        .await
        .unwrap();
    let person = json!({ "name": "narrow", "permissions": role.value()["includedPermissions"] });
    let person = project.administer("POST", "people", person).await;
    let token = person["token"].as_str().unwrap().to_owned();
    let narrow = clouds_gcp::connect(clouds_gcp::Config {
        credentials: clouds_gcp::Credentials::Token(token.into()),
        ..project.config(REGION)
    });
    match managed {
        Managed::Buckets => conformance::buckets::suite(&*narrow.buckets, &environment).await,
        Managed::IdentityProviders => {
            conformance::identity_providers::suite(&*narrow.identity_providers, &environment).await;
        }
        Managed::Roles => conformance::roles::suite(&*narrow.roles, &environment).await,
        Managed::Registries => {
            conformance::registries::suite(&*narrow.registries, &environment).await;
        }
        Managed::LogGroups => {
            conformance::log_groups::suite(&*narrow.log_groups, &environment).await;
        }
        Managed::Secrets => conformance::secrets::suite(&*narrow.secrets, &environment).await,
        Managed::Clusters => conformance::clusters::suite(&*narrow.clusters, &environment).await,
    }
}

#[tokio::test]
async fn what_the_caller_needs_is_enough() {
    for (number, managed) in Managed::ALL.into_iter().enumerate() {
        suffices(&format!("least{number}"), managed).await;
    }
}

/// Nothing is called in a project that was not allowed.
#[tokio::test]
async fn a_project_that_is_not_allowed() {
    let project = Project::new("allowed").await;
    let config = clouds_gcp::Config {
        allowed_projects: ["other-project".parse().unwrap()].into(),
        ..project.config(REGION)
    };
    let refused = clouds_gcp::connect(config)
        .buckets
        .get(&"some-bucket".parse().unwrap())
        .await
        .unwrap_err();
    let said = refused.to_string();
    assert!(matches!(refused, Error::WrongAccount { .. }), "{said}");
    assert!(
        said.contains(&project.id) && said.contains("other-project"),
        "{said}"
    );
    assert_eq!(project.calls().await, Vec::<String>::new());
}

/// A name that was deleted is brought back and made what it should be.
#[tokio::test]
async fn deleted_names_come_back() {
    let (clouds, environment, project) = environment("undelete").await;
    let tags = environment.marks(Managed::LogGroups);
    let new = clouds::log_groups::NewLogGroup {
        name: "tasks-again".parse().unwrap(),
        kms_key: None,
        tags,
    };
    clouds.log_groups.create(&new).await.unwrap();
    let found = clouds.log_groups.get(&new.name).await.unwrap();
    let retention = clouds::log_groups::Retention::try_from(90).ok();
    clouds
        .log_groups
        .configure(
            &found,
            &clouds::log_groups::LogGroupSettings {
                retention,
                kms_key: None,
            },
        )
        .await
        .unwrap();
    clouds.log_groups.delete(&new.name).await.unwrap();
    clouds.log_groups.create(&new).await.unwrap();
    assert_eq!(clouds.log_groups.get(&new.name).await.unwrap(), found);

    let issuer = "https://issuer.example.com/undelete".parse().unwrap();
    let tags = environment.marks(Managed::IdentityProviders);
    let mut new = clouds::identity_providers::NewIdentityProvider {
        name: None,
        issuer,
        audiences: ["a".parse().unwrap()].into(),
        tags,
    };
    let made = clouds.identity_providers.create(&new).await.unwrap();
    clouds.identity_providers.delete(&made.id).await.unwrap();
    new.audiences = ["b".parse().unwrap()].into();
    let again = clouds.identity_providers.create(&new).await.unwrap();
    assert_eq!((&again.id, &again.audiences), (&made.id, &new.audiences));
    clouds.identity_providers.delete(&made.id).await.unwrap();
    new.tags
        .insert(clouds::tags::OWNER.to_owned(), "somebody-else".to_owned());
    let refused = clouds.identity_providers.create(&new).await.unwrap_err();
    assert!(
        matches!(refused, Error::Invalid(_)) && refused.to_string().contains("30 days"),
        "{refused}"
    );
    project.no_violations().await;
}
