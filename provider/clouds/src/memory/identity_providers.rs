//! Identity providers, in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{Memory, World, missing, taken};
use crate::error::{Call, Error, Result};
use crate::identity_providers::{
    Audience, IdentityProvider, IdentityProviderId, IdentityProviders, NewIdentityProvider,
};
use crate::refusal::Refusal;
use crate::tags::Tags;

#[async_trait]
impl IdentityProviders for Memory {
    fn check(&self, _: &NewIdentityProvider) -> Vec<Refusal> {
        self.refusals("identity_providers.check")
    }

    fn default_audiences(&self) -> BTreeSet<Audience> {
        "sts.memory.invalid".parse().into_iter().collect()
    }

    async fn create(&self, new: &NewIdentityProvider) -> Result<IdentityProvider> {
        self.run("identity_providers.create", |world| {
            let text = format!(
                "arn:memory:iam::{}:oidc-provider/{}",
                world.account,
                new.issuer.host_and_path()
            );
            let id: IdentityProviderId = text.parse().map_err(|error: crate::ParseError| {
                let call =
                    Call::new("identity_providers.create", &new.issuer).because(error.to_string());
                Error::Invalid(Box::new(call))
            })?;
            if world.identity_providers.contains_key(&id) {
                return Err(taken("identity_providers.create", &new.issuer));
            }
            let provider = IdentityProvider {
                id: id.clone(),
                issuer: new.issuer.clone(),
                audiences: new.audiences.clone(),
                altered: false,
                tags: new.tags.clone(),
            };
            world.identity_providers.insert(id, provider.clone());
            Ok(provider)
        })
    }

    async fn get(&self, id: &IdentityProviderId) -> Result<IdentityProvider> {
        self.run("identity_providers.get", |world| {
            Ok(find(world, "identity_providers.get", id)?.clone())
        })
    }

    async fn find(&self, wanted: &NewIdentityProvider) -> Result<IdentityProvider> {
        self.run("identity_providers.find", |world| {
            let mut all = world.identity_providers.values();
            let found = all
                .find(|provider| provider.issuer == wanted.issuer)
                .cloned();
            found.ok_or_else(|| missing("identity_providers.find", &wanted.issuer))
        })
    }

    async fn set_audiences(
        &self,
        found: &IdentityProvider,
        audiences: &BTreeSet<Audience>,
    ) -> Result<()> {
        self.run("identity_providers.set_audiences", |world| {
            let provider = find(world, "identity_providers.set_audiences", &found.id)?;
            provider.audiences.clone_from(audiences);
            provider.altered = false;
            Ok(())
        })
    }

    async fn set_tags(&self, found: &IdentityProvider, tags: &Tags) -> Result<()> {
        self.run("identity_providers.set_tags", |world| {
            find(world, "identity_providers.set_tags", &found.id)?.tags = tags.clone();
            Ok(())
        })
    }

    async fn delete(&self, id: &IdentityProviderId) -> Result<()> {
        self.run("identity_providers.delete", |world| {
            let gone = world.identity_providers.remove(id);
            gone.map(|_| ())
                .ok_or_else(|| missing("identity_providers.delete", id))
        })
    }
}

fn find<'w>(
    world: &'w mut World,
    operation: &'static str,
    id: &IdentityProviderId,
) -> Result<&'w mut IdentityProvider> {
    world
        .identity_providers
        .get_mut(id)
        .ok_or_else(|| missing(operation, id))
}
