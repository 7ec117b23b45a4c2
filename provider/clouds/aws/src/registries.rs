//! Registries on ECR.
//!
//! Calls: `create` and `delete` 1; `get` 3, two of them at once; `configure` 1 per setting that differs, 0 to 3;
//! `set_tags` 0 to 2; `images` 1 per 1,000 images.

use async_trait::async_trait;
use aws_sdk_ecr::types::{
    EncryptionConfiguration, EncryptionType, ImageScanningConfiguration, ImageTagMutability,
    Repository, Tag,
};
use clouds::account::KmsKey;
use clouds::registries::{
    Images, NewRegistry, Registries, Registry, RegistryName, RegistrySettings,
};
use clouds::tags::TagChange;
use clouds::{Optional, Refusal, Result, Tags};
use futures::try_join;
use serde_json::{Value, json};

use crate::error::{Classify, not_found};
use crate::{Aws, names, tags};

#[async_trait]
impl Registries for Aws {
    fn check(&self, wanted: &NewRegistry) -> Vec<Refusal> {
        names::full_key(wanted.kms_key.as_ref())
            .into_iter()
            .collect()
    }

    fn defaults(&self) -> RegistrySettings {
        RegistrySettings {
            immutable_tags: true,
            scan_on_push: true,
            keep_last: None,
        }
    }

    async fn create(&self, new: &NewRegistry) -> Result<Registry> {
        let call = ("ecr:CreateRepository", new.name.as_str());
        let mut request = self
            .0
            .ecr()
            .await?
            .create_repository()
            .repository_name(call.1)
            .image_tag_mutability(mutability(new.settings.immutable_tags))
            .image_scanning_configuration(scanning(new.settings.scan_on_push))
            .set_tags(Some(sdk_tags(call.1, &new.tags)?));
        if let Some(key) = &new.kms_key {
            let encryption =
                EncryptionConfiguration::builder().encryption_type(EncryptionType::Kms);
            let encryption = encryption
                .kms_key(key.as_str())
                .build()
                .classify(call.0, call.1)?;
            request = request.encryption_configuration(encryption);
        }
        let answer = request.send().await.classify(call.0, call.1)?;
        let Some(made) = answer.repository() else {
            return Err(not_found(call.0, call.1));
        };
        let settings = RegistrySettings {
            keep_last: None,
            ..new.settings
        };
        Ok(registry(
            &new.name,
            made,
            new.kms_key.clone(),
            settings,
            new.tags.clone(),
        ))
    }

    async fn get(&self, name: &RegistryName) -> Result<Registry> {
        let ecr = self.0.ecr().await?;
        let call = ("ecr:DescribeRepositories", name.as_str());
        let answer = ecr
            .describe_repositories()
            .repository_names(call.1)
            .send()
            .await
            .classify(call.0, call.1)?;
        let Some(found) = answer.repositories().first() else {
            return Err(not_found(call.0, call.1));
        };
        let rules = async {
            let sent = ecr
                .get_lifecycle_policy()
                .repository_name(call.1)
                .send()
                .await;
            sent.classify("ecr:GetLifecyclePolicy", call.1).optional()
        };
        let tags = async {
            let arn = found.repository_arn().unwrap_or_default();
            let sent = ecr.list_tags_for_resource().resource_arn(arn).send().await;
            sent.classify("ecr:ListTagsForResource", call.1)
        };
        let (rules, tags) = try_join!(rules, tags)?;
        let rules = rules.and_then(|rules| rules.lifecycle_policy_text);
        let keep_last = rules.as_deref().and_then(kept);
        let encryption = found
            .encryption_configuration()
            .filter(|found| *found.encryption_type() != EncryptionType::Aes256);
        let key = encryption
            .and_then(EncryptionConfiguration::kms_key)
            .map(str::parse::<KmsKey>)
            .transpose();
        let settings = RegistrySettings {
            immutable_tags: found.image_tag_mutability() == Some(&ImageTagMutability::Immutable),
            scan_on_push: found
                .image_scanning_configuration()
                .is_some_and(ImageScanningConfiguration::scan_on_push),
            keep_last,
        };
        let tags = tags::own(
            tags.tags
                .into_iter()
                .flatten()
                .map(|tag| (tag.key, tag.value)),
        );
        Ok(Registry {
            foreign_rules: rules.is_some() && keep_last.is_none(),
            ..registry(name, found, key.classify(call.0, call.1)?, settings, tags)
        })
    }

