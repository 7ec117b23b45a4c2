//! Every data source of the provider: a file, a `mod` line and a line in the list each.

mod cluster;
mod manifests;
mod network_ranges;
mod permissions;

use framework::{AnyDataSource, DataSource as _};

use crate::client::Client;

/// The one list of data sources.
pub fn all() -> Vec<Box<dyn AnyDataSource<Client>>> {
    vec![
        cluster::Cluster.boxed(),
        manifests::Manifests.boxed(),
        network_ranges::NetworkRanges.boxed(),
        permissions::Permissions.boxed(),
    ]
}
