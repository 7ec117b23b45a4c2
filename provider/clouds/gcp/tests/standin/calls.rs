//! Which calls are made: the least that the difference between found and wanted takes. The stand-in for Google Cloud
//! counts them.

use clouds::Tags;
use clouds::buckets::{BucketId, BucketSettings, NewBucket};
use clouds::identity_providers::NewIdentityProvider;
use clouds::log_groups::{LogGroupSettings, NewLogGroup, Retention};
use clouds::registries::{NewRegistry, RegistrySettings};
use clouds::roles::{Capability, RoleSpec, Subject, Trust};
use clouds::secrets::{Deletion, NewSecret};
use clouds::tags::{CREATING, OWNER, RESOURCE};

use crate::REGION;
use crate::project::Project;

fn marks(creating: bool) -> Tags {
    let mut tags = Tags::from([
        (OWNER.to_owned(), "calls".to_owned()),
        (RESOURCE.to_owned(), "kind-name".to_owned()),
    ]);
    if creating {
        tags.insert(CREATING.to_owned(), "true".to_owned());
    }
    tags
}

#[tokio::test]
async fn buckets() {
    let project = Project::new("buckets").await;
    let buckets = clouds_gcp::connect(project.config(REGION)).buckets;
    let id: BucketId = project.bucket("calls").parse().unwrap();
    buckets
        .create(&NewBucket {
            id: id.clone(),
            hierarchical: false,
            kms_key: None,
            tags: marks(true),
        })
        .await
        .unwrap();
    assert_eq!(project.calls().await, ["storage.buckets.insert"]);
    let found = buckets.get(&id).await.unwrap();
    assert_eq!(project.calls().await, ["storage.buckets.get"]);
    assert_eq!(
        found.protections,
        buckets.protections(),
        "it is protected from the creating call on"
    );
    let plain = BucketSettings {
        soft_delete_days: found.settings.soft_delete_days,
        ..BucketSettings::plain()
    };
    buckets.configure(&found, &plain).await.unwrap();
    buckets.set_tags(&found, &marks(true)).await.unwrap();
    assert!(
        project.calls().await.is_empty(),
        "what is as it should be is left alone"
    );
    let wanted = BucketSettings {
        versioning: true,
        cors_origins: ["https://a.example.com".parse().unwrap()].into(),
        ..plain
    };
    buckets.configure(&found, &wanted).await.unwrap();
    buckets.set_tags(&found, &marks(false)).await.unwrap();
    assert_eq!(
        project.calls().await,
        ["storage.buckets.patch", "storage.buckets.patch"]
    );
    buckets.delete(&id).await.unwrap();
    assert_eq!(project.calls().await, ["storage.buckets.delete"]);
    project.no_violations().await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one life, told in order")]
async fn roles() {
    let project = Project::new("roles").await;
    let clouds = clouds_gcp::connect(project.config(REGION));
    let bucket: BucketId = project.bucket("calls").parse().unwrap();
    clouds
        .buckets
        .create(&NewBucket {
            id: bucket.clone(),
            hierarchical: false,
            kms_key: None,
            tags: Tags::new(),
        })
        .await
        .unwrap();
    let spec = RoleSpec {
        name: "calls-role".parse().unwrap(),
        path: None,
        permissions_boundary: None,
        max_session: None,
        trust: Trust::Gke {
            pool: format!(
                "projects/{}/locations/global/workloadIdentityPools/calls",
                project.number
            )
            .parse()
            .unwrap(),
            direct: false,
        },
        subjects: [Subject::new("union", "executor").unwrap()].into(),
        capabilities: [
            Capability::ReadObjects {
                bucket,
                prefixes: std::collections::BTreeSet::default(),
            },
            Capability::ReadSecrets {
                prefix: "acme-".parse().unwrap(),
            },
        ]
        .into(),
    };
    let issuer = "https://issuer.example.com/calls".parse().unwrap();
    let pool = NewIdentityProvider {
        name: "calls".parse().ok(),
        issuer,
        audiences: ["a".parse().unwrap()].into(),
        tags: marks(false),
    };
    clouds.identity_providers.create(&pool).await.unwrap();
    project.calls().await;
    let roles = &clouds.roles;
    let made = roles.create(&spec, &marks(true)).await.unwrap();
    assert_eq!(
        project.calls().await,
        ["iam.projects.serviceAccounts.create"]
    );
    roles.update(&made, &spec).await.unwrap();
    let mut calls = project.calls().await;
    calls.sort();
    assert_eq!(
        calls,
        [
            "cloudresourcemanager.projects.get",
            "cloudresourcemanager.projects.getIamPolicy",
            "cloudresourcemanager.projects.setIamPolicy",
            "iam.projects.serviceAccounts.getIamPolicy",
            "iam.projects.serviceAccounts.setIamPolicy",
            "storage.buckets.getIamPolicy",
            "storage.buckets.setIamPolicy",
        ]
    );
    let found = roles.get(&spec.name, Some(&spec)).await.unwrap();
    let mut calls = project.calls().await;
    calls.sort();
    let read = [
        "cloudresourcemanager.projects.getIamPolicy",
        "iam.projects.serviceAccounts.get",
        "iam.projects.serviceAccounts.getIamPolicy",
        "storage.buckets.getIamPolicy",
    ];
    assert_eq!(calls, read);
    assert!(!found.differs(&spec, &roles.documents(&spec).await.unwrap()));
    roles.update(&found, &spec).await.unwrap();
    roles.set_tags(&found, &found.tags).await.unwrap();
    assert!(
        project.calls().await.is_empty(),
        "what is as it should be is left alone"
    );
    let more = RoleSpec {
        subjects: [
            Subject::new("union", "executor").unwrap(),
            Subject::new("union", "proxy").unwrap(),
        ]
        .into(),
        ..spec.clone()
    };
    roles.update(&found, &more).await.unwrap();
    assert_eq!(
        project.calls().await,
        [
            "iam.projects.serviceAccounts.getIamPolicy",
            "iam.projects.serviceAccounts.setIamPolicy"
        ]
    );
    roles.delete(&found).await.unwrap();
    let mut calls = project.calls().await;
    calls.sort();
    assert_eq!(calls.len(), 5, "{calls:?}");
    assert_eq!(calls[2], "iam.projects.serviceAccounts.delete");
    project.no_violations().await;
}

#[tokio::test]
async fn the_others() {
    let project = Project::new("others").await;
    let clouds = clouds_gcp::connect(project.config(REGION));
    let new = NewSecret {
        name: "calls".parse().unwrap(),
        kms_key: None,
        value: Some("v".to_owned().into()),
        tags: marks(true),
    };
    let made = clouds.secrets.create(&new).await.unwrap();
    clouds.secrets.set_key(&made, None).await.unwrap();
    clouds.secrets.set_tags(&made, &made.tags).await.unwrap();
    assert_eq!(
        project.calls().await,
        [
            "secretmanager.projects.secrets.create",
            "secretmanager.projects.secrets.addVersion"
        ]
    );
    let found = clouds.secrets.get(&new.name).await.unwrap();
    clouds
        .secrets
        .set_tags(&found, &marks(false))
        .await
        .unwrap();
    clouds
        .secrets
        .delete(&new.name, Deletion::Now)
        .await
        .unwrap();
    assert_eq!(project.calls().await.len(), 4);

    let new = NewLogGroup {
        name: "calls".parse().unwrap(),
        kms_key: None,
        tags: marks(true),
    };
    clouds.log_groups.create(&new).await.unwrap();
    let found = clouds.log_groups.get(&new.name).await.unwrap();
    clouds
        .log_groups
        .configure(&found, &found.settings)
        .await
        .unwrap();
    clouds
        .log_groups
        .set_tags(&found, &found.tags)
        .await
        .unwrap();
    let wanted = LogGroupSettings {
        retention: Retention::try_from(7).ok(),
        kms_key: None,
    };
    clouds.log_groups.configure(&found, &wanted).await.unwrap();
    assert_eq!(
        project.calls().await,
        [
            "logging.projects.locations.buckets.create",
            "logging.projects.locations.buckets.get",
            "logging.projects.locations.buckets.patch"
        ]
    );

    let new = NewRegistry {
        name: "calls".parse().unwrap(),
        kms_key: None,
        settings: clouds.registries.defaults(),
        tags: marks(true),
    };
    let made = clouds.registries.create(&new).await.unwrap();
    assert!(project.calls().await.starts_with(&[
        "artifactregistry.projects.locations.repositories.create".to_owned(),
        "artifactregistry.projects.locations.operations.get".to_owned()
    ]));
    clouds
        .registries
        .configure(&made, &made.settings)
        .await
        .unwrap();
    clouds.registries.set_tags(&made, &made.tags).await.unwrap();
    assert!(project.calls().await.is_empty());
    let open = RegistrySettings {
        immutable_tags: false,
        scan_on_push: false,
        keep_last: Some(3),
    };
    clouds.registries.configure(&made, &open).await.unwrap();
    assert_eq!(
        project.calls().await,
        ["artifactregistry.projects.locations.repositories.patch"]
    );
    project.no_violations().await;
}
