//! The Kubernetes objects of an operator and of a workspace: pure functions of the configuration.

mod access;
mod deployment;
mod disruption;
#[cfg(test)]
pub(crate) mod example;
pub mod google_credentials;
mod lease;
mod limits;
mod namespace;
mod network;
mod node_local;
mod object;
mod patches;
mod service_accounts;
mod services;
mod settings;
mod workspace;

pub use object::{Object, Origin};
pub use patches::PatchError;
pub use settings::{ADMIN_PORT, CONFIG_FILE, CONTROL_PLANE_TOKEN_FILE};
pub use workspace::{PodSecurity, WorkspaceConfig, workspace};

use std::{borrow::Cow, collections::BTreeSet};

use crate::{
    OperatorConfig,
    components::{COMPONENTS, Component, Workload},
    config::ComponentSettings,
    identity::Identity,
    permissions::Profile,
};

/// All objects of an operator, in the order in which they are applied: what others refer to comes first. To delete,
/// go backwards.
///
/// # Errors
/// A patch whose target is none of the objects, or which would make another object of it.
pub fn render(config: &OperatorConfig) -> Result<Vec<Object>, PatchError> {
    let running: Vec<Running<'_>> = COMPONENTS
        .iter()
        .filter_map(|component| Running::of(component, config))
        .collect();
    let mut objects = Vec::new();
    objects.extend(namespace::of_operator(config));
    objects.extend(limits::of_operator(config));
    objects.extend(network::shared(config));
    objects.extend(service_accounts::all(config));
    for component in &running {
        objects.extend(access::rules(config, component));
        objects.extend(network::of_component(config, component));
    }
    objects.push(settings::config_map(config));
    let profiles: BTreeSet<Profile> = running
        .iter()
        .filter_map(|running| running.component.profile)
        .collect();
    objects.extend(profiles.into_iter().filter_map(|profile| {
        let name = google_credentials::of_profile(profile);
        let meta = object::meta(config, None, name);
        google_credentials::config_map(meta, config.roles.get(profile)?)
    }));
    for component in &running {
        objects.extend(lease::of_component(config, component));
        objects.push(services::admin(config, component));
        objects.push(deployment::of_component(config, component));
    }
    for component in &running {
        objects.extend(disruption::budget(config, component));
    }
    patches::apply(&mut objects, &config.patches)?;
    Ok(objects)
}

/// A component that is enabled and can be run.
struct Running<'a> {
    component: &'static Component,
    workload: &'static Workload,
    settings: Cow<'a, ComponentSettings>,
}

impl<'a> Running<'a> {
    fn of(component: &'static Component, config: &'a OperatorConfig) -> Option<Self> {
        let workload = component.workload.as_ref()?;
        let settings = (workload.settings)(config)?;
        Some(Self {
            component,
            workload,
            settings,
        })
    }

    fn name(&self) -> &'static str {
        self.component.name.as_str()
    }

    fn identity<'c>(&self, config: &'c OperatorConfig) -> Option<&'c Identity> {
        self.component.identity(&config.roles)
    }
}

#[cfg(test)]
mod tests;
