//! Every ephemeral resource of the provider: a file, a `mod` line and a line in the list each.

mod cluster_token;

use framework::{AnyEphemeralResource, EphemeralResource as _};

use crate::client::Client;

/// The one list of ephemeral resources.
pub fn all() -> Vec<Box<dyn AnyEphemeralResource<Client>>> {
    vec![cluster_token::ClusterToken.boxed()]
}
