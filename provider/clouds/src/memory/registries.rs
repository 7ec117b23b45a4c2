//! Registries, in memory.

use async_trait::async_trait;

use super::{Memory, World, missing, occupied, taken};
use crate::error::Result;
use crate::refusal::Refusal;
use crate::registries::{
    Images, NewRegistry, Registries, Registry, RegistryName, RegistrySettings,
};
use crate::tags::Tags;

#[async_trait]
impl Registries for Memory {
    fn check(&self, _: &NewRegistry) -> Vec<Refusal> {
        self.refusals("registries.check")
    }

    fn defaults(&self) -> RegistrySettings {
        RegistrySettings {
            immutable_tags: true,
            scan_on_push: true,
            keep_last: None,
        }
    }

    async fn create(&self, new: &NewRegistry) -> Result<Registry> {
        self.run("registries.create", |world| {
            if world.registries.contains_key(&new.name) {
                return Err(taken("registries.create", &new.name));
            }
            let registry = Registry {
                name: new.name.clone(),
                id: format!("memory:{}:registry/{}", world.account, new.name),
                url: format!("{}.registry.memory.invalid/{}", world.account, new.name),
                kms_key: new.kms_key.clone(),
                settings: RegistrySettings {
                    keep_last: None,
                    ..new.settings
                },
                foreign_rules: false,
                tags: new.tags.clone(),
            };
            world
                .registries
                .insert(new.name.clone(), (registry.clone(), 0));
            Ok(registry)
        })
    }

    async fn get(&self, name: &RegistryName) -> Result<Registry> {
        self.run("registries.get", |world| {
            Ok(find(world, "registries.get", name)?.0.clone())
        })
    }

    async fn configure(&self, found: &Registry, wanted: &RegistrySettings) -> Result<()> {
        self.run("registries.configure", |world| {
            let registry = &mut find(world, "registries.configure", &found.name)?.0;
            registry.settings = *wanted;
            registry.foreign_rules = false;
            Ok(())
        })
    }

    async fn set_tags(&self, found: &Registry, tags: &Tags) -> Result<()> {
        self.run("registries.set_tags", |world| {
            find(world, "registries.set_tags", &found.name)?.0.tags = tags.clone();
            Ok(())
        })
    }

    async fn images(&self, name: &RegistryName, limit: usize) -> Result<Images> {
        self.run("registries.images", |world| {
            let count = find(world, "registries.images", name)?.1;
            Ok(Images {
                count: count.min(limit),
                more: count > limit,
            })
        })
    }

    async fn delete(&self, name: &RegistryName, force: bool) -> Result<()> {
        self.run("registries.delete", |world| {
            let images = find(world, "registries.delete", name)?.1;
            if images > 0 && !force {
                return Err(occupied(
                    "registries.delete",
                    name,
                    &format!("it holds {images} images"),
                ));
            }
            world.registries.remove(name);
            Ok(())
        })
    }
}

fn find<'w>(
    world: &'w mut World,
    operation: &'static str,
    name: &RegistryName,
) -> Result<&'w mut (Registry, usize)> {
    world
        .registries
        .get_mut(name)
        .ok_or_else(|| missing(operation, name))
}
