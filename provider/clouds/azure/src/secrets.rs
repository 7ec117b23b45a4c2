//! Secrets in a key vault that exists, by the SDK's client.
//!
//! Calls: `create` 2; `get` 1 per 25 versions, 1 more where it is not there or deleted; `put_value` 1 more than `get`, since a new
//! version has no tags but those that are sent along; `set_tags` 1; `set_key` 0; `restore` and `delete` 1, and 1 per pause until
//! Azure has seen it through; a deletion for good 1 more. A vault is looked up once (see `vaults`), and asks for a token of its own
//! at its first call.
//!
//! Getting a secret would bring its value along, which whoever runs us need not be allowed to read, and a secret that is switched off
//! is not given out at all. The list of its versions has all but the values.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::http::response::ResponseBody;
use azure_core::time::OffsetDateTime;
use azure_security_keyvault_secrets::models::{
    SecretClientListSecretPropertiesVersionsOptions, SecretProperties, SetSecretParameters,
    UpdateSecretPropertiesParameters,
};
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};
use clouds::account::KmsKey;
use clouds::error::Call;
use clouds::secrets::{Deletion, NewSecret, Secret, SecretName, SecretText, Secrets};
use clouds::{Error, Optional, Refusal, Result, Tags};
use futures::TryStreamExt;
use serde::Deserialize;

use crate::error::{from_sdk, invalid, unreadable};
use crate::session::Service;
use crate::vaults::Vault;
use crate::{Azure, names, pauses, versions};

const SET: &str = "Microsoft.KeyVault/vaults/secrets/setSecret/action";
const METADATA: &str = "Microsoft.KeyVault/vaults/secrets/readMetadata/action";
const UPDATE: &str = "Microsoft.KeyVault/vaults/secrets/update/action";
const RECOVER: &str = "Microsoft.KeyVault/vaults/secrets/recover/action";
const DELETE: &str = "Microsoft.KeyVault/vaults/secrets/delete";
const PURGE: &str = "Microsoft.KeyVault/vaults/secrets/purge/action";
/// How long a vault may take to delete or to restore a secret: seconds, as a rule.
const LONGEST: Duration = Duration::from_mins(2);
/// How many versions one page of a list has: the most that a vault gives.
const PAGE: i32 = 25;
/// How many versions of a secret are looked through for the newest.
const MOST: usize = 10_000;

/// What of a secret is read: all but its value.
#[derive(Deserialize)]
struct Found {
    id: String,
    tags: Option<Tags>,
    #[serde(rename = "contentType")]
    content_type: Option<String>,
}

impl Found {
    fn read(call: &Call, body: &ResponseBody) -> Result<Self> {
        serde_json::from_slice(body.as_ref()).map_err(|error| unreadable(call.clone(), &error))
    }

    /// One version of a list.
    fn listed(version: SecretProperties) -> Self {
        Self {
            id: version.id.unwrap_or_default(),
            tags: version.tags.map(|tags| tags.into_iter().collect()),
            content_type: version.content_type,
        }
    }

    /// `https://VAULT/secrets/NAME/VERSION`, after the name.
    fn version(&self) -> Option<String> {
        let (_, rest) = self.id.split_once("/secrets/")?;
        let (_, version) = rest.split_once('/')?;
        Some(version.to_owned())
    }

    fn secret(self, name: &SecretName, deleted: bool) -> Secret {
        let version = self.version();
        let versioned = version
            .as_ref()
            .and_then(|version| self.id.strip_suffix(version.as_str()));
        Secret {
            name: name.clone(),
            id: versioned
                .unwrap_or(&self.id)
                .trim_end_matches('/')
                .to_owned(),
            kms_key: None,
            version,
            deleted,
            tags: self.tags.unwrap_or_default(),
        }
    }
}

/// A secret's vault, and the client to it.
struct Place<'n> {
    vault: Arc<Vault>,
    client: SecretClient,
    secret: &'n str,
    name: &'n SecretName,
}

