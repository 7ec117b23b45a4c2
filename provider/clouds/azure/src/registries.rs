//! Registries: each a registry of Azure Container Registry, which holds repositories as tasks push them.
//!
//! Calls: `create` 2; `get` 1; `configure` 0 or 2; `set_tags` 1, or 2 where tags come and go; `images` see `registry_images`;
//! `delete` 1 by force, else 2 and those of `images`.
//!
//! The tier is Standard: Basic is throttled at a thousand reads a minute, which the pods of one large task are; Premium costs ten
//! times as much for what a data plane does not use.
//!
//! What makes a registry less than it was made as is a rule that is not ours, and is put back: who may sign in or pull, and the tier
//! below. What makes it more stays: a tier above, a network that is closed.

use async_trait::async_trait;
use clouds::error::Call;
use clouds::registries::{
    Images, NewRegistry, Registries, Registry, RegistryName, RegistrySettings,
};
use clouds::{Error, Optional, Refusal, Result, Tags};
use serde::{Deserialize, Serialize};

use crate::arm::ResourceId;
use crate::{Azure, names, operations, registry_images, tags, versions};

pub(crate) const KIND: &str = "Microsoft.ContainerRegistry/registries";
const READ: &str = "Microsoft.ContainerRegistry/registries/read";
const WRITE: &str = "Microsoft.ContainerRegistry/registries/write";
const DELETE: &str = "Microsoft.ContainerRegistry/registries/delete";

#[derive(Serialize)]
struct NewBody<'a> {
    location: &'a str,
    sku: Sku,
    tags: &'a Tags,
    properties: Closed,
}

#[derive(Serialize)]
struct Sku {
    name: &'static str,
}

/// Nobody signs in by the password of the whole registry, or pulls without signing in; and `AcrPull` and `AcrPush` are what lets in,
/// which the other mode does not heed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Closed {
    admin_user_enabled: bool,
    anonymous_pull_enabled: bool,
    role_assignment_mode: &'static str,
}

#[derive(Serialize)]
struct Change {
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<Sku>,
    properties: Closed,
}

const CLOSED: Closed = Closed {
    admin_user_enabled: false,
    anonymous_pull_enabled: false,
    role_assignment_mode: BY_REGISTRY,
};

const STANDARD: Sku = Sku { name: "Standard" };
const BY_REGISTRY: &str = "LegacyRegistryPermissions";

#[derive(Deserialize)]
struct Found {
    id: String,
    tags: Option<Tags>,
    sku: Option<FoundSku>,
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Properties {
    provisioning_state: Option<String>,
    login_server: Option<String>,
    admin_user_enabled: Option<bool>,
    anonymous_pull_enabled: Option<bool>,
    role_assignment_mode: Option<String>,
}

#[derive(Deserialize)]
struct FoundSku {
    name: Option<String>,
}

impl Found {
    /// Whether its tier is below ours.
    fn is_basic(&self) -> bool {
        let name = self.sku.as_ref().and_then(|sku| sku.name.as_deref());
        name.is_some_and(|name| name.eq_ignore_ascii_case("Basic"))
    }

