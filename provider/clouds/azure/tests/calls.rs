//! Which calls are made: the least that the difference between found and wanted takes.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

use std::collections::BTreeSet;

use clouds::Tags;
use clouds::buckets::{Bucket, BucketSettings, Expiration, NewBucket, Protection};
use clouds::log_groups::{LogGroup, LogGroupSettings, Retention};
use clouds::roles::{Capability, RoleSpec, Trust};
use server::{GROUP, Scripted, Server, TOKEN, not_found, ok};

const ACCOUNT: &str = "Storage/storageAccounts/acmeprod";

fn bucket(hierarchical: bool) -> Bucket {
    Bucket {
        id: "acmeprod/metadata".parse().unwrap(),
        uri: String::new(),
        region: "westeurope".parse().unwrap(),
        endpoint: String::new(),
        hierarchical,
        settings: BucketSettings::plain(),
        protections: Protection::ALL.into(),
        foreign_rules: BTreeSet::new(),
        tags: Tags::new(),
    }
}

fn account() -> Scripted {
    Scripted(
        "",
        "storageAccounts/acmeprod?",
        ok(r#"{"id":"/x","location":"West Europe","properties":{"isHnsEnabled":true}}"#),
    )
}

#[tokio::test]
async fn a_bucket_that_is_as_it_should_be_is_left_alone() {
    let server = Server::scripted(Vec::new()).await;
    let buckets = server.clouds(1).buckets;
    buckets
        .configure(&bucket(false), &BucketSettings::plain())
        .await
        .unwrap();
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_bucket_is_made_with_its_marks_and_closed() {
    let server = Server::scripted(vec![
        Scripted("GET", "", not_found()),
        Scripted("PUT", "", ok(r#"{"id":"/x","properties":{}}"#)),
    ])
    .await;
    let new = NewBucket {
        id: bucket(true).id,
        hierarchical: true,
        kms_key: None,
        tags: [("dataplane:creating".to_owned(), "true".to_owned())].into(),
    };
    server.clouds(1).buckets.create(&new).await.unwrap();
    let container = format!("PUT /{ACCOUNT}/blobServices/default/containers/metadata");
    assert_eq!(
        server.lines(),
        [
            format!("GET /{ACCOUNT}"),
            format!("PUT /{ACCOUNT}"),
            container
        ]
    );
    let sent = &server.requests()[1];
    for part in [
        r#""dataplane:creating":"true""#,
        r#""allowSharedKeyAccess":false"#,
        r#""allowBlobPublicAccess":false"#,
        r#""minimumTlsVersion":"TLS1_2""#,
        r#""supportsHttpsTrafficOnly":true"#,
        r#""defaultToOAuthAuthentication":true"#,
        r#""isHnsEnabled":true"#,
        "?api-version=2024-01-01",
        "user-agent: dataplane-",
    ] {
        assert!(sent.contains(part), "{part} in {sent}");
    }
}

#[tokio::test]
async fn a_bucket_is_read_in_four_calls() {
    let server = Server::scripted(vec![
        account(),
        Scripted(
            "GET",
            "containers/metadata",
            ok(r#"{"name":"metadata","properties":{"publicAccess":"None"}}"#),
        ),
    ])
    .await;
    let found = server
        .clouds(1)
        .buckets
        .get(&bucket(true).id)
        .await
        .unwrap();
    assert_eq!(server.requests().len(), 4);
    assert_eq!(
        (found.region.as_str(), found.hierarchical),
        ("westeurope", true)
    );
    assert_eq!(found.uri, "abfss://metadata@acmeprod.dfs.core.windows.net");
    assert_eq!(found.endpoint, "https://acmeprod.blob.core.windows.net");
    assert_eq!(found.settings.soft_delete_days, Some(0));
}

#[tokio::test]
async fn an_account_without_its_container_is_a_bucket_that_lost_it() {
    let server = Server::scripted(vec![
        account(),
        Scripted("GET", "default/containers?", ok(r#"{"value":[]}"#)),
    ])
    .await;
    let clouds = server.clouds(1);
    let found = clouds.buckets.get(&bucket(true).id).await.unwrap();
    assert!(!found.protections.contains(&Protection::PublicAccessBlocked));
    let server = Server::scripted(vec![
        account(),
        Scripted(
            "GET",
            "default/containers?",
            ok(r#"{"value":[{"name":"other"}]}"#),
        ),
    ])
    .await;
    let other = server.clouds(1).buckets.get(&bucket(true).id).await;
    assert!(
        matches!(other, Err(clouds::Error::NotFound(_))),
        "{other:?}"
    );
}

#[tokio::test]
async fn only_what_differs_is_sent() {
    let server = Server::choosing(|_| ok("{}")).await;
    let wanted = BucketSettings {
        versioning: true,
        expiration: [Expiration {
            prefix: Some("raw/".parse().unwrap()),
            days: 30,
        }]
        .into(),
        ..BucketSettings::plain()
    };
    server
        .clouds(1)
        .buckets
        .configure(&bucket(false), &wanted)
        .await
        .unwrap();
    let lines = [
        format!("PUT /{ACCOUNT}/blobServices/default"),
        format!("PUT /{ACCOUNT}/managementPolicies/default"),
    ];
    assert_eq!(server.lines(), lines);
}

#[tokio::test]
async fn lost_protections_take_one_call_and_the_container_its_own() {
    for (lost, calls) in [
        (Protection::NoSharedKeys, 1),
        (Protection::PublicAccessBlocked, 2),
    ] {
        let server = Server::choosing(|_| ok("{}")).await;
        let mut found = bucket(false);
        found.protections.remove(&lost);
        server
            .clouds(1)
            .buckets
            .configure(&found, &BucketSettings::plain())
            .await
            .unwrap();
        assert_eq!(server.requests().len(), calls, "{:?}", server.lines());
        assert!(server.requests()[0].contains(r#""allowSharedKeyAccess":false"#));
    }
}

#[tokio::test]
async fn tags_that_differ_are_told_and_others_are_left_alone() {
    let server = Server::choosing(|_| ok("{}")).await;
    let tags = |pairs: &[(&str, &str)]| -> Tags {
        let pairs = pairs.iter();
        pairs.map(|&(k, v)| (k.into(), v.into())).collect()
    };
    let found = Bucket {
        tags: tags(&[("Team", "a"), ("old", "x"), ("kept", "y")]),
        ..bucket(false)
    };
    let wanted = tags(&[("team", "b"), ("kept", "y")]);
    let buckets = server.clouds(1).buckets;
    buckets.set_tags(&found, &wanted).await.unwrap();
    buckets.set_tags(&found, &found.tags).await.unwrap();
    let line = format!("PATCH /{ACCOUNT}/Resources/tags/default");
    assert_eq!(server.lines(), [line.clone(), line]);
    let requests = server.requests();
    for (request, sent) in requests.iter().zip([
        r#"{"operation":"Merge","properties":{"tags":{"team":"b"}}}"#,
        r#"{"operation":"Delete","properties":{"tags":{"old":"x"}}}"#,
    ]) {
        assert!(request.ends_with(sent), "{request}");
    }
}

const PRINCIPAL: &str = "11111111-1111-4111-8111-111111111111";

fn spec() -> RoleSpec {
    RoleSpec {
        name: "adminflyterole".parse().unwrap(),
        path: None,
        permissions_boundary: None,
        max_session: None,
        trust: Trust::Azure {
            issuer: "https://issuer.example.com/1".parse().unwrap(),
        },
        subjects: BTreeSet::new(),
        capabilities: [Capability::PushImages {
            registry: "acmetasks".parse().unwrap(),
        }]
        .into(),
    }
}

fn role_server(assignments: &str) -> Vec<Scripted> {
    let identity = format!(
        r#"{{"id":"/x","tags":{{}},"properties":{{"principalId":"{PRINCIPAL}","clientId":"c","tenantId":"t"}}}}"#
    );
    vec![
        Scripted("GET", "federatedIdentityCredentials", ok(r#"{"value":[]}"#)),
        Scripted(
            "GET",
            "roleAssignments",
            ok(&format!(r#"{{"value":[{assignments}]}}"#)),
        ),
        Scripted(
            "GET",
            "userAssignedIdentities/adminflyterole?",
            ok(&identity),
        ),
        Scripted("DELETE", "", ok("")),
        Scripted("PUT", "", ok("{}")),
    ]
}

fn assignment(scope: &str, role: &str) -> String {
    format!(
        r#"{{"id":"{scope}/providers/Microsoft.Authorization/roleAssignments/n","properties":{{"scope":"{scope}","principalId":"{PRINCIPAL}","roleDefinitionId":"/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{role}"}}}}"#
    )
}

const ACR_PUSH: &str = "8311e382-0749-4cb8-b61a-304f252e45ec";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

#[tokio::test]
async fn an_assignment_of_another_name_and_letter_case_is_the_same() {
    let registry = format!("{GROUP}/providers/Microsoft.ContainerRegistry/registries/acmetasks");
    let server =
        Server::scripted(role_server(&assignment(&registry.to_uppercase(), ACR_PUSH))).await;
    let clouds = server.clouds(1);
    let spec = spec();
    let found = clouds.roles.get(&spec.name, Some(&spec)).await.unwrap();
    assert_eq!(server.requests().len(), 3);
    assert!(!found.differs(&spec, &clouds.roles.documents(&spec).await.unwrap()));
    clouds.roles.update(&found, &spec).await.unwrap();
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn what_a_role_should_not_have_at_its_scopes_is_taken_away_and_stays_elsewhere() {
    let registry = format!("{GROUP}/providers/Microsoft.ContainerRegistry/registries/acmetasks");
    let elsewhere = format!("{GROUP}/providers/Microsoft.Insights/dataCollectionRules/logs");
    let assignments = [assignment(&registry, OWNER), assignment(&elsewhere, OWNER)].join(",");
    let server = Server::scripted(role_server(&assignments)).await;
    let clouds = server.clouds(1);
    let spec = spec();
    let found = clouds.roles.get(&spec.name, Some(&spec)).await.unwrap();
    assert!(found.differs(&spec, &clouds.roles.documents(&spec).await.unwrap()));
    clouds.roles.update(&found, &spec).await.unwrap();
    let writes = server.writes();
    assert_eq!(writes.len(), 2, "{writes:?}");
    assert!(
        writes[0].starts_with(
            "PUT /ContainerRegistry/registries/acmetasks/Authorization/roleAssignments/"
        ),
        "{writes:?}"
    );
    assert_eq!(
        writes[1],
        "DELETE /ContainerRegistry/registries/acmetasks/Authorization/roleAssignments/n"
    );
    clouds.roles.delete(&found).await.unwrap();
    assert_eq!(server.writes().len(), 4, "{:?}", server.writes());
}

#[tokio::test]
async fn a_workspace_is_asked_about_until_it_is_there() {
    let workspace = |state: &str| {
        format!(
            r#"{{"id":"/x","properties":{{"provisioningState":"{state}","retentionInDays":30}}}}"#
        )
    };
    let server = Server::scripted(vec![
        Scripted("GET", "", not_found()),
        Scripted(
            "PUT",
            "",
            ("201 Created", String::new(), workspace("Creating")),
        ),
        Scripted("GET", "", ok(&workspace("Updating"))),
        Scripted("GET", "", ok(&workspace("Succeeded"))),
    ])
    .await;
    let new = clouds::log_groups::NewLogGroup {
        name: "acme-tasks".parse().unwrap(),
        kms_key: None,
        tags: Tags::new(),
    };
    server.clouds(1).log_groups.create(&new).await.unwrap();
    assert_eq!(server.requests().len(), 4, "{:?}", server.lines());
}

#[tokio::test]
async fn a_retention_that_is_the_same_is_not_sent() {
    let server = Server::choosing(|_| ok(r#"{"id":"/x"}"#)).await;
    let kept = |days| LogGroupSettings {
        retention: Some(Retention::found(days)),
        kms_key: None,
    };
    let found = LogGroup {
        name: "acme-tasks".parse().unwrap(),
        id: "/x".into(),
        settings: kept(30),
        tags: Tags::new(),
    };
    let groups = server.clouds(1).log_groups;
    groups.configure(&found, &kept(30)).await.unwrap();
    assert!(server.requests().is_empty());
    groups.configure(&found, &kept(90)).await.unwrap();
    assert!(server.requests()[0].contains(r#"{"properties":{"retentionInDays":90}}"#));
}

#[tokio::test]
async fn images_are_counted_by_the_registrys_own_tokens() {
    let server = Server::scripted(vec![
        Scripted(
            "GET",
            "registries/acmetasks?",
            ok(r#"{"id":"/x","properties":{"loginServer":"acmetasks.azurecr.io"}}"#),
        ),
        Scripted("POST", "/oauth2/exchange", ok(r#"{"refresh_token":"r"}"#)),
        Scripted("POST", "scope=registry", ok(r#"{"access_token":"list"}"#)),
        Scripted(
            "POST",
            "scope=repository%3Aa",
            ok(r#"{"access_token":"count"}"#),
        ),
        Scripted("GET", "last=a%2Fb", ok(r#"{"repositories":null}"#)),
        Scripted("GET", "_catalog", ok(r#"{"repositories":["a/b"]}"#)),
        Scripted("GET", "/acr/v1/a/b", ok(r#"{"manifestCount":2}"#)),
    ])
    .await;
    let registries = server.clouds(1).registries;
    let name = "acmetasks".parse().unwrap();
    let images = registries.images(&name, 10).await.unwrap();
    assert_eq!((images.count, images.more), (2, false));
    assert_eq!(server.requests().len(), 7, "{:?}", server.lines());
    // Whose token opens Resource Manager goes to the exchange, and to nothing else of the registry.
    let with_token: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|request| request.contains(TOKEN) && request.contains("acmetasks.azurecr.io"))
        .collect();
    assert_eq!(with_token.len(), 1);
    let images = registries.images(&name, 1).await.unwrap();
    assert_eq!((images.count, images.more), (1, true));
}

/// Its vault may be made in the same apply: that is not found while planning, and wrong while applying.
#[tokio::test]
async fn a_vault_that_is_not_there_yet_is_not_found_by_a_plan() {
    let mut script = role_server("");
    script.push(Scripted("GET", "vaults?", ok(r#"{"value":[]}"#)));
    let server = Server::scripted(script).await;
    let roles = server.clouds(1).roles;
    let spec = RoleSpec {
        capabilities: [Capability::ReadSecrets {
            prefix: "acme-vault/".parse().unwrap(),
        }]
        .into(),
        ..spec()
    };
    let planned = roles.documents(&spec).await.unwrap_err();
    assert!(matches!(planned, clouds::Error::NotFound(_)), "{planned:?}");
    let found = roles.get(&spec.name, Some(&spec)).await.unwrap();
    let applied = roles.update(&found, &spec).await.unwrap_err();
    assert!(matches!(applied, clouds::Error::Invalid(_)), "{applied:?}");
    assert!(
        applied.to_string().contains("no key vault of this name"),
        "{applied}"
    );
}
