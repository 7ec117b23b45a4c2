//! Calls as tasks make them: over TLS, and by a token or without one.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Flyte;
use crate::issuer;

const LIMIT: Duration = Duration::from_secs(30);

impl Flyte {
    /// The status and the answer of a call of one of the services, `flyteidl2.actions.ActionsService/Enqueue`, in JSON.
    pub fn call_by(&self, token: Option<&str>, method: &str, body: &Value) -> Result<(u16, Value)> {
        let authority = reqwest::Certificate::from_pem(self.ca_certificate().as_bytes())?;
        let client = reqwest::Client::builder()
            .tls_certs_only([authority])
            .no_proxy()
            .timeout(LIMIT)
            .build()?;
        let url = format!("https://{}/{method}", self.secure_endpoint());
        let mut request = client.post(url).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let calling = async {
            let answer = request.send().await?;
            let status = answer.status().as_u16();
            anyhow::Ok((status, answer.json::<Value>().await?))
        };
        issuer::runtime()
            .block_on(calling)
            .with_context(|| format!("calling {method}"))
    }
}
