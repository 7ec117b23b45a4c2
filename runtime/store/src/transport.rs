//! HTTP to the clouds: one client for stores and token services, one for what answers inside the node, and a call of our own
//! that is tried a few times.

use std::{fs, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, Collected, Limited};
use object_store::{
    BackoffConfig, ClientOptions, RetryConfig,
    client::{HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService},
};
use reqwest::{RequestBuilder, redirect};
use tracing::debug;

use crate::{
    environment::Site,
    error::OpenError,
    refusal::{self, Refusal},
};

const CONNECT: Duration = Duration::from_secs(5);
/// Longest silence in the middle of an answer.
const SILENCE: Duration = Duration::from_secs(15);
/// The node's own services answer at once or not at all.
const CONNECT_NEAR: Duration = Duration::from_secs(2);

/// Tries of one call.
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// No further try is begun after this.
const TRYING: Duration = Duration::from_secs(20);

/// Largest answer to a call that is no object: a token, a key, an error.
const LARGEST_ANSWER: usize = 64 * 1024;

/// The two clients.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    /// For the clouds. Without encryption only where the configured endpoint is so.
    pub(crate) cloud: reqwest::Client,
    /// For the metadata server and the identity agent of this node: no proxy, and no encryption either.
    pub(crate) near: reqwest::Client,
}

impl Transport {
    pub(crate) fn open(site: &Site<'_>) -> Result<Self, OpenError> {
        let plain = site.endpoint().is_some_and(|url| url.starts_with("http:"));
        let mut cloud = client().connect_timeout(CONNECT).https_only(!plain);
        if let Some(file) = site.given_beside_endpoint("AWS_CA_BUNDLE") {
            cloud = cloud.tls_certs_merge(certificates(file)?);
        }
        let near = client().connect_timeout(CONNECT_NEAR).no_proxy();
        Ok(Self {
            cloud: cloud.build().map_err(OpenError::Client)?,
            near: near.build().map_err(OpenError::Client)?,
        })
    }

    /// The connector by which `object_store` uses our client.
    pub(crate) fn connector(&self) -> Connector {
        Connector(Noting(self.cloud.clone()))
    }
}

/// A client that follows nobody: neither a store nor a token service sends its callers elsewhere.
pub(crate) fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("dataplane-operator/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .read_timeout(SILENCE)
        .tcp_nodelay(true)
}

fn certificates(file: &str) -> Result<Vec<reqwest::Certificate>, OpenError> {
    let bad = |source: Box<dyn std::error::Error + Send + Sync>| OpenError::Certificates {
        file: file.to_owned(),
        source,
    };
    let pem = fs::read(file).map_err(|error| bad(error.into()))?;
    reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| bad(error.into()))
}

/// How often and how long `object_store` tries, which knows which of its calls may be repeated.
pub(crate) fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: FIRST_PAUSE,
            max_backoff: LONGEST_PAUSE,
            base: 2.,
        },
        max_retries: TRIES as usize - 1,
        retry_timeout: TRYING,
    }
}

/// Gives `object_store` our client, whatever options it thinks of.
#[derive(Clone, Debug)]
pub(crate) struct Connector(Noting);

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

/// A client that notes what refusals say.
#[derive(Clone, Debug)]
struct Noting(reqwest::Client);

#[async_trait]
impl HttpService for Noting {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let response = self.0.call(request).await?;
        let status = response.status();
        if !status.is_client_error() && !status.is_server_error() {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        // What cannot be read of an error says no more than its status.
        let limited = Limited::new(body, LARGEST_ANSWER).collect().await;
        let body = limited.map_or_else(|_| Bytes::new(), Collected::to_bytes);
        refusal::note(Refusal::read(status.as_u16(), &parts.headers, &body));
        Ok(HttpResponse::from_parts(parts, body.into()))
    }
}

/// Why a call of our own, for a token or a signature, has no outcome.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// A projected token could not be read.
    #[error("reading the token file {file}")]
    TokenFile {
        file: String,
        source: std::io::Error,
    },
    /// The cloud said no.
    #[error("{what} were refused ({refusal})")]
    Refused {
        what: &'static str,
        refusal: Refusal,
    },
    /// There was no answer.
    #[error("asking for {what}")]
    Unreachable {
        what: &'static str,
        source: reqwest::Error,
    },
    /// The answer was not what was asked for.
    #[error("the answer to the request for {what} lacks {lacks}")]
    Answer {
        what: &'static str,
        lacks: &'static str,
    },
    /// Nothing to ask with.
    #[error("{0}")]
    Impossible(String),
    /// All who wait for one answer are told why there is none.
    #[error(transparent)]
    Shared(Arc<AskError>),
}

impl AskError {
    /// The same may succeed later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { refusal, .. } => refusal.is_passing(),
            Self::Shared(error) => error.is_passing(),
            // The kubelet writes it anew; a pod without it would not have started.
            Self::TokenFile { .. } | Self::Answer { .. } | Self::Impossible(_) => false,
        }
    }
}

/// Asks a few times for something small. Asking twice does no harm with any of what is asked for.
pub(crate) async fn ask(
    what: &'static str,
    request: impl Fn() -> RequestBuilder,
) -> Result<Bytes, AskError> {
    let mut pause = FIRST_PAUSE;
    let begun = tokio::time::Instant::now();
    for attempt in 1.. {
        let error = match ask_once(what, request()).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if attempt == TRIES || !error.is_passing() || begun.elapsed() > TRYING {
            return Err(error);
        }
        debug!(%error, attempt, "trying again");
        #[expect(
            clippy::disallowed_methods,
            reason = "between attempts of one call, which are counted, inside the deadline of the whole"
        )]
        tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..=1.0))).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    unreachable!("the last attempt returns")
}

async fn ask_once(what: &'static str, request: RequestBuilder) -> Result<Bytes, AskError> {
    // The URL of a request for a token can hold the token that it is exchanged for.
    let unreachable = |error: reqwest::Error| AskError::Unreachable {
        what,
        source: error.without_url(),
    };
    let response: http::Response<reqwest::Body> = request.send().await.map_err(unreachable)?.into();
    let (parts, body) = response.into_parts();
    let body = match Limited::new(body, LARGEST_ANSWER).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => match error.downcast::<reqwest::Error>() {
            Ok(error) => return Err(unreachable(*error)),
            Err(_) => {
                return Err(AskError::Answer {
                    what,
                    lacks: "an end",
                });
            }
        },
    };
    if parts.status == StatusCode::OK {
        return Ok(body);
    }
    Err(AskError::Refused {
        what,
        refusal: Refusal::read(parts.status.as_u16(), &parts.headers, &body),
    })
}

/// A projected token, which the kubelet replaces now and then.
pub(crate) async fn read_token(file: &str) -> Result<String, AskError> {
    let token = tokio::fs::read_to_string(file).await;
    let token = token.map_err(|source| AskError::TokenFile {
        file: file.to_owned(),
        source,
    })?;
    Ok(token.trim().to_owned())
}
