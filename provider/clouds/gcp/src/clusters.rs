//! Clusters of Google Kubernetes Engine.
//!
//! Calls: `describe` 1; `token` 0, or 1 where a service account is impersonated and the last token has ended.

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clouds::account::{AccountId, Region};
use clouds::clusters::{
    Cluster, ClusterId, ClusterName, ClusterNetwork, ClusterStatus, ClusterToken, Clusters,
};
use clouds::error::Call;
use clouds::{Error, Result};
use serde::Deserialize;

use crate::Gcp;
use crate::error::unreadable;
use crate::session::Service;

const OPERATION: &str = "container.clusters.get";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Found {
    self_link: String,
    status: String,
    endpoint: String,
    master_auth: MasterAuth,
    current_master_version: String,
    network: String,
    subnetwork: String,
    services_ipv4_cidr: String,
    private_cluster_config: PrivateConfig,
    control_plane_endpoints_config: Endpoints,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct MasterAuth {
    cluster_ca_certificate: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PrivateConfig {
    enable_private_endpoint: bool,
    private_endpoint: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Endpoints {
    dns_endpoint_config: Dns,
    ip_endpoints_config: Ip,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Dns {
    endpoint: String,
    allow_external_traffic: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Ip {
    enabled: Option<bool>,
    enable_public_endpoint: Option<bool>,
    private_endpoint: String,
}

#[async_trait]
impl Clusters for Gcp {
    async fn describe(&self, id: &ClusterId) -> Result<Cluster> {
        let (project, location, name) = gke(id)?;
        let full = format!("projects/{project}/locations/{location}/clusters/{name}");
        let found: Found = self
            .0
            .get(Service::Container, format!("v1/{full}"), (OPERATION, id))
            .answer()
            .await?;
        cluster(id, full, found)
    }

    async fn token(&self, id: &ClusterId) -> Result<ClusterToken> {
        gke(id)?;
        let token = self.0.token().await?;
        Ok(ClusterToken {
            token: token.text,
            expires: token.expires,
        })
    }
}

fn gke(id: &ClusterId) -> Result<(&AccountId, &Region, &ClusterName)> {
    match id {
        ClusterId::Gke {
            project,
            location,
            name,
        } => Ok((project, location, name)),
        ClusterId::Eks { .. } | ClusterId::Aks { .. } => {
            let call = Call::new(OPERATION, id).because("it is a cluster of another cloud");
            Err(Error::Unsupported(Box::new(call)))
        }
    }
}

fn cluster(id: &ClusterId, full: String, found: Found) -> Result<Cluster> {
    let Endpoints {
        dns_endpoint_config: dns,
        ip_endpoints_config: ip,
    } = &found.control_plane_endpoints_config;
    let private = &found.private_cluster_config;
    let by_address = ip.enabled.unwrap_or(!found.endpoint.is_empty());
    let public_address = by_address
        && ip
            .enable_public_endpoint
            .unwrap_or(!private.enable_private_endpoint);
    let by_name = dns.allow_external_traffic && !dns.endpoint.is_empty();
    // A name that answers everywhere is better than an address that does not; certificates there are of a public authority.
    let named = by_name && !public_address;
    let host = if named {
        &dns.endpoint
    } else {
        &found.endpoint
    };
    let authority = Some(&found.master_auth.cluster_ca_certificate)
        .filter(|encoded| !named && !encoded.is_empty());
    let has_private = by_address
        && !(private.private_endpoint.is_empty()
            && ip.private_endpoint.is_empty()
            && public_address);
    let version = found
        .current_master_version
        .split('.')
        .take(2)
        .collect::<Vec<_>>()
        .join(".");
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(Cluster {
        status: status(&found.status),
        endpoint: some(host.clone()).map(|host| format!("https://{host}")),
        ca_certificate: authority.map(|encoded| pem(id, encoded)).transpose()?,
        issuer: Some(format!("https://container.googleapis.com/v1/{full}")),
        version: some(version),
        network: ClusterNetwork {
            subnets: some(found.subnetwork).into_iter().collect(),
            network: some(found.network),
            security_groups: Vec::new(),
            service_ranges: some(found.services_ipv4_cidr).into_iter().collect(),
            public_endpoint: public_address || by_name,
            private_endpoint: has_private,
        },
        id: some(found.self_link).unwrap_or(full),
    })
}

/// One that is changed or repaired answers meanwhile.
fn status(status: &str) -> ClusterStatus {
    match status {
        "PROVISIONING" => ClusterStatus::Creating,
        "STOPPING" => ClusterStatus::Deleting,
        "ERROR" => ClusterStatus::Failed,
        _ => ClusterStatus::Active,
    }
}

fn pem(id: &ClusterId, encoded: &str) -> Result<String> {
    let fail = |error: String| {
        unreadable(
            (OPERATION, id),
            format!("its certificate is not readable: {error}"),
        )
    };
    let bytes = BASE64_STANDARD
        .decode(encoded)
        .map_err(|error| fail(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| fail(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(text: &str) -> Cluster {
        let id = ClusterId::Gke {
            project: "acme-prod".parse().unwrap(),
            location: "europe-west4".parse().unwrap(),
            name: "prod".parse().unwrap(),
        };
        cluster(
            &id,
            "projects/acme-prod/locations/europe-west4/clusters/prod".into(),
            serde_json::from_str(text).unwrap(),
        )
        .unwrap()
    }

    #[test]
    fn a_public_cluster_is_reached_by_its_address() {
        let authority = BASE64_STANDARD
            .encode("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
        let found = described(&format!(
            r#"{{"status":"RECONCILING","endpoint":"203.0.113.7","currentMasterVersion":"1.36.2-gke.100","masterAuth":{{"clusterCaCertificate":"{authority}"}},"network":"default","subnetwork":"s"}}"#
        ));
        assert_eq!(
            (found.status, found.endpoint.as_deref()),
            (ClusterStatus::Active, Some("https://203.0.113.7"))
        );
        assert!(found.ca_certificate.unwrap().starts_with("-----BEGIN"));
        assert_eq!(found.version.as_deref(), Some("1.36"));
        assert!(
            found
                .issuer
                .unwrap()
                .ends_with("/projects/acme-prod/locations/europe-west4/clusters/prod")
        );
        assert!(found.network.public_endpoint && !found.network.private_endpoint);
    }

    #[test]
    fn a_private_cluster_with_a_name_is_reached_by_it() {
        let found = described(
            r#"{"status":"RUNNING","endpoint":"10.0.0.2","masterAuth":{"clusterCaCertificate":"eA=="},"privateClusterConfig":{"enablePrivateEndpoint":true,"privateEndpoint":"10.0.0.2"},
            "controlPlaneEndpointsConfig":{"dnsEndpointConfig":{"endpoint":"gke-abc.europe-west4.gke.goog","allowExternalTraffic":true}}}"#,
        );
        assert_eq!(
            found.endpoint.as_deref(),
            Some("https://gke-abc.europe-west4.gke.goog")
        );
        assert_eq!(found.ca_certificate, None);
        assert!(found.network.public_endpoint && found.network.private_endpoint);
        let closed = described(r#"{"status":"PROVISIONING"}"#);
        assert_eq!(
            (closed.endpoint, closed.status),
            (None, ClusterStatus::Creating)
        );
    }
}
