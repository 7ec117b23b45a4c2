//! Encryption with a key of the customer's.
//!
//! An account reads its key with an identity, and only an account that exists has one of its own. So, in this order: the account
//! gets its system-assigned identity, that identity the right to wrap and unwrap with this one key, and then the account the
//! key. The right is not seen everywhere at once, which Azure answers as an error of the key vault.

use clouds::account::KmsKey;
use clouds::buckets::Encryption;
use clouds::error::Call;
use clouds::{Error, Optional, Result};
use serde::{Deserialize, Serialize};

use crate::arm::ResourceId;
use crate::error::invalid;
use crate::names::{self, VaultKey};
use crate::permissions::{BuiltIn, Grant};
use crate::role_assignments::{self, Holder};
use crate::session::Session;
use crate::storage_accounts::{Account, AccountChange, NewIdentity, PropertiesChange, READ, WRITE};
use crate::{pauses, versions};

const KEY_VAULT: &str = "Microsoft.Keyvault";
const STORAGE: &str = "Microsoft.Storage";

/// The encryption of an account, sent and found.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct EncryptionBody {
    #[serde(rename = "keySource")]
    source: Option<String>,
    #[serde(rename = "keyvaultproperties", skip_serializing_if = "Option::is_none")]
    key: Option<KeyBody>,
}

/// Written in lower case, unlike everything else.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct KeyBody {
    keyname: Option<String>,
    keyvaulturi: Option<String>,
    /// Empty follows the newest version.
    keyversion: Option<String>,
}

impl EncryptionBody {
    fn of(key: Option<VaultKey>) -> Self {
        let source = if key.is_some() { KEY_VAULT } else { STORAGE };
        Self {
            source: Some(source.to_owned()),
            key: key.map(|key| KeyBody {
                keyname: Some(key.name),
                keyvaulturi: Some(key.vault_uri),
                keyversion: Some(key.version.unwrap_or_default()),
            }),
        }
    }

    /// The key in the form in which it is given; none where it is Microsoft's.
    fn key(&self) -> Option<KmsKey> {
        let source = self.source.as_deref()?;
        if !source.eq_ignore_ascii_case(KEY_VAULT) {
            return None;
        }
        let key = self.key.as_ref()?;
        let uri = key.keyvaulturi.as_deref()?.trim_end_matches('/');
        let name = key.keyname.as_deref()?;
        let text = match key.keyversion.as_deref().unwrap_or_default() {
            "" => format!("{uri}/keys/{name}"),
            version => format!("{uri}/keys/{name}/{version}"),
        };
        text.parse().ok()
    }
}

pub(crate) fn found(body: Option<&EncryptionBody>) -> Encryption {
    match body.and_then(EncryptionBody::key) {
        Some(key) => Encryption::Key(key),
        None => Encryption::Cloud,
    }
}

/// Brings an account from the key that it has to the wanted one.
pub(crate) async fn change(
    session: &Session,
    account: &ResourceId,
    found: &Encryption,
    wanted: &Encryption,
) -> Result<()> {
    if let Encryption::Key(key) = wanted {
        let key = parsed(key)?;
        let right = KeyRight {
            account: account.clone(),
            principal: identity(session, account).await?,
            grant: key_grant(session, &key).await.map_err(keyless)?,
        };
        let attempts = session.config.attempts;
        pauses::in_turn(attempts, async || {
            right.give(session).await.map_err(keyless)?;
            encrypt(session, account, Some(key.clone())).await
        })
        .await?;
    } else {
        encrypt(session, account, None).await?;
    }
    let Encryption::Key(old) = found else {
        return Ok(());
    };
    let same = |wanted: &KmsKey| parsed(wanted).ok().map(|key| (key.vault, key.name));
    let kept = match wanted {
        Encryption::Key(new) => same(new) == same(old),
        Encryption::Cloud => false,
    };
    if kept {
        return Ok(());
    }
    let principal = identity(session, account).await?;
    let Some(grant) = key_grant(session, &parsed(old)?).await.optional()? else {
        return Ok(());
    };
    let right = KeyRight {
        account: account.clone(),
        principal,
        grant,
    };
    right.take_away(session).await
}

/// The right of an account's identity on its key.
pub(crate) struct KeyRight {
    account: ResourceId,
    principal: String,
    grant: Grant,
}

impl KeyRight {
    /// That of an account as it was found; none without a key, or where the key's vault is gone.
    pub(crate) async fn of(
        session: &Session,
        id: &ResourceId,
        account: &Account,
    ) -> Result<Option<Self>> {
        let identity = account.identity.as_ref();
        let principal = identity.and_then(|identity| identity.principal_id.clone());
        let encryption = found(account.properties.encryption.as_ref());
        let (Encryption::Key(key), Some(principal)) = (encryption, principal) else {
            return Ok(None);
        };
        let grant = key_grant(session, &parsed(&key)?).await.optional()?;
        Ok(grant.map(|grant| Self {
            account: id.clone(),
            principal,
            grant,
        }))
    }

