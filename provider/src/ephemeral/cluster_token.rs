//! `dataplane_cluster_token`: a short-lived token for a cluster's API, which enters neither state nor plan.

use std::time::{Duration, SystemTime};

use clouds::clusters::{ClusterId, ClusterToken as Minted};
use framework::{Context, EphemeralResource, Model, Opened, Result, Value, text::Timestamp};
use serde::{Deserialize, Serialize};

use crate::client::Client;

/// The ephemeral resource.
pub struct ClusterToken;

/// A short-lived token for the API of an EKS cluster, minted with the provider's own credentials, for other providers. It enters neither state
/// nor plan. A token cannot be prolonged: it is good for a quarter of an hour, so resources of this provider take a `cluster` argument instead, and
/// mint theirs for each request.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ClusterTokenModel {
    /// Name of the cluster.
    #[attr(required)]
    pub name: Value<String>,
    /// Region of the cluster.
    #[attr(required)]
    pub region: Value<String>,
    /// The bearer token.
    #[attr(computed, sensitive)]
    pub token: Value<String>,
    /// Until when it is good.
    #[attr(computed)]
    pub expires: Value<String>,
}

/// What is remembered between opening and renewing.
#[derive(Serialize, Deserialize)]
struct Subject {
    name: String,
    region: String,
}

const SUBJECT: &str = "cluster";

/// How long before the end Terraform comes back.
const MARGIN: Duration = Duration::from_mins(1);

impl EphemeralResource for ClusterToken {
    const NAME: &'static str = "dataplane_cluster_token";
    type Client = Client;
    type Model = ClusterTokenModel;

    async fn open(
        &self,
        cx: &Context<Client>,
        config: ClusterTokenModel,
    ) -> Result<Opened<ClusterTokenModel>> {
        let subject = Subject {
            name: config.name.get()?.clone(),
            region: config.region.get()?.clone(),
        };
        let minted = subject.mint(cx).await?;
        cx.private().set(SUBJECT, &subject)?;
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
        let Some(subject) = cx.private().get::<Subject>(SUBJECT)? else {
            return Ok(None);
        };
        let minted = subject.mint(cx).await?;
        Ok(Some(minted.expires - MARGIN))
    }
}

impl Subject {
    async fn mint(&self, cx: &Context<Client>) -> Result<Minted> {
        let id = ClusterId::Eks {
            name: self.name.parse()?,
            region: Some(self.region.parse()?),
        };
        Ok(cx.client()?.clouds()?.clusters.token(&id).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clouds::Clouds;
    use framework::testing::Harness;
    use serde_json::json;

    use crate::{cluster::memory::Clusters, provider::Dataplane};

    #[tokio::test]
    async fn a_token_is_minted_and_terraform_comes_back_before_it_ends() {
        let provider = Dataplane::over(Clouds::memory(), Arc::new(Clusters::default()));
        let harness = Harness::new(
            provider,
            json!({ "owner": "acme", "aws": { "region": "eu-west-1" } }),
        )
        .await;
        let token = harness.ephemeral_resource("dataplane_cluster_token");
        let open = token
            .open(json!({ "name": "prod", "region": "eu-west-1" }))
            .await;
        assert!(!open.values["token"].as_str().unwrap().is_empty());
        assert!(open.renew_at.is_some());
        let renewed = token.renew(&open).await;
        assert!(renewed.renew_at.is_some());
        token.close(renewed).await;
    }
}
