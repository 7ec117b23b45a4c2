//! A workspace: the namespace in which the tasks of one project and domain run.

use k8s_openapi::{
    api::networking::v1::NetworkPolicyEgressRule, apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Object, Origin, google_credentials, limits, namespace, network, node_local, object,
    service_accounts,
};
use crate::{
    config::{self, ConfigError, ContainerLimits, Destination, DnsPeer, Quota},
    identity::Identity,
    labels::{self, Labels},
    names::{Domain, Namespace, OperatorName, Project},
    textual::Invalid,
};

/// The configuration of one workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceConfig {
    /// Operator whose tasks run here.
    #[serde(default)]
    pub operator: OperatorName,
    /// Project.
    pub project: Project,
    /// Domain.
    pub domain: Domain,
    /// Cloud role of task pods; without one they have no identity. On Azure a pod has it only with the label
    /// `azure.workload.identity/use: "true"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Identity>,
    /// Quota of the namespace; no quota is set when it is empty.
    #[serde(default = "Quota::workspace")]
    pub quota: Quota,
    /// What a container gets that says nothing.
    #[serde(default)]
    pub limits: ContainerLimits,
    /// Where task pods may connect to; any address but instance metadata, node-local agents and Azure's wire server when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<Vec<Destination>>,
    /// The servers that answer for names, as in `egress.dns` of the operator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<DnsPeer>,
    /// Which pods are refused.
    #[serde(default = "PodSecurity::workspace")]
    pub pod_security: PodSecurity,
    /// Labels for every object, besides our own marks.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
}

/// A level of the Pod Security Standards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PodSecurity {
    /// Everything is accepted.
    Privileged,
    /// What escapes a container is refused; a task's image may run as root in it.
    Baseline,
    /// Only what is hardened is accepted.
    Restricted,
}

impl PodSecurity {
    /// As Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }

    /// Users' images run as root more often than not.
    fn workspace() -> Self {
        Self::Baseline
    }
}

impl WorkspaceConfig {
    /// A workspace with everything else at its default.
    pub fn new(operator: OperatorName, project: Project, domain: Domain) -> Self {
        Self {
            operator,
            project,
            domain,
            role: None,
            quota: Quota::workspace(),
            limits: ContainerLimits::default(),
            egress: None,
            dns: Vec::new(),
            pod_security: PodSecurity::workspace(),
            labels: Labels::new(),
        }
    }

    /// What no single field can say.
    ///
    /// # Errors
    /// The first problem found, with its field.
    pub fn validate(&self) -> Result<(), ConfigError> {
        config::validate_dns("dns", &self.dns)
    }

    /// The namespace, `<project>-<domain>`.
    ///
    /// # Errors
    /// When the two together are too long.
    pub fn namespace(&self) -> Result<Namespace, Invalid> {
        Namespace::of_workspace(&self.project, &self.domain)
    }
}

/// All objects of a workspace, in the order in which they are applied.
///
/// # Errors
/// When project and domain together are too long for a namespace.
pub fn workspace(config: &WorkspaceConfig) -> Result<Vec<Object>, Invalid> {
    let name = config.namespace()?;
    let meta = |object: &str| {
        object::metadata(&config.operator, &config.labels, Some(&name), None, object)
    };
    let mut namespace_meta = meta(name.as_str());
    namespace_meta.namespace = None;
    let labels = namespace_meta.labels.get_or_insert_default();
    labels.insert(labels::PROJECT.to_owned(), config.project.to_string());
    labels.insert(labels::DOMAIN.to_owned(), config.domain.to_string());

    let mut objects = vec![namespace::with_level(namespace_meta, config.pod_security)];
    objects.extend(limits::both(
        &meta("dataplane"),
        &config.quota,
        &config.limits,
    ));
    objects.push(network::default_deny(meta("default-deny")));
    objects.push(network::allow_dns(
        meta("allow-dns"),
        &config.dns,
        config.role.as_ref().map(Identity::cloud),
    ));
    objects.push(network::egress(
        meta("tasks-egress"),
        LabelSelector::default(),
        tasks_egress(config),
    ));
    objects.extend(
        config
            .role
            .as_ref()
            .and_then(node_local::identity_rules)
            .map(|rules| {
                network::egress(meta("tasks-to-identity"), LabelSelector::default(), rules)
            }),
    );
    objects.extend(config.role.as_ref().and_then(|role| {
        google_credentials::config_map(meta(google_credentials::CONFIG_MAP), role)
    }));
    objects.push(Object {
        origin: Origin::Cluster,
        ..Object::of(&service_accounts::with_identity(
            meta("default"),
            config.role.as_ref(),
        ))
    });
    Ok(objects)
}

fn tasks_egress(config: &WorkspaceConfig) -> Vec<NetworkPolicyEgressRule> {
    match &config.egress {
        Some(destinations) => destinations
            .iter()
            .filter_map(|destination| network::to(Some(destination), &[443]))
            .collect(),
        None => network::to(None, &[]).into_iter().collect(),
    }
}
