//! Tokens of Entra for the pod's projected token, and the key that signs in the identity's name.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use dataplane_api::identity::Cloud;
use jiff::Timestamp;
use object_store::{CredentialProvider, azure::AzureCredential};
use serde::Deserialize;
use url::Url;

use super::sas::VERSION;
use crate::{
    environment::Site,
    error::{NoCredentials, OpenError},
    refusal::element,
    session::{Session, after},
    transport::{AskError, Transport, ask, read_token},
};

const AUTHORITY: &str = "https://login.microsoftonline.com";
const SCOPE: &str = "https://storage.azure.com/.default";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A key is asked for from a little before now, for clocks differ.
const SKEW: Duration = Duration::from_mins(5);
/// A key signs many URLs.
const KEY_LEAST: Duration = Duration::from_hours(4);
/// Azure's own limit, less the skew.
const KEY_MOST: Duration = Duration::from_hours(7 * 24 - 1);

#[derive(Debug)]
pub(crate) struct Credentials {
    endpoint: String,
    client: String,
    token_file: String,
    transport: Transport,
    token: Session<AzureCredential>,
}

/// A key of the storage account, lent to one identity for a while.
pub(crate) struct DelegationKey {
    pub(crate) key: Vec<u8>,
    /// Object and tenant that it was lent to, begin, end, service and version, as Azure says them.
    pub(crate) facts: [String; 6],
}

impl std::fmt::Debug for DelegationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DelegationKey")
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

impl Credentials {
    pub(crate) fn open(site: &Site<'_>, transport: &Transport) -> Result<Self, OpenError> {
        let required = |name| site.required(Cloud::Azure, name);
        let authority = site.given("AZURE_AUTHORITY_HOST").unwrap_or(AUTHORITY);
        Ok(Self {
            endpoint: format!(
                "{}/{}/oauth2/v2.0/token",
                authority.trim_end_matches('/'),
                required("AZURE_TENANT_ID")?
            ),
            client: required("AZURE_CLIENT_ID")?,
            token_file: required("AZURE_FEDERATED_TOKEN_FILE")?,
            transport: transport.clone(),
            token: Session::default(),
        })
    }

    async fn token(&self) -> Result<Arc<AzureCredential>, Arc<AskError>> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            expires_in: u64,
        }
        let fetch = async || {
            let what = "credentials";
            let token = read_token(&self.token_file).await?;
            let body = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("grant_type", "client_credentials")
                .append_pair("client_id", &self.client)
                .append_pair("scope", SCOPE)
                .append_pair("client_assertion_type", ASSERTION)
                .append_pair("client_assertion", &token)
                .finish();
            let now = Timestamp::now();
            let answer = ask(what, || {
                let request = self.transport.cloud.post(&self.endpoint);
                request
                    .header(
                        http::header::CONTENT_TYPE,
                        "application/x-www-form-urlencoded",
                    )
                    .body(body.clone())
            });
            let answer: Answer =
                serde_json::from_slice(&answer.await?).map_err(|_| AskError::Answer {
                    what,
                    lacks: "a token",
                })?;
            let token = AzureCredential::BearerToken(answer.access_token);
            Ok((token, after(now, Duration::from_secs(answer.expires_in))))
        };
        Ok(self.token.get(Duration::ZERO, fetch).await?.value)
    }

    /// A key for signing URLs that live so long.
    pub(crate) async fn delegation_key(
        &self,
        service: &Url,
        life: Duration,
    ) -> Result<(DelegationKey, Timestamp), AskError> {
        let what = "keys for signing";
        let token = self.token().await.map_err(AskError::Shared)?;
        let AzureCredential::BearerToken(token) = token.as_ref() else {
            return Err(AskError::Answer {
                what,
                lacks: "a token",
            });
        };
        let now = Timestamp::now();
        let begin = now.checked_sub(SKEW).unwrap_or(now);
        let end = after(now, (life * 2).clamp(KEY_LEAST, KEY_MOST));
        let time = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><KeyInfo><Start>{}</Start><Expiry>{}</Expiry></KeyInfo>",
            time(begin),
            time(end)
        );
        let mut url = service.clone();
        url.query_pairs_mut()
            .append_pair("restype", "service")
            .append_pair("comp", "userdelegationkey");
        let answer = ask(what, || {
            self.transport
                .cloud
                .post(url.clone())
                .bearer_auth(token)
                .header("x-ms-version", VERSION)
                .header(http::header::CONTENT_TYPE, "application/xml")
                .body(body.clone())
        });
        let answer = answer.await?;
        let answer = String::from_utf8_lossy(&answer);
        let field = |name| element(&answer, name).ok_or(AskError::Answer { what, lacks: name });
        let key = STANDARD
            .decode(field("Value")?)
            .map_err(|_| AskError::Answer {
                what,
                lacks: "a key",
            })?;
        let expiry = field("SignedExpiry")?;
        let until = expiry.parse().map_err(|_| AskError::Answer {
            what,
            lacks: "a time of expiry",
        })?;
        let facts = [
            field("SignedOid")?,
            field("SignedTid")?,
            field("SignedStart")?,
            expiry,
            field("SignedService")?,
            field("SignedVersion")?,
        ];
        Ok((DelegationKey { key, facts }, until))
    }
}

#[async_trait]
impl CredentialProvider for Credentials {
    type Credential = AzureCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AzureCredential>> {
        self.token()
            .await
            .map_err(|error| NoCredentials(error).into())
    }
}
