//! How log groups behave.

use super::{Environment, assert_exists, assert_gone, made, marks};
use crate::log_groups::{LogGroupSettings, LogGroups, NewLogGroup, Retention};

/// The whole suite.
pub async fn suite(groups: &dyn LogGroups, environment: &Environment) {
    let new = NewLogGroup {
        name: environment.name("tasks"),
        kms_key: None,
        tags: marks(),
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
    assert_eq!((&found.name, &found.tags), (&new.name, &marks()));
    assert_eq!(found.settings, LogGroupSettings::default());
    for retention in [Some(30), Some(7), None] {
        let wanted = LogGroupSettings {
            retention: retention.map(|days| Retention::try_from(days).unwrap()),
            kms_key: None,
        };
        groups
            .configure(&groups.get(&new.name).await.unwrap(), &wanted)
            .await
            .unwrap();
        assert_eq!(groups.get(&new.name).await.unwrap().settings, wanted);
    }
    groups.set_tags(&found, &made()).await.unwrap();
    assert_eq!(groups.get(&new.name).await.unwrap().tags, made());
    for name in [&new.name, &longer.name] {
        groups.delete(name).await.unwrap();
        assert_gone(groups.get(name).await);
        assert_gone(groups.delete(name).await);
    }
}
