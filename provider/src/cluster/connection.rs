//! How a cluster is opened: by the cloud's own credentials, a kubeconfig file, or what the provider's `kubernetes` argument gives.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use clouds::{
    Clouds,
    clusters::{ClusterId, ClusterStatus, Clusters, Endpoint},
    error::Optional as _,
};
use dataplane_api::identity::Cloud;
use framework::Value;
use serde_json::json;

use super::{
    api_server::{ApiServer, PrivateWay, Tokens},
    coordinates::Coordinates,
    error::Error,
    kubeconfig,
    objects::{ObjectRef, Objects},
    route::{self, Route, ServerName},
};
use crate::provider::KubernetesModel;

/// A cluster that does not answer within this time is reported, instead of a plan that hangs.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// Whose a cluster is: the block of the provider that it needs, and the service that has it.
pub struct Whose {
    pub cloud: Cloud,
    pub block: &'static str,
    pub service: &'static str,
}

impl Whose {
    /// Of a cluster of a cloud.
    pub fn of(id: &ClusterId) -> Self {
        let (cloud, block, service) = match id {
            ClusterId::Eks { .. } => (Cloud::Aws, "aws", "EKS"),
            ClusterId::Gke { .. } => (Cloud::Gcp, "gcp", "GKE"),
            ClusterId::Aks { .. } => (Cloud::Azure, "azure", "AKS"),
        };
        Self {
            cloud,
            block,
            service,
        }
    }
}

/// What opens clusters.
#[async_trait]
pub trait Connect: Send + Sync {
    /// Opens one; `None` when its cloud says that it is deleted, and with it everything in it.
    async fn connect(&self, coordinates: &Coordinates) -> Result<Option<Connected>, Error>;
}

/// An open cluster.
#[derive(Clone)]
pub struct Connected {
    pub objects: Arc<dyn Objects>,
    /// Uid of its kube-system namespace: another uid is another cluster, wherever it answers.
    pub uid: String,
}

impl Connected {
    /// Asks a cluster who it is.
    pub async fn to(objects: Arc<dyn Objects>) -> Result<Self, Error> {
        let system = objects.get(&ObjectRef::namespace("kube-system")).await?;
        let uid = system.uid().to_owned();
        Ok(Self { objects, uid })
    }
}

/// Real clusters. Nothing is called until one is needed.
pub fn live(
    clouds: Option<(Cloud, &Clouds)>,
    kubernetes: &Value<KubernetesModel>,
) -> Arc<dyn Connect> {
    Arc::new(Live {
        clusters: clouds.map(|(cloud, clouds)| (cloud, Arc::clone(&clouds.clusters))),
        kubernetes: kubernetes.clone(),
        open: Mutex::default(),
    })
}

struct Live {
    clusters: Option<(Cloud, Arc<dyn Clusters>)>,
    kubernetes: Value<KubernetesModel>,
    open: Mutex<HashMap<Coordinates, Connected>>,
}

#[async_trait]
impl Connect for Live {
    async fn connect(&self, coordinates: &Coordinates) -> Result<Option<Connected>, Error> {
        // Every resource of a cluster shares one connection, so that the cloud is asked once per run.
        let open = self
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(coordinates)
            .cloned();
        if open.is_some() {
            return Ok(open);
        }
        let objects = match coordinates {
            Coordinates::Cloud(id, route) => self.of_cloud(id, route.as_ref()).await?,
            Coordinates::Kubeconfig { path, context } => Some(
                self.kubeconfig(coordinates, path, context.as_deref())
                    .await?,
            ),
            Coordinates::Direct {
                host,
                ca_certificate,
                server_name,
            } => Some(self.direct(host, ca_certificate.as_deref(), server_name.as_ref())?),
        };
        let Some(objects) = objects else {
            return Ok(None);
        };
        let connected = Connected::to(Arc::new(objects)).await?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(coordinates.clone(), connected.clone());
        Ok(Some(connected))
    }
}

