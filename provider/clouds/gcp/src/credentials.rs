//! Tokens: from Google's own chain of credentials, from somebody else, or minted for an impersonated service account
//! (1 call, `iamcredentials.serviceAccounts.generateAccessToken`, per 55 minutes).
//!
//! The impersonating call is made here and not by google-cloud-auth: there its host cannot be another, and its refusal
//! would not name the permission that is missing.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clouds::error::Call;
use clouds::secrets::SecretText;
use clouds::{Error, Result};
use google_cloud_auth::credentials::{
    AccessTokenCredentials, Builder, CacheableResource, CredentialsProvider,
};
use google_cloud_auth::errors::CredentialsError;
use http::{Extensions, HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, OnceCell};

use crate::error::unreadable;
use crate::requests::segment;
use crate::session::{Credentials, Service, Session};

const SCOPES: [&str; 2] = [
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/userinfo.email",
];
/// Without any credentials, the library asks a metadata server that may not exist, and again.
const PATIENCE: Duration = Duration::from_secs(20);
/// The library renews tokens four minutes before they end, and does not tell when that is.
const AT_LEAST: Duration = Duration::from_mins(3);
const RENEW_BEFORE: Duration = Duration::from_mins(5);
const OPERATION: &str = "google.auth.token";
const ADVICE: &str = "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a credentials file";

/// The tokens of a session.
#[derive(Default)]
pub(crate) struct Tokens {
    chain: OnceCell<AccessTokenCredentials>,
    impersonated: Mutex<Option<Token>>,
}

/// A token and until when it is good.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) text: SecretText,
    pub(crate) expires: SystemTime,
}

#[derive(Serialize)]
struct Wanted {
    scope: [&'static str; 2],
    lifetime: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Minted {
    access_token: String,
    expire_time: String,
}

impl Session {
    /// The headers that say who we are. `source`: before any impersonation.
    pub(crate) async fn authorization(&self, source: bool) -> Result<HeaderMap> {
        match (
            &self.config.impersonate_service_account,
            &self.config.credentials,
        ) {
            (Some(email), _) if !source => bearer(&self.impersonate(email).await?.text),
            (_, Credentials::Token(token)) => bearer(token),
            (_, Credentials::Application) => {
                let headers = self.chain().await?.headers(Extensions::new());
                match within(headers).await? {
                    CacheableResource::New { data, .. } => Ok(data),
                    CacheableResource::NotModified => {
                        Err(unauthenticated("the credentials gave no token".into()))
                    }
                }
            }
        }
    }

    /// A token of whoever is calling, for other things than our own requests.
    pub(crate) async fn token(&self) -> Result<Token> {
        self.guard()?;
        let expires = SystemTime::now() + AT_LEAST;
        match (
            &self.config.impersonate_service_account,
            &self.config.credentials,
        ) {
            (Some(email), _) => self.impersonate(email).await,
            (None, Credentials::Token(token)) => Ok(Token {
                text: token.clone(),
                expires,
            }),
            (None, Credentials::Application) => {
                let token = within(self.chain().await?.access_token()).await?;
                Ok(Token {
                    text: token.token.into(),
                    expires,
                })
            }
        }
    }

    async fn chain(&self) -> Result<&AccessTokenCredentials> {
        let build = async || {
            provide_signatures();
            let built = Builder::default()
                .with_scopes(SCOPES)
                .build_access_token_credentials();
            built.map_err(|error| unauthenticated(format!("{error}: {ADVICE}")))
        };
        self.tokens.chain.get_or_try_init(build).await
    }

    async fn impersonate(&self, email: &str) -> Result<Token> {
        let mut known = self.tokens.impersonated.lock().await;
        let now = SystemTime::now();
        if let Some(token) = known
            .as_ref()
            .filter(|token| token.expires > now + RENEW_BEFORE)
        {
            return Ok(token.clone());
        }
        let call = ("iamcredentials.serviceAccounts.getAccessToken", email);
        let path = format!(
            "v1/projects/-/serviceAccounts/{}:generateAccessToken",
            segment(email)
        );
        let wanted = Wanted {
            scope: SCOPES,
            lifetime: "3600s",
        };
        let request = self
            .post(Service::IamCredentials, path, call)
            .json(&wanted)?
            .repeatable()
            .before_impersonation();
        // A request asks for its headers, and this is how they are made.
        let minted: Minted = Box::pin(request.answer()).await?;
        let expires = minted
            .expire_time
            .parse::<jiff::Timestamp>()
            .map_err(|error| unreadable(call, error.to_string()))?;
        let token = Token {
            text: minted.access_token.into(),
            expires: expires.into(),
        };
        *known = Some(token.clone());
        Ok(token)
    }
}

fn bearer(token: &SecretText) -> Result<HeaderMap> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
        unauthenticated("the access token holds characters that no header takes".into())
    })?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(header::AUTHORIZATION, value)]))
}

