//! `dataplane_secret`: a secret in the cloud's store, whose value never enters the state.

use std::{collections::BTreeMap, time::Duration};

use clouds::{
    account::KmsKey,
    error::Optional,
    secrets::{
        Deletion, NewSecret, RecoveryDays, Secret as Found, SecretName, SecretText, Secrets,
    },
};
use framework::{
    Applied, Change, Context, Diagnostics, Model, Resource, Result, Text, Timeouts, Update, Value,
    path, wait::Deadline,
};

use crate::{
    client::Client,
    drift,
    ownership::{Marks, Origin},
    settle::{created, settled},
    tags,
};

/// The resource.
pub struct Secret;

/// A secret in the cloud's store. Its value is write-only: it is sent to the store and never kept in Terraform's state or plan.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct SecretModel {
    /// Name of the secret with its path, for example `dataplane/acme-prod/api-token`.
    #[attr(required, replaces)]
    pub name: Value<Text<SecretName>>,
    /// Value of the secret, sent when the secret is made and whenever `value_wo_version` changes. Without it the secret is made
    /// empty, for somebody else to fill.
    #[attr(optional, write_only)]
    pub value_wo: Value<String>,
    /// Version of `value_wo`: change it to send a new value, since Terraform cannot compare a value it does not keep.
    #[attr(optional)]
    pub value_wo_version: Value<i64>,
    /// Key of the key service that the secret is encrypted with. Default: a key that the cloud keeps.
    #[attr(optional)]
    pub kms_key: Value<Text<KmsKey>>,
    /// For how many days a destroyed secret can be brought back: 7 to 30, or 0 to delete it for good at once. Making the secret
    /// again within that time restores it.
    #[attr(optional, computed, default = 30, validate = window)]
    pub recovery_window_days: Value<i64>,
    /// Tags of the secret, added to the provider's `tags`.
    #[attr(optional, validate = tags::check)]
    pub tags: Value<BTreeMap<String, String>>,
    /// How long to wait for the cloud.
    #[attr(optional)]
    pub timeouts: Value<Timeouts>,
    /// The cloud's full name of the secret: its ARN.
    #[attr(computed, stable)]
    pub id: Value<String>,
    /// Id of the current value in the store; null while there is none.
    #[attr(computed)]
    pub version: Value<String>,
    /// All tags: the provider's, its own, and the marks `dataplane:owner` and `dataplane:resource`.
    #[attr(computed)]
    pub tags_all: Value<BTreeMap<String, String>>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "validators get a reference, whatever the type"
)]
fn window(days: &i64) -> std::result::Result<(), String> {
    deletion(*days).map(drop).map_err(|e| e.to_string())
}

fn deletion(days: i64) -> std::result::Result<Deletion, clouds::ParseError> {
    if days == 0 {
        Ok(Deletion::Now)
    } else {
        RecoveryDays::try_from(days).map(Deletion::After)
    }
}

/// How long a step waits for the cloud without `timeouts`.
const PATIENCE: Duration = Duration::from_mins(2);

