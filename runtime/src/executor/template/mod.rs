//! The template of a task, read once into what the executor runs.

mod accelerator;
mod counts;
pub mod placeholder;
mod pod_spec;
mod resources;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use dataplane_proto::flyteidl2::core;
use k8s_openapi::api::core::v1::PodSpec;
use prost::Message;

use super::action::InvalidSpec;

pub use accelerator::{Accelerator, Partition};
pub use resources::Amounts;

/// The types of tasks that run here, for people.
pub const SUPPORTED_TYPES: &str = "python, python-task, container, raw-container, sidecar and pod";
/// Key of a template's `config` that names the container that the task is.
const PRIMARY_CONTAINER: &str = "primary_container_name";

/// The template of a task, read once into what the executor runs.
#[derive(Clone, Debug)]
pub struct Template {
    pub task: TaskIdentity,
    /// Type by which the executor chooses what runs it.
    pub task_type: String,
    pub kind: TaskKind,
    /// Attempts after the first one.
    pub retries: u32,
    pub backoff: Option<Backoff>,
    /// How long an attempt may run.
    pub timeout: Option<Duration>,
    /// How long an attempt may wait until it runs.
    pub queue_timeout: Option<Duration>,
    /// How long all attempts may take together.
    pub deadline: Option<Duration>,
    /// Whether it may run on nodes that can be taken away; the action may say otherwise.
    pub interruptible: bool,
    /// Whether a task that succeeds leaves outputs.
    pub declares_outputs: bool,
    /// How its results are cached, for a discoverable task.
    pub caching: Option<Caching>,
    /// Service account that it asks for.
    pub service_account: Option<String>,
    /// Secrets that it asks for.
    pub secrets: Vec<core::Secret>,
    pub accelerator: Option<Accelerator>,
    pub shared_memory: Option<core::SharedMemory>,
    /// About as many bytes of memory.
    pub size: usize,
    /// Whether the Flyte SDK runs in its container, and so speaks to the control plane when it has children.
    pub runs_sdk: bool,
}

/// The name of a task; every part may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskIdentity {
    pub project: String,
    pub domain: String,
    pub name: String,
    pub version: String,
}

/// What is run.
#[derive(Clone, Debug)]
pub enum TaskKind {
    Container(Box<ContainerTask>),
    Pod(Box<PodTask>),
    /// Nothing here runs tasks of this type.
    Unsupported,
}

/// A task that is one container.
#[derive(Clone, Debug)]
pub struct ContainerTask {
    pub image: String,
    pub command: Vec<String>,
    pub args: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub resources: Amounts,
}

/// A task whose pod is written out.
#[derive(Clone, Debug)]
pub struct PodTask {
    pub spec: PodSpec,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    /// The container that the task is: when it ends, the task does.
    pub primary: String,
}

/// How long to wait between attempts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    pub base: Duration,
    /// What each wait is multiplied by for the next one.
    pub factor: f64,
    pub cap: Option<Duration>,
}

/// How results are cached.
#[derive(Clone, Debug, PartialEq)]
pub struct Caching {
    /// Version of the results.
    pub version: String,
    /// Whether one of several equal actions computes and the others wait for it.
    pub serializable: bool,
    /// Inputs that do not tell results apart.
    pub ignored_inputs: Vec<String>,
    /// Age above which a result counts no more.
    pub max_age: Option<Duration>,
    /// Identity of the task, which the key is made of.
    pub id: Option<core::Identifier>,
    /// Inputs and outputs, which the key is made of.
    pub interface: Option<core::TypedInterface>,
}

impl Template {
    /// Reads the template of an action. `task_type` is the action's own, which goes before the template's.
    pub fn read(bytes: &[u8], task_type: &str) -> Result<Self, InvalidSpec> {
        let wire = core::TaskTemplate::decode(bytes).map_err(|error| {
            InvalidSpec(format!(
                "taskTemplate is no flyteidl2.core.TaskTemplate ({error}); deploy the task again with an SDK that fits the \
                 control plane"
            ))
        })?;
        Self::from_wire(wire, task_type, bytes.len())
    }

