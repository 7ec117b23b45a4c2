//! The action that a `TaskAction` asks for: read and checked once, typed from here on.

use std::{collections::BTreeMap, num::NonZeroU32, time::Duration};

use dataplane_api::{
    config::Storage,
    layout::Layout,
    names::{ActionName, Domain, Namespace, Organization, Project, RunName},
    object_uri::ObjectUri,
    task_action::{ActionType, TaskAction},
};
use dataplane_proto::flyteidl2::workflow::ConditionAction;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use prost::Message;

use super::{ownership, settings::Settings, template::Template};

/// Namespaces of Kubernetes itself, which a project `kube` would otherwise reach.
const SYSTEM_NAMESPACES: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];
/// Bytes of a URI: object stores have no keys of more than a kilobyte.
pub(super) const LONGEST_URI: usize = 4 << 10;
/// Variables of one run.
const VARIABLES: usize = 5_000;
/// The object of an action's inputs, where only a prefix is named.
const INPUTS: &str = "inputs.pb";

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Action {
    /// Name of the resource.
    pub name: String,
    pub namespace: String,
    pub uid: String,
    pub id: ActionId,
    pub created: Option<Timestamp>,
    pub kind: ActionKind,
    /// Where the inputs are, as the task is told; it reads them itself.
    pub inputs: String,
    /// Where the outputs of the run go; in the data plane's own bucket. None for a condition.
    pub run_output_base: Option<ObjectUri>,
    /// Overrides the cache version of the task, unless empty.
    pub cache_key: String,
    pub task_type: String,
    pub env: BTreeMap<String, String>,
    /// Overrides what the template says.
    pub interruptible: Option<bool>,
    /// Labels and annotations of the resource, for its pods.
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    layout: Layout,
    metadata: ObjectUri,
    /// About as many bytes of memory.
    pub size: usize,
}

/// Which action of which run it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ActionId {
    pub organization: Organization,
    pub project: Project,
    pub domain: Domain,
    pub run: RunName,
    pub action: ActionName,
}

/// What the action does.
#[derive(Clone, Debug)]
pub enum ActionKind {
    /// Runs a task.
    Task(Box<Template>),
    /// Waits for a signal.
    Condition(Condition),
}

/// Waits for a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// How long, from the creation of the resource; for ever when absent.
    pub timeout: Option<Duration>,
}

/// Why a resource asks for nothing that could be run: a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSpec(pub String);

impl ActionId {
    pub fn of(resource: &TaskAction, settings: &Settings) -> Result<Self, InvalidSpec> {
        let spec = &resource.spec;
        let id = Self {
            organization: settings.organization.clone(),
            project: field("project", &spec.project)?,
            domain: field("domain", &spec.domain)?,
            run: field("runName", &spec.run_name)?,
            action: field("actionName", &spec.action_name)?,
        };
        id.belongs_in(&resource.namespace().unwrap_or_default(), settings)?;
        Ok(id)
    }

    /// Who may make actions in one namespace must not speak for the project of another, and pods of tasks must not be where
    /// service accounts of the platform are. Flyte's actions service knows no other namespace of a project and domain.
    fn belongs_in(&self, namespace: &str, settings: &Settings) -> Result<(), InvalidSpec> {
        let (project, domain) = (&self.project, &self.domain);
        let own = Namespace::of_workspace(project, domain).map_err(|error| {
            InvalidSpec(format!("the namespace of {project}/{domain}: {error}"))
        })?;
        if own.as_str() != namespace {
            return Err(InvalidSpec(format!(
                "the resource is in the namespace {namespace:?}, and actions of {project}/{domain} are in {own}"
            )));
        }
        if SYSTEM_NAMESPACES.contains(&namespace) || namespace == settings.namespace.as_str() {
            return Err(InvalidSpec(format!(
                "no tasks run in {namespace}, which is a namespace of the platform"
            )));
        }
        Ok(())
    }
}

