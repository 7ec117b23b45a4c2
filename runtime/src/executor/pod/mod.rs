//! The pod of an attempt: a pure function of the action, the attempt's number and the settings.

mod arguments;
mod code_bundle;
mod containers;
mod control_plane_token;
mod environment;
mod inputs;
mod metadata;
mod privileges;
mod resources;
mod room;
mod scheduling;
mod secrets;
mod security;
mod shared_memory;
#[cfg(test)]
mod tests;

use std::num::NonZeroU32;

use dataplane_api::{manifests::google_credentials, object_uri::ObjectUri};
use dataplane_proto::flyteidl2::task::Inputs;
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, Secret};

use super::{
    action::Action,
    settings::Settings,
    template::{SUPPORTED_TYPES, TaskKind, Template},
};

pub use code_bundle::CONTAINER as FETCH_CODE_CONTAINER;
pub use metadata::PRIMARY_CONTAINER_ANNOTATION;

/// Why an attempt has no pod: sentences for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    #[error(
        "no task of type {task_type:?} runs on this data plane: its executor runs {SUPPORTED_TYPES}; run the task elsewhere or \
         change its type"
    )]
    NoSuchTaskType { task_type: String },
    #[error("{0}")]
    Invalid(String),
}

/// What a pod is built of.
struct Attempt<'a> {
    action: &'a Action,
    template: &'a Template,
    number: NonZeroU32,
    settings: &'a Settings,
    given: Given<'a>,
    inputs: inputs::ByName<'a>,
    interruptible: bool,
    output_prefix: String,
}

/// Name of an attempt's pod.
pub fn name(action_resource_name: &str, attempt: NonZeroU32) -> String {
    format!("{action_resource_name}-{}", attempt.get() - 1)
}

/// The attempt whose pod has this name; none for a pod that is not one of the action's.
pub fn attempt(action_resource_name: &str, pod: &str) -> Option<NonZeroU32> {
    let before = pod
        .strip_prefix(action_resource_name)?
        .strip_prefix('-')?
        .parse::<u32>()
        .ok()?;
    NonZeroU32::new(before.checked_add(1)?)
}

/// Whether arguments ask for the values of inputs, which [`build`] must then be given.
pub fn reads_inputs(action: &Action) -> bool {
    match action.template().map(|template| &template.kind) {
        Some(TaskKind::Container(task)) => {
            arguments::read_inputs(task.command.iter().chain(&task.args))
        }
        Some(TaskKind::Pod(task)) => task
            .spec
            .containers
            .iter()
            .chain(task.spec.init_containers.iter().flatten())
            .any(|container| {
                arguments::read_inputs(
                    container
                        .command
                        .iter()
                        .flatten()
                        .chain(container.args.iter().flatten()),
                )
            }),
        Some(TaskKind::Unsupported) | None => false,
    }
}

/// The code of a task for which a URL is to be signed, when the settings ask for that. It is of the task's own project and domain.
pub fn code_to_sign(action: &Action, settings: &Settings) -> Result<Option<ObjectUri>, BuildError> {
    let attempt = Attempt::of(action, NonZeroU32::MIN, settings, Given::default())?;
    let arguments = match &attempt.template.kind {
        TaskKind::Container(task) => Some(&task.args),
        TaskKind::Pod(task) => task
            .spec
            .containers
            .iter()
            .find(|container| container.name == task.primary)
            .and_then(|container| container.args.as_ref()),
        TaskKind::Unsupported => None,
    };
    arguments.map_or(Ok(None), |arguments| {
        code_bundle::to_sign(arguments, &attempt)
    })
}

/// The Secret with the signed URL of the code, which the pod of an attempt is [`Given`].
pub fn code_secret(
    action: &Action,
    attempt: NonZeroU32,
    settings: &Settings,
    url: &str,
) -> Result<Secret, BuildError> {
    let attempt = Attempt::of(action, attempt, settings, Given::default())?;
    Ok(code_bundle::secret(&attempt, url))
}

/// What a pod needs besides its action.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given<'a> {
    /// Needed when [`reads_inputs`].
    pub inputs: Option<&'a Inputs>,
    /// Name of the [`code_secret`], when there is [`code_to_sign`].
    pub code_secret: Option<&'a str>,
}

