//! The cache together with the object store: whether an action needs to run at all, and what becomes of its outputs.
//!
//! Every way through here ends with an answer and not with an error, and each failure with one line in the log.

use std::num::NonZeroU32;

use bytes::Bytes;
use dataplane_api::object_uri::ObjectUri;
use dataplane_proto::flyteidl2::core::CatalogCacheStatus;
use dataplane_store::{Precondition, Room, Store, Written};
use k8s_openapi::jiff::Timestamp;
use tracing::{info, warn};

use super::{
    Cache, CacheKey, Cached, LONG_ANSWER, Lookup, NoKey, ROOM, SHORT_ANSWER,
    decision::{self, Before},
};
use crate::{
    executor::{action::Action, template::Caching},
    process::chain,
};

/// Inputs that are hashed: larger values are references.
const INPUTS: u64 = 10 << 20;
/// Outputs that are copied.
const OUTPUTS: u64 = 32 << 20;

/// Results of earlier actions.
#[derive(Clone)]
pub struct Reuse {
    cache: Cache,
    store: Store,
}

/// What the cache knows an action by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub(super) key: CacheKey,
    /// Who computes the result, where others wait for it.
    owner: String,
}

impl Claim {
    /// Of an action with these inputs, as `inputs.pb` holds them.
    pub fn new(action: &Action, caching: &Caching, inputs: &[u8]) -> Result<Self, NoKey> {
        Ok(Self {
            key: CacheKey::new(caching, &action.id, &action.cache_key, inputs)?,
            owner: decision::owner(&action.namespace, &action.name),
        })
    }
}

/// What the cache knows an action by can't be found out now, but may be later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the inputs can't be read now")]
pub struct Unclear;

/// What the cache means for an action that is about to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reused {
    /// It runs; what its events say of the cache until it ends.
    Run(CatalogCacheStatus),
    /// The outputs of an earlier one are written under its prefix.
    Done,
    /// An equal action computes the result. Ask again soon.
    Wait { owner: String },
}

impl Reuse {
    pub fn new(cache: Cache, store: Store) -> Self {
        Self { cache, store }
    }

    /// What the cache knows an action by, for which its inputs are read. None for a task that is not discoverable, and when there
    /// is no key.
    pub async fn claim(&self, action: &Action) -> Result<Option<Claim>, Unclear> {
        const NO_KEY: &str = "an action has no key for the cache";
        let Some(caching) = caching(action) else {
            return Ok(None);
        };
        let inputs = match action.inputs_object() {
            Ok(uri) => match self.store.read(&uri, INPUTS).await {
                Ok(inputs) => inputs.ok_or_else(|| format!("{uri} is not there")),
                Err(error) if error.is_passing() => {
                    tell(action, &chain(&error), NO_KEY);
                    return Err(Unclear);
                }
                Err(error) => Err(chain(&error)),
            },
            Err(why) => Err(why),
        };
        let claim = inputs
            .and_then(|inputs| {
                Claim::new(action, caching, &inputs).map_err(|error| error.to_string())
            })
            .inspect_err(|why| tell(action, why, NO_KEY));
        Ok(claim.ok())
    }

    /// Before the pod of an attempt is made. A task that is not discoverable runs.
    pub async fn before(
        &self,
        action: &Action,
        claim: Option<&Claim>,
        attempt: NonZeroU32,
        now: Timestamp,
    ) -> Reused {
        let Some(caching) = caching(action) else {
            return Reused::Run(CatalogCacheStatus::CacheDisabled);
        };
        let Some(Claim { key, owner }) = claim else {
            return Reused::Run(CatalogCacheStatus::CacheLookupFailure);
        };
        let (lookup, _room) = self.look_up(key, caching, now).await;
        if let Lookup::Failed(why) = &lookup {
            tell(
                action,
                why,
                "the cache could not be asked for a result, the task runs",
            );
        }
        let reservation = if caching.serializable && lookup == Lookup::Miss {
            Some(self.cache.reserve(key, owner).await)
        } else {
            None
        };
        match decision::before(lookup, reservation) {
            Before::Run(status) => Reused::Run(status),
            Before::Wait { owner } => Reused::Wait { owner },
            Before::UseCached(cached) => match self.write(action, attempt, cached).await {
                Ok(()) => Reused::Done,
                Err(why) => {
                    tell(
                        action,
                        &why,
                        "a result of the cache can not be used, the task runs",
                    );
                    Reused::Run(CatalogCacheStatus::CacheLookupFailure)
                }
            },
        }
    }

