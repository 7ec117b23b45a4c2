//! `dataplane_operator`: everything that one operator consists of in a cluster.

use std::{collections::BTreeMap, time::Duration};

use dataplane_api::{OperatorConfig, manifests};
use framework::{
    Applied, Change, Context, Diagnostic, Diagnostics, Failure, Keep, Model, Resource, Result,
    Timeouts, Update, Value, path,
};

use crate::{
    client::Client,
    cluster::{
        ClusterModel, Coordinates, Kind, Object, ObjectRef, Objects, Optional,
        apply::{Outcome, Target},
        removal, rollout, set, task_actions,
    },
    operator_settings::{self, config_in, config_of, model_of, operator_model},
    resources::workspace,
};

/// The resource.
pub struct Operator;

operator_model! {
    /// One operator in a cluster: its service accounts, roles, deployments, network policies, quota and disruption budgets.
    ///
    /// The objects are applied by server-side apply. Any change to what was applied, by anyone, shows as a difference of `objects` in
    /// the plan, and is mended by the apply; what others add beside it is left alone. Nothing that carries the marks of others is
    /// changed, and destroying it removes neither custom resource definitions nor workspaces nor a namespace that it did not make.
    OperatorModel {
        /// The cluster. Another EKS cluster replaces the operator, and so does one whose name or region is known only after the apply.
        #[attr(required, replaces_if = ClusterModel::may_be_another)]
        pub cluster: Value<ClusterModel>,
        /// Whether it may be destroyed while tasks are unfinished, and its namespace while others keep something in it.
        #[attr(optional, computed, default = false)]
        pub force_destroy: Value<bool>,
        /// How long to wait for the pods to be ready or gone.
        #[attr(optional)]
        pub timeouts: Value<Timeouts>,
        /// Id of the operator: `<namespace>/<name>`.
        #[attr(computed, stable)]
        pub id: Value<String>,
        /// Tag or, without one, digest of the image.
        #[attr(computed)]
        pub version: Value<String>,
        /// `ready` when all pods run what was applied, else `degraded`.
        #[attr(computed)]
        pub health: Value<String>,
        /// The rendered fields of each object as JSON, by `Kind/namespace/name`.
        #[attr(computed)]
        pub objects: Value<BTreeMap<String, String>>,
        /// Uid of the cluster's kube-system namespace. Another uid is another cluster.
        #[attr(computed, stable)]
        pub cluster_uid: Value<String>,
    }
}

/// How long pods may take to come up or go without `timeouts`.
const PATIENCE: Duration = Duration::from_mins(10);

impl Resource for Operator {
    const NAME: &'static str = "dataplane_operator";
    type Client = Client;
    type Model = OperatorModel;

    fn label(&self, model: &OperatorModel) -> Option<String> {
        model.planned_id().into_known()
    }

    fn validate(&self, config: &OperatorModel, diagnostics: &mut Diagnostics) {
        ClusterModel::validate(&config.cluster, &path!("cluster"), diagnostics);
        check(config, diagnostics);
    }

    async fn plan(&self, cx: &Context<Client>, change: &mut Change<OperatorModel>) -> Result<()> {
        let Change {
            prior,
            planned: Some(planned),
            ..
        } = change
        else {
            return Ok(());
        };
        planned.id = planned.planned_id();
        planned.version = planned.planned_version();
        planned.objects = match (cx.client_if_known(), config_of(planned)?) {
            (Some(client), Some(config)) => {
                set::texts(&operator_settings::objects(client, &config)?).into()
            }
            _ => Value::Unknown,
        };
        planned.health = match prior {
            Some(prior) if prior.objects == planned.objects => prior.health.clone(),
            _ => Value::Unknown,
        };
        Ok(())
    }

