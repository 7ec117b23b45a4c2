//! How buckets behave.

use super::{Environment, assert_exists, assert_gone};
use crate::account::Managed;
use crate::buckets::{BucketId, BucketSettings, Buckets, Encryption, Expiration, NewBucket};
use crate::error::Error;
use crate::tags::CREATING;

/// The whole suite.
pub async fn suite(buckets: &dyn Buckets, environment: &Environment) {
    life(buckets, environment).await;
    settings(buckets, environment).await;
    drift(buckets, environment).await;
    contents(buckets, environment).await;
}

/// A bucket's settings where nothing is said.
fn plain(buckets: &dyn Buckets) -> BucketSettings {
    BucketSettings {
        soft_delete_days: buckets.default_soft_delete_days(),
        ..BucketSettings::plain()
    }
}

async fn create(buckets: &dyn Buckets, environment: &Environment, name: &str) -> BucketId {
    let id = environment.bucket(name);
    buckets
        .create(&NewBucket {
            id: id.clone(),
            hierarchical: false,
            kms_key: None,
            tags: environment.marks(Managed::Buckets),
        })
        .await
        .unwrap();
    id
}

/// Marked from the creating call on, refused a second time, gone when deleted.
pub async fn life(buckets: &dyn Buckets, environment: &Environment) {
    let id = create(buckets, environment, "life").await;
    let found = buckets.get(&id).await.unwrap();
    assert_eq!(found.id, id);
    assert_eq!(found.tags, environment.marks(Managed::Buckets));
    assert!(found.uri.contains(id.name.as_str()));
    assert_exists(
        buckets
            .create(&NewBucket {
                id: id.clone(),
                hierarchical: false,
                kms_key: None,
                tags: environment.made(Managed::Buckets),
            })
            .await,
    );
    assert_eq!(
        buckets.get(&id).await.unwrap().tags,
        environment.marks(Managed::Buckets),
        "a refused create leaves the tags alone"
    );
    buckets
        .set_tags(&found, &environment.made(Managed::Buckets))
        .await
        .unwrap();
    let tags = buckets.get(&id).await.unwrap().tags;
    assert!(!tags.contains_key(CREATING));
    assert_eq!(tags, environment.made(Managed::Buckets));
    buckets.delete(&id).await.unwrap();
    assert_gone(buckets.get(&id).await);
    assert_gone(buckets.delete(&id).await);
    assert_gone(buckets.contents(&id, 10).await);
}

/// What was set is found, and settings go back as they came.
pub async fn settings(buckets: &dyn Buckets, environment: &Environment) {
    let id = create(buckets, environment, "settings").await;
    let full = BucketSettings {
        encryption: Encryption::Key(environment.kms_key.clone()),
        versioning: true,
        expiration: [
            Expiration {
                prefix: Some("raw/".parse().unwrap()),
                days: 30,
            },
            Expiration {
                prefix: None,
                days: 365,
            },
        ]
        .into(),
        cors_origins: ["https://*.unionai.cloud".parse().unwrap()].into(),
        ..plain(buckets).with_statements((environment.statements)(&id))
    };
    for wanted in [plain(buckets), full, plain(buckets)] {
        let found = buckets.get(&id).await.unwrap();
        buckets.configure(&found, &wanted).await.unwrap();
        let found = buckets.get(&id).await.unwrap();
        assert_eq!(found.settings, wanted);
        assert_eq!(found.protections, buckets.protections());
        assert!(!found.differs(&wanted, &buckets.protections()));
    }
    buckets.delete(&id).await.unwrap();
}

/// Protections that somebody took away are missed, and put back.
pub async fn drift(buckets: &dyn Buckets, environment: &Environment) {
    let id = create(buckets, environment, "drift").await;
    let wanted = plain(buckets);
    buckets
        .configure(&buckets.get(&id).await.unwrap(), &wanted)
        .await
        .unwrap();
    let lost = environment.stranger.open_bucket(&id).await;
    assert!(!lost.is_empty());
    let found = buckets.get(&id).await.unwrap();
    for lost in lost {
        assert!(
            !found.protections.contains(&lost),
            "{lost} should be missed"
        );
    }
    let all = buckets.protections();
    assert!(found.differs(&wanted, &all));
    buckets.configure(&found, &wanted).await.unwrap();
    assert!(!buckets.get(&id).await.unwrap().differs(&wanted, &all));
    buckets.delete(&id).await.unwrap();
}

/// A bucket with content is counted, kept, emptied, and only then deleted.
pub async fn contents(buckets: &dyn Buckets, environment: &Environment) {
    let id = create(buckets, environment, "contents").await;
    assert_eq!(buckets.contents(&id, 10).await.unwrap().total(), 0);
    environment.stranger.fill_bucket(&id, 3).await;
    let counted = buckets.contents(&id, 10).await.unwrap();
    assert_eq!((counted.objects, counted.more), (3, false));
    assert!(counted.prefixes.contains("raw/"));
    let counted = buckets.contents(&id, 2).await.unwrap();
    assert_eq!((counted.objects, counted.more), (2, true));
    let refused = buckets.delete(&id).await;
    assert!(matches!(refused, Err(Error::NotEmpty(_))), "{refused:?}");
    assert_eq!(buckets.empty(&id).await.unwrap(), 3);
    assert_eq!(buckets.contents(&id, 10).await.unwrap().total(), 0);
    buckets.delete(&id).await.unwrap();
}
