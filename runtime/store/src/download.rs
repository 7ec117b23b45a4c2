//! Fetching one object through a signed URL, into a file, by whoever has no other right.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use futures::StreamExt as _;
use reqwest::StatusCode;
use tokio::{fs, io::AsyncWriteExt as _};
use tracing::warn;
use url::Url;

use crate::{refusal::Refusal, transport::client};

const CONNECT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const LARGEST_REFUSAL: usize = 16 * 1024;

/// How much and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes that are written.
    pub bytes: u64,
    /// Longest time for everything, tries and pauses included.
    pub time: Duration,
    /// Most tries.
    pub tries: u32,
}

/// Why nothing was fetched. None of it shows the URL, which is a secret.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// What should be a URL.
    #[error("what should be a signed URL is no URL of http or https")]
    NotAUrl,
    /// There is no client to fetch with.
    #[error("making a client")]
    Client(#[source] reqwest::Error),
    /// The URL allows nothing (any more).
    #[error(
        "{host} refused the signed URL ({refusal}); it may have expired, which a new pod mends"
    )]
    Refused {
        /// Host of the URL.
        host: String,
        /// What it said.
        refusal: Refusal,
    },
    /// The object is not there.
    #[error("{host} has no such object ({refusal})")]
    Missing {
        /// Host of the URL.
        host: String,
        /// What it said.
        refusal: Refusal,
    },
    /// The store could not do it.
    #[error("{host} could not do it ({refusal})")]
    Busy {
        /// Host of the URL.
        host: String,
        /// What it said.
        refusal: Refusal,
    },
    /// No answer, or half of one.
    #[error("fetching from {host}")]
    Unreachable {
        /// Host of the URL.
        host: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The object is larger than is allowed.
    #[error("the object has {size} bytes or more, and at most {limit} are fetched")]
    TooLarge {
        /// What is known of its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// Time was up.
    #[error("fetching from {host} took longer than {} seconds", limit.as_secs())]
    TimedOut {
        /// Host of the URL.
        host: String,
        /// The limit.
        limit: Duration,
    },
    /// The file could not be written.
    #[error("writing {}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl DownloadError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unreachable { .. })
    }
}

/// Fetches what a signed URL leads to and writes it to a file, which is there whole or not at all. Answers its size.
///
/// # Errors
/// The URL, the store, the limits or the file.
pub async fn download(url: &str, file: &Path, limits: Limits) -> Result<u64, DownloadError> {
    let url = Url::parse(url.trim()).map_err(|_| DownloadError::NotAUrl)?;
    let host = match (url.scheme(), url.host_str()) {
        ("https" | "http", Some(host)) => host.to_owned(),
        _ => return Err(DownloadError::NotAUrl),
    };
    let client = client().connect_timeout(CONNECT).build();
    let fetch = Fetch {
        client: client.map_err(DownloadError::Client)?,
        url,
        host: host.clone(),
        limits,
    };
    let partial = partial(file);
    let fetched = tokio::time::timeout(limits.time, fetch.tries(&partial)).await;
    let outcome = match fetched {
        Ok(Ok(size)) => in_file(file, fs::rename(&partial, file).await).map(|()| size),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(DownloadError::TimedOut {
            host,
            limit: limits.time,
        }),
    };
    if outcome.is_err() {
        // It may not be there.
        let _ = fs::remove_file(&partial).await;
    }
    outcome
}

/// Beside the file, so that one rename makes it whole.
fn partial(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

fn in_file<T>(file: &Path, outcome: io::Result<T>) -> Result<T, DownloadError> {
    outcome.map_err(|source| DownloadError::File {
        file: file.to_owned(),
        source,
    })
}

struct Fetch {
    client: reqwest::Client,
    url: Url,
    host: String,
    limits: Limits,
}

impl Fetch {
    async fn tries(&self, file: &Path) -> Result<u64, DownloadError> {
        let mut pause = FIRST_PAUSE;
        let mut tried = 0;
        loop {
            tried += 1;
            let error = match self.once(file).await {
                Err(error) if error.is_passing() && tried < self.limits.tries => error,
                outcome => return outcome,
            };
            warn!(%error, tried, "trying again");
            #[expect(
                clippy::disallowed_methods,
                reason = "between tries, which are counted, inside the deadline of the whole"
            )]
            tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..=1.0))).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn once(&self, file: &Path) -> Result<u64, DownloadError> {
        let response = self.client.get(self.url.clone()).send().await;
        let response = response.map_err(|error| self.unreachable(error))?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(response).await);
        }
        let limit = self.limits.bytes;
        if let Some(size) = response.content_length().filter(|size| *size > limit) {
            return Err(DownloadError::TooLarge { size, limit });
        }
        let mut target = in_file(file, fs::File::create(file).await)?;
        let mut stream = response.bytes_stream();
        let mut size = 0;
        while let Some(part) = stream.next().await {
            let part = part.map_err(|error| self.unreachable(error))?;
            size += part.len() as u64;
            if size > limit {
                return Err(DownloadError::TooLarge { size, limit });
            }
            in_file(file, target.write_all(&part).await)?;
        }
        in_file(file, target.sync_all().await)?;
        Ok(size)
    }

    fn unreachable(&self, error: reqwest::Error) -> DownloadError {
        DownloadError::Unreachable {
            host: self.host.clone(),
            source: error.without_url(),
        }
    }

    async fn refused(&self, mut response: reqwest::Response) -> DownloadError {
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        // What cannot be read of a refusal says no more than its status.
        while let Ok(Some(part)) = response.chunk().await {
            body.extend_from_slice(&part);
            if body.len() > LARGEST_REFUSAL {
                break;
            }
        }
        let refusal = Refusal::read(status.as_u16(), &headers, &body);
        let host = self.host.clone();
        match status {
            StatusCode::NOT_FOUND => DownloadError::Missing { host, refusal },
            _ if refusal.is_passing() => DownloadError::Busy { host, refusal },
            _ => DownloadError::Refused { host, refusal },
        }
    }
}
