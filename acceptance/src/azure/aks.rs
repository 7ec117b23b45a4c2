//! AKS on a cluster of the tests, and pods whose tokens become an identity's. The cluster is looked up under its name with the
//! address and authority of the real one; its API server asks the stand-in who a token of Entra's is.

use std::fs;

use anyhow::Result;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Azure, Caller, LOCATION, Subscription, client};
use crate::cluster::{Cluster, Site};

/// For whom the token of a pod has to be.
pub const AUDIENCE: &str = "api://AzureADTokenExchange";

impl Azure {
    /// Where and how to start a cluster that AKS is to know.
    pub fn aks_site(&self) -> Site {
        Site {
            token_review: Some(format!("{}/_token-review", self.address.plain)),
            ..Site::default()
        }
    }
}

impl Subscription {
    /// Lets AKS say that its cluster `name` is this one, and Entra take its tokens.
    pub fn host_on_aks(&self, name: &str, cluster: &Cluster) -> Result<()> {
        self.address.trust(cluster)?;
        let certificate = BASE64_STANDARD.encode(cluster.authority()?.certificate());
        let hosted = json!({
            "resourceGroup": self.resource_group, "name": name, "location": LOCATION, "endpoint": cluster.endpoint(),
            "authority": certificate, "issuer": cluster.issuer(),
        });
        self.ask(Method::PUT, "clusters", &hosted).map(drop)
    }

    /// Lets AKS say that there is a cluster whose users are its own, and not Entra's. It answers nobody.
    pub fn describe_on_aks(&self, name: &str) -> Result<()> {
        let certificate = BASE64_STANDARD.encode(fs::read(&self.owner().authority)?);
        let described = json!({
            "resourceGroup": self.resource_group, "name": name, "location": LOCATION, "endpoint": "https://127.0.0.1:1",
            "authority": certificate, "issuer": "https://oidc.example.test/own", "ownUsers": true,
        });
        self.ask(Method::PUT, "clusters", &described).map(drop)
    }

    /// A pod's session as a managed identity, for one service: `https://storage.azure.com/.default`. Microsoft's own library
    /// exchanges the pod's token, which is for [`AUDIENCE`].
    pub fn pod(&self, client: &str, token: &str, scope: &str) -> Result<Caller> {
        let token = client::token_by(self.owner(), client, token, scope)?;
        let said: Value = json!({ "principalId": "", "clientId": client });
        Caller::new(&self.address, &self.id, token, &said)
    }
}