    fn from_wire(
        wire: core::TaskTemplate,
        task_type: &str,
        encoded: usize,
    ) -> Result<Self, InvalidSpec> {
        let core::TaskTemplate {
            id,
            r#type,
            metadata,
            interface,
            task_type_version,
            security_context,
            extended_resources,
            config,
            target,
            ..
        } = wire;
        let task_type = if task_type.is_empty() {
            r#type
        } else {
            task_type.to_owned()
        };
        let metadata = metadata.unwrap_or_default();
        let extended = extended_resources.unwrap_or_default();
        let accelerator = extended
            .gpu_accelerator
            .map(Accelerator::from_wire)
            .transpose()?;
        let values = match &target {
            Some(core::task_template::Target::K8sPod(pod)) => {
                pod.pod_spec.as_ref().map_or(Ok(0), counts::of_values)?
            }
            _ => 0,
        };
        let kind = if is_supported(&task_type) {
            if !metadata.pod_template_name.is_empty() {
                return Err(invalid(
                    "pod template",
                    format!(
                        "is named ({}) and not written out, and PodTemplate objects are not read; give the task a \
                         flyte.PodTemplate",
                        metadata.pod_template_name
                    ),
                ));
            }
            let device = accelerator
                .as_ref()
                .map_or(accelerator::DEFAULT_RESOURCE, Accelerator::resource);
            read_target(
                target,
                &config,
                interface.as_ref(),
                task_type_version,
                device,
            )?
        } else {
            TaskKind::Unsupported
        };
        let size = match &kind {
            TaskKind::Pod(task) => counts::size_of_pod(encoded, values, &task.spec),
            TaskKind::Container(_) | TaskKind::Unsupported => counts::size_of_container(encoded),
        };
        let security = security_context.unwrap_or_default();
        let service_account = security
            .run_as
            .map(|identity| identity.k8s_service_account)
            .filter(|name| !name.is_empty());
        let runs_sdk = metadata.runtime.as_ref().is_some_and(|runtime| {
            runtime.r#type() == core::runtime_metadata::RuntimeType::FlyteSdk
        }) && task_type != "raw-container";
        let retries = metadata.retries.unwrap_or_default();
        let timeouts = metadata.timeouts.unwrap_or_default();
        Ok(Self {
            task: id.as_ref().map(TaskIdentity::from_wire).unwrap_or_default(),
            task_type,
            kind,
            retries: retries.retries,
            backoff: retries.backoff.map(Backoff::from_wire).transpose()?,
            timeout: bound("timeout", metadata.timeout)?,
            queue_timeout: bound("queue timeout", timeouts.queued_timeout)?,
            deadline: bound("deadline", timeouts.deadline)?,
            interruptible: metadata
                .interruptible_value
                .is_some_and(|core::task_metadata::InterruptibleValue::Interruptible(value)| value),
            declares_outputs: interface
                .as_ref()
                .and_then(|interface| interface.outputs.as_ref())
                .is_some_and(|outputs| !outputs.variables.is_empty()),
            caching: metadata.discoverable.then_some(Caching {
                version: metadata.discovery_version,
                serializable: metadata.cache_serializable,
                ignored_inputs: metadata.cache_ignore_input_vars,
                max_age: bound("maximum age of cached results", metadata.cache_max_age)?,
                id,
                interface,
            }),
            service_account,
            secrets: security.secrets,
            accelerator,
            shared_memory: extended.shared_memory,
            size,
            runs_sdk,
        })
    }
}

/// Whether the pods of tasks of this type are built here.
fn is_supported(task_type: &str) -> bool {
    matches!(
        task_type,
        "python" | "python-task" | "container" | "raw-container" | "sidecar" | "pod"
    )
}

