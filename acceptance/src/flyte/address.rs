//! The way to what the stand-in has for tests.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::Method;
use serde_json::Value;

use crate::issuer;

#[derive(Clone, Debug)]
pub(super) struct Address {
    endpoint: String,
    client: reqwest::Client,
}

impl Address {
    pub(super) fn at(endpoint: &str) -> Result<Self> {
        issuer::crypto();
        let client = reqwest::Client::builder()
            .timeout(Duration::from_mins(1))
            .no_proxy()
            .build()?;
        Ok(Self {
            endpoint: endpoint.to_owned(),
            client,
        })
    }

    pub(super) fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let what = format!("{method} {path}");
        let mut request = self
            .client
            .request(method, format!("{}/{path}", self.endpoint));
        if !body.is_null() {
            request = request.json(body);
        }
        let asking = async {
            let answer = request.send().await?;
            let status = answer.status();
            anyhow::Ok((status, answer.json::<Value>().await?))
        };
        let (status, answer) = issuer::runtime()
            .block_on(asking)
            .with_context(|| format!("asking the stand-in for {what}"))?;
        if !status.is_success() {
            bail!("the stand-in refused {what}: {status} {answer}");
        }
        Ok(answer)
    }
}
