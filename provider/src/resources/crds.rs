//! `dataplane_crds`: the custom resource definitions, shared by all operators of a cluster.

use std::{collections::BTreeMap, time::Duration};

use framework::{
    Applied, Change, Context, Diagnostic, Diagnostics, Failure, Keep, Model, Resource, Result,
    Timeouts, Update, Value, path,
    wait::{self, Deadline, Poll},
};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::{
    client::Client,
    cluster::{
        ClusterModel, Coordinates, Kind, Marks, Object, Objects, Optional,
        apply::Target,
        outage::Outage,
        projection, removal,
        set::{self, Texts},
    },
};

/// The resource.
pub struct Crds;

/// The custom resource definitions of the data plane, among them `TaskAction`. A cluster has one of this resource, whatever the number of
/// its operators. It waits until the definitions are established, so that what depends on it can use them in the same apply.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct CrdsModel {
    /// The cluster. Definitions do not move by themselves to another EKS cluster whose name is known only after the apply: the apply
    /// refuses it and says how.
    #[attr(required, replaces_if = ClusterModel::is_another)]
    pub cluster: Value<ClusterModel>,
    /// Whether destroying it is refused, since that would delete every custom resource in the cluster with it.
    #[attr(optional, computed, default = true)]
    pub prevent_deletion: Value<bool>,
    /// How long to wait until the definitions are established or gone.
    #[attr(optional)]
    pub timeouts: Value<Timeouts>,
    /// Versions that each definition serves, with a digest of its content, by name. A definition that somebody changed has another digest.
    #[attr(computed)]
    pub versions: Value<BTreeMap<String, String>>,
    /// Uid of the cluster's kube-system namespace. Another uid is another cluster.
    #[attr(computed, stable)]
    pub cluster_uid: Value<String>,
}

const PATIENCE: Duration = Duration::from_mins(2);

impl Resource for Crds {
    const NAME: &'static str = "dataplane_crds";
    type Client = Client;
    type Model = CrdsModel;

    fn label(&self, model: &CrdsModel) -> Option<String> {
        ClusterModel::coordinates(&model.cluster).map(|coordinates| coordinates.to_string())
    }

    fn validate(&self, config: &CrdsModel, diagnostics: &mut Diagnostics) {
        ClusterModel::validate(&config.cluster, &path!("cluster"), diagnostics);
    }

