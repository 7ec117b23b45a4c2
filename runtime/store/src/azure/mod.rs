//! Azure Blob Storage, by the federated identity of the pod.

mod credentials;
mod sas;

use std::{sync::Arc, time::Duration};

use dataplane_api::object_uri::ObjectUri;
use jiff::Timestamp;
use object_store::{
    azure::{MicrosoftAzure, MicrosoftAzureBuilder},
    path::Path,
};
use url::Url;

pub(crate) use self::credentials::Credentials;
use self::{credentials::DelegationKey, sas::Grant};
use crate::{
    environment::Site,
    error::{Call, Failed, OpenError, StoreError, Why},
    session::{Session, after},
    signed_url::{Method, SignedUrl},
    transport::{Transport, retries},
};

/// Without this header a blob is not written.
const WRITE_HEADERS: &[(&str, &str)] = &[("x-ms-blob-type", "BlockBlob")];

#[derive(Debug)]
pub(crate) struct Azure {
    pub(crate) objects: MicrosoftAzure,
    /// Of the account: `https://<account>.blob.core.windows.net`.
    service: Url,
    account: String,
    credentials: Arc<Credentials>,
    key: Session<DelegationKey>,
}

impl Azure {
    pub(crate) fn open(
        site: &Site<'_>,
        bucket: &ObjectUri,
        transport: &Transport,
        credentials: Arc<Credentials>,
    ) -> Result<Self, OpenError> {
        let account = bucket.account().unwrap_or_default().to_owned();
        let service = match site.endpoint() {
            // As an emulator has it, where accounts are no hosts.
            Some(endpoint) => format!("{endpoint}/{account}"),
            None => format!("https://{}", blob_host(bucket.host().unwrap_or_default())),
        };
        let failed = |source| OpenError::Bucket {
            bucket: bucket.clone(),
            source: Box::new(source),
        };
        let objects = MicrosoftAzureBuilder::new()
            .with_account(&account)
            .with_container_name(bucket.bucket())
            .with_endpoint(service.clone())
            .with_credentials(Arc::clone(&credentials) as _)
            .with_retry(retries())
            .with_http_connector(transport.connector())
            .build()
            .map_err(failed)?;
        let service = Url::parse(&service).map_err(|error| {
            failed(object_store::Error::Generic {
                store: "Azure",
                source: error.into(),
            })
        })?;
        Ok(Self {
            objects,
            service,
            account,
            credentials,
            key: Session::default(),
        })
    }

    /// Signed here with a key that Azure lends to the pod's identity, and that is kept for a while.
    pub(crate) async fn sign(
        &self,
        method: Method,
        uri: &ObjectUri,
        path: &Path,
        duration: Duration,
    ) -> Result<SignedUrl, StoreError> {
        let fetch = async || {
            self.credentials
                .delegation_key(&self.service, duration)
                .await
        };
        let lent = self
            .key
            .get(duration, fetch)
            .await
            .map_err(|error| Failed::asking(Call::Sign, uri, Why::Denied, &error))?;
        let valid_until = lent.until.min(after(Timestamp::now(), duration));
        let grant = Grant {
            account: &self.account,
            container: uri.bucket(),
            blob: path.as_ref(),
            method,
            until: valid_until,
            encrypted: self.service.scheme() == "https",
        };
        let mut url = self.service.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .pop_if_empty()
                .push(uri.bucket())
                .extend(path.as_ref().split('/'));
        }
        url.query_pairs_mut().extend_pairs(grant.sign(&lent.value));
        let signed = SignedUrl::new(url, method, valid_until);
        Ok(match method {
            Method::Get => signed,
            Method::Put => signed.with_headers(WRITE_HEADERS),
        })
    }
}

/// The blob service of an account whose data lake is at this host.
fn blob_host(host: &str) -> String {
    host.replacen(".dfs.", ".blob.", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_azure_has_its_own_hosts() {
        for (lake, blob) in [
            ("acme.dfs.core.windows.net", "acme.blob.core.windows.net"),
            (
                "acme.dfs.core.usgovcloudapi.net",
                "acme.blob.core.usgovcloudapi.net",
            ),
        ] {
            assert_eq!(blob_host(lake), blob);
        }
    }
}
