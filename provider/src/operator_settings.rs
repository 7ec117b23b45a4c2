//! `OperatorConfig` in HCL: the arguments that `dataplane_operator` and `dataplane_manifests` share, and the way between the two.

use std::collections::BTreeMap;

use dataplane_api::{
    OperatorConfig,
    cidr::Cidr,
    config::{CaCertificate, Compute, ConfigError, ContainerLimits, Endpoint, Quota, QuotaKey, Region, StoreEndpoint},
    identity::{GoogleServiceAccount, RoleArn, Uuid},
    labels::{LabelKey, LabelValue},
    manifests::{self, PatchError},
    object_uri::ObjectUri,
    quantity::Quantity,
};
use framework::{Attribute, AttributePath, Cty, Diagnostic, Diagnostics, Model, Result, Text, Value, json, text::JsonDocument};
use serde_json::{Map, Value as Json};

use crate::{
    client::Client,
    cluster::{Marks, Object, set},
};

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
            /// outside the link-local range, on the usual port.
            #[attr(optional, computed, default = crate::operator_settings::EgressModel::default())]
            pub egress: framework::Value<crate::operator_settings::EgressModel>,
            /// Settings of the components.
            #[attr(optional, computed, default = crate::operator_settings::ComponentsModel::default())]
            pub components: framework::Value<crate::operator_settings::ComponentsModel>,
            /// How much of the cluster the operator may see: `standard` has a ClusterRole for what is cluster-wide, `low` has roles in single
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
    #[attr(optional)]
    pub admin: Value<IdentityModel>,
    /// Role of task pods.
    #[attr(optional)]
    pub user: Value<IdentityModel>,
    /// Role of the image builder.
    #[attr(optional)]
    pub builder: Value<IdentityModel>,
    /// Role of the log shipper.
    #[attr(optional)]
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
    /// Workload Identity of GKE.
    #[attr(optional)]
    pub gke: Value<GkeIdentityModel>,
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
    /// Email of the Google service account.
    #[attr(required)]
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

#[expect(clippy::ptr_arg, reason = "a validator takes a reference to what the attribute holds")]
pub(crate) fn permission_level(level: &String) -> Checked {
    one_of(level, &["standard", "low"])
}

#[expect(clippy::ptr_arg, reason = "a validator takes a reference to what the attribute holds")]
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
    quota.keys().try_for_each(|key| key.parse::<QuotaKey>().map(drop)).map_err(|error| error.to_string())
}

pub(crate) fn label_keys<T>(labels: &BTreeMap<String, T>) -> Checked {
    labels.keys().try_for_each(|key| key.parse::<LabelKey>().map(drop)).map_err(|error| error.to_string())
}

fn is_object(document: &Text<JsonDocument>) -> Checked {
    if document.get().is_object() {
        Ok(())
    } else {
        Err("a merge patch is a JSON object: write jsonencode({ … })".to_owned())
    }
}

pub(crate) fn default_quota(quota: &Quota) -> BTreeMap<String, Text<Quantity>> {
    quota.0.iter().map(|(key, amount)| (key.to_string(), amount.clone().into())).collect()
}

pub(crate) fn compute(amounts: &Compute) -> ComputeModel {
    let text = |amount: &Option<Quantity>| Value::from(amount.clone().map(Text::from));
    ComputeModel {
        cpu: text(&amounts.cpu),
        memory: text(&amounts.memory),
    }
}

/// The configuration that a model describes; `None` while a part of it is not known yet. What is wrong is reported at its attribute.
pub fn config_of(model: &impl Model) -> Result<Option<OperatorConfig>> {
    let Some(document) = document(model, &fields_of_config())? else {
        return Ok(None);
    };
    OperatorConfig::from_value(document).map(Some).map_err(|error| explained(&error))
}

/// These attributes of a model as a document; `None` while one is not known yet.
pub fn document(model: &impl Attribute, fields: &[String]) -> Result<Option<Json>> {
    let mut members = Map::new();
    let encoded = model.encode();
    for field in fields {
        let value = encoded.get(field).unwrap_or(&Cty::Null);
        if !value.is_wholly_known() {
            return Ok(None);
        }
        members.insert(field.clone(), json::to_untyped(value)?);
    }
    if let Some(patches) = members.get_mut("patches").and_then(Json::as_array_mut) {
        patches.iter_mut().for_each(|patch| parse_merge(patch));
    }
    let mut document = Json::Object(members);
    without_nulls(&mut document);
    if let Some(limits) = document.get_mut("limits").and_then(Json::as_object_mut) {
        // A data source's arguments come without the defaults that a resource's plan fills in.
        let ContainerLimits { requests, limits: most } = ContainerLimits::default();
        limits.entry("requests").or_insert(serde_json::to_value(requests)?);
        limits.entry("limits").or_insert(serde_json::to_value(most)?);
    }
    Ok(Some(document))
}