async fn within<T>(
    asked: impl Future<Output = std::result::Result<T, CredentialsError>>,
) -> Result<T> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(given)) => Ok(given),
        Ok(Err(error)) => Err(refused(error)),
        Err(_) => {
            let none = format!(
                "none were found, and no metadata server answered within {} s: {ADVICE}",
                PATIENCE.as_secs()
            );
            Err(unauthenticated(none))
        }
    }
}

fn refused(error: CredentialsError) -> Error {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(&error);
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    // Google's words for a session that has to be begun again.
    let ended = ["invalid_grant", "invalid_rapt", "expired"]
        .iter()
        .any(|word| text.contains(word));
    let because = if ended {
        format!("the credentials have ended: {ADVICE}")
    } else {
        format!("no token was given: {ADVICE}")
    };
    let call = Box::new(Call {
        source: Some(Arc::new(error)),
        ..Call::new(OPERATION, "the caller").because(because)
    });
    if ended {
        Error::Expired(call)
    } else {
        Error::Unauthenticated(call)
    }
}

fn unauthenticated(because: String) -> Error {
    Error::Unauthenticated(Box::new(
        Call::new(OPERATION, "the caller").because(because),
    ))
}

/// Service account keys sign by the process's provider of cryptography, and cannot without one. One that is there stays.
///
/// They sign the tokens themselves: with such a key the library asks nobody for one. That these have a `scope` and no audience is
/// what AIP-4111 describes, and Google's generated clients of other languages do (`always_use_jwt_access` in Python,
/// `EnableJwtWithScope` in Go).
fn provide_signatures() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_ended_is_told_from_credentials_that_are_wrong() {
        let ended = refused(CredentialsError::from_msg(
            false,
            r#"failed, body=<{"error":"invalid_grant"}>"#,
        ));
        assert!(matches!(ended, Error::Expired(_)));
        assert!(
            ended.to_string().contains("application-default login"),
            "{ended}"
        );
        let wrong = refused(CredentialsError::from_msg(false, "missing field `type`"));
        assert!(matches!(wrong, Error::Unauthenticated(_)));
    }

    #[test]
    fn the_token_is_marked_as_one_that_is_not_shown() {
        let headers = bearer(&"ya29.secret".to_owned().into()).unwrap();
        assert!(!format!("{headers:?}").contains("ya29"));
        assert!(bearer(&"a\nb".to_owned().into()).is_err());
    }

    #[tokio::test]
    async fn service_account_keys_sign() {
        let key =
            rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048);
        let file = serde_json::json!({
            "type": "service_account",
            "client_email": "ci@acme-prod.iam.gserviceaccount.com",
            "private_key_id": "1",
            "private_key": key.unwrap().serialize_pem(),
            "project_id": "acme-prod",
        });
        let builder = google_cloud_auth::credentials::service_account::Builder::new(file);
        provide_signatures();
        let credentials = builder.build_access_token_credentials().unwrap();
        assert!(credentials.access_token().await.is_ok());
    }
}
