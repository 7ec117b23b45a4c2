//! Registries that somebody altered: what is put back, and what stays.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

use clouds::Error;
use server::{Scripted, Server, ok};

const REGISTRY: &str = "registries/acmetasks?";

/// A registry as we make it, but for this.
async fn altered(change: &str, into: &str) -> Server {
    let body = r#"{"id":"/x/registries/acmetasks","sku":{"name":"Standard"},"properties":{"provisioningState":"Succeeded","adminUserEnabled":false,"anonymousPullEnabled":false,"publicNetworkAccess":"Enabled","roleAssignmentMode":"LegacyRegistryPermissions"}}"#;
    assert!(body.contains(change), "{change}");
    let body = body.replace(change, into);
    Server::scripted(vec![
        Scripted("GET", REGISTRY, ok(&body)),
        Scripted("PATCH", REGISTRY, ok(&body)),
    ])
    .await
}

/// What is written so that it is as we make it; nothing where it is.
async fn written(server: &Server) -> Option<String> {
    let registries = server.clouds(1).registries;
    let found = registries.get(&"acmetasks".parse().unwrap()).await.unwrap();
    registries
        .configure(&found, &registries.defaults())
        .await
        .unwrap();
    assert_eq!(found.foreign_rules, !server.writes().is_empty());
    let requests = server.requests();
    let write = requests
        .iter()
        .find(|request| request.starts_with("PATCH"))?;
    Some(write.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[tokio::test]
async fn what_lets_more_people_in_or_ours_out_is_put_back() {
    let closed = r#""properties":{"adminUserEnabled":false,"anonymousPullEnabled":false,"roleAssignmentMode":"LegacyRegistryPermissions"}"#;
    for (from, into, tier) in [
        (
            r#""adminUserEnabled":false"#,
            r#""adminUserEnabled":true"#,
            "",
        ),
        (
            r#""anonymousPullEnabled":false"#,
            r#""anonymousPullEnabled":true"#,
            "",
        ),
        ("LegacyRegistryPermissions", "AbacRepositoryPermissions", ""),
        (
            r#""Standard""#,
            r#""basic""#,
            r#""sku":{"name":"Standard"},"#,
        ),
    ] {
        let body = written(&altered(from, into).await).await;
        assert_eq!(body, Some(format!("{{{tier}{closed}}}")), "{into}");
    }
}

#[tokio::test]
async fn what_makes_a_registry_more_stays() {
    for (from, into) in [
        ("Succeeded", "Succeeded"),
        (r#""Standard""#, r#""Premium""#),
        (r#""Enabled""#, r#""Disabled""#),
        // Of registries that are older than the property.
        (r#","roleAssignmentMode":"LegacyRegistryPermissions""#, ""),
    ] {
        assert_eq!(written(&altered(from, into).await).await, None, "{into}");
    }
}

#[tokio::test]
async fn a_registry_that_takes_no_token_wants_a_right() {
    let unauthorized = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":[{"Type":"registry","Name":"catalog","Action":"*"}]}]}"#;
    let server = Server::scripted(vec![
        Scripted(
            "GET",
            REGISTRY,
            ok(r#"{"id":"/x","properties":{"loginServer":"acmetasks.azurecr.io"}}"#),
        ),
        Scripted("POST", "/oauth2/exchange", ok(r#"{"refresh_token":"r"}"#)),
        Scripted("POST", "/oauth2/token", ok(r#"{"access_token":"a"}"#)),
        Scripted(
            "GET",
            "/acr/v1/_catalog",
            ("401 Unauthorized", String::new(), unauthorized.to_owned()),
        ),
    ])
    .await;
    let refused = server
        .clouds(1)
        .registries
        .delete(&"acmetasks".parse().unwrap(), false)
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::Denied { .. }), "{refused:?}");
    assert!(refused.to_string().contains("grant AcrPull"), "{refused}");
    assert!(
        server.writes().iter().all(|line| line.starts_with("POST")),
        "nothing is deleted unseen"
    );
}
