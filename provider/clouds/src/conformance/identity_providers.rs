//! How identity providers behave.

use super::{Environment, assert_exists, assert_gone, made, marks};
use crate::identity_providers::{IdentityProvider, IdentityProviders, Issuer, NewIdentityProvider};

/// The whole suite.
pub async fn suite(providers: &dyn IdentityProviders, environment: &Environment) {
    life(providers, environment).await;
    tags(providers, environment).await;
    audiences(providers, environment).await;
}

async fn create(providers: &dyn IdentityProviders, issuer: &Issuer) -> IdentityProvider {
    let new = NewIdentityProvider {
        issuer: issuer.clone(),
        audiences: ["sts.amazonaws.com".parse().unwrap()].into(),
        tags: marks(),
    };
    let made = providers.create(&new).await.unwrap();
    assert_exists(providers.create(&new).await);
    made
}

fn issuer(environment: &Environment, name: &str) -> Issuer {
    format!("https://issuer.example.com/{}/{name}", environment.run)
        .parse()
        .unwrap()
}

/// Found by id and by issuer, marked from the creating call on, gone when deleted.
pub async fn life(providers: &dyn IdentityProviders, environment: &Environment) {
    let issuer = issuer(environment, "life");
    assert_gone(providers.find(&issuer).await);
    let created = create(providers, &issuer).await;
    assert_eq!(created.tags, marks());
    assert_eq!(providers.get(&created.id).await.unwrap(), created);
    assert_eq!(providers.find(&issuer).await.unwrap(), created);
    providers.delete(&created.id).await.unwrap();
    assert_gone(providers.get(&created.id).await);
    assert_gone(providers.find(&issuer).await);
}

/// Tags are replaced.
pub async fn tags(providers: &dyn IdentityProviders, environment: &Environment) {
    let created = create(providers, &issuer(environment, "tags")).await;
    providers.set_tags(&created, &made()).await.unwrap();
    assert_eq!(providers.get(&created.id).await.unwrap().tags, made());
    providers.delete(&created.id).await.unwrap();
}

/// Audiences are added and removed.
pub async fn audiences(providers: &dyn IdentityProviders, environment: &Environment) {
    let created = create(providers, &issuer(environment, "audiences")).await;
    let wanted = [
        "sts.amazonaws.com".parse().unwrap(),
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