/// Puts a configuration into a model, for an import.
pub fn model_of<M: Model>(config: &OperatorConfig) -> Result<M> {
    decoded(serde_json::to_value(config)?)
}

/// Puts a document into a model whose attributes have the same names.
pub fn decoded<M: Model>(mut document: Json) -> Result<M> {
    for patch in document.get_mut("patches").and_then(Json::as_array_mut).into_iter().flatten() {
        let merge = patch["merge"].to_string();
        patch["merge"] = Json::String(merge);
    }
    // What is empty is not written; as arguments these default to empty.
    let list = || Json::Array(Vec::new());
    let map = || Json::Object(Map::new());
    if let Some(members) = document.as_object_mut() {
        for field in ["image_pull_secrets", "tolerations", "patches"] {
            members.entry(field).or_insert_with(list);
        }
        for field in ["labels", "node_selector"] {
            members.entry(field).or_insert_with(map);
        }
        let destinations = match members.get_mut("egress") {
            Some(Json::Object(egress)) => egress.values_mut().collect(),
            Some(Json::Array(egress)) => egress.iter_mut().collect(),
            _ => Vec::new(),
        };
        for destination in destinations.into_iter().filter_map(Json::as_object_mut) {
            destination.entry("ports").or_insert_with(list);
        }
    }
    M::decode(&json::untyped(&document), &AttributePath::root())
}