    async fn plan(&self, cx: &Context<Client>, change: &mut Change<CrdsModel>) -> Result<()> {
        match (&change.prior, &mut change.planned) {
            (Some(prior), None) if prior.prevent_deletion.known() == Some(&true) => {
                Err(prevented().into())
            }
            (_, Some(planned)) => {
                planned.versions = match cx.client_if_known() {
                    Some(client) => versions(&wanted(client)?).into(),
                    None => Value::Unknown,
                };
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn create(&self, cx: &Context<Client>, plan: CrdsModel) -> Applied<CrdsModel> {
        let client = cx.client()?;
        let wanted = wanted(client)?;
        let connected = ClusterModel::open_same(client, &plan.cluster, None).await?;
        let marks = marks(client);
        let target = target(&*connected.objects, &marks, &plan);
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        let made = CrdsModel {
            versions: versions(&wanted).into(),
            cluster_uid: connected.uid.clone().into(),
            ..plan
        };
        let outcome = target.create(cx, deadline, &wanted).await?;
        let begun = !outcome.continued && !outcome.texts.is_empty();
        let failed = |diagnostics| Failure {
            diagnostics,
            partial: begun.then(|| made.clone()),
        };
        if outcome.diagnostics.has_error() {
            return Err(failed(outcome.diagnostics));
        }
        established(cx, deadline, &*connected.objects, &wanted)
            .await
            .map_err(failed)?;
        target.finish(cx, deadline, &wanted).await.map_err(failed)?;
        Ok(made)
    }

    async fn read(&self, cx: &Context<Client>, state: CrdsModel) -> Result<Option<CrdsModel>> {
        let client = cx.client()?;
        let Some(connected) =
            ClusterModel::open_known(client, &state.cluster, state.cluster_uid.known()).await?
        else {
            return Ok(None);
        };
        let seen = set::look(&*connected.objects, &set::texts(&wanted(client)?)).await?;
        if seen.texts.is_empty() {
            return Ok(None);
        }
        Ok(Some(CrdsModel {
            versions: versions(&set::parsed(&seen.texts)?).into(),
            cluster_uid: connected.uid.into(),
            ..state
        }))
    }

    async fn update(&self, cx: &Context<Client>, change: Update<CrdsModel>) -> Applied<CrdsModel> {
        let Update { prior, plan } = change;
        let client = cx.client()?;
        let wanted = wanted(client)?;
        let connected =
            ClusterModel::open_same(client, &plan.cluster, prior.cluster_uid.known()).await?;
        let marks = marks(client);
        let target = target(&*connected.objects, &marks, &plan);
        // Definitions are never pruned: a release that no longer has one must not delete what is in the cluster.
        let known = prior.versions.get()?;
        let texts: Texts = wanted
            .iter()
            .filter(|object| known.contains_key(object.name()))
            .map(|object| {
                let unchanged = known.get(object.name()) == Some(&version(object));
                (
                    object.reference().key(),
                    if unchanged {
                        set::text(object)
                    } else {
                        "{}".to_owned()
                    },
                )
            })
            .collect();
        let outcome = target.update(&texts, &wanted).await?;
        if outcome.diagnostics.has_error() {
            return Err(Failure {
                diagnostics: outcome.diagnostics,
                partial: None,
            });
        }
        let made = CrdsModel {
            versions: versions(&wanted).into(),
            cluster_uid: connected.uid.clone().into(),
            ..plan
        };
        let deadline = cx.deadline(&made.timeouts, PATIENCE);
        established(cx, deadline, &*connected.objects, &wanted)
            .await
            .keep(&made)?;
        Ok(made)
    }

    async fn delete(&self, cx: &Context<Client>, state: CrdsModel) -> Result<()> {
        let client = cx.client()?;
        let Some(connected) =
            ClusterModel::open_known(client, &state.cluster, state.cluster_uid.known()).await?
        else {
            return Ok(());
        };
        if state.prevent_deletion.known() == Some(&true) {
            return Err(prevented().into());
        }
        let objects = &*connected.objects;
        let wanted = wanted(client)?;
        check_unused(objects, &wanted).await?;
        let deadline = cx.deadline(&state.timeouts, PATIENCE);
        removal::remove(cx, deadline, objects, &marks(client), &set::texts(&wanted)).await
    }

    async fn import(&self, cx: &Context<Client>, id: &str) -> Result<CrdsModel> {
        let client = cx.client()?;
        let (coordinates, []) = Coordinates::split_import_id(id, [])
            .map_err(|problem| Diagnostic::error("the import id cannot be read", problem))?;
        let cluster = Value::Known(ClusterModel::from(coordinates));
        let connected = ClusterModel::open_same(client, &cluster, None).await?;
        Ok(CrdsModel {
            cluster,
            prevent_deletion: true.into(),
            versions: versions(&wanted(client)?).into(),
            cluster_uid: connected.uid.into(),
            ..CrdsModel::default()
        })
    }
}

fn marks(client: &Client) -> Marks {
    Marks::new(&client.owner, Crds::NAME)
}

fn wanted(client: &Client) -> Result<Vec<Object>> {
    let marks = marks(client);
    dataplane_api::crds()
        .iter()
        .map(|definition| {
            Ok(projection::desired(
                &marks.put(Object(serde_json::to_value(definition)?)),
            ))
        })
        .collect()
}

fn target<'a>(objects: &'a dyn Objects, marks: &'a Marks, model: &CrdsModel) -> Target<'a> {
    let coordinates =
        ClusterModel::coordinates(&model.cluster).map(|coordinates| coordinates.to_string());
    let id = coordinates.as_deref().unwrap_or("<cluster>");
    Target {
        objects,
        marks,
        import: format!(
            "take it over with\n\n  import {{\n    to = dataplane_crds.this\n    id = \"{id}\"\n  }}"
        ),
    }
}

fn versions(objects: &[Object]) -> BTreeMap<String, String> {
    objects
        .iter()
        .map(|object| (object.name().to_owned(), version(object)))
        .collect()
}

/// `v1 sha256:0123456789ab`: the served versions, and the beginning of the digest of the whole.
fn version(object: &Object) -> String {
    let served: Vec<&str> = object
        .items("/spec/versions")
        .iter()
        .filter_map(|version| version["name"].as_str())
        .collect();
    let digest = Sha256::digest(projection::canonical(object));
    let beginning = digest
        .iter()
        .take(6)
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{} sha256:{beginning:012x}", served.join(","))
}

async fn established(
    cx: &Context<Client>,
    deadline: Deadline,
    objects: &dyn Objects,
    wanted: &[Object],
) -> Result<()> {
    let names: Vec<_> = wanted.iter().map(Object::reference).collect();
    let names = &names;
    let outage = &Outage::default();
    wait::until(
        cx,
        deadline,
        "the custom resource definitions to be established",
        || async move {
            let fetched = set::fetch(objects, names).await;
            let live = match outage.outlast(fetched.map(Poll::Ready))? {
                Poll::Ready(live) => live,
                Poll::Pending(reason) => return Ok(Poll::Pending(reason)),
            };
            for name in names {
                let conditions = live
                    .get(name)
                    .map(|live| live.items("/status/conditions"))
                    .unwrap_or_default();
                let is = |kind: &str, status: &str| {
                    conditions.iter().find(|condition| {
                        condition["type"] == kind && condition["status"] == status
                    })
                };
                if let Some(refused) = is("NamesAccepted", "False") {
                    // Another definition has the same kind or plural: waiting would not help.
                    let message = refused["message"].as_str().unwrap_or_default();
                    return Err(Diagnostic::error(
                        format!("the cluster does not accept the names of {name}"),
                        message,
                    )
                    .into());
                }
                if is("Established", "True").is_none() {
                    return Ok(Poll::Pending(format!("{name} is not established")));
                }
            }
            Ok(Poll::Ready(()))
        },
    )
    .await
}

async fn check_unused(objects: &dyn Objects, wanted: &[Object]) -> Result<()> {
    for definition in wanted {
        let version = definition
            .0
            .pointer("/spec/versions/0/name")
            .and_then(Json::as_str)
            .unwrap_or_default();
        let kind = Kind::new(
            &format!("{}/{version}", definition.text("/spec/group")),
            definition.text("/spec/names/kind"),
        );
        let used = objects
            .list(&kind, None, "")
            .await
            .optional()?
            .unwrap_or_default();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for resource in &used {
            *counts
                .entry(resource.text("/metadata/namespace"))
                .or_default() += 1;
        }
        if !counts.is_empty() {
            let places: Vec<String> = counts
                .iter()
                .map(|(namespace, count)| format!("{count} in {namespace}"))
                .collect();
            let plural = definition.name();
            return Err(Diagnostic::error(
                format!("there are still {} of {plural}", used.len()),
                format!(
                    "Deleting the definition would delete them: {}. Nothing was deleted. Delete them while their operator runs \
                     (kubectl delete {plural} -A --all), then run again.",
                    places.join(", ")
                ),
            )
            .into());
        }
    }
    Ok(())
}

fn prevented() -> Diagnostic {
    Diagnostic::error(
        "the custom resource definitions are protected from deletion",
        "Deleting them would delete every TaskAction in the cluster, of every operator. If that is meant, set `prevent_deletion = false`, apply, and \
         destroy again. To leave them in the cluster and only forget them, use a `removed` block with `destroy = false`, or `terraform state rm`.",
    )
    .at(path!("prevent_deletion"))
}

#[cfg(test)]
mod tests;
