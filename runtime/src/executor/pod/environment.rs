//! The environment of a task's containers.

use std::collections::HashMap;

use dataplane_api::identity::Cloud;
use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, ObjectFieldSelector};

use super::Attempt;

/// The container's own variables and ours behind them. Each name is there once: a run or a template can't tell a task that it is
/// another action, and what the data plane's operator has set goes before what a template says, as with Flyte's executor.
pub(super) fn of_container(own: Vec<EnvVar>, attempt: &Attempt<'_>) -> Vec<EnvVar> {
    let mut environment = Environment::default();
    let run = attempt
        .action
        .env
        .iter()
        .map(|(name, value)| text(name, value));
    for variable in own.into_iter().chain(run) {
        environment.set(variable);
    }
    for (name, value) in store(attempt) {
        if !environment.place.contains_key(name) {
            environment.set(text(name, value));
        }
    }
    for (name, value) in control_plane(attempt) {
        environment.set(text(name, value));
    }
    for (name, value) in &attempt.settings.executor.tasks.environment {
        environment.set(text(name, value));
    }
    for variable in identity(attempt) {
        environment.set(variable);
    }
    environment.variables.into_iter().flatten().collect()
}

/// Bytes of the names and values.
pub(super) fn size(environment: &[EnvVar]) -> usize {
    let of = |variable: &EnvVar| {
        let value = variable.value.as_ref();
        variable.name.len() + value.map_or(0, String::len)
    };
    environment.iter().map(of).sum()
}

/// Variables in their order, each name once.
#[derive(Default)]
struct Environment {
    /// None where one stood that was said again later.
    variables: Vec<Option<EnvVar>>,
    place: HashMap<String, usize>,
}

impl Environment {
    /// The last one of a name counts, and stands where it was said last: it may refer to those before it.
    fn set(&mut self, variable: EnvVar) {
        let place = self.variables.len();
        if let Some(before) = self.place.insert(variable.name.clone(), place) {
            self.variables[before] = None;
        }
        self.variables.push(Some(variable));
    }
}

/// Whether a variable is there.
pub(super) fn has(environment: &[EnvVar], name: &str) -> bool {
    environment.iter().any(|variable| variable.name == name)
}

pub(super) fn text(name: &str, value: impl Into<String>) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: Some(value.into()),
        value_from: None,
    }
}

/// Where the store is, where the cloud's own environment does not say it. Never a key: pods have the user role.
fn store(attempt: &Attempt<'_>) -> Vec<(&'static str, String)> {
    let storage = &attempt.settings.storage;
    match storage.metadata.cloud() {
        Cloud::Aws => {
            let endpoint = storage
                .endpoint
                .as_ref()
                .map(|endpoint| ("FLYTE_AWS_ENDPOINT", endpoint.to_string()));
            let region = storage
                .region
                .as_ref()
                .map(|region| ("AWS_REGION", region.to_string()));
            endpoint.into_iter().chain(region).collect()
        }
        Cloud::Azure => storage
            .metadata
            .account()
            .map(|account| ("AZURE_STORAGE_ACCOUNT_NAME", account.to_owned()))
            .into_iter()
            .collect(),
        Cloud::Gcp => Vec::new(),
    }
}

fn control_plane(attempt: &Attempt<'_>) -> [(&'static str, String); 2] {
    [
        (
            "_U_EP_OVERRIDE",
            attempt.settings.control_plane.endpoint.to_string(),
        ),
        // Otherwise the SDK speaks to the services that went before ActionsService.
        ("_U_USE_ACTIONS", "1".to_owned()),
    ]
}

/// Who the task is.
fn identity(attempt: &Attempt<'_>) -> Vec<EnvVar> {
    let id = &attempt.action.id;
    let task = &attempt.template.task;
    let base = attempt
        .action
        .run_output_base
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let retry = attempt.number.get() - 1;
    let mut variables: Vec<EnvVar> = [
        ("FLYTE_INTERNAL_EXECUTION_ID", id.run.as_str()),
        ("FLYTE_INTERNAL_EXECUTION_PROJECT", id.project.as_str()),
        ("FLYTE_INTERNAL_EXECUTION_DOMAIN", id.domain.as_str()),
        ("FLYTE_INTERNAL_TASK_PROJECT", &task.project),
        ("FLYTE_INTERNAL_TASK_DOMAIN", &task.domain),
        ("FLYTE_INTERNAL_TASK_NAME", &task.name),
        ("FLYTE_INTERNAL_TASK_VERSION", &task.version),
        ("FLYTE_INTERNAL_PROJECT", &task.project),
        ("FLYTE_INTERNAL_DOMAIN", &task.domain),
        ("FLYTE_INTERNAL_NAME", &task.name),
        ("FLYTE_INTERNAL_VERSION", &task.version),
        ("ACTION_NAME", id.action.as_str()),
        ("RUN_NAME", id.run.as_str()),
        ("_U_RUN_BASE", &base),
        ("_U_ORG_NAME", id.organization.as_str()),
    ]
    .into_iter()
    .map(|(name, value)| text(name, value))
    .collect();
    variables.push(text("FLYTE_ATTEMPT_NUMBER", retry.to_string()));
    variables.push(EnvVar {
        name: "_F_PN".to_owned(),
        value: None,
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                api_version: None,
                field_path: "metadata.name".to_owned(),
            }),
            ..EnvVarSource::default()
        }),
    });
    variables
}
