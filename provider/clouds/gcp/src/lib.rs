//! The cloud capabilities on Google Cloud, by its published REST interfaces.
//!
//! `connect` calls nothing: credentials are looked for and the project is checked when the first call of a capability
//! needs them. Each file says in its first lines which API calls its verbs make. What is sent holds only what Google's
//! discovery documents describe: names of enums, 64-bit integers as text, nothing that only the service sets.

mod account;
mod bindings;
mod bucket_settings;
mod buckets;
mod clusters;
mod credentials;
mod error;
mod identity_providers;
mod lifecycle;
mod log_groups;
mod names;
mod operations;
mod permissions;
mod policies;
mod registries;
mod requests;
mod roles;
mod secrets;
mod session;
mod tags;
mod trust;

use std::sync::Arc;

use clouds::Clouds;
use clouds::absent::Absent;

pub use permissions::capabilities::ROLES;
use session::Session;
pub use session::{Config, Credentials, Service};

/// The capabilities of the project that `config` leads to. Nothing is called before one of them is used.
pub fn connect(config: Config) -> Clouds {
    let gcp = Arc::new(Gcp(Session::new(config)));
    let absent = Absent {
        cloud: "Google Cloud",
    };
    Clouds {
        account: gcp.clone(),
        buckets: gcp.clone(),
        identity_providers: gcp.clone(),
        roles: gcp.clone(),
        registries: gcp.clone(),
        log_groups: gcp.clone(),
        secrets: gcp.clone(),
        private_services: Arc::new(absent),
        private_endpoints: Arc::new(absent),
        clusters: gcp,
    }
}

/// Every capability, over one session.
struct Gcp(Session);
