//! The cloud capabilities on Google Cloud, by its published REST interfaces.
//!
//! `connect` calls nothing: credentials are looked for and the project is checked when the first call of a capability
//! needs them. Each file says in its first lines which API calls its verbs make. What is sent holds only what Google's
//! discovery documents describe: names of enums, 64-bit integers as text, nothing that only the service sets.

mod account;
mod addresses;
mod bindings;
mod bucket_settings;
mod buckets;
mod clusters;
mod compute_operations;
mod credentials;
mod error;
mod forwarding_rules;
mod identity_providers;
mod lifecycle;
mod links;
mod log_groups;
mod names;
mod operations;
mod permissions;
mod policies;
mod private_endpoints;
mod private_services;
mod registries;
mod requests;
mod roles;
mod secrets;
mod session;
mod tags;
mod trust;

use std::sync::Arc;

use clouds::Clouds;

pub use permissions::capabilities::ROLES;
use session::Session;
pub use session::{Config, Credentials, Service};

/// The capabilities of the project that `config` leads to. Nothing is called before one of them is used.
pub fn connect(config: Config) -> Clouds {
    let gcp = Arc::new(Gcp(Session::new(config)));
    Clouds {
        account: gcp.clone(),
        buckets: gcp.clone(),
        identity_providers: gcp.clone(),
        roles: gcp.clone(),
        registries: gcp.clone(),
        log_groups: gcp.clone(),
        secrets: gcp.clone(),
        private_services: gcp.clone(),
        private_endpoints: gcp.clone(),
        clusters: gcp,
    }
}

/// Every capability, over one session.
struct Gcp(Session);
