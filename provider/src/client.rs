//! What a configured provider hands to every resource: the cloud, the clusters, the owner and the common tags.

use std::{collections::BTreeMap, sync::Arc};

use clouds::{Clouds, account::Region, clusters::ClusterId};
use dataplane_api::identity::Cloud;
use framework::{Diagnostic, Result, Value};

use crate::{
    cluster::{Connect, Whose},
    ownership::Owner,
    provider::ControlPlaneModel,
};

/// The provider after `Configure`. Building one calls nothing.
pub struct Client {
    /// Which cloud is configured; none when only cluster resources are used.
    pub cloud: Option<Cloud>,
    /// What it has; none when only cluster resources are used.
    pub clouds: Option<Clouds>,
    /// The region of that cloud, where new objects are made.
    pub region: Option<Region>,
    /// What opens a cluster named by a resource.
    pub clusters: Arc<dyn Connect>,
    /// Where a data plane registers. Unknown while its address comes from something not applied yet.
    pub control_plane: Value<ControlPlaneModel>,
    /// The mark on everything this configuration makes.
    pub owner: Owner,
    /// Tags put on everything that has tags.
    pub tags: BTreeMap<String, String>,
}

impl Client {
    /// The configured cloud, or an error that says which block is missing.
    pub fn clouds(&self) -> Result<&Clouds> {
        self.clouds.as_ref().ok_or_else(|| {
            Diagnostic::error(
                "no cloud is configured",
                "This lives in a cloud account, and the provider block names none. Add `aws = { region = \"…\" }`, \
                 `gcp = { project = \"…\", region = \"…\" }` or `azure = { subscription_id = \"…\", resource_group = \"…\", \
                 location = \"…\" }` to provider \"dataplane\".",
            )
            .into()
        })
    }

    /// The configured cloud, when this cluster is one of its own, or an error that says which block is missing.
    pub fn clouds_of(&self, cluster: &ClusterId) -> Result<&Clouds> {
        let Whose {
            cloud,
            block,
            service,
        } = Whose::of(cluster);
        if self.cloud.is_some_and(|configured| configured != cloud) {
            return Err(Diagnostic::error(
                format!("the provider has no `{block}` argument"),
                format!(
                    "{cluster} is a cluster of {service}, and this provider works in another cloud. Add another provider block with \
                     an `alias` and with `{block}`, and choose it by `provider = dataplane.<alias>`."
                ),
            )
            .into());
        }
        self.clouds()
    }
}
