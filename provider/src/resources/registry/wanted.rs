//! How a registry is made and changed.

use clouds::{
    registries::{NewRegistry, Registries, Registry as Found, RegistrySettings},
    tags::Tags,
};
use framework::{Context, Diagnostic, Result};

use super::{PATIENCE, RegistryModel};
use crate::{
    client::Client,
    ownership::{Apply, Creation, Kind, Managed, Origin},
};

/// A registry as its arguments say.
pub(super) struct Wanted<'a> {
    apply: Apply<'a>,
    registries: &'a dyn Registries,
    new: NewRegistry,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(
        cx: &'a Context<Client>,
        plan: &RegistryModel,
        prior: Option<&RegistryModel>,
    ) -> Result<Self> {
        let registries = &*cx.client()?.clouds()?.registries;
        plan.check(registries, prior)?;
        let name = plan.registry_name()?;
        let time = (&plan.timeouts, PATIENCE);
        let apply = Apply::new(cx, Kind::Registries, &name, &plan.tags, time)?;
        Ok(Self {
            registries,
            new: plan.wanted(apply.creating.clone())?,
            apply,
        })
    }
}

impl Managed for Wanted<'_> {
    type Model = RegistryModel;
    type Found = Found;

    fn apply(&self) -> &Apply<'_> {
        &self.apply
    }

    fn tags(found: &mut Found) -> &mut Tags {
        &mut found.tags
    }

    async fn make(&self) -> Result<Creation<Found>> {
        let made = self
            .apply
            .created(|| self.registries.create(&self.new))
            .await?;
        Ok(made.into())
    }

    async fn find(&self) -> clouds::Result<Found> {
        self.registries.get(&self.new.name).await
    }

    fn suits(&self, found: &Found) -> Result<()> {
        if found.kms_key == self.new.kms_key {
            return Ok(());
        }
        Err(Diagnostic::error(
            format!("registry {} is half made with another key", found.name),
            "An earlier apply of this configuration was interrupted while it made the registry with another `kms_key`, which cannot be \
             changed. Delete the registry, which is empty, or go back to that key, and apply again.",
        )
        .into())
    }

    async fn configure(&self, found: Found, _origin: Origin) -> Result<Found> {
        let settings: &RegistrySettings = &self.new.settings;
        if found.settings != *settings || found.foreign_rules {
            self.apply
                .settled("settings", || self.registries.configure(&found, settings))
                .await?;
        }
        Ok(Found {
            foreign_rules: false,
            ..found
        })
    }

    async fn set_tags(&self, found: &Found, tags: &Tags) -> clouds::Result<()> {
        self.registries.set_tags(found, tags).await
    }

    fn record(model: &mut RegistryModel, found: &Found) {
        model.identify(found);
    }
}
