//! Google Cloud Storage, by the credentials that GKE's metadata server lends, or elsewhere by an exchanged token.

mod credentials;
mod external_account;
mod v4;

use std::{sync::Arc, time::Duration};

use dataplane_api::object_uri::ObjectUri;
use jiff::Timestamp;
use object_store::{
    gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder},
    path::Path,
};
use url::Url;

pub(crate) use self::credentials::Credentials;
use crate::{
    environment::Site,
    error::{Call, Failed, OpenError, StoreError, Why},
    session::after,
    signed_url::{Method, SignedUrl},
    transport::{Transport, retries},
};

const STORE: &str = "https://storage.googleapis.com";

/// For so long Google keeps a key that has signed.
const LONGEST: Duration = Duration::from_hours(12);

#[derive(Debug)]
pub(crate) struct Gcs {
    pub(crate) objects: GoogleCloudStorage,
    store: Url,
    credentials: Arc<Credentials>,
}

impl Gcs {
    pub(crate) fn open(
        site: &Site<'_>,
        bucket: &ObjectUri,
        transport: &Transport,
        credentials: Arc<Credentials>,
    ) -> Result<Self, OpenError> {
        let store = site.endpoint().unwrap_or_else(|| STORE.to_owned());
        let failed = |source| OpenError::Bucket {
            bucket: bucket.clone(),
            source: Box::new(source),
        };
        let objects = GoogleCloudStorageBuilder::new()
            .with_bucket_name(bucket.bucket())
            .with_base_url(&store)
            .with_credentials(Arc::clone(&credentials) as _)
            .with_retry(retries())
            .with_http_connector(transport.connector())
            .build()
            .map_err(failed)?;
        let store = Url::parse(&store).map_err(|error| {
            failed(object_store::Error::Generic {
                store: "GCS",
                source: error.into(),
            })
        })?;
        Ok(Self {
            objects,
            store,
            credentials,
        })
    }

    /// Signed by Google with the key of the pod's service account, which nobody else has.
    pub(crate) async fn sign(
        &self,
        method: Method,
        uri: &ObjectUri,
        path: &Path,
        duration: Duration,
    ) -> Result<SignedUrl, StoreError> {
        let duration = duration.min(LONGEST);
        let failed = |why, error| Failed::asking(Call::Sign, uri, why, &error);
        let signer = self
            .credentials
            .service_account()
            .await
            .map_err(|error| failed(Why::NoCredentials, error))?;
        let now = Timestamp::now();
        let (day, stamp) = v4::stamps(now);
        let authority = &self.store[url::Position::BeforeHost..url::Position::AfterPort];
        let request = v4::Request {
            method: method.as_str(),
            scheme: self.store.scheme(),
            host: authority,
            path: &format!("/{}/{path}", uri.bucket()),
            query: &[],
            headers: &[],
            signer: &signer,
            day: &day,
            stamp: &stamp,
            seconds: duration.as_secs(),
        };
        let signature = self
            .credentials
            .sign_blob(&signer, &request.string_to_sign())
            .await
            .map_err(|error| failed(Why::Denied, error))?;
        let url = request.url(&signature);
        let url = Url::parse(&url).map_err(|error| {
            let error = object_store::Error::Generic {
                store: "GCS",
                source: error.into(),
            };
            Failed::new(Call::Sign, uri, error, None)
        })?;
        Ok(SignedUrl::new(url, method, after(now, duration)))
    }
}