/// Builds the pod of an attempt.
pub fn build(
    action: &Action,
    attempt: NonZeroU32,
    settings: &Settings,
    given: Given<'_>,
) -> Result<Pod, BuildError> {
    let attempt = Attempt::of(action, attempt, settings, given)?;
    let name = attempt.pod_name();
    if !is_subdomain(&name) {
        return Err(BuildError::Invalid(format!(
            "the pod would have the name {name:?}, which Kubernetes does not allow: at most 253 lower-case letters, digits, `-` \
             and `.`"
        )));
    }
    let (mut spec, primary) = attempt.of_template(&name)?;
    let mut containers = spec
        .containers
        .iter()
        .chain(spec.init_containers.iter().flatten());
    if containers.any(|container| container.name == code_bundle::CONTAINER) {
        // What ends in that container counts as the platform's.
        return Err(BuildError::Invalid(format!(
            "the pod template has a container {:?}, a name that the executor needs for its own; give it another one",
            code_bundle::CONTAINER
        )));
    }
    containers::complete(&mut spec, &primary, &attempt)?;
    // Before the container that fetches code, which needs no role.
    if let Some(identity) = &settings.tasks_identity {
        google_credentials::give(&mut spec, google_credentials::CONFIG_MAP, identity);
    }
    code_bundle::deliver(&mut spec, &primary, &attempt)?;
    shared_memory::mount(&mut spec, &primary, attempt.template.shared_memory.as_ref())?;
    control_plane_token::mount(&mut spec, &primary, &attempt)?;
    scheduling::place(&mut spec, &attempt);
    security::harden(&mut spec);
    if spec.restart_policy.as_deref() == Some("Always") {
        return Err(BuildError::Invalid(
            "the pod template has restartPolicy Always, so that the pod would never end; leave it out, the executor tries again by \
             itself"
                .to_owned(),
        ));
    }
    if let Some(container) = restarts_in_place(&spec) {
        return Err(BuildError::Invalid(format!(
            "the container {container:?} of the pod template has a restartPolicy or restartPolicyRules of its own, so that nobody can say \
             when it has ended; leave them out, the executor tries again by itself"
        )));
    }
    spec.restart_policy
        .get_or_insert_with(|| "Never".to_owned());
    spec.enable_service_links = Some(false);
    spec.service_account_name = spec
        .service_account_name
        .filter(|account| !account.is_empty())
        .or_else(|| attempt.service_account());
    let metadata = metadata::of_pod(&attempt, &name, &primary)?;
    let allowed = &settings.executor.pod_privileges;
    privileges::check(&spec, metadata.annotations.as_ref(), allowed)?;
    Ok(Pod {
        metadata,
        spec: Some(spec),
        status: None,
    })
}

/// A container that is started again whatever the pod says. One that runs beside the others from before is none: it is stopped
/// with them.
fn restarts_in_place(spec: &PodSpec) -> Option<&str> {
    let own = |container: &&Container| {
        container.restart_policy.is_some() || container.restart_policy_rules.is_some()
    };
    let before = |container: &&Container| {
        let policy = container.restart_policy.as_deref();
        policy.is_some_and(|policy| policy != "Always") || container.restart_policy_rules.is_some()
    };
    let mut before_them = spec.init_containers.iter().flatten();
    let found = spec.containers.iter().find(own);
    found
        .or_else(|| before_them.find(before))
        .map(|container| container.name.as_str())
}

impl<'a> Attempt<'a> {
    fn of(
        action: &'a Action,
        number: NonZeroU32,
        settings: &'a Settings,
        given: Given<'a>,
    ) -> Result<Self, BuildError> {
        let template = action
            .template()
            .ok_or_else(|| BuildError::Invalid("a condition runs no pod".to_owned()))?;
        Ok(Self {
            action,
            template,
            number,
            settings,
            given,
            inputs: inputs::ByName::new(given.inputs),
            interruptible: action.interruptible.unwrap_or(template.interruptible),
            output_prefix: action.output_prefix(number),
        })
    }

    /// The pod as the template has it, and the name of its primary container.
    fn of_template(&self, pod_name: &str) -> Result<(PodSpec, String), BuildError> {
        match &self.template.kind {
            TaskKind::Container(task) => {
                let container = containers::of_task(task, pod_name);
                let primary = container.name.clone();
                let spec = PodSpec {
                    containers: vec![container],
                    ..PodSpec::default()
                };
                Ok((spec, primary))
            }
            TaskKind::Pod(task) => Ok((task.spec.clone(), task.primary.clone())),
            TaskKind::Unsupported => Err(BuildError::NoSuchTaskType {
                task_type: self.template.task_type.clone(),
            }),
        }
    }

    fn pod_name(&self) -> String {
        name(&self.action.name, self.number)
    }

    fn service_account(&self) -> Option<String> {
        self.template.service_account.clone().or_else(|| {
            self.settings
                .executor
                .tasks
                .service_account
                .as_ref()
                .map(ToString::to_string)
        })
    }
}

fn is_subdomain(name: &str) -> bool {
    name.len() <= 253
        && name
            .split('.')
            .all(|label| !label.is_empty() && is_label_text(label))
}

/// Whether it is lower-case letters, digits and `-`, with a letter or digit at both ends.
fn is_label_text(label: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    label.starts_with(edge) && label.ends_with(edge) && label.chars().all(|c| edge(c) || c == '-')
}
