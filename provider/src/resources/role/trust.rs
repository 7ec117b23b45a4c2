//! How pods take a role on, and whose.

use clouds::{
    clusters::ClusterName,
    identity_providers::{IdentityProviderId, Issuer},
    roles::{Namespace, ServiceAccountName, Trust, WorkloadPool},
};
use framework::{Diagnostics, Model, Result, Set, Text, Value, path};

use super::spec::told;

/// How a pod takes the role on.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct TrustModel {
    /// AWS: by a token of the cluster, whose issuer is an identity provider of the account (IAM roles for service accounts).
    #[attr(optional)]
    pub irsa: Value<IrsaModel>,
    /// AWS: by the EKS Pod Identity agent on the cluster's nodes; an association is made for each subject.
    #[attr(optional)]
    pub pod_identity: Value<PodIdentityModel>,
    /// Google Cloud: by a workload identity pool that the cluster's tokens belong to.
    #[attr(optional)]
    pub gke: Value<GkeTrustModel>,
    /// Azure: by a token of the cluster; a federated credential is made for each subject, of which Azure takes 20.
    #[attr(optional)]
    pub azure: Value<AzureTrustModel>,
}

/// Trust in the tokens of a cluster.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct IrsaModel {
    /// ARN of the cluster's identity provider.
    #[attr(required, validate = provider_of_aws)]
    pub provider_arn: Value<Text<IdentityProviderId>>,
}

/// Trust in the EKS Pod Identity agent.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct PodIdentityModel {
    /// Name of the EKS cluster.
    #[attr(required)]
    pub cluster: Value<Text<ClusterName>>,
}

/// Trust in a workload identity pool.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct GkeTrustModel {
    /// The pool: of clusters of GKE `PROJECT.svc.id.goog`, of others the one of their `dataplane_identity_provider`,
    /// `projects/NUMBER/locations/global/workloadIdentityPools/POOL`.
    #[attr(required)]
    pub pool: Value<Text<WorkloadPool>>,
    /// Whether the role's rights go to the Kubernetes service accounts themselves, so that pods have them without acting as the Google
    /// service account. That one still signs URLs.
    #[attr(optional, computed, default = false)]
    pub direct: Value<bool>,
}

/// Trust in the tokens of a cluster.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct AzureTrustModel {
    /// Issuer of the cluster's tokens, such as the `issuer` of the data source `dataplane_cluster`.
    #[attr(required)]
    pub issuer: Value<Text<Issuer>>,
}

/// A Kubernetes service account.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct SubjectModel {
    /// Its namespace.
    #[attr(required)]
    pub namespace: Value<Text<Namespace>>,
    /// Its name.
    #[attr(required)]
    pub service_account: Value<Text<ServiceAccountName>>,
}

pub(super) fn some_subject(subjects: &Set<SubjectModel>) -> std::result::Result<(), String> {
    if subjects.is_empty() {
        Err("a role that nobody may take on is of no use, and an empty list would make a trust policy that is refused or, worse, \
             open: name at least one service account"
            .to_owned())
    } else {
        Ok(())
    }
}

/// Whoever has the issuer at hand writes that.
fn provider_of_aws(provider: &Text<IdentityProviderId>) -> std::result::Result<(), String> {
    match provider.issuer_host_and_path() {
        Some(_) => Ok(()),
        None => Err(format!(
            "{:?} is not the ARN of an identity provider of IAM: write the `arn` of a dataplane_identity_provider, \
             like arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/…",
            provider.text()
        )),
    }
}

/// The trust that an import id tells, and the role's name: `NAME`, or `eks/CLUSTER/NAME`.
pub(super) fn imported(id: &str) -> Result<(Value<TrustModel>, &str)> {
    let pods = id
        .strip_prefix("eks/")
        .and_then(|rest| rest.split_once('/'));
    let Some((cluster, name)) = pods else {
        return Ok((Value::Null, id));
    };
    let cluster = Value::Known(cluster.parse()?);
    let trust = TrustModel {
        pod_identity: PodIdentityModel { cluster }.into(),
        ..TrustModel::default()
    };
    Ok((trust.into(), name))
}