#[async_trait]
impl Secrets for Azure {
    fn check(
        &self,
        name: &SecretName,
        kms_key: Option<&KmsKey>,
        deletion: Deletion,
    ) -> Vec<Refusal> {
        let days = match deletion {
            Deletion::After(days) => Some(days),
            Deletion::Now | Deletion::ByTheStore => None,
        };
        [
            names::secret(name),
            Refusal::of_given(
                "kms_key",
                kms_key,
                "A key vault encrypts its secrets itself and takes no key for them: leave it out.",
            ),
            Refusal::of_given(
                "deletion",
                days.as_ref(),
                "How long a deleted secret can be brought back is a setting of its key vault: leave it out, or give 0 for a deletion that \
                 cannot be undone.",
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn needs_value(&self) -> Option<&'static str> {
        Some(
            "A key vault has no secrets without a value: give the first one. Whoever fills it later adds a version, which is left \
             alone until `value_wo_version` changes.",
        )
    }

    fn default_deletion(&self) -> Deletion {
        Deletion::ByTheStore
    }

    async fn create(&self, new: &NewSecret) -> Result<Secret> {
        let call = Call::new(SET, &new.name);
        let Some(value) = &new.value else {
            let call = call.because("a key vault has no secrets without a value");
            return Err(Error::Unsupported(Box::new(call)));
        };
        let place = self.place(&new.name).await?;
        // Setting a secret that exists makes a new version of it.
        if place.live().await?.is_some() {
            let call = call.because("a secret of this name exists");
            return Err(Error::AlreadyExists(Box::new(call)));
        }
        let set = place.set(value, &new.tags, None).await?;
        Ok(set.secret(&new.name, false))
    }

    async fn get(&self, name: &SecretName) -> Result<Secret> {
        let place = self.place(name).await?;
        if let Some(live) = place.live().await? {
            return Ok(live.secret(name, false));
        }
        match place.deleted().await? {
            Some(deleted) => Ok(deleted.secret(name, true)),
            None => Err(Error::NotFound(Box::new(Call::new(METADATA, name)))),
        }
    }

    async fn put_value(&self, name: &SecretName, value: &SecretText) -> Result<String> {
        let place = self.place(name).await?;
        let Some(live) = place.live().await? else {
            return Err(Error::NotFound(Box::new(Call::new(SET, name))));
        };
        let tags = live.tags.unwrap_or_default();
        let set = place.set(value, &tags, live.content_type).await?;
        Ok(set.version().unwrap_or_default())
    }

    async fn set_key(&self, _: &Secret, _: Option<&KmsKey>) -> Result<()> {
        Ok(())
    }

    async fn set_tags(&self, found: &Secret, tags: &Tags) -> Result<()> {
        let place = self.place(&found.name).await?;
        let call = Call::new(UPDATE, &found.name);
        // Without a version, the newest is meant.
        let parameters = UpdateSecretPropertiesParameters {
            tags: Some(tags.clone().into_iter().collect()),
            ..UpdateSecretPropertiesParameters::default()
        };
        let parameters = parameters
            .try_into()
            .map_err(|error| from_sdk(call.clone(), error))?;
        let sent = place
            .client
            .update_secret_properties(place.secret, parameters, None)
            .await;
        sent.map_err(|error| from_sdk(call, error))?;
        Ok(())
    }

    async fn restore(&self, name: &SecretName) -> Result<()> {
        let place = self.place(name).await?;
        let sent = place
            .client
            .recover_deleted_secret(place.secret, None)
            .await;
        sent.map_err(|error| from_sdk(Call::new(RECOVER, name), error))?;
        let seen = pauses::until_some(LONGEST, || place.live()).await?;
        seen.map(|_| ()).ok_or_else(|| {
            let why = "the vault has not brought it back within two minutes";
            Error::NotReady(Box::new(Call::new(RECOVER, name).because(why)))
        })
    }

    async fn delete(&self, name: &SecretName, deletion: Deletion) -> Result<()> {
        let place = self.place(name).await?;
        if deletion == Deletion::Now && place.vault.purge_protected {
            let why = "its key vault is protected from purging: a deleted secret stays until the vault's own time is over, and so does \
                       its name";
            return Err(invalid(PURGE, name, why));
        }
        let sent = place.client.delete_secret(place.secret, None).await;
        sent.map_err(|error| from_sdk(Call::new(DELETE, name), error))?;
        if deletion != Deletion::Now {
            // Until the vault has deleted it, its name answers as neither.
            return place.until_deleted().await;
        }
        place.until_deleted().await?;
        let purged = pauses::in_turn(self.0.config.attempts, async || {
            let sent = place.client.purge_deleted_secret(place.secret, None).await;
            sent.map(|_| ())
                .map_err(|error| from_sdk(Call::new(PURGE, name), error))
        });
        purged.await.optional()?;
        let gone = async || Ok(place.deleted().await?.is_none().then_some(()));
        let gone = pauses::until_some(LONGEST, gone).await?;
        gone.ok_or_else(|| {
            let why = "the vault has not purged it within two minutes";
            Error::NotReady(Box::new(Call::new(PURGE, name).because(why)))
        })
    }
}

impl Azure {
    async fn place<'n>(&self, name: &'n SecretName) -> Result<Place<'n>> {
        let parts = names::vault_secret(name)
            .map_err(|rule| invalid(METADATA, name, format!("its name {rule}")))?;
        let vault = self.0.vault(parts.vault).await.map_err(unseen)?;
        let elsewhere = self.0.config.endpoints.contains_key(&Service::Vault);
        let options = SecretClientOptions {
            api_version: versions::SECRETS.to_owned(),
            client_options: self.0.client_options().await?,
            // A vault at a configured endpoint names an audience of another domain.
            verify_challenge_resource: Some(!elsewhere),
        };
        let credential = self.0.credential().await?.clone();
        let client = SecretClient::new(&vault.uri, credential, Some(options));
        let client = client.map_err(|error| from_sdk(Call::new(METADATA, name), error))?;
        Ok(Place {
            vault,
            client,
            secret: parts.secret,
            name,
        })
    }
}

