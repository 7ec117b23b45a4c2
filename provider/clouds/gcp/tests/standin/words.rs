//! What is not ours in descriptions and among labels stays when our own marks are written.

use clouds::account::Managed;
use clouds::conformance::Environment;
use clouds::identity_providers::NewIdentityProvider;
use clouds::log_groups::NewLogGroup;
use clouds::registries::NewRegistry;
use clouds::roles::RoleSpec;
use clouds::secrets::NewSecret;
use clouds::{Clouds, Tags};
use serde_json::{Value, json};

use crate::REGION;
use crate::environment::environment;
use crate::project::Project;

const WORDS: &str = "made by hand; ask a=b";

/// A field of something, as somebody else sees it.
async fn field(project: &Project, service: &str, path: &str, field: &str) -> Value {
    project.send("GET", service, path, None).await[field].clone()
}

/// Somebody made it before us, and wrote into its description.
async fn describe(project: &Project, service: &str, path: &str) {
    let described = json!({ "description": WORDS });
    let path = format!("{path}?updateMask=description");
    project.send("PATCH", service, &path, Some(described)).await;
}

#[tokio::test]
async fn words_in_descriptions_stay() {
    let (clouds, environment, project) = environment("words").await;
    let expected = |managed| {
        let marks = environment.made(managed);
        let pairs = marks.iter().map(|(key, value)| format!(";{key}={value}"));
        format!("{WORDS}{}", pairs.collect::<String>())
    };

    let account = json!({ "accountId": "by-hand", "serviceAccount": { "description": WORDS } });
    let accounts = format!("v1/projects/{}/serviceAccounts", project.id);
    project.send("POST", "iam", &accounts, Some(account)).await;
    let name = "by-hand".parse().unwrap();
    let path = format!("v1/{}", project.account("by-hand"));
    let marks = environment.made(Managed::Roles);
    for _ in 0..2 {
        let found = clouds.roles.get(&name, None).await.unwrap();
        clouds.roles.set_tags(&found, &marks).await.unwrap();
        let text = field(&project, "iam", &path, "description").await;
        assert_eq!(text, expected(Managed::Roles));
    }
    assert_eq!(clouds.roles.get(&name, None).await.unwrap().tags, marks);

    let logs = NewLogGroup {
        name: "words".parse().unwrap(),
        kms_key: None,
        tags: environment.marks(Managed::LogGroups),
    };
    clouds.log_groups.create(&logs).await.unwrap();
    let path = format!(
        "v2/projects/{}/locations/{REGION}/buckets/words",
        project.id
    );
    describe(&project, "logging", &path).await;
    let found = clouds.log_groups.get(&logs.name).await.unwrap();
    let marks = environment.made(Managed::LogGroups);
    clouds.log_groups.set_tags(&found, &marks).await.unwrap();
    let text = field(&project, "logging", &path, "description").await;
    assert_eq!(text, expected(Managed::LogGroups));

    let pool = NewIdentityProvider {
        name: "words-pool".parse().ok(),
        issuer: "https://issuer.example.com/words".parse().unwrap(),
        audiences: ["a".parse().unwrap()].into(),
        tags: environment.marks(Managed::IdentityProviders),
    };
    let made = clouds.identity_providers.create(&pool).await.unwrap();
    let path = format!(
        "v1/projects/{}/locations/global/workloadIdentityPools/words-pool",
        project.id
    );
    describe(&project, "iam", &path).await;
    let found = clouds.identity_providers.get(&made.id).await.unwrap();
    let marks = environment.made(Managed::IdentityProviders);
    let tagged = clouds.identity_providers.set_tags(&found, &marks);
    tagged.await.unwrap();
    let text = field(&project, "iam", &path, "description").await;
    assert_eq!(text, expected(Managed::IdentityProviders));
    project.no_violations().await;
}

/// Made by another process, of which this one knows nothing yet.
async fn labelled(clouds: &Clouds, environment: &Environment) -> [Tags; 2] {
    let registry = NewRegistry {
        name: "labels".parse().unwrap(),
        kms_key: None,
        settings: clouds.registries.defaults(),
        tags: environment.marks(Managed::Registries),
    };
    clouds.registries.create(&registry).await.unwrap();
    let secret = NewSecret {
        name: "labels".parse().unwrap(),
        kms_key: None,
        value: None,
        tags: environment.marks(Managed::Secrets),
    };
    clouds.secrets.create(&secret).await.unwrap();
    [registry.tags, secret.tags]
}

#[tokio::test]
async fn labels_of_googles_own_stay_and_are_not_shown() {
    let (clouds, environment, project) = environment("labels").await;
    let [registry_tags, secret_tags] = labelled(&clouds, &environment).await;
    let repository = format!(
        "v1/projects/{}/locations/{REGION}/repositories/labels",
        project.id
    );
    let secret = format!("v1/projects/{}/secrets/labels", project.id);
    let bucket = project.bucket(crate::environment::BUCKET);
    let bucket_path = format!("storage/v1/b/{bucket}");
    for (service, path, query) in [
        ("artifactregistry", &repository, "?updateMask=labels"),
        ("secretmanager", &secret, "?updateMask=labels"),
        ("storage", &bucket_path, ""),
    ] {
        let mut labels = field(&project, service, path, "labels").await;
        labels["goog-managed-by"] = "composer".into();
        let body = json!({ "labels": labels });
        let path = format!("{path}{query}");
        project.send("PATCH", service, &path, Some(body)).await;
    }

    // Another process than the one that made them.
    let clouds = clouds_gcp::connect(project.config(REGION));
    let mut wanted = environment.made(Managed::Registries);
    wanted.insert("team".into(), "ml".into());
    let name = "labels".parse().unwrap();
    let found = clouds.registries.get(&name).await.unwrap();
    assert_eq!(found.tags, registry_tags, "it is no drift");
    clouds.registries.set_tags(&found, &wanted).await.unwrap();
    let name = "labels".parse().unwrap();
    let found = clouds.secrets.get(&name).await.unwrap();
    assert_eq!(found.tags, secret_tags, "it is no drift");
    clouds.secrets.set_tags(&found, &wanted).await.unwrap();
    let found = clouds.buckets.get(&bucket.parse().unwrap()).await.unwrap();
    clouds.buckets.set_tags(&found, &wanted).await.unwrap();
    for (service, path) in [
        ("artifactregistry", &repository),
        ("secretmanager", &secret),
        ("storage", &bucket_path),
    ] {
        let labels = field(&project, service, path, "labels").await;
        assert_eq!(
            (
                &labels["goog-managed-by"],
                &labels["team"],
                &labels["dataplane-creating"]
            ),
            (&json!("composer"), &json!("ml"), &Value::Null),
            "{service}: {labels}"
        );
    }
    project.no_violations().await;
}

/// A role whose service account somebody described at such length that there is no room for our marks.
#[tokio::test]
async fn words_that_leave_no_room_are_explained() {
    let (clouds, environment, project) = environment("room").await;
    let account =
        json!({ "accountId": "by-hand", "serviceAccount": { "description": "x".repeat(250) } });
    let accounts = format!("v1/projects/{}/serviceAccounts", project.id);
    project.send("POST", "iam", &accounts, Some(account)).await;
    let found = clouds
        .roles
        .get(&"by-hand".parse().unwrap(), None::<&RoleSpec>)
        .await;
    let marks = environment.made(Managed::Roles);
    let said = clouds
        .roles
        .set_tags(&found.unwrap(), &marks)
        .await
        .unwrap_err();
    assert!(
        said.to_string().contains("250 bytes of other text"),
        "{said}"
    );
    project.no_violations().await;
}
