//! Clusters: whose API takes tokens of Entra.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

use clouds::Error;
use clouds::clusters::ClusterId;
use server::{Scripted, Server, TOKEN, error, ok};

fn cluster() -> ClusterId {
    ClusterId::Aks {
        resource_group: "acme".parse().unwrap(),
        name: "prod".parse().unwrap(),
    }
}

async fn with(cluster: server::Answer) -> Server {
    Server::scripted(vec![Scripted("GET", "managedClusters/prod?", cluster)]).await
}

#[tokio::test]
async fn a_cluster_with_users_of_its_own_is_given_no_token() {
    for properties in ["{}", r#"{"aadProfile":null}"#] {
        let body = format!(r#"{{"id":"/x","properties":{properties}}}"#);
        let server = with(ok(&body)).await;
        let clusters = server.clouds(1).clusters;
        let refused = clusters.token(&cluster()).await.unwrap_err();
        assert!(matches!(refused, Error::Invalid(_)), "{refused:?}");
        let said = refused.to_string();
        assert!(
            said.contains("az aks update --enable-aad") && said.contains("`kubernetes` argument"),
            "{said}"
        );
        // Whoever only looks it up is not kept from it.
        assert_eq!(clusters.describe(&cluster()).await.unwrap().id, "/x");
        assert!(
            server
                .writes()
                .iter()
                .all(|line| line.contains("listClusterUserCredential"))
        );
    }
}

#[tokio::test]
async fn who_may_not_read_a_cluster_may_have_a_token_for_it() {
    let entra = ok(r#"{"id":"/x","properties":{"aadProfile":{"managed":true}}}"#);
    let denied = error("403 Forbidden", "AuthorizationFailed", "no");
    let server = Server::choosing(|_| ("404 Not Found", String::new(), String::new())).await;
    for server in [with(entra).await, with(denied).await, server] {
        let minted = server.clouds(1).clusters.token(&cluster()).await.unwrap();
        assert_eq!(minted.token.expose(), TOKEN);
    }
}
