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
pub mod identity_providers;
pub mod log_groups;
pub mod registries;
pub mod roles;
pub mod secrets;

use std::fmt::Debug;
use std::str::FromStr;

use async_trait::async_trait;

use crate::account::KmsKey;
use crate::buckets::BucketId;
use crate::clusters::ClusterId;
use crate::error::{Error, Result};
use crate::registries::RegistryName;
use crate::roles::{Namespace, PolicyArn, RoleName};
use crate::tags::{CREATING, OWNER, RESOURCE, Tags};

/// Where a suite runs.
pub struct Environment {
    /// A part of all names, so that runs do not meet: short, lowercase.
    pub run: String,
    /// A cluster that exists.
    pub cluster: ClusterId,
    /// A policy that exists, to bound roles with.
    pub boundary: PolicyArn,
    /// A key of the key service.
    pub kms_key: KmsKey,
    /// Somebody else, who changes things behind the backend's back.
    pub stranger: Box<dyn Stranger>,
}

/// Somebody else with the same rights, who does not go through the capabilities.
#[async_trait]
pub trait Stranger: Send + Sync {
    /// Puts objects into a bucket, under `raw/`.
    async fn fill_bucket(&self, id: &BucketId, objects: usize);
    /// Takes a bucket's protections away, all but its ownership controls.
    async fn open_bucket(&self, id: &BucketId);
    /// Gives a role an inline policy called `stranger` and attaches the boundary as a policy.
    async fn widen_role(&self, name: &RoleName, attached: &PolicyArn);
    /// Pushes an image.
    async fn push_image(&self, name: &RegistryName);
}

impl Environment {
    /// A name that only this run uses, parsed into what is needed.
    pub fn name<T: FromStr<Err: Debug>>(&self, name: &str) -> T {
        format!("{}-{name}", self.run).parse().unwrap()
    }

    /// A namespace of this run.
    pub fn namespace(&self) -> Namespace {
        self.name("ns")
    }
}

/// The marks of something that is being made.
pub fn marks() -> Tags {
    let marks = [
        (OWNER, "conformance"),
        (RESOURCE, "kind/name"),
        (CREATING, "true"),
    ];
    marks
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

/// The tags of something that is made.
pub fn made() -> Tags {
    let mut tags = marks();
    tags.remove(CREATING);
    tags.insert("team".into(), "data".into());
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
    use crate::buckets::Protection;
    use crate::clusters::{Cluster, ClusterNetwork, ClusterStatus};
    use crate::memory::Memory;
    use crate::roles::ForeignPolicy;

    #[async_trait]
    impl Stranger for Memory {
        async fn fill_bucket(&self, id: &BucketId, objects: usize) {
            self.change(|world| {
                let contents = &mut world.buckets.get_mut(id).unwrap().contents;
                contents.objects += objects;
                contents.prefixes.insert("raw/".into());
            });
        }

        async fn open_bucket(&self, id: &BucketId) {
            self.change(|world| {
                let bucket = &mut world.buckets.get_mut(id).unwrap().bucket;
                bucket
                    .protections
                    .retain(|protection| *protection == Protection::OwnerEnforced);
            });
        }

        async fn widen_role(&self, name: &RoleName, attached: &PolicyArn) {
            self.change(|world| {
                let foreign = &mut world.roles.get_mut(name).unwrap().foreign_policies;
                foreign.insert(ForeignPolicy::Inline("stranger".into()));
                foreign.insert(ForeignPolicy::Attached(attached.to_string()));
            });
        }

        async fn push_image(&self, name: &RegistryName) {
            self.change(|world| world.registries.get_mut(name).unwrap().1 += 1);
        }
    }

    fn memory() -> (Clouds, Environment) {
        let memory = Memory::default();
        let cluster = ClusterId::Eks {
            name: "prod".parse().unwrap(),
            region: None,
        };
        let described = Cluster {
            id: "memory:cluster/prod".into(),
            status: ClusterStatus::Active,
            endpoint: Some("https://prod.memory.invalid".into()),
            ca_certificate: Some("-----BEGIN CERTIFICATE-----\n".into()),
            issuer: Some("https://issuer.memory.invalid/prod".into()),
            version: Some("1.36".into()),
            network: ClusterNetwork::default(),
        };
        memory.change(|world| world.clusters.insert(cluster.clone(), described));
        let environment = Environment {
            run: "memory".into(),
            cluster,
            boundary: "arn:aws:iam::123456789012:policy/boundary".parse().unwrap(),
            kms_key: "1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap(),
            stranger: Box::new(memory.clone()),
        };
        (memory.clouds(), environment)
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
