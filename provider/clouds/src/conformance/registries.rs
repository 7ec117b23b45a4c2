//! How registries behave.

use super::{Environment, assert_exists, assert_gone};
use crate::account::Managed;
use crate::error::Error;
use crate::registries::{NewRegistry, Registries, RegistryName, RegistrySettings};

/// The whole suite.
pub async fn suite(registries: &dyn Registries, environment: &Environment) {
    life(registries, environment).await;
    images(registries, environment).await;
}

fn new(registries: &dyn Registries, environment: &Environment, name: &str) -> NewRegistry {
    NewRegistry {
        name: environment.registry(name),
        kms_key: None,
        settings: registries.defaults(),
        tags: environment.marks(Managed::Registries),
    }
}

/// Marked from the creating call on, configured by differences, gone when deleted.
pub async fn life(registries: &dyn Registries, environment: &Environment) {
    let new = new(registries, environment, "life");
    let created = registries.create(&new).await.unwrap();
    assert_exists(registries.create(&new).await);
    assert!(created.url.contains(new.name.as_str()));
    let found = registries.get(&new.name).await.unwrap();
    assert_eq!(found, created);
    let plain = registries.defaults();
    let kept = RegistrySettings {
        keep_last: Some(20),
        ..plain
    };
    let open = RegistrySettings {
        immutable_tags: false,
        scan_on_push: false,
        keep_last: Some(5),
    };
    let takes = |settings: &RegistrySettings| {
        let wanted = NewRegistry {
            settings: *settings,
            ..new.clone()
        };
        registries.check(&wanted).is_empty()
    };
    assert!(takes(&plain), "a cloud takes its own defaults");
    for wanted in [kept, open, plain].into_iter().filter(takes) {
        let found = registries.get(&new.name).await.unwrap();
        registries.configure(&found, &wanted).await.unwrap();
        assert_eq!(registries.get(&new.name).await.unwrap().settings, wanted);
    }
    registries
        .set_tags(&found, &environment.made(Managed::Registries))
        .await
        .unwrap();
    assert_eq!(
        registries.get(&new.name).await.unwrap().tags,
        environment.made(Managed::Registries)
    );
    registries.delete(&new.name, false).await.unwrap();
    assert_gone(registries.get(&new.name).await);
    assert_gone(registries.delete(&new.name, true).await);
}

/// A registry with images is counted and deleted only by force.
pub async fn images(registries: &dyn Registries, environment: &Environment) {
    let new = new(registries, environment, "images");
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
