//! The `cluster` argument: where a cluster is, in HCL.

use clouds::{
    account::Region,
    clusters::{ClusterId, ClusterName, ResourceGroup},
};
use framework::{AttributePath, Diagnostic, Diagnostics, Model, Result, Text, Value};

use super::{
    connection::Connected,
    coordinates::Coordinates,
    error::Error,
    kubeconfig,
    route::{Address, PrivateEndpointModel, ServerName},
};
use crate::{client::Client, gcp::Project};

/// Where a Kubernetes cluster is. Exactly one of `eks`, `gke`, `aks`, `kubeconfig` and `direct` is given. It holds no secret: tokens are
/// minted whenever one is needed.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ClusterModel {
    /// An EKS cluster, reached with the provider's own AWS credentials.
    #[attr(optional)]
    pub eks: Value<EksModel>,
    /// A GKE cluster, reached with the provider's own Google Cloud credentials.
    #[attr(optional)]
    pub gke: Value<GkeModel>,
    /// An AKS cluster with Microsoft Entra authentication, reached with the provider's own Azure credentials. One without it takes no such
    /// credentials: reach it by `kubeconfig` or `direct`.
    #[attr(optional)]
    pub aks: Value<AksModel>,
    /// Where the API of the `eks`, `gke` or `aks` cluster is reached, if not at its own address: by a private endpoint, or whatever else
    /// leads to it. The certificate authority stays the cluster's own, and so does the name that the certificate is checked by. It does not
    /// identify the cluster: where it changes, nothing is replaced.
    #[attr(optional)]
    pub private_endpoint: Value<PrivateEndpointModel>,
    /// A cluster of a kubeconfig file, reached as the user of its context.
    #[attr(optional)]
    pub kubeconfig: Value<KubeconfigModel>,
    /// An API server by its address, reached with what the provider's `kubernetes` argument gives.
    #[attr(optional)]
    pub direct: Value<DirectModel>,
}

/// An EKS cluster.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct EksModel {
    /// Name of the cluster.
    #[attr(required)]
    pub name: Value<Text<ClusterName>>,
    /// Region of the cluster.
    #[attr(required)]
    pub region: Value<Text<Region>>,
}

/// A GKE cluster.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct GkeModel {
    /// Project of the cluster.
    #[attr(required)]
    pub project: Value<Text<Project>>,
    /// Location of the cluster: its region, or the zone of a zonal one.
    #[attr(required)]
    pub location: Value<Text<Region>>,
    /// Name of the cluster.
    #[attr(required)]
    pub name: Value<Text<ClusterName>>,
}

/// An AKS cluster of the provider's subscription.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct AksModel {
    /// Resource group of the cluster.
    #[attr(required)]
    pub resource_group: Value<Text<ResourceGroup>>,
    /// Name of the cluster.
    #[attr(required)]
    pub name: Value<Text<ClusterName>>,
}

/// A cluster of a kubeconfig file.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct KubeconfigModel {
    /// Path of the file; `~` is the home directory of who runs Terraform.
    #[attr(required)]
    pub path: Value<String>,
    /// Name of the context. Default: the file's current context.
    #[attr(optional)]
    pub context: Value<String>,
}

/// An API server.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct DirectModel {
    /// Address of the API server: `https://` and a host, with or without a port.
    #[attr(required, validate = https)]
    pub host: Value<String>,
    /// Certificate authority of the API server, in PEM. Default: what the provider's `kubernetes` argument gives, or else those the machine trusts.
    #[attr(optional)]
    pub ca_certificate: Value<String>,
    /// Name by which the certificate is checked, without a port, where it is not for the host of the address.
    #[attr(optional)]
    pub server_name: Value<Text<ServerName>>,
}

#[expect(
    clippy::ptr_arg,
    reason = "a validator takes a reference to what the attribute holds"
)]
fn https(host: &String) -> std::result::Result<(), String> {
    host.parse::<Address>().map(drop)
}

/// The cluster of a cloud that one of these names; none while a part of it is not known yet.
pub fn cloud_cluster(
    eks: &Value<EksModel>,
    gke: &Value<GkeModel>,
    aks: &Value<AksModel>,
) -> Option<ClusterId> {
    Some(match (eks, gke, aks) {
        (Value::Known(EksModel { name, region }), ..) => ClusterId::Eks {
            name: ClusterName::clone(name.known()?),
            region: Some(Region::clone(region.known()?)),
        },
        (_, Value::Known(gke), _) => ClusterId::Gke {
            project: gke.project.known()?.account().clone(),
            location: Region::clone(gke.location.known()?),
            name: ClusterName::clone(gke.name.known()?),
        },
        (.., Value::Known(aks)) => ClusterId::Aks {
            resource_group: ResourceGroup::clone(aks.resource_group.known()?),
            name: ClusterName::clone(aks.name.known()?),
        },
        _ => return None,
    })
}

