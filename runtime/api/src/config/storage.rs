//! The two buckets.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{layout::Layout, object_uri::ObjectUri, textual::Invalid};

/// The two buckets and how they are reached. One bucket may serve as both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// Bucket for inputs, outputs and other execution metadata.
    pub metadata: ObjectUri,
    /// Bucket for code bundles.
    pub fast_registration: ObjectUri,
    /// Region of the buckets, where the cloud's own environment does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Endpoint of a store that speaks the S3 protocol and is not Amazon's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<StoreEndpoint>,
    /// Order of the segments of the objects' keys.
    #[serde(default)]
    pub layout: Layout,
}

/// A region of a cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region(String);

impl FromStr for Region {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if crate::names::is_label(text) && text.len() <= 40 {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(
                "a region",
                text,
                "write the cloud's own name for it, such as eu-west-1 or westeurope",
            ))
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

textual!(Region, { "type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 40 });

/// URL of an object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreEndpoint(Url);

impl FromStr for StoreEndpoint {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = |rule: &str| Invalid::new("the endpoint of an object store", text, rule);
        let url = Url::parse(text).map_err(|_| invalid("write https://<host>[:<port>]"))?;
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
            return Err(invalid("write https://<host>[:<port>]"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("it must hold no credentials"));
        }
        Ok(Self(url))
    }
}

impl StoreEndpoint {
    /// The port; that of the scheme unless written.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }
}

impl fmt::Display for StoreEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

textual!(StoreEndpoint, { "type": "string", "pattern": "^https?://" });
