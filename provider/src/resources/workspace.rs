//! `dataplane_workspace`: the namespace in which the tasks of one project and domain run.

use std::{collections::BTreeMap, time::Duration};

use dataplane_api::{
    config::Quota,
    labels::LabelValue,
    manifests::{self, PodSecurity, WorkspaceConfig},
    names::{Domain, Namespace, OperatorName, Project},
    quantity::Quantity,
};
use framework::{
    Applied, Change, Context, Diagnostic, Diagnostics, Failure, Model, Resource, Result, Text,
    Timeouts, Update, Value, path,
};

use crate::{
    client::Client,
    cluster::{
        ClusterModel, Coordinates, Marks, Object, ObjectRef, Optional,
        apply::{Outcome, Target},
        removal, set, task_actions,
    },
    operator_settings::{self, DestinationModel, DnsPeerModel, IdentityModel, LimitsModel},
};

/// The resource.
pub struct Workspace;

/// A workspace: the namespace in which the tasks of one project and domain run, with the identity of the user role, a quota, limits and
/// network policies.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct WorkspaceModel {
    /// The cluster. Another EKS cluster replaces the workspace, and so does one whose name or region is known only after the apply.
    #[attr(required, replaces_if = ClusterModel::may_be_another)]
    pub cluster: Value<ClusterModel>,
    /// The `id` of the `dataplane_operator` whose tasks run here. By this reference Terraform destroys the workspace first, while the operator can
    /// still clean up after its tasks.
    #[attr(required, validate = operator_id)]
    pub operator: Value<String>,
    /// Project whose tasks run here.
    #[attr(required, replaces)]
    pub project: Value<Text<Project>>,
    /// Domain of the project, for example `development`.
    #[attr(required, replaces)]
    pub domain: Value<Text<Domain>>,
    /// Cloud role of task pods. Without one they have no identity in the cloud. On Azure a pod has it only with the label
    /// `azure.workload.identity/use = "true"`.
    #[attr(optional, validate = operator_settings::one_identity)]
    pub role: Value<IdentityModel>,
    /// Quota of the namespace, by resource, for example `{ "limits.cpu" = "64" }`. No quota is set when it is empty.
    #[attr(optional, computed, default = operator_settings::default_quota(&Quota::workspace()), validate = operator_settings::quota_keys)]
    pub quota: Value<BTreeMap<String, Text<Quantity>>>,
    /// What a container of the namespace gets when it says nothing.
    #[attr(optional, computed, default = LimitsModel::default())]
    pub limits: Value<LimitsModel>,
    /// What task pods may connect to. Default: any address. Instance metadata and, on Azure, the wire server are left
    /// out of every range that is wider than they are; name their address on its own to allow it.
    #[attr(optional)]
    pub egress: Value<Vec<DestinationModel>>,
    /// Where names are asked for, where that is not `kube-dns` in `kube-system`: the same as `egress.dns` of the operator.
    #[attr(optional, computed, default = Vec::new())]
    pub dns: Value<Vec<DnsPeerModel>>,
    /// Pods beyond this level of the Pod Security Standards are refused: `privileged`, `baseline` or `restricted`.
    #[attr(optional, computed, default = "baseline", validate = level)]
    pub pod_security: Value<String>,
    /// Labels for every object, beside our own marks.
    #[attr(optional, computed, default = BTreeMap::new(), validate = operator_settings::label_keys)]
    pub labels: Value<BTreeMap<String, Text<LabelValue>>>,
    /// Whether it may be destroyed while tasks are unfinished, or others keep something in its namespace.
    #[attr(optional, computed, default = false)]
    pub force_destroy: Value<bool>,
    /// How long to wait until the namespace is gone.
    #[attr(optional)]
    pub timeouts: Value<Timeouts>,
    /// The namespace: `<project>-<domain>`.
    #[attr(computed, stable)]
    pub namespace: Value<String>,
    /// The rendered fields of each object as JSON, by `Kind/namespace/name`.
    #[attr(computed)]
    pub objects: Value<BTreeMap<String, String>>,
    /// Uid of the cluster's kube-system namespace. Another uid is another cluster.
    #[attr(computed, stable)]
    pub cluster_uid: Value<String>,
}