impl Action {
    pub fn parse(resource: &TaskAction, settings: &Settings) -> Result<Self, InvalidSpec> {
        let id = ActionId::of(resource, settings)?;
        let spec = &resource.spec;
        let mut template_size = 0;
        let (kind, run_output_base) = match spec.action_type {
            ActionType::Condition => (ActionKind::Condition(Condition::parse(resource)?), None),
            ActionType::Unset | ActionType::Task => {
                missing(resource)?;
                bounded(resource)?;
                let bytes = spec
                    .task_template
                    .as_ref()
                    .map_or(&[][..], |bytes| &bytes.0);
                let base = run_output_base(&spec.run_output_base, &id, &settings.storage)?;
                let template = Template::read(bytes, &spec.task_type)?;
                template_size = template.size;
                (ActionKind::Task(Box::new(template)), Some(base))
            }
        };
        Ok(Self {
            name: resource.name_any(),
            namespace: resource.namespace().unwrap_or_default(),
            uid: resource.uid().unwrap_or_default(),
            id,
            created: resource.creation_timestamp().map(|time| time.0),
            kind,
            inputs: spec.input_uri.clone(),
            run_output_base,
            cache_key: spec.cache_key.clone(),
            task_type: spec.task_type.clone(),
            env: spec.env_vars.clone(),
            interruptible: spec.interruptible,
            labels: resource.labels().clone(),
            annotations: resource.annotations().clone(),
            layout: settings.storage.layout,
            metadata: settings.storage.metadata.clone(),
            size: size(resource, template_size),
        })
    }

    /// The task's template. None for a condition.
    pub fn template(&self) -> Option<&Template> {
        match &self.kind {
            ActionKind::Task(template) => Some(template),
            ActionKind::Condition(_) => None,
        }
    }

    /// Whether an object is of the action's project and domain.
    pub fn owns(&self, uri: &ObjectUri) -> bool {
        ownership::is_own(uri, &self.id, self.layout, &[&self.metadata])
    }

    /// The object of the inputs, which are named by it or by the prefix that it is under; or why it is not to be read.
    pub fn inputs_object(&self) -> Result<ObjectUri, String> {
        let named = self.inputs.as_str();
        let is_object = named
            .strip_suffix(INPUTS)
            .is_some_and(|prefix| prefix.ends_with('/'));
        let object = if is_object {
            named.to_owned()
        } else {
            format!("{}/{INPUTS}", named.trim_end_matches('/'))
        };
        let uri: ObjectUri = object
            .parse()
            .map_err(|error: dataplane_api::Invalid| format!("spec.inputUri: {error}"))?;
        if self.owns(&uri) {
            Ok(uri)
        } else {
            let ActionId {
                project, domain, ..
            } = &self.id;
            Err(format!(
                "the inputs {uri} are not read, since they are not under {project}/{domain}/"
            ))
        }
    }

    /// The prefix of everything that an attempt writes, without a slash behind.
    pub fn output_prefix(&self, attempt: NonZeroU32) -> String {
        format!("{}/{attempt}", self.output_base())
    }

    /// What all attempts write is under this, each under its number; no slash behind.
    pub fn output_base(&self) -> String {
        let ActionId {
            organization,
            project,
            domain,
            run,
            action,
        } = &self.id;
        if let (Layout::Flyte, Some(base)) = (self.layout, &self.run_output_base) {
            let shard = dataplane_api::layout::flyte_shard(&self.namespace, &self.name);
            let bucket = bucket_of(base);
            let key = base.key().trim_matches('/');
            let between = if key.is_empty() { "" } else { "/" };
            return format!("{bucket}/{shard}{between}{key}/{action}");
        }
        let base = self.metadata.to_string();
        let base = base.trim_end_matches('/');
        format!("{base}/{organization}/{project}/{domain}/{run}/{action}")
    }
}

impl Condition {
    fn parse(resource: &TaskAction) -> Result<Self, InvalidSpec> {
        let bytes = resource
            .spec
            .condition_spec
            .as_ref()
            .filter(|bytes| !bytes.0.is_empty())
            .ok_or_else(|| InvalidSpec("the condition has no conditionSpec".to_owned()))?;
        let condition = ConditionAction::decode(bytes.0.as_slice()).map_err(|error| {
            InvalidSpec(format!("conditionSpec is no ConditionAction: {error}"))
        })?;
        // A timeout that is not positive means none, as with Flyte's executor.
        let timeout = condition
            .timeout
            .and_then(|timeout| Duration::try_from(timeout).ok())
            .filter(|timeout| !timeout.is_zero());
        Ok(Self { timeout })
    }
}

/// Bytes in memory, beside a template of so many.
fn size(resource: &TaskAction, template: usize) -> usize {
    /// What a map needs for a pair of texts besides them.
    const PAIR: usize = 128;
    let spec = &resource.spec;
    let metadata = resource.labels().iter().chain(resource.annotations());
    let texts = metadata
        .chain(&spec.env_vars)
        .map(|(name, value)| PAIR + name.len() + value.len());
    size_of::<Action>() + size_of::<Template>() + template + texts.sum::<usize>()
}

fn field<T: std::str::FromStr<Err = dataplane_api::Invalid>>(
    name: &str,
    text: &str,
) -> Result<T, InvalidSpec> {
    text.parse()
        .map_err(|error| InvalidSpec(format!("spec.{name}: {error}")))
}

