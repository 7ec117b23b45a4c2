//! Buckets on S3.
//!
//! Calls: `create` 1 (2 in us-east-1, where creating what exists is a success); `get` 9, eight of them at once;
//! `configure` 1 per setting that differs, 0 to 7; `set_tags` 1; `contents` 2 and more by pages of 1,000; `empty` 2 per
//! 1,000 versions, 1 per unfinished upload, and 2 to see that all is gone; `delete` 1. Verbs that get only an id ask once
//! per session which region it lies in (1).

use std::collections::BTreeSet;
use std::sync::PoisonError;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_bucket::{HeadBucketError, HeadBucketOutput};
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketNamespace, BucketVersioningStatus, CreateBucketConfiguration,
    Delete, ObjectIdentifier, ObjectOwnership, Tagging, VersioningConfiguration,
};
use clouds::account::Region;
use clouds::buckets::{
    Bucket, BucketId, BucketSettings, Buckets, Contents, Encryption, NewBucket, Protection,
};
use clouds::error::Call;
use clouds::{Error, Optional, Refusal, Result, Tags};
use futures::try_join;

use crate::bucket_policy::Owner;
use crate::error::{Classify, from_code, invalid};
use crate::session::Service;
use crate::{Aws, bucket_policy, bucket_settings, lifecycle, names, regions};

/// The region whose `CreateBucket` answers success for a bucket that the caller owns already.
const FORGIVING_REGION: &str = "us-east-1";
/// The most versions that one `DeleteObjects` takes.
const PAGE: usize = 1000;

#[async_trait]
impl Buckets for Aws {
    fn check(&self, new: &NewBucket, settings: &BucketSettings) -> Vec<Refusal> {
        let hierarchical = new.hierarchical.then_some(&());
        let key = match &settings.encryption {
            Encryption::Cloud => None,
            Encryption::Key(key) => Some(key),
        };
        [
            names::bucket(&new.id.name),
            names::key(key),
            Refusal::of_given(
                "account",
                new.id.account.as_ref(),
                "S3 has no storage accounts: leave it out.",
            ),
            Refusal::of_given(
                "hierarchical",
                hierarchical,
                "S3 has no hierarchical namespace: leave it out.",
            ),
            Refusal::of_given(
                "soft_delete_days",
                settings.soft_delete_days.as_ref(),
                "S3 keeps deleted objects by versioning only: leave it out, and see `versioning`.",
            ),
            Refusal::of_given(
                "allowed_networks",
                settings.allowed_networks.as_ref(),
                "S3 has no network rules of a bucket: write a statement with aws:SourceVpce or aws:SourceIp into \
                 `policy_statements`.",
            ),
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
            Protection::TlsOnly,
            Protection::OwnAccountOnly,
            Protection::AbortedUploadsRemoved,
        ]
        .into()
    }

    async fn create(&self, new: &NewBucket) -> Result<()> {
        let name = new.id.name.as_str();
        let region = &self.0.config.region;
        let s3 = self.0.s3(region).await?;
        let forgiving = region.as_str() == FORGIVING_REGION;
        if forgiving && is_taken(&s3, name).await? {
            let call = Call::new("s3:CreateBucket", name).because("a bucket of this name exists");
            return Err(Error::AlreadyExists(Box::new(call)));
        }
        let mut configuration = CreateBucketConfiguration::builder()
            .set_tags(Some(bucket_settings::sdk_tags(name, &new.tags)?));
        if !forgiving {
            configuration =
                configuration.location_constraint(BucketLocationConstraint::from(region.as_str()));
        }
        let mut request = s3
            .create_bucket()
            .bucket(name)
            .object_ownership(ObjectOwnership::BucketOwnerEnforced)
            .create_bucket_configuration(configuration.build());
        if names::is_account_regional(&new.id.name) {
            request = request.bucket_namespace(BucketNamespace::AccountRegional);
        }
        request.send().await.classify("s3:CreateBucket", name)?;
        self.remember(name, region.clone());
        Ok(())
    }

