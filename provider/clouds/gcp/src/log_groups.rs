//! Log groups: log buckets of Cloud Logging in the configured region.
//!
//! Calls: `get` 1; `create` 1 (3 more for a name of ours that was deleted less than a week ago: the bucket is brought back,
//! with the logs that it still has; one of somebody else's is not); `configure` and `set_tags` 1, 0 where nothing differs (`set_tags`
//! 1 more when the bucket was not read before); `delete` 2.
//!
//! A log bucket has no labels: the marks are in its description. What is written into it is up to the sinks of the project.

use async_trait::async_trait;
use clouds::account::KmsKey;
use clouds::error::Call;
use clouds::log_groups::{
    LogGroup, LogGroupName, LogGroupSettings, LogGroups, NewLogGroup, Retention,
};
use clouds::{Error, Refusal, Result, Tags};
use serde::{Deserialize, Serialize};

use crate::error::{Understood, kept_name, not_found};
use crate::requests::Request;
use crate::session::{Seen, Service};
use crate::{Gcp, names, tags};

/// What Cloud Logging keeps logs for where nothing is said.
const DEFAULT_DAYS: u32 = 30;
const DELETED: &str = "DELETE_REQUESTED";
/// For how many days a deleted log bucket keeps its name.
const KEPT: u32 = 7;

/// What we send: only what is there.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cmek_settings: Option<Cmek>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Cmek {
    #[serde(skip_serializing_if = "String::is_empty")]
    kms_key_name: String,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    retention_days: u32,
    #[serde(default)]
    cmek_settings: Cmek,
    #[serde(default)]
    lifecycle_state: String,
}