/// The names of the top-level fields of the document.
fn fields_of_config() -> Vec<String> {
    let schema = OperatorConfig::schema();
    let properties = schema.get("properties").and_then(Json::as_object);
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

fn parse_merge(patch: &mut Json) {
    let parsed = patch["merge"].as_str().and_then(|text| serde_json::from_str(text).ok());
    if let Some(parsed) = parsed {
        patch["merge"] = parsed;
    }
}

/// Null means that nothing is given, but in a merge patch it removes.
fn without_nulls(value: &mut Json) {
    match value {
        Json::Object(members) => {
            members.retain(|_, value| !value.is_null());
            for (name, value) in members.iter_mut() {
                if name != "merge" {
                    without_nulls(value);
                }
            }
        }
        Json::Array(elements) => elements.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// An error of the document at the attribute of the same name.
pub fn explained(error: &ConfigError) -> Diagnostics {
    let mut path = AttributePath::root();
    for (depth, step) in error.field.split('.').enumerate() {
        // Below lists and maps the names of steps are not unique: the attribute above them is close enough.
        if depth > 2 || step.is_empty() || step.contains('[') {
            break;
        }
        path = path.attribute(step);
    }
    let diagnostic = Diagnostic::error(format!("`{}` is not valid", error.field), error.reason.clone());
    if path.is_root() { diagnostic.into() } else { diagnostic.at(path).into() }
}

/// The namespace as text, where it is known.
pub fn text<T>(value: &Value<Text<T>>) -> Option<&str> {
    value.known().map(Text::text)
}


/// Annotation of the configuration's ConfigMap: the patches, which the document itself leaves out, so that an import finds them.
const PATCHES: &str = "dataplane.dev/patches";

/// Name and key of the configuration document in the operator's namespace.
pub const CONFIG_MAP: &str = "dataplane-config";
const CONFIG_KEY: &str = "/data/config.yaml";

/// The marks of one operator's objects.
pub fn marks(client: &Client, config: &OperatorConfig) -> Marks {
    Marks::new(&client.owner, &format!("dataplane_operator/{}/{}", config.namespace, config.name))
}

/// The objects of an operator as they are applied.
pub fn objects(client: &Client, config: &OperatorConfig) -> Result<Vec<Object>> {
    let rendered = manifests::render(config).map_err(|error| patch_error(&error))?;
    let mut objects = set::wanted(&rendered, &marks(client, config));
    if !config.patches.is_empty() {
        let patches = serde_json::to_string(&config.patches)?;
        let holders = objects.iter_mut().filter(|object| object.text("/kind") == "ConfigMap" && object.name() == CONFIG_MAP);
        holders.for_each(|object| object.annotate(PATCHES, &patches));
    }
    Ok(objects)
}

/// The configuration that a cluster keeps of an operator.
pub fn config_in(config_map: &Object) -> Result<OperatorConfig> {
    let mut config = OperatorConfig::parse(config_map.text(CONFIG_KEY)).map_err(|error| {
        Diagnostic::error(
            "the operator's configuration in the cluster cannot be read",
            format!("{} holds a document that this release does not read: {error}", config_map.reference()),
        )
    })?;
    if let Some(patches) = config_map.annotation(PATCHES) {
        config.patches = serde_json::from_str(patches)?;
    }
    Ok(config)
}

/// Reports a patch that fits nothing at `patches`.
pub fn patch_error(error: &PatchError) -> Diagnostics {
    Diagnostic::error("a patch cannot be applied", error.to_string()).at(AttributePath::root().attribute("patches")).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    operator_model! {
        /// A model with nothing more.
        Plain {}
    }

    fn full() -> Json {
        json!({
            "name": "a", "namespace": "b", "create_namespace": true, "organization": "acme", "cluster_name": "prod",
            "image": "registry.example/op:v1", "image_pull_secrets": ["pull"],
            "control_plane": { "endpoint": "https://cp.example", "audience": "x", "ca_certificate": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n" },
            "storage": { "metadata": "s3://acme-metadata", "fast_registration": "s3://acme-bundles", "region": "eu-west-1", "endpoint": "https://s3.example", "layout": "flyte" },
            "roles": {
                "admin": { "irsa": { "role_arn": "arn:aws:iam::123456789012:role/a" } },
                "user": { "pod_identity": { "role_arn": "arn:aws:iam::123456789012:role/u" } },
                "builder": { "irsa": { "role_arn": "arn:aws:iam::123456789012:role/b" } },
                "log_writer": { "irsa": { "role_arn": "arn:aws:iam::123456789012:role/l" } },
            },
            "egress": { "kubernetes_api": { "cidrs": ["10.0.0.0/8"], "ports": [443] }, "control_plane": { "cidrs": ["10.0.0.0/8"], "ports": [443] } },
            "components": { "operator": { "replicas": 2, "resources": { "requests": { "cpu": "1", "memory": "1Gi" }, "limits": { "cpu": "1", "memory": "1Gi" } } } },
            "permissions": "low", "monitoring_namespace": "m", "quota": { "pods": "1" },
            "limits": { "requests": { "cpu": "1", "memory": "1Gi" }, "limits": { "cpu": "1", "memory": "1Gi" } },
            "labels": { "team": "x" }, "node_selector": { "pool": "y" }, "tolerations": [{ "key": "k", "value": "v", "effect": "NoSchedule" }],
            "patches": [{ "target": { "kind": "Deployment", "name": "operator" }, "merge": { "spec": { "paused": null } } }],
        })
    }

    /// Every property of a JSON Schema as a dotted path, references followed, alternatives and lists entered.
    fn properties(schema: &Json, root: &Json, at: &str, found: &mut std::collections::BTreeSet<String>) {
        if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#")) {
            return properties(root.pointer(name).unwrap(), root, at, found);
        }
        for alternative in ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema[*key].as_array()).flatten() {
            properties(alternative, root, at, found);
        }
        if schema["items"].is_object() {
            properties(&schema["items"], root, &format!("{at}[]"), found);
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{at}.{name}");
            found.insert(path.clone());
            properties(property, root, &path, found);
        }
    }

    /// Every attribute of a schema as a dotted path.
    fn attributes(schema: &framework::schema::Schema, at: &str, found: &mut std::collections::BTreeSet<String>) {
        use framework::schema::{Kind, Nesting};
        for attribute in &schema.attributes {
            let path = format!("{at}.{}", attribute.name);
            found.insert(path.clone());
            if let Kind::Nested(nesting, nested) = &attribute.kind {
                let path = if matches!(nesting, Nesting::Single) { path } else { format!("{path}[]") };
                attributes(nested, &path, found);
            }
        }
    }

    #[test]
    fn every_field_of_the_document_can_be_reached() {
        let schema = serde_json::to_value(OperatorConfig::schema()).unwrap();
        let mut fields = std::collections::BTreeSet::new();
        properties(&schema, &schema, "", &mut fields);
        let mut reached = std::collections::BTreeSet::new();
        attributes(Plain::schema(), "", &mut reached);
        assert!(fields.len() > 50, "the schema was walked: {fields:?}");
        let missing: Vec<_> = fields.difference(&reached).collect();
        let invented: Vec<_> = reached.difference(&fields).collect();
        assert!(missing.is_empty() && invented.is_empty(), "not in HCL: {missing:?}; not in the document: {invented:?}");
    }

    #[test]
    fn a_document_survives_the_way_through_hcl() {
        let config = OperatorConfig::from_value(full()).unwrap();
        let model: Plain = model_of(&config).unwrap();
        assert_eq!(config_of(&model).unwrap().unwrap(), config);
    }

    #[test]
    fn unknown_parts_leave_the_document_unknown() {
        let mut model: Plain = model_of(&OperatorConfig::from_value(full()).unwrap()).unwrap();
        model.image = Value::Unknown;
        assert_eq!(config_of(&model).unwrap(), None);
    }

    #[test]
    fn what_is_wrong_is_underlined() {
        let mut document = full();
        document["storage"]["fast_registration"] = json!("gs://acme-bundles");
        let error = OperatorConfig::from_value(document).unwrap_err();
        let path = explained(&error).iter().next().unwrap().path.clone();
        assert_eq!(path, Some(framework::path!("storage", "fast_registration")));
    }
}
