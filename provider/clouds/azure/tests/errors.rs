//! What errors mean, from the bytes of an answer to the sentence that a person reads, and which of them are met by a second
//! attempt: a server on this machine answers as Azure does, the SDK and all its layers are real.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use clouds::buckets::{Bucket, BucketSettings, Encryption, NewBucket, Protection};
use clouds::roles::{Role, RoleSpec, Subject, Trust};
use clouds::{Clouds, Error, Tags};
use clouds_azure::Config;
use server::{Scripted, Server, config, error, not_found, ok};
use tokio::net::TcpListener;

const ACCOUNT: &str =
    r#"{"id":"/x","location":"westeurope","properties":{"provisioningState":"Succeeded"}}"#;
const IDENTITY: &str = r#"{"id":"/x","location":"westeurope","tags":{},"properties":{"principalId":"11111111-1111-4111-8111-111111111111","clientId":"c","tenantId":"t"}}"#;
const VAULT: &str = r#"{"id":"/subscriptions/s/vaults/keys","name":"keys","properties":{"vaultUri":"https://keys.vault.azure.net/","enableRbacAuthorization":true}}"#;

/// Nobody: signing in fails with these words.
#[derive(Debug)]
struct Nobody(&'static str);

#[async_trait]
impl TokenCredential for Nobody {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        Err(azure_core::Error::with_message(
            ErrorKind::Credential,
            self.0,
        ))
    }
}

async fn role_error(clouds: &Clouds) -> Error {
    clouds
        .roles
        .get(&"adminflyterole".parse().unwrap(), None)
        .await
        .unwrap_err()
}

fn new_bucket() -> NewBucket {
    NewBucket {
        id: "acmeprod/metadata".parse().unwrap(),
        hierarchical: false,
        kms_key: None,
        tags: Tags::new(),
    }
}

fn bucket() -> Bucket {
    Bucket {
        id: new_bucket().id,
        uri: String::new(),
        region: "westeurope".parse().unwrap(),
        endpoint: String::new(),
        hierarchical: false,
        settings: BucketSettings::plain(),
        protections: Protection::ALL.into(),
        foreign_rules: BTreeSet::new(),
        tags: Tags::new(),
    }
}

fn spec(subjects: &[&str]) -> RoleSpec {
    let subject = |name: &&str| Subject::new("union", name).unwrap();
    RoleSpec {
        name: "adminflyterole".parse().unwrap(),
        path: None,
        permissions_boundary: None,
        max_session: None,
        trust: Trust::Azure {
            issuer: "https://issuer.example.com/1".parse().unwrap(),
        },
        subjects: subjects.iter().map(subject).collect(),
        capabilities: BTreeSet::new(),
    }
}

async fn created(clouds: &Clouds) -> Role {
    clouds.roles.create(&spec(&[]), &Tags::new()).await.unwrap()
}