    fn holder(&self) -> Holder<'_> {
        Holder {
            resource: &self.account,
            principal: &self.principal,
        }
    }

    pub(crate) async fn take_away(&self, session: &Session) -> Result<()> {
        let id = role_assignments::of_grant(self.holder(), &self.grant);
        role_assignments::remove(session.arm().await?, &id).await
    }

    pub(crate) async fn give(&self, session: &Session) -> Result<()> {
        let subscription = session.subscription();
        let arm = session.arm().await?;
        role_assignments::put(arm, &subscription, self.holder(), &self.grant).await
    }
}

/// A key that is missing will not come by waiting, as an account that was made a moment ago does.
fn keyless(error: Error) -> Error {
    match error {
        Error::NotFound(call) => Error::Invalid(call),
        error => error,
    }
}

/// A key that could be purged is none for an account, which would lose all that it holds with it.
fn purgeable(error: Error) -> Error {
    match error {
        Error::Invalid(mut call) if call.code.as_deref() == Some("KeyVaultPolicyError") => {
            call.message = Some(
                "the key's vault is not protected from purging, and an account takes no key that could be lost: switch it on with `az \
                 keyvault update --enable-purge-protection true`, which cannot be undone"
                    .into(),
            );
            Error::Invalid(call)
        }
        error => error,
    }
}

fn parsed(key: &KmsKey) -> Result<VaultKey> {
    names::vault_key(key).map_err(|reason| invalid(WRITE, key, reason))
}

async fn key_grant(session: &Session, key: &VaultKey) -> Result<Grant> {
    let vault = session.vault(&key.vault).await?;
    Ok(Grant {
        scope: vault.id.child("keys", &key.name),
        role: BuiltIn::CryptoServiceEncryptionUser.into(),
        condition: None,
    })
}

/// The object id of the account's own identity, which it has from now on.
async fn identity(session: &Session, account: &ResourceId) -> Result<String> {
    let arm = session.arm().await?;
    let call = Call::new(READ, account);
    let found: Account = arm.get(call, account, versions::STORAGE).await?;
    let found = found.identity;
    if let Some(principal) = found.as_ref().and_then(|found| found.principal_id.clone()) {
        return Ok(principal);
    }
    let change = AccountChange {
        identity: Some(NewIdentity::beside(found.as_ref())),
        ..AccountChange::default()
    };
    let changed = patch(session, account, &change).await?;
    let principal = changed.identity.and_then(|identity| identity.principal_id);
    principal.ok_or_else(|| {
        let call = Call::new(WRITE, account);
        Error::NotReady(Box::new(
            call.because("the account's identity is being made"),
        ))
    })
}

async fn encrypt(session: &Session, account: &ResourceId, key: Option<VaultKey>) -> Result<()> {
    let change = AccountChange {
        properties: Some(PropertiesChange {
            encryption: Some(EncryptionBody::of(key)),
            ..PropertiesChange::default()
        }),
        ..AccountChange::default()
    };
    let changed = patch(session, account, &change).await;
    changed.map(|_| ()).map_err(purgeable)
}

pub(crate) async fn patch(
    session: &Session,
    account: &ResourceId,
    change: &AccountChange,
) -> Result<Account> {
    let call = Call::new(WRITE, account);
    let arm = session.arm().await?;
    arm.patch(call, account, versions::STORAGE, change).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_without_purge_protection_is_told_how_to_get_it() {
        let refused = |code: &str| {
            let call = Call {
                code: Some(code.to_owned()),
                ..Call::new(WRITE, "acmeprod").because("Keyvault policy recoverable is not set")
            };
            purgeable(Error::Invalid(Box::new(call))).to_string()
        };
        assert!(refused("KeyVaultPolicyError").contains("--enable-purge-protection"));
        assert!(refused("InvalidValuesForRequestParameters").contains("recoverable"));
    }

    #[test]
    fn keys_are_found_as_they_were_given() {
        for text in [
            "https://acme.vault.azure.net/keys/data",
            "https://acme.vault.azure.net/keys/data/0123456789abcdef",
        ] {
            let key: KmsKey = text.parse().unwrap();
            let body = EncryptionBody::of(Some(parsed(&key).unwrap()));
            assert_eq!(super::found(Some(&body)), Encryption::Key(key), "{text}");
        }
        let none = EncryptionBody::of(None);
        assert_eq!(super::found(Some(&none)), Encryption::Cloud);
        assert_eq!(super::found(None), Encryption::Cloud);
    }
}