const PATIENCE: Duration = Duration::from_mins(10);

/// The arguments that are fields of `WorkspaceConfig` under the same name.
const FIELDS: [&str; 9] = [
    "project",
    "domain",
    "role",
    "quota",
    "limits",
    "egress",
    "dns",
    "pod_security",
    "labels",
];

/// Annotation of the namespace: the configuration, so that an import finds it.
const CONFIG: &str = "dataplane.dev/workspace";

#[expect(
    clippy::ptr_arg,
    reason = "a validator takes a reference to what the attribute holds"
)]
fn operator_id(id: &String) -> std::result::Result<(), String> {
    parse_operator(id).map(drop)
}

/// Namespace and name of an operator's id.
fn parse_operator(id: &str) -> std::result::Result<(Namespace, OperatorName), String> {
    let advice = "write the `id` of a dataplane_operator: <namespace>/<name>";
    let (namespace, name) = id
        .split_once('/')
        .ok_or_else(|| format!("{id:?} is no operator's id; {advice}"))?;
    let problem = |error: dataplane_api::Invalid| format!("{error}; {advice}");
    Ok((
        namespace.parse().map_err(problem)?,
        name.parse().map_err(problem)?,
    ))
}

fn level(level: &String) -> std::result::Result<(), String> {
    let known = [
        PodSecurity::Privileged,
        PodSecurity::Baseline,
        PodSecurity::Restricted,
    ]
    .map(PodSecurity::as_str);
    if known.contains(&level.as_str()) {
        Ok(())
    } else {
        Err(format!(
            "{level:?} is none of the levels {}",
            known.join(", ")
        ))
    }
}

impl Resource for Workspace {
    const NAME: &'static str = "dataplane_workspace";
    type Client = Client;
    type Model = WorkspaceModel;

    fn label(&self, model: &WorkspaceModel) -> Option<String> {
        model.planned_namespace().into_known()
    }

    fn validate(&self, config: &WorkspaceModel, diagnostics: &mut Diagnostics) {
        ClusterModel::validate(&config.cluster, &path!("cluster"), diagnostics);
        if let (Value::Known(project), Value::Known(domain)) = (&config.project, &config.domain)
            && let Err(error) = Namespace::of_workspace(project, domain)
        {
            diagnostics.error_at(
                path!("domain"),
                "project and domain make no namespace",
                error.to_string(),
            );
        }
        if !diagnostics.has_error()
            && let Err(wrong) = config.config()
        {
            diagnostics.extend(wrong);
        }
    }

    async fn plan(&self, cx: &Context<Client>, change: &mut Change<WorkspaceModel>) -> Result<()> {
        let Some(planned) = &mut change.planned else {
            return Ok(());
        };
        planned.namespace = planned.planned_namespace();
        planned.objects = match (cx.client_if_known(), planned.config()?) {
            (Some(client), Some(config)) => set::texts(&objects(client, &config)?).into(),
            _ => Value::Unknown,
        };
        Ok(())
    }

    async fn create(&self, cx: &Context<Client>, plan: WorkspaceModel) -> Applied<WorkspaceModel> {
        let client = cx.client()?;
        let wanted = plan.wanted(client)?;
        let connected = ClusterModel::open_same(client, &plan.cluster, None).await?;
        let marks = plan.marks(client)?;
        let target = Target {
            objects: &*connected.objects,
            marks: &marks,
            import: plan.import_advice(),
        };
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        let Outcome {
            texts,
            diagnostics,
            continued,
        } = target.create(cx, deadline, &wanted).await?;
        let begun = !continued && !texts.is_empty();
        let made = WorkspaceModel {
            namespace: plan.planned_namespace(),
            objects: texts.into(),
            cluster_uid: connected.uid.clone().into(),
            ..plan
        };
        if diagnostics.has_error() {
            return Err(Failure {
                diagnostics,
                partial: begun.then_some(made),
            });
        }
        if let Err(diagnostics) = target.finish(cx, deadline, &wanted).await {
            return Err(Failure {
                diagnostics,
                partial: begun.then_some(made),
            });
        }
        Ok(made)
    }