    async fn get(&self, id: &BucketId) -> Result<Bucket> {
        let name = id.name.as_str();
        let region = self.locate(id).await?;
        let s3 = self.0.s3(&region).await?;
        let account = &self.0.caller().await?.account;
        let partition = regions::partition(&region);
        let owner = Owner {
            partition,
            account,
            bucket: name,
        };
        let (encryption, public, ownership, policy, versioning, rules, cors, tags) = try_join!(
            bucket_settings::encryption(&s3, name),
            bucket_settings::public_access_blocked(&s3, name),
            bucket_settings::owner_enforced(&s3, name),
            bucket_settings::policy(&s3, name),
            bucket_settings::versioning(&s3, name),
            bucket_settings::lifecycle_rules(&s3, name),
            bucket_settings::cors(&s3, name),
            bucket_settings::tags(&s3, name),
        )?;
        let (encryption, encrypted) = encryption;
        let (policy_statements, mut protections) = policy.map_or_else(Default::default, |policy| {
            bucket_policy::split(&owner, &policy)
        });
        let (cors_origins, mut foreign_rules) = cors;
        foreign_rules.extend(rules.foreign);
        let in_force = [
            (Protection::Encrypted, encrypted),
            (Protection::PublicAccessBlocked, public),
            (Protection::OwnerEnforced, ownership),
            (Protection::AbortedUploadsRemoved, rules.aborts_uploads),
        ];
        protections.extend(
            in_force
                .into_iter()
                .filter_map(|(protection, found)| found.then_some(protection)),
        );
        Ok(Bucket {
            id: id.clone(),
            uri: format!("s3://{name}"),
            endpoint: self
                .0
                .endpoint(Service::S3)
                .unwrap_or_else(|| format!("https://s3.{region}.{}", regions::domain(&region))),
            region,
            hierarchical: false,
            settings: BucketSettings {
                encryption,
                versioning,
                expiration: rules.expiration,
                cors_origins,
                policy_statements,
                soft_delete_days: None,
                allowed_networks: None,
            },
            protections,
            foreign_rules,
            tags,
        })
    }

    async fn configure(&self, found: &Bucket, wanted: &BucketSettings) -> Result<()> {
        let name = found.id.name.as_str();
        let s3 = self.0.s3(&found.region).await?;
        let missing = |protection| !found.protections.contains(&protection);
        let foreign = |kind: &str| {
            found
                .foreign_rules
                .iter()
                .any(|rule| rule.starts_with(kind))
        };
        // One after the other: S3 refuses changes of one bucket that overlap.
        if missing(Protection::PublicAccessBlocked) {
            bucket_settings::block_public_access(&s3, name).await?;
        }
        if missing(Protection::OwnerEnforced) {
            bucket_settings::enforce_owner(&s3, name).await?;
        }
        if missing(Protection::Encrypted) || found.settings.encryption != wanted.encryption {
            bucket_settings::encrypt(&s3, name, &wanted.encryption).await?;
        }
        let own = &wanted.policy_statements;
        if missing(Protection::TlsOnly)
            || missing(Protection::OwnAccountOnly)
            || found.settings.policy_statements != *own
        {
            let partition = regions::partition(&found.region);
            let owner = Owner {
                partition,
                account: &self.0.caller().await?.account,
                bucket: name,
            };
            let policy = bucket_policy::compose(&owner, own).to_string();
            let sent = s3
                .put_bucket_policy()
                .bucket(name)
                .policy(policy)
                .send()
                .await;
            sent.classify("s3:PutBucketPolicy", name)?;
        }
        if found.settings.versioning != wanted.versioning {
            let status = if wanted.versioning {
                BucketVersioningStatus::Enabled
            } else {
                BucketVersioningStatus::Suspended
            };
            let configuration = VersioningConfiguration::builder().status(status).build();
            let sent = s3
                .put_bucket_versioning()
                .bucket(name)
                .versioning_configuration(configuration)
                .send()
                .await;
            sent.classify("s3:PutBucketVersioning", name)?;
        }
        let expires_otherwise = found.settings.expiration != wanted.expiration;
        if missing(Protection::AbortedUploadsRemoved) || foreign("lifecycle") || expires_otherwise {
            let call = ("s3:PutLifecycleConfiguration", name);
            let rules = lifecycle::rules(&wanted.expiration).classify(call.0, call.1)?;
            let sent = s3
                .put_bucket_lifecycle_configuration()
                .bucket(name)
                .lifecycle_configuration(rules)
                .send()
                .await;
            sent.classify(call.0, call.1)?;
        }
        if foreign("CORS") || found.settings.cors_origins != wanted.cors_origins {
            match lifecycle::cors(&wanted.cors_origins).classify("s3:PutBucketCORS", name)? {
                Some(cors) => {
                    let sent = s3
                        .put_bucket_cors()
                        .bucket(name)
                        .cors_configuration(cors)
                        .send()
                        .await;
                    sent.classify("s3:PutBucketCORS", name)?;
                }
                None => {
                    s3.delete_bucket_cors()
                        .bucket(name)
                        .send()
                        .await
                        .classify("s3:PutBucketCORS", name)?;
                }
            }
        }
        Ok(())
    }

