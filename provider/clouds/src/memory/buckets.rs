//! Buckets, in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{Memory, StoredBucket, World, missing, occupied, taken};
use crate::buckets::{
    Bucket, BucketId, BucketSettings, Buckets, Contents, Encryption, NewBucket, Protection,
};
use crate::error::{Call, Error, Result};
use crate::refusal::Refusal;
use crate::tags::Tags;

#[async_trait]
impl Buckets for Memory {
    fn check(&self, _: &NewBucket, _: &BucketSettings) -> Vec<Refusal> {
        self.refusals("buckets.check")
    }

    fn protections(&self) -> BTreeSet<Protection> {
        Protection::ALL.into()
    }

    async fn create(&self, new: &NewBucket) -> Result<()> {
        self.run("buckets.create", |world| {
            if world.buckets.contains_key(&new.id) {
                return Err(taken("buckets.create", &new.id));
            }
            let bucket = Bucket {
                id: new.id.clone(),
                uri: format!("memory://{}", new.id),
                region: world.region.clone(),
                endpoint: format!("https://{}.memory.invalid", world.region),
                hierarchical: new.hierarchical,
                settings: BucketSettings {
                    encryption: new
                        .kms_key
                        .clone()
                        .map_or(Encryption::Cloud, Encryption::Key),
                    ..BucketSettings::plain()
                },
                protections: [
                    Protection::Encrypted,
                    Protection::PublicAccessBlocked,
                    Protection::OwnerEnforced,
                ]
                .into(),
                foreign_rules: BTreeSet::new(),
                tags: new.tags.clone(),
            };
            let stored = StoredBucket {
                bucket,
                contents: Contents::default(),
                foreign: false,
            };
            world.buckets.insert(new.id.clone(), stored);
            Ok(())
        })
    }

    async fn get(&self, id: &BucketId) -> Result<Bucket> {
        self.run("buckets.get", |world| {
            Ok(find(world, "buckets.get", id)?.bucket.clone())
        })
    }

    async fn configure(&self, found: &Bucket, wanted: &BucketSettings) -> Result<()> {
        self.run("buckets.configure", |world| {
            let stored = find(world, "buckets.configure", &found.id)?;
            stored.bucket.settings = wanted.clone();
            stored.bucket.protections = Protection::ALL.into();
            stored.bucket.foreign_rules.clear();
            Ok(())
        })
    }

    async fn set_tags(&self, found: &Bucket, tags: &Tags) -> Result<()> {
        self.run("buckets.set_tags", |world| {
            find(world, "buckets.set_tags", &found.id)?.bucket.tags = tags.clone();
            Ok(())
        })
    }

    async fn contents(&self, id: &BucketId, limit: usize) -> Result<Contents> {
        self.run("buckets.contents", |world| {
            let all = &find(world, "buckets.contents", id)?.contents;
            Ok(Contents {
                objects: all.objects.min(limit),
                versions: all.versions.min(limit),
                uploads: all.uploads.min(limit),
                more: [all.objects, all.versions, all.uploads]
                    .into_iter()
                    .any(|count| count > limit),
                prefixes: all.prefixes.clone(),
            })
        })
    }

    async fn empty(&self, id: &BucketId) -> Result<usize> {
        self.run("buckets.empty", |world| {
            let stored = find(world, "buckets.empty", id)?;
            Ok(std::mem::take(&mut stored.contents).total())
        })
    }

    async fn delete(&self, id: &BucketId) -> Result<()> {
        self.run("buckets.delete", |world| {
            let contents = &find(world, "buckets.delete", id)?.contents;
            if contents.total() > 0 {
                return Err(occupied(
                    "buckets.delete",
                    id,
                    &format!("it holds {contents}"),
                ));
            }
            world.buckets.remove(id);
            Ok(())
        })
    }
}

fn find<'w>(
    world: &'w mut World,
    operation: &'static str,
    id: &BucketId,
) -> Result<&'w mut StoredBucket> {
    let stored = world
        .buckets
        .get_mut(id)
        .ok_or_else(|| missing(operation, id))?;
    if stored.foreign {
        return Err(Error::Denied {
            action: operation.to_owned(),
            resource: id.to_string(),
            call: Box::new(
                Call::new(operation, id).because("the bucket belongs to another account"),
            ),
        });
    }
    Ok(stored)
}
