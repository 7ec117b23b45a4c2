//! Results of earlier tasks, which the control plane keeps: looked up before a discoverable task runs, put there when it has.
//!
//! The cache is a convenience. Whatever goes wrong with it, nothing fails: a lookup that fails lets the task run, an output that
//! is not kept is computed again another time. While the control plane is known to be away it is not asked at all.

mod canonical;
pub mod decision;
mod key;
mod object_hash;
mod reuse;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use dataplane_proto::flyteidl2::{
    cacheservice::{
        CachedOutput, GetCacheRequest, GetOrExtendReservationRequest, KeyMapMetadata, Metadata,
        OverwriteOutput, PutCacheRequest, ReleaseReservationRequest,
        cached_output::Output,
        v2::{self, cache_service_client::CacheServiceClient},
    },
    core::LiteralMap,
};
use k8s_openapi::jiff::Timestamp;
use prost::Message as _;
use tokio::{sync::watch, time::timeout};
use tonic::{Code, Response, Status, service::interceptor::InterceptedService, transport::Channel};

pub use key::{CacheKey, NoKey};
pub use reuse::{Claim, Reuse, Reused, Unclear};

use super::action::ActionId;
use crate::channel::TokenFile;

/// How long one call may take: an action waits for it.
const CALL: Duration = Duration::from_secs(10);
/// How long a reservation lasts without being extended. An action that waits looks again about as often.
pub const HEARTBEAT: Duration = Duration::from_secs(10);
/// Longest answer that is read without asking for room: where outputs are, and who computes them.
const SHORT_ANSWER: usize = 64 << 10;
/// Longest answer that is read: it may hold the outputs themselves.
const LONG_ANSWER: usize = 10 << 20;
/// Bytes for which there must be room to read it: as it comes, and as it is read.
const ROOM: u64 = 2 * LONG_ANSWER as u64;

/// The control plane's cache.
#[derive(Clone)]
pub struct Cache {
    client: CacheServiceClient<InterceptedService<Channel, TokenFile>>,
    reachable: watch::Receiver<bool>,
}

/// What the cache has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    Hit(Cached),
    Miss,
    /// The answer is longer than was to be read.
    Long,
    /// Nobody knows; why, for the log.
    Failed(String),
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cached {
    /// Where the outputs are.
    Uri(String),
    /// The outputs, to be written as they are.
    Outputs(Vec<u8>),
}

/// Who computes a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reservation {
    Ours,
    Theirs { owner: String },
    Failed(String),
}

impl Cache {
    /// `reachable` tells whether the control plane is there, as far as is known.
    pub fn new(channel: Channel, token: TokenFile, reachable: watch::Receiver<bool>) -> Self {
        let client = CacheServiceClient::with_interceptor(channel, token)
            .max_decoding_message_size(SHORT_ANSWER);
        Self { client, reachable }
    }

    /// The result of an earlier task, unless it is older than `max_age`. An answer of more than `most` bytes is not read.
    pub async fn look_up(
        &self,
        key: &CacheKey,
        max_age: Option<Duration>,
        now: Timestamp,
        most: usize,
    ) -> Lookup {
        let mut client = self.client.clone().max_decoding_message_size(most);
        let answer = self
            .ask(client.get(v2::GetCacheRequest {
                base_request: Some(GetCacheRequest {
                    key: key.key.clone(),
                }),
                identifier: Some(key.whose.clone()),
            }))
            .await;
        match answer {
            Ok(answer) => answer
                .output
                .map_or(Lookup::Miss, |output| read(output, max_age, now)),
            Err(status) if status.code() == Code::NotFound => Lookup::Miss,
            // By the client itself, before it takes the answer in.
            Err(status) if status.code() == Code::OutOfRange => Lookup::Long,
            Err(status) => Lookup::Failed(explain(&status)),
        }
    }

    /// Keeps where an attempt's outputs are. A result that is there already is as good.
    pub async fn put(
        &self,
        key: &CacheKey,
        output_uri: &str,
        action: &ActionId,
        attempt: u32,
        now: Timestamp,
    ) -> Result<(), String> {
        let mut client = self.client.clone();
        let put = self
            .ask(client.put(v2::PutCacheRequest {
                base_request: Some(PutCacheRequest {
                    key: key.key.clone(),
                    output: Some(CachedOutput {
                        output: Some(Output::OutputUri(output_uri.to_owned())),
                        metadata: Some(source(key, action, attempt, now)),
                    }),
                    overwrite: Some(OverwriteOutput::default()),
                }),
                identifier: Some(key.whose.clone()),
            }))
            .await;
        match put {
            Ok(_) => Ok(()),
            Err(status) if status.code() == Code::AlreadyExists => Ok(()),
            Err(status) => Err(explain(&status)),
        }
    }

