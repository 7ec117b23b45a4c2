//! Key vaults, which are looked up and never made: 1 `GET` per vault and session, 1 list more where a vault lies outside our
//! resource group.

use std::sync::{Arc, PoisonError};

use clouds::error::Call;
use clouds::{Error, Optional, Result};
use serde::Deserialize;

use crate::arm::ResourceId;
use crate::session::{Service, Session};
use crate::versions;

pub(crate) const KIND: &str = "Microsoft.KeyVault/vaults";
pub(crate) const READ: &str = "Microsoft.KeyVault/vaults/read";

/// A vault as far as we need it.
#[derive(Clone, Debug)]
pub(crate) struct Vault {
    pub(crate) id: ResourceId,
    pub(crate) uri: String,
    /// Whether nobody can remove a deleted secret before its time.
    pub(crate) purge_protected: bool,
}

#[derive(Deserialize)]
struct Found {
    id: String,
    name: String,
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Properties {
    vault_uri: Option<String>,
    enable_rbac_authorization: Option<bool>,
    enable_purge_protection: Option<bool>,
}

/// Whether this is the id of a vault of that name: there is one in all of Azure.
pub(crate) fn is_named(id: &ResourceId, vault: &str) -> bool {
    let end = format!("/providers/{KIND}/{vault}").to_ascii_lowercase();
    id.key().ends_with(&end)
}

impl Session {
    /// A vault of this subscription, by its name.
    pub(crate) async fn vault(&self, name: &str) -> Result<Arc<Vault>> {
        let key = name.to_lowercase();
        let known = self
            .vaults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let vault = Arc::new(self.look_up(name).await?);
        self.vaults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, vault.clone());
        Ok(vault)
    }

    async fn look_up(&self, name: &str) -> Result<Vault> {
        let arm = self.arm().await?;
        let id = self.resource(KIND, name);
        let call = Call::new(READ, &id);
        let own: Option<Found> = arm.get(call, &id, versions::KEY_VAULT).await.optional()?;
        let found = if let Some(own) = own {
            own
        } else {
            let list = self
                .subscription()
                .child("providers/Microsoft.KeyVault", "vaults");
            let call = Call::new(READ, name);
            let all: Vec<Found> = arm
                .list(call.clone(), &list, versions::KEY_VAULT, None)
                .await?;
            let own = all
                .into_iter()
                .find(|found| found.name.eq_ignore_ascii_case(name));
            own.ok_or_else(|| {
                // Who may not see a vault is not told of it.
                let why = "the subscription has no key vault of this name, or none that whoever runs this may read";
                Error::NotFound(Box::new(call.because(why)))
            })?
        };
        if found.properties.enable_rbac_authorization != Some(true) {
            let why = "the vault gives access by access policies of its own, and we give it by roles: switch it over with `az \
                       keyvault update --enable-rbac-authorization true`, once whoever uses it has a role";
            return Err(Error::Invalid(Box::new(
                Call::new(READ, &found.id).because(why),
            )));
        }
        let own = found.properties.vault_uri;
        let own = own.unwrap_or_else(|| format!("https://{name}.vault.azure.net"));
        Ok(Vault {
            uri: self.endpoint(Service::Vault, name).unwrap_or(own),
            id: ResourceId::new(found.id),
            purge_protected: found.properties.enable_purge_protection == Some(true),
        })
    }
}