    async fn set_tags(&self, found: &Bucket, tags: &Tags) -> Result<()> {
        let name = found.id.name.as_str();
        let s3 = self.0.s3(&found.region).await?;
        if tags.is_empty() {
            s3.delete_bucket_tagging()
                .bucket(name)
                .send()
                .await
                .classify("s3:PutBucketTagging", name)?;
            return Ok(());
        }
        let tagging = Tagging::builder()
            .set_tag_set(Some(bucket_settings::sdk_tags(name, tags)?))
            .build();
        let tagging = tagging.classify("s3:PutBucketTagging", name)?;
        s3.put_bucket_tagging()
            .bucket(name)
            .tagging(tagging)
            .send()
            .await
            .classify("s3:PutBucketTagging", name)?;
        Ok(())
    }

    async fn contents(&self, id: &BucketId, limit: usize) -> Result<Contents> {
        let name = id.name.as_str();
        let s3 = self.0.s3(&self.region_of(id).await?).await?;
        let mut contents = Contents::default();
        let (mut key, mut version) = (None, None);
        loop {
            let request = s3
                .list_object_versions()
                .bucket(name)
                .set_key_marker(key)
                .set_version_id_marker(version);
            let page = request
                .send()
                .await
                .classify("s3:ListBucketVersions", name)?;
            for version in page.versions() {
                note(&mut contents.prefixes, version.key());
                if version.is_latest() == Some(true) {
                    contents.objects += 1;
                } else {
                    contents.versions += 1;
                }
            }
            for marker in page.delete_markers() {
                note(&mut contents.prefixes, marker.key());
                contents.versions += 1;
            }
            if contents.objects > limit
                || contents.versions > limit
                || page.is_truncated() != Some(true)
            {
                break;
            }
            (key, version) = (page.next_key_marker, page.next_version_id_marker);
        }
        let uploads = s3.list_multipart_uploads().bucket(name).send().await;
        for upload in uploads
            .classify("s3:ListBucketMultipartUploads", name)?
            .uploads()
        {
            note(&mut contents.prefixes, upload.key());
            contents.uploads += 1;
        }
        for count in [
            &mut contents.objects,
            &mut contents.versions,
            &mut contents.uploads,
        ] {
            contents.more |= *count > limit;
            *count = (*count).min(limit);
        }
        Ok(contents)
    }

    async fn empty(&self, id: &BucketId) -> Result<usize> {
        let name = id.name.as_str();
        let s3 = self.0.s3(&self.region_of(id).await?).await?;
        let mut removed = 0;
        loop {
            let batch = some_versions(&s3, name).await?;
            if batch.is_empty() {
                break;
            }
            let count = batch.len();
            remove(&s3, name, batch).await?;
            removed += count;
        }
        loop {
            let page = s3.list_multipart_uploads().bucket(name).send().await;
            let page = page.classify("s3:ListBucketMultipartUploads", name)?;
            if page.uploads().is_empty() {
                return Ok(removed);
            }
            for upload in page.uploads() {
                let request = s3
                    .abort_multipart_upload()
                    .bucket(name)
                    .set_key(upload.key.clone());
                let sent = request.set_upload_id(upload.upload_id.clone()).send().await;
                sent.classify("s3:AbortMultipartUpload", name).optional()?;
                removed += 1;
            }
        }
    }

    async fn delete(&self, id: &BucketId) -> Result<()> {
        let name = id.name.as_str();
        let s3 = self.0.s3(&self.region_of(id).await?).await?;
        s3.delete_bucket()
            .bucket(name)
            .send()
            .await
            .classify("s3:DeleteBucket", name)?;
        self.0
            .bucket_regions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
        Ok(())
    }
}