    /// What the cache has. Outputs that are in its answer have room as long as they are held.
    async fn look_up(
        &self,
        key: &CacheKey,
        caching: &Caching,
        now: Timestamp,
    ) -> (Lookup, Option<Room>) {
        let ask = |most| self.cache.look_up(key, caching.max_age, now, most);
        match ask(SHORT_ANSWER).await {
            Lookup::Long => {}
            lookup => return (lookup, None),
        }
        let Some(room) = self.store.room(ROOM).await else {
            let why = "there was no room for the outputs in the answer";
            return (Lookup::Failed(why.to_owned()), None);
        };
        match ask(LONG_ANSWER).await {
            Lookup::Long => {
                let why = format!("the answer has more than {LONG_ANSWER} bytes");
                (Lookup::Failed(why), None)
            }
            lookup => (lookup, Some(room)),
        }
    }

    /// While it runs: it stays the one that computes the result.
    pub async fn extend(&self, claim: &Claim) {
        self.cache.reserve(&claim.key, &claim.owner).await;
    }

    /// After it succeeded: its outputs are what equal actions will get.
    pub async fn succeeded(
        &self,
        action: &Action,
        claim: Option<&Claim>,
        attempt: NonZeroU32,
        now: Timestamp,
    ) -> CatalogCacheStatus {
        let Some(caching) = caching(action) else {
            return CatalogCacheStatus::CacheDisabled;
        };
        let Some(claim) = claim else {
            return CatalogCacheStatus::CachePutFailure;
        };
        let outputs = outputs(action, attempt);
        let put = self
            .cache
            .put(&claim.key, &outputs, &action.id, attempt.get(), now)
            .await;
        if let Err(why) = &put {
            tell(
                action,
                why,
                "the cache did not take a result, equal tasks will run again",
            );
        }
        if caching.serializable {
            self.give_way(claim).await;
        }
        decision::after(&put)
    }

    /// After it ended without a result, too: another one may compute it.
    pub async fn give_way(&self, claim: &Claim) {
        if let Err(why) = self.cache.release(&claim.key, &claim.owner).await {
            let owner = claim.owner.as_str();
            warn!(
                owner,
                why, "the reservation of a result was not given up, it will run out"
            );
        }
    }

    async fn write(
        &self,
        action: &Action,
        attempt: NonZeroU32,
        cached: Cached,
    ) -> Result<(), String> {
        let bytes = match cached {
            Cached::Outputs(bytes) => bytes.into(),
            Cached::Uri(uri) => {
                let uri = parse(&uri)?;
                if !action.owns(&uri) {
                    return Err(format!("{uri} is not of the task's project and domain"));
                }
                self.read(&uri, OUTPUTS).await?
            }
        };
        let to: ObjectUri = parse(&outputs(action, attempt))?;
        let write = self.store.write(&to, bytes, Precondition::None);
        if write.await.map_err(|error| chain(&error))? == Written::No {
            return Err(format!("{to} was not written"));
        }
        let id = &action.id;
        info!(run = %id.run, action = %id.action, "a result of the cache is used");
        Ok(())
    }

    /// An object of ours. The store reads no other bucket.
    async fn read(&self, uri: &ObjectUri, limit: u64) -> Result<Bytes, String> {
        match self.store.read(uri, limit).await {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(format!("{uri} is not there")),
            Err(error) => Err(chain(&error)),
        }
    }
}

fn caching(action: &Action) -> Option<&Caching> {
    action.template()?.caching.as_ref()
}

fn outputs(action: &Action, attempt: NonZeroU32) -> String {
    format!("{}/outputs.pb", action.output_prefix(attempt))
}

fn parse(uri: &str) -> Result<ObjectUri, String> {
    uri.parse()
        .map_err(|error: dataplane_api::Invalid| format!("{uri}: {error}"))
}

fn tell(action: &Action, why: &str, what: &str) {
    let id = &action.id;
    warn!(run = %id.run, action = %id.action, why, "{what}");
}
