//! A cloud in memory: it behaves as the conformance suites say, its calls can be made to fail, and its objects can be
//! changed behind our back.

mod account;
mod buckets;
mod clusters;
mod identity_providers;
mod log_groups;
mod private_endpoints;
mod private_services;
mod registries;
mod roles;
mod secrets;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Clouds;
use crate::account::{AccountId, Region};
use crate::buckets::{Bucket, BucketId, Contents};
use crate::clusters::{Cluster, ClusterId};
use crate::error::{Call, Error, Result};
use crate::identity_providers::{IdentityProvider, IdentityProviderId};
use crate::log_groups::{LogGroup, LogGroupName};
use crate::names::ParseError;
use crate::private_endpoints::{PrivateEndpointId, ServiceName, ServiceOffer};
use crate::private_services::{PrivateServiceId, VerificationState};
use crate::refusal::Refusal;
use crate::registries::{Registry, RegistryName};
use crate::roles::{Role, RoleName};
use crate::secrets::{Secret, SecretName, SecretText};

pub use private_endpoints::StoredEndpoint;
pub use private_services::StoredService;

/// A cloud in memory. Clones are the same cloud.
#[derive(Clone)]
pub struct Memory(Arc<Inner>);

struct Inner {
    world: Mutex<World>,
    faults: Mutex<Faults>,
}

/// Everything that exists. Change it to play somebody else.
#[derive(Clone, Debug)]
pub struct World {
    /// The caller's account.
    pub account: AccountId,
    /// The configured region, where buckets are made.
    pub region: Region,
    /// Buckets, of all accounts.
    pub buckets: BTreeMap<BucketId, StoredBucket>,
    /// Identity providers.
    pub identity_providers: BTreeMap<IdentityProviderId, IdentityProvider>,
    /// Roles.
    pub roles: BTreeMap<RoleName, Role>,
    /// Registries, with the number of images in them.
    pub registries: BTreeMap<RegistryName, (Registry, usize)>,
    /// Log groups.
    pub log_groups: BTreeMap<LogGroupName, LogGroup>,
    /// Secrets, with their values.
    pub secrets: BTreeMap<SecretName, (Secret, Option<SecretText>)>,
    /// Private services of the account.
    pub private_services: BTreeMap<PrivateServiceId, StoredService>,
    /// Private endpoints of the account.
    pub private_endpoints: BTreeMap<PrivateEndpointId, StoredEndpoint>,
    /// Services of others that endpoints may lead to: the cloud's own, and those of accounts that let this one in.
    pub offers: BTreeMap<ServiceName, ServiceOffer>,
    /// How often a private service or endpoint that is made from now on says that it is pending.
    pub settle_after: usize,
    /// Settings of private services and private endpoints that cannot change.
    pub lasting: &'static [&'static str],
    /// What comes of looking for the record that proves a private DNS name.
    pub proves: VerificationState,
    /// The number in the last id that was given.
    pub last_number: u32,
    /// Clusters.
    pub clusters: BTreeMap<ClusterId, Cluster>,
}

impl World {
    /// The number for the next id: where objects have no names, each has another one.
    fn next_number(&mut self) -> u32 {
        self.last_number += 1;
        self.last_number
    }
}

/// A bucket and what is in it.
#[derive(Clone, Debug)]
pub struct StoredBucket {
    /// The bucket.
    pub bucket: Bucket,
    /// What is in it.
    pub contents: Contents,
    /// Whether it belongs to another account: every call but `create` is refused.
    pub foreign: bool,
}

#[derive(Default)]
struct Faults {
    calls: Vec<&'static str>,
    planned: Vec<Fault>,
    refused: Vec<(&'static str, Refusal)>,
}

struct Fault {
    operation: &'static str,
    nth: usize,
    error: Error,
    lost: bool,
}

impl Memory {
    /// The capabilities of this cloud.
    pub fn clouds(&self) -> Clouds {
        Clouds {
            account: Arc::new(self.clone()),
            buckets: Arc::new(self.clone()),
            identity_providers: Arc::new(self.clone()),
            roles: Arc::new(self.clone()),
            registries: Arc::new(self.clone()),
            log_groups: Arc::new(self.clone()),
            secrets: Arc::new(self.clone()),
            private_services: Arc::new(self.clone()),
            private_endpoints: Arc::new(self.clone()),
            clusters: Arc::new(self.clone()),
        }
    }