impl Resource for Secret {
    const NAME: &'static str = "dataplane_secret";
    const IDENTITY: &'static [&'static str] = &["name"];
    type Client = Client;
    type Model = SecretModel;

    fn label(&self, model: &SecretModel) -> Option<String> {
        model.name.known().map(ToString::to_string)
    }

    fn validate(&self, config: &SecretModel, diagnostics: &mut Diagnostics) {
        if config.value_wo.is_known() && config.value_wo_version.is_null() {
            diagnostics.error_at(
                path!("value_wo_version"),
                "a write-only value needs a version",
                "Terraform does not keep `value_wo`, so it cannot see when it changes. Set `value_wo_version = 1`, and raise it with \
                 every new value.",
            );
        }
        if config.value_wo.is_null() && config.value_wo_version.is_known() {
            diagnostics.error_at(
                path!("value_wo_version"),
                "a version without a value",
                "`value_wo_version` says that there is a `value_wo`, and there is none: set both or neither.",
            );
        }
        if config.value_wo.known().is_some_and(String::is_empty) {
            diagnostics.error_at(
                path!("value_wo"),
                "the value is empty",
                "A secret's value cannot be empty. Leave `value_wo` and `value_wo_version` out to make the secret without a value.",
            );
        }
    }

    async fn plan(&self, cx: &Context<Client>, change: &mut Change<SecretModel>) -> Result<()> {
        let Change {
            prior,
            planned: Some(planned),
            ..
        } = change
        else {
            return Ok(());
        };
        if let Some(prior) = prior
            && prior.value_wo_version == planned.value_wo_version
        {
            planned.version = prior.version.clone();
        }
        if let Some(client) = cx.client_if_known() {
            planned.tags_all = Marks::planned(client, Self::NAME, &planned.name, &planned.tags);
        }
        Ok(())
    }

    async fn create(&self, cx: &Context<Client>, plan: SecretModel) -> Applied<SecretModel> {
        let client = cx.client()?;
        let secrets = &*client.clouds()?.secrets;
        let name = plan.secret_name()?;
        let marks = Marks::new(client, Self::NAME, &name);
        let new = NewSecret {
            name: name.clone(),
            kms_key: plan.kms_key.known().map(|key| KmsKey::clone(key)),
            value: plan.value(),
            tags: marks.creating(plan.tags.known()),
        };
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        let what = format!("the creation of secret {name}");
        let outcome = created(cx, deadline, what, || secrets.create(&new)).await?;
        let (origin, found) = match outcome {
            Some(made) => (Origin::Made, made),
            None => (
                Origin::Continued,
                self.take_up(cx, secrets, &marks, &plan).await?,
            ),
        };
        let mut made = SecretModel {
            id: found.id.clone().into(),
            version: found.version.clone().into(),
            ..plan
        };
        if let (Origin::Continued, Some(value)) = (origin, &new.value) {
            let what = format!("the value of secret {name}");
            made.version = settled(cx, deadline, what, || secrets.put_value(&name, value))
                .await?
                .into();
        }
        let tags = marks.finished(made.tags.known());
        origin.keep(
            finish(cx, deadline, secrets, &found, new.kms_key.as_ref(), &tags).await,
            &made,
        )?;
        made.tags_all = tags.into();
        Ok(made)
    }

    async fn read(
        &self,
        cx: &Context<Client>,
        mut state: SecretModel,
    ) -> Result<Option<SecretModel>> {
        let client = cx.client()?;
        let found = client
            .clouds()?
            .secrets
            .get(&state.secret_name()?)
            .await
            .optional()?;
        let Some(found) = found.filter(|found| !found.deleted) else {
            return Ok(None);
        };
        state.id = found.id.into();
        state.kms_key = found.kms_key.map(Text::from).into();
        state.version = found.version.into();
        state.tags = drift::own_tags(client, &state.tags, &found.tags);
        state.tags_all = found.tags.into();
        Ok(Some(state))
    }

    async fn update(
        &self,
        cx: &Context<Client>,
        change: Update<SecretModel>,
    ) -> Applied<SecretModel> {
        let client = cx.client()?;
        let secrets = &*client.clouds()?.secrets;
        let Update { prior, mut plan } = change;
        let name = plan.secret_name()?;
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        let found = secrets.get(&name).await?;
        let key = plan.kms_key.known().map(|key| KmsKey::clone(key));
        let tags = Marks::new(client, Self::NAME, &name).finished(plan.tags.known());
        finish(cx, deadline, secrets, &found, key.as_ref(), &tags).await?;
        // The value comes after the key, so that it is encrypted with the new one.
        if prior.value_wo_version != plan.value_wo_version
            && let Some(value) = plan.value()
        {
            let what = format!("the value of secret {name}");
            plan.version = settled(cx, deadline, what, || secrets.put_value(&name, &value))
                .await?
                .into();
        } else if plan.version.is_unknown() {
            plan.version = found.version.into();
        }
        Ok(plan)
    }

    async fn delete(&self, cx: &Context<Client>, state: SecretModel) -> Result<()> {
        let secrets = &*cx.client()?.clouds()?.secrets;
        let how = deletion(state.recovery_window_days.known().copied().unwrap_or(30))?;
        secrets
            .delete(&state.secret_name()?, how)
            .await
            .optional()?;
        Ok(())
    }

    async fn import(&self, _cx: &Context<Client>, id: &str) -> Result<SecretModel> {
        Ok(SecretModel {
            name: Value::Known(id.parse()?),
            recovery_window_days: 30.into(),
            ..SecretModel::default()
        })
    }

    async fn import_identity(
        &self,
        _cx: &Context<Client>,
        identity: SecretModel,
    ) -> Result<SecretModel> {
        Ok(SecretModel {
            recovery_window_days: 30.into(),
            ..identity
        })
    }
}

