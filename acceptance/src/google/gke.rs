//! GKE on a cluster of the tests, and pods whose tokens become Google's. The cluster is looked up under its name with the
//! address and authority of the real one; its API server asks the stand-in who an access token is.

use anyhow::{Context as _, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Caller, Project, client};
use crate::cluster::{Cluster, Site};

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

impl Project {
    /// Where and how to start a cluster that is to be this project's cluster `name` on GKE.
    pub fn gke_site(&self, location: &str, name: &str) -> Site {
        let name = self.cluster_name(location, name);
        Site {
            token_review: Some(format!(
                "{}/_token-review/{}",
                self.address.endpoint, self.id
            )),
            issuer: Some(format!("https://container.googleapis.com/v1/{name}")),
            ..Site::default()
        }
    }

    /// The workload identity pool of the project's clusters on GKE.
    pub fn gke_pool(&self) -> String {
        format!("{}.svc.id.goog", self.id)
    }

    /// Lets GKE say that its cluster `name` is this one, and the project's pool take its tokens.
    pub fn host_on_gke(&self, location: &str, name: &str, cluster: &Cluster) -> Result<()> {
        self.address.trust(cluster)?;
        let endpoint = cluster.endpoint();
        let certificate = BASE64_STANDARD.encode(cluster.authority()?.certificate());
        let connection = json!({
            "selfLink": cluster.issuer(),
            // GKE's is an IP address at the usual port.
            "endpoint": endpoint.trim_start_matches("https://"),
            "masterAuth": { "clusterCaCertificate": certificate },
        });
        self.record_gke_cluster(location, name, connection)
    }

    /// Lets GKE know a cluster that nobody connects to: with the first one, the project has its workload identity pool.
    pub fn register_gke_cluster(&self, location: &str, name: &str) -> Result<()> {
        self.record_gke_cluster(location, name, json!({ "endpoint": "192.0.2.1" }))
    }

    fn record_gke_cluster(&self, location: &str, name: &str, connection: Value) -> Result<()> {
        let mut value = json!({
            "name": name,
            "location": location,
            "workloadIdentityConfig": { "workloadPool": self.gke_pool() },
            "status": "RUNNING",
            "currentMasterVersion": "1.36.2-gke.1",
            "currentNodeVersion": "1.36.2-gke.1",
        });
        if let (Value::Object(value), Value::Object(connection)) = (&mut value, connection) {
            value.extend(connection);
        }
        let seeded = json!({ "name": self.cluster_name(location, name), "value": value });
        self.ask(Method::POST, "clusters", &seeded).map(drop)
    }

    /// A pod's session in a cluster on GKE, as the service account of Google's in its annotation (by the metadata server
    /// there), or as itself. `token` is the pod's, for [`Project::gke_pool`].
    pub fn pod_on_gke(
        &self,
        cluster: &Cluster,
        token: &str,
        account: Option<&str>,
    ) -> Result<Caller> {
        let audience = format!("identitynamespace:{}:{}", self.gke_pool(), cluster.issuer());
        self.exchanged(&audience, token, account)
    }

    /// A pod's session through a provider of a workload identity pool, by its full name:
    /// `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`.
    pub fn pod_elsewhere(
        &self,
        provider: &str,
        token: &str,
        account: Option<&str>,
    ) -> Result<Caller> {
        self.exchanged(&format!("//iam.googleapis.com/{provider}"), token, account)
    }

    /// The same by a credentials file that was made for pods, for which this stand-in takes Google's place.
    pub fn pod_by(&self, credentials: &Value, token: &str) -> Result<Caller> {
        let endpoint = &self.address.endpoint;
        let here = credentials
            .to_string()
            .replace("https://sts.googleapis.com", &format!("{endpoint}/sts"))
            .replace(
                "https://iamcredentials.googleapis.com",
                &format!("{endpoint}/iamcredentials"),
            );
        let mut here: Value = serde_json::from_str(&here)?;
        here["credential_source"]["file"] = json!(self.write("subject-token", token)?);
        let token = client::token_by(&here).context("exchanging a pod's token by its file")?;
        self.caller(token)
    }

    /// Google's own library exchanges the token and, for an account, has a token of that minted.
    fn exchanged(&self, audience: &str, token: &str, account: Option<&str>) -> Result<Caller> {
        let file = self.write("subject-token", token)?;
        let endpoint = &self.address.endpoint;
        let mut credentials = json!({
            "type": "external_account",
            "audience": audience,
            "subject_token_type": JWT,
            "token_url": format!("{endpoint}/sts/v1/token"),
            "credential_source": { "file": file },
        });
        if let Some(account) = account {
            let url = format!(
                "{endpoint}/iamcredentials/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
            );
            credentials["service_account_impersonation_url"] = url.into();
        }
        let token = client::token_by(&credentials)
            .with_context(|| format!("exchanging a pod's token for {audience}"))?;
        self.caller(token)
    }

    fn cluster_name(&self, location: &str, name: &str) -> String {
        format!("projects/{}/locations/{location}/clusters/{name}", self.id)
    }
}

impl Caller {
    /// What GKE says of a cluster.
    pub fn gke_cluster(&self, location: &str, name: &str) -> Result<Value> {
        let name = format!(
            "projects/{}/locations/{location}/clusters/{name}",
            self.project
        );
        self.call(
            "container.v1",
            "projects.locations.clusters.get",
            &json!({ "name": name }),
        )
    }
}
