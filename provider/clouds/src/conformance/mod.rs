//! The behaviour that every backend has to show: a suite per capability, run on memory here and on emulators by each
//! cloud's crate. A suite panics at the first thing that is not so, and cleans up what it made when all is.
//!
//! Each suite is made of parts that can be run one by one, for emulators that cannot do everything.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::needless_pass_by_value,
    reason = "a suite is a test: what is not as it should be ends it"
)]

pub mod account;
pub mod buckets;
pub mod clusters;
pub mod connectivity;
pub mod identity_providers;
pub mod log_groups;
pub mod modules;
pub mod private_endpoints;
pub mod private_services;
pub mod registries;
pub mod roles;
pub mod secrets;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use crate::account::{Account, KmsKey, Managed};
use crate::buckets::{BucketId, Protection};
use crate::clusters::ClusterId;
use crate::error::{Error, Result};
use crate::registries::RegistryName;
use crate::roles::{Capability, ForeignPolicy, Namespace, PolicyArn, RoleName, Trust};
use crate::secrets::SecretName;
use crate::tags::{CREATING, OWNER, RESOURCE, Tags};

/// Where a suite runs.
pub struct Environment {
    /// A part of all names, so that runs do not meet: short, lowercase.
    pub run: String,
    /// What says how tags are kept.
    pub account: Arc<dyn Account>,
    /// A cluster that exists.
    pub cluster: ClusterId,
    /// How its tokens become a role's credentials.
    pub trust: Trust,
    /// A policy that exists, to bound roles with, where the cloud has such.
    pub boundary: Option<PolicyArn>,
    /// A key of the key service.
    pub kms_key: KmsKey,
    /// How things are called here.
    pub names: Names,
    /// What roles reach in the suites: objects that exist, where the cloud wants them to.
    pub capabilities: [BTreeSet<Capability>; 2],
    /// Statements of a bucket's policy, for a bucket of this name; empty where buckets have no policy of statements.
    pub statements: fn(&BucketId) -> Vec<Value>,
    /// Somebody else, who changes things behind the backend's back.
    pub stranger: Box<dyn Stranger>,
}

/// The grammar of names in this cloud, each from a short name with a hyphen.
pub struct Names {
    /// Of a bucket: with its account, on Azure.
    pub bucket: fn(&str) -> String,
    /// Of a registry: with a path, on AWS.
    pub registry: fn(&str) -> String,
    /// Of a secret: with a path on AWS, with its vault on Azure.
    pub secret: fn(&str) -> String,
    /// Of an audience.
    pub audience: &'static str,
}

impl Names {
    /// Names as they are.
    pub const PLAIN: Self = Self {
        bucket: str::to_owned,
        registry: str::to_owned,
        secret: str::to_owned,
        audience: "sts.example.com",
    };
}

/// Somebody else with the same rights, who does not go through the capabilities.
#[async_trait]
pub trait Stranger: Send + Sync {
    /// Puts objects into a bucket, under `raw/`.
    async fn fill_bucket(&self, id: &BucketId, objects: usize);
    /// Takes away as many of a bucket's protections as somebody can; says which.
    async fn open_bucket(&self, id: &BucketId) -> BTreeSet<Protection>;
    /// Gives a role more than it should have, or a way of taking it on that it should not have, in whatever way the cloud lets;
    /// says what the backend should find of it.
    async fn widen_role(&self, name: &RoleName) -> BTreeSet<ForeignPolicy>;
    /// Pushes an image.
    async fn push_image(&self, name: &RegistryName);
}

impl Environment {
    /// A bucket that only this run uses.
    pub fn bucket(&self, name: &str) -> BucketId {
        (self.names.bucket)(&format!("{}-{name}", self.run))
            .parse()
            .unwrap()
    }

    /// A registry that only this run uses.
    pub fn registry(&self, name: &str) -> RegistryName {
        (self.names.registry)(&format!("{}-{name}", self.run))
            .parse()
            .unwrap()
    }

    /// A secret that only this run uses.
    pub fn secret(&self, name: &str) -> SecretName {
        (self.names.secret)(&format!("{}-{name}", self.run))
            .parse()
            .unwrap()
    }

    /// The marks of something that is being made, as objects of this kind keep them.
    pub fn marks(&self, managed: Managed) -> Tags {
        self.account
            .kept(managed, &tags(true), &Tags::new())
            .unwrap()
    }

    /// The tags of something that is made, as objects of this kind keep them.
    pub fn made(&self, managed: Managed) -> Tags {
        self.account
            .kept(managed, &tags(false), &Tags::new())
            .unwrap()
    }

    /// A name that only this run uses, parsed into what is needed.
    pub fn name<T: FromStr<Err: Debug>>(&self, name: &str) -> T {
        format!("{}-{name}", self.run).parse().unwrap()
    }

    /// A namespace of this run.
    pub fn namespace(&self) -> Namespace {
        self.name("ns")
    }
}