impl Live {
    async fn of_cloud(
        &self,
        id: &ClusterId,
        route: Option<&Route>,
    ) -> Result<Option<ApiServer>, Error> {
        let Whose {
            cloud,
            block,
            service,
        } = Whose::of(id);
        let clusters = match &self.clusters {
            Some((configured, clusters)) if *configured == cloud => clusters,
            _ => {
                return Err(Error::Credentials {
                    host: id.to_string(),
                    reason: format!(
                        "the provider has no `{block}` argument, so {service} cannot be asked for the cluster"
                    ),
                });
            }
        };
        let Some(cluster) = clusters.describe(id).await.optional()? else {
            return Ok(None);
        };
        // Without a certificate authority, as behind a DNS endpoint of GKE, the API server has a certificate that every machine trusts.
        match (cluster.status, cluster.endpoint) {
            (ClusterStatus::Deleting, _) => Ok(None),
            (ClusterStatus::Active, Some(url)) => {
                let own = Endpoint {
                    url,
                    ca_certificate: cluster.ca_certificate,
                };
                let tokens = Some(minted(Arc::clone(clusters), id.clone()));
                let Some(route) = route else {
                    let config = config(&own.url, own.ca_certificate.as_deref())?;
                    return ApiServer::new(config, tokens).map(Some);
                };
                let ways: Vec<_> = [own].into_iter().chain(cluster.beside).collect();
                let (config, way) = routed(id, &ways, route)?;
                let server = ApiServer::new(config, tokens)?;
                Ok(Some(server.by_private_endpoint(way)))
            }
            (status, _) => Err(Error::Unreachable {
                host: id.to_string(),
                reason: format!("the cluster is {status:?}, not active").to_lowercase(),
            }),
        }
    }

    async fn kubeconfig(
        &self,
        coordinates: &Coordinates,
        path: &str,
        context: Option<&str>,
    ) -> Result<ApiServer, Error> {
        let mut config =
            kubeconfig::load(path, context)
                .await
                .map_err(|reason| Error::Credentials {
                    host: coordinates.to_string(),
                    reason,
                })?;
        bound(&mut config);
        let user = &config.auth_info;
        let anonymous = user.token.is_none()
            && user.token_file.is_none()
            && user.exec.is_none()
            && user.client_certificate.is_none()
            && user.client_certificate_data.is_none()
            && user.auth_provider.is_none()
            && user.username.is_none();
        if anonymous {
            return self.authenticated(config);
        }
        ApiServer::new(config, None)
    }

    fn direct(
        &self,
        host: &str,
        ca_certificate: Option<&str>,
        server_name: Option<&ServerName>,
    ) -> Result<ApiServer, Error> {
        let given = self
            .kubernetes
            .known()
            .and_then(|kubernetes| kubernetes.ca_certificate.known());
        let mut config = config(host, ca_certificate.or(given.map(String::as_str)))?;
        config.tls_server_name = server_name.map(ToString::to_string);
        self.authenticated(config)
    }

    /// Adds what the provider's `kubernetes` argument gives.
    fn authenticated(&self, mut config: kube::Config) -> Result<ApiServer, Error> {
        let problem = |reason: &str| Error::Credentials {
            host: config.cluster_url.to_string(),
            reason: reason.to_owned(),
        };
        // Import ids and kubeconfig files can hold any address.
        if config.cluster_url.scheme_str() != Some("https") {
            return Err(problem(
                "its address does not begin with https://, and a token is not sent where everybody can read it",
            ));
        }
        let kubernetes = match &self.kubernetes {
            Value::Known(kubernetes) => kubernetes,
            Value::Unknown => {
                return Err(problem(
                    "the provider's `kubernetes` argument is not known yet",
                ));
            }
            Value::Null => {
                return Err(problem(
                    "set `token` or `exec` in the provider's `kubernetes` argument",
                ));
            }
        };
        if let Some(token) = kubernetes.token.known() {
            let token = token.clone();
            let tokens: Tokens = Box::new(move || {
                let token = token.clone();
                Box::pin(async move { Ok(token) })
            });
            return ApiServer::new(config, Some(tokens));
        }
        let Some(exec) = kubernetes.exec.known() else {
            return Err(problem(
                "set `token` or `exec` in the provider's `kubernetes` argument; neither is known",
            ));
        };
        let environment: Vec<_> = exec
            .env
            .known()
            .into_iter()
            .flatten()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        let user = json!({ "exec": {
            "apiVersion": exec.api_version.known(),
            "command": exec.command.known(),
            "args": exec.args.known(),
            "env": environment,
            // Terraform's standard input is not for questions.
            "interactiveMode": "Never",
        } });
        config.auth_info =
            serde_json::from_value(user).map_err(|error| problem(&error.to_string()))?;
        ApiServer::new(config, None)
    }
}