/// What a task can't be without.
fn missing(resource: &TaskAction) -> Result<(), InvalidSpec> {
    let spec = &resource.spec;
    let no_template = spec
        .task_template
        .as_ref()
        .is_none_or(|bytes| bytes.0.is_empty());
    let missing: Vec<&str> = [
        ("taskType", spec.task_type.is_empty()),
        ("taskTemplate", no_template),
        ("inputUri", spec.input_uri.is_empty()),
        ("runOutputBase", spec.run_output_base.is_empty()),
    ]
    .into_iter()
    .filter_map(|(name, empty)| empty.then_some(name))
    .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(InvalidSpec(format!(
            "these fields of spec are empty: {}",
            missing.join(", ")
        )))
    }
}

/// Bytes of what a resource says, where it can't be read.
pub fn bytes(resource: &TaskAction) -> usize {
    let spec = &resource.spec;
    let of = |bytes: &Option<k8s_openapi::ByteString>| bytes.as_ref().map_or(0, |b| b.0.len());
    size(resource, of(&spec.task_template) + of(&spec.condition_spec))
}

/// What goes into each argument that asks for it, or into each container.
fn bounded(resource: &TaskAction) -> Result<(), InvalidSpec> {
    let spec = &resource.spec;
    for (name, uri) in [
        ("inputUri", &spec.input_uri),
        ("runOutputBase", &spec.run_output_base),
    ] {
        if uri.len() > LONGEST_URI {
            return Err(InvalidSpec(format!(
                "spec.{name} has {} bytes, and at most {LONGEST_URI} are read",
                uri.len()
            )));
        }
    }
    if spec.env_vars.len() > VARIABLES {
        return Err(InvalidSpec(format!(
            "spec.envVars has {} variables, and at most {VARIABLES} are read",
            spec.env_vars.len()
        )));
    }
    Ok(())
}

/// Nothing is written or read outside of the data plane's own bucket, whatever a resource asks for.
fn run_output_base(text: &str, id: &ActionId, storage: &Storage) -> Result<ObjectUri, InvalidSpec> {
    let base: ObjectUri = field("runOutputBase", text)?;
    let ours = bucket_of(&storage.metadata);
    if bucket_of(&base) != ours {
        return Err(InvalidSpec(format!(
            "spec.runOutputBase is {base}, which is outside of this data plane's bucket {ours}"
        )));
    }
    // In the other layout it is only passed on to the task, which has no more rights by it.
    let is_written_to = storage.layout == Layout::Flyte;
    // A base without a slash behind is the run's own prefix too.
    let inside = base.join("x").unwrap_or_else(|_| base.clone());
    if is_written_to && !ownership::is_own(&inside, id, storage.layout, &[&storage.metadata]) {
        let (project, domain) = (&id.project, &id.domain);
        return Err(InvalidSpec(format!(
            "spec.runOutputBase is {base}, which is not under {project}/{domain}/"
        )));
    }
    Ok(base)
}