    async fn create(&self, cx: &Context<Client>, plan: OperatorModel) -> Applied<OperatorModel> {
        let client = cx.client()?;
        let (config, wanted) = plan.wanted(client)?;
        let connected = ClusterModel::open_same(client, &plan.cluster, None).await?;
        let objects = &*connected.objects;
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        let marks = operator_settings::marks(client, &config);
        let target = Target {
            objects,
            marks: &marks,
            import: plan.import_advice(),
        };
        let mut made = OperatorModel {
            cluster_uid: connected.uid.clone().into(),
            ..plan
        };
        let Outcome {
            texts,
            diagnostics,
            continued,
        } = target.create(cx, deadline, &wanted).await?;
        // What an earlier apply began is not tainted by this one: it still carries the mark by which the next continues it.
        let kept = |made: &OperatorModel| {
            (!continued && !texts.is_empty()).then(|| OperatorModel {
                objects: texts.clone().into(),
                ..made.clone()
            })
        };
        if diagnostics.has_error() {
            return Err(Failure {
                diagnostics,
                partial: kept(&made.settled("degraded")),
            });
        }
        let names: Vec<ObjectRef> = wanted.iter().map(Object::reference).collect();
        if let Err(mut diagnostics) = rollout::complete(cx, deadline, objects, &names).await {
            diagnostics.push(rollout::advice(
                config.namespace.as_str(),
                config.name.as_str(),
            ));
            return Err(Failure {
                diagnostics,
                partial: kept(&made.settled("degraded")),
            });
        }
        made = made.settled("ready");
        if let Err(diagnostics) = target.finish(cx, deadline, &wanted).await {
            return Err(Failure {
                diagnostics,
                partial: kept(&made),
            });
        }
        made.objects = texts.into();
        Ok(made)
    }

    async fn read(
        &self,
        cx: &Context<Client>,
        state: OperatorModel,
    ) -> Result<Option<OperatorModel>> {
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
        let health = rollout::health(seen.live.values());
        Ok(Some(OperatorModel {
            objects: seen.texts.into(),
            cluster_uid: connected.uid.into(),
            ..state.settled(health)
        }))
    }

    async fn update(
        &self,
        cx: &Context<Client>,
        change: Update<OperatorModel>,
    ) -> Applied<OperatorModel> {
        let Update { prior, plan } = change;
        let client = cx.client()?;
        let (config, wanted) = plan.wanted(client)?;
        let connected =
            ClusterModel::open_same(client, &plan.cluster, prior.cluster_uid.known()).await?;
        let objects = &*connected.objects;
        let marks = operator_settings::marks(client, &config);
        let target = Target {
            objects,
            marks: &marks,
            import: plan.import_advice(),
        };
        let Outcome {
            texts, diagnostics, ..
        } = target.update(prior.objects.get()?, &wanted).await?;
        if diagnostics.has_error() {
            let partial = OperatorModel {
                objects: texts.into(),
                ..prior
            };
            return Err(Failure {
                diagnostics,
                partial: Some(partial),
            });
        }
        let made = OperatorModel {
            objects: texts.into(),
            cluster_uid: connected.uid.clone().into(),
            ..plan
        };
        let names: Vec<ObjectRef> = wanted.iter().map(Object::reference).collect();
        let deadline = cx.deadline(&made.timeouts, PATIENCE);
        rollout::complete(cx, deadline, objects, &names)
            .await
            .keep(&made.clone().settled("degraded"))?;
        Ok(made.settled("ready"))
    }

    async fn delete(&self, cx: &Context<Client>, state: OperatorModel) -> Result<()> {
        let client = cx.client()?;
        let Some(connected) =
            ClusterModel::open_known(client, &state.cluster, state.cluster_uid.known()).await?
        else {
            return Ok(());
        };
        let objects = &*connected.objects;
        let deadline = cx.deadline(&state.timeouts, PATIENCE);
        let texts = state.objects.get()?;
        let marks = crate::cluster::Marks::new(
            &client.owner,
            &format!("{}/{}", Self::NAME, state.id.get()?),
        );
        let namespaces = state.namespaces(objects).await?;
        if state.force_destroy.known() == Some(&true) {
            task_actions::abort(cx, deadline, objects, &namespaces).await?;
        } else {
            let unfinished = task_actions::unfinished(objects, &namespaces).await?;
            if !unfinished.is_empty() {
                return Err(task_actions::refusal(
                    &format!("operator {}", state.id.get()?),
                    &unfinished,
                )
                .into());
            }
            removal::check_namespaces(objects, &marks, texts).await?;
        }
        removal::remove(cx, deadline, objects, &marks, texts).await
    }

