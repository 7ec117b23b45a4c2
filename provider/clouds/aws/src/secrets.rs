//! Secrets on Secrets Manager.
//!
//! Calls: one per verb; `set_tags` 0 to 2; `set_key` 0 where the key is the same.

use async_trait::async_trait;
use aws_sdk_secretsmanager::types::Tag;
use clouds::account::KmsKey;
use clouds::secrets::{Deletion, NewSecret, RecoveryDays, Secret, SecretName, SecretText, Secrets};
use clouds::tags::TagChange;
use clouds::{Refusal, Result, Tags};

use crate::error::Classify;
use crate::{Aws, names, tags};

/// The key that secrets have when none is named.
const ACCOUNT_KEY: &str = "alias/aws/secretsmanager";
const CURRENT: &str = "AWSCURRENT";

#[async_trait]
impl Secrets for Aws {
    fn check(
        &self,
        name: &SecretName,
        kms_key: Option<&KmsKey>,
        deletion: Deletion,
    ) -> Vec<Refusal> {
        let deletion = match deletion {
            Deletion::After(days) => names::recovery(days),
            Deletion::Now | Deletion::ByTheStore => None,
        };
        [names::secret(name), names::key(kms_key), deletion]
            .into_iter()
            .flatten()
            .collect()
    }

    fn default_deletion(&self) -> Deletion {
        RecoveryDays::try_from(30).map_or(Deletion::ByTheStore, Deletion::After)
    }

    async fn create(&self, new: &NewSecret) -> Result<Secret> {
        let request = self
            .0
            .secrets()
            .await?
            .create_secret()
            .name(new.name.as_str())
            .set_kms_key_id(new.kms_key.as_ref().map(ToString::to_string))
            .set_secret_string(new.value.as_ref().map(|value| value.expose().to_owned()))
            .set_tags(Some(sdk_tags(&new.tags)));
        let answer = request
            .send()
            .await
            .classify("secretsmanager:CreateSecret", &new.name)?;
        Ok(Secret {
            name: new.name.clone(),
            id: answer.arn().unwrap_or_default().to_owned(),
            kms_key: new.kms_key.clone(),
            version: answer.version_id,
            deleted: false,
            tags: new.tags.clone(),
        })
    }

    async fn get(&self, name: &SecretName) -> Result<Secret> {
        let call = ("secretsmanager:DescribeSecret", name);
        let secrets = self.0.secrets().await?;
        let answer = secrets
            .describe_secret()
            .secret_id(name.as_str())
            .send()
            .await
            .classify(call.0, call.1)?;
        let key = answer
            .kms_key_id()
            .filter(|key| !key.ends_with(ACCOUNT_KEY));
        let mut versions = answer.version_ids_to_stages().into_iter().flatten();
        let current = versions.find(|(_, stages)| stages.iter().any(|stage| stage == CURRENT));
        let tags = answer
            .tags()
            .iter()
            .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
        Ok(Secret {
            name: name.clone(),
            id: answer.arn().unwrap_or_default().to_owned(),
            kms_key: key
                .map(str::parse::<KmsKey>)
                .transpose()
                .classify(call.0, call.1)?,
            version: current.map(|(version, _)| version.clone()),
            deleted: answer.deleted_date().is_some(),
            tags: tags::own(tags),
        })
    }

    async fn put_value(&self, name: &SecretName, value: &SecretText) -> Result<String> {
        let secrets = self.0.secrets().await?;
        let request = secrets
            .put_secret_value()
            .secret_id(name.as_str())
            .secret_string(value.expose());
        let answer = request
            .send()
            .await
            .classify("secretsmanager:PutSecretValue", name)?;
        Ok(answer.version_id.unwrap_or_default())
    }

    async fn set_key(&self, found: &Secret, key: Option<&KmsKey>) -> Result<()> {
        if found.kms_key.as_ref() == key {
            return Ok(());
        }
        let secrets = self.0.secrets().await?;
        let request = secrets.update_secret().secret_id(found.name.as_str());
        let sent = request
            .kms_key_id(key.map_or(ACCOUNT_KEY, KmsKey::as_str))
            .send()
            .await;
        sent.classify("secretsmanager:UpdateSecret", &found.name)?;
        Ok(())
    }

    async fn set_tags(&self, found: &Secret, tags: &Tags) -> Result<()> {
        let secrets = self.0.secrets().await?;
        let name = found.name.as_str();
        let change = TagChange::between(&found.tags, tags);
        if !change.set.is_empty() {
            let sent = secrets
                .tag_resource()
                .secret_id(name)
                .set_tags(Some(sdk_tags(&change.set)))
                .send()
                .await;
            sent.classify("secretsmanager:TagResource", name)?;
        }
        if !change.remove.is_empty() {
            let request = secrets.untag_resource().secret_id(name);
            let sent = request
                .set_tag_keys(Some(change.remove.into_iter().collect()))
                .send()
                .await;
            sent.classify("secretsmanager:UntagResource", name)?;
        }
        Ok(())
    }

    async fn restore(&self, name: &SecretName) -> Result<()> {
        let secrets = self.0.secrets().await?;
        let sent = secrets
            .restore_secret()
            .secret_id(name.as_str())
            .send()
            .await;
        sent.classify("secretsmanager:RestoreSecret", name)?;
        Ok(())
    }

    async fn delete(&self, name: &SecretName, deletion: Deletion) -> Result<()> {
        let secrets = self.0.secrets().await?;
        let request = secrets.delete_secret().secret_id(name.as_str());
        let request = match deletion {
            Deletion::Now => request.force_delete_without_recovery(true),
            Deletion::After(days) => request.recovery_window_in_days(days.days()),
            Deletion::ByTheStore => request,
        };
        request
            .send()
            .await
            .classify("secretsmanager:DeleteSecret", name)?;
        Ok(())
    }
}

fn sdk_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}
