//! How pods take a role on, and whose.

use clouds::{
    clusters::ClusterName,
    identity_providers::IdentityProviderId,
    roles::{Namespace, ServiceAccountName, Trust},
};
use framework::{Diagnostics, Model, Result, Set, Text, Value, path};

use super::spec::told;

/// How a pod takes the role on.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct TrustModel {
    /// By a token of the cluster, whose issuer is an identity provider of the account (IAM roles for service accounts).
    #[attr(optional)]
    pub irsa: Value<IrsaModel>,
    /// By the EKS Pod Identity agent on the cluster's nodes; an association is made for each subject.
    #[attr(optional)]
    pub pod_identity: Value<PodIdentityModel>,
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
        let given = usize::from(self.irsa.is_known()) + usize::from(self.pod_identity.is_known());
        let open = self.irsa.is_unknown() || self.pod_identity.is_unknown();
        if given > 1 || (given == 0 && !open) {
            diagnostics.error_at(
                path!("trust"),
                "not exactly one way to take the role on",
                "`trust` must have exactly one of `irsa = { provider_arn = … }` and `pod_identity = { cluster = … }`.",
            );
        }
    }

    /// The trust that the arguments say; none while it is unknown.
    pub(super) fn trust(&self) -> Option<Trust> {
        match (told(&self.irsa)?, told(&self.pod_identity)?) {
            (Some(irsa), None) => Some(Trust::Irsa {
                provider: IdentityProviderId::clone(irsa.provider_arn.known()?),
            }),
            (None, Some(pods)) => Some(Trust::PodIdentity {
                cluster: ClusterName::clone(pods.cluster.known()?),
            }),
            _ => None,
        }
    }
}

/// What was found as an argument; none for the ways of another cloud.
pub(super) fn trust_model(trust: &Trust) -> Value<TrustModel> {
    match trust {
        Trust::Irsa { provider } => Value::Known(TrustModel {
            irsa: IrsaModel {
                provider_arn: provider.clone().into(),
            }
            .into(),
            ..TrustModel::default()
        }),
        Trust::PodIdentity { cluster } => Value::Known(TrustModel {
            pod_identity: PodIdentityModel {
                cluster: cluster.clone().into(),
            }
            .into(),
            ..TrustModel::default()
        }),
        Trust::Gke { .. } | Trust::Azure { .. } => Value::Null,
    }
}
