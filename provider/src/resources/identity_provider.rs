//! `dataplane_identity_provider`: the account's trust in the tokens that a cluster issues.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use clouds::{
    error::Optional,
    identity_providers::{
        Audience, IdentityProvider as Found, IdentityProviderId, IdentityProviders, Issuer,
        NewIdentityProvider,
    },
};
use framework::{
    Applied, Change, Context, Model, Resource, Result, Set, Text, Timeouts, Update, Value,
    wait::Deadline,
};

use crate::{
    client::Client,
    drift,
    ownership::{Marks, Origin},
    settle::{created, settled},
    tags,
};

/// The resource.
pub struct IdentityProvider;

/// The account's trust in the tokens that a cluster issues to its service accounts, so that `dataplane_role` can name some
/// of them. One per cluster; where the cluster was made with one, pass its ARN to `trust.irsa.provider_arn` instead.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct IdentityProviderModel {
    /// Issuer of the cluster's tokens, for example `https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE`.
    #[attr(required, replaces)]
    pub issuer: Value<Text<Issuer>>,
    /// For whom tokens have to be made out.
    #[attr(optional, computed, default = default_audiences(), validate = some_audience)]
    pub audiences: Value<Set<Text<Audience>>>,
    /// Tags of the identity provider, added to the provider's `tags`.
    #[attr(optional, validate = tags::check)]
    pub tags: Value<BTreeMap<String, String>>,
    /// How long to wait for the cloud.
    #[attr(optional)]
    pub timeouts: Value<Timeouts>,
    /// What the identity provider is called by other resources: its ARN.
    #[attr(computed, stable)]
    pub id: Value<String>,
    /// ARN of the identity provider.
    #[attr(computed, stable)]
    pub arn: Value<String>,
    /// All tags: the provider's, its own, and the marks `dataplane:owner` and `dataplane:resource`.
    #[attr(computed)]
    pub tags_all: Value<BTreeMap<String, String>>,
}

fn default_audiences() -> Set<Text<Audience>> {
    "sts.amazonaws.com".parse().into_iter().collect()
}

fn some_audience(audiences: &Set<Text<Audience>>) -> std::result::Result<(), String> {
    if audiences.is_empty() {
        Err(
            "an empty set would refuse every token: leave the argument out for `sts.amazonaws.com`"
                .to_owned(),
        )
    } else {
        Ok(())
    }
}

/// How long a step waits for the cloud without `timeouts`.
const PATIENCE: Duration = Duration::from_mins(2);

impl Resource for IdentityProvider {
    const NAME: &'static str = "dataplane_identity_provider";
    const IDENTITY: &'static [&'static str] = &["arn"];
    type Client = Client;
    type Model = IdentityProviderModel;

    fn label(&self, model: &IdentityProviderModel) -> Option<String> {
        model.issuer.known().map(ToString::to_string)
    }

    async fn plan(
        &self,
        cx: &Context<Client>,
        change: &mut Change<IdentityProviderModel>,
    ) -> Result<()> {
        let (Some(client), Some(planned)) = (cx.client_if_known(), change.planned.as_mut()) else {
            return Ok(());
        };
        let name = planned.issuer.as_ref().map(|issuer| issuer.host_and_path());
        planned.tags_all = Marks::planned(client, Self::NAME, &name, &planned.tags);
        Ok(())
    }

    async fn create(
        &self,
        cx: &Context<Client>,
        plan: IdentityProviderModel,
    ) -> Applied<IdentityProviderModel> {
        let client = cx.client()?;
        let providers = &*client.clouds()?.identity_providers;
        let issuer = Issuer::clone(plan.issuer.get()?);
        let audiences = plan.wanted_audiences()?;
        let marks = Marks::new(client, Self::NAME, issuer.host_and_path());
        let new = NewIdentityProvider {
            issuer: issuer.clone(),
            audiences: audiences.clone(),
            tags: marks.creating(plan.tags.known()),
        };
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        let what = format!("the creation of the identity provider of {issuer}");
        let outcome = created(cx, deadline, what, || providers.create(&new)).await?;
        let (origin, found) = if let Some(made) = outcome {
            (Origin::Made, made)
        } else {
            let found = providers.find(&issuer).await?;
            marks.claim(&found.tags, found.id.as_str())?;
            (Origin::Continued, found)
        };
        let mut made = plan;
        made.identify(&found);
        let tags = marks.finished(made.tags.known());
        origin.keep(
            finish(cx, deadline, providers, &found, &audiences, &tags).await,
            &made,
        )?;
        made.tags_all = tags.into();
        Ok(made)
    }

    async fn read(
        &self,
        cx: &Context<Client>,
        mut state: IdentityProviderModel,
    ) -> Result<Option<IdentityProviderModel>> {
        let client = cx.client()?;
        let Some(found) = client
            .clouds()?
            .identity_providers
            .get(&state.provider_id()?)
            .await
            .optional()?
        else {
            return Ok(None);
        };
        state.identify(&found);
        state.issuer = found.issuer.into();
        state.audiences = Value::Known(found.audiences.into_iter().map(Text::from).collect());
        state.tags = drift::own_tags(client, &state.tags, &found.tags);
        state.tags_all = found.tags.into();
        Ok(Some(state))
    }

    async fn update(
        &self,
        cx: &Context<Client>,
        change: Update<IdentityProviderModel>,
    ) -> Applied<IdentityProviderModel> {
        let client = cx.client()?;
        let providers = &*client.clouds()?.identity_providers;
        let Update { plan, .. } = change;
        let audiences = plan.wanted_audiences()?;
        let found = providers.get(&plan.provider_id()?).await?;
        let marks = Marks::new(client, Self::NAME, found.issuer.host_and_path());
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        finish(
            cx,
            deadline,
            providers,
            &found,
            &audiences,
            &marks.finished(plan.tags.known()),
        )
        .await?;
        Ok(plan)
    }

    async fn delete(&self, cx: &Context<Client>, state: IdentityProviderModel) -> Result<()> {
        let providers = &*cx.client()?.clouds()?.identity_providers;
        providers.delete(&state.provider_id()?).await.optional()?;
        Ok(())
    }

    async fn import(&self, _cx: &Context<Client>, id: &str) -> Result<IdentityProviderModel> {
        let id: IdentityProviderId = id.parse()?;
        Ok(IdentityProviderModel {
            arn: id.to_string().into(),
            id: id.to_string().into(),
            ..IdentityProviderModel::default()
        })
    }
}

