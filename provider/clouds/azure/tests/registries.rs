//! Registries that somebody altered: what is put back, and what stays.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

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
