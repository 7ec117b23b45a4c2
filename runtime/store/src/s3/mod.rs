//! Amazon S3, and what speaks its protocol at `storage.endpoint`.

mod credentials;

use std::{sync::Arc, time::Duration};

use dataplane_api::object_uri::ObjectUri;
use jiff::Timestamp;
use object_store::{
    StaticCredentialProvider,
    aws::{AmazonS3, AmazonS3Builder, AwsCredential},
    path::Path,
    signer::Signer as _,
};

pub(crate) use self::credentials::Credentials;
use crate::{
    environment::Site,
    error::{Call, Failed, OpenError, StoreError, Why},
    session::after,
    signed_url::{Method, SignedUrl},
    transport::{Transport, retries},
};

/// Asked for where a store of somebody else's has no regions.
const NO_REGION: &str = "us-east-1";

/// Longest life of a signed URL.
pub(crate) const LONGEST: Duration = Duration::from_hours(7 * 24);

#[derive(Debug)]
pub(crate) struct S3 {
    pub(crate) objects: AmazonS3,
    plain: Plain,
    credentials: Arc<Credentials>,
}

/// How the bucket is reached, without credentials.
#[derive(Debug)]
struct Plain {
    bucket: String,
    region: String,
    endpoint: String,
    transport: Transport,
}

impl Plain {
    fn builder(&self) -> AmazonS3Builder {
        AmazonS3Builder::new()
            .with_bucket_name(&self.bucket)
            .with_region(&self.region)
            .with_endpoint(&self.endpoint)
            .with_retry(retries())
            .with_http_connector(self.transport.connector())
    }
}

impl S3 {
    pub(crate) fn open(
        site: &Site<'_>,
        bucket: &ObjectUri,
        transport: &Transport,
        credentials: Arc<Credentials>,
    ) -> Result<Self, OpenError> {
        let region = region(site)?;
        let endpoint = site
            .endpoint()
            .unwrap_or_else(|| format!("https://s3.{region}.{}", dns_suffix(&region)));
        let plain = Plain {
            bucket: bucket.bucket().to_owned(),
            region,
            endpoint,
            transport: transport.clone(),
        };
        let objects = plain
            .builder()
            .with_credentials(Arc::clone(&credentials) as _)
            .build()
            .map_err(|source| OpenError::Bucket {
                bucket: bucket.clone(),
                source: Box::new(source),
            })?;
        Ok(Self {
            objects,
            plain,
            credentials,
        })
    }

    /// Signed here, without a call unless credentials have to be fetched: the URL dies with them.
    pub(crate) async fn sign(
        &self,
        method: Method,
        uri: &ObjectUri,
        path: &Path,
        duration: Duration,
    ) -> Result<SignedUrl, StoreError> {
        let no_credentials = |error| Failed::asking(Call::Sign, uri, Why::NoCredentials, &error);
        let lent = self
            .credentials
            .lasting(duration)
            .await
            .map_err(no_credentials)?;
        let now = Timestamp::now();
        let signed = async {
            self.plain
                .builder()
                .with_credentials(Arc::new(StaticCredentialProvider::new(AwsCredential {
                    key_id: lent.value.key_id.clone(),
                    secret_key: lent.value.secret_key.clone(),
                    token: lent.value.token.clone(),
                })))
                .build()?
                .signed_url(method.into(), path, duration)
                .await
        };
        let url = signed
            .await
            .map_err(|error| Failed::new(Call::Sign, uri, error, None))?;
        let valid_until = lent.until.min(after(now, duration));
        Ok(SignedUrl::new(url, method, valid_until))
    }
}

impl From<Method> for http::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Put => Self::PUT,
        }
    }
}

fn region(site: &Site<'_>) -> Result<String, OpenError> {
    let configured = site.storage.region.as_ref().map(ToString::to_string);
    configured
        .or_else(|| site.given("AWS_REGION").map(str::to_owned))
        .or_else(|| site.given("AWS_DEFAULT_REGION").map(str::to_owned))
        .or_else(|| site.storage.endpoint.as_ref().map(|_| NO_REGION.to_owned()))
        .ok_or(OpenError::NoRegion)
}

/// The domain of a region's partition.
fn dns_suffix(region: &str) -> &'static str {
    match region.split('-').collect::<Vec<_>>()[..] {
        ["cn", ..] => "amazonaws.com.cn",
        ["eusc", ..] => "amazonaws.eu",
        [_, "iso", ..] => "c2s.ic.gov",
        [_, "isob", ..] => "sc2s.sgov.gov",
        [_, "isoe", ..] => "cloud.adc-e.uk",
        [_, "isof", ..] => "csp.hci.ic.gov",
        _ => "amazonaws.com",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_domain() {
        for (region, suffix) in [
            ("eu-west-1", "amazonaws.com"),
            ("us-gov-west-1", "amazonaws.com"),
            ("cn-north-1", "amazonaws.com.cn"),
            ("eusc-de-east-1", "amazonaws.eu"),
            ("us-iso-east-1", "c2s.ic.gov"),
        ] {
            assert_eq!(dns_suffix(region), suffix);
        }
    }
}
