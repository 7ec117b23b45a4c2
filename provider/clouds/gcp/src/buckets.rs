//! Buckets on Cloud Storage.
//!
//! Calls: `create`, `get` and `delete` 1; `configure` 1, 0 where nothing differs; `set_tags` the same (each 1 more when
//! the bucket was not read before: a change names the version that it changes); `contents` 1 per 1,000 objects; `empty` 1
//! per object, sixteen at once, and 1 per 1,000 and at the end.
//!
//! Unfinished uploads are not counted: the JSON interface does not know them, they do not keep a bucket from being deleted,
//! and our lifecycle rule removes them. Neither do objects that were deleted and could still be brought back.

use std::collections::BTreeSet;

use async_trait::async_trait;
use clouds::buckets::{Bucket, BucketId, BucketSettings, Buckets, Contents, NewBucket, Protection};
use clouds::{Error, Optional, Refusal, Result, Tags};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;

use crate::bucket_settings::{Created, DEFAULT_SOFT_DELETE, Found, Patch};
use crate::error::unreadable;
use crate::requests::segment;
use crate::session::{Seen, Service};
use crate::tags::LabelPatch;
use crate::{Gcp, names};

const PAGE: usize = 1000;
const AT_ONCE: usize = 16;
const PREFIXES: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    items: Vec<Object>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    name: String,
    generation: Option<String>,
    /// When it became an older version.
    time_deleted: Option<String>,
}