    async fn read(
        &self,
        cx: &Context<Client>,
        state: WorkspaceModel,
    ) -> Result<Option<WorkspaceModel>> {
        let client = cx.client()?;
        let Some(connected) =
            ClusterModel::open_known(client, &state.cluster, state.cluster_uid.known()).await?
        else {
            return Ok(None);
        };
        let seen = set::look(&*connected.objects, state.objects.get()?).await?;
        if seen.texts.is_empty() {
            return Ok(None);
        }
        Ok(Some(WorkspaceModel {
            namespace: state.planned_namespace(),
            objects: seen.texts.into(),
            cluster_uid: connected.uid.into(),
            ..state
        }))
    }

    async fn update(
        &self,
        cx: &Context<Client>,
        change: Update<WorkspaceModel>,
    ) -> Applied<WorkspaceModel> {
        let Update { prior, plan } = change;
        let client = cx.client()?;
        let wanted = plan.wanted(client)?;
        let connected =
            ClusterModel::open_same(client, &plan.cluster, prior.cluster_uid.known()).await?;
        let marks = plan.marks(client)?;
        let target = Target {
            objects: &*connected.objects,
            marks: &marks,
            import: plan.import_advice(),
        };
        let Outcome {
            texts, diagnostics, ..
        } = target.update(prior.objects.get()?, &wanted).await?;
        if diagnostics.has_error() {
            let partial = WorkspaceModel {
                objects: texts.into(),
                ..prior
            };
            return Err(Failure {
                diagnostics,
                partial: Some(partial),
            });
        }
        Ok(WorkspaceModel {
            namespace: plan.planned_namespace(),
            objects: texts.into(),
            cluster_uid: connected.uid.clone().into(),
            ..plan
        })
    }

    async fn delete(&self, cx: &Context<Client>, state: WorkspaceModel) -> Result<()> {
        let client = cx.client()?;
        let Some(connected) =
            ClusterModel::open_known(client, &state.cluster, state.cluster_uid.known()).await?
        else {
            return Ok(());
        };
        let objects = &*connected.objects;
        let deadline = cx.deadline(&state.timeouts, PATIENCE);
        let marks = state.marks(client)?;
        let texts = state.objects.get()?;
        let namespace = state.planned_namespace().get()?.clone();
        let live = objects
            .get(&ObjectRef::namespace(&namespace))
            .await
            .optional()?;
        // A namespace that others took over or made anew stays, and the tasks in it are theirs.
        if live.is_some_and(|live| marks.are_on(&live)) {
            let namespaces = [namespace];
            if state.force_destroy.known() != Some(&true) {
                let unfinished = task_actions::unfinished(objects, &namespaces).await?;
                if !unfinished.is_empty() {
                    return Err(task_actions::refusal(
                        &format!("workspace {}", namespaces[0]),
                        &unfinished,
                    )
                    .into());
                }
                removal::check_namespaces(objects, &marks, texts).await?;
            }
            // Also the finished ones have a finalizer, which only a running executor clears.
            task_actions::abort(cx, deadline, objects, &namespaces).await?;
        }
        removal::remove(cx, deadline, objects, &marks, texts).await
    }

    async fn import(&self, cx: &Context<Client>, id: &str) -> Result<WorkspaceModel> {
        let client = cx.client()?;
        let (coordinates, [name]) = Coordinates::split_import_id(id, ["project-domain"])
            .map_err(|problem| Diagnostic::error("the import id cannot be read", problem))?;
        let cluster = Value::Known(ClusterModel::from(coordinates));
        let connected = ClusterModel::open_same(client, &cluster, None).await?;
        let namespace = connected
            .objects
            .get(&ObjectRef::namespace(&name))
            .await
            .optional()?;
        let Some((operator, document)) = namespace
            .as_ref()
            .and_then(|namespace| namespace.annotation(CONFIG))
            .and_then(|text| text.split_once(' '))
        else {
            return Err(Diagnostic::error(
                format!("there is no workspace {name} in this cluster"),
                format!("The namespace {name} is not there, or is no workspace: it lacks the annotation {CONFIG}. Look with: kubectl get namespaces -l {}", set::OURS),
            )
            .into());
        };
        let config: WorkspaceConfig = serde_json::from_str(document)?;
        let mut model: WorkspaceModel = operator_settings::decoded(serde_json::to_value(&config)?)?;
        model.cluster = cluster;
        model.operator = operator.into();
        model.force_destroy = false.into();
        model.objects = set::texts(&model.wanted(client)?).into();
        model.namespace = model.planned_namespace();
        model.cluster_uid = connected.uid.into();
        Ok(model)
    }
}

