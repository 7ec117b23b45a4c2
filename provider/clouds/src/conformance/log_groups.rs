//! How log groups behave.

use super::{Environment, assert_exists, assert_gone};
use crate::account::Managed;
use crate::log_groups::{LogGroupSettings, LogGroups, NewLogGroup, Retention};

/// The whole suite.
pub async fn suite(groups: &dyn LogGroups, environment: &Environment) {
    let new = NewLogGroup {
        name: environment.name("tasks"),
        kms_key: None,
        tags: environment.marks(Managed::LogGroups),
    };
    // A longer name that begins like ours must not be taken for it.
    let longer = NewLogGroup {
        name: environment.name("tasks-more"),
        ..new.clone()
    };
    groups.create(&longer).await.unwrap();
    assert_gone(groups.get(&new.name).await);
    groups.create(&new).await.unwrap();
    assert_exists(groups.create(&new).await);
    let found = groups.get(&new.name).await.unwrap();
    assert_eq!(
        (&found.name, &found.tags),
        (&new.name, &environment.marks(Managed::LogGroups))
    );
    let plain = LogGroupSettings {
        retention: groups.default_retention(),
        kms_key: None,
    };
    assert_eq!(found.settings, plain);
    let days = |days| LogGroupSettings {
        retention: Retention::try_from(days).ok(),
        kms_key: None,
    };
    for wanted in [days(90), days(60), plain] {
        assert_eq!(groups.check(&new.name, &wanted), []);
        groups
            .configure(&groups.get(&new.name).await.unwrap(), &wanted)
            .await
            .unwrap();
        assert_eq!(groups.get(&new.name).await.unwrap().settings, wanted);
    }
    groups
        .set_tags(&found, &environment.made(Managed::LogGroups))
        .await
        .unwrap();
    assert_eq!(
        groups.get(&new.name).await.unwrap().tags,
        environment.made(Managed::LogGroups)
    );
    for name in [&new.name, &longer.name] {
        groups.delete(name).await.unwrap();
        assert_gone(groups.get(name).await);
        assert_gone(groups.delete(name).await);
    }
}
