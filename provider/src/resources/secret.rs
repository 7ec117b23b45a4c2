//! `dataplane_secret`: a secret in the cloud's store, whose value never enters the state.

mod wanted;

use std::{collections::BTreeMap, time::Duration};

use clouds::{
    account::KmsKey,
    error::Optional,
    secrets::{Deletion, RecoveryDays, SecretName, SecretText},
};
use framework::{
    Applied, Change, Context, Diagnostics, Model, Resource, Result, Text, Timeouts, Update, Value,
    path,
};

use wanted::Wanted;

use crate::{
    client::Client,
    drift,
    ownership::{self, Marks},
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
        ownership::create(&Wanted::of(cx, &plan)?, plan).await
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
        let Update { prior, plan } = change;
        let mut wanted = Wanted::of(cx, &plan)?;
        if prior.value_wo_version == plan.value_wo_version {
            wanted.new.value = None;
        }
        ownership::update(&wanted, plan).await
    }

    async fn delete(&self, cx: &Context<Client>, state: SecretModel) -> Result<()> {
        let client = cx.client()?;
        let secrets = &*client.clouds()?.secrets;
        let how = deletion(state.recovery_window_days.known().copied().unwrap_or(30))?;
        if how != Deletion::Now {
            wanted::leave_unfinished(client, secrets, &state).await?;
        }
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

impl SecretModel {
    fn secret_name(&self) -> Result<SecretName> {
        Ok(SecretName::clone(self.name.get()?))
    }

    fn value(&self) -> Option<SecretText> {
        self.value_wo.known().cloned().map(SecretText::from)
    }
}

#[cfg(test)]
mod tests;