impl Secret {
    /// Goes on with an existing secret: our own half-made one, or our own deleted one, which is restored.
    async fn take_up(
        &self,
        cx: &Context<Client>,
        secrets: &dyn Secrets,
        marks: &Marks<'_>,
        plan: &SecretModel,
    ) -> Result<Found> {
        let name = plan.secret_name()?;
        let found = secrets.get(&name).await?;
        if !found.deleted {
            marks.claim(&found.tags, name.as_str())?;
            return Ok(found);
        }
        if !marks.made(&found.tags) {
            return Err(marks.taken(
                "It is being deleted, can still be brought back, and does not carry this configuration's marks: somebody else made it.",
                name.as_str(),
            ));
        }
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        settled(
            cx,
            deadline,
            format!("the restoration of secret {name}"),
            || secrets.restore(&name),
        )
        .await?;
        let tags = marks.creating(plan.tags.known());
        settled(cx, deadline, format!("the tags of secret {name}"), || {
            secrets.set_tags(&found, &tags)
        })
        .await?;
        Ok(Found {
            deleted: false,
            tags,
            ..found
        })
    }
}

impl SecretModel {
    fn secret_name(&self) -> Result<SecretName> {
        Ok(SecretName::clone(self.name.get()?))
    }

    fn value(&self) -> Option<SecretText> {
        self.value_wo.known().cloned().map(SecretText::from)
    }
}