/// Tokens in the caller's own name, for as long as a wait takes.
fn minted(clusters: Arc<dyn Clusters>, id: ClusterId) -> Tokens {
    Box::new(move || {
        let clusters = Arc::clone(&clusters);
        let id = id.clone();
        Box::pin(async move {
            let minted = clusters
                .token(&id)
                .await
                .map_err(|error| error.to_string())?;
            Ok(minted.token.expose().to_owned())
        })
    })
}

fn config(host: &str, ca_certificate: Option<&str>) -> Result<kube::Config, Error> {
    let problem = |reason: String| Error::Credentials {
        host: host.to_owned(),
        reason,
    };
    let url = host
        .parse()
        .map_err(|error| problem(format!("the address is not a URL: {error}")))?;
    let mut config = kube::Config::new(url);
    if let Some(pem) = ca_certificate {
        config.root_cert = Some(certificates(pem).map_err(problem)?);
    }
    bound(&mut config);
    Ok(config)
}

/// A cluster of a cloud at another address: what tells that it is this one stays its own.
fn routed(
    id: &ClusterId,
    ways: &[Endpoint],
    route: &Route,
) -> Result<(kube::Config, PrivateWay), Error> {
    let problem = |reason| Error::Credentials {
        host: id.to_string(),
        reason,
    };
    let end = route
        .end(ways)
        .ok_or_else(|| problem("its cloud does not say where its API is".to_owned()))?;
    let authority = end.ca_certificate.as_deref();
    let mut config = config(&route.address.to_string(), authority)?;
    let name = route.checked_by(&end.url).map_err(problem)?;
    // What stands before several clusters, as Google's DNS endpoints, knows them by the name that is asked for.
    let host =
        http::HeaderValue::from_str(&name.as_host()).map_err(|error| problem(error.to_string()))?;
    config.headers.push((http::header::HOST, host));
    config.tls_server_name = Some(name.to_string());
    let other = ways.iter().find(|way| *way != end);
    let way = PrivateWay {
        own_authority: authority.is_some(),
        other_name: other.and_then(|other| route::host(&other.url)),
    };
    Ok((config, way))
}

fn bound(config: &mut kube::Config) {
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    config.reset_reader_on_write = true;
}

