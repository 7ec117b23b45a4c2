//! What a data plane needs of a cloud: a narrow trait per capability, its plain types, and errors by meaning.
//!
//! A capability is a noun with its own file: the trait and its types here, the in-memory backend in [`memory`], the
//! behaviour that every backend has to show in [`conformance`], and the real thing in a crate per cloud under the same
//! file name. All names and ids are parsed once, by `FromStr`, into types that are right from then on.
//!
//! What a cloud has not, or takes in another form, is told by the `check` of each capability: without a call, and by the
//! field that it is about.
//!
//! Two rules hold for all of them. Creating calls set tags at once, so that nothing exists unmarked; and what exists is
//! changed by *found and wanted*: the caller reads first, and only differences are sent.
#![warn(missing_docs, unreachable_pub)]

pub mod account;
pub mod buckets;
pub mod clusters;
pub mod conformance;
pub mod error;
pub mod identity_providers;
pub mod log_groups;
pub mod memory;
pub mod names;
pub mod policies;
pub mod private_endpoints;
pub mod private_services;
pub mod refusal;
pub mod registries;
pub mod roles;
pub mod secrets;
pub mod tags;

use std::sync::Arc;

pub use account::Account;
pub use buckets::Buckets;
pub use clusters::Clusters;
pub use error::{Call, Error, Optional, Result};
pub use identity_providers::IdentityProviders;
pub use log_groups::LogGroups;
pub use names::ParseError;
pub use private_endpoints::PrivateEndpoints;
pub use private_services::PrivateServices;
pub use refusal::Refusal;
pub use registries::Registries;
pub use roles::Roles;
pub use secrets::Secrets;
pub use tags::Tags;

/// The capabilities of one account in one cloud.
#[derive(Clone)]
pub struct Clouds {
    /// Who is calling.
    pub account: Arc<dyn Account>,
    /// Buckets.
    pub buckets: Arc<dyn Buckets>,
    /// Identity providers.
    pub identity_providers: Arc<dyn IdentityProviders>,
    /// Roles.
    pub roles: Arc<dyn Roles>,
    /// Registries.
    pub registries: Arc<dyn Registries>,
    /// Log groups.
    pub log_groups: Arc<dyn LogGroups>,
    /// Secrets.
    pub secrets: Arc<dyn Secrets>,
    /// Private services.
    pub private_services: Arc<dyn PrivateServices>,
    /// Private endpoints.
    pub private_endpoints: Arc<dyn PrivateEndpoints>,
    /// Clusters.
    pub clusters: Arc<dyn Clusters>,
}

impl Clouds {
    /// A cloud in memory, empty. Keep a [`memory::Memory`] instead to change things behind our back or to let calls fail.
    pub fn memory() -> Self {
        memory::Memory::default().clouds()
    }
}