    /// Looks at, or changes, what exists, without a call.
    pub fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut lock(&self.0.world))
    }

    /// Lets the `nth` call from now (1 is the next) of an operation, named `capability.method` as in `buckets.create`,
    /// fail before it does anything.
    pub fn fail(&self, operation: &'static str, nth: usize, error: Error) {
        self.plan(operation, nth, error, false);
    }

    /// The same, but the call has its effect: only its answer is lost.
    pub fn lose_answer(&self, operation: &'static str, nth: usize, error: Error) {
        self.plan(operation, nth, error, true);
    }

    /// Lets a check, named `capability.check` or `account.kept`, refuse from now on.
    pub fn refuse(&self, check: &'static str, refusal: Refusal) {
        lock(&self.0.faults).refused.push((check, refusal));
    }

    fn refusals(&self, check: &'static str) -> Vec<Refusal> {
        let faults = lock(&self.0.faults);
        let of_this = faults.refused.iter().filter(|(name, _)| *name == check);
        of_this.map(|(_, refusal)| refusal.clone()).collect()
    }

    /// The operations called so far, in order.
    pub fn calls(&self) -> Vec<&'static str> {
        lock(&self.0.faults).calls.clone()
    }

    /// Failures that were planned and did not happen: a test that ends with some has not tested them.
    pub fn pending_failures(&self) -> Vec<&'static str> {
        lock(&self.0.faults)
            .planned
            .iter()
            .map(|fault| fault.operation)
            .collect()
    }

    fn plan(&self, operation: &'static str, nth: usize, error: Error, lost: bool) {
        lock(&self.0.faults).planned.push(Fault {
            operation,
            nth,
            error,
            lost,
        });
    }

    /// Runs one operation: notes it, lets it fail when that was asked for, else does it.
    fn run<T>(
        &self,
        operation: &'static str,
        act: impl FnOnce(&mut World) -> Result<T>,
    ) -> Result<T> {
        let fault = lock(&self.0.faults).arrive(operation);
        match fault {
            Some(Fault {
                error, lost: false, ..
            }) => Err(error),
            Some(Fault {
                error, lost: true, ..
            }) => act(&mut lock(&self.0.world)).and(Err(error)),
            None => act(&mut lock(&self.0.world)),
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self(Arc::new(Inner {
            world: Mutex::new(World {
                account: "123456789012"
                    .parse()
                    .expect("twelve digits are an account"),
                region: "eu-west-1".parse().expect("it is a region"),
                buckets: BTreeMap::new(),
                identity_providers: BTreeMap::new(),
                roles: BTreeMap::new(),
                registries: BTreeMap::new(),
                log_groups: BTreeMap::new(),
                secrets: BTreeMap::new(),
                private_services: BTreeMap::new(),
                private_endpoints: BTreeMap::new(),
                offers: private_endpoints::own_services(),
                settle_after: 0,
                lasting: &[],
                proves: VerificationState::Verified,
                last_number: 0,
                clusters: BTreeMap::new(),
            }),
            faults: Mutex::default(),
        }))
    }
}

impl Faults {
    fn arrive(&mut self, operation: &'static str) -> Option<Fault> {
        self.calls.push(operation);
        let mut due = None;
        for (at, fault) in self.planned.iter_mut().enumerate() {
            if fault.operation == operation {
                fault.nth = fault.nth.saturating_sub(1);
                if fault.nth == 0 {
                    due.get_or_insert(at);
                }
            }
        }
        due.map(|at| self.planned.remove(at))
    }
}

/// A panic of one test thread leaves the data as good as it was.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn missing(operation: &'static str, object: impl fmt::Display) -> Error {
    Error::NotFound(Box::new(Call::new(operation, object)))
}

fn taken(operation: &'static str, object: impl fmt::Display) -> Error {
    Error::AlreadyExists(Box::new(Call::new(operation, object)))
}

fn occupied(operation: &'static str, object: impl fmt::Display, why: &str) -> Error {
    Error::NotEmpty(Box::new(Call::new(operation, object).because(why)))
}

/// A text of our own making that breaks its grammar.
fn impossible(operation: &'static str, object: impl fmt::Display, error: &ParseError) -> Error {
    Error::Invalid(Box::new(
        Call::new(operation, object).because(error.to_string()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buckets::NewBucket;
    use crate::tags::Tags;

    fn bucket() -> NewBucket {
        NewBucket {
            id: "acme-metadata".parse().unwrap(),
            hierarchical: false,
            kms_key: None,
            tags: Tags::new(),
        }
    }

    fn throttled() -> Error {
        Error::Throttled(Box::new(Call::new("buckets.create", "acme-metadata")))
    }

    #[tokio::test]
    async fn the_nth_call_fails_and_does_nothing() {
        let memory = Memory::default();
        memory.fail("buckets.create", 2, throttled());
        let clouds = memory.clouds();
        clouds.buckets.create(&bucket()).await.unwrap();
        clouds.buckets.delete(&bucket().id).await.unwrap();
        assert!(matches!(
            clouds.buckets.create(&bucket()).await,
            Err(Error::Throttled(_))
        ));
        assert!(memory.change(|world| world.buckets.is_empty()));
        assert!(memory.pending_failures().is_empty());
        assert_eq!(
            memory.calls(),
            ["buckets.create", "buckets.delete", "buckets.create"]
        );
    }

    #[tokio::test]
    async fn a_lost_answer_leaves_the_effect() {
        let memory = Memory::default();
        memory.lose_answer("buckets.create", 1, throttled());
        assert!(memory.clouds().buckets.create(&bucket()).await.is_err());
        assert!(memory.change(|world| world.buckets.contains_key(&bucket().id)));
    }
}
