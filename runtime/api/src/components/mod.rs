//! The components of a data plane, one file each, and the list of them.
//!
//! To add one: its file, its line in [`COMPONENTS`], and, when it can be run, its field in `config::Components`.

mod executor;
mod fluent_bit;
mod image_builder;
mod logs;
mod object_store;
mod operator;
mod secrets;

use std::{borrow::Cow, fmt, str::FromStr};

use crate::{
    OperatorConfig,
    config::{ComponentSettings, Roles},
    identity::Identity,
    names::ServiceAccountName,
    permissions::{Capability, Profile},
    textual::Invalid,
};

/// Everything about a component that is not its code.
#[derive(Debug)]
pub struct Component {
    /// Its name: of the mode, the Deployment and the service account.
    pub name: ComponentName,
    /// What it does, in a phrase.
    pub summary: &'static str,
    /// The role of the cloud that it has, if any.
    pub profile: Option<Profile>,
    /// What it needs of the cloud.
    pub capabilities: &'static [Capability],
    /// How it runs. Without one this release has no such mode yet: only its identity is made, so that roles can trust
    /// it from the first apply on.
    pub workload: Option<Workload>,
}

impl Component {
    /// The identity in the cloud that it is given.
    pub fn identity<'a>(&self, roles: &'a Roles) -> Option<&'a Identity> {
        self.profile.and_then(|profile| roles.get(profile))
    }
}

/// How a component runs: a mode of the operator's image in a Deployment of its own.
#[derive(Debug)]
pub struct Workload {
    /// Its part of the configuration; none when it is not enabled.
    pub settings: fn(&OperatorConfig) -> Option<Cow<'_, ComponentSettings>>,
    /// What it asks for unless the configuration says otherwise.
    pub resources: DefaultResources,
    /// What it may do in the Kubernetes API.
    pub rules: &'static [Rule],
    /// What it may do besides, when its settings need that.
    pub rules_of_settings: fn(&OperatorConfig) -> &'static [Rule],
    /// What it connects to, besides DNS.
    pub reaches: &'static [Peer],
    /// Whether only one of its pods works at a time, the one that holds the Lease of the component's name.
    pub one_leads: bool,
}

/// Requests and limits as constants.
#[derive(Debug)]
pub struct DefaultResources {
    /// CPU that is reserved.
    pub cpu_request: &'static str,
    /// CPU that can't be exceeded.
    pub cpu_limit: &'static str,
    /// Memory, reserved and limited alike: what is not reserved is what gets a pod killed.
    pub memory: &'static str,
}

/// One rule of RBAC.
#[derive(Debug)]
pub struct Rule {
    /// Where it holds.
    pub scope: Scope,
    /// API group; empty for the core.
    pub group: &'static str,
    /// Resources, in the plural.
    pub resources: &'static [&'static str],
    /// Names of objects; empty for all.
    pub names: &'static [&'static str],
    /// Verbs.
    pub verbs: &'static [&'static str],
}

/// Where a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In the operator's namespace.
    Namespace,
    /// In the whole cluster; with `permissions = "low"` only in the namespace named here.
    Cluster {
        /// The namespace.
        low: &'static str,
    },
    /// Where tasks run: in the namespaces that the executor is told, or in the whole cluster when it is told none.
    Tasks,
}

/// Something that a component connects to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The Kubernetes API server.
    KubernetesApi,
    /// The control plane.
    ControlPlane,
    /// The buckets.
    ObjectStore,
}

/// All components; the order is that of the objects.
pub const COMPONENTS: &[Component] = &[
    operator::OPERATOR,
    executor::EXECUTOR,
    object_store::OBJECT_STORE,
    logs::LOGS,
    secrets::SECRETS,
    image_builder::IMAGE_BUILDER,
    fluent_bit::FLUENT_BIT,
];

/// The name of a component of [`COMPONENTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentName(&'static str);

impl ComponentName {
    /// As text.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The service account of the component has its name.
    pub fn service_account(self) -> ServiceAccountName {
        self.0.into()
    }
}

impl FromStr for ComponentName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        COMPONENTS
            .iter()
            .map(|component| component.name)
            .find(|name| name.0 == text)
            .ok_or_else(|| {
                let known: Vec<&str> = COMPONENTS
                    .iter()
                    .map(|component| component.name.0)
                    .collect();
                Invalid::new("a component", text, format!("one of {}", known.join(", ")))
            })
    }
}

impl fmt::Display for ComponentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_entry_keeps_the_rules() {
        let mut names = BTreeSet::new();
        for component in COMPONENTS {
            assert!(
                names.insert(component.name),
                "{} is there twice",
                component.name
            );
            assert!(
                component
                    .name
                    .as_str()
                    .parse::<ServiceAccountName>()
                    .is_ok(),
                "{}",
                component.name
            );
            assert!(!component.summary.is_empty(), "{}", component.name);
            assert_eq!(
                component.profile.is_none(),
                component.capabilities.is_empty(),
                "{}: capabilities need a profile",
                component.name
            );
            assert_ne!(
                component.profile,
                Some(Profile::User),
                "{}: the user role is for task pods",
                component.name
            );
            assert!(
                component.profile.is_some() || component.workload.is_some(),
                "{} is nothing",
                component.name
            );
        }
    }

    #[test]
    fn no_rule_has_a_wildcard_or_grants_itself_more() {
        for component in COMPONENTS {
            for rule in component
                .workload
                .iter()
                .flat_map(|workload| workload.rules)
            {
                for text in rule.resources.iter().chain(rule.verbs).chain([&rule.group]) {
                    assert!(!text.contains('*'), "{}: {rule:?}", component.name);
                    assert!(
                        !["escalate", "bind", "impersonate"].contains(text),
                        "{}: {rule:?}",
                        component.name
                    );
                }
            }
        }
    }

    #[test]
    fn default_resources_are_quantities() {
        for workload in COMPONENTS
            .iter()
            .filter_map(|component| component.workload.as_ref())
        {
            let DefaultResources {
                cpu_request,
                cpu_limit,
                memory,
            } = workload.resources;
            for text in [cpu_request, cpu_limit, memory] {
                let quantity: crate::quantity::Quantity = text.parse().unwrap();
                assert_eq!(quantity.to_string(), text, "not in canonical form");
            }
        }
    }
}
