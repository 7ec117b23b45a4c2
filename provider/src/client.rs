//! What a configured provider hands to every resource: the cloud, the clusters, the owner and the common tags.

use std::{collections::BTreeMap, sync::Arc};

use clouds::{Clouds, account::Region};
use framework::{Diagnostic, Result, Value};

use crate::{cluster::Connect, ownership::Owner, provider::ControlPlaneModel};

/// The provider after `Configure`. Building one calls nothing.
pub struct Client {
    /// The one configured cloud; none when only cluster resources are used.
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
                "This lives in a cloud account, and the provider block names none. Add `aws = { region = \"…\" }` to \
                 provider \"dataplane\".",
            )
            .into()
        })
    }
}