impl TrustModel {
    /// Refuses none of the ways, and more than one.
    pub(super) fn check(&self, diagnostics: &mut Diagnostics) {
        let Self {
            irsa,
            pod_identity,
            gke,
            azure,
        } = self;
        let known = [
            irsa.is_known(),
            pod_identity.is_known(),
            gke.is_known(),
            azure.is_known(),
        ];
        let given = known.iter().filter(|known| **known).count();
        let open = irsa.is_unknown()
            || pod_identity.is_unknown()
            || gke.is_unknown()
            || azure.is_unknown();
        if given > 1 || (given == 0 && !open) {
            diagnostics.error_at(
                path!("trust"),
                "not exactly one way to take the role on",
                "`trust` must have exactly one of `irsa = { provider_arn = … }` and `pod_identity = { cluster = … }` (AWS), \
                 `gke = { pool = … }` (Google Cloud) and `azure = { issuer = … }`.",
            );
        }
    }

    /// The trust that the arguments say; none while it is unknown.
    pub(super) fn trust(&self) -> Option<Trust> {
        let Self {
            irsa,
            pod_identity,
            gke,
            azure,
        } = self;
        match (told(irsa)?, told(pod_identity)?, told(gke)?, told(azure)?) {
            (Some(irsa), None, None, None) => Some(Trust::Irsa {
                provider: IdentityProviderId::clone(irsa.provider_arn.known()?),
            }),
            (None, Some(pods), None, None) => Some(Trust::PodIdentity {
                cluster: ClusterName::clone(pods.cluster.known()?),
            }),
            (None, None, Some(gke), None) => Some(Trust::Gke {
                pool: WorkloadPool::clone(gke.pool.known()?),
                direct: *gke.direct.known()?,
            }),
            (None, None, None, Some(azure)) => Some(Trust::Azure {
                issuer: Issuer::clone(azure.issuer.known()?),
            }),
            _ => None,
        }
    }

    /// The same with a stand-in for what is not known yet: which way it is, is known early.
    pub(super) fn outline(&self) -> Option<Trust> {
        if let Some(trust) = self.trust() {
            return Some(trust);
        }
        if self.irsa.is_known() {
            let provider = "arn:aws:iam::000000000000:oidc-provider/not-known-yet";
            return Some(Trust::Irsa {
                provider: provider.parse().ok()?,
            });
        }
        if self.pod_identity.is_known() {
            return Some(Trust::PodIdentity {
                cluster: "not-known-yet".parse().ok()?,
            });
        }
        if let Some(gke) = self.gke.known() {
            return Some(Trust::Gke {
                pool: "not-known-yet.svc.id.goog".parse().ok()?,
                direct: gke.direct.known().copied().unwrap_or_default(),
            });
        }
        self.azure.known()?;
        Some(Trust::Azure {
            issuer: "https://not-known-yet.example".parse().ok()?,
        })
    }
}

/// What was found as an argument.
pub(super) fn trust_model(trust: &Trust) -> TrustModel {
    let none = TrustModel::default();
    match trust.clone() {
        Trust::Irsa { provider } => TrustModel {
            irsa: IrsaModel {
                provider_arn: provider.into(),
            }
            .into(),
            ..none
        },
        Trust::PodIdentity { cluster } => TrustModel {
            pod_identity: PodIdentityModel {
                cluster: cluster.into(),
            }
            .into(),
            ..none
        },
        Trust::Gke { pool, direct } => TrustModel {
            gke: GkeTrustModel {
                pool: pool.into(),
                direct: direct.into(),
            }
            .into(),
            ..none
        },
        Trust::Azure { issuer } => TrustModel {
            azure: AzureTrustModel {
                issuer: issuer.into(),
            }
            .into(),
            ..none
        },
    }
}
