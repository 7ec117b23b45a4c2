//! How clusters behave.

use std::time::{Duration, SystemTime};

use super::{Environment, assert_gone};
use crate::clusters::{ClusterId, ClusterStatus, Clusters};

/// The whole suite.
pub async fn suite(clusters: &dyn Clusters, environment: &Environment) {
    let found = clusters.describe(&environment.cluster).await.unwrap();
    assert_eq!(found.status, ClusterStatus::Active);
    assert!(found.endpoint.unwrap().starts_with("https://"));
    let pem = |text: String| text.starts_with("-----BEGIN CERTIFICATE-----");
    assert!(found.ca_certificate.is_none_or(pem));
    assert!(found.issuer.is_some() && found.version.is_some());
    let mut nowhere = environment.cluster.clone();
    let (ClusterId::Eks { name, .. } | ClusterId::Gke { name, .. } | ClusterId::Aks { name, .. }) =
        &mut nowhere;
    *name = environment.name("nowhere");
    assert_gone(clusters.describe(&nowhere).await);

    let token = clusters.token(&environment.cluster).await.unwrap();
    assert!(!token.token.expose().is_empty());
    assert!(token.expires > SystemTime::now() + Duration::from_mins(1));
    assert!(!format!("{token:?}").contains(token.token.expose()));
}
