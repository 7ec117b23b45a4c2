//! How registries behave.

use super::{Environment, assert_exists, assert_gone, made, marks};
use crate::error::Error;
use crate::registries::{NewRegistry, Registries, RegistryName, RegistrySettings};

/// The whole suite.
pub async fn suite(registries: &dyn Registries, environment: &Environment) {
    life(registries, environment).await;
    images(registries, environment).await;
}

const PLAIN: RegistrySettings = RegistrySettings {
    immutable_tags: true,
    scan_on_push: true,
    keep_last: None,
};

fn new(environment: &Environment, name: &str) -> NewRegistry {
    NewRegistry {
        name: environment.name(name),
        kms_key: None,
        settings: PLAIN,
        tags: marks(),
    }
}

/// Marked from the creating call on, configured by differences, gone when deleted.
pub async fn life(registries: &dyn Registries, environment: &Environment) {
    let new = new(environment, "tasks/life");
    let created = registries.create(&new).await.unwrap();
    assert_exists(registries.create(&new).await);
    assert!(created.url.ends_with(new.name.as_str()));
    let found = registries.get(&new.name).await.unwrap();
    assert_eq!(found, created);
    let kept = RegistrySettings {
        keep_last: Some(20),
        ..PLAIN
    };
    let open = RegistrySettings {
        immutable_tags: false,
        scan_on_push: false,
        keep_last: Some(5),
    };
    for wanted in [kept, open, PLAIN] {
        let found = registries.get(&new.name).await.unwrap();
        registries.configure(&found, &wanted).await.unwrap();
        assert_eq!(registries.get(&new.name).await.unwrap().settings, wanted);
    }
    registries.set_tags(&found, &made()).await.unwrap();
    assert_eq!(registries.get(&new.name).await.unwrap().tags, made());
    registries.delete(&new.name, false).await.unwrap();
    assert_gone(registries.get(&new.name).await);
    assert_gone(registries.delete(&new.name, true).await);
}

/// A registry with images is counted and deleted only by force.
pub async fn images(registries: &dyn Registries, environment: &Environment) {
    let new = new(environment, "tasks/images");
    registries.create(&new).await.unwrap();
    let name: &RegistryName = &new.name;
    assert_eq!(registries.images(name, 10).await.unwrap().count, 0);
    environment.stranger.push_image(name).await;
    let images = registries.images(name, 10).await.unwrap();
    assert_eq!((images.count, images.more), (1, false));
    let refused = registries.delete(name, false).await;
    assert!(matches!(refused, Err(Error::NotEmpty(_))), "{refused:?}");
    registries.delete(name, true).await.unwrap();
    assert_gone(registries.get(name).await);
}