#[async_trait]
impl LogGroups for Gcp {
    fn check(&self, name: &LogGroupName, settings: &LogGroupSettings) -> Vec<Refusal> {
        let ever = Refusal::new(
            "retention",
            "Cloud Logging keeps nothing for ever: give 1 to 3650 days.",
        );
        let longer = |days: u32| {
            Refusal::new(
                "retention",
                format!("{days} days are more than the 3650 that Cloud Logging keeps logs for."),
            )
        };
        let retention = match settings.retention.map(Retention::days) {
            None => Some(ever),
            Some(days) => (days > 3650).then(|| longer(days)),
        };
        [
            names::log_group(name),
            retention,
            names::key("kms_key", settings.kms_key.as_ref()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn check_change(&self, found: &LogGroupSettings, wanted: &LogGroupSettings) -> Vec<Refusal> {
        let without = found.kms_key.is_some() && wanted.kms_key.is_none();
        let reason = format!(
            "a log bucket of Google Cloud that has a key can get another, but never none: give one. For logs without a key of your own, \
             make a log group under another name, since this one's stays taken for {KEPT} days after the log bucket is deleted."
        );
        without
            .then(|| Refusal::new("kms_key", reason))
            .into_iter()
            .collect()
    }

    fn default_retention(&self) -> Option<Retention> {
        Retention::try_from(i64::from(DEFAULT_DAYS)).ok()
    }

    async fn create(&self, new: &NewLogGroup) -> Result<()> {
        let call = ("logging.buckets.create", &new.name);
        let body = Written {
            description: Some(tags::description(&new.tags)),
            retention_days: None,
            cmek_settings: cmek(new.kms_key.as_ref()),
        };
        let path = format!("v2/{}/buckets", self.0.location());
        let made = self
            .0
            .post(Service::Logging, path, call)
            .query("bucketId", &new.name)
            .named()
            .json(&body)?
            .done()
            .await;
        let Err(Error::AlreadyExists(taken)) = made else {
            return made;
        };
        self.stored_log_bucket(&new.name)
            .await?
            .comes_back(&new.tags, *taken)?;
        let path = format!("{}:undelete", self.log_bucket(&new.name));
        self.0
            .post(
                Service::Logging,
                path,
                ("logging.buckets.undelete", &new.name),
            )
            .json(&Nothing {})?
            .repeatable()
            .done()
            .await?;
        let seen = self.0.seen(&self.log_bucket(&new.name));
        let words = seen.unwrap_or_default().words;
        let body = Written {
            description: Some(tags::described(&words, &new.tags, call)?),
            retention_days: Some(DEFAULT_DAYS),
            ..body
        };
        let mask = if new.kms_key.is_some() {
            "description,retentionDays,cmekSettings"
        } else {
            "description,retentionDays"
        };
        self.log_patch(&new.name, mask, &body).await
    }

    async fn get(&self, name: &LogGroupName) -> Result<LogGroup> {
        let call = ("logging.buckets.get", name);
        let found = self.stored_log_bucket(name).await?;
        if found.lifecycle_state == DELETED {
            return Err(not_found(call));
        }
        let key = Some(found.cmek_settings.kms_key_name).filter(|key| !key.is_empty());
        Ok(LogGroup {
            name: name.clone(),
            id: found.name,
            settings: LogGroupSettings {
                retention: Some(
                    Retention::try_from(i64::from(found.retention_days)).understood(call)?,
                ),
                kms_key: key.map(|key| key.parse()).transpose().understood(call)?,
            },
            tags: tags::from_description(&found.description),
        })
    }

    async fn configure(&self, found: &LogGroup, wanted: &LogGroupSettings) -> Result<()> {
        let mut body = Written::default();
        let mut mask = Vec::new();
        if found.settings.retention != wanted.retention {
            body.retention_days = Some(wanted.retention.map_or(DEFAULT_DAYS, Retention::days));
            mask.push("retentionDays");
        }
        if found.settings.kms_key != wanted.kms_key {
            body.cmek_settings = Some(cmek(wanted.kms_key.as_ref()).unwrap_or_default());
            mask.push("cmekSettings");
        }
        if mask.is_empty() {
            Ok(())
        } else {
            self.log_patch(&found.name, &mask.join(","), &body).await
        }
    }

    async fn set_tags(&self, found: &LogGroup, tags: &Tags) -> Result<()> {
        if found.tags == *tags {
            return Ok(());
        }
        let path = self.log_bucket(&found.name);
        let look = self.stored_log_bucket(&found.name);
        let words = self.0.seen_by(&path, look).await?.words;
        let call = ("logging.buckets.patch", &found.name);
        let body = Written {
            description: Some(tags::described(&words, tags, call)?),
            ..Written::default()
        };
        self.log_patch(&found.name, "description", &body).await
    }

    async fn delete(&self, name: &LogGroupName) -> Result<()> {
        // One that is deleted already is there for another week.
        self.get(name).await?;
        self.0
            .delete(
                Service::Logging,
                self.log_bucket(name),
                ("logging.buckets.delete", name),
            )
            .done()
            .await
    }
}

impl Found {
    /// Refuses a name that is in use, and one that was deleted with somebody else's logs.
    fn comes_back(&self, tags: &Tags, taken: Call) -> Result<()> {
        if self.lifecycle_state != DELETED {
            return Err(Error::AlreadyExists(Box::new(taken)));
        }
        if tags::same_owner(&tags::from_description(&self.description), tags) {
            return Ok(());
        }
        Err(kept_name(taken, "log bucket", KEPT))
    }
}

impl Gcp {
    fn log_bucket(&self, name: &LogGroupName) -> String {
        format!("v2/{}/buckets/{name}", self.0.location())
    }

    async fn stored_log_bucket(&self, name: &LogGroupName) -> Result<Found> {
        let path = self.log_bucket(name);
        let call = ("logging.buckets.get", name);
        let found: Found = self.0.get(Service::Logging, &path, call).answer().await?;
        let seen = Seen::described(&found.description);
        self.0.saw(&path, Some(seen));
        Ok(found)
    }

    async fn log_patch(&self, name: &LogGroupName, mask: &str, body: &Written) -> Result<()> {
        let request: Request<'_> = self.0.patch(
            Service::Logging,
            self.log_bucket(name),
            ("logging.buckets.patch", name),
        );
        request.query("updateMask", mask).json(body)?.done().await
    }
}

fn cmek(key: Option<&KmsKey>) -> Option<Cmek> {
    key.map(|key| Cmek {
        kms_key_name: key.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use clouds::tags::{OWNER, RESOURCE};

    use super::*;

    #[test]
    fn only_our_own_comes_back() {
        let marks = |owner: &str| {
            Tags::from([
                (OWNER.to_owned(), owner.to_owned()),
                (RESOURCE.to_owned(), "dataplane_log_group/tasks".to_owned()),
            ])
        };
        let found = |description: String, state: &str| Found {
            name: "tasks".into(),
            description,
            retention_days: 30,
            cmek_settings: Cmek::default(),
            lifecycle_state: state.into(),
        };
        let asked = |found: Found| {
            found.comes_back(&marks("acme"), Call::new("logging.buckets.create", "tasks"))
        };
        let (ours, others) = (
            tags::description(&marks("acme")),
            tags::description(&marks("other")),
        );
        assert!(asked(found(ours.clone(), DELETED)).is_ok());
        for strange in [others, String::new(), "made by hand".into()] {
            let refused = asked(found(strange, DELETED));
            assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        }
        let refused = asked(found(ours, "ACTIVE"));
        assert!(
            matches!(refused, Err(Error::AlreadyExists(_))),
            "{refused:?}"
        );
    }
}