    /// Whether somebody made it less than we did.
    fn is_altered(&self) -> bool {
        let Properties {
            admin_user_enabled,
            anonymous_pull_enabled,
            role_assignment_mode,
            ..
        } = &self.properties;
        let mode = role_assignment_mode.as_deref();
        *admin_user_enabled == Some(true)
            || *anonymous_pull_enabled == Some(true)
            || mode.is_some_and(|mode| !mode.eq_ignore_ascii_case(BY_REGISTRY))
            || self.is_basic()
    }
}

/// Azure's registries have none of the settings that differ between registries.
const NONE: RegistrySettings = RegistrySettings {
    immutable_tags: false,
    scan_on_push: false,
    keep_last: None,
};

#[async_trait]
impl Registries for Azure {
    fn check(&self, wanted: &NewRegistry) -> Vec<Refusal> {
        let RegistrySettings {
            immutable_tags,
            scan_on_push,
            keep_last,
        } = wanted.settings;
        let given = |given: bool| given.then_some(&());
        [
            names::registry(&wanted.name),
            Refusal::of_given(
                "kms_key",
                wanted.kms_key.as_ref(),
                "Only a Premium registry of Azure takes a key of one's own, and ours are Standard: leave it out.",
            ),
            Refusal::of_given(
                "immutable_tags",
                given(immutable_tags),
                "Azure locks images one by one and has no such setting: leave it out, and run tasks by digest.",
            ),
            Refusal::of_given(
                "scan_on_push",
                given(scan_on_push),
                "Azure scans images by Defender for Containers, which is switched on for a whole subscription: leave it out.",
            ),
            Refusal::of_given(
                "keep_last",
                keep_last.as_ref(),
                "Azure has no rule of how many images are kept: leave it out, and let a task of the registry run `acr purge`.",
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn defaults(&self) -> RegistrySettings {
        NONE
    }

    async fn create(&self, new: &NewRegistry) -> Result<Registry> {
        let id = self.0.resource(KIND, &new.name);
        let arm = self.0.arm().await?;
        let version = versions::CONTAINER_REGISTRY;
        let found: Option<Found> = arm
            .get(Call::new(READ, &id), &id, version)
            .await
            .optional()?;
        let call = Call::new(WRITE, &id);
        if let Some(found) = found {
            let state = found.properties.provisioning_state.as_deref();
            let call = call.clone().because("a registry of this name exists");
            operations::once_more(call, state, found.tags.as_ref(), &new.tags)?;
        }
        let body = NewBody {
            location: self.0.config.location.as_str(),
            sku: STANDARD,
            tags: &new.tags,
            properties: CLOSED,
        };
        let made: Result<Found> = arm.put(call, &id, version, &body).await;
        Ok(registry(
            &new.name,
            made.map_err(|error| taken(&new.name, error))?,
        ))
    }

    async fn get(&self, name: &RegistryName) -> Result<Registry> {
        Ok(registry(name, self.registry(name).await?))
    }

    async fn configure(&self, found: &Registry, _: &RegistrySettings) -> Result<()> {
        if !found.foreign_rules {
            return Ok(());
        }
        let id = ResourceId::new(&found.id);
        let is_basic = self.registry(&found.name).await?.is_basic();
        let change = Change {
            sku: is_basic.then_some(STANDARD),
            properties: CLOSED,
        };
        let call = Call::new(WRITE, &id);
        let arm = self.0.arm().await?;
        let _: Found = arm
            .patch(call, &id, versions::CONTAINER_REGISTRY, &change)
            .await?;
        Ok(())
    }

    async fn set_tags(&self, found: &Registry, tags: &Tags) -> Result<()> {
        tags::change(
            self.0.arm().await?,
            &ResourceId::new(&found.id),
            &found.tags,
            tags,
        )
        .await
    }

    async fn images(&self, name: &RegistryName, limit: usize) -> Result<Images> {
        let found = self.registry(name).await?;
        registry_images::count(&self.0, name, &login_server(name, &found), limit).await
    }

    async fn delete(&self, name: &RegistryName, force: bool) -> Result<()> {
        if !force {
            let images = self.images(name, 1).await?;
            if images.count > 0 {
                let call = Call::new(DELETE, name).because("it holds images");
                return Err(Error::NotEmpty(Box::new(call)));
            }
        }
        let id = self.0.resource(KIND, name);
        let call = Call::new(DELETE, &id);
        let arm = self.0.arm().await?;
        arm.delete(call, &id, versions::CONTAINER_REGISTRY, None)
            .await
    }
}

impl Azure {
    async fn registry(&self, name: &RegistryName) -> Result<Found> {
        let id = self.0.resource(KIND, name);
        let arm = self.0.arm().await?;
        arm.get(Call::new(READ, &id), &id, versions::CONTAINER_REGISTRY)
            .await
    }
}

fn login_server(name: &RegistryName, found: &Found) -> String {
    let own = found.properties.login_server.clone();
    own.unwrap_or_else(|| format!("{name}.azurecr.io"))
}

fn registry(name: &RegistryName, found: Found) -> Registry {
    Registry {
        name: name.clone(),
        url: login_server(name, &found),
        kms_key: None,
        settings: NONE,
        foreign_rules: found.is_altered(),
        id: found.id,
        tags: found.tags.unwrap_or_default(),
    }
}

fn taken(name: &RegistryName, error: Error) -> Error {
    match error {
        Error::Invalid(mut call) if call.code.as_deref() == Some("AlreadyInUse") => {
            call.message = Some(format!(
                "the registry {name} exists outside of this resource group, perhaps in a subscription of somebody else: their names are \
                 unique in all of Azure, so choose another"
            ));
            Error::Invalid(call)
        }
        error => error,
    }
}
