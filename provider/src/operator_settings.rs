//! `OperatorConfig` in HCL: the arguments that `dataplane_operator` and `dataplane_manifests` share, and the way between the two.

mod document;
mod executor;
mod rendered;

use std::collections::BTreeMap;

use dataplane_api::{
    cidr::Cidr,
    config::{
        CaCertificate, Compute, ContainerLimits, Endpoint, Quota, QuotaKey, Region, StoreEndpoint,
    },
    identity::{GoogleServiceAccount, RoleArn, Uuid},
    labels::{LabelKey, LabelValue},
    names::Namespace,
    object_uri::ObjectUri,
    quantity::Quantity,
    workload_provider::WorkloadProvider,
};
use framework::{Model, Text, Value, text::JsonDocument};

pub use document::{at, config_of, decoded, document, model_of};
pub use executor::ExecutorModel;
pub use rendered::{CONFIG_MAP, config_in, marks, objects, patch_error};

/// Declares a model that has all fields of `OperatorConfig`, and more.
macro_rules! operator_model {
    ($(#[$attribute:meta])* $name:ident { $($rest:tt)* }) => {
        $(#[$attribute])*
        #[derive(framework::Model, Clone, Debug, Default, PartialEq)]
        pub struct $name {
            /// Name of this operator: a label on all of its objects. Lower-case letters, digits and hyphens, at most 40.
            #[attr(optional, computed, default = "dataplane", replaces)]
            pub name: framework::Value<framework::Text<dataplane_api::names::OperatorName>>,
            /// Namespace of the operator and its components.
            #[attr(optional, computed, default = "union", replaces)]
            pub namespace: framework::Value<framework::Text<dataplane_api::names::Namespace>>,
            /// Whether the namespace is made, at the Pod Security level "restricted", or exists already.
            #[attr(optional, computed, default = false)]
            pub create_namespace: framework::Value<bool>,
            /// Organization that owns the data plane: the first segment of the keys of objects in the buckets.
            #[attr(required)]
            pub organization: framework::Value<framework::Text<dataplane_api::names::Organization>>,
            /// Name of this cluster at the control plane.
            #[attr(required)]
            pub cluster_name: framework::Value<framework::Text<dataplane_api::names::ClusterName>>,
            /// Image of the operator, pinned by digest (`…@sha256:…`, best) or tag.
            #[attr(required)]
            pub image: framework::Value<framework::Text<dataplane_api::image::ImageReference>>,
            /// Names of Secrets of the namespace by which the image is pulled.
            #[attr(optional, computed, default = Vec::new())]
            pub image_pull_secrets: framework::Value<Vec<framework::Text<dataplane_api::names::SecretName>>>,
            /// The control plane that the operator registers with.
            #[attr(required)]
            pub control_plane: framework::Value<crate::operator_settings::ControlPlaneModel>,
            /// The two buckets.
            #[attr(required)]
            pub storage: framework::Value<crate::operator_settings::StorageModel>,
            /// Cloud roles of the components. A role that is left out leaves its service accounts out.
            #[attr(optional, computed, default = crate::operator_settings::RolesModel::default())]
            pub roles: framework::Value<crate::operator_settings::RolesModel>,
            /// What the components may connect to. A network policy knows addresses, no host names; what is left out may be any address
            /// but instance metadata, node-local agents and Azure's wire server, on the usual port.
            #[attr(optional, computed, default = crate::operator_settings::EgressModel::default())]
            pub egress: framework::Value<crate::operator_settings::EgressModel>,
            /// Settings of the components.
            #[attr(optional, computed, default = crate::operator_settings::ComponentsModel::default())]
            pub components: framework::Value<crate::operator_settings::ComponentsModel>,
            /// How much of the cluster the operator may see: `standard` has a `ClusterRole` for what is cluster-wide, `low` has roles in single
            /// namespaces only.
            #[attr(optional, computed, default = "standard", validate = crate::operator_settings::permission_level)]
            pub permissions: framework::Value<String>,
            /// Namespace whose pods may read the metrics. None may when it is left out.
            #[attr(optional)]
            pub monitoring_namespace: framework::Value<framework::Text<dataplane_api::names::Namespace>>,
            /// Quota of the namespace, by resource, for example `{ "limits.cpu" = "32" }`. No quota is set when it is empty. The default leaves room
            /// for the components and admits neither load balancers nor node ports.
            #[attr(optional, computed, default = crate::operator_settings::default_quota(&dataplane_api::config::Quota::default()), validate = crate::operator_settings::quota_keys)]
            pub quota: framework::Value<std::collections::BTreeMap<String, framework::Text<dataplane_api::quantity::Quantity>>>,
            /// What a container of the namespace gets when it says nothing.
            #[attr(optional, computed, default = crate::operator_settings::LimitsModel::default())]
            pub limits: framework::Value<crate::operator_settings::LimitsModel>,
            /// Labels for every object, beside our own marks.
            #[attr(optional, computed, default = std::collections::BTreeMap::new(), validate = crate::operator_settings::label_keys)]
            pub labels: framework::Value<std::collections::BTreeMap<String, framework::Text<dataplane_api::labels::LabelValue>>>,
            /// Labels that a node must have to run our pods.
            #[attr(optional, computed, default = std::collections::BTreeMap::new(), validate = crate::operator_settings::label_keys)]
            pub node_selector: framework::Value<std::collections::BTreeMap<String, framework::Text<dataplane_api::labels::LabelValue>>>,
            /// Taints of nodes that our pods tolerate.
            #[attr(optional, computed, default = Vec::new())]
            pub tolerations: framework::Value<Vec<crate::operator_settings::TolerationModel>>,
            /// Changes to the rendered objects, for what no argument covers: JSON merge patches (RFC 7386).
            #[attr(optional, computed, default = Vec::new())]
            pub patches: framework::Value<Vec<crate::operator_settings::PatchModel>>,
            $($rest)*
        }
    };
}
pub(crate) use operator_model;

/// The control plane, and how the operator proves who it is.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ControlPlaneModel {
    /// Where it is: `https://<host>` or `https://<host>:<port>`.
    #[attr(required)]
    pub endpoint: Value<Text<Endpoint>>,
    /// Audience of the service account token that the operator sends to it. Default: the endpoint.
    #[attr(optional)]
    pub audience: Value<String>,
    /// Certificate authority of its certificate, in PEM. Default: the public ones.
    #[attr(optional)]
    pub ca_certificate: Value<Text<CaCertificate>>,
}

/// The two buckets. One bucket may serve as both.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct StorageModel {
    /// Bucket for inputs, outputs and other metadata of executions, for example `s3://acme-metadata`: the `uri` of a `dataplane_bucket`.
    #[attr(required)]
    pub metadata: Value<Text<ObjectUri>>,
    /// Bucket for code bundles.
    #[attr(required)]
    pub fast_registration: Value<Text<ObjectUri>>,
    /// Region of the buckets, where the cloud's own environment does not say it.
    #[attr(optional)]
    pub region: Value<Text<Region>>,
    /// Address of a store that speaks the S3 protocol and is not Amazon's.
    #[attr(optional)]
    pub endpoint: Value<Text<StoreEndpoint>>,
    /// Order of the segments of the objects' keys: `spec`, or `flyte` for buckets that are shared with Flyte's own executor.
    #[attr(optional, computed, default = "spec", validate = layout)]
    pub layout: Value<String>,
}

