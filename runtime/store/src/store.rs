//! The store: the only door to the two buckets.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use dataplane_api::{config::Storage, object_uri::ObjectUri};
use futures::TryStreamExt as _;
use object_store::{GetOptions, ObjectStoreExt as _, PutMode, path::Path};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    bucket::Bucket,
    environment::{Environment, Site},
    error::{Call, Failed, OpenError, StoreError, Why},
    refusal::{Refusal, noted},
    s3,
    signed_url::{Method, SignedUrl},
};

/// No call takes longer, tries and credentials included.
const LONGEST: Duration = Duration::from_secs(45);

/// Access to the two buckets. Cheap to clone; clones share connections and credentials.
#[derive(Clone, Debug)]
pub struct Store {
    buckets: Arc<[Bucket; 2]>,
    longest: Duration,
    memory: Option<Memory>,
}

/// How many bytes of objects may be held at once, by all clones together.
#[derive(Clone, Debug)]
struct Memory {
    bytes: u32,
    free: Arc<Semaphore>,
}

/// Room among the bytes that are held at once. It is there for others when this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Room {
    _share: Option<OwnedSemaphorePermit>,
}

/// The content of an object, and its share of the memory.
struct Held {
    content: Bytes,
    _share: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.content
    }
}

impl Memory {
    /// Waits until there is room. What is larger than all of it takes all of it.
    async fn share(&self, size: u64) -> Option<OwnedSemaphorePermit> {
        let size = u32::try_from(size).unwrap_or(u32::MAX).min(self.bytes);
        let free = Arc::clone(&self.free);
        // The semaphore is never closed.
        free.acquire_many_owned(size).await.ok()
    }
}

/// What has to hold for an object to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing: what is there is replaced.
    None,
    /// It is not there yet.
    Absent,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// It is there, as it was given.
    Yes,
    /// The precondition did not hold: what was there before is still there.
    No,
}

impl Store {
    /// Prepares access to the buckets of a configuration, without a call.
    ///
    /// # Errors
    /// The pod has no identity of the buckets' cloud, or the configuration lacks something.
    pub fn open(storage: &Storage, environment: &Environment) -> Result<Self, OpenError> {
        let buckets = Bucket::open(&Site {
            storage,
            environment,
        })?;
        Ok(Self {
            buckets: Arc::new(buckets),
            longest: LONGEST,
            memory: None,
        })
    }

    /// Two buckets in memory, for tests. Signed URLs lead nowhere.
    pub fn in_memory(storage: &Storage) -> Self {
        let buckets = [&storage.metadata, &storage.fast_registration].map(Bucket::in_memory);
        Self {
            buckets: Arc::new(buckets),
            longest: LONGEST,
            memory: None,
        }
    }