/// The bucket without the key, as a URI.
pub(super) fn bucket_of(uri: &ObjectUri) -> String {
    let text = uri.to_string();
    let without = text.len() - uri.key().len();
    text[..without].trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;
    use serde_json::json;

    use super::*;
    use crate::executor::example;

    fn settings(layout: &str) -> Settings {
        example::settings(json!({}), layout)
    }

    /// The sentence with which a changed resource is refused.
    fn refused(change: impl FnOnce(&mut TaskAction)) -> String {
        let mut resource = example::resource(&example::python());
        change(&mut resource);
        Action::parse(&resource, &settings("spec")).unwrap_err().0
    }

    #[test]
    fn what_a_resource_lacks_or_has_wrong_is_named() {
        let error = refused(|resource| {
            resource.spec.task_type = String::new();
            resource.spec.input_uri = String::new();
        });
        assert_eq!(error, "these fields of spec are empty: taskType, inputUri");
        let error = refused(|resource| resource.spec.task_template = Some(ByteString(Vec::new())));
        assert!(error.contains("taskTemplate"), "{error}");
        let error =
            refused(|resource| resource.spec.task_template = Some(ByteString(vec![0xff; 8])));
        assert!(error.contains("taskTemplate"), "{error}");
        let error = refused(|resource| resource.spec.domain = "Staging!".to_owned());
        assert!(error.starts_with("spec.domain: "), "{error}");
        let error = refused(|resource| {
            resource.spec.input_uri = format!("s3://acme-metadata/{}", "x".repeat(5000));
        });
        assert!(error.contains("spec.inputUri has 5019 bytes"), "{error}");
        let error =
            refused(|resource| resource.spec.run_output_base = "s3://elsewhere/x".to_owned());
        assert!(
            error.contains("s3://elsewhere/x") && error.contains("s3://acme-metadata"),
            "{error}"
        );
    }

    #[test]
    fn an_action_of_another_namespace_or_of_the_platforms_is_refused() {
        let error = refused(|resource| resource.spec.project = "other".to_owned());
        assert!(
            error.contains("\"fraud-staging\"") && error.contains("other-staging"),
            "{error}"
        );
        let place = |resource: &mut TaskAction, project: &str, domain: &str| {
            resource.spec.project = project.to_owned();
            resource.spec.domain = domain.to_owned();
            resource.metadata.namespace = Some(format!("{project}-{domain}"));
        };
        let error = refused(|resource| place(resource, "kube", "system"));
        assert!(error.contains("kube-system"), "{error}");

        let mut settings = settings("spec");
        settings.namespace = "data-plane".parse().unwrap();
        let mut resource = example::resource(&example::python());
        place(&mut resource, "data", "plane");
        let id = ActionId::of(&resource, &settings);
        assert!(id.is_err(), "nobody is told of it");
        place(&mut resource, "kube", "development");
        ActionId::of(&resource, &settings).unwrap();
    }

    #[test]
    fn outputs_are_written_under_the_own_project_only() {
        let parse = |base: &str, layout: &str| {
            let mut resource = example::resource(&example::python());
            resource.spec.run_output_base = base.to_owned();
            Action::parse(&resource, &settings(layout)).map(|_| ())
        };
        for base in [
            "s3://acme-metadata/acme/fraud/staging/r7/",
            "s3://acme-metadata/acme/fraud/staging/r7",
            "s3://acme-metadata/fraud/staging/r7/",
            "s3://acme-metadata/mine/fraud/staging/r7/",
        ] {
            parse(base, "flyte").unwrap();
        }
        let others = "s3://acme-metadata/acme/other/staging/r7/";
        let error = parse(others, "flyte").unwrap_err().0;
        assert!(error.contains(others), "{error}");
        parse(others, "spec").unwrap();
    }

    #[test]
    fn inputs_are_an_object_of_the_own_project() {
        let object = |inputs: &str| {
            let mut action = example::action(&example::python(), &settings("spec"));
            action.inputs = inputs.to_owned();
            action.inputs_object().map(|uri| uri.to_string())
        };
        let run = "s3://acme-metadata/acme/fraud/staging/r7";
        for inputs in ["inputs", "inputs/", "inputs/inputs.pb"] {
            assert_eq!(
                object(&format!("{run}/{inputs}")).unwrap(),
                format!("{run}/inputs/inputs.pb")
            );
        }
        let others = "s3://acme-metadata/acme/other/staging/r7/a0/1/outputs.pb";
        let error = object(others).unwrap_err();
        assert!(error.contains(others), "{error}");
        assert!(object("nowhere").is_err());
    }

    #[test]
    fn outputs_are_where_the_layout_says() {
        let prefix = |layout: &str| {
            let action = example::action(&example::python(), &settings(layout));
            action.output_prefix(NonZeroU32::new(2).unwrap())
        };
        assert_eq!(
            prefix("spec"),
            "s3://acme-metadata/acme/fraud/staging/r7/a0/2"
        );
        let flyte = prefix("flyte");
        let (bucket, rest) = flyte.split_at("s3://acme-metadata/".len());
        assert_eq!(bucket, "s3://acme-metadata/");
        let (shard, rest) = rest.split_once('/').unwrap();
        assert_eq!((shard.len(), rest), (2, "acme/fraud/staging/r7/a0/2"));
    }

    fn condition(bytes: Option<Vec<u8>>) -> Result<Action, InvalidSpec> {
        let mut resource = example::resource(&example::python());
        resource.spec.action_type = ActionType::Condition;
        resource.spec.task_template = None;
        resource.spec.condition_spec = bytes.map(ByteString);
        Action::parse(&resource, &settings("spec"))
    }

    #[test]
    fn a_condition_needs_its_spec_and_nothing_of_a_task() {
        let with = |seconds: i64| ConditionAction {
            timeout: Some(prost_types::Duration { seconds, nanos: 0 }),
            ..ConditionAction::default()
        };
        let timeout =
            |seconds: i64| match condition(Some(with(seconds).encode_to_vec())).unwrap().kind {
                ActionKind::Condition(condition) => condition.timeout,
                ActionKind::Task(_) => panic!("a task"),
            };
        assert_eq!(timeout(60), Some(Duration::from_mins(1)));
        assert_eq!((timeout(0), timeout(-1)), (None, None));
        assert!(condition(None).is_err());
        assert!(condition(Some(vec![0xff; 4])).is_err());
    }
}