    /// Asks to be the one that computes the result, or extends that.
    pub async fn reserve(&self, key: &CacheKey, owner: &str) -> Reservation {
        let mut client = self.client.clone();
        let heartbeat = prost_types::Duration::try_from(HEARTBEAT).ok();
        let answer = self
            .ask(
                client.get_or_extend_reservation(v2::GetOrExtendReservationRequest {
                    base_request: Some(GetOrExtendReservationRequest {
                        key: key.key.clone(),
                        owner_id: owner.to_owned(),
                        heartbeat_interval: heartbeat,
                    }),
                    identifier: Some(key.whose.clone()),
                }),
            )
            .await;
        match answer.map(|answer| answer.reservation) {
            Ok(Some(reservation)) if reservation.owner_id == owner => Reservation::Ours,
            Ok(Some(reservation)) => Reservation::Theirs {
                owner: reservation.owner_id,
            },
            Ok(None) => Reservation::Failed("the answer has no reservation".to_owned()),
            Err(status) => Reservation::Failed(explain(&status)),
        }
    }

    /// Lets others compute the result. It would run out by itself.
    pub async fn release(&self, key: &CacheKey, owner: &str) -> Result<(), String> {
        let mut client = self.client.clone();
        self.ask(client.release_reservation(v2::ReleaseReservationRequest {
            base_request: Some(ReleaseReservationRequest {
                key: key.key.clone(),
                owner_id: owner.to_owned(),
            }),
            identifier: Some(key.whose.clone()),
        }))
        .await
        .map(drop)
        .map_err(|status| explain(&status))
    }

    async fn ask<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Status> {
        if !*self.reachable.borrow() {
            return Err(Status::unavailable("the control plane is away"));
        }
        timeout(CALL, call)
            .await
            .unwrap_or_else(|_| {
                let seconds = CALL.as_secs();
                Err(Status::deadline_exceeded(format!(
                    "no answer for {seconds} seconds"
                )))
            })
            .map(Response::into_inner)
    }
}

fn read(cached: CachedOutput, max_age: Option<Duration>, now: Timestamp) -> Lookup {
    if let Some(max_age) = max_age {
        let written = cached
            .metadata
            .and_then(|metadata| metadata.last_updated_at.or(metadata.created_at))
            .map(|time| i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos));
        let Some(written) = written else {
            return Lookup::Failed("the result does not say how old it is".to_owned());
        };
        let age = u128::try_from(now.as_nanosecond() - written).unwrap_or_default();
        if age > max_age.as_nanos() {
            return Lookup::Miss;
        }
    }
    match cached.output {
        Some(Output::OutputUri(uri)) if !uri.is_empty() => Lookup::Hit(Cached::Uri(uri)),
        Some(Output::OutputLiterals(bytes)) => match LiteralMap::decode(bytes.as_slice()) {
            Ok(_) => Lookup::Hit(Cached::Outputs(bytes)),
            Err(error) => Lookup::Failed(format!("the result is no LiteralMap: {error}")),
        },
        _ => Lookup::Failed("the result has no outputs".to_owned()),
    }
}

/// Where a result came from. The names are Flyte's, so that its own services read them.
fn source(key: &CacheKey, action: &ActionId, attempt: u32, now: Timestamp) -> Metadata {
    let at = prost_types::Timestamp {
        seconds: now.as_second(),
        nanos: now.subsec_nanosecond(),
    };
    let values: BTreeMap<String, String> = [
        ("task-version", key.task.version.clone()),
        ("exec-org", action.organization.to_string()),
        ("exec-project", action.project.to_string()),
        ("exec-domain", action.domain.to_string()),
        ("execution-name", action.run.to_string()),
        ("exec-node", action.action.to_string()),
        ("exec-attempt", attempt.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    Metadata {
        source_identifier: Some(key.task.clone()),
        key_map: Some(KeyMapMetadata { values }),
        created_at: Some(at),
        last_updated_at: None,
    }
}

fn explain(status: &Status) -> String {
    format!("{} ({:?})", status.message(), status.code())
}
