//! Log groups on CloudWatch Logs.
//!
//! Calls: `create` and `delete` 1; `get` 2 (1 more per 50 groups whose names begin with this one's);
//! `configure` 1 per setting that differs, 0 to 2; `set_tags` 0 to 2.

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::types::LogGroup as SdkLogGroup;
use clouds::account::KmsKey;
use clouds::log_groups::{
    LogGroup, LogGroupName, LogGroupSettings, LogGroups, NewLogGroup, Retention,
};
use clouds::tags::TagChange;
use clouds::{Refusal, Result, Tags};

use crate::error::{Classify, not_found};
use crate::{Aws, names, tags};

#[async_trait]
impl LogGroups for Aws {
    fn check(&self, name: &LogGroupName, settings: &LogGroupSettings) -> Vec<Refusal> {
        [
            names::log_group(name),
            names::retention(settings.retention),
            names::full_key(settings.kms_key.as_ref()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn default_retention(&self) -> Option<Retention> {
        None
    }

    async fn create(&self, new: &NewLogGroup) -> Result<()> {
        let request = self
            .0
            .logs()
            .await?
            .create_log_group()
            .log_group_name(new.name.as_str())
            .set_kms_key_id(new.kms_key.as_ref().map(ToString::to_string))
            .set_tags(Some(new.tags.clone().into_iter().collect()));
        request
            .send()
            .await
            .classify("logs:CreateLogGroup", &new.name)?;
        Ok(())
    }

    async fn get(&self, name: &LogGroupName) -> Result<LogGroup> {
        let call = ("logs:DescribeLogGroups", name);
        let found = self.describe(name).await?;
        // The older of the two ARN fields ends with ":*".
        let arn = found
            .log_group_arn()
            .or(found.arn())
            .unwrap_or_default()
            .trim_end_matches(":*");
        let logs = self.0.logs().await?;
        let tags = logs.list_tags_for_resource().resource_arn(arn).send().await;
        let tags = tags
            .classify("logs:ListTagsForResource", name)?
            .tags
            .unwrap_or_default();
        Ok(LogGroup {
            name: name.clone(),
            id: arn.to_owned(),
            settings: LogGroupSettings {
                retention: found
                    .retention_in_days()
                    .and_then(|days| u32::try_from(days).ok())
                    .map(Retention::found),
                kms_key: found
                    .kms_key_id()
                    .map(str::parse::<KmsKey>)
                    .transpose()
                    .classify(call.0, call.1)?,
            },
            tags: tags::own(tags),
        })
    }

    async fn configure(&self, found: &LogGroup, wanted: &LogGroupSettings) -> Result<()> {
        let logs = self.0.logs().await?;
        let name = found.name.as_str();
        if found.settings.retention != wanted.retention {
            if let Some(retention) = wanted.retention {
                let days = i32::try_from(retention.days()).unwrap_or(i32::MAX);
                let sent = logs
                    .put_retention_policy()
                    .log_group_name(name)
                    .retention_in_days(days)
                    .send()
                    .await;
                sent.classify("logs:PutRetentionPolicy", name)?;
            } else {
                let sent = logs
                    .delete_retention_policy()
                    .log_group_name(name)
                    .send()
                    .await;
                sent.classify("logs:DeleteRetentionPolicy", name)?;
            }
        }
        if found.settings.kms_key != wanted.kms_key {
            if let Some(key) = &wanted.kms_key {
                let sent = logs
                    .associate_kms_key()
                    .log_group_name(name)
                    .kms_key_id(key.as_str())
                    .send()
                    .await;
                sent.classify("logs:AssociateKmsKey", name)?;
            } else {
                let sent = logs
                    .disassociate_kms_key()
                    .log_group_name(name)
                    .send()
                    .await;
                sent.classify("logs:DisassociateKmsKey", name)?;
            }
        }
        Ok(())
    }

    async fn set_tags(&self, found: &LogGroup, tags: &Tags) -> Result<()> {
        let logs = self.0.logs().await?;
        let name = found.name.as_str();
        let change = TagChange::between(&found.tags, tags);
        if !change.set.is_empty() {
            let request = logs.tag_resource().resource_arn(&found.id);
            let sent = request
                .set_tags(Some(change.set.into_iter().collect()))
                .send()
                .await;
            sent.classify("logs:TagResource", name)?;
        }
        if !change.remove.is_empty() {
            let request = logs.untag_resource().resource_arn(&found.id);
            let sent = request
                .set_tag_keys(Some(change.remove.into_iter().collect()))
                .send()
                .await;
            sent.classify("logs:UntagResource", name)?;
        }
        Ok(())
    }

    async fn delete(&self, name: &LogGroupName) -> Result<()> {
        let logs = self.0.logs().await?;
        logs.delete_log_group()
            .log_group_name(name.as_str())
            .send()
            .await
            .classify("logs:DeleteLogGroup", name)?;
        Ok(())
    }
}

impl Aws {
    /// There is no call for one group: those that begin with the name are listed, the exact one comes first.
    async fn describe(&self, name: &LogGroupName) -> Result<SdkLogGroup> {
        let call = ("logs:DescribeLogGroups", name);
        let logs = self.0.logs().await?;
        let mut groups = logs
            .describe_log_groups()
            .log_group_name_prefix(name.as_str())
            .into_paginator()
            .items()
            .send();
        while let Some(group) = groups.next().await {
            let group = group.classify(call.0, call.1)?;
            if group.log_group_name() == Some(name.as_str()) {
                return Ok(group);
            }
        }
        Err(not_found(call.0, call.1))
    }
}
