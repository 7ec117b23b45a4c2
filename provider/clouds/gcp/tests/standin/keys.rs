//! Keys of the key service: with the creating call, and what of them can change.

use clouds::account::KmsKey;
use clouds::buckets::{BucketId, Encryption, NewBucket};
use clouds::log_groups::{LogGroupSettings, NewLogGroup, Retention};
use clouds::registries::NewRegistry;
use clouds::secrets::NewSecret;
use clouds::{Error, Tags};
use serde_json::json;

use crate::REGION;
use crate::project::Project;

fn key(name: &str) -> KmsKey {
    let key = format!("projects/keys/locations/{REGION}/keyRings/r/cryptoKeys/{name}");
    key.parse().unwrap()
}

/// As the organisation's policy `gcp.restrictNonCmekServices` has it.
#[tokio::test]
async fn everything_can_be_made_where_nothing_is_made_without_one() {
    let project = Project::new("keys").await;
    let clouds = clouds_gcp::connect(project.config(REGION));
    let services = ["storage", "artifactregistry", "secretmanager", "logging"];
    let hosts = services.map(|service| format!("{service}.googleapis.com"));
    let required = json!({ "keysRequired": hosts });
    project.administer("PUT", "settings", required).await;
    let id: BucketId = project.bucket("keys").parse().unwrap();
    let bare = NewBucket {
        id: id.clone(),
        hierarchical: false,
        kms_key: None,
        tags: Tags::new(),
    };
    let refused = clouds.buckets.create(&bare).await.unwrap_err();
    assert!(
        matches!(refused, Error::Invalid(_))
            && refused.to_string().contains("gcp.restrictNonCmekServices"),
        "{refused}"
    );
    let kms_key = Some(key("k"));
    let bucket = NewBucket {
        kms_key: kms_key.clone(),
        ..bare
    };
    clouds.buckets.create(&bucket).await.unwrap();
    let found = clouds.buckets.get(&id).await.unwrap();
    assert_eq!(found.settings.encryption, Encryption::Key(key("k")));
    let registry = NewRegistry {
        name: "keys".parse().unwrap(),
        kms_key: kms_key.clone(),
        settings: clouds.registries.defaults(),
        tags: Tags::new(),
    };
    let made = clouds.registries.create(&registry).await.unwrap();
    assert_eq!(made.kms_key, kms_key);
    let secret = NewSecret {
        name: "keys".parse().unwrap(),
        kms_key: kms_key.clone(),
        value: None,
        tags: Tags::new(),
    };
    let made = clouds.secrets.create(&secret).await.unwrap();
    assert_eq!(made.kms_key, kms_key);
    let logs = NewLogGroup {
        name: "keys".parse().unwrap(),
        kms_key: kms_key.clone(),
        tags: Tags::new(),
    };
    clouds.log_groups.create(&logs).await.unwrap();
    let made = clouds.log_groups.get(&logs.name).await.unwrap();
    assert_eq!(made.settings.kms_key, kms_key);
    project.no_violations().await;
}

#[tokio::test]
async fn a_secret_gets_another_and_loses_it() {
    let project = Project::new("rekeyed").await;
    let secrets = clouds_gcp::connect(project.config(REGION)).secrets;
    let new = NewSecret {
        name: "rekeyed".parse().unwrap(),
        kms_key: Some(key("first")),
        value: None,
        tags: Tags::new(),
    };
    let mut found = secrets.create(&new).await.unwrap();
    for wanted in [Some(key("second")), None] {
        secrets.set_key(&found, wanted.as_ref()).await.unwrap();
        found = secrets.get(&new.name).await.unwrap();
        assert_eq!(found.kms_key, wanted);
    }
    project.no_violations().await;
}

/// The service refuses what the plan refuses.
#[tokio::test]
async fn a_log_group_gets_another_and_keeps_one() {
    let project = Project::new("logkeys").await;
    let groups = clouds_gcp::connect(project.config(REGION)).log_groups;
    let new = NewLogGroup {
        name: "logkeys".parse().unwrap(),
        kms_key: None,
        tags: Tags::new(),
    };
    groups.create(&new).await.unwrap();
    let settings = |kms_key| LogGroupSettings {
        retention: Retention::try_from(30).ok(),
        kms_key,
    };
    for wanted in [settings(Some(key("first"))), settings(Some(key("second")))] {
        let found = groups.get(&new.name).await.unwrap();
        assert_eq!(groups.check_change(&found.settings, &wanted), []);
        groups.configure(&found, &wanted).await.unwrap();
        assert_eq!(groups.get(&new.name).await.unwrap().settings, wanted);
    }
    let found = groups.get(&new.name).await.unwrap();
    let refused = groups.check_change(&found.settings, &settings(None));
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].field, "kms_key");
    let refused = groups.configure(&found, &settings(None)).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    project.no_violations().await;
}