    async fn configure(&self, found: &Registry, wanted: &RegistrySettings) -> Result<()> {
        let ecr = self.0.ecr().await?;
        let name = found.name.as_str();
        if found.settings.immutable_tags != wanted.immutable_tags {
            let request = ecr.put_image_tag_mutability().repository_name(name);
            let sent = request
                .image_tag_mutability(mutability(wanted.immutable_tags))
                .send()
                .await;
            sent.classify("ecr:PutImageTagMutability", name)?;
        }
        if found.settings.scan_on_push != wanted.scan_on_push {
            let request = ecr.put_image_scanning_configuration().repository_name(name);
            let sent = request
                .image_scanning_configuration(scanning(wanted.scan_on_push))
                .send()
                .await;
            sent.classify("ecr:PutImageScanningConfiguration", name)?;
        }
        if found.settings.keep_last == wanted.keep_last && !found.foreign_rules {
            return Ok(());
        }
        if let Some(count) = wanted.keep_last {
            let request = ecr.put_lifecycle_policy().repository_name(name);
            let sent = request
                .lifecycle_policy_text(keep(count).to_string())
                .send()
                .await;
            sent.classify("ecr:PutLifecyclePolicy", name)?;
        } else {
            let sent = ecr
                .delete_lifecycle_policy()
                .repository_name(name)
                .send()
                .await;
            sent.classify("ecr:DeleteLifecyclePolicy", name)
                .optional()?;
        }
        Ok(())
    }

    async fn set_tags(&self, found: &Registry, tags: &Tags) -> Result<()> {
        let ecr = self.0.ecr().await?;
        let name = found.name.as_str();
        let change = TagChange::between(&found.tags, tags);
        if !change.set.is_empty() {
            let request = ecr.tag_resource().resource_arn(&found.id);
            let sent = request
                .set_tags(Some(sdk_tags(name, &change.set)?))
                .send()
                .await;
            sent.classify("ecr:TagResource", name)?;
        }
        if !change.remove.is_empty() {
            let request = ecr.untag_resource().resource_arn(&found.id);
            let sent = request
                .set_tag_keys(Some(change.remove.into_iter().collect()))
                .send()
                .await;
            sent.classify("ecr:UntagResource", name)?;
        }
        Ok(())
    }

    async fn images(&self, name: &RegistryName, limit: usize) -> Result<Images> {
        let ecr = self.0.ecr().await?;
        let mut pages = ecr
            .list_images()
            .repository_name(name.as_str())
            .into_paginator()
            .send();
        let mut digests = std::collections::BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = page.classify("ecr:ListImages", name)?;
            // An image stands once per tag.
            digests.extend(
                page.image_ids()
                    .iter()
                    .filter_map(|image| image.image_digest().map(str::to_owned)),
            );
            if digests.len() > limit {
                break;
            }
        }
        Ok(Images {
            count: digests.len().min(limit),
            more: digests.len() > limit,
        })
    }

    async fn delete(&self, name: &RegistryName, force: bool) -> Result<()> {
        let ecr = self.0.ecr().await?;
        let sent = ecr
            .delete_repository()
            .repository_name(name.as_str())
            .force(force)
            .send()
            .await;
        sent.classify("ecr:DeleteRepository", name)?;
        Ok(())
    }
}

fn registry(
    name: &RegistryName,
    found: &Repository,
    kms_key: Option<KmsKey>,
    settings: RegistrySettings,
    tags: Tags,
) -> Registry {
    Registry {
        name: name.clone(),
        id: found.repository_arn().unwrap_or_default().to_owned(),
        url: found.repository_uri().unwrap_or_default().to_owned(),
        kms_key,
        settings,
        foreign_rules: false,
        tags,
    }
}

fn mutability(immutable: bool) -> ImageTagMutability {
    if immutable {
        ImageTagMutability::Immutable
    } else {
        ImageTagMutability::Mutable
    }
}

fn scanning(on_push: bool) -> ImageScanningConfiguration {
    ImageScanningConfiguration::builder()
        .scan_on_push(on_push)
        .build()
}

/// The rule that keeps the last `count` images.
fn keep(count: u32) -> Value {
    json!({ "rules": [{
        "rulePriority": 1,
        "description": "dataplane: keep the last images",
        "selection": { "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count },
        "action": { "type": "expire" },
    }] })
}

/// How many images a policy keeps, if it is ours.
fn kept(policy: &str) -> Option<u32> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    let count = u32::try_from(policy["rules"][0]["selection"]["countNumber"].as_u64()?).ok()?;
    (policy == keep(count)).then_some(count)
}

fn sdk_tags(name: &str, tags: &Tags) -> Result<Vec<Tag>> {
    let tag = |(key, value)| {
        Tag::builder()
            .key(key)
            .value(value)
            .build()
            .classify("ecr:TagResource", name)
    };
    tags.iter().map(tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_rule_is_understood() {
        assert_eq!(kept(&keep(20).to_string()), Some(20));
        assert_eq!(kept(&keep(20).to_string().replace("any", "untagged")), None);
        assert_eq!(kept(r#"{"rules":[]}"#), None);
    }
}
