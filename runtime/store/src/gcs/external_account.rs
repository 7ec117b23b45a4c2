//! Tokens of Google for pods of clusters that are not GKE's: a token of the pod's service account, exchanged as a file says that came with
//! the pod.

use std::{fs, time::Duration};

use jiff::Timestamp;
use object_store::gcp::GcpCredential;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::{
    error::OpenError,
    session::after,
    transport::{AskError, Transport, ask, read_token},
};

const WHAT: &str = "credentials";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// What the file says, of which `GOOGLE_APPLICATION_CREDENTIALS` is the path. A key is no such file, and none is taken.
#[derive(Debug, Deserialize)]
pub(super) struct ExternalAccount {
    audience: String,
    subject_token_type: String,
    token_url: String,
    credential_source: Source,
    service_account_impersonation_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Source {
    file: String,
}

impl ExternalAccount {
    pub(super) fn read(file: &str) -> Result<Self, OpenError> {
        let bad = |source: Box<dyn std::error::Error + Send + Sync>| OpenError::ExternalAccount {
            file: file.to_owned(),
            source,
        };
        let text = fs::read(file).map_err(|error| bad(error.into()))?;
        serde_json::from_slice(&text).map_err(|error| bad(error.into()))
    }

    /// The service account that the pod acts as; none where its rights are its own.
    pub(super) fn email(&self) -> Option<&str> {
        let url = self.service_account_impersonation_url.as_deref()?;
        url.rsplit('/').next()?.strip_suffix(":generateAccessToken")
    }

    /// A token of Google's, and until when it holds.
    pub(super) async fn token(
        &self,
        transport: &Transport,
    ) -> Result<(GcpCredential, Timestamp), AskError> {
        #[derive(Deserialize)]
        struct Exchanged {
            access_token: String,
            expires_in: u64,
        }
        let lacks = |_| AskError::Answer {
            what: WHAT,
            lacks: "a token",
        };
        let token = read_token(&self.credential_source.file).await?;
        let body = Serializer::new(String::new())
            .append_pair("grant_type", GRANT)
            .append_pair("audience", &self.audience)
            .append_pair("scope", SCOPE)
            .append_pair("requested_token_type", ACCESS_TOKEN)
            .append_pair("subject_token_type", &self.subject_token_type)
            .append_pair("subject_token", &token)
            .finish();
        let now = Timestamp::now();
        let answer = ask(WHAT, || {
            let request = transport.cloud.post(&self.token_url);
            request
                .header(
                    http::header::CONTENT_TYPE,
                    "application/x-www-form-urlencoded",
                )
                .body(body.clone())
        });
        let own: Exchanged = serde_json::from_slice(&answer.await?).map_err(lacks)?;
        match &self.service_account_impersonation_url {
            None => {
                let until = after(now, Duration::from_secs(own.expires_in));
                let bearer = own.access_token;
                Ok((GcpCredential { bearer }, until))
            }
            Some(url) => as_account(transport, url, &own.access_token).await,
        }
    }
}

/// A token of the service account that the pod's own identity may act as.
async fn as_account(
    transport: &Transport,
    url: &str,
    own: &str,
) -> Result<(GcpCredential, Timestamp), AskError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Lent {
        access_token: String,
        expire_time: String,
    }
    let body = serde_json::json!({ "scope": [SCOPE] });
    let answer = ask(WHAT, || {
        let request = transport.cloud.post(url);
        request.bearer_auth(own).json(&body)
    });
    let lent: Option<Lent> = serde_json::from_slice(&answer.await?).ok();
    let lent = lent.and_then(|lent| {
        let bearer = lent.access_token;
        Some((GcpCredential { bearer }, lent.expire_time.parse().ok()?))
    });
    lent.ok_or(AskError::Answer {
        what: WHAT,
        lacks: "a token and its end",
    })
}
