//! The configuration of one operator: a typed document that the provider writes and the operator reads.

mod components;
mod control_plane;
mod egress;
mod executor;
mod limits;
mod patch;
mod read;
mod storage;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use components::{ComponentSettings, Components, Compute, Replicas, Resources};
pub use control_plane::{CaCertificate, ControlPlane, Endpoint};
pub(crate) use egress::validate_dns;
pub use egress::{Destination, DnsPeer, Egress, Port};
pub use executor::{CodeBundles, ExecutorSettings, PodPrivilege, TaskDefaults};
pub use limits::{ContainerLimits, Quota, QuotaKey};
pub use patch::{Patch, Target};
pub use read::ConfigError;
pub use storage::{Region, Storage, StoreEndpoint};

use crate::{
    identity::{Cloud, Identity},
    image::ImageReference,
    labels::{LabelKey, LabelValue, Labels},
    names::{ClusterName, Namespace, OperatorName, Organization, SecretName},
    permissions::Profile,
};

/// The configuration of one operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorConfig {
    /// Name of this operator. Cluster-wide objects carry it together with the namespace.
    #[serde(default)]
    pub name: OperatorName,
    /// Namespace of the operator and its components.
    #[serde(default)]
    pub namespace: Namespace,
    /// Whether the namespace is made (and its Pod Security level set) or exists already.
    #[serde(default)]
    pub create_namespace: bool,
    /// Organisation that owns the data plane.
    pub organization: Organization,
    /// Name of this cluster at the control plane.
    pub cluster_name: ClusterName,
    /// Image of the operator, pinned by digest or tag.
    pub image: ImageReference,
    /// Secrets of the namespace by which the image is pulled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<SecretName>,
    /// The control plane that the operator registers with.
    pub control_plane: ControlPlane,
    /// The buckets.
    pub storage: Storage,
    /// The cloud roles of the components, by profile.
    #[serde(default)]
    pub roles: Roles,
    /// Where pods may connect to.
    #[serde(default)]
    pub egress: Egress,
    /// Settings of the components.
    #[serde(default)]
    pub components: Components,
    /// How much of the cluster the operator may see.
    #[serde(default)]
    pub permissions: PermissionLevel,
    /// Namespace whose pods may read the metrics; none may when it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring_namespace: Option<Namespace>,
    /// Quota of the namespace; no quota is set when it is empty.
    #[serde(default)]
    pub quota: Quota,
    /// What a container of the namespace gets when it says nothing.
    #[serde(default)]
    pub limits: ContainerLimits,
    /// Labels for every object, besides our own marks.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Labels that a node must have to run our pods.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub node_selector: Labels,
    /// Taints that our pods tolerate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// Changes to the rendered objects, for what no option covers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<Patch>,
}

/// The cloud role of each profile. A role that is absent leaves its service accounts out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Role of the platform services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin: Option<Identity>,
    /// Role of task pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Identity>,
    /// Role of the image builder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builder: Option<Identity>,
    /// Role of the log shipper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_writer: Option<Identity>,
}

impl Roles {
    /// The identity of a profile.
    pub fn get(&self, profile: Profile) -> Option<&Identity> {
        match profile {
            Profile::Admin => self.admin.as_ref(),
            Profile::User => self.user.as_ref(),
            Profile::Builder => self.builder.as_ref(),
            Profile::LogWriter => self.log_writer.as_ref(),
        }
    }
}

/// How much of the cluster the operator may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PermissionLevel {
    /// A `ClusterRole` for what is cluster-wide.
    #[default]
    Standard,
    /// Roles in single namespaces only.
    Low,
}

/// A taint that our pods tolerate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Toleration {
    /// Key of the taint.
    pub key: LabelKey,
    /// Value of the taint; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<LabelValue>,
    /// Effect of the taint; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<TaintEffect>,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TaintEffect {
    /// They are not scheduled there.
    NoSchedule,
    /// They are scheduled there only when there is no other place.
    PreferNoSchedule,
    /// They are removed from there.
    NoExecute,
}

impl TaintEffect {
    /// As Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

impl OperatorConfig {
    /// What no single field can say: that the parts fit together. Each problem names the field.
    ///
    /// # Errors
    /// The first problem found.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let metadata = self.storage.metadata.cloud();
        if self.storage.fast_registration.cloud() != metadata {
            return Err(ConfigError::field(
                "storage.fast_registration",
                "is in another cloud than storage.metadata; both buckets are in one",
            ));
        }
        for profile in Profile::ALL {
            let Some(identity) = self.roles.get(profile) else {
                continue;
            };
            if identity.cloud() != metadata {
                return Err(ConfigError::field(
                    &format!("roles.{profile}"),
                    &format!(
                        "is an identity of {}, but the buckets are in {metadata}",
                        identity.cloud()
                    ),
                ));
            }
        }
        if metadata != Cloud::Aws && self.storage.endpoint.is_some() {
            return Err(ConfigError::field(
                "storage.endpoint",
                "is for stores that speak the S3 protocol only",
            ));
        }
        self.egress.validate()?;
        self.components.validate(self.permissions)
    }

    /// The JSON Schema of the document.
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(Self)
    }
}
