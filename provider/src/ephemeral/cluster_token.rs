//! `dataplane_cluster_token`: a short-lived token for a cluster's API, which enters neither state nor plan.

use std::time::{Duration, SystemTime};

use clouds::clusters::{ClusterId, ClusterToken as Minted};
use framework::{
    Context, Diagnostic, Diagnostics, EphemeralResource, Model, Opened, Result, Value,
    text::Timestamp,
};

use crate::{
    client::Client,
    cluster::{AksModel, Coordinates, EksModel, GkeModel, cloud_cluster},
};

/// The ephemeral resource.
pub struct ClusterToken;

/// A short-lived token for the API of a cluster, minted with the provider's own credentials, for other providers. It enters neither state
/// nor plan. A token cannot be prolonged: one for EKS is good for a quarter of an hour, others for about an hour, so resources of this
/// provider take a `cluster` argument instead, and mint theirs for each request.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ClusterTokenModel {
    /// An EKS cluster. Exactly one of `eks`, `gke` and `aks` is given, the one of the provider's cloud.
    #[attr(optional)]
    pub eks: Value<EksModel>,
    /// A GKE cluster.
    #[attr(optional)]
    pub gke: Value<GkeModel>,
    /// An AKS cluster with Microsoft Entra authentication.
    #[attr(optional)]
    pub aks: Value<AksModel>,
    /// The bearer token.
    #[attr(computed, sensitive)]
    pub token: Value<String>,
    /// Until when it is good.
    #[attr(computed)]
    pub expires: Value<String>,
}

/// What is remembered between opening and renewing: where the cluster is.
const SUBJECT: &str = "cluster";

/// How long before the end Terraform comes back.
const MARGIN: Duration = Duration::from_mins(1);

impl EphemeralResource for ClusterToken {
    const NAME: &'static str = "dataplane_cluster_token";
    type Client = Client;
    type Model = ClusterTokenModel;

    fn validate(&self, config: &ClusterTokenModel, diagnostics: &mut Diagnostics) {
        let ClusterTokenModel { eks, gke, aks, .. } = config;
        let given = [eks.is_known(), gke.is_known(), aks.is_known()];
        let given = given.iter().filter(|given| **given).count();
        let open = eks.is_unknown() || gke.is_unknown() || aks.is_unknown();
        if given > 1 || (given == 0 && !open) {
            diagnostics.error(
                "not exactly one cluster",
                "Write exactly one of `eks = { name, region }`, `gke = { project, location, name }` and `aks = { resource_group, name }`.",
            );
        }
    }

    async fn open(
        &self,
        cx: &Context<Client>,
        config: ClusterTokenModel,
    ) -> Result<Opened<ClusterTokenModel>> {
        let Some(cluster) = cloud_cluster(&config.eks, &config.gke, &config.aks) else {
            return Err(Diagnostic::error(
                "the cluster is not known yet",
                "A part of what names the cluster comes from something that is not applied yet, so there is no token for it.",
            )
            .into());
        };
        let minted = mint(cx, &cluster).await?;
        cx.private().set(SUBJECT, &cluster.to_string())?;
        Ok(Opened {
            result: ClusterTokenModel {
                token: minted.token.expose().into(),
                expires: Timestamp::from(jiff::Timestamp::try_from(minted.expires)?)
                    .to_string()
                    .into(),
                ..config
            },
            renew_at: Some(minted.expires - MARGIN),
        })
    }

    /// The token that was handed out stays what it is. That another one can be minted tells that the credentials still hold: when
    /// they do not, it is said here, and not by the first request that is refused.
    async fn renew(&self, cx: &Context<Client>) -> Result<Option<SystemTime>> {
        let known = cx.private().get::<String>(SUBJECT)?;
        let Some(Ok(Coordinates::Cloud(cluster, None))) = known.map(|known| known.parse()) else {
            return Ok(None);
        };
        let minted = mint(cx, &cluster).await?;
        Ok(Some(minted.expires - MARGIN))
    }
}

async fn mint(cx: &Context<Client>, cluster: &ClusterId) -> Result<Minted> {
    let clouds = cx.client()?.clouds_of(cluster)?;
    Ok(clouds.clusters.token(cluster).await?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clouds::Clouds;
    use framework::testing::Harness;
    use serde_json::{Value as Json, json};

    use crate::{cluster::memory::Clusters, provider::Dataplane};

    async fn over(block: &str, settings: Json) -> Harness<Dataplane> {
        let provider = Dataplane::over(Clouds::memory(), Arc::new(Clusters::default()));
        Harness::new(provider, json!({ "owner": "acme", block: settings })).await
    }

    #[tokio::test]
    async fn a_token_is_minted_and_terraform_comes_back_before_it_ends() {
        let azure = json!({
            "subscription_id": "8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11",
            "resource_group": "acme",
            "location": "westeurope",
        });
        for (block, settings, cluster) in [
            (
                "aws",
                json!({ "region": "eu-west-1" }),
                json!({ "eks": { "name": "prod", "region": "eu-west-1" } }),
            ),
            (
                "gcp",
                json!({ "project": "acme-prod", "region": "europe-west4" }),
                json!({ "gke": { "project": "acme-prod", "location": "europe-west4-a", "name": "prod" } }),
            ),
            (
                "azure",
                azure,
                json!({ "aks": { "resource_group": "acme", "name": "prod" } }),
            ),
        ] {
            let harness = over(block, settings).await;
            let token = harness.ephemeral_resource("dataplane_cluster_token");
            let open = token.open(cluster).await;
            assert!(open.values["token"].as_str().unwrap().ends_with("/prod"));
            assert!(open.renew_at.is_some());
            let renewed = token.renew(&open).await;
            assert!(renewed.renew_at.is_some());
            token.close(renewed).await;
        }
    }
}
