//! The cloud capabilities on Azure, by Resource Manager and the official SDK.
//!
//! `connect` calls nothing: configuration is checked, credentials are found and the subscription is guarded when the first
//! call of a capability needs them. Each file says in its first lines which API calls its verbs make; a long-running operation
//! adds one question per pause until it has ended.

mod account;
mod account_services;
mod arm;
mod bucket_encryption;
mod bucket_settings;
mod buckets;
mod clusters;
mod connection_states;
mod credentials;
mod dns_zone_groups;
mod error;
mod federated_credentials;
mod identity_providers;
mod lifecycle;
mod log_groups;
mod names;
mod network_interfaces;
mod networks;
mod objects;
mod operations;
mod pauses;
mod permissions;
mod private_endpoints;
mod private_service_connections;
mod private_services;
mod provisioning;
mod registries;
mod registry_images;
mod role_assignments;
mod role_definitions;
mod role_documents;
mod role_scopes;
mod roles;
mod secrets;
mod session;
mod storage_accounts;
mod tags;
mod transport;
mod vaults;
mod versions;

use std::sync::Arc;

use clouds::Clouds;

pub use permissions::ROLES;
use session::Session;
pub use session::{Config, Service};

/// The capabilities of the subscription that `config` leads to. Nothing is called before one of them is used.
pub fn connect(config: Config) -> Clouds {
    let azure = Arc::new(Azure(Session::new(config)));
    Clouds {
        account: azure.clone(),
        buckets: azure.clone(),
        identity_providers: azure.clone(),
        roles: azure.clone(),
        registries: azure.clone(),
        log_groups: azure.clone(),
        secrets: azure.clone(),
        private_services: azure.clone(),
        private_endpoints: azure.clone(),
        clusters: azure,
    }
}

/// Every capability, over one session.
struct Azure(Session);