/// Whether two ids name one cluster. Azure's names are the same in capitals.
fn same(id: &ClusterId, other: &ClusterId) -> bool {
    match (id, other) {
        (ClusterId::Aks { .. }, ClusterId::Aks { .. }) => {
            id.to_string().to_lowercase() == other.to_string().to_lowercase()
        }
        _ => id == other,
    }
}

impl ClusterModel {
    /// Reports arguments that exclude each other and a kubeconfig file without the context, where the file exists.
    pub fn validate(cluster: &Value<Self>, path: &AttributePath, diagnostics: &mut Diagnostics) {
        let Value::Known(known) = cluster else {
            return;
        };
        known.exclusions(path, diagnostics);
        let kubeconfig = &known.kubeconfig;
        if let Value::Known(KubeconfigModel {
            path: Value::Known(file),
            context,
        }) = kubeconfig
            && !context.is_unknown()
            && let Err(problem) =
                kubeconfig::check_context(file, context.known().map(String::as_str))
        {
            let at = path.clone().attribute("kubeconfig");
            let at = if context.is_null() {
                at.attribute("path")
            } else {
                at.attribute("context")
            };
            diagnostics.error_at(at, "the kubeconfig file cannot be used", problem);
        }
    }

    /// Reports arguments that exclude each other. What is not known yet when it is validated may be one of them.
    fn exclusions(&self, path: &AttributePath, diagnostics: &mut Diagnostics) {
        let Self {
            eks,
            gke,
            aks,
            private_endpoint,
            kubeconfig,
            direct,
        } = self;
        let given = [
            eks.is_known(),
            gke.is_known(),
            aks.is_known(),
            kubeconfig.is_known(),
            direct.is_known(),
        ];
        let given = given.iter().filter(|given| **given).count();
        let open = eks.is_unknown()
            || gke.is_unknown()
            || aks.is_unknown()
            || kubeconfig.is_unknown()
            || direct.is_unknown();
        if given > 1 || (given == 0 && !open) {
            diagnostics.error_at(
                path.clone(),
                if given == 0 { "no cluster is given" } else { "more than one cluster is given" },
                "Write exactly one of `eks = { name, region }`, `gke = { project, location, name }`, `aks = { resource_group, name }`, \
                 `kubeconfig = { path, context }` and `direct = { host, ca_certificate, server_name }`.",
            );
        }
        let beside = if direct.is_known() {
            Some("direct")
        } else {
            kubeconfig.is_known().then_some("kubeconfig")
        };
        PrivateEndpointModel::validate(private_endpoint, beside, path, diagnostics);
    }