#[async_trait]
impl Buckets for Gcp {
    fn check(&self, new: &NewBucket, settings: &BucketSettings) -> Vec<Refusal> {
        let hierarchical = new.hierarchical.then_some(&());
        let statements = (!settings.policy_statements.is_empty()).then_some(&());
        let key = settings.encryption.key();
        let days = settings
            .soft_delete_days
            .filter(|days| *days != 0 && !(7..=90).contains(days));
        [
            names::bucket(&new.id.name),
            names::key("encryption", key),
            Refusal::of_given("account", new.id.account.as_ref(), "Cloud Storage has no storage accounts: leave it out."),
            Refusal::of_given("hierarchical", hierarchical, "this provider makes buckets with a flat namespace on Google Cloud: leave it out."),
            Refusal::of_given("policy_statements", statements, "buckets of Google Cloud have no policy of statements: bind roles to them instead; what others bind stays."),
            Refusal::of_given("allowed_networks", settings.allowed_networks.as_ref(), "use VPC Service Controls of your organisation on Google Cloud: leave it out."),
            days.map(|days| Refusal::new("soft_delete_days", format!("{days} is no retention of deleted objects on Google Cloud: it must be 7 to 90, or 0 for none."))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn protections(&self) -> BTreeSet<Protection> {
        [
            Protection::Encrypted,
            Protection::PublicAccessBlocked,
            Protection::OwnerEnforced,
            Protection::AbortedUploadsRemoved,
        ]
        .into()
    }

    fn default_soft_delete_days(&self) -> Option<u32> {
        Some(DEFAULT_SOFT_DELETE)
    }

    async fn create(&self, new: &NewBucket) -> Result<()> {
        let name = new.id.name.as_str();
        let config = &self.0.config;
        let request = self
            .0
            .post(
                Service::Storage,
                "storage/v1/b",
                ("storage.buckets.insert", name),
            )
            .query("project", &config.project)
            .named();
        let made: Found = request
            .json(&Created::new(new, &config.region))?
            .answer()
            .await?;
        self.saw_bucket(name, &made);
        Ok(())
    }

    async fn get(&self, id: &BucketId) -> Result<Bucket> {
        let found = self.stored_bucket(id).await?;
        found.bucket(id, self.0.endpoint(Service::Storage))
    }

    async fn configure(&self, found: &Bucket, wanted: &BucketSettings) -> Result<()> {
        match Patch::between(found, wanted) {
            Some(patch) => self.change_bucket(&found.id, &patch).await,
            None => Ok(()),
        }
    }

    async fn set_tags(&self, found: &Bucket, tags: &Tags) -> Result<()> {
        match LabelPatch::between(&found.tags, tags) {
            Some(labels) => self.change_bucket(&found.id, &Patch::labels(labels)).await,
            None => Ok(()),
        }
    }

    async fn contents(&self, id: &BucketId, limit: usize) -> Result<Contents> {
        let mut contents = Contents::default();
        let mut token = None;
        loop {
            let page = self.objects(id, token).await?;
            for object in page.items {
                note(&mut contents.prefixes, &object.name);
                match object.time_deleted {
                    None => contents.objects += 1,
                    Some(_) => contents.versions += 1,
                }
            }
            token = page.next_page_token;
            if contents.objects > limit || contents.versions > limit || token.is_none() {
                break;
            }
        }
        for count in [&mut contents.objects, &mut contents.versions] {
            contents.more |= *count > limit;
            *count = (*count).min(limit);
        }
        Ok(contents)
    }

    async fn empty(&self, id: &BucketId) -> Result<usize> {
        let mut removed = 0;
        let mut token = None;
        loop {
            let page = self.objects(id, token).await?;
            if page.items.is_empty() && page.next_page_token.is_none() {
                return Ok(removed);
            }
            // From the beginning each time: what was there is gone.
            token = page.next_page_token.filter(|_| page.items.is_empty());
            let all = stream::iter(page.items)
                .map(|object| self.remove_object(id, object))
                .buffer_unordered(AT_ONCE);
            removed += all
                .try_fold(0, |sum, count| async move { Ok(sum + count) })
                .await?;
        }
    }

    async fn delete(&self, id: &BucketId) -> Result<()> {
        let name = id.name.as_str();
        self.0
            .delete(
                Service::Storage,
                path(name),
                ("storage.buckets.delete", name),
            )
            .done()
            .await?;
        self.0.saw(&version_of(name), None);
        Ok(())
    }
}

impl Gcp {
    async fn stored_bucket(&self, id: &BucketId) -> Result<Found> {
        let name = id.name.as_str();
        let found: Found = self
            .0
            .get(Service::Storage, path(name), ("storage.buckets.get", name))
            .answer()
            .await?;
        self.saw_bucket(name, &found);
        Ok(found)
    }

    /// Changes the version that was read, and no other.
    async fn change_bucket(&self, id: &BucketId, patch: &Patch) -> Result<()> {
        let name = id.name.as_str();
        let call = ("storage.buckets.patch", name);
        let seen = self.0.seen(&version_of(name)).and_then(|seen| seen.version);
        let seen = match seen {
            Some(seen) => seen,
            None => self
                .stored_bucket(id)
                .await?
                .metageneration
                .ok_or_else(|| unreadable(call, "the bucket has no metageneration"))?,
        };
        let request = self
            .0
            .patch(Service::Storage, path(name), call)
            .query("ifMetagenerationMatch", seen)
            .json(patch)?;
        let changed = request.answer::<Found>().await;
        if matches!(changed, Err(Error::Conflict(_))) {
            self.0.saw(&version_of(name), None);
        }
        self.saw_bucket(name, &changed?);
        Ok(())
    }

    fn saw_bucket(&self, name: &str, found: &Found) {
        let seen = Seen::version(found.metageneration.as_deref());
        self.0.saw(&version_of(name), seen);
    }

    async fn objects(&self, id: &BucketId, token: Option<String>) -> Result<Page> {
        let name = id.name.as_str();
        let request = self.0.get(
            Service::Storage,
            format!("{}/o", path(name)),
            ("storage.objects.list", name),
        );
        let mut request = request
            .query("versions", true)
            .query("maxResults", PAGE)
            .query("fields", "items(name,generation,timeDeleted),nextPageToken");
        if let Some(token) = token {
            request = request.query("pageToken", token);
        }
        request.answer().await
    }

    /// One version of an object; who was faster has done the same.
    async fn remove_object(&self, id: &BucketId, object: Object) -> Result<usize> {
        let name = id.name.as_str();
        let of = format!("{name}/{}", object.name);
        let path = format!("{}/o/{}", path(name), segment(&object.name));
        let mut request = self
            .0
            .delete(Service::Storage, path, ("storage.objects.delete", of));
        if let Some(generation) = &object.generation {
            request = request.query("generation", generation);
        }
        request.done().await.optional()?;
        Ok(1)
    }
}

fn path(name: &str) -> String {
    format!("storage/v1/b/{}", segment(name))
}

fn version_of(name: &str) -> String {
    format!("storage/{name}")
}

/// The first part of a key, as far as there are few.
fn note(prefixes: &mut BTreeSet<String>, key: &str) {
    let prefix = match key.split_once('/') {
        Some((first, _)) => format!("{first}/"),
        None => key.to_owned(),
    };
    if prefixes.len() < PREFIXES {
        prefixes.insert(prefix);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_say_where_to_look_and_stay_few() {
        let mut prefixes = BTreeSet::new();
        note(&mut prefixes, "raw/a/b");
        note(&mut prefixes, "top");
        assert_eq!(
            prefixes,
            BTreeSet::from(["raw/".to_owned(), "top".to_owned()])
        );
        for number in 0..20 {
            note(&mut prefixes, &format!("{number}/x"));
        }
        assert_eq!(prefixes.len(), PREFIXES);
    }
}