/// Makes an existing secret what is wanted; its tags come last, for they say that it is finished.
async fn finish(
    cx: &Context<Client>,
    deadline: Deadline,
    secrets: &dyn Secrets,
    found: &Found,
    key: Option<&KmsKey>,
    tags: &clouds::Tags,
) -> Result<()> {
    let name = &found.name;
    if found.kms_key.as_ref() != key {
        settled(cx, deadline, format!("the key of secret {name}"), || {
            secrets.set_key(found, key)
        })
        .await?;
    }
    if found.tags != *tags {
        settled(cx, deadline, format!("the tags of secret {name}"), || {
            secrets.set_tags(found, tags)
        })
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clouds::memory::Memory;
    use serde_json::json;

    use super::*;
    use crate::testing::{over, owned_by, refuses, survives_every_failure, text};

    const NAME: &str = Secret::NAME;

    fn full() -> serde_json::Value {
        json!({
            "name": "dataplane/acme/token",
            "value_wo": "hunter2",
            "value_wo_version": 1,
            "recovery_window_days": 0,
            "tags": { "env": "prod" },
        })
    }

    fn value(memory: &Memory) -> Option<String> {
        memory.change(|world| {
            let (_, value) = world.secrets.values().next()?;
            value.as_ref().map(|value| value.expose().to_owned())
        })
    }

    #[tokio::test]
    async fn basic() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let secret = harness.resource(NAME);
        let mut keyed = full();
        keyed["kms_key"] = "alias/acme".into();
        secret.lifecycle(full(), keyed).await;
        let state = secret.create(full()).await;
        assert_eq!(value(&memory).as_deref(), Some("hunter2"));
        assert!(!state.values.to_string().contains("hunter2"));
    }

    #[tokio::test]
    async fn a_new_value_is_sent_with_a_new_version_only() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let secret = harness.resource(NAME);
        let state = secret.create(full()).await;
        let mut config = full();
        config["value_wo"] = "changed".into();
        let state = secret.settled(&state, config.clone()).await;
        assert_eq!(value(&memory).as_deref(), Some("hunter2"));
        config["value_wo_version"] = 2.into();
        let newer = secret.update(&state, config.clone()).await;
        assert_eq!(value(&memory).as_deref(), Some("changed"));
        assert_ne!(newer["version"], state["version"]);
        secret.settled(&newer, config).await;
    }

    #[tokio::test]
    async fn a_secret_can_be_made_without_a_value() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let secret = harness.resource(NAME);
        let config = json!({ "name": "acme/later" });
        let state = secret.create(config.clone()).await;
        secret.settled(&state, config).await;
        assert_eq!(value(&memory), None);
    }

    #[tokio::test]
    async fn a_destroyed_secret_is_restored_by_its_own_configuration_only() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let secret = harness.resource(NAME);
        let mut config = full();
        config["recovery_window_days"] = 7.into();
        let state = secret.create(config.clone()).await;
        secret.delete(state).await;
        assert!(memory.change(|world| world.secrets.values().all(|(found, _)| found.deleted)));

        let other = owned_by("acme-test", &memory).await;
        let said = text(
            &other
                .resource(NAME)
                .try_create(config.clone())
                .await
                .unwrap_err()
                .diagnostics,
        );
        assert!(
            said.contains("It is being deleted") && said.contains("somebody else made it"),
            "{said}"
        );

        config["value_wo"] = "second".into();
        let state = secret.create(config.clone()).await;
        assert_eq!(value(&memory).as_deref(), Some("second"));
        secret.settled(&state, config).await;
    }

    #[tokio::test]
    async fn disappears() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let secret = harness.resource(NAME);
        let state = secret.create(full()).await;
        memory.change(|world| {
            world
                .secrets
                .values_mut()
                .for_each(|(found, _)| found.deleted = true);
        });
        assert!(secret.read(&state).await.is_none());
        memory.change(|world| world.secrets.clear());
        assert!(secret.read(&state).await.is_none());
        secret.delete(state).await;
    }

    #[tokio::test]
    async fn a_create_that_fails_anywhere_is_completed_by_the_next() {
        survives_every_failure(NAME, full(), |world| world.secrets.len()).await;
    }

    #[tokio::test]
    async fn a_secret_of_somebody_else_is_never_touched() {
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
            said.contains("the secret dataplane/acme/token exists already"),
            "{said}"
        );
        assert_eq!(value(&memory).as_deref(), Some("hunter2"));
    }

    #[tokio::test]
    async fn imported_it_only_lacks_the_version_of_its_value() {
        let harness = over(&Memory::default()).await;
        let secret = harness.resource(NAME);
        let config = json!({ "name": "acme/later" });
        secret.create(config.clone()).await;
        let imported = secret.import("acme/later").await;
        secret.settled(&imported, config).await;
    }

    #[tokio::test]
    async fn bad_input_is_refused_where_it_stands() {
        let harness = over(&Memory::default()).await;
        let secret = harness.resource(NAME);
        refuses(
            &secret,
            json!({ "name": "a b" }),
            "name",
            &["may only hold"],
        )
        .await;
        refuses(
            &secret,
            json!({ "name": "a", "recovery_window_days": 3 }),
            "recovery_window_days",
            &["7 to 30"],
        )
        .await;
        refuses(
            &secret,
            json!({ "name": "a", "value_wo": "x" }),
            "value_wo_version",
            &["`value_wo_version = 1`"],
        )
        .await;
        refuses(
            &secret,
            json!({ "name": "a", "value_wo_version": 1 }),
            "value_wo_version",
            &["set both or neither"],
        )
        .await;
        refuses(
            &secret,
            json!({ "name": "a", "value_wo": "", "value_wo_version": 1 }),
            "value_wo",
            &["cannot be empty"],
        )
        .await;
    }
}
