//! One of the two buckets: which URIs lie in it, and what reaches it.

use std::{sync::Arc, time::Duration};

use dataplane_api::{identity::Cloud, object_uri::ObjectUri};
use futures::{StreamExt as _, TryStreamExt as _, future};
use jiff::Timestamp;
use object_store::{ObjectStore, memory::InMemory, path::Path};
use url::Url;

use crate::{
    azure::{self, Azure},
    environment::Site,
    error::{Call, Failed, OpenError, StoreError, Why},
    gcs::{self, Gcs},
    s3::{self, S3},
    session::after,
    signed_url::{Method, SignedUrl},
    transport::{AskError, Transport},
};

/// Names between an object's and the same without its last character: as good as none.
const LONGEST_LIST: usize = 1000;

#[derive(Debug)]
pub(crate) struct Bucket {
    root: ObjectUri,
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    S3(S3),
    Gcs(Gcs),
    Azure(Box<Azure>),
    Memory(InMemory),
}

impl Bucket {
    /// The two buckets of a site, which share one identity.
    pub(crate) fn open(site: &Site<'_>) -> Result<[Self; 2], OpenError> {
        let transport = &Transport::open(site)?;
        let roots = [&site.storage.metadata, &site.storage.fast_registration];
        let [metadata, code] = match site.storage.metadata.cloud() {
            Cloud::Aws => {
                let credentials = Arc::new(s3::Credentials::open(site, transport)?);
                let open = |root| {
                    S3::open(site, root, transport, Arc::clone(&credentials)).map(Backend::S3)
                };
                roots.map(open)
            }
            Cloud::Gcp => {
                let credentials = Arc::new(gcs::Credentials::open(site, transport)?);
                let open = |root| {
                    Gcs::open(site, root, transport, Arc::clone(&credentials)).map(Backend::Gcs)
                };
                roots.map(open)
            }
            Cloud::Azure => {
                let credentials = Arc::new(azure::Credentials::open(site, transport)?);
                let open = |root| {
                    let bucket = Azure::open(site, root, transport, Arc::clone(&credentials));
                    Ok(Backend::Azure(Box::new(bucket?)))
                };
                roots.map(open)
            }
        };
        Ok([
            Self {
                root: roots[0].clone(),
                backend: metadata?,
            },
            Self {
                root: roots[1].clone(),
                backend: code?,
            },
        ])
    }

    pub(crate) fn in_memory(root: &ObjectUri) -> Self {
        Self {
            root: root.clone(),
            backend: Backend::Memory(InMemory::new()),
        }
    }

    pub(crate) fn root(&self) -> &ObjectUri {
        &self.root
    }

    /// Whether a URI is in it: the same bucket of the same account, under the key that the root may have.
    pub(crate) fn holds(&self, uri: &ObjectUri) -> bool {
        let place = |uri: &ObjectUri| {
            (
                uri.cloud(),
                uri.bucket().to_owned(),
                uri.host().map(str::to_owned),
            )
        };
        let under = |key: &str, root: &str| {
            root.is_empty()
                || key
                    .strip_prefix(root)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        place(uri) == place(&self.root) && under(uri.key(), self.root.key().trim_end_matches('/'))
    }

    pub(crate) fn objects(&self) -> &dyn ObjectStore {
        match &self.backend {
            Backend::S3(bucket) => &bucket.objects,
            Backend::Gcs(bucket) => &bucket.objects,
            Backend::Azure(bucket) => &bucket.objects,
            Backend::Memory(objects) => objects,
        }
    }

    /// Whether the list of the folder that an object is in has the object.
    pub(crate) async fn lists(&self, path: &Path) -> object_store::Result<bool> {
        let key = path.as_ref();
        let folder = key.rsplit_once('/').map(|(folder, _)| Path::parse(folder));
        // Lists are sorted, and begin behind a name: the longest that is before this one.
        let mut before = key.chars();
        before.next_back();
        let before = Path::parse(before.as_str())?;
        self.objects()
            .list_with_offset(folder.transpose()?.as_ref(), &before)
            .take(LONGEST_LIST)
            .try_skip_while(|found| future::ready(Ok(found.location < *path)))
            .try_next()
            .await
            .map(|found| found.is_some_and(|found| found.location == *path))
    }

    pub(crate) async fn sign(
        &self,
        method: Method,
        uri: &ObjectUri,
        path: &Path,
        duration: Duration,
    ) -> Result<SignedUrl, StoreError> {
        match &self.backend {
            Backend::S3(bucket) => bucket.sign(method, uri, path, duration).await,
            Backend::Gcs(bucket) => bucket.sign(method, uri, path, duration).await,
            Backend::Azure(bucket) => bucket.sign(method, uri, path, duration).await,
            Backend::Memory(_) => {
                // A name that is never resolved (RFC 6761), for tests that look at what is done with the URL.
                let text = format!("https://memory.invalid/{}/{path}?signature=", uri.bucket());
                let until = after(Timestamp::now(), duration);
                let url = Url::parse(&format!("{text}{}", until.as_second()));
                let url = url.map_err(|error| {
                    let error = Arc::new(AskError::Impossible(error.to_string()));
                    Failed::asking(Call::Sign, uri, Why::Refused, &error)
                })?;
                Ok(SignedUrl::new(url, method, until))
            }
        }
    }
}