/// Tags of something that is being made, or is made.
fn tags(creating: bool) -> Tags {
    let mut tags = Tags::from([
        (OWNER.to_owned(), "conformance".to_owned()),
        (RESOURCE.to_owned(), "kind/name".to_owned()),
    ]);
    let (key, value) = if creating {
        (CREATING, "true")
    } else {
        ("team", "data")
    };
    tags.insert(key.to_owned(), value.to_owned());
    tags
}

fn assert_gone<T: Debug>(result: Result<T>) {
    assert!(
        matches!(result, Err(Error::NotFound(_))),
        "should be gone: {result:?}"
    );
}

fn assert_exists<T: Debug>(result: Result<T>) {
    assert!(
        matches!(result, Err(Error::AlreadyExists(_))),
        "should exist already: {result:?}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clouds;
    use crate::clusters::{Cluster, ClusterNetwork, ClusterStatus};
    use crate::memory::Memory;

    #[async_trait]
    impl Stranger for Memory {
        async fn fill_bucket(&self, id: &BucketId, objects: usize) {
            self.change(|world| {
                let contents = &mut world.buckets.get_mut(id).unwrap().contents;
                contents.objects += objects;
                contents.prefixes.insert("raw/".into());
            });
        }

        async fn open_bucket(&self, id: &BucketId) -> BTreeSet<Protection> {
            let lost = BTreeSet::from([Protection::TlsOnly, Protection::PublicAccessBlocked]);
            self.change(|world| {
                let bucket = &mut world.buckets.get_mut(id).unwrap().bucket;
                bucket.protections.retain(|kept| !lost.contains(kept));
            });
            lost
        }

        async fn widen_role(&self, name: &RoleName) -> BTreeSet<ForeignPolicy> {
            let foreign = BTreeSet::from([ForeignPolicy::Inline("stranger".into())]);
            self.change(|world| {
                let role = world.roles.get_mut(name).unwrap();
                role.foreign_policies.extend(foreign.clone());
            });
            foreign
        }

        async fn push_image(&self, name: &RegistryName) {
            self.change(|world| world.registries.get_mut(name).unwrap().1 += 1);
        }
    }

    fn memory() -> (Clouds, Environment) {
        let memory = Memory::default();
        (memory.clouds(), environment(&memory))
    }

    pub(super) fn environment(memory: &Memory) -> Environment {
        let cluster = ClusterId::Eks {
            name: "prod".parse().unwrap(),
            region: None,
        };
        let described = Cluster {
            id: "memory:cluster/prod".into(),
            status: ClusterStatus::Active,
            endpoint: Some("https://prod.memory.invalid".into()),
            ca_certificate: Some("-----BEGIN CERTIFICATE-----\n".into()),
            beside: None,
            issuer: Some("https://issuer.memory.invalid/prod".into()),
            version: Some("1.36".into()),
            network: ClusterNetwork::default(),
        };
        memory.change(|world| world.clusters.insert(cluster.clone(), described));
        Environment {
            run: "memory".into(),
            account: Arc::new(memory.clone()),
            cluster,
            trust: Trust::Irsa {
                provider: "arn:aws:iam::123456789012:oidc-provider/issuer.example.com/memory"
                    .parse()
                    .unwrap(),
            },
            boundary: "arn:aws:iam::123456789012:policy/boundary".parse().ok(),
            kms_key: "1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap(),
            names: Names::PLAIN,
            capabilities: [
                [Capability::ReadSecrets {
                    prefix: "dataplane/".parse().unwrap(),
                }]
                .into(),
                [Capability::WriteObjects {
                    bucket: "acme-metadata".parse().unwrap(),
                    prefixes: ["acme/".parse().unwrap()].into(),
                }]
                .into(),
            ],
            statements: |id| {
                vec![serde_json::json!({ "Sid": "Uploads", "Resource": id.to_string() })]
            },
            stranger: Box::new(memory.clone()),
        }
    }

    #[tokio::test]
    async fn buckets_in_memory() {
        let (clouds, environment) = memory();
        buckets::suite(&*clouds.buckets, &environment).await;
    }

    #[tokio::test]
    async fn identity_providers_in_memory() {
        let (clouds, environment) = memory();
        identity_providers::suite(&*clouds.identity_providers, &environment).await;
    }

    #[tokio::test]
    async fn roles_in_memory() {
        let (clouds, environment) = memory();
        roles::suite(&*clouds.roles, &environment).await;
    }

    #[tokio::test]
    async fn registries_in_memory() {
        let (clouds, environment) = memory();
        registries::suite(&*clouds.registries, &environment).await;
    }

    #[tokio::test]
    async fn log_groups_in_memory() {
        let (clouds, environment) = memory();
        log_groups::suite(&*clouds.log_groups, &environment).await;
    }

    #[tokio::test]
    async fn secrets_in_memory() {
        let (clouds, environment) = memory();
        secrets::suite(&*clouds.secrets, &environment).await;
    }

    #[tokio::test]
    async fn clusters_in_memory() {
        let (clouds, environment) = memory();
        clusters::suite(&*clouds.clusters, &environment).await;
    }

    #[tokio::test]
    async fn the_account_in_memory() {
        account::suite(&*memory().0.account).await;
    }
}
