//! Identity providers, which Azure has not: a managed identity trusts a cluster's issuer by itself, credential by credential.
//!
//! Calls: none.

use std::collections::BTreeSet;

use async_trait::async_trait;
use clouds::error::Call;
use clouds::identity_providers::{
    Audience, IdentityProvider, IdentityProviderId, IdentityProviders, NewIdentityProvider,
};
use clouds::{Error, Refusal, Result, Tags};

use crate::Azure;
use crate::federated_credentials::AUDIENCE;

const INSTEAD: &str = "Azure has no identity providers: leave this out, and give each role `trust = { azure = { issuer = … } }` with the \
                       cluster's issuer.";

fn unsupported<T>() -> Result<T> {
    let call = Call::new("use an identity provider", "Azure").because(INSTEAD);
    Err(Error::Unsupported(Box::new(call)))
}

#[async_trait]
impl IdentityProviders for Azure {
    fn check(&self, _: &NewIdentityProvider) -> Vec<Refusal> {
        vec![Refusal::new("issuer", INSTEAD)]
    }

    fn default_audiences(&self) -> BTreeSet<Audience> {
        AUDIENCE.parse().into_iter().collect()
    }

    async fn create(&self, _: &NewIdentityProvider) -> Result<IdentityProvider> {
        unsupported()
    }

    async fn get(&self, _: &IdentityProviderId) -> Result<IdentityProvider> {
        unsupported()
    }

    async fn find(&self, _: &NewIdentityProvider) -> Result<IdentityProvider> {
        unsupported()
    }

    async fn set_audiences(&self, _: &IdentityProvider, _: &BTreeSet<Audience>) -> Result<()> {
        unsupported()
    }

    async fn set_tags(&self, _: &IdentityProvider, _: &Tags) -> Result<()> {
        unsupported()
    }

    async fn delete(&self, _: &IdentityProviderId) -> Result<()> {
        unsupported()
    }
}
