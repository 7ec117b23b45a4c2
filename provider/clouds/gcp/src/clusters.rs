//! Clusters of Google Kubernetes Engine.
//!
//! Calls: `describe` 1; `token` 0, or 1 where a service account is impersonated and the last token has ended.

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clouds::account::{AccountId, Region};
use clouds::clusters::{
    Cluster, ClusterId, ClusterName, ClusterNetwork, ClusterStatus, ClusterToken, Clusters,
    Endpoint,
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
    let has_private =
        found.by_address() && !(found.private_address().is_empty() && found.public_address());
    let public = found.public_address() || found.name().is_some();
    let version = found
        .current_master_version
        .split('.')
        .take(2)
        .collect::<Vec<_>>()
        .join(".");
    let (first, beside) = found.ways(id)?;
    let (endpoint, ca_certificate) = first.map_or((None, None), |first| {
        (Some(first.url), first.ca_certificate)
    });
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(Cluster {
        status: status(&found.status),
        endpoint,
        ca_certificate,
        beside,
        issuer: Some(format!("https://container.googleapis.com/v1/{full}")),
        version: some(version),
        network: ClusterNetwork {
            subnets: some(found.subnetwork).into_iter().collect(),
            network: some(found.network),
            security_groups: Vec::new(),
            service_ranges: some(found.services_ipv4_cidr).into_iter().collect(),
            public_endpoint: public,
            private_endpoint: has_private,
        },
        id: some(found.self_link).unwrap_or(full),
    })
}

impl Found {
    fn by_address(&self) -> bool {
        let ip = &self.control_plane_endpoints_config.ip_endpoints_config;
        ip.enabled.unwrap_or(!self.endpoint.is_empty())
    }

    fn public_address(&self) -> bool {
        let ip = &self.control_plane_endpoints_config.ip_endpoints_config;
        let private = self.private_cluster_config.enable_private_endpoint;
        self.by_address() && ip.enable_public_endpoint.unwrap_or(!private)
    }

    fn private_address(&self) -> &str {
        let ip = &self.control_plane_endpoints_config.ip_endpoints_config;
        let private = &self.private_cluster_config.private_endpoint;
        if ip.private_endpoint.is_empty() {
            private
        } else {
            &ip.private_endpoint
        }
    }

    /// The name that answers everywhere.
    fn name(&self) -> Option<&str> {
        let dns = &self.control_plane_endpoints_config.dns_endpoint_config;
        let named = dns.allow_external_traffic && !dns.endpoint.is_empty();
        named.then_some(&dns.endpoint)
    }

    /// The way to the API that is taken, and another where there are two. They have certificates of their own: behind the name it
    /// is one of a public authority, at the address one of the cluster's.
    fn ways(&self, id: &ClusterId) -> Result<(Option<Endpoint>, Option<Endpoint>)> {
        let at = |host: &str, ca_certificate| {
            (!host.is_empty()).then(|| Endpoint {
                url: format!("https://{host}"),
                ca_certificate,
            })
        };
        let authority = Some(&self.master_auth.cluster_ca_certificate)
            .filter(|encoded| !encoded.is_empty())
            .map(|encoded| pem(id, encoded))
            .transpose()?;
        let name = self.name().and_then(|name| at(name, None));
        // A name that answers everywhere is better than an address that does not.
        if name.is_none() || self.public_address() {
            return Ok((at(&self.endpoint, authority), name));
        }
        let address = match self.private_address() {
            "" => &self.endpoint,
            address => address,
        };
        let address = at(address, authority).filter(|_| self.by_address());
        Ok((name, address))
    }
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
    fn both_ways_to_a_cluster_are_told() {
        let of = |more: &str| {
            described(&format!(
                r#"{{"status":"RUNNING","endpoint":"203.0.113.7","masterAuth":{{"clusterCaCertificate":"eA=="}},
                "controlPlaneEndpointsConfig":{{"dnsEndpointConfig":{{"endpoint":"gke-abc.europe-west4.gke.goog","allowExternalTraffic":true}}{more}}}}}"#
            ))
        };
        let public = of("");
        assert_eq!(public.endpoint.as_deref(), Some("https://203.0.113.7"));
        assert_eq!(public.ca_certificate.as_deref(), Some("x"));
        let name = Endpoint {
            url: "https://gke-abc.europe-west4.gke.goog".into(),
            ca_certificate: None,
        };
        assert_eq!(public.beside, Some(name));
        let by_name_alone = of(r#","ipEndpointsConfig":{"enabled":false}"#);
        assert_eq!(
            by_name_alone.endpoint.as_deref(),
            Some("https://gke-abc.europe-west4.gke.goog")
        );
        assert_eq!(by_name_alone.beside, None);
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
        // Its address is another way, and has the cluster's own certificate there.
        let own = Endpoint {
            url: "https://10.0.0.2".into(),
            ca_certificate: Some("x".into()),
        };
        assert_eq!(found.beside, Some(own));
        assert!(found.network.public_endpoint && found.network.private_endpoint);
        let closed = described(r#"{"status":"PROVISIONING"}"#);
        assert_eq!(
            (closed.endpoint, closed.status),
            (None, ClusterStatus::Creating)
        );
    }
}
