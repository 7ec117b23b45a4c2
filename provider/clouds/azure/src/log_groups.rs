//! Log groups: each a workspace of Log Analytics.
//!
//! Calls: `create` 2, and 1 per pause until Azure has made it; `get` 1; `configure` 0 or 1; `set_tags` 1, or 2 where tags come
//! and go; `delete` 1.
//!
//! Azure keeps a deleted workspace for two weeks, and whoever makes one of its name gets it back with its logs. Ours are deleted for
//! good, as log groups of the other clouds are; one that somebody else deleted otherwise comes back with our marks on it.

use async_trait::async_trait;
use clouds::error::Call;
use clouds::log_groups::{
    LogGroup, LogGroupName, LogGroupSettings, LogGroups, NewLogGroup, Retention,
};
use clouds::{Optional, Refusal, Result, Tags};
use serde::{Deserialize, Serialize};

use crate::arm::ResourceId;
use crate::{Azure, names, operations, tags, versions};

pub(crate) const KIND: &str = "Microsoft.OperationalInsights/workspaces";
const READ: &str = "Microsoft.OperationalInsights/workspaces/read";
const WRITE: &str = "Microsoft.OperationalInsights/workspaces/write";
const DELETE: &str = "Microsoft.OperationalInsights/workspaces/delete";
/// How long a workspace keeps logs where nothing is said.
const DEFAULT_DAYS: u32 = 30;

#[derive(Serialize)]
struct NewBody<'a> {
    location: &'a str,
    tags: &'a Tags,
    properties: NewProperties,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewProperties {
    sku: Sku,
    retention_in_days: u32,
}

#[derive(Serialize)]
struct Sku {
    name: &'static str,
}

#[derive(Serialize)]
struct Change {
    properties: Kept,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    retention_in_days: u32,
}

#[derive(Deserialize)]
struct Found {
    id: String,
    tags: Option<Tags>,
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Properties {
    provisioning_state: Option<String>,
    retention_in_days: Option<u32>,
}

#[async_trait]
impl LogGroups for Azure {
    fn check(&self, name: &LogGroupName, settings: &LogGroupSettings) -> Vec<Refusal> {
        [
            names::log_group(name),
            names::retention(settings.retention),
            Refusal::of_given(
                "kms_key",
                settings.kms_key.as_ref(),
                "Log Analytics takes a key of one's own in a dedicated cluster only, which costs as much as 100 GB of logs a day: leave it out.",
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn default_retention(&self) -> Option<Retention> {
        Some(Retention::found(DEFAULT_DAYS))
    }

    async fn create(&self, new: &NewLogGroup) -> Result<()> {
        let id = self.0.resource(KIND, &new.name);
        let arm = self.0.arm().await?;
        let version = versions::OPERATIONAL_INSIGHTS;
        let found: Option<Found> = arm
            .get(Call::new(READ, &id), &id, version)
            .await
            .optional()?;
        let call = Call::new(WRITE, &id);
        if let Some(found) = found {
            let state = found.properties.provisioning_state.as_deref();
            let call = call.clone().because("a workspace of this name exists");
            operations::once_more(call, state, found.tags.as_ref(), &new.tags)?;
        }
        let body = NewBody {
            location: self.0.config.location.as_str(),
            tags: &new.tags,
            properties: NewProperties {
                sku: Sku { name: "PerGB2018" },
                retention_in_days: DEFAULT_DAYS,
            },
        };
        let _: Found = arm.put(call, &id, version, &body).await?;
        Ok(())
    }

    async fn get(&self, name: &LogGroupName) -> Result<LogGroup> {
        let id = self.0.resource(KIND, name);
        let call = Call::new(READ, &id);
        let arm = self.0.arm().await?;
        let found: Found = arm.get(call, &id, versions::OPERATIONAL_INSIGHTS).await?;
        let days = found.properties.retention_in_days;
        Ok(LogGroup {
            name: name.clone(),
            id: found.id,
            settings: LogGroupSettings {
                retention: days.map(Retention::found),
                kms_key: None,
            },
            tags: found.tags.unwrap_or_default(),
        })
    }

    async fn configure(&self, found: &LogGroup, wanted: &LogGroupSettings) -> Result<()> {
        let Some(retention) = wanted.retention.filter(|_| found.settings != *wanted) else {
            return Ok(());
        };
        let id = self.0.resource(KIND, &found.name);
        let change = Change {
            properties: Kept {
                retention_in_days: retention.days(),
            },
        };
        let call = Call::new(WRITE, &id);
        let arm = self.0.arm().await?;
        let _: Found = arm
            .patch(call, &id, versions::OPERATIONAL_INSIGHTS, &change)
            .await?;
        Ok(())
    }

    async fn set_tags(&self, found: &LogGroup, tags: &Tags) -> Result<()> {
        tags::change(
            self.0.arm().await?,
            &ResourceId::new(&found.id),
            &found.tags,
            tags,
        )
        .await
    }

    async fn delete(&self, name: &LogGroupName) -> Result<()> {
        let id = self.0.resource(KIND, name);
        let call = Call::new(DELETE, &id);
        let arm = self.0.arm().await?;
        let for_good = Some(("force", "true"));
        arm.delete(call, &id, versions::OPERATIONAL_INSIGHTS, for_good)
            .await
    }
}
