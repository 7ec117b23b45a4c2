//! `dataplane_identity_provider`: the account's trust in the tokens that a cluster issues.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use clouds::{
    error::Optional,
    identity_providers::{
        Audience, IdentityProvider as Found, IdentityProviderId, IdentityProviderName,
        IdentityProviders, Issuer, NewIdentityProvider,
    },
    tags::Tags,
};
use framework::{
    Applied, Change, Context, Model, Resource, Result, Set, Text, Timeouts, Update, Value,
};

use crate::{
    client::Client,
    drift,
    ownership::{self, Apply, Creation, Kind, Managed, Marks, Origin},
    refusals, settle, tags,
};

/// The resource.
pub struct IdentityProvider;

/// The account's trust in the tokens that a cluster issues to its service accounts, so that `dataplane_role` can name some
/// of them: an OIDC provider of IAM on AWS, a workload identity pool with one provider on Google Cloud. Azure has none: there each
/// role trusts the issuer itself (`trust.azure`). One per cluster; where the cluster was made with one, as every GKE cluster with Workload
/// Identity is, name that one in the role's `trust` instead.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct IdentityProviderModel {
    /// Issuer of the cluster's tokens, for example `https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE`.
    #[attr(required, replaces)]
    pub issuer: Value<Text<Issuer>>,
    /// Name of the workload identity pool, on Google Cloud: 4 to 32 lower-case letters, digits and hyphens. AWS gives it no name. Default:
    /// one that follows from the issuer.
    #[attr(optional, computed, stable, replaces)]
    pub name: Value<Text<IdentityProviderName>>,
    /// For whom tokens have to be made out. Default: `sts.amazonaws.com` on AWS; on Google Cloud none, which means the full name of the
    /// identity provider.
    #[attr(optional, computed, validate = some_audience)]
    pub audiences: Value<Set<Text<Audience>>>,
    /// Tags of the identity provider, added to the provider's `tags`.
    #[attr(optional, validate = tags::check)]
    pub tags: Value<BTreeMap<String, String>>,
    /// How long to wait for the cloud.
    #[attr(optional)]
    pub timeouts: Value<Timeouts>,
    /// What the identity provider is called by other resources: its ARN, on Google Cloud its full resource name.
    #[attr(computed, stable)]
    pub id: Value<String>,
    /// ARN of the identity provider; on Google Cloud its full resource name, `projects/…/workloadIdentityPools/…/providers/…`.
    #[attr(computed, stable)]
    pub arn: Value<String>,
    /// All tags: the provider's, its own, and the marks `dataplane:owner` and `dataplane:resource`.
    #[attr(computed)]
    pub tags_all: Value<BTreeMap<String, String>>,
}

