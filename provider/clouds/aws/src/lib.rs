//! The cloud capabilities on AWS, by the official SDK.
//!
//! `connect` calls nothing: configuration is read, credentials are fetched and the account is checked when the first
//! call of a capability needs them. Each file says in its first lines which API calls its verbs make.

mod account;
mod bucket_policy;
mod bucket_settings;
mod buckets;
mod clusters;
mod error;
mod identity_providers;
mod lifecycle;
mod log_groups;
mod names;
mod permissions;
pub mod regions;
mod registries;
mod roles;
mod secrets;
mod session;
mod tags;
mod trust;

use std::sync::Arc;

use clouds::Clouds;
use clouds::absent::Absent;

pub use permissions::ROLE_ACTIONS;
use session::Session;
pub use session::{AssumeRole, Config, Service};
pub use tags::check_tags;

/// The capabilities of the account that `config` leads to. Nothing is called before one of them is used.
pub fn connect(config: Config) -> Clouds {
    let aws = Arc::new(Aws(Session::new(config)));
    let absent = Absent { cloud: "AWS" };
    Clouds {
        account: aws.clone(),
        buckets: aws.clone(),
        identity_providers: aws.clone(),
        roles: aws.clone(),
        registries: aws.clone(),
        log_groups: aws.clone(),
        secrets: aws.clone(),
        private_services: Arc::new(absent),
        private_endpoints: Arc::new(absent),
        clusters: aws,
    }
}

/// Every capability, over one session.
struct Aws(Session);
