//! `dataplane_secret`: a secret in the cloud's store, whose value never enters the state.

mod wanted;

use std::{collections::BTreeMap, time::Duration};

use clouds::{
    Refusal,
    account::KmsKey,
    error::Optional,
    secrets::{Deletion, RecoveryDays, SecretName, SecretText, Secrets},
};
use framework::{
    Applied, Change, Context, Diagnostics, Model, Resource, Result, Text, Timeouts, Update, Value,
    path,
};

use wanted::Wanted;

use crate::{
    client::Client,
    drift,
    ownership::{self, Kind, Marks},
    refusals, settle, spelling, tags,
};

/// The resource.
pub struct Secret;

/// The fields of a secret that are another argument.
const RENAMED: &[(&str, &str)] = &[("deletion", "recovery_window_days")];

/// A secret in the cloud's store: Secrets Manager on AWS, Secret Manager on Google Cloud, a Key Vault on Azure. Its value is
/// write-only: it is sent to the store and never kept in Terraform's state or plan.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct SecretModel {
    /// Name of the secret: on AWS with its path, for example `dataplane/acme-prod/api-token`, on Google Cloud letters, digits, `_` and `-`,
    /// on Azure `VAULT/NAME` with a vault that exists.
    #[attr(required, replaces)]
    pub name: Value<Text<SecretName>>,
    /// Value of the secret, sent when the secret is made and whenever `value_wo_version` changes. Without it the secret is made
    /// empty, for somebody else to fill; on Azure, which has no empty secrets, a new one needs it.
    #[attr(optional, write_only)]
    pub value_wo: Value<String>,
    /// Version of `value_wo`: change it to send a new value, since Terraform cannot compare a value it does not keep.
    #[attr(optional)]
    pub value_wo_version: Value<i64>,
    /// Key of the key service that the secret is encrypted with: its ARN, id or `alias/…` on AWS, `projects/…/cryptoKeys/…` on Google
    /// Cloud; on Azure the vault decides. Default: a key that the cloud keeps.
    #[attr(optional)]
    pub kms_key: Value<Text<KmsKey>>,
    /// For how many days a destroyed secret can be brought back: 7 to 30 on AWS, or 0 to delete it for good at once, as Google Cloud
    /// always does. On Azure that is a setting of the vault, and 0 purges the secret. Making the secret again within that time restores
    /// it. Default: 30 on AWS, 0 on Google Cloud, none on Azure.
    #[attr(optional, computed, validate = window)]
    pub recovery_window_days: Value<i64>,
    /// Tags of the secret, added to the provider's `tags`.
    #[attr(optional, validate = tags::check)]
    pub tags: Value<BTreeMap<String, String>>,
    /// How long to wait for the cloud.
    #[attr(optional)]
    pub timeouts: Value<Timeouts>,
    /// The cloud's full name of the secret: its ARN on AWS, its resource name on Google Cloud, its URL on Azure.
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

/// How a cloud deletes as an argument: nothing where its store decides.
fn days(deletion: Deletion) -> Value<i64> {
    match deletion {
        Deletion::Now => Value::Known(0),
        Deletion::After(days) => Value::Known(days.days()),
        Deletion::ByTheStore => Value::Null,
    }
}

/// How long a step waits for the cloud without `timeouts`.
const PATIENCE: Duration = Duration::from_mins(2);

/// The same for a deletion: a vault is looked at until it has the secret no more, and again until it is purged.
const DELETION: Duration = Duration::from_mins(5);

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

    fn respell(
        &self,
        cx: &Context<Client>,
        prior: &SecretModel,
        wanted: &mut SecretModel,
    ) -> Result<()> {
        spelling::keep(cx, Kind::Secrets, &prior.name, &mut wanted.name)
    }

    async fn plan(&self, cx: &Context<Client>, change: &mut Change<SecretModel>) -> Result<()> {
        let Change {
            config: Some(config),
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
        let Some(client) = cx.client_if_known() else {
            return Ok(());
        };
        let secrets = &*client.clouds()?.secrets;
        if config.recovery_window_days.is_null() {
            planned.recovery_window_days = days(secrets.default_deletion());
        }
        let checked = planned.check(secrets, prior.as_ref());
        let valued = match secrets.needs_value() {
            Some(reason) if prior.is_none() && config.value_wo.is_null() => {
                refusals::none([Refusal::new("value_wo", reason)], RENAMED)
            }
            _ => Ok(()),
        };
        let tags = Marks::planned(client, Kind::Secrets, &planned.name, &planned.tags);
        planned.tags_all = refusals::along(checked, refusals::along(valued, tags))?;
        Ok(())
    }

    async fn create(&self, cx: &Context<Client>, plan: SecretModel) -> Applied<SecretModel> {
        ownership::create(&Wanted::of(cx, &plan, None)?, plan).await
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
        let tags = drift::our_tags(
            client,
            (Kind::Secrets, state.name.get()?),
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
        change: Update<SecretModel>,
    ) -> Applied<SecretModel> {
        let Update { prior, plan } = change;
        let mut wanted = Wanted::of(cx, &plan, Some(&prior))?;
        if prior.value_wo_version == plan.value_wo_version {
            wanted.new.value = None;
        }
        ownership::update(&wanted, plan, &prior.tags_all).await
    }

    async fn delete(&self, cx: &Context<Client>, state: SecretModel) -> Result<()> {
        let client = cx.client()?;
        let secrets = &*client.clouds()?.secrets;
        let how = state.deletion(secrets)?;
        if how != Deletion::Now {
            wanted::leave_unfinished(client, secrets, &state).await?;
        }
        let name = state.secret_name()?;
        let deadline = cx.deadline(&state.timeouts, DELETION);
        let object = format!("secret {name}");
        settle::deleted(cx, deadline, object, || secrets.delete(&name, how)).await
    }

    async fn import(&self, cx: &Context<Client>, id: &str) -> Result<SecretModel> {
        let secrets = &*cx.client()?.clouds()?.secrets;
        Ok(SecretModel {
            name: Value::Known(id.parse()?),
            recovery_window_days: days(secrets.default_deletion()),
            ..SecretModel::default()
        })
    }

    async fn import_identity(
        &self,
        cx: &Context<Client>,
        identity: SecretModel,
    ) -> Result<SecretModel> {
        let secrets = &*cx.client()?.clouds()?.secrets;
        Ok(SecretModel {
            recovery_window_days: days(secrets.default_deletion()),
            ..identity
        })
    }
}

impl SecretModel {
    fn secret_name(&self) -> Result<SecretName> {
        Ok(SecretName::clone(self.name.get()?))
    }

    /// How it will be deleted; as the cloud does by itself where nothing is known.
    fn deletion(&self, secrets: &dyn Secrets) -> Result<Deletion> {
        match self.recovery_window_days.known() {
            Some(days) => Ok(deletion(*days)?),
            None => Ok(secrets.default_deletion()),
        }
    }

    /// Refuses what this cloud does not take, as far as it is known.
    fn check(&self, secrets: &dyn Secrets, prior: Option<&Self>) -> Result<()> {
        let name = refusals::named(&self.name, refusals::STAND_IN)?;
        let (key, deletion) = (self.kms_key.known(), self.deletion(secrets)?);
        let refused = secrets.check(name.get()?, key.map(|key| &**key), deletion);
        refusals::none_of(refused, RENAMED, prior, self)
    }

    fn value(&self) -> Option<SecretText> {
        self.value_wo.known().cloned().map(SecretText::from)
    }
}

#[cfg(test)]
mod tests;
