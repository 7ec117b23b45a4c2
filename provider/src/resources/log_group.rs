//! `dataplane_log_group`: where the logs of finished tasks are kept.

use std::{collections::BTreeMap, time::Duration};

use clouds::{
    account::KmsKey,
    error::Optional,
    log_groups::{
        LogGroup as Found, LogGroupName, LogGroupSettings, LogGroups, NewLogGroup, Retention,
    },
};
use framework::{
    Applied, Change, Context, Model, Resource, Result, Text, Timeouts, Update, Value,
    wait::Deadline,
};

use crate::{
    client::Client,
    drift,
    ownership::{Marks, Origin},
    settle::{created, settled},
    tags,
};

/// The resource.
pub struct LogGroup;

/// Where the logs of finished tasks are kept. Destroying it deletes the logs in it.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct LogGroupModel {
    /// Name of the log group with its path, for example `/dataplane/acme-prod/tasks`.
    #[attr(required, replaces)]
    pub name: Value<Text<LogGroupName>>,
    /// How many days logs are kept: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    /// 3288 or 3653. Default: for ever.
    #[attr(optional, validate = retention)]
    pub retention_days: Value<i64>,
    /// ARN of the key that logs are encrypted with. Default: a key that the cloud keeps.
    #[attr(optional, validate = KmsKey::by_full_name)]
    pub kms_key: Value<Text<KmsKey>>,
    /// Tags of the log group, added to the provider's `tags`.
    #[attr(optional, validate = tags::check)]
    pub tags: Value<BTreeMap<String, String>>,
    /// How long to wait for the cloud.
    #[attr(optional)]
    pub timeouts: Value<Timeouts>,
    /// The cloud's full name of the log group: its ARN.
    #[attr(computed, stable)]
    pub id: Value<String>,
    /// All tags: the provider's, its own, and the marks `dataplane:owner` and `dataplane:resource`.
    #[attr(computed)]
    pub tags_all: Value<BTreeMap<String, String>>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "validators get a reference, whatever the type"
)]
fn retention(days: &i64) -> std::result::Result<(), String> {
    Retention::try_from(*days)
        .map(drop)
        .map_err(|e| e.to_string())
}

/// How long a step waits for the cloud without `timeouts`.
const PATIENCE: Duration = Duration::from_mins(2);

impl Resource for LogGroup {
    const NAME: &'static str = "dataplane_log_group";
    const IDENTITY: &'static [&'static str] = &["name"];
    type Client = Client;
    type Model = LogGroupModel;

    fn label(&self, model: &LogGroupModel) -> Option<String> {
        model.name.known().map(ToString::to_string)
    }

    async fn plan(&self, cx: &Context<Client>, change: &mut Change<LogGroupModel>) -> Result<()> {
        let (Some(client), Some(planned)) = (cx.client_if_known(), change.planned.as_mut()) else {
            return Ok(());
        };
        planned.tags_all = Marks::planned(client, Self::NAME, &planned.name, &planned.tags);
        Ok(())
    }

    async fn create(&self, cx: &Context<Client>, plan: LogGroupModel) -> Applied<LogGroupModel> {
        let client = cx.client()?;
        let groups = &*client.clouds()?.log_groups;
        let name = plan.group_name()?;
        let settings = plan.settings()?;
        let marks = Marks::new(client, Self::NAME, &name);
        let new = NewLogGroup {
            name: name.clone(),
            kms_key: settings.kms_key.clone(),
            tags: marks.creating(plan.tags.known()),
        };
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        let what = format!("the creation of log group {name}");
        let origin = if created(cx, deadline, what, || groups.create(&new))
            .await?
            .is_some()
        {
            Origin::Made
        } else {
            marks.claim(&groups.get(&name).await?.tags, name.as_str())?;
            Origin::Continued
        };
        let mut made = plan;
        let tags = marks.finished(made.tags.known());
        let found = origin.keep(
            finish(cx, deadline, groups, &name, &settings, &tags).await,
            &made,
        )?;
        made.id = found.id.into();
        made.tags_all = tags.into();
        Ok(made)
    }

    async fn read(
        &self,
        cx: &Context<Client>,
        mut state: LogGroupModel,
    ) -> Result<Option<LogGroupModel>> {
        let client = cx.client()?;
        let Some(found) = client
            .clouds()?
            .log_groups
            .get(&state.group_name()?)
            .await
            .optional()?
        else {
            return Ok(None);
        };
        state.id = found.id.into();
        state.retention_days = found
            .settings
            .retention
            .map(|retention| i64::from(retention.days()))
            .into();
        state.kms_key = found.settings.kms_key.map(Text::from).into();
        state.tags = drift::own_tags(client, &state.tags, &found.tags);
        state.tags_all = found.tags.into();
        Ok(Some(state))
    }

    async fn update(
        &self,
        cx: &Context<Client>,
        change: Update<LogGroupModel>,
    ) -> Applied<LogGroupModel> {
        let client = cx.client()?;
        let groups = &*client.clouds()?.log_groups;
        let Update { plan, .. } = change;
        let name = plan.group_name()?;
        let settings = plan.settings()?;
        let tags = Marks::new(client, Self::NAME, &name).finished(plan.tags.known());
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        finish(cx, deadline, groups, &name, &settings, &tags).await?;
        Ok(plan)
    }

    async fn delete(&self, cx: &Context<Client>, state: LogGroupModel) -> Result<()> {
        cx.client()?
            .clouds()?
            .log_groups
            .delete(&state.group_name()?)
            .await
            .optional()?;
        Ok(())
    }

    async fn import(&self, _cx: &Context<Client>, id: &str) -> Result<LogGroupModel> {
        Ok(LogGroupModel {
            name: Value::Known(id.parse()?),
            ..LogGroupModel::default()
        })
    }
}

