//! Which calls are made: the least that the difference between found and wanted takes.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

use std::collections::BTreeSet;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use clouds::Tags;
use clouds::account::Managed;
use clouds::buckets::{Bucket, BucketSettings, Expiration, Protection};
use clouds::identity_providers::IdentityProvider;
use clouds::registries::{Registry, RegistrySettings};
use clouds::tags::RESOURCE;
use clouds_aws::{AssumeRole, Config, Service};
use server::Server;

fn bucket() -> Bucket {
    Bucket {
        id: "acme-metadata".parse().unwrap(),
        uri: "s3://acme-metadata".into(),
        region: "eu-west-1".parse().unwrap(),
        endpoint: String::new(),
        hierarchical: false,
        settings: BucketSettings::plain(),
        protections: Protection::ALL.into(),
        foreign_rules: BTreeSet::new(),
        tags: Tags::new(),
    }
}

fn first_lines(server: &Server) -> Vec<String> {
    let lines = server
        .requests()
        .into_iter()
        .map(|request| request.lines().next().unwrap_or_default().to_owned());
    lines
        .map(|line| line.trim_end_matches(" HTTP/1.1").to_owned())
        .collect()
}

#[tokio::test]
async fn a_bucket_that_is_as_it_should_be_is_left_alone() {
    let server = Server::answering("200 OK", "", "").await;
    server
        .clouds(1)
        .buckets
        .configure(&bucket(), &BucketSettings::plain())
        .await
        .unwrap();
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn only_what_differs_is_sent() {
    let server = Server::answering("200 OK", "", "").await;
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
        .configure(&bucket(), &wanted)
        .await
        .unwrap();
    assert_eq!(
        first_lines(&server),
        [
            "PUT /acme-metadata/?versioning",
            "PUT /acme-metadata/?lifecycle"
        ]
    );
}

#[tokio::test]
async fn each_lost_protection_takes_one_call() {
    let server = Server::answering("200 OK", "", "").await;
    for (lost, call) in [
        (
            Protection::PublicAccessBlocked,
            "PUT /acme-metadata/?publicAccessBlock",
        ),
        (
            Protection::OwnerEnforced,
            "PUT /acme-metadata/?ownershipControls",
        ),
        (Protection::Encrypted, "PUT /acme-metadata/?encryption"),
        (
            Protection::AbortedUploadsRemoved,
            "PUT /acme-metadata/?lifecycle",
        ),
    ] {
        let mut found = bucket();
        found.protections.remove(&lost);
        server
            .clouds(1)
            .buckets
            .configure(&found, &BucketSettings::plain())
            .await
            .unwrap();
        assert_eq!(first_lines(&server).last().map(String::as_str), Some(call));
    }
    assert_eq!(server.requests().len(), 4);
}

/// No emulator that we know can do these two.
#[tokio::test]
async fn audiences_are_added_and_removed_one_by_one() {
    let answer =
        "<Response><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></Response>";
    let server = Server::answering("200 OK", "content-type: text/xml\r\n", answer).await;
    let found = IdentityProvider {
        id: "arn:aws:iam::123456789012:oidc-provider/issuer.example.com"
            .parse()
            .unwrap(),
        altered: false,
        issuer: "https://issuer.example.com".parse().unwrap(),
        audiences: ["sts.amazonaws.com".parse().unwrap(), "old".parse().unwrap()].into(),
        tags: Tags::new(),
    };
    let wanted = ["sts.amazonaws.com".parse().unwrap(), "new".parse().unwrap()].into();
    server
        .clouds(1)
        .identity_providers
        .set_audiences(&found, &wanted)
        .await
        .unwrap();
    let [added, removed] = &server.requests()[..] else {
        panic!("{:?}", server.requests())
    };
    assert!(
        added.contains("Action=AddClientIDToOpenIDConnectProvider&"),
        "{added}"
    );
    assert!(
        added.contains("&ClientID=new") && added.contains("oidc-provider%2Fissuer.example.com"),
        "{added}"
    );
    assert!(
        removed.contains("Action=RemoveClientIDFromOpenIDConnectProvider&"),
        "{removed}"
    );
    assert!(removed.contains("&ClientID=old"), "{removed}");
}

#[tokio::test]
async fn a_registry_that_is_as_it_should_be_is_left_alone() {
    let server = Server::answering("200 OK", "", "{}").await;
    let settings = RegistrySettings {
        immutable_tags: true,
        scan_on_push: true,
        keep_last: Some(20),
    };
    let found = Registry {
        name: "acme/tasks".parse().unwrap(),
        id: String::new(),
        url: String::new(),
        kms_key: None,
        settings,
        foreign_rules: false,
        tags: Tags::new(),
    };
    let clouds = server.clouds(1);
    clouds
        .registries
        .configure(&found, &settings)
        .await
        .unwrap();
    clouds
        .registries
        .set_tags(&found, &Tags::new())
        .await
        .unwrap();
    assert!(server.requests().is_empty());
}

/// What the owner of the role asks for, and sees.
#[tokio::test]
async fn a_role_is_taken_on_as_whom_and_with_what_is_said() {
    let server = Server::choosing(|request| {
        let body = if request.contains("Action=AssumeRole&") {
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAVENDOR</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        } else {
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/vendor/acme</Arn><UserId>u</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
        };
        ("200 OK", "content-type: text/xml\r\n", body)
    })
    .await;
    let keys = Credentials::from_keys("test", "test", None);
    let clouds = server::connected(Config {
        endpoints: [(Service::Sts, server.endpoint.clone())].into(),
        credentials: Some(SharedCredentialsProvider::new(keys)),
        assume_role: Some(AssumeRole {
            role_arn: "arn:aws:iam::123456789012:role/vendor".into(),
            external_id: Some("acme-1234".into()),
            session_name: Some("acme".into()),
            source_identity: Some("alice".into()),
            tags: [("ticket".to_owned(), "42".to_owned())].into(),
            duration: Some(std::time::Duration::from_mins(30)),
        }),
        ..Config::new("eu-west-1".parse().unwrap())
    });
    assert_eq!(
        clouds.account.caller().await.unwrap().account.as_str(),
        "123456789012"
    );
    let [assumed, asked] = &server.requests()[..] else {
        panic!("{:?}", server.requests())
    };
    for part in [
        "RoleSessionName=acme&",
        "ExternalId=acme-1234",
        "SourceIdentity=alice",
        "Tags.member.1.Key=ticket&Tags.member.1.Value=42",
        "DurationSeconds=1800",
    ] {
        assert!(assumed.contains(part), "{part}: {assumed}");
    }
    assert!(asked.contains("Credential=ASIAVENDOR/"), "{asked}");
}

/// EC2 has names as the tag `Name`: one that somebody wrote is told as it is, also where it says
/// the name that the resource has beside it.
#[tokio::test]
async fn the_tag_that_is_the_name_is_kept() {
    let server = Server::answering("200 OK", "", "").await;
    let account = server.clouds(1).account;
    for managed in [
        Managed::PrivateServices,
        Managed::PrivateEndpoints,
        Managed::Buckets,
    ] {
        let tags = Tags::from([
            (RESOURCE.to_owned(), "dataplane_private_service/acme".into()),
            ("Name".to_owned(), "acme".to_owned()),
        ]);
        let kept = account.kept(managed, &tags, &Tags::new()).unwrap();
        assert_eq!(kept, tags, "{managed:?}");
    }
    assert!(server.requests().is_empty());
}