/// The certificates of a PEM bundle, as DER.
fn certificates(pem: &str) -> Result<Vec<Vec<u8>>, String> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(|certificate| certificate.map(|der| der.to_vec()))
        .collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err("`ca_certificate` holds no certificate; it must be PEM, beginning with -----BEGIN CERTIFICATE-----".to_owned()),
        Err(error) => Err(format!("`ca_certificate` is not PEM: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coordinates(text: &str) -> Coordinates {
        text.parse().unwrap()
    }

    async fn problem(live: &dyn Connect, at: &str) -> String {
        match live.connect(&coordinates(at)).await {
            Ok(_) => panic!("{at} is no cluster"),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn what_is_missing_is_named() {
        let clusters = live(None, &Value::Null);
        assert!(
            problem(&*clusters, "eks/eu-west-1/prod")
                .await
                .contains("no `aws` argument")
        );
        let aws = Clouds::memory();
        let of_aws = live(Some((Cloud::Aws, &aws)), &Value::Null);
        let said = problem(&*of_aws, "gke/acme-prod/europe-west4/prod").await;
        assert!(said.contains("no `gcp` argument, so GKE cannot"), "{said}");
        let said = problem(&*of_aws, "aks/acme/prod").await;
        assert!(
            said.contains("no `azure` argument, so AKS cannot"),
            "{said}"
        );
        assert!(
            problem(&*clusters, "direct/https://10.0.0.1")
                .await
                .contains("`token` or `exec`")
        );
        let clusters = live(None, &Value::Unknown);
        assert!(
            problem(&*clusters, "direct/https://10.0.0.1")
                .await
                .contains("not known yet")
        );
    }

    #[tokio::test]
    async fn no_token_is_sent_in_the_clear() {
        let kubernetes = KubernetesModel {
            token: Value::Known("hunter2".to_owned()),
            ..KubernetesModel::default()
        };
        let said = problem(&*live(None, &kubernetes.into()), "direct/http://10.0.0.1").await;
        assert!(
            said.contains("https://") && !said.contains("hunter2"),
            "{said}"
        );
    }

    #[tokio::test]
    async fn a_cluster_that_the_cloud_does_not_have_is_gone() {
        let clouds = Clouds::memory();
        for (cloud, at) in [
            (Cloud::Aws, "eks/eu-west-1/prod"),
            (Cloud::Gcp, "gke/acme-prod/europe-west4/prod"),
            (Cloud::Azure, "aks/acme/prod"),
        ] {
            let clusters = live(Some((cloud, &clouds)), &Value::Null);
            let found = clusters.connect(&coordinates(at)).await.unwrap();
            assert!(found.is_none(), "{at}");
        }
    }

    const OWN: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    fn at(url: &str, ca_certificate: Option<&str>) -> Endpoint {
        Endpoint {
            url: url.into(),
            ca_certificate: ca_certificate.map(str::to_owned),
        }
    }

    fn routed_at(text: &str, ways: &[Endpoint]) -> (kube::Config, PrivateWay) {
        let Coordinates::Cloud(id, Some(route)) = coordinates(text) else {
            panic!("a cluster with a route");
        };
        routed(&id, ways, &route).unwrap()
    }

    #[test]
    fn a_private_endpoint_is_asked_as_the_cluster_itself() {
        let ways = [at("https://abc.gr7.eu-west-1.eks.amazonaws.com", Some(OWN))];
        let (config, way) = routed_at("eks/eu-west-1/prod@10.1.0.4:6443", &ways);
        assert_eq!(config.cluster_url, "https://10.1.0.4:6443/");
        let name = "abc.gr7.eu-west-1.eks.amazonaws.com";
        assert_eq!(config.tls_server_name.as_deref(), Some(name));
        assert_eq!(config.headers[0].0, http::header::HOST);
        assert_eq!(config.headers[0].1, name);
        assert_eq!(config.root_cert, Some(vec![vec![0; 3]]));
        assert!(way.own_authority && way.other_name.is_none());
        let ways = [at("https://[fd00::1]", Some(OWN))];
        let (config, _) = routed_at("eks/eu-west-1/prod@10.1.0.4:6443", &ways);
        assert_eq!(config.tls_server_name.as_deref(), Some("fd00::1"));
        assert_eq!(config.headers[0].1, "[fd00::1]");
    }

    /// A DNS endpoint of GKE has a certificate that every machine trusts, on every way; the cluster's address has its own.
    #[test]
    fn a_cluster_with_two_certificates_is_checked_by_that_of_the_way() {
        let name = "gke-1.europe-west4.gke.goog";
        let ways = [
            at(&format!("https://{name}"), None),
            at("https://10.0.0.2", Some(OWN)),
        ];
        let gke = "gke/acme-prod/europe-west4/prod";
        let (config, way) = routed_at(&format!("{gke}@10.0.0.2"), &ways);
        assert_eq!(config.tls_server_name.as_deref(), Some("10.0.0.2"));
        assert_eq!(config.root_cert, Some(vec![vec![0; 3]]));
        assert_eq!(way.other_name.as_deref(), Some(name));
        let (config, way) = routed_at(&format!("{gke}@10.9.0.1={name}"), &ways);
        assert_eq!(config.tls_server_name.as_deref(), Some(name));
        assert!(config.root_cert.is_none());
        assert!(!way.own_authority);
        assert_eq!(way.other_name.as_deref(), Some("10.0.0.2"));
    }

    #[test]
    fn a_certificate_that_is_none_is_refused() {
        let error = config("https://10.0.0.1", Some("hello")).unwrap_err();
        assert!(error.to_string().contains("must be PEM"), "{error}");
    }
}