    /// The same store, whose calls end after so long.
    #[must_use]
    pub fn with_longest(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// The same store, of whose objects no more than so many bytes are held at once: a read waits until what earlier ones
    /// returned is dropped, but no longer than any call.
    #[must_use]
    pub fn with_memory(self, bytes: u32) -> Self {
        let free = Arc::new(Semaphore::new(bytes as usize));
        let memory = Some(Memory { bytes, free });
        Self { memory, ..self }
    }

    /// Room for so many bytes that come from elsewhere and are held beside objects. None when there was none for as long as a
    /// call may take.
    pub async fn room(&self, bytes: u64) -> Option<Room> {
        let Some(memory) = &self.memory else {
            return Some(Room { _share: None });
        };
        let share = tokio::time::timeout(self.longest, memory.share(bytes));
        let share = share.await.ok()?;
        Some(Room { _share: share })
    }

    /// The content of an object, or nothing if there is no such object. More than `limit` bytes are never held.
    ///
    /// # Errors
    /// Bad input, or a failure of the call.
    pub async fn read(&self, uri: &ObjectUri, limit: u64) -> Result<Option<Bytes>, StoreError> {
        let (bucket, path) = self.find(uri)?;
        let too_large = |size| StoreError::TooLarge {
            uri: uri.clone(),
            size,
            limit,
        };
        let read = async {
            let found = bucket
                .objects()
                .get_opts(&path, GetOptions::default())
                .await?;
            let size = found.meta.size;
            if size > limit {
                return Ok(Err(too_large(size)));
            }
            // Before the content is asked for, of which then nothing waits here but what the connection holds.
            let share = match &self.memory {
                Some(memory) => memory.share(size).await,
                None => None,
            };
            let mut content = BytesMut::new();
            let mut stream = found.into_stream();
            loop {
                let part = match stream.try_next().await {
                    Ok(Some(part)) => part,
                    Ok(None) => break,
                    // By now the library has tried to get the rest.
                    Err(error) => return Ok(Err(truncated(uri, Some(error)))),
                };
                content.extend_from_slice(&part);
                if content.len() as u64 > limit {
                    return Ok(Err(too_large(content.len() as u64)));
                }
            }
            if (content.len() as u64) < size {
                return Ok(Err(truncated(uri, None)));
            }
            let content = content.freeze();
            Ok(Ok(match share {
                Some(share) => Bytes::from_owner(Held {
                    content,
                    _share: share,
                }),
                None => content,
            }))
        };
        match self.look(Call::Read, uri, bucket, &path, read).await? {
            Some(content) => content.map(Some),
            None => Ok(None),
        }
    }

    /// Whether an object is there.
    ///
    /// # Errors
    /// Bad input, or a failure of the call.
    pub async fn exists(&self, uri: &ObjectUri) -> Result<bool, StoreError> {
        let (bucket, path) = self.find(uri)?;
        let head = async { bucket.objects().head(&path).await };
        let found = self.look(Call::Exists, uri, bucket, &path, head).await?;
        Ok(found.is_some())
    }

    /// What an object can be told by from one that replaces it, even with the same content if that is written in another second;
    /// nothing if there is no such object.
    ///
    /// # Errors
    /// Bad input, or a failure of the call.
    pub async fn fingerprint(&self, uri: &ObjectUri) -> Result<Option<String>, StoreError> {
        let (bucket, path) = self.find(uri)?;
        let head = async { bucket.objects().head(&path).await };
        let found = self.look(Call::Exists, uri, bucket, &path, head).await?;
        Ok(found.map(|meta| {
            let tag = meta.e_tag.unwrap_or_default();
            format!("{} {tag}", meta.last_modified.to_rfc3339())
        }))
    }

    /// Writes an object in one piece: nobody ever reads half of it.
    ///
    /// # Errors
    /// Bad input, or a failure of the call. A precondition that does not hold is none.
    pub async fn write(
        &self,
        uri: &ObjectUri,
        content: Bytes,
        precondition: Precondition,
    ) -> Result<Written, StoreError> {
        let (bucket, path) = self.find(uri)?;
        let mode = match precondition {
            Precondition::None => PutMode::Overwrite,
            Precondition::Absent => PutMode::Create,
        };
        let write = async {
            let put = bucket
                .objects()
                .put_opts(&path, content.into(), mode.into());
            match put.await {
                Ok(_) => Ok(Written::Yes),
                Err(
                    object_store::Error::AlreadyExists { .. }
                    | object_store::Error::Precondition { .. },
                ) if precondition == Precondition::Absent => Ok(Written::No),
                Err(error) => Err(error),
            }
        };
        let written = self.call(Call::Write, uri, write).await?;
        // A store answers a write with "not found" when there is no bucket.
        written.ok_or_else(|| failed(Call::Write, uri, Why::NoBucket))
    }

    /// A URL that allows one method on one object for so long, or for as long as the credentials last that sign it:
    /// [`SignedUrl::valid_until`] says. Whether the object is there is not asked.
    ///
    /// # Errors
    /// Bad input, or a failure of a call that signing needs.
    pub async fn sign(
        &self,
        method: Method,
        uri: &ObjectUri,
        duration: Duration,
    ) -> Result<SignedUrl, StoreError> {
        let (bucket, path) = self.find(uri)?;
        // The longest of S3 and Google; Azure's keys live as long.
        let duration = duration.clamp(Duration::from_secs(1), s3::LONGEST);
        let sign = bucket.sign(method, uri, &path, duration);
        tokio::time::timeout(self.longest, sign)
            .await
            .unwrap_or_else(|_| Err(failed(Call::Sign, uri, Why::TimedOut)))
    }

    /// The bucket that a URI lies in, and the key as the library wants it.
    fn find(&self, uri: &ObjectUri) -> Result<(&Bucket, Path), StoreError> {
        let [metadata, code] = self.buckets.as_ref();
        let bucket = [metadata, code]
            .into_iter()
            .find(|bucket| bucket.holds(uri));
        let bucket = bucket.ok_or_else(|| StoreError::Outside {
            uri: uri.clone(),
            buckets: Box::new([metadata.root().clone(), code.root().clone()]),
        })?;
        let no_object = || StoreError::NoObject { uri: uri.clone() };
        if uri.key().is_empty() || uri.key().ends_with('/') {
            return Err(no_object());
        }
        let path = Path::parse(uri.key()).map_err(|_| no_object())?;
        Ok((bucket, path))
    }

    /// The outcome of a call that looks at an object. S3 and Google forbid, in place of saying that it is not there, who may
    /// list only under a prefix: a policy's condition on the prefix does not hold for a call that has none. So the list is
    /// asked, which has.
    async fn look<T>(
        &self,
        call: Call,
        uri: &ObjectUri,
        bucket: &Bucket,
        path: &Path,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<Option<T>, StoreError> {
        match self.call(call, uri, work).await {
            Err(StoreError::Failed(failed)) if failed.why == Why::Denied => {
                let listed = tokio::time::timeout(self.longest, bucket.lists(path)).await;
                match listed {
                    Ok(Ok(false)) => Ok(None),
                    _ => Err(StoreError::Failed(failed)),
                }
            }
            outcome => outcome,
        }
    }

    /// The outcome of a call, or nothing if what it is about is not there.
    async fn call<T>(
        &self,
        call: Call,
        uri: &ObjectUri,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<Option<T>, StoreError> {
        let limited = tokio::time::timeout(self.longest, noted(work));
        let Ok((outcome, refusal)) = limited.await else {
            return Err(failed(call, uri, Why::TimedOut));
        };
        match outcome {
            Ok(outcome) => Ok(Some(outcome)),
            Err(object_store::Error::NotFound { .. })
                if !refusal.as_ref().is_some_and(Refusal::is_missing_bucket) =>
            {
                Ok(None)
            }
            Err(error) => Err(Failed::new(call, uri, error, refusal).into()),
        }
    }
}

fn failed(call: Call, uri: &ObjectUri, why: Why) -> StoreError {
    let failed = Failed {
        call,
        uri: uri.clone(),
        why,
        refusal: None,
        source: None,
    };
    failed.into()
}

fn truncated(uri: &ObjectUri, error: Option<object_store::Error>) -> StoreError {
    let failed = Failed {
        call: Call::Read,
        uri: uri.clone(),
        why: Why::Truncated,
        refusal: None,
        source: error.map(Into::into),
    };
    failed.into()
}
