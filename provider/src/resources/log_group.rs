//! `dataplane_log_group`: where the logs of finished tasks are kept.

use std::{collections::BTreeMap, time::Duration};

use clouds::{
    account::KmsKey,
    error::Optional,
    log_groups::{
        LogGroup as Found, LogGroupName, LogGroupSettings, LogGroups, NewLogGroup, Retention,
    },
    tags::Tags,
};
use framework::{
    Applied, Change, Context, Diagnostics, Model, Resource, Result, Text, Timeouts, Update, Value,
    path,
};

use crate::{
    client::Client,
    drift,
    ownership::{self, Apply, Creation, Kind, Managed, Marks, Origin},
    refusals, settle, spelling, tags,
};

/// The resource.
pub struct LogGroup;

/// The fields of a log group that are another argument.
const RENAMED: &[(&str, &str)] = &[("retention", "retention_days")];

/// Where the logs of finished tasks are kept: a log group of CloudWatch on AWS, a log bucket of Cloud Logging on Google Cloud, a Log
/// Analytics workspace on Azure. Destroying it deletes the logs in it.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct LogGroupModel {
    /// Name of the log group: on AWS with its path, for example `/dataplane/acme-prod/tasks`, elsewhere without one, as in
    /// `acme-prod-tasks`.
    #[attr(required, replaces)]
    pub name: Value<Text<LogGroupName>>,
    /// How many days logs are kept: on AWS 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    /// 3288 or 3653, on Google Cloud 1 to 3650, on Azure 30 to 730. Default: for ever on AWS, 30 elsewhere.
    #[attr(optional, computed, validate = retention)]
    pub retention_days: Value<i64>,
    /// Key that logs are encrypted with, by its full name: its ARN on AWS, `projects/…/cryptoKeys/…` on Google Cloud. Default: a key that
    /// the cloud keeps.
    #[attr(optional)]
    pub kms_key: Value<Text<KmsKey>>,
    /// Tags of the log group, added to the provider's `tags`.
    #[attr(optional, validate = tags::check)]
    pub tags: Value<BTreeMap<String, String>>,
    /// How long to wait for the cloud.
    #[attr(optional)]
    pub timeouts: Value<Timeouts>,
    /// The cloud's full name of the log group: its ARN on AWS, its resource name or id elsewhere.
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

    fn respell(
        &self,
        cx: &Context<Client>,
        prior: &LogGroupModel,
        wanted: &mut LogGroupModel,
    ) -> Result<()> {
        spelling::keep(cx, Kind::LogGroups, &prior.name, &mut wanted.name)
    }

    async fn plan(&self, cx: &Context<Client>, change: &mut Change<LogGroupModel>) -> Result<()> {
        let (Some(client), Some(config), Some(planned)) = (
            cx.client_if_known(),
            change.config.as_ref(),
            change.planned.as_mut(),
        ) else {
            return Ok(());
        };
        let groups = &*client.clouds()?.log_groups;
        if config.retention_days.is_null() {
            planned.retention_days = days(groups.default_retention());
        }
        let checked = planned.check(groups, change.prior.as_ref());
        let tags = Marks::planned(client, Kind::LogGroups, &planned.name, &planned.tags);
        planned.tags_all = refusals::along(checked, tags)?;
        Ok(())
    }

    async fn create(&self, cx: &Context<Client>, plan: LogGroupModel) -> Applied<LogGroupModel> {
        ownership::create(&Wanted::of(cx, &plan, None)?, plan).await
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
        state.retention_days = days(found.settings.retention);
        state.kms_key = found.settings.kms_key.map(Text::from).into();
        let tags = drift::our_tags(
            client,
            (Kind::LogGroups, state.name.get()?),
            &state.tags_all,
            found.tags,
        )?;
        state.tags = drift::own_tags(client, &state.tags, &tags);
        state.tags_all = tags.into();
        Ok(Some(state))
    }

    async fn update(
        &self,
        cx: &Context<Client>,
        change: Update<LogGroupModel>,
    ) -> Applied<LogGroupModel> {
        let Update { prior, plan } = change;
        let wanted = Wanted::of(cx, &plan, Some(&prior))?;
        ownership::update(&wanted, plan, &prior.tags_all).await
    }

    async fn delete(&self, cx: &Context<Client>, state: LogGroupModel) -> Result<()> {
        let groups = &*cx.client()?.clouds()?.log_groups;
        let name = state.group_name()?;
        let deadline = cx.deadline(&state.timeouts, PATIENCE);
        let object = format!("log group {name}");
        settle::deleted(cx, deadline, object, || groups.delete(&name)).await
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

    /// Refuses what this cloud does not take, as far as it is known.
    fn check(&self, groups: &dyn LogGroups, prior: Option<&Self>) -> Result<()> {
        let name = refusals::named(&self.name, refusals::STAND_IN)?;
        let settings = self.settings(prior)?;
        let mut refused = groups.check(name.get()?, &settings);
        // One of another name is another log group.
        if let Some(prior) = prior.filter(|prior| prior.name == self.name) {
            refused.extend(groups.check_change(&prior.settings(Some(prior))?, &settings));
        }
        refusals::none_of(refused, RENAMED, prior, self)
    }

    /// What is unknown is as if it were left out.
    fn settings(&self, prior: Option<&Self>) -> Result<LogGroupSettings> {
        Ok(LogGroupSettings {
            retention: self.retention(prior)?,
            kms_key: self.kms_key.known().map(|key| KmsKey::clone(key)),
        })
    }

    /// With `ignore_changes = [retention_days]` what was found is planned again, and it may be a number that this version does not
    /// know.
    fn retention(&self, prior: Option<&Self>) -> Result<Option<Retention>> {
        let Some(days) = self.retention_days.known() else {
            return Ok(None);
        };
        let kept = prior.is_some_and(|prior| prior.retention_days == self.retention_days);
        if kept && let Ok(days) = u32::try_from(*days) {
            return Ok(Some(Retention::found(days)));
        }
        let retention = Retention::try_from(*days);
        Ok(Some(retention.map_err(|error| {
            Diagnostics::from(error).at(&path!("retention_days"))
        })?))
    }
}