/// A workspace's configuration with the namespace of its operator.
struct Configured {
    operator: String,
    config: WorkspaceConfig,
}

fn objects(client: &Client, configured: &Configured) -> Result<Vec<Object>> {
    let rendered = manifests::workspace(&configured.config)?;
    let marks = marks(client, &configured.config.namespace()?);
    let document = format!(
        "{} {}",
        configured.operator,
        serde_json::to_string(&configured.config)?
    );
    let mut objects = set::wanted(&rendered, &marks);
    let namespaces = objects
        .iter_mut()
        .filter(|object| object.text("/kind") == "Namespace");
    namespaces.for_each(|namespace| namespace.annotate(CONFIG, &document));
    Ok(objects)
}

/// Whether tasks of the namespace run under the operator of this id, as far as the namespace says under which. Operators of one
/// name in several namespaces have the same labels.
pub fn is_under(namespace: &Object, operator: &str) -> bool {
    namespace
        .annotation(CONFIG)
        .and_then(|text| text.split_once(' '))
        .is_none_or(|(known, _)| known == operator)
}

fn marks(client: &Client, namespace: &Namespace) -> Marks {
    Marks::new(&client.owner, &format!("{}/{namespace}", Workspace::NAME))
}

impl WorkspaceModel {
    fn config(&self) -> Result<Option<Configured>> {
        let Some(operator) = self.operator.known() else {
            return Ok(None);
        };
        let Some(mut document) = operator_settings::document(self, &FIELDS.map(str::to_owned))?
        else {
            return Ok(None);
        };
        let Ok((_, name)) = parse_operator(operator) else {
            return Ok(None);
        };
        document["operator"] = serde_json::to_value(name)?;
        let config: WorkspaceConfig =
            serde_path_to_error::deserialize(document).map_err(|error| {
                operator_settings::at(&error.path().to_string(), error.inner().to_string())
            })?;
        config
            .validate()
            .map_err(|error| operator_settings::at(&error.field, error.reason))?;
        Ok(Some(Configured {
            operator: operator.clone(),
            config,
        }))
    }

    fn wanted(&self, client: &Client) -> Result<Vec<Object>> {
        let configured = self.config()?.ok_or_else(|| {
            Diagnostic::error(
                "",
                "an argument is still unknown; this is a bug in the provider",
            )
        })?;
        objects(client, &configured)
    }

    fn planned_namespace(&self) -> Value<String> {
        match (&self.project, &self.domain) {
            (Value::Known(project), Value::Known(domain)) => {
                Namespace::of_workspace(project, domain)
                    .map_or(Value::Unknown, |namespace| namespace.to_string().into())
            }
            _ => Value::Unknown,
        }
    }

    fn marks(&self, client: &Client) -> Result<Marks> {
        Ok(marks(
            client,
            &Namespace::of_workspace(self.project.get()?, self.domain.get()?)?,
        ))
    }

    fn import_advice(&self) -> String {
        let coordinates =
            ClusterModel::coordinates(&self.cluster).map(|coordinates| coordinates.to_string());
        let namespace = self.planned_namespace();
        format!(
            "take it over with\n\n  import {{\n    to = dataplane_workspace.this\n    id = \"{}/{}\"\n  }}",
            coordinates.as_deref().unwrap_or("<cluster>"),
            namespace
                .known()
                .map_or("<project>-<domain>", String::as_str)
        )
    }
}

#[cfg(test)]
mod tests;
