//! Clusters on AKS.
//!
//! Calls: `describe` 2 at once: the cluster itself does not hold the certificate of its API; `token` 1, and 1 of Entra once an hour.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clouds::clusters::{Cluster, ClusterId, ClusterNetwork, ClusterStatus, ClusterToken, Clusters};
use clouds::error::Call;
use clouds::{Error, Optional, Result};
use futures::try_join;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::arm::ResourceId;
use crate::error::{from_sdk, invalid};
use crate::{Azure, versions};

const READ: &str = "Microsoft.ContainerService/managedClusters/read";
const CREDENTIAL: &str =
    "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action";
/// The application in Entra that every AKS cluster asks tokens for.
const SCOPE: &str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";

#[derive(Deserialize)]
struct Found {
    id: String,
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Properties {
    provisioning_state: Option<String>,
    power_state: Option<PowerState>,
    fqdn: Option<String>,
    #[serde(rename = "privateFQDN")]
    private_fqdn: Option<String>,
    kubernetes_version: Option<String>,
    current_kubernetes_version: Option<String>,
    oidc_issuer_profile: Option<OidcIssuer>,
    api_server_access_profile: Option<ApiServerAccess>,
    network_profile: Option<NetworkProfile>,
    agent_pool_profiles: Option<Vec<AgentPool>>,
    /// There where the cluster's users are those of Entra.
    aad_profile: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct PowerState {
    code: Option<String>,
}

#[derive(Deserialize)]
struct OidcIssuer {
    #[serde(rename = "issuerURL")]
    issuer: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiServerAccess {
    enable_private_cluster: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NetworkProfile {
    service_cidr: Option<String>,
    service_cidrs: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct AgentPool {
    #[serde(rename = "vnetSubnetID")]
    subnet: Option<String>,
}

#[derive(Deserialize)]
struct Credentials {
    kubeconfigs: Option<Vec<Credential>>,
}

#[derive(Deserialize)]
struct Credential {
    value: Option<String>,
}

/// A kubeconfig as far as it is no secret: where the API is, and its certificate authority.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Kubeconfig {
    clusters: Vec<NamedCluster>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NamedCluster {
    cluster: ApiServer,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct ApiServer {
    server: Option<String>,
    certificate_authority_data: Option<String>,
}

#[async_trait]
impl Clusters for Azure {
    async fn describe(&self, id: &ClusterId) -> Result<Cluster> {
        let resource = self.cluster(id)?;
        let arm = self.0.arm().await?;
        let version = versions::CONTAINER_SERVICE;
        let found = arm.get::<Found>(Call::new(READ, id), &resource, version);
        let credentials = async {
            let action = ResourceId::new(format!("{resource}/listClusterUserCredential"));
            let answer = arm
                .post::<Credentials>(Call::new(CREDENTIAL, id), &action, version)
                .await;
            match answer {
                // A cluster that is being made or goes away has none to give.
                Err(Error::NotFound(_) | Error::Conflict(_) | Error::Invalid(_)) => Ok(None),
                answer => answer.optional(),
            }
        };
        let (found, credentials) = try_join!(found, credentials)?;
        let api = api_server(id, credentials)?;
        Ok(cluster(found, api))
    }

    async fn token(&self, id: &ClusterId) -> Result<ClusterToken> {
        let resource = self.cluster(id)?;
        self.knows_entra(id, &resource).await?;
        let call = Call::new("get a token", id);
        // The guard of the subscription holds for tokens as well.
        let credential = self.0.credential().await?;
        let token = credential.get_token(&[SCOPE], None).await;
        let token = token.map_err(|error| from_sdk(call, error))?;
        let expires = u64::try_from(token.expires_on.unix_timestamp()).unwrap_or_default();
        Ok(ClusterToken {
            token: token.token.secret().to_owned().into(),
            expires: SystemTime::UNIX_EPOCH + Duration::from_secs(expires),
        })
    }
}

impl Azure {
    fn cluster(&self, id: &ClusterId) -> Result<ResourceId> {
        let ClusterId::Aks {
            resource_group,
            name,
        } = id
        else {
            let why = "it is a cluster of another cloud, and the provider is configured for Azure: write `aks = { resource_group = …, \
                       name = … }`";
            return Err(invalid(READ, id, why));
        };
        let group = self
            .0
            .subscription()
            .child("resourceGroups", resource_group);
        Ok(group.child("providers/Microsoft.ContainerService/managedClusters", name))
    }

    /// Refuses a cluster that has users of its own, and would answer 401 to whatever token Entra gives. Who may not read the cluster,
    /// or meets an error, is not kept from a token by that.
    async fn knows_entra(&self, id: &ClusterId, resource: &ResourceId) -> Result<()> {
        let call = Call::new(READ, id);
        let arm = self.0.arm().await?;
        let found: Result<Found> = arm.get(call, resource, versions::CONTAINER_SERVICE).await;
        if found.is_ok_and(|found| found.properties.aad_profile.is_none()) {
            let why = "the cluster does not know Entra's users, and its API refuses every token of Entra: switch them on with `az aks \
                       update --enable-aad`, or reach the cluster by a kubeconfig file or its address, with a `token` or `exec` in the \
                       provider's `kubernetes` argument";
            return Err(invalid("get a token", id, why));
        }
        Ok(())
    }
}

fn api_server(id: &ClusterId, credentials: Option<Credentials>) -> Result<ApiServer> {
    let listed = credentials.and_then(|credentials| credentials.kubeconfigs);
    let Some(value) = listed
        .into_iter()
        .flatten()
        .find_map(|credential| credential.value)
    else {
        return Ok(ApiServer::default());
    };
    // What the parsers say of it may repeat what stands in it: keys, on clusters without Entra.
    let unread = || invalid(CREDENTIAL, id, "the answer holds no kubeconfig");
    let decoded = BASE64_STANDARD.decode(value.trim()).map_err(|_| unread())?;
    let text = String::from_utf8(decoded).map_err(|_| unread())?;
    let config: Kubeconfig = serde_saphyr::from_str(&text).map_err(|_| unread())?;
    let first = config.clusters.into_iter().next();
    Ok(first.unwrap_or_default().cluster)
}

fn cluster(found: Found, api: ApiServer) -> Cluster {
    let properties = found.properties;
    let private = properties
        .api_server_access_profile
        .as_ref()
        .is_some_and(|access| access.enable_private_cluster == Some(true));
    let host = if private {
        properties.private_fqdn.or(properties.fqdn)
    } else {
        properties.fqdn.or(properties.private_fqdn)
    };
    let subnets: Vec<String> = {
        let pools = properties.agent_pool_profiles.into_iter().flatten();
        let mut subnets: Vec<_> = pools.filter_map(|pool| pool.subnet).collect();
        subnets.sort();
        subnets.dedup();
        subnets
    };
    // A subnet's id begins with its network's.
    let network = subnets.first().and_then(|id| {
        let at = id.to_lowercase().find("/subnets/")?;
        Some(id[..at].to_owned())
    });
    let profile = properties.network_profile;
    let service_ranges = profile.map(|profile| {
        let one = profile.service_cidr.into_iter().collect();
        profile.service_cidrs.unwrap_or(one)
    });
    let certificate = api.certificate_authority_data.and_then(|data| {
        let pem = BASE64_STANDARD.decode(data.trim()).ok()?;
        String::from_utf8(pem).ok()
    });
    let stopped = properties
        .power_state
        .and_then(|state| state.code)
        .as_deref()
        == Some("Stopped");
    Cluster {
        id: found.id,
        status: status(properties.provisioning_state.as_deref(), stopped),
        endpoint: api
            .server
            .or_else(|| host.map(|host| format!("https://{host}:443"))),
        ca_certificate: certificate,
        beside: None,
        issuer: properties
            .oidc_issuer_profile
            .and_then(|profile| profile.issuer),
        version: properties
            .current_kubernetes_version
            .or(properties.kubernetes_version),
        network: ClusterNetwork {
            network,
            subnets,
            security_groups: Vec::new(),
            service_ranges: service_ranges.unwrap_or_default(),
            public_endpoint: !private,
            private_endpoint: private,
        },
    }
}

/// While Azure changes a cluster, its API answers; when it is stopped, it does not, and comes back.
fn status(state: Option<&str>, stopped: bool) -> ClusterStatus {
    match state {
        Some("Creating" | "Starting") => ClusterStatus::Creating,
        Some("Deleting") => ClusterStatus::Deleting,
        _ if stopped => ClusterStatus::Creating,
        Some("Failed" | "Canceled") => ClusterStatus::Failed,
        _ => ClusterStatus::Active,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubeconfig_is_read_without_its_secrets() {
        let pem = BASE64_STANDARD.encode("-----BEGIN CERTIFICATE-----\n");
        let config = format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: prod\n  cluster:\n    server: https://prod.hcp.westeurope.azmk8s.io:443\n    certificate-authority-data: {pem}\nusers:\n- name: u\n  user:\n    token: hunter2\n"
        );
        let id: ClusterId = ClusterId::Aks {
            resource_group: "acme".parse().unwrap(),
            name: "prod".parse().unwrap(),
        };
        let of = |value: String| Credentials {
            kubeconfigs: Some(vec![Credential { value: Some(value) }]),
        };
        let api = api_server(&id, Some(of(BASE64_STANDARD.encode(config)))).unwrap_or_default();
        assert_eq!(
            api.server.as_deref(),
            Some("https://prod.hcp.westeurope.azmk8s.io:443")
        );
        assert_eq!(api.certificate_authority_data, Some(pem));
        let broken = BASE64_STANDARD.encode("clusters: hunter2: x");
        let said = api_server(&id, Some(of(broken)))
            .err()
            .map(|error| error.to_string());
        assert!(said.is_some_and(|said| !said.contains("hunter2")));
    }

    #[test]
    fn a_stopped_cluster_has_no_api_yet() {
        assert_eq!(status(Some("Succeeded"), false), ClusterStatus::Active);
        assert_eq!(status(Some("Updating"), false), ClusterStatus::Active);
        assert_eq!(status(Some("Succeeded"), true), ClusterStatus::Creating);
        assert_eq!(status(Some("Failed"), false), ClusterStatus::Failed);
    }
}
