//! Tokens of the metadata server or of an exchange, and signatures by the key that Google keeps for the pod's service account.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use object_store::{CredentialProvider, gcp::GcpCredential};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::RequestBuilder;
use serde::Deserialize;

use super::external_account::ExternalAccount;
use crate::{
    environment::Site,
    error::{NoCredentials, OpenError},
    session::{Session, after},
    transport::{AskError, Transport, ask},
};

const METADATA: &str = "metadata.google.internal";
const IAM_CREDENTIALS: &str = "https://iamcredentials.googleapis.com";
/// An identity of the pool, in place of an email, is the Kubernetes service account itself.
const POOL: &str = ".svc.id.goog";

#[derive(Debug)]
pub(crate) struct Credentials {
    metadata: String,
    /// In a cluster that is not GKE's, in place of the metadata server.
    external: Option<ExternalAccount>,
    signer: String,
    transport: Transport,
    token: Session<GcpCredential>,
    email: Session<String>,
}

impl Credentials {
    pub(crate) fn open(site: &Site<'_>, transport: &Transport) -> Result<Self, OpenError> {
        let iam_credentials =
            site.given_beside_endpoint("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS");
        let external = site.given("GOOGLE_APPLICATION_CREDENTIALS");
        Ok(Self {
            external: external.map(ExternalAccount::read).transpose()?,
            metadata: site
                .given("GCE_METADATA_HOST")
                .unwrap_or(METADATA)
                .to_owned(),
            signer: iam_credentials
                .unwrap_or(IAM_CREDENTIALS)
                .trim_end_matches('/')
                .to_owned(),
            transport: transport.clone(),
            token: Session::default(),
            email: Session::default(),
        })
    }

    fn of_this_pod(&self, what: &str) -> RequestBuilder {
        let url = format!(
            "http://{}/computeMetadata/v1/instance/service-accounts/default/{what}",
            self.metadata
        );
        self.transport
            .near
            .get(url)
            .header("Metadata-Flavor", "Google")
    }

    async fn token(&self) -> Result<Arc<GcpCredential>, Arc<AskError>> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            expires_in: u64,
        }
        let fetch = async || {
            if let Some(external) = &self.external {
                return external.token(&self.transport).await;
            }
            let what = "credentials";
            let now = Timestamp::now();
            let answer = ask(what, || self.of_this_pod("token")).await?;
            let answer: Answer = serde_json::from_slice(&answer).map_err(|_| AskError::Answer {
                what,
                lacks: "a token",
            })?;
            let token = GcpCredential {
                bearer: answer.access_token,
            };
            Ok((token, after(now, Duration::from_secs(answer.expires_in))))
        };
        Ok(self.token.get(Duration::ZERO, fetch).await?.value)
    }

    /// Email of the Google service account that this pod is.
    pub(crate) async fn service_account(&self) -> Result<Arc<String>, Arc<AskError>> {
        let fetch = async || {
            if let Some(external) = &self.external {
                let email = external.email().ok_or_else(|| {
                    AskError::Impossible(
                        "this pod has its rights itself, and only Google service accounts have a key that signs: name one in roles \
                         (google.service_account)"
                            .to_owned(),
                    )
                })?;
                return Ok((email.to_owned(), Timestamp::MAX));
            }
            let answer = ask("credentials", || self.of_this_pod("email")).await?;
            let email = String::from_utf8_lossy(&answer).trim().to_owned();
            if !email.contains('@') || email.ends_with(POOL) {
                return Err(AskError::Impossible(format!(
                    "this pod is `{email}`, which is no Google service account, and only those have a key that signs: name one in roles (gke.service_account)"
                )));
            }
            Ok((email, Timestamp::MAX))
        };
        Ok(self.email.get(Duration::ZERO, fetch).await?.value)
    }

    /// The signature of a text by the key of a service account, which Google keeps to itself.
    pub(crate) async fn sign_blob(
        &self,
        email: &str,
        text: &str,
    ) -> Result<Vec<u8>, Arc<AskError>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer {
            signed_blob: String,
        }
        let what = "signatures";
        let token = self.token().await?;
        let url = format!(
            "{}/v1/projects/-/serviceAccounts/{}:signBlob",
            self.signer,
            utf8_percent_encode(email, NON_ALPHANUMERIC)
        );
        let body = serde_json::json!({ "payload": STANDARD.encode(text) });
        let answer = ask(what, || {
            let request = self.transport.cloud.post(&url);
            request.bearer_auth(&token.bearer).json(&body)
        });
        let answer: Option<Answer> = serde_json::from_slice(&answer.await?).ok();
        let signature = answer.and_then(|answer| STANDARD.decode(answer.signed_blob).ok());
        signature.ok_or_else(|| {
            AskError::Answer {
                what,
                lacks: "a signature",
            }
            .into()
        })
    }
}

#[async_trait]
impl CredentialProvider for Credentials {
    type Credential = GcpCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<GcpCredential>> {
        self.token()
            .await
            .map_err(|error| NoCredentials(error).into())
    }
}