impl Aws {
    async fn region_of(&self, id: &BucketId) -> Result<Region> {
        let known = self
            .0
            .bucket_regions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id.name.as_str())
            .cloned();
        match known {
            Some(region) => Ok(region),
            None => self.locate(id).await,
        }
    }

    /// Asks where a bucket lies, which also says whether it exists. S3 answers even from another region.
    async fn locate(&self, id: &BucketId) -> Result<Region> {
        let name = id.name.as_str();
        if id.account.is_some() {
            return Err(invalid(
                "s3:ListBucket",
                id,
                "a bucket of S3 has no storage account",
            ));
        }
        let s3 = self.0.s3(&self.0.config.region).await?;
        let answer = s3.head_bucket().bucket(name).send().await;
        let region = match elsewhere(&answer) {
            Some(region) => region.parse::<Region>().classify("s3:ListBucket", name)?,
            None => match answer.classify("s3:ListBucket", name)?.bucket_region() {
                Some(region) => region.parse::<Region>().classify("s3:ListBucket", name)?,
                None => self.0.config.region.clone(),
            },
        };
        self.remember(name, region.clone());
        Ok(region)
    }

    fn remember(&self, bucket: &str, region: Region) {
        self.0
            .bucket_regions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(bucket.to_owned(), region);
    }
}

/// Whether anybody has a bucket of this name: one of ours, one in another region, or one that we may not see.
async fn is_taken(s3: &Client, name: &str) -> Result<bool> {
    let answer = s3.head_bucket().bucket(name).send().await;
    if elsewhere(&answer).is_some() {
        return Ok(true);
    }
    match answer.classify("s3:ListBucket", name) {
        Ok(_) | Err(Error::Denied { .. }) => Ok(true),
        Err(Error::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The region that a redirect points to.
fn elsewhere(
    answer: &std::result::Result<HeadBucketOutput, SdkError<HeadBucketError>>,
) -> Option<String> {
    let response = answer.as_ref().err()?.raw_response()?;
    let moved = [301, 307, 400].contains(&response.status().as_u16());
    moved.then(|| {
        response
            .headers()
            .get("x-amz-bucket-region")
            .map(str::to_owned)
    })?
}

/// The first page of versions and delete markers.
async fn some_versions(s3: &Client, name: &str) -> Result<Vec<ObjectIdentifier>> {
    let call = ("s3:ListBucketVersions", name);
    let page = s3
        .list_object_versions()
        .bucket(name)
        .send()
        .await
        .classify(call.0, call.1)?;
    let versions = page
        .versions()
        .iter()
        .map(|version| (version.key(), version.version_id()));
    let markers = page
        .delete_markers()
        .iter()
        .map(|marker| (marker.key(), marker.version_id()));
    let objects = versions.chain(markers).take(PAGE).map(|(key, version)| {
        let object = ObjectIdentifier::builder().key(key.unwrap_or_default());
        object
            .set_version_id(version.map(Into::into))
            .build()
            .classify(call.0, call.1)
    });
    objects.collect()
}

async fn remove(s3: &Client, name: &str, batch: Vec<ObjectIdentifier>) -> Result<()> {
    let call = ("s3:DeleteObjectVersion", name);
    let delete = Delete::builder()
        .set_objects(Some(batch))
        .quiet(true)
        .build()
        .classify(call.0, call.1)?;
    let answer = s3
        .delete_objects()
        .bucket(name)
        .delete(delete)
        .send()
        .await
        .classify(call.0, call.1)?;
    let Some(error) = answer.errors().first() else {
        return Ok(());
    };
    let object = format!("{name}/{}", error.key().unwrap_or_default());
    Err(from_code(
        Call::new(call.0, object),
        error.code().unwrap_or_default(),
        error.message().unwrap_or_default(),
    ))
}

/// Keeps the first part of a key, for ten of them: enough to say where to look.
fn note(prefixes: &mut BTreeSet<String>, key: Option<&str>) {
    let Some(key) = key else { return };
    let first = key.split_inclusive('/').next().unwrap_or(key);
    if prefixes.len() < 10 {
        prefixes.insert(first.to_owned());
    }
}