impl IdentityProviderModel {
    fn provider_id(&self) -> Result<IdentityProviderId> {
        Ok(self.arn.get()?.parse()?)
    }

    fn wanted_audiences(&self) -> Result<BTreeSet<Audience>> {
        Ok(self
            .audiences
            .get()?
            .iter()
            .map(|audience| Audience::clone(audience))
            .collect())
    }

    fn identify(&mut self, found: &Found) {
        self.id = found.id.to_string().into();
        self.arn = found.id.to_string().into();
    }
}

/// Makes an existing identity provider what is wanted; its tags come last, for they say that it is finished.
async fn finish(
    cx: &Context<Client>,
    deadline: Deadline,
    providers: &dyn IdentityProviders,
    found: &Found,
    audiences: &BTreeSet<Audience>,
    tags: &clouds::Tags,
) -> Result<()> {
    if found.audiences != *audiences {
        let what = format!("the audiences of {}", found.id);
        settled(cx, deadline, what, || {
            providers.set_audiences(found, audiences)
        })
        .await?;
    }
    if found.tags != *tags {
        let what = format!("the tags of {}", found.id);
        settled(cx, deadline, what, || providers.set_tags(found, tags)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clouds::memory::Memory;
    use framework::testing::Action;
    use serde_json::json;

    use super::*;
    use crate::testing::{over, owned_by, refuses, survives_every_failure, text};

    const NAME: &str = IdentityProvider::NAME;
    const ISSUER: &str = "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE";

    #[tokio::test]
    async fn basic() {
        let harness = over(&Memory::default()).await;
        let provider = harness.resource(NAME);
        provider
            .lifecycle(
                json!({ "issuer": ISSUER }),
                json!({ "issuer": ISSUER, "audiences": ["a", "b"], "tags": { "x": "y" } }),
            )
            .await;
        let state = provider.create(json!({ "issuer": ISSUER })).await;
        assert_eq!(state["audiences"], json!(["sts.amazonaws.com"]));
        assert_eq!(state["id"], state["arn"]);
        let planned = provider
            .plan(&state, json!({ "issuer": "https://other.example.com" }))
            .await;
        assert_eq!(planned.action, Action::Replace);
    }

    #[tokio::test]
    async fn disappears() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let provider = harness.resource(NAME);
        let state = provider.create(json!({ "issuer": ISSUER })).await;
        memory.change(|world| world.identity_providers.clear());
        assert!(provider.read(&state).await.is_none());
        provider.delete(state).await;
    }

    #[tokio::test]
    async fn audiences_of_others_are_shown_and_removed() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let provider = harness.resource(NAME);
        let config = json!({ "issuer": ISSUER });
        let state = provider.create(config.clone()).await;
        memory.change(|world| {
            let found = world.identity_providers.values_mut().next().unwrap();
            found.audiences.insert("theirs".parse().unwrap());
        });
        let found = provider.read(&state).await.unwrap();
        assert_eq!(found["audiences"], json!(["sts.amazonaws.com", "theirs"]));
        let mended = provider.update(&found, config.clone()).await;
        provider.settled(&mended, config).await;
    }

    #[tokio::test]
    async fn a_create_that_fails_anywhere_is_completed_by_the_next() {
        survives_every_failure(NAME, json!({ "issuer": ISSUER }), |world| {
            world.identity_providers.len()
        })
        .await;
    }

    #[tokio::test]
    async fn one_that_was_made_with_the_cluster_is_left_alone() {
        let memory = Memory::default();
        owned_by("acme-test", &memory)
            .await
            .resource(NAME)
            .create(json!({ "issuer": ISSUER }))
            .await;
        let harness = over(&memory).await;
        let said = text(
            &harness
                .resource(NAME)
                .try_create(json!({ "issuer": ISSUER }))
                .await
                .unwrap_err()
                .diagnostics,
        );
        assert!(
            said.contains("exists already") && said.contains("acme-test"),
            "{said}"
        );
    }

    #[tokio::test]
    async fn imported_it_is_what_was_made() {
        let harness = over(&Memory::default()).await;
        let provider = harness.resource(NAME);
        let state = provider.create(json!({ "issuer": ISSUER })).await;
        let imported = provider.import(state["arn"].as_str().unwrap()).await;
        provider
            .settled(&imported, json!({ "issuer": ISSUER }))
            .await;
        let imported = provider.import_identity(&state).await.unwrap();
        provider
            .settled(&imported, json!({ "issuer": ISSUER }))
            .await;
    }

    #[tokio::test]
    async fn bad_input_is_refused_where_it_stands() {
        let harness = over(&Memory::default()).await;
        let provider = harness.resource(NAME);
        refuses(
            &provider,
            json!({ "issuer": "http://issuer.example.com" }),
            "issuer",
            &["https://"],
        )
        .await;
        refuses(
            &provider,
            json!({ "issuer": ISSUER, "audiences": [] }),
            "audiences",
            &["refuse every token"],
        )
        .await;
    }
}
