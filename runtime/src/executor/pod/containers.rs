//! The containers of a pod: that of a container task, and what each container of any task gets.

use k8s_openapi::api::core::v1::{Container, EnvVar, PodSpec};

use super::{Attempt, BuildError, arguments, environment, is_label_text, resources, room::Room};
use crate::executor::template::ContainerTask;

/// A container's last output is its message when it fails and wrote none of its own.
const FALL_BACK_TO_LOGS: &str = "FallbackToLogsOnError";
/// The name of a container whose pod's name is too long for one.
const PRIMARY: &str = "primary";

/// The container of a container task. It is named after its pod, as with Flyte's executor: so log tools find it.
pub(super) fn of_task(task: &ContainerTask, pod_name: &str) -> Container {
    let name = if pod_name.len() <= 63 && is_label_text(pod_name) {
        pod_name
    } else {
        PRIMARY
    };
    Container {
        name: name.to_owned(),
        image: Some(task.image.clone()),
        command: list(&task.command),
        args: list(&task.args),
        env: Some(
            task.environment
                .iter()
                .map(|(name, value)| EnvVar {
                    name: name.clone(),
                    value: Some(value.clone()),
                    value_from: None,
                })
                .collect(),
        ),
        resources: Some(resources::of_task(&task.resources)),
        ..Container::default()
    }
}

/// Gives every container what it gets in an attempt.
pub(super) fn complete(
    spec: &mut PodSpec,
    primary: &str,
    attempt: &Attempt<'_>,
) -> Result<(), BuildError> {
    let mut room = Room::new();
    for container in spec.init_containers.iter_mut().flatten() {
        complete_one(container, resources::Role::Other, attempt, &mut room)?;
    }
    for container in &mut spec.containers {
        let role = if container.name == primary {
            resources::Role::Primary
        } else {
            resources::Role::Other
        };
        complete_one(container, role, attempt, &mut room)?;
    }
    Ok(())
}

fn complete_one(
    container: &mut Container,
    role: resources::Role,
    attempt: &Attempt<'_>,
    room: &mut Room,
) -> Result<(), BuildError> {
    for arguments in [&mut container.command, &mut container.args]
        .into_iter()
        .flatten()
    {
        arguments::fill(arguments, attempt, room)?;
    }
    let environment = environment::of_container(container.env.take().unwrap_or_default(), attempt);
    room.take(environment::size(&environment))?;
    container.env = Some(environment);
    let resources = container.resources.take().unwrap_or_default();
    container.resources = Some(resources::complete(
        resources,
        role,
        &container.name,
        &attempt.settings.executor.tasks,
    )?);
    container
        .termination_message_policy
        .get_or_insert_with(|| FALL_BACK_TO_LOGS.to_owned());
    Ok(())
}

fn list(texts: &[String]) -> Option<Vec<String>> {
    (!texts.is_empty()).then(|| texts.to_vec())
}