#[tokio::test]
async fn connecting_calls_nothing() {
    let server = Server::scripted(Vec::new()).await;
    drop(server.clouds(1));
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_denial_names_what_to_grant() {
    let server = Server::choosing(|_| error("403 Forbidden", "AuthorizationFailed", "The client 'ci' with object id '1' does not have authorization to perform action 'Microsoft.ManagedIdentity/userAssignedIdentities/read' over scope '/subscriptions/s/resourceGroups/acme' or the scope is invalid.")).await;
    let said = role_error(&server.clouds(1)).await.to_string();
    assert!(
        said.contains("AuthorizationFailed, request id c-1"),
        "{said}"
    );
    assert!(said.contains("grant Microsoft.ManagedIdentity/userAssignedIdentities/read on /subscriptions/s/resourceGroups/acme to"), "{said}");
}

#[tokio::test]
async fn throttling_is_waited_out_as_azure_asks() {
    let throttled = || {
        let (status, headers, body) =
            error("429 Too Many Requests", "TooManyRequests", "slow down");
        (status, format!("{headers}Retry-After: 0\r\n"), body)
    };
    let server = Server::scripted(vec![
        Scripted("GET", "federatedIdentityCredentials", ok(r#"{"value":[]}"#)),
        Scripted("GET", "userAssignedIdentities/adminflyterole?", throttled()),
        Scripted(
            "GET",
            "userAssignedIdentities/adminflyterole?",
            ok(IDENTITY),
        ),
        Scripted("GET", "roleAssignments", ok(r#"{"value":[]}"#)),
    ])
    .await;
    let name = "adminflyterole".parse().unwrap();
    server.clouds(3).roles.get(&name, None).await.unwrap();
    assert_eq!(server.requests().len(), 5, "{:?}", server.lines());
    let server = Server::choosing(move |_| throttled()).await;
    let error = role_error(&server.clouds(2)).await;
    assert!(
        matches!(error, Error::Throttled(_)) && error.is_transient(),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_cloud_that_is_down_is_tried_again_and_then_unavailable() {
    let server =
        Server::choosing(|_| error("503 Service Unavailable", "ServerTimeout", "try later")).await;
    let groups = server.clouds(2).log_groups;
    let error = groups
        .get(&"acme-tasks".parse().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert_eq!(error.call().unwrap().request_id.as_deref(), Some("c-1"));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_cloud_that_cannot_be_reached_keeps_the_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = role_error(&clouds_azure::connect(config(port, 1))).await;
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    let mut chain = error.to_string();
    let mut next = std::error::Error::source(&error);
    while let Some(cause) = next {
        chain = format!("{chain}: {cause}");
        next = cause.source();
    }
    assert!(chain.contains("Connection refused"), "{chain}");
}

#[tokio::test]
async fn a_subscription_that_is_not_allowed_is_never_called() {
    let server = Server::scripted(Vec::new()).await;
    let allowed = "00000000-0000-4000-8000-000000000000".parse().unwrap();
    let config = Config {
        allowed_subscriptions: [allowed].into(),
        ..config(1, 1)
    };
    let error = role_error(&clouds_azure::connect(config)).await;
    assert!(matches!(error, Error::WrongAccount { .. }), "{error:?}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_sign_in_that_fails_says_so_and_whether_it_is_over() {
    for (words, expired) in [
        (
            "AADSTS700082: The refresh token has expired due to inactivity.\nTrace ID: 1",
            true,
        ),
        ("AADSTS7000215: Invalid client secret provided.", false),
        ("Please run 'az login' to set up an account", false),
    ] {
        let config = Config {
            credential: Some(Arc::new(Nobody(words))),
            ..config(1, 1)
        };
        let error = role_error(&clouds_azure::connect(config)).await;
        assert_eq!(matches!(error, Error::Expired(_)), expired, "{error:?}");
        assert_eq!(
            matches!(error, Error::Unauthenticated(_)),
            !expired,
            "{error:?}"
        );
        assert!(!error.to_string().contains("Trace ID"), "{error}");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_registered_is_named_with_its_command() {
    let server = Server::scripted(vec![Scripted("PUT", "", error("409 Conflict", "MissingSubscriptionRegistration", "The subscription is not registered to use namespace 'Microsoft.Storage'. See https://aka.ms/rps-not-found."))]).await;
    let refused = server
        .clouds(1)
        .buckets
        .create(&new_bucket())
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::Disabled { .. }), "{refused:?}");
    assert!(
        refused
            .to_string()
            .contains("`az provider register --namespace Microsoft.Storage`"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_no_conflict() {
    let server = Server::scripted(vec![Scripted(
        "PUT",
        "",
        error(
            "409 Conflict",
            "MaxStorageAccountsCountPerSubscriptionExceeded",
            "Subscription already contains 250 storage accounts",
        ),
    )])
    .await;
    let refused = server
        .clouds(1)
        .buckets
        .create(&new_bucket())
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::LimitExceeded(_)), "{refused:?}");
}

#[tokio::test]
async fn an_account_that_somebody_else_has_is_no_account_of_ours() {
    let server = Server::scripted(vec![Scripted(
        "PUT",
        "",
        error(
            "409 Conflict",
            "StorageAccountAlreadyTaken",
            "The storage account named acmeprod is already taken.",
        ),
    )])
    .await;
    let refused = server
        .clouds(1)
        .buckets
        .create(&new_bucket())
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::Invalid(_)), "{refused:?}");
    assert!(refused.to_string().contains("choose another"), "{refused}");
    let server = Server::scripted(vec![Scripted(
        "GET",
        "storageAccounts/acmeprod?",
        ok(ACCOUNT),
    )])
    .await;
    let refused = server
        .clouds(1)
        .buckets
        .create(&new_bucket())
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::AlreadyExists(_)), "{refused:?}");
    assert!(server.writes().is_empty(), "a PUT would have changed it");
}

#[tokio::test]
async fn a_location_without_zones_has_what_it_can() {
    let server = Server::scripted(vec![
        Scripted(
            "PUT",
            "Standard_ZRS",
            error(
                "400 Bad Request",
                "RedundancyConfigurationNotAvailableInRegion",
                "not available in selected Region",
            ),
        ),
        Scripted("PUT", "Standard_LRS", ok(ACCOUNT)),
        Scripted("PUT", "containers/metadata", ok("{}")),
    ])
    .await;
    server
        .clouds(1)
        .buckets
        .create(&new_bucket())
        .await
        .unwrap();
    assert_eq!(server.writes().len(), 3);
}

#[tokio::test]
async fn an_operation_is_followed_and_its_end_is_its_answer() {
    let begun = |link: &str| {
        (
            "202 Accepted",
            format!("Location: {link}\r\nRetry-After: 0\r\n"),
            String::new(),
        )
    };
    let here = "https://management.azure.com/subscriptions/s/operations/1?monitor=true";
    let server = Server::scripted(vec![
        Scripted("GET", "storageAccounts/acmeprod?", not_found()),
        Scripted("PUT", "storageAccounts/acmeprod?", begun(here)),
        Scripted(
            "GET",
            "/operations/1",
            begun("https://management.azure.com/subscriptions/s/operations/2"),
        ),
        Scripted("GET", "/operations/2", ok(ACCOUNT)),
        Scripted("PUT", "containers/metadata", ok("{}")),
    ])
    .await;
    server
        .clouds(1)
        .buckets
        .create(&new_bucket())
        .await
        .unwrap();
    assert_eq!(server.requests().len(), 5, "{:?}", server.lines());
}

#[tokio::test]
async fn a_link_to_elsewhere_is_not_followed_and_not_shown() {
    let server = Server::scripted(vec![Scripted(
        "PUT",
        "",
        (
            "202 Accepted",
            "Location: https://evil.example.com/?t=secret\r\n".into(),
            String::new(),
        ),
    )])
    .await;
    let refused = server
        .clouds(1)
        .buckets
        .create(&new_bucket())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("https://evil.example.com") && !refused.contains("t=secret"),
        "{refused}"
    );
    assert_eq!(server.requests().len(), 2, "{:?}", server.lines());
}

#[tokio::test]
async fn an_operation_that_fails_says_why() {
    let status =
        "Azure-AsyncOperation: https://management.azure.com/status/1\r\nRetry-After: 0\r\n";
    let registry = r#"{"id":"/x","properties":{"provisioningState":"Creating"}}"#;
    let server = Server::scripted(vec![
        Scripted("PUT", "", ("201 Created", status.into(), registry.into())),
        Scripted("GET", "/status/1", ok(r#"{"status":"InProgress"}"#)),
        Scripted("GET", "/status/1", ("200 OK", "x-ms-correlation-request-id: c-2\r\n".into(), r#"{"status":"Failed","error":{"code":"QuotaExceeded","message":"no more registries"}}"#.into())),
    ])
    .await;
    let clouds = server.clouds(1);
    let new = clouds::registries::NewRegistry {
        name: "acmetasks".parse().unwrap(),
        kms_key: None,
        settings: clouds.registries.defaults(),
        tags: Tags::new(),
    };
    let refused = clouds.registries.create(&new).await.unwrap_err();
    assert!(matches!(refused, Error::LimitExceeded(_)), "{refused:?}");
    assert!(
        refused.to_string().contains("no more registries")
            && refused.to_string().contains("request id c-2"),
        "{refused}"
    );
}

#[tokio::test]
async fn credentials_that_meet_another_write_are_written_again_and_none_is_lost() {
    let conflict = || {
        error(
            "409 Conflict",
            "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
            "Too many Federated Identity Credentials are written concurrently",
        )
    };
    let server = Server::scripted(vec![
        Scripted("GET", "userAssignedIdentities/adminflyterole?", not_found()),
        Scripted("GET", "federatedIdentityCredentials?", ok(r#"{"value":[{"name":"mine","properties":{"issuer":"https://x.example.com","subject":"s","audiences":["a"]}}]}"#)),
        Scripted("DELETE", "federatedIdentityCredentials/mine", conflict()),
        Scripted("DELETE", "federatedIdentityCredentials/mine", ok("")),
        Scripted("PUT", "serviceaccount:union:executor", conflict()),
        Scripted("PUT", "serviceaccount:union:executor", ok("{}")),
        Scripted("PUT", "serviceaccount:union:proxy", ok("{}")),
        Scripted("PUT", "", ok(IDENTITY)),
    ])
    .await;
    let clouds = server.clouds(3);
    let role = created(&clouds).await;
    let spec = spec(&["executor", "proxy"]);
    clouds.roles.update(&role, &spec).await.unwrap();
    let methods: Vec<_> = server
        .writes()
        .iter()
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        methods,
        ["PUT", "DELETE", "DELETE", "PUT", "PUT", "PUT"],
        "{:?}",
        server.writes()
    );
}

#[tokio::test]
async fn a_principal_that_is_not_seen_yet_can_be_waited_for() {
    let refused = |status, code| {
        error(
            status,
            code,
            "Principal 1 does not exist in the directory 2.",
        )
    };
    let server = Server::scripted(vec![
        Scripted("GET", "roleAssignments", ok(r#"{"value":[]}"#)),
        Scripted("GET", "federatedIdentityCredentials", ok(r#"{"value":[]}"#)),
        Scripted(
            "PUT",
            "roleAssignments",
            refused("400 Bad Request", "PrincipalNotFound"),
        ),
        Scripted(
            "PUT",
            "roleAssignments",
            refused("409 Conflict", "RoleAssignmentExists"),
        ),
        Scripted("PUT", "", ok(IDENTITY)),
    ])
    .await;
    let clouds = server.clouds(1);
    let role = created(&clouds).await;
    let mut spec = spec(&[]);
    spec.capabilities = [clouds::roles::Capability::ReadObjects {
        bucket: new_bucket().id,
        prefixes: BTreeSet::new(),
    }]
    .into();
    let error = clouds.roles.update(&role, &spec).await.unwrap_err();
    assert!(matches!(error, Error::NotReady(_)), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("Storage Blob Data Reader on /subscriptions/"),
        "{error}"
    );
    clouds.roles.update(&role, &spec).await.unwrap();
}

#[tokio::test]
async fn the_right_on_a_key_is_waited_for() {
    let with_identity =
        r#"{"id":"/x","identity":{"type":"SystemAssigned","principalId":"1"},"properties":{}}"#;
    let server = Server::scripted(vec![
        Scripted(
            "GET",
            "storageAccounts/acmeprod?",
            ok(r#"{"id":"/x","properties":{}}"#),
        ),
        Scripted("GET", "vaults/keys", ok(VAULT)),
        Scripted("PUT", "roleAssignments", ok("{}")),
        Scripted("PATCH", "SystemAssigned", ok(with_identity)),
        Scripted(
            "PATCH",
            "keyvaultproperties",
            error(
                "400 Bad Request",
                "KeyVaultAuthenticationFailure",
                "The operation failed because of authentication issue.",
            ),
        ),
        Scripted("PATCH", "keyvaultproperties", ok(with_identity)),
    ])
    .await;
    let wanted = BucketSettings {
        encryption: Encryption::Key("https://keys.vault.azure.net/keys/data".parse().unwrap()),
        ..BucketSettings::plain()
    };
    server
        .clouds(3)
        .buckets
        .configure(&bucket(), &wanted)
        .await
        .unwrap();
    let encrypted = server
        .requests()
        .iter()
        .filter(|request| request.contains("\"keyname\":\"data\""))
        .count();
    assert_eq!(encrypted, 2, "{:?}", server.lines());
}

#[tokio::test]
async fn what_is_not_ours_is_not_deleted_with_it() {
    let other = r#"{"value":[{"name":"metadata"},{"name":"photos"}]}"#;
    let server = Server::scripted(vec![
        Scripted("GET", "default/containers?", ok(other)),
        Scripted("GET", "storageAccounts/acmeprod?", ok(ACCOUNT)),
    ])
    .await;
    let refused = server
        .clouds(1)
        .buckets
        .delete(&bucket().id)
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::NotEmpty(_)), "{refused:?}");
    assert!(refused.to_string().contains("photos"), "{refused}");
    assert!(server.writes().is_empty());
}

#[tokio::test]
async fn a_lease_on_the_container_is_explained() {
    let listing = "<EnumerationResults><Blobs /><NextMarker /></EnumerationResults>";
    let server = Server::scripted(vec![
        Scripted("GET", "default/containers?", ok(r#"{"value":[{"name":"metadata"}]}"#)),
        Scripted("GET", "comp=list", ok(listing)),
        Scripted("GET", "storageAccounts/acmeprod?", ok(ACCOUNT)),
        Scripted("DELETE", "containers/metadata", error("409 Conflict", "LeaseIdMissing", "There is currently a lease on the container and no lease ID was specified in the request.")),
    ])
    .await;
    let refused = server
        .clouds(1)
        .buckets
        .delete(&bucket().id)
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::NotEmpty(_)), "{refused:?}");
    assert!(refused.to_string().contains("lease break"), "{refused}");
    assert_eq!(server.writes().len(), 1, "the account stays");
}

#[tokio::test]
async fn who_may_not_see_blobs_is_told_which_role_it_takes() {
    let denied = "<?xml version=\"1.0\"?><Error><Code>AuthorizationPermissionMismatch</Code><Message>This request is not authorized.</Message></Error>";
    let server = Server::scripted(vec![
        Scripted("GET", "default/containers?", ok(r#"{"value":[]}"#)),
        Scripted(
            "GET",
            "comp=list",
            (
                "403 Forbidden",
                "x-ms-request-id: r-1\r\n".into(),
                denied.into(),
            ),
        ),
        Scripted("GET", "storageAccounts/acmeprod?", ok(ACCOUNT)),
    ])
    .await;
    let refused = server
        .clouds(1)
        .buckets
        .delete(&bucket().id)
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::Denied { .. }), "{refused:?}");
    let said = refused.to_string();
    assert!(
        said.contains("Storage Blob Data Contributor") && said.contains("containers/blobs/read"),
        "{said}"
    );
    assert!(server.writes().is_empty(), "nothing is deleted unseen");
}