impl Place<'_> {
    /// The newest version of the secret, unless it is deleted or was never there: then a vault lists none.
    async fn live(&self) -> Result<Option<Found>> {
        let call = Call::new(METADATA, self.name);
        let options = SecretClientListSecretPropertiesVersionsOptions {
            maxresults: Some(PAGE),
            ..SecretClientListSecretPropertiesVersionsOptions::default()
        };
        let versions = self
            .client
            .list_secret_properties_versions(self.secret, Some(options));
        let mut versions = versions.map_err(|error| from_sdk(call.clone(), error))?;
        let mut newest: Option<SecretProperties> = None;
        for _ in 0..=MOST {
            let next = versions.try_next().await;
            let next = next.map_err(|error| from_sdk(call.clone(), error));
            match next.optional()?.flatten() {
                Some(next) => {
                    newest = Some(match newest {
                        Some(newest) if age(&newest) > age(&next) => newest,
                        _ => next,
                    });
                }
                None => return Ok(newest.map(Found::listed)),
            }
        }
        let why = format!("it has more than {MOST} versions: purge it, or take another name");
        Err(invalid(METADATA, self.name, why))
    }

    /// The secret that is deleted and can be brought back.
    async fn deleted(&self) -> Result<Option<Found>> {
        let call = Call::new(METADATA, self.name);
        let sent = self.client.get_deleted_secret(self.secret, None).await;
        let answer = sent
            .map_err(|error| from_sdk(call.clone(), error))
            .optional()?;
        answer
            .map(|answer| Found::read(&call, &answer.into_body()))
            .transpose()
    }

    async fn until_deleted(&self) -> Result<()> {
        let seen = pauses::until_some(LONGEST, || self.deleted()).await?;
        seen.map(|_| ()).ok_or_else(|| {
            let why = "the vault has not deleted it within two minutes";
            Error::NotReady(Box::new(Call::new(DELETE, self.name).because(why)))
        })
    }

    async fn set(
        &self,
        value: &SecretText,
        tags: &Tags,
        content_type: Option<String>,
    ) -> Result<Found> {
        let call = Call::new(SET, self.name);
        let tags: HashMap<_, _> = tags.clone().into_iter().collect();
        let parameters = SetSecretParameters {
            value: Some(value.expose().to_owned()),
            tags: Some(tags),
            content_type,
            ..SetSecretParameters::default()
        };
        let parameters = parameters
            .try_into()
            .map_err(|error| from_sdk(call.clone(), error))?;
        let sent = self.client.set_secret(self.secret, parameters, None).await;
        let answer = sent.map_err(|error| from_sdk(call.clone(), error))?;
        Found::read(&call, &answer.into_body())
    }
}

/// A vault that is not seen says nothing about what is in it. One that was deleted comes back with its secrets.
fn unseen(error: Error) -> Error {
    let Error::NotFound(mut call) = error else {
        return error;
    };
    let said = call.message.take().unwrap_or_default();
    call.message = Some(format!(
        "{said}; its secrets were not taken for gone: grant Microsoft.KeyVault/vaults/read on it, or bring it back with `az keyvault \
         recover`"
    ));
    Error::Invalid(call)
}

/// When a version was made, to the second, which a list is in no order of; of two in the same second, the one that was changed last.
fn age(version: &SecretProperties) -> Option<(OffsetDateTime, Option<OffsetDateTime>)> {
    let attributes = version.attributes.as_ref()?;
    Some((attributes.created?, attributes.updated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_end_of_the_id() {
        let found = |id: &str| Found {
            id: id.to_owned(),
            tags: None,
            content_type: None,
        };
        let name = "acme/token".parse().unwrap();
        let secret = found("https://acme.vault.azure.net/secrets/token/0123").secret(&name, false);
        assert_eq!(
            (secret.id.as_str(), secret.version.as_deref()),
            ("https://acme.vault.azure.net/secrets/token", Some("0123"))
        );
        let secret = found("https://acme.vault.azure.net/secrets/token").secret(&name, true);
        assert_eq!(
            (secret.id.as_str(), secret.version),
            ("https://acme.vault.azure.net/secrets/token", None)
        );
    }
}
