//! How secrets behave.

use super::{Environment, assert_exists, assert_gone};
use crate::account::Managed;
use crate::secrets::{Deletion, NewSecret, SecretText, Secrets};

/// The whole suite.
pub async fn suite(secrets: &dyn Secrets, environment: &Environment) {
    life(secrets, environment).await;
    recovery(secrets, environment).await;
}

fn new(environment: &Environment, name: &str) -> NewSecret {
    NewSecret {
        name: environment.secret(name),
        kms_key: None,
        value: Some(SecretText::from("first".to_owned())),
        tags: environment.marks(Managed::Secrets),
    }
}

/// Marked from the creating call on; each value is a new version; gone when deleted for good.
pub async fn life(secrets: &dyn Secrets, environment: &Environment) {
    let new = new(environment, "life");
    let created = secrets.create(&new).await.unwrap();
    assert_exists(secrets.create(&new).await);
    assert!(created.version.is_some());
    let found = secrets.get(&new.name).await.unwrap();
    assert_eq!(found, created);
    let version = secrets
        .put_value(&new.name, &SecretText::from("second".to_owned()))
        .await
        .unwrap();
    assert_ne!(Some(&version), created.version.as_ref());
    assert_eq!(secrets.get(&new.name).await.unwrap().version, Some(version));
    secrets
        .set_tags(&found, &environment.made(Managed::Secrets))
        .await
        .unwrap();
    assert_eq!(
        secrets.get(&new.name).await.unwrap().tags,
        environment.made(Managed::Secrets)
    );
    secrets.delete(&new.name, Deletion::Now).await.unwrap();
    assert_gone(secrets.get(&new.name).await);
}

/// A secret that waits for its deletion keeps its name, and comes back, where the cloud keeps deleted ones.
pub async fn recovery(secrets: &dyn Secrets, environment: &Environment) {
    let later = secrets.default_deletion();
    if later == Deletion::Now {
        return;
    }
    let new = new(environment, "recovery");
    secrets.create(&new).await.unwrap();
    secrets.delete(&new.name, later).await.unwrap();
    assert!(secrets.get(&new.name).await.unwrap().deleted);
    assert_exists(secrets.create(&new).await);
    secrets.restore(&new.name).await.unwrap();
    let found = secrets.get(&new.name).await.unwrap();
    assert!(!found.deleted);
    assert_eq!(found.tags, environment.marks(Managed::Secrets));
    secrets.delete(&new.name, Deletion::Now).await.unwrap();
    assert_gone(secrets.get(&new.name).await);
}
