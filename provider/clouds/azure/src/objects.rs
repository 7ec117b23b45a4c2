//! What is in a container, by the data plane of Blob Storage: Resource Manager knows containers, and not what they hold.

use std::collections::BTreeSet;

use azure_core::http::headers::HeaderName;
use azure_core::http::{Method, Request, Url};
use clouds::buckets::{BucketId, Contents};
use clouds::error::Call;
use clouds::{Error, Result};
use futures::{StreamExt, stream};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;

use crate::arm::send;
use crate::error::invalid;
use crate::session::Session;
use crate::versions;

pub(crate) const READ: &str =
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
pub(crate) const DELETE: &str =
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete";
const VERSION: HeaderName = HeaderName::from_static("x-ms-version");
const SNAPSHOTS: HeaderName = HeaderName::from_static("x-ms-delete-snapshots");
/// How many deletions are under way at once.
const AT_ONCE: usize = 16;
/// How many blobs a page has where nothing is said, which is also the most.
const LONGEST_PAGE: usize = 5000;
/// How many of the first parts of names are told.
const PREFIXES: usize = 10;
/// What a path of blobs holds unencoded.
const PATH: AsciiSet = NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A container on the data plane.
pub(crate) struct Container<'s> {
    pub(crate) session: &'s Session,
    pub(crate) id: &'s BucketId,
    pub(crate) endpoint: String,
    pub(crate) hierarchical: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listing {
    #[serde(default)]
    blobs: Blobs,
    next_marker: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Blobs {
    blob: Vec<Blob>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Blob {
    name: Name,
    version_id: Option<String>,
    is_current_version: Option<bool>,
    snapshot: Option<String>,
}

/// A name, encoded where it holds what XML cannot.
#[derive(Deserialize)]
struct Name {
    #[serde(rename = "@Encoded")]
    encoded: Option<bool>,
    #[serde(rename = "$text", default)]
    text: String,
}

impl Blob {
    fn name(&self) -> String {
        match self.name.encoded {
            Some(true) => percent_decode_str(&self.name.text)
                .decode_utf8_lossy()
                .into_owned(),
            _ => self.name.text.clone(),
        }
    }

    fn is_current(&self) -> bool {
        self.snapshot.is_none()
            && (self.version_id.is_none() || self.is_current_version == Some(true))
    }
}

impl Container<'_> {
    /// Counts what is there, at most to `limit` of each kind.
    pub(crate) async fn contents(&self, limit: usize) -> Result<Contents> {
        let mut contents = Contents::default();
        let mut marker = None;
        loop {
            // One more of a kind than is counted says that there are more.
            let page = self.page(marker.as_deref(), Some(limit + 1)).await?;
            for blob in &page.blobs.blob {
                note(&mut contents.prefixes, &blob.name());
                if blob.is_current() {
                    contents.objects += 1;
                } else {
                    contents.versions += 1;
                }
            }
            marker = page.next_marker.filter(|marker| !marker.is_empty());
            let enough = contents.objects > limit || contents.versions > limit;
            if marker.is_none() || enough {
                break;
            }
        }
        for count in [&mut contents.objects, &mut contents.versions] {
            contents.more |= *count > limit;
            *count = (*count).min(limit);
        }
        Ok(contents)
    }

    /// Removes everything, page by page; says how many.
    pub(crate) async fn empty(&self) -> Result<usize> {
        let mut removed = 0;
        loop {
            let mut blobs = self.page(None, None).await?.blobs.blob;
            if blobs.is_empty() {
                return Ok(removed);
            }
            // A directory of a hierarchical namespace goes after what is in it.
            blobs.sort_by_key(|blob| std::cmp::Reverse(depth(blob)));
            let mut gone = 0;
            for level in blobs.chunk_by(|a, b| depth(a) == depth(b)) {
                let deletions: Vec<_> = level.iter().map(|blob| self.remove(blob)).collect();
                let results: Vec<_> = stream::iter(deletions)
                    .buffer_unordered(AT_ONCE)
                    .collect()
                    .await;
                for result in results {
                    gone += usize::from(result?);
                }
            }
            if gone == 0 {
                let why = "what is in it stays, whatever is deleted";
                return Err(invalid(DELETE, self.id, why));
            }
            removed += gone;
        }
    }

    /// A page of the listing; without a size, as long as Azure makes it.
    async fn page(&self, marker: Option<&str>, size: Option<usize>) -> Result<Listing> {
        let mut url = self.url("")?;
        {
            let mut query = url.query_pairs_mut();
            query.extend_pairs([("restype", "container"), ("comp", "list")]);
            if !self.hierarchical {
                query.append_pair("include", "versions,snapshots");
            }
            if let Some(size) = size.filter(|size| *size < LONGEST_PAGE) {
                query.append_pair("maxresults", &size.to_string());
            }
            if let Some(marker) = marker {
                query.append_pair("marker", marker);
            }
        }
        let call = Call::new(READ, self.id);
        let mut request = Request::new(url, Method::Get);
        request.insert_header(VERSION, versions::BLOBS);
        let pipeline = self.session.blobs().await?;
        let answer = send(pipeline, &call, &mut request)
            .await
            .map_err(explained)?;
        azure_core::xml::from_xml(answer.body()).map_err(|_| {
            // The SDK's own words hold the whole listing.
            invalid(READ, self.id, "the answer is not a listing of blobs")
        })
    }

    /// Whether it is gone by this; not where it was gone before, or is a directory with something left in it.
    async fn remove(&self, blob: &Blob) -> Result<bool> {
        let mut url = self.url(&blob.name())?;
        match (&blob.snapshot, &blob.version_id) {
            (Some(snapshot), _) => {
                url.query_pairs_mut().append_pair("snapshot", snapshot);
            }
            (None, Some(version)) if blob.is_current_version != Some(true) => {
                url.query_pairs_mut().append_pair("versionid", version);
            }
            _ => {}
        }
        let call = Call::new(DELETE, format!("{} of {}", blob.name(), self.id));
        let mut request = Request::new(url, Method::Delete);
        request.insert_header(VERSION, versions::BLOBS);
        if blob.is_current() && !self.hierarchical {
            request.insert_header(SNAPSHOTS, "include");
        }
        let pipeline = self.session.blobs().await?;
        match send(pipeline, &call, &mut request).await.map_err(explained) {
            Ok(_) => Ok(true),
            Err(Error::NotFound(_)) => Ok(false),
            Err(Error::Conflict(call)) if call.code.as_deref() == Some("DirectoryIsNotEmpty") => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn url(&self, blob: &str) -> Result<Url> {
        let mut text = format!("{}/{}", self.endpoint, self.id.name);
        if !blob.is_empty() {
            text = format!("{text}/{}", utf8_percent_encode(blob, &PATH));
        }
        Url::parse(&text).map_err(|error| invalid(READ, self.id, error.to_string()))
    }
}

fn depth(blob: &Blob) -> usize {
    blob.name().matches('/').count()
}

/// The data plane has rights of its own, which nobody has by owning the subscription, and rules of the network.
fn explained(error: Error) -> Error {
    let Error::Denied {
        action,
        resource,
        mut call,
    } = error
    else {
        return error;
    };
    let network = call.code.as_deref() == Some("AuthorizationFailure");
    call.message = Some(if network {
        "the account's network rules do not let this machine in: add its address to them".into()
    } else {
        "what a container holds is seen and deleted with the role Storage Blob Data Contributor only, and older versions are \
         deleted with Storage Blob Data Owner only, neither of which owners of a subscription have by themselves"
            .into()
    });
    Error::Denied {
        action,
        resource,
        call,
    }
}

fn note(prefixes: &mut BTreeSet<String>, name: &str) {
    if prefixes.len() < PREFIXES {
        let first = name.split_inclusive('/').next().unwrap_or(name);
        prefixes.insert(first.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_are_read() {
        let listing: Listing = azure_core::xml::from_xml(
            r#"<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="https://acme.blob.core.windows.net/" ContainerName="data"><Blobs>
            <Blob><Name>raw/1</Name><VersionId>v2</VersionId><IsCurrentVersion>true</IsCurrentVersion><Properties><Content-Length>4</Content-Length></Properties><OrMetadata /></Blob>
            <Blob><Name Encoded="true">raw%2F%EF%BF%BE</Name><VersionId>v1</VersionId><Properties /></Blob>
            <Blob><Name>old</Name><Snapshot>2026-01-01</Snapshot></Blob></Blobs><NextMarker>m</NextMarker></EnumerationResults>"#,
        )
        .unwrap();
        let blobs = &listing.blobs.blob;
        let found: Vec<_> = blobs
            .iter()
            .map(|blob| (blob.name(), blob.is_current()))
            .collect();
        assert_eq!(
            found,
            [
                ("raw/1".into(), true),
                ("raw/\u{fffe}".into(), false),
                ("old".into(), false)
            ]
        );
        assert_eq!(listing.next_marker.as_deref(), Some("m"));
        let empty: Listing = azure_core::xml::from_xml(
            r#"<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="data"><Blobs /><NextMarker /></EnumerationResults>"#,
        )
        .unwrap();
        assert!(empty.blobs.blob.is_empty());
    }
}