    async fn import(&self, cx: &Context<Client>, id: &str) -> Result<OperatorModel> {
        let client = cx.client()?;
        let (coordinates, [namespace, name]) =
            Coordinates::split_import_id(id, ["namespace", "name"])
                .map_err(|problem| Diagnostic::error("the import id cannot be read", problem))?;
        let cluster = Value::Known(ClusterModel::from(coordinates));
        let connected = ClusterModel::open_same(client, &cluster, None).await?;
        let document = ObjectRef::new(
            "v1",
            "ConfigMap",
            Some(&namespace),
            operator_settings::CONFIG_MAP,
        );
        let not_there = || {
            Diagnostic::error(
                format!("there is no operator {namespace}/{name} in this cluster"),
                format!(
                    "{document} with the operator's configuration is not there, or is another operator's. Look with: kubectl get configmaps -A -l {}",
                    set::OURS
                ),
            )
        };
        let document = connected
            .objects
            .get(&document)
            .await
            .optional()?
            .ok_or_else(not_there)?;
        let config = config_in(&document)?;
        if config.name.as_str() != name || config.namespace.as_str() != namespace {
            return Err(not_there().into());
        }
        let model: OperatorModel = model_of(&config)?;
        Ok(OperatorModel {
            cluster,
            force_destroy: false.into(),
            objects: set::texts(&operator_settings::objects(client, &config)?).into(),
            cluster_uid: connected.uid.into(),
            ..model
        }
        .settled("degraded"))
    }
}

/// Reports what no single argument shows: that the parts fit together and each patch has a target.
pub fn check(config: &impl Model, diagnostics: &mut Diagnostics) {
    if diagnostics.has_error() {
        // What is wrong with a single argument is said already.
        return;
    }
    match config_of(config) {
        Ok(Some(config)) => {
            if let Err(error) = manifests::render(&config) {
                diagnostics.extend(operator_settings::patch_error(&error));
            }
        }
        Ok(None) => {}
        Err(wrong) => diagnostics.extend(wrong),
    }
}

impl OperatorModel {
    fn planned_id(&self) -> Value<String> {
        match (
            operator_settings::text(&self.namespace),
            operator_settings::text(&self.name),
        ) {
            (Some(namespace), Some(name)) => format!("{namespace}/{name}").into(),
            _ => Value::Unknown,
        }
    }

    fn planned_version(&self) -> Value<String> {
        self.image.as_ref().map(|image| {
            image
                .tag()
                .or(image.digest())
                .unwrap_or_default()
                .to_owned()
        })
    }

    fn wanted(&self, client: &Client) -> Result<(OperatorConfig, Vec<Object>)> {
        let config = config_of(self)?.ok_or_else(|| {
            Diagnostic::error(
                "",
                "an argument is still unknown; this is a bug in the provider",
            )
        })?;
        let objects = operator_settings::objects(client, &config)?;
        Ok((config, objects))
    }

    fn settled(self, health: &str) -> Self {
        Self {
            id: self.planned_id(),
            version: self.planned_version(),
            health: health.into(),
            ..self
        }
    }

    fn import_advice(&self) -> String {
        let coordinates =
            ClusterModel::coordinates(&self.cluster).map(|coordinates| coordinates.to_string());
        let id = self.planned_id();
        format!(
            "take it over with\n\n  import {{\n    to = dataplane_operator.this\n    id = \"{}/{}\"\n  }}",
            coordinates.as_deref().unwrap_or("<cluster>"),
            id.known().map_or("<namespace>/<name>", String::as_str)
        )
    }

    /// The namespaces whose tasks this operator runs: those of its workspaces.
    async fn namespaces(&self, objects: &dyn Objects) -> Result<Vec<String>> {
        let name = operator_settings::text(&self.name).unwrap_or_default();
        let labels = format!("{},app.kubernetes.io/instance={name}", set::OURS);
        let found = objects
            .list(&Kind::new("v1", "Namespace"), None, &labels)
            .await?;
        let id = self.id.get()?;
        Ok(found
            .iter()
            .filter(|namespace| workspace::is_under(namespace, id))
            .map(|namespace| namespace.name().to_owned())
            .collect())
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_lost_answers;