    fn excluded(&self) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let path = AttributePath::root().attribute("cluster");
        self.exclusions(&path, &mut diagnostics);
        diagnostics
    }

    /// Where the cluster is; `None` while a part of it is not known yet, or where one part excludes another.
    pub fn coordinates(cluster: &Value<Self>) -> Option<Coordinates> {
        let cluster = cluster
            .known()
            .filter(|known| known.excluded().is_empty())?;
        if let Some(id) = cluster.id() {
            let route = match &cluster.private_endpoint {
                Value::Known(endpoint) => Some(endpoint.route()?),
                Value::Null => None,
                Value::Unknown => return None,
            };
            return Some(Coordinates::Cloud(id, route));
        }
        match cluster {
            Self {
                kubeconfig: Value::Known(KubeconfigModel { path, context }),
                ..
            } if !context.is_unknown() => Some(Coordinates::Kubeconfig {
                path: path.known()?.clone(),
                context: context.known().cloned(),
            }),
            Self {
                direct:
                    Value::Known(DirectModel {
                        host,
                        ca_certificate,
                        server_name,
                    }),
                ..
            } if !ca_certificate.is_unknown() && !server_name.is_unknown() => {
                Some(Coordinates::Direct {
                    host: host.known()?.clone(),
                    ca_certificate: ca_certificate.known().cloned(),
                    server_name: server_name.known().map(|name| ServerName::clone(name)),
                })
            }
            _ => None,
        }
    }

    /// The cluster of a cloud, by whatever way it is reached.
    fn id(&self) -> Option<ClusterId> {
        cloud_cluster(&self.eks, &self.gke, &self.aks)
    }

    /// Whether a change means another cluster of a cloud, or may mean one, since a part of what identifies it is not known yet. As
    /// everywhere in Terraform, what identifies an object counts as changed until it is known: planned as an update, the apply of a
    /// replaced cluster could only fail, after the old cluster is gone. Files and addresses may change while the cluster stays: its
    /// uid tells.
    pub fn may_be_another(prior: &Value<Self>, planned: &Value<Self>) -> bool {
        let Some(id) = prior.known().and_then(Self::id) else {
            return false;
        };
        match planned {
            Value::Null => false,
            Value::Unknown => true,
            Value::Known(planned) => {
                let Self {
                    eks,
                    gke,
                    aks,
                    private_endpoint: _,
                    kubeconfig,
                    direct,
                } = planned;
                let of_cloud = !(eks.is_null() && gke.is_null() && aks.is_null());
                let open = of_cloud && !kubeconfig.is_known() && !direct.is_known();
                planned.id().map_or(open, |other| !same(&id, &other))
            }
        }
    }

    /// Whether a change certainly means another cluster of a cloud.
    pub fn is_another(prior: &Value<Self>, planned: &Value<Self>) -> bool {
        let id = |cluster: &Value<Self>| cluster.known().and_then(Self::id);
        match (id(prior), id(planned)) {
            (Some(id), Some(other)) => !same(&id, &other),
            _ => false,
        }
    }

    /// Opens the cluster; `None` when its cloud says that it is deleted.
    pub async fn open(client: &Client, cluster: &Value<Self>) -> Result<Option<Connected>> {
        let Some(coordinates) = Self::coordinates(cluster) else {
            let excluded = cluster.known().map(Self::excluded).unwrap_or_default();
            if excluded.has_error() {
                return Err(excluded);
            }
            return Err(Diagnostic::error(
                "the cluster is not known yet",
                "A part of the `cluster` argument comes from something that is not applied yet, so nothing can be asked of it.",
            )
            .into());
        };
        Ok(client.clusters.connect(&coordinates).await?)
    }

    /// Opens a cluster that must be there, and be the one that it was.
    pub async fn open_same(
        client: &Client,
        cluster: &Value<Self>,
        uid: Option<&String>,
    ) -> Result<Connected> {
        let found = Self::open(client, cluster)
            .await?
            .ok_or_else(|| Error::Unreachable {
                host: Self::coordinates(cluster)
                    .map(|coordinates| coordinates.to_string())
                    .unwrap_or_default(),
                reason: "its cloud says that it does not exist".to_owned(),
            })?;
        match uid {
            Some(uid) if *uid != found.uid => Err(Diagnostic::error(
                "this is another cluster",
                format!(
                    "`cluster` now leads to the cluster with the uid {}, but the objects in the state are in the one with the uid {uid}. Nothing was \
                     changed. To move there, run `terraform apply -replace=<address of the resource>`.",
                    found.uid
                ),
            )
            .at(AttributePath::root().attribute("cluster"))
            .into()),
            _ => Ok(found),
        }
    }

    /// Opens the cluster of something that is in the state; `None` when the cluster is deleted or has been made anew, and the objects
    /// with it.
    pub async fn open_known(
        client: &Client,
        cluster: &Value<Self>,
        uid: Option<&String>,
    ) -> Result<Option<Connected>> {
        let found = Self::open(client, cluster).await?;
        Ok(found.filter(|found| {
            let same = uid.is_none_or(|uid| *uid == found.uid);
            if !same {
                tracing::info!(
                    found = found.uid,
                    "the cluster has been made anew, so what was in it is gone"
                );
            }
            same
        }))
    }
}

impl From<ClusterId> for ClusterModel {
    fn from(id: ClusterId) -> Self {
        match id {
            ClusterId::Eks { name, region } => Self {
                eks: EksModel {
                    name: name.into(),
                    region: region.map(Text::from).into(),
                }
                .into(),
                ..Self::default()
            },
            ClusterId::Gke {
                project,
                location,
                name,
            } => Self {
                gke: GkeModel {
                    project: Project::from(project).into(),
                    location: location.into(),
                    name: name.into(),
                }
                .into(),
                ..Self::default()
            },
            ClusterId::Aks {
                resource_group,
                name,
            } => Self {
                aks: AksModel {
                    resource_group: resource_group.into(),
                    name: name.into(),
                }
                .into(),
                ..Self::default()
            },
        }
    }
}

impl From<Coordinates> for ClusterModel {
    fn from(coordinates: Coordinates) -> Self {
        match coordinates {
            Coordinates::Cloud(id, route) => Self {
                private_endpoint: route.map(PrivateEndpointModel::from).into(),
                ..Self::from(id)
            },
            Coordinates::Kubeconfig { path, context } => Self {
                kubeconfig: KubeconfigModel {
                    path: path.into(),
                    context: context.into(),
                }
                .into(),
                ..Self::default()
            },
            Coordinates::Direct {
                host,
                ca_certificate,
                server_name,
            } => Self {
                direct: DirectModel {
                    host: host.into(),
                    ca_certificate: ca_certificate.into(),
                    server_name: server_name.map(Text::from).into(),
                }
                .into(),
                ..Self::default()
            },
        }
    }
}

#[cfg(test)]
mod tests;
