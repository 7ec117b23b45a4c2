//! The cloud capabilities on AWS, by the official SDK.
//!
//! `connect` calls nothing: configuration is read, credentials are fetched and the account is checked when the first
//! call of a capability needs them. Each file says in its first lines which API calls its verbs make.

mod account;
mod assumed_role;
mod bucket_policy;
mod bucket_settings;
mod buckets;
mod clusters;
pub mod error;
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
use clouds::private_endpoints::PrivateEndpoints;
use clouds::private_services::PrivateServices;

pub use assumed_role::AssumeRole;
pub use permissions::ROLE_ACTIONS;
pub use session::{Config, Service, Session};
pub use tags::{check_tags, own as own_tags};

/// What another crate makes over the same session.
pub type Private = (Arc<dyn PrivateServices>, Arc<dyn PrivateEndpoints>);

/// The capabilities of the account that `config` leads to. Nothing is called before one of them is used.
///
/// Private connectivity comes from `private`: the SDK of EC2 takes longer to build than all others together, and so has a crate of
/// its own, `clouds-aws-ec2`.
pub fn connect(config: Config, private: impl FnOnce(Arc<Session>) -> Private) -> Clouds {
    let session = Arc::new(Session::new(config));
    let (private_services, private_endpoints) = private(Arc::clone(&session));
    let aws = Arc::new(Aws(session));
    Clouds {
        account: aws.clone(),
        buckets: aws.clone(),
        identity_providers: aws.clone(),
        roles: aws.clone(),
        registries: aws.clone(),
        log_groups: aws.clone(),
        secrets: aws.clone(),
        private_services,
        private_endpoints,
        clusters: aws,
    }
}

/// Every capability but private connectivity, over one session.
struct Aws(Arc<Session>);