/// Cloud roles by profile.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct RolesModel {
    /// Role of the platform services.
    #[attr(optional, validate = one_identity)]
    pub admin: Value<IdentityModel>,
    /// Role of task pods.
    #[attr(optional, validate = one_identity)]
    pub user: Value<IdentityModel>,
    /// Role of the image builder.
    #[attr(optional, validate = one_identity)]
    pub builder: Value<IdentityModel>,
    /// Role of the log shipper.
    #[attr(optional, validate = one_identity)]
    pub log_writer: Value<IdentityModel>,
}

/// How a service account becomes an identity of the cloud. Exactly one of the arguments is given; none of them stores a credential.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct IdentityModel {
    /// IAM Roles for Service Accounts: the service account names the role.
    #[attr(optional)]
    pub irsa: Value<AwsRoleModel>,
    /// EKS Pod Identity: the association is made in the cloud, so nothing is written on the service account.
    #[attr(optional)]
    pub pod_identity: Value<AwsRoleModel>,
    /// Workload Identity of GKE; `{}` where the rights are granted to the service accounts themselves.
    #[attr(optional)]
    pub gke: Value<GkeIdentityModel>,
    /// Workload identity federation of Google Cloud, for clusters that are not GKE's.
    #[attr(optional)]
    pub google: Value<GoogleIdentityModel>,
    /// Azure Workload Identity.
    #[attr(optional)]
    pub azure: Value<AzureIdentityModel>,
}

/// An IAM role.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct AwsRoleModel {
    /// ARN of the role: the `principal` of a `dataplane_role`.
    #[attr(required)]
    pub role_arn: Value<Text<RoleArn>>,
}

