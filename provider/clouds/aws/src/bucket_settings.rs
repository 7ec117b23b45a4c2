//! The settings of a bucket one by one: a call to read each, and a call to write it.

use std::collections::BTreeSet;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    BucketVersioningStatus, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag,
};
use clouds::account::KmsKey;
use clouds::buckets::{CorsOrigin, Encryption};
use clouds::policies::PolicyDocument;
use clouds::{Optional, Result, Tags};

use crate::error::Classify;
use crate::{lifecycle, tags};

pub(crate) async fn encryption(s3: &Client, name: &str) -> Result<(Encryption, bool)> {
    let answer = s3.get_bucket_encryption().bucket(name).send().await;
    let Some(answer) = answer
        .classify("s3:GetEncryptionConfiguration", name)
        .optional()?
    else {
        return Ok((Encryption::Cloud, false));
    };
    let rules = answer
        .server_side_encryption_configuration()
        .map(ServerSideEncryptionConfiguration::rules);
    let rule = rules.and_then(<[_]>::first);
    let Some(default) =
        rule.and_then(ServerSideEncryptionRule::apply_server_side_encryption_by_default)
    else {
        return Ok((Encryption::Cloud, false));
    };
    let bucket_keys = rule
        .and_then(ServerSideEncryptionRule::bucket_key_enabled)
        .unwrap_or(false);
    Ok(match default.sse_algorithm() {
        ServerSideEncryption::Aes256 => (Encryption::Cloud, true),
        algorithm => {
            // Without a key of one's own, AWS takes the account's.
            let key = default.kms_master_key_id().unwrap_or("alias/aws/s3");
            let key = key
                .parse::<KmsKey>()
                .classify("s3:GetEncryptionConfiguration", name)?;
            (
                Encryption::Key(key),
                bucket_keys && *algorithm == ServerSideEncryption::AwsKms,
            )
        }
    })
}

pub(crate) async fn public_access_blocked(s3: &Client, name: &str) -> Result<bool> {
    let answer = s3.get_public_access_block().bucket(name).send().await;
    let found = answer
        .classify("s3:GetBucketPublicAccessBlock", name)
        .optional()?;
    Ok(found
        .and_then(|answer| answer.public_access_block_configuration)
        .is_some_and(|block| {
            let all = [
                block.block_public_acls,
                block.ignore_public_acls,
                block.block_public_policy,
                block.restrict_public_buckets,
            ];
            all.iter().all(|set| *set == Some(true))
        }))
}

pub(crate) async fn owner_enforced(s3: &Client, name: &str) -> Result<bool> {
    let answer = s3.get_bucket_ownership_controls().bucket(name).send().await;
    let found = answer
        .classify("s3:GetBucketOwnershipControls", name)
        .optional()?;
    let rules = found
        .and_then(|answer| answer.ownership_controls)
        .map(|controls| controls.rules)
        .unwrap_or_default();
    Ok(rules
        .first()
        .is_some_and(|rule| rule.object_ownership == ObjectOwnership::BucketOwnerEnforced))
}

pub(crate) async fn policy(s3: &Client, name: &str) -> Result<Option<PolicyDocument>> {
    let answer = s3.get_bucket_policy().bucket(name).send().await;
    let Some(text) = answer
        .classify("s3:GetBucketPolicy", name)
        .optional()?
        .and_then(|answer| answer.policy)
    else {
        return Ok(None);
    };
    Ok(Some(
        text.parse::<PolicyDocument>()
            .classify("s3:GetBucketPolicy", name)?,
    ))
}

pub(crate) async fn versioning(s3: &Client, name: &str) -> Result<bool> {
    let answer = s3.get_bucket_versioning().bucket(name).send().await;
    Ok(answer.classify("s3:GetBucketVersioning", name)?.status()
        == Some(&BucketVersioningStatus::Enabled))
}

pub(crate) async fn lifecycle_rules(s3: &Client, name: &str) -> Result<lifecycle::Found> {
    let answer = s3
        .get_bucket_lifecycle_configuration()
        .bucket(name)
        .send()
        .await;
    let found = answer
        .classify("s3:GetLifecycleConfiguration", name)
        .optional()?;
    Ok(found
        .map(|answer| lifecycle::read_rules(answer.rules()))
        .unwrap_or_default())
}

pub(crate) async fn cors(
    s3: &Client,
    name: &str,
) -> Result<(BTreeSet<CorsOrigin>, BTreeSet<String>)> {
    let answer = s3.get_bucket_cors().bucket(name).send().await;
    let found = answer.classify("s3:GetBucketCORS", name).optional()?;
    Ok(found
        .map(|answer| lifecycle::read_cors(answer.cors_rules()))
        .unwrap_or_default())
}

pub(crate) async fn tags(s3: &Client, name: &str) -> Result<Tags> {
    let answer = s3.get_bucket_tagging().bucket(name).send().await;
    let found = answer.classify("s3:GetBucketTagging", name).optional()?;
    let found = found.map(|answer| answer.tag_set).unwrap_or_default();
    Ok(tags::own(found.into_iter().map(|tag| (tag.key, tag.value))))
}

pub(crate) async fn block_public_access(s3: &Client, name: &str) -> Result<()> {
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(true)
        .restrict_public_buckets(true);
    let request = s3
        .put_public_access_block()
        .bucket(name)
        .public_access_block_configuration(block.build());
    request
        .send()
        .await
        .classify("s3:PutBucketPublicAccessBlock", name)?;
    Ok(())
}

pub(crate) async fn enforce_owner(s3: &Client, name: &str) -> Result<()> {
    let call = ("s3:PutBucketOwnershipControls", name);
    let rule = OwnershipControlsRule::builder()
        .object_ownership(ObjectOwnership::BucketOwnerEnforced)
        .build();
    let controls = OwnershipControls::builder()
        .rules(rule.classify(call.0, call.1)?)
        .build();
    let request = s3
        .put_bucket_ownership_controls()
        .bucket(name)
        .ownership_controls(controls.classify(call.0, call.1)?);
    request.send().await.classify(call.0, call.1)?;
    Ok(())
}

pub(crate) async fn encrypt(s3: &Client, name: &str, encryption: &Encryption) -> Result<()> {
    let call = ("s3:PutEncryptionConfiguration", name);
    let default = match encryption {
        Encryption::Cloud => {
            ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256)
        }
        Encryption::Key(key) => ServerSideEncryptionByDefault::builder()
            .sse_algorithm(ServerSideEncryption::AwsKms)
            .kms_master_key_id(key.as_str()),
    };
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default.build().classify(call.0, call.1)?)
        .bucket_key_enabled(matches!(encryption, Encryption::Key(_)))
        .build();
    let configuration = ServerSideEncryptionConfiguration::builder()
        .rules(rule)
        .build()
        .classify(call.0, call.1)?;
    let request = s3
        .put_bucket_encryption()
        .bucket(name)
        .server_side_encryption_configuration(configuration);
    request.send().await.classify(call.0, call.1)?;
    Ok(())
}

pub(crate) fn sdk_tags(name: &str, tags: &Tags) -> Result<Vec<Tag>> {
    let tag = |(key, value)| {
        Tag::builder()
            .key(key)
            .value(value)
            .build()
            .classify("s3:TagResource", name)
    };
    tags.iter().map(tag).collect()
}
