//! Every managed resource of the provider: a file, a `mod` line and a line in the list each.

mod bucket;
mod crds;
mod identity_provider;
mod log_group;
pub mod operator;
mod private_endpoint;
mod private_service;
mod registry;
mod role;
mod secret;
mod workspace;

use framework::{AnyResource, Resource as _};

use crate::client::Client;

/// The one list of managed resources.
pub fn all() -> Vec<Box<dyn AnyResource<Client>>> {
    vec![
        bucket::Bucket.boxed(),
        crds::Crds.boxed(),
        identity_provider::IdentityProvider.boxed(),
        log_group::LogGroup.boxed(),
        operator::Operator.boxed(),
        private_endpoint::PrivateEndpoint.boxed(),
        private_service::PrivateService.boxed(),
        registry::Registry.boxed(),
        role::Role.boxed(),
        secret::Secret.boxed(),
        workspace::Workspace.boxed(),
    ]
}
