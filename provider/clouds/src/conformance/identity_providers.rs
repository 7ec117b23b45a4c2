//! How identity providers behave.

use super::{Environment, assert_exists, assert_gone};
use crate::account::Managed;
use crate::identity_providers::{IdentityProvider, IdentityProviders, NewIdentityProvider};

/// The whole suite.
pub async fn suite(providers: &dyn IdentityProviders, environment: &Environment) {
    life(providers, environment).await;
    tags(providers, environment).await;
    audiences(providers, environment).await;
}

async fn create(providers: &dyn IdentityProviders, new: &NewIdentityProvider) -> IdentityProvider {
    let made = providers.create(new).await.unwrap();
    assert_exists(providers.create(new).await);
    made
}

fn wanted(environment: &Environment, name: &str) -> NewIdentityProvider {
    let issuer = format!("https://issuer.example.com/{}/{name}", environment.run);
    NewIdentityProvider {
        name: None,
        issuer: issuer.parse().unwrap(),
        audiences: [environment.names.audience.parse().unwrap()].into(),
        tags: environment.marks(Managed::IdentityProviders),
    }
}

/// Found by id and by issuer, marked from the creating call on, gone when deleted.
pub async fn life(providers: &dyn IdentityProviders, environment: &Environment) {
    let new = wanted(environment, "life");
    assert_gone(providers.find(&new).await);
    let created = create(providers, &new).await;
    assert_eq!(created.tags, environment.marks(Managed::IdentityProviders));
    assert_eq!(providers.get(&created.id).await.unwrap(), created);
    assert_eq!(providers.find(&new).await.unwrap(), created);
    providers.delete(&created.id).await.unwrap();
    assert_gone(providers.get(&created.id).await);
    assert_gone(providers.find(&new).await);
}

/// Tags are replaced.
pub async fn tags(providers: &dyn IdentityProviders, environment: &Environment) {
    let created = create(providers, &wanted(environment, "tags")).await;
    providers
        .set_tags(&created, &environment.made(Managed::IdentityProviders))
        .await
        .unwrap();
    assert_eq!(
        providers.get(&created.id).await.unwrap().tags,
        environment.made(Managed::IdentityProviders)
    );
    providers.delete(&created.id).await.unwrap();
}

/// Audiences are added and removed.
pub async fn audiences(providers: &dyn IdentityProviders, environment: &Environment) {
    let created = create(providers, &wanted(environment, "audiences")).await;
    let wanted = [
        environment.names.audience.parse().unwrap(),
        "control-plane".parse().unwrap(),
    ]
    .into();
    providers.set_audiences(&created, &wanted).await.unwrap();
    let found = providers.get(&created.id).await.unwrap();
    assert_eq!(found.audiences, wanted);
    providers
        .set_audiences(&found, &created.audiences)
        .await
        .unwrap();
    assert_eq!(
        providers.get(&created.id).await.unwrap().audiences,
        created.audiences
    );
    providers.delete(&created.id).await.unwrap();
}
