//! What the executor is told by the configuration, checked once.

use dataplane_api::{
    OperatorConfig,
    config::{ControlPlane, ExecutorSettings, Storage},
    identity::Identity,
    image::ImageReference,
    names::{ClusterName, Namespace, Organization},
};

/// What the executor is told by the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Owner of every action: the resource does not say it.
    pub organization: Organization,
    /// Where events say that they come from.
    pub cluster: ClusterName,
    /// Where the platform itself runs.
    pub namespace: Namespace,
    /// Image of the operator, which also fetches the code of tasks.
    pub image: ImageReference,
    pub storage: Storage,
    pub control_plane: ControlPlane,
    /// Who the pods of tasks are in the cloud, when they have a role.
    pub tasks_identity: Option<Identity>,
    pub executor: ExecutorSettings,
}

impl Settings {
    pub fn new(config: &OperatorConfig, executor: ExecutorSettings) -> Self {
        Self {
            organization: config.organization.clone(),
            cluster: config.cluster_name.clone(),
            namespace: config.namespace.clone(),
            image: config.image.clone(),
            storage: config.storage.clone(),
            control_plane: config.control_plane.clone(),
            tasks_identity: config.roles.user.clone(),
            executor,
        }
    }
}
