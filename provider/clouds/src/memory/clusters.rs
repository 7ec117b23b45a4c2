//! Clusters, in memory: those that were put into the world.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::{Memory, missing};
use crate::clusters::{Cluster, ClusterId, ClusterToken, Clusters};
use crate::error::Result;

#[async_trait]
impl Clusters for Memory {
    async fn describe(&self, id: &ClusterId) -> Result<Cluster> {
        self.run("clusters.describe", |world| {
            let found = world.clusters.get(id).cloned();
            found.ok_or_else(|| missing("clusters.describe", id))
        })
    }

    async fn token(&self, id: &ClusterId) -> Result<ClusterToken> {
        self.run("clusters.token", |_| {
            Ok(ClusterToken {
                token: format!("memory-token-for-{id}").into(),
                expires: SystemTime::now() + Duration::from_mins(14),
            })
        })
    }
}