/// A Google service account.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct GkeIdentityModel {
    /// Email of the Google service account: the `principal` of a `dataplane_role` without `direct`.
    #[attr(optional)]
    pub service_account: Value<Text<GoogleServiceAccount>>,
}

/// An identity of Google Cloud that a token of the pod is exchanged for.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct GoogleIdentityModel {
    /// Full name of the workload identity provider: the `id` of a `dataplane_identity_provider`.
    #[attr(required)]
    pub provider: Value<Text<WorkloadProvider>>,
    /// Audience of the pods' tokens, one of the provider's `audiences`. Default: the provider itself.
    #[attr(optional)]
    pub audience: Value<String>,
    /// Email of the Google service account: the `principal` of a `dataplane_role` without `direct`.
    #[attr(optional)]
    pub service_account: Value<Text<GoogleServiceAccount>>,
}

/// A user-assigned identity.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct AzureIdentityModel {
    /// Client id of the identity.
    #[attr(required)]
    pub client_id: Value<Text<Uuid>>,
    /// Tenant of the identity.
    #[attr(required)]
    pub tenant_id: Value<Text<Uuid>>,
}

/// What the components may connect to.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct EgressModel {
    /// The Kubernetes API server, as pods see it behind its Service. Default ports: 443 and 6443.
    #[attr(optional)]
    pub kubernetes_api: Value<DestinationModel>,
    /// The control plane. Default port: that of its endpoint.
    #[attr(optional)]
    pub control_plane: Value<DestinationModel>,
    /// The buckets, as pods see them: private endpoints where there are some. Default port: 443, or that of `storage.endpoint`.
    #[attr(optional)]
    pub object_store: Value<DestinationModel>,
    /// Where names are asked for: each of these, on UDP and TCP. Default: port 53 of the pods labelled `k8s-app = kube-dns` in
    /// `kube-system`, and of the node-local cache 169.254.20.10; on GKE also of the pods labelled `node-local-dns` and of Cloud DNS
    /// 169.254.169.254, on AKS of `LocalDNS` 169.254.10.11. On EKS Auto Mode name the address of the Service `kube-dns`; for
    /// the servers of `openshift-dns` that namespace and port 5353.
    #[attr(optional, computed, default = Vec::new())]
    pub dns: Value<Vec<DnsPeerModel>>,
}

/// Servers that answer for names: pods by `namespace` and `pod_labels`, or addresses by `cidrs`.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct DnsPeerModel {
    /// Namespace of the pods.
    #[attr(optional)]
    pub namespace: Value<Text<Namespace>>,
    /// Labels of the pods. Default: all pods of the namespace.
    #[attr(optional, computed, default = BTreeMap::new(), validate = label_keys)]
    pub pod_labels: Value<BTreeMap<String, Text<LabelValue>>>,
    /// Address ranges in CIDR notation.
    #[attr(optional, computed, default = Vec::new())]
    pub cidrs: Value<Vec<Text<Cidr>>>,
    /// Ports, UDP and TCP. Default: 53.
    #[attr(optional, computed, default = Vec::new())]
    pub ports: Value<Vec<i64>>,
}

/// Addresses, and ports other than the usual ones.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct DestinationModel {
    /// Address ranges in CIDR notation.
    #[attr(required)]
    pub cidrs: Value<Vec<Text<Cidr>>>,
    /// TCP ports. Default: those usual for the purpose.
    #[attr(optional, computed, default = Vec::new())]
    pub ports: Value<Vec<i64>>,
}

/// Settings of the components.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ComponentsModel {
    /// The channel to the control plane; it always runs.
    #[attr(optional, computed, default = ComponentModel::default())]
    pub operator: Value<ComponentModel>,
    /// What runs tasks, `{}` for its defaults. Default: it does not run.
    #[attr(optional)]
    pub executor: Value<ExecutorModel>,
}

/// Settings that every component has.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ComponentModel {
    /// Number of pods, 1 to 10. With more than one there is a disruption budget.
    #[attr(optional, computed, default = 1)]
    pub replicas: Value<i64>,
    /// Requests and limits. Default: those of the component.
    #[attr(optional, computed, default = ResourcesModel::default())]
    pub resources: Value<ResourcesModel>,
}

/// Requests and limits of a container.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ResourcesModel {
    /// What is reserved.
    #[attr(optional, computed, default = ComputeModel::default())]
    pub requests: Value<ComputeModel>,
    /// What cannot be exceeded.
    #[attr(optional, computed, default = ComputeModel::default())]
    pub limits: Value<ComputeModel>,
}