impl LogGroupModel {
    fn group_name(&self) -> Result<LogGroupName> {
        Ok(LogGroupName::clone(self.name.get()?))
    }

    fn settings(&self) -> Result<LogGroupSettings> {
        Ok(LogGroupSettings {
            retention: self
                .retention_days
                .known()
                .map(|days| Retention::try_from(*days))
                .transpose()?,
            kms_key: self.kms_key.known().map(|key| KmsKey::clone(key)),
        })
    }
}

/// Makes an existing log group what is wanted; its tags come last, for they say that it is finished.
async fn finish(
    cx: &Context<Client>,
    deadline: Deadline,
    groups: &dyn LogGroups,
    name: &LogGroupName,
    settings: &LogGroupSettings,
    tags: &clouds::Tags,
) -> Result<Found> {
    let found = settled(cx, deadline, format!("log group {name}"), || {
        groups.get(name)
    })
    .await?;
    if found.settings != *settings {
        settled(
            cx,
            deadline,
            format!("the settings of log group {name}"),
            || groups.configure(&found, settings),
        )
        .await?;
    }
    if found.tags != *tags {
        settled(
            cx,
            deadline,
            format!("the tags of log group {name}"),
            || groups.set_tags(&found, tags),
        )
        .await?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use clouds::memory::Memory;
    use framework::testing::Action;
    use serde_json::json;

    use super::*;
    use crate::testing::{over, owned_by, refuses, survives_every_failure, text};

    const NAME: &str = LogGroup::NAME;
    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn full() -> serde_json::Value {
        json!({ "name": "/dataplane/acme/tasks", "retention_days": 30, "tags": { "env": "prod" } })
    }

    #[tokio::test]
    async fn basic() {
        let harness = over(&Memory::default()).await;
        let group = harness.resource(NAME);
        group
            .lifecycle(
                full(),
                json!({ "name": "/dataplane/acme/tasks", "kms_key": KEY }),
            )
            .await;
        let state = group.create(full()).await;
        let planned = group
            .plan(&state, json!({ "name": "/dataplane/acme/other" }))
            .await;
        assert_eq!(planned.action, Action::Replace);
    }

    #[tokio::test]
    async fn disappears() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let group = harness.resource(NAME);
        let state = group.create(full()).await;
        memory.change(|world| world.log_groups.clear());
        assert!(group.read(&state).await.is_none());
        group.delete(state).await;
    }

    #[tokio::test]
    async fn every_drift_is_shown_and_mended() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let group = harness.resource(NAME);
        let state = group.create(full()).await;
        memory.change(|world| {
            let found = world.log_groups.values_mut().next().unwrap();
            found.settings = LogGroupSettings {
                retention: None,
                kms_key: Some("alias/theirs".parse().unwrap()),
            };
        });
        let found = group.read(&state).await.unwrap();
        assert_eq!(
            (&found["retention_days"], &found["kms_key"]),
            (&json!(null), &json!("alias/theirs"))
        );
        let mended = group.update(&found, full()).await;
        assert_eq!(mended.values, state.values);
        group.settled(&mended, full()).await;
    }

    #[tokio::test]
    async fn a_create_that_fails_anywhere_is_completed_by_the_next() {
        survives_every_failure(NAME, full(), |world| world.log_groups.len()).await;
    }

    #[tokio::test]
    async fn a_log_group_of_somebody_else_is_never_touched() {
        let memory = Memory::default();
        owned_by("acme-test", &memory)
            .await
            .resource(NAME)
            .create(full())
            .await;
        let harness = over(&memory).await;
        let said = text(
            &harness
                .resource(NAME)
                .try_create(full())
                .await
                .unwrap_err()
                .diagnostics,
        );
        assert!(
            said.contains("the log group /dataplane/acme/tasks exists already"),
            "{said}"
        );
    }

    #[tokio::test]
    async fn imported_it_is_what_was_made() {
        let harness = over(&Memory::default()).await;
        let group = harness.resource(NAME);
        group.create(full()).await;
        let imported = group.import("/dataplane/acme/tasks").await;
        group.settled(&imported, full()).await;
    }

    #[tokio::test]
    async fn bad_input_is_refused_where_it_stands() {
        let harness = over(&Memory::default()).await;
        let group = harness.resource(NAME);
        refuses(&group, json!({ "name": "a:b" }), "name", &["may only hold"]).await;
        refuses(
            &group,
            json!({ "name": "a", "retention_days": 31 }),
            "retention_days",
            &["1, 3, 5, 7"],
        )
        .await;
        refuses(
            &group,
            json!({ "name": "a", "kms_key": "alias/acme" }),
            "kms_key",
            &["give the key's ARN"],
        )
        .await;
    }
}