fn days(retention: Option<Retention>) -> Value<i64> {
    retention
        .map(|retention| i64::from(retention.days()))
        .into()
}

/// A log group as its arguments say.
struct Wanted<'a> {
    apply: Apply<'a>,
    groups: &'a dyn LogGroups,
    name: LogGroupName,
    settings: LogGroupSettings,
}

impl<'a> Wanted<'a> {
    fn of(
        cx: &'a Context<Client>,
        plan: &LogGroupModel,
        prior: Option<&LogGroupModel>,
    ) -> Result<Self> {
        let groups = &*cx.client()?.clouds()?.log_groups;
        plan.check(groups, prior)?;
        let name = plan.group_name()?;
        let time = (&plan.timeouts, PATIENCE);
        Ok(Self {
            apply: Apply::new(cx, Kind::LogGroups, &name, &plan.tags, time)?,
            groups,
            name,
            settings: plan.settings(prior)?,
        })
    }
}

impl Managed for Wanted<'_> {
    type Model = LogGroupModel;
    type Found = Found;

    fn apply(&self) -> &Apply<'_> {
        &self.apply
    }

    fn tags(found: &mut Found) -> &mut Tags {
        &mut found.tags
    }

    async fn make(&self) -> Result<Creation<Found>> {
        let new = NewLogGroup {
            name: self.name.clone(),
            kms_key: self.settings.kms_key.clone(),
            tags: self.apply.creating.clone(),
        };
        let made = self.apply.created(|| self.groups.create(&new)).await?;
        Ok(Creation::unseen(made))
    }

    async fn find(&self) -> clouds::Result<Found> {
        self.groups.get(&self.name).await
    }

    async fn configure(&self, found: Found, _origin: Origin) -> Result<Found> {
        let Self {
            apply,
            groups,
            settings,
            ..
        } = self;
        if found.settings != *settings {
            apply
                .settled("settings", || groups.configure(&found, settings))
                .await?;
        }
        Ok(found)
    }

    async fn set_tags(&self, found: &Found, tags: &Tags) -> clouds::Result<()> {
        self.groups.set_tags(found, tags).await
    }

    fn record(model: &mut LogGroupModel, found: &Found) {
        model.id = found.id.clone().into();
        model.tags_all = found.tags.clone().into();
    }
}

#[cfg(test)]
mod tests;