/// Amounts of CPU and memory.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ComputeModel {
    /// CPU, for example `500m`.
    #[attr(optional)]
    pub cpu: Value<Text<Quantity>>,
    /// Memory, for example `512Mi`.
    #[attr(optional)]
    pub memory: Value<Text<Quantity>>,
}

/// What a container gets that says nothing.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct LimitsModel {
    /// What is reserved.
    #[attr(optional, computed, default = compute(&ContainerLimits::default().requests))]
    pub requests: Value<ComputeModel>,
    /// What cannot be exceeded.
    #[attr(optional, computed, default = compute(&ContainerLimits::default().limits))]
    pub limits: Value<ComputeModel>,
}

/// A taint that our pods tolerate.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct TolerationModel {
    /// Key of the taint.
    #[attr(required)]
    pub key: Value<Text<LabelKey>>,
    /// Value of the taint. Default: any.
    #[attr(optional)]
    pub value: Value<Text<LabelValue>>,
    /// Effect of the taint: `NoSchedule`, `PreferNoSchedule` or `NoExecute`. Default: all.
    #[attr(optional)]
    pub effect: Value<String>,
}

/// A change to one rendered object.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct PatchModel {
    /// The object.
    #[attr(required)]
    pub target: Value<TargetModel>,
    /// What is merged into it, in JSON (`jsonencode({ … })`): objects are merged, lists and other values replaced, null removes.
    #[attr(required, validate = is_object)]
    pub merge: Value<Text<JsonDocument>>,
}

/// A rendered object. A target that matches none is an error.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct TargetModel {
    /// Its kind.
    #[attr(required)]
    pub kind: Value<String>,
    /// Its name.
    #[attr(required)]
    pub name: Value<String>,
}

type Checked = std::result::Result<(), String>;

#[expect(
    clippy::ptr_arg,
    reason = "a validator takes a reference to what the attribute holds"
)]
pub(crate) fn permission_level(level: &String) -> Checked {
    one_of(level, &["standard", "low"])
}

#[expect(
    clippy::ptr_arg,
    reason = "a validator takes a reference to what the attribute holds"
)]
fn layout(layout: &String) -> Checked {
    one_of(layout, &["spec", "flyte"])
}

fn one_of(text: &str, known: &[&str]) -> Checked {
    if known.contains(&text) {
        Ok(())
    } else {
        Err(format!("{text:?} is not one of {}", known.join(" and ")))
    }
}

pub(crate) fn quota_keys<T>(quota: &BTreeMap<String, T>) -> Checked {
    quota
        .keys()
        .try_for_each(|key| key.parse::<QuotaKey>().map(drop))
        .map_err(|error| error.to_string())
}

pub(crate) fn label_keys<T>(labels: &BTreeMap<String, T>) -> Checked {
    labels
        .keys()
        .try_for_each(|key| key.parse::<LabelKey>().map(drop))
        .map_err(|error| error.to_string())
}

/// An identity that is not known yet may be the one.
pub(crate) fn one_identity(identity: &IdentityModel) -> Checked {
    let IdentityModel {
        irsa,
        pod_identity,
        gke,
        google,
        azure,
    } = identity;
    let given = [
        irsa.is_known(),
        pod_identity.is_known(),
        gke.is_known(),
        google.is_known(),
        azure.is_known(),
    ]
    .into_iter()
    .filter(|given| *given)
    .count();
    let open = irsa.is_unknown()
        || pod_identity.is_unknown()
        || gke.is_unknown()
        || google.is_unknown()
        || azure.is_unknown();
    if given == 1 || given == 0 && open {
        Ok(())
    } else {
        Err("give exactly one of `irsa`, `pod_identity`, `gke`, `google` and `azure`, for example { irsa = { role_arn = … } }".to_owned())
    }
}

fn is_object(document: &Text<JsonDocument>) -> Checked {
    if document.get().is_object() {
        Ok(())
    } else {
        Err("a merge patch is a JSON object: write jsonencode({ … })".to_owned())
    }
}

pub(crate) fn default_quota(quota: &Quota) -> BTreeMap<String, Text<Quantity>> {
    quota
        .0
        .iter()
        .map(|(key, amount)| (key.to_string(), amount.clone().into()))
        .collect()
}

pub(crate) fn compute(amounts: &Compute) -> ComputeModel {
    let text = |amount: &Option<Quantity>| Value::from(amount.clone().map(Text::from));
    ComputeModel {
        cpu: text(&amounts.cpu),
        memory: text(&amounts.memory),
    }
}

/// The namespace as text, where it is known.
pub fn text<T>(value: &Value<Text<T>>) -> Option<&str> {
    value.known().map(Text::text)
}

#[cfg(test)]
mod tests;