fn read_target(
    target: Option<core::task_template::Target>,
    config: &BTreeMap<String, String>,
    interface: Option<&core::TypedInterface>,
    task_type_version: i32,
    device: &str,
) -> Result<TaskKind, InvalidSpec> {
    use core::task_template::Target;
    match target {
        Some(Target::Container(container)) => {
            counts::of_container(&container)?;
            refuse_copilot(
                container.data_config.as_ref(),
                interface,
                container.command.iter().chain(&container.args),
            )?;
            if container.image.is_empty() {
                return Err(invalid("container", "has no image"));
            }
            Ok(TaskKind::Container(Box::new(ContainerTask {
                resources: Amounts::read(container.resources.as_ref(), device)?,
                image: container.image,
                command: container.command,
                args: container.args,
                environment: container
                    .env
                    .into_iter()
                    .map(|pair| (pair.key, pair.value))
                    .collect(),
            })))
        }
        Some(Target::K8sPod(pod)) => {
            let primary = Some(pod.primary_container_name)
                .filter(|name| !name.is_empty())
                .or_else(|| config.get(PRIMARY_CONTAINER).cloned())
                .ok_or_else(|| {
                    invalid(
                        "pod template",
                        format!("names no primary container ({PRIMARY_CONTAINER} in its config)"),
                    )
                })?;
            let spec = pod
                .pod_spec
                .ok_or_else(|| invalid("pod template", "has no pod spec"))?;
            let metadata = pod.metadata.unwrap_or_default();
            let spec = pod_spec::read(spec, &primary, device)?;
            counts::of_pod(&spec)?;
            let container = spec.containers.iter().find(|c| c.name == primary);
            let arguments = container
                .into_iter()
                .flat_map(|c| [&c.command, &c.args])
                .flatten()
                .flatten();
            refuse_copilot(pod.data_config.as_ref(), interface, arguments)?;
            Ok(TaskKind::Pod(Box::new(PodTask {
                spec,
                labels: metadata.labels,
                annotations: metadata.annotations,
                primary,
            })))
        }
        Some(Target::Sql(_)) => Err(invalid(
            "target",
            "is an SQL statement, which no container runs",
        )),
        None => Err(invalid(
            "target",
            format!(
                "is missing: it has neither a container nor a pod (sidecar tasks of version 0 and 1 kept the pod elsewhere and \
                 are not read; this one is of version {task_type_version})"
            ),
        )),
    }
}

/// Flyte's co-pilot moves the inputs and outputs of images that know nothing of Flyte. It is not part of this data plane, and a
/// task that waits for its files would never end. Inputs that are all among the arguments need not be moved.
fn refuse_copilot<'a>(
    data: Option<&core::DataLoadingConfig>,
    interface: Option<&core::TypedInterface>,
    arguments: impl Iterator<Item = &'a String>,
) -> Result<(), InvalidSpec> {
    let (Some(interface), true) = (interface, data.is_some_and(|data| data.enabled)) else {
        return Ok(());
    };
    let given: HashSet<&str> = arguments
        .flat_map(|argument| placeholder::inputs(argument))
        .collect();
    let inputs_as_files = interface
        .inputs
        .iter()
        .flat_map(|inputs| &inputs.variables)
        .any(|input| !given.contains(input.key.as_str()));
    let has_outputs = interface
        .outputs
        .as_ref()
        .is_some_and(|outputs| !outputs.variables.is_empty());
    if inputs_as_files || has_outputs {
        return Err(invalid(
            "inputs and outputs",
            "are files that Flyte's co-pilot would move, which does not run here; use a task of the Flyte SDK, or a raw container \
             without outputs and with each input among its arguments, as {{.inputs.name}}",
        ));
    }
    Ok(())
}

impl TaskIdentity {
    fn from_wire(id: &core::Identifier) -> Self {
        Self {
            project: id.project.clone(),
            domain: id.domain.clone(),
            name: id.name.clone(),
            version: id.version.clone(),
        }
    }
}

impl Backoff {
    fn from_wire(wire: core::Backoff) -> Result<Self, InvalidSpec> {
        let factor = wire.factor.unwrap_or(1.0);
        if !(1.0..=1000.0).contains(&factor) {
            return Err(invalid(
                "retry backoff",
                format!("grows by a factor of {factor}; it is between 1 and 1000"),
            ));
        }
        Ok(Self {
            base: bound("retry backoff", wire.base)?.unwrap_or_default(),
            factor,
            cap: bound("cap of the retry backoff", wire.cap)?,
        })
    }
}

/// A bound of time; zero is none.
fn bound(
    field: &'static str,
    wire: Option<prost_types::Duration>,
) -> Result<Option<Duration>, InvalidSpec> {
    let Some(wire) = wire else {
        return Ok(None);
    };
    let duration = Duration::try_from(wire)
        .map_err(|error| invalid(field, format!("is no duration: {error}")))?;
    Ok((!duration.is_zero()).then_some(duration))
}

/// A sentence about a field of the template.
fn invalid(field: &str, problem: impl std::fmt::Display) -> InvalidSpec {
    InvalidSpec(format!("the task's {field} {problem}"))
}
