//! Who verifies service account tokens as a cloud would: by the keys that the cluster publishes, and nothing else.

use std::sync::OnceLock;

use anyhow::{Context as _, Result};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header, errors::ErrorKind, jwk::JwkSet,
};
use serde_json::{Map, Value};

use crate::cluster::{Cluster, Keys};

/// An issuer and where its keys are.
#[derive(Clone, Debug)]
pub struct Issuer {
    name: String,
    keys: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Url(String, reqwest::Client),
    Known(JwkSet),
}

/// What a verified token says.
#[derive(Clone, Debug)]
pub struct Claims(Map<String, Value>);

/// Why a token is refused.
#[derive(Debug)]
pub enum Rejection {
    Expired,
    Issuer(String),
    Audience,
    Invalid(String),
}

impl Issuer {
    pub fn of(cluster: &Cluster) -> Result<Self> {
        crypto();
        let keys = match cluster.keys()? {
            Keys::At {
                url,
                ca_certificate,
            } => {
                let certificate = reqwest::Certificate::from_pem(ca_certificate.as_bytes())?;
                let client = reqwest::Client::builder()
                    .tls_certs_only([certificate])
                    .no_proxy()
                    .build()?;
                Source::Url(url, client)
            }
            Keys::These(keys) => Source::Known(serde_json::from_str(&keys)?),
        };
        Ok(Self {
            name: cluster.issuer().to_owned(),
            keys,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Verifies signature, issuer and expiry, and the audience where one is asked for. Keys that anybody
    /// may read are fetched each time, as they may be other ones after the cluster's restart.
    pub async fn verify(
        &self,
        token: &str,
        audience: Option<&str>,
    ) -> std::result::Result<Claims, Rejection> {
        let header = decode_header(token).map_err(|error| Rejection::Invalid(error.to_string()))?;
        let keys = self
            .keys()
            .await
            .map_err(|error| Rejection::Invalid(format!("{error:#}")))?;
        let key = header
            .kid
            .as_deref()
            .and_then(|id| keys.find(id))
            .ok_or_else(|| Rejection::Invalid("signed by no published key".to_owned()))?;
        let key =
            DecodingKey::from_jwk(key).map_err(|error| Rejection::Invalid(error.to_string()))?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = 0;
        validation.set_issuer(&[&self.name]);
        match audience {
            Some(audience) => validation.set_audience(&[audience]),
            None => validation.validate_aud = false,
        }
        let verified = decode::<Map<String, Value>>(token, &key, &validation);
        match verified {
            Ok(token) => Ok(Claims(token.claims)),
            Err(error) => Err(match error.kind() {
                ErrorKind::ExpiredSignature => Rejection::Expired,
                ErrorKind::InvalidIssuer => Rejection::Issuer(self.name.clone()),
                ErrorKind::InvalidAudience => Rejection::Audience,
                _ => Rejection::Invalid(error.to_string()),
            }),
        }
    }

    async fn keys(&self) -> Result<JwkSet> {
        let (url, client) = match &self.keys {
            Source::Known(keys) => return Ok(keys.clone()),
            Source::Url(url, client) => (url, client),
        };
        let answer = client.get(url).send().await;
        answer
            .and_then(reqwest::Response::error_for_status)
            .with_context(|| format!("fetching the keys of {}", self.name))?
            .json()
            .await
            .with_context(|| format!("reading the keys of {}", self.name))
    }
}

impl Claims {
    pub fn subject(&self) -> &str {
        self.0
            .get("sub")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The claims with an audience array of one element as a plain string.
    pub fn with_plain_audience(mut self) -> Map<String, Value> {
        if let Some(Value::Array(audiences)) = self.0.get("aud")
            && let [audience] = audiences.as_slice()
        {
            let audience = audience.clone();
            self.0.insert("aud".to_owned(), audience);
        }
        self.0
    }
}

/// Installs the one TLS provider of this process.
pub fn crypto() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        // An error says that one is installed already, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}

/// The runtime of the servers that the tests run in their own process.
///
/// # Panics
/// When the machine gives no threads.
pub fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap_or_else(|error| panic!("no runtime for the servers of the tests: {error}"))
    })
}