fn some_audience(audiences: &Set<Text<Audience>>) -> std::result::Result<(), String> {
    if audiences.is_empty() {
        Err(
            "an empty set would refuse every token: leave the argument out for what the cloud expects"
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
        let (Some(client), Some(config), Some(planned)) = (
            cx.client_if_known(),
            change.config.as_ref(),
            change.planned.as_mut(),
        ) else {
            return Ok(());
        };
        let providers = &*client.clouds()?.identity_providers;
        if config.audiences.is_null() {
            planned.audiences = audiences(providers.default_audiences());
        }
        if config.name.is_null()
            && let Some(prior) = &change.prior
        {
            planned.name = prior.name.clone();
        }
        let checked = planned.check(providers, change.prior.as_ref());
        let name = planned.issuer.as_ref().map(|issuer| issuer.host_and_path());
        let tags = Marks::planned(client, Kind::IdentityProviders, &name, &planned.tags);
        planned.tags_all = refusals::along(checked, tags)?;
        Ok(())
    }

    async fn create(
        &self,
        cx: &Context<Client>,
        plan: IdentityProviderModel,
    ) -> Applied<IdentityProviderModel> {
        ownership::create(&Wanted::of(cx, &plan, None)?, plan).await
    }

    async fn read(
        &self,
        cx: &Context<Client>,
        mut state: IdentityProviderModel,
    ) -> Result<Option<IdentityProviderModel>> {
        let client = cx.client()?;
        let Some(mut found) = client
            .clouds()?
            .identity_providers
            .get(&state.provider_id()?)
            .await
            .optional()?
        else {
            return Ok(None);
        };
        found.tags = drift::our_tags(
            client,
            (Kind::IdentityProviders, found.issuer.host_and_path()),
            &state.tags_all,
            found.tags,
        )?;
        state.identify(&found);
        state.audiences = shown(&found);
        state.issuer = found.issuer.into();
        state.tags = drift::own_tags(client, &state.tags, &found.tags);
        Ok(Some(state))
    }

    async fn update(
        &self,
        cx: &Context<Client>,
        change: Update<IdentityProviderModel>,
    ) -> Applied<IdentityProviderModel> {
        let Update { prior, plan } = change;
        let wanted = Wanted::of(cx, &plan, Some(&prior))?;
        ownership::update(&wanted, plan, &prior.tags_all).await
    }

    async fn delete(&self, cx: &Context<Client>, state: IdentityProviderModel) -> Result<()> {
        let providers = &*cx.client()?.clouds()?.identity_providers;
        let id = state.provider_id()?;
        let deadline = cx.deadline(&state.timeouts, PATIENCE);
        let object = format!("identity provider {id}");
        settle::deleted(cx, deadline, object, || providers.delete(&id)).await
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

    /// Refuses what this cloud does not take, as far as it is known.
    fn check(&self, providers: &dyn IdentityProviders, prior: Option<&Self>) -> Result<()> {
        // What refuses this issuer refuses any: the cloud has no identity providers.
        let mut asked = self.clone();
        asked.issuer = refusals::named(&self.issuer, "https://not-known-yet.example")?;
        let refused = providers.check(&asked.wanted(Tags::new())?);
        refusals::none_of(refused, &[], prior, &asked)
    }

    /// What is unknown is as if it were left out.
    fn wanted(&self, tags: Tags) -> Result<NewIdentityProvider> {
        let name = self.name.known();
        let audiences = self.audiences.known().into_iter().flatten();
        Ok(NewIdentityProvider {
            name: name.map(|name| IdentityProviderName::clone(name)),
            issuer: Issuer::clone(self.issuer.get()?),
            audiences: audiences
                .map(|audience| Audience::clone(audience))
                .collect(),
            tags,
        })
    }

    fn identify(&mut self, found: &Found) {
        match found.id.pool().and_then(|pool| pool.parse().ok()) {
            Some(pool) => self.name = Value::Known(pool),
            None if self.name.is_unknown() => self.name = Value::Null,
            None => {}
        }
        self.id = found.id.to_string().into();
        self.arn = found.id.to_string().into();
        self.tags_all = found.tags.clone().into();
    }
}

/// None where the provider was altered: it does not take the tokens of its audiences as it should.
fn shown(found: &Found) -> Value<Set<Text<Audience>>> {
    if found.altered {
        Value::Null
    } else {
        audiences(found.audiences.clone())
    }
}

fn audiences(all: BTreeSet<Audience>) -> Value<Set<Text<Audience>>> {
    Value::Known(all.into_iter().map(Text::from).collect())
}

/// An identity provider as its arguments say.
struct Wanted<'a> {
    apply: Apply<'a>,
    providers: &'a dyn IdentityProviders,
    /// None until it is made.
    id: Option<IdentityProviderId>,
    new: NewIdentityProvider,
}

impl<'a> Wanted<'a> {
    fn of(
        cx: &'a Context<Client>,
        plan: &IdentityProviderModel,
        prior: Option<&IdentityProviderModel>,
    ) -> Result<Self> {
        let providers = &*cx.client()?.clouds()?.identity_providers;
        plan.check(providers, prior)?;
        let issuer = Issuer::clone(plan.issuer.get()?);
        let time = (&plan.timeouts, PATIENCE);
        let name = issuer.host_and_path();
        let apply = Apply::new(cx, Kind::IdentityProviders, name, &plan.tags, time)?;
        Ok(Self {
            providers,
            id: plan.arn.known().map(|arn| arn.parse()).transpose()?,
            new: plan.wanted(apply.creating.clone())?,
            apply,
        })
    }
}

impl Managed for Wanted<'_> {
    type Model = IdentityProviderModel;
    type Found = Found;

    fn apply(&self) -> &Apply<'_> {
        &self.apply
    }

    fn tags(found: &mut Found) -> &mut Tags {
        &mut found.tags
    }

    async fn make(&self) -> Result<Creation<Found>> {
        let made = self
            .apply
            .created(|| self.providers.create(&self.new))
            .await?;
        Ok(made.into())
    }

    async fn find(&self) -> clouds::Result<Found> {
        match &self.id {
            Some(id) => self.providers.get(id).await,
            None => self.providers.find(&self.new).await,
        }
    }

    async fn take_up(&self) -> Result<Found> {
        let found = self.find().await?;
        self.apply.marks.claim(&found.tags, found.id.as_str())?;
        Ok(found)
    }

    async fn configure(&self, found: Found, _origin: Origin) -> Result<Found> {
        let audiences = &self.new.audiences;
        if found.altered || found.audiences != *audiences {
            self.apply
                .settled("audiences", || {
                    self.providers.set_audiences(&found, audiences)
                })
                .await?;
        }
        Ok(found)
    }

    async fn set_tags(&self, found: &Found, tags: &Tags) -> clouds::Result<()> {
        self.providers.set_tags(found, tags).await
    }

    fn record(model: &mut IdentityProviderModel, found: &Found) {
        model.identify(found);
    }
}

#[cfg(test)]
mod tests;
