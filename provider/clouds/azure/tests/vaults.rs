//! Key vaults and what is in them, of which no value is asked for or told; and what is gone of all that was made, or only not seen.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

use clouds::secrets::{Deletion, NewSecret};
use clouds::{Error, Tags};
use server::{Scripted, Server, error, not_found, ok};

const VAULT: &str = r#"{"id":"/subscriptions/s/vaults/keys","name":"keys","properties":{"vaultUri":"https://keys.vault.azure.net/","enableRbacAuthorization":true}}"#;

#[tokio::test]
async fn a_vault_with_policies_of_its_own_is_refused_with_the_way_out() {
    let vault = VAULT.replace("true", "false");
    let server = Server::choosing(move |_| ok(&vault)).await;
    let error = server
        .clouds(1)
        .secrets
        .get(&"keys/token".parse().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    assert!(
        error.to_string().contains("--enable-rbac-authorization"),
        "{error}"
    );
}

#[tokio::test]
async fn a_vault_that_is_not_seen_leaves_its_secrets_in_the_state() {
    let server = Server::scripted(vec![Scripted(
        "GET",
        "/providers/Microsoft.KeyVault/vaults?",
        ok(r#"{"value":[{"id":"/x","name":"other","properties":{}}]}"#),
    )])
    .await;
    let secrets = server.clouds(1).secrets;
    let name = "keys/token".parse().unwrap();
    for refused in [
        secrets.get(&name).await.map(drop).unwrap_err(),
        secrets
            .delete(&name, Deletion::ByTheStore)
            .await
            .unwrap_err(),
    ] {
        assert!(matches!(refused, Error::Invalid(_)), "{refused:?}");
        let said = refused.to_string();
        assert!(
            said.contains("Microsoft.KeyVault/vaults/read on keys")
                && said.contains("keyvault recover"),
            "{said}"
        );
    }
}

/// Key Vault asks for a token first, and says for whom.
fn challenged(request: &str, then: impl Fn() -> server::Answer) -> server::Answer {
    if request.contains("Microsoft.KeyVault/vaults") {
        return ok(VAULT);
    }
    if request.to_lowercase().contains("authorization: bearer") {
        return then();
    }
    let challenge = "WWW-Authenticate: Bearer authorization=\"https://login.microsoftonline.com/t\", resource=\"https://vault.azure.net\"\r\n";
    ("401 Unauthorized", challenge.into(), String::new())
}

#[tokio::test]
async fn a_deleted_secret_keeps_its_name_and_no_value_is_told() {
    let server = Server::choosing(|request| {
        let put = request.starts_with("PUT");
        challenged(request, || {
            if put {
                let body = r#"{"error":{"code":"Conflict","message":"Secret token is currently in a deleted but recoverable state","innererror":{"code":"ObjectIsDeletedButRecoverable"}}}"#;
                return ("409 Conflict", String::new(), body.into());
            }
            error("404 Not Found", "SecretNotFound", "A secret with (name/id) token was not found")
        })
    })
    .await;
    let new = NewSecret {
        name: "keys/token".parse().unwrap(),
        kms_key: None,
        value: Some("hunter2".to_owned().into()),
        tags: Tags::new(),
    };
    let refused = server.clouds(1).secrets.create(&new).await.unwrap_err();
    assert!(matches!(refused, Error::AlreadyExists(_)), "{refused:?}");
    assert!(!format!("{refused:?}").contains("hunter2"));
    let sent: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|request| request.contains("hunter2"))
        .collect();
    assert!(
        sent.iter()
            .all(|request| request.contains("x-original-host: keys.vault.azure.net")),
        "{sent:?}"
    );
}

#[tokio::test]
async fn the_newest_version_is_read_and_no_value_is_asked_for() {
    let versions = r#"{"value":[
        {"id":"https://keys.vault.azure.net/secrets/token/aa","attributes":{"enabled":false,"created":30,"updated":40},"tags":{"a":"new"}},
        {"id":"https://keys.vault.azure.net/secrets/token/cc","attributes":{"enabled":true,"created":10,"updated":50},"tags":{"a":"old"}},
        {"id":"https://keys.vault.azure.net/secrets/token/bb","attributes":{"enabled":true,"created":20,"updated":20}}]}"#;
    let server = Server::choosing(|request| {
        let listed = request.contains("/secrets/token/versions?");
        challenged(request, || if listed { ok(versions) } else { not_found() })
    })
    .await;
    let name = "keys/token".parse().unwrap();
    let found = server.clouds(1).secrets.get(&name).await.unwrap();
    assert_eq!(
        found.version.as_deref(),
        Some("aa"),
        "switched off, and newest"
    );
    assert_eq!(found.id, "https://keys.vault.azure.net/secrets/token");
    assert_eq!(found.tags["a"], "new");
    let asked: Vec<_> = server
        .lines()
        .into_iter()
        .filter(|line| line.contains("/secrets/"))
        .collect();
    assert!(
        asked.iter().all(|line| line.contains("/versions")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_vault_that_keeps_its_secrets_is_not_asked_to_purge() {
    let vault = VAULT.replace("true", "true,\"enablePurgeProtection\":true");
    let server = Server::choosing(move |_| ok(&vault)).await;
    let name = "keys/token".parse().unwrap();
    let refused = server
        .clouds(1)
        .secrets
        .delete(&name, Deletion::Now)
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::Invalid(_)), "{refused:?}");
    assert!(server.writes().is_empty());
}

#[tokio::test]
async fn a_group_or_a_way_that_is_wrong_leaves_everything_in_the_state() {
    let group = error(
        "404 Not Found",
        "ResourceGroupNotFound",
        "Resource group 'acme' could not be found.",
    );
    let proxy = (
        "404 Not Found",
        String::new(),
        "<html>nothing here</html>".to_owned(),
    );
    for answer in [group, proxy] {
        let server = Server::choosing(move |_| answer.clone()).await;
        let clouds = server.clouds(1);
        for refused in [
            clouds
                .roles
                .get(&"adminflyterole".parse().unwrap(), None)
                .await
                .map(drop)
                .unwrap_err(),
            clouds
                .buckets
                .get(&"acmeprod/metadata".parse().unwrap())
                .await
                .map(drop)
                .unwrap_err(),
            clouds
                .registries
                .get(&"acmetasks".parse().unwrap())
                .await
                .map(drop)
                .unwrap_err(),
            clouds
                .log_groups
                .get(&"acme-tasks".parse().unwrap())
                .await
                .map(drop)
                .unwrap_err(),
            clouds
                .log_groups
                .delete(&"acme-tasks".parse().unwrap())
                .await
                .unwrap_err(),
            clouds
                .secrets
                .get(&"keys/token".parse().unwrap())
                .await
                .map(drop)
                .unwrap_err(),
        ] {
            assert!(matches!(refused, Error::Invalid(_)), "{refused:?}");
            assert!(refused.to_string().contains("taken for gone"), "{refused}");
        }
    }
}

#[tokio::test]
async fn what_azure_says_is_not_there_is_gone() {
    let server = Server::choosing(|_| not_found()).await;
    let gone = server.clouds(1).registries;
    let gone = gone.get(&"acmetasks".parse().unwrap()).await.unwrap_err();
    assert!(matches!(gone, Error::NotFound(_)), "{gone:?}");
}
