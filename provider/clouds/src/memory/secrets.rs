//! Secrets, in memory.

use async_trait::async_trait;

use super::{Memory, World, missing, taken};
use crate::account::KmsKey;
use crate::error::{Call, Error, Result};
use crate::refusal::Refusal;
use crate::secrets::{Deletion, NewSecret, RecoveryDays, Secret, SecretName, SecretText, Secrets};
use crate::tags::Tags;

#[async_trait]
impl Secrets for Memory {
    fn check(&self, _: &SecretName, _: Option<&KmsKey>, _: Deletion) -> Vec<Refusal> {
        self.refusals("secrets.check")
    }

    fn default_deletion(&self) -> Deletion {
        RecoveryDays::try_from(30).map_or(Deletion::ByTheStore, Deletion::After)
    }

    async fn create(&self, new: &NewSecret) -> Result<Secret> {
        self.run("secrets.create", |world| {
            if world.secrets.contains_key(&new.name) {
                return Err(taken("secrets.create", &new.name));
            }
            let secret = Secret {
                name: new.name.clone(),
                id: format!("memory:{}:secret:{}", world.account, new.name),
                kms_key: new.kms_key.clone(),
                version: new.value.as_ref().map(|_| "1".to_owned()),
                deleted: false,
                tags: new.tags.clone(),
            };
            world
                .secrets
                .insert(new.name.clone(), (secret.clone(), new.value.clone()));
            Ok(secret)
        })
    }

    async fn get(&self, name: &SecretName) -> Result<Secret> {
        self.run("secrets.get", |world| {
            let stored = world
                .secrets
                .get(name)
                .ok_or_else(|| missing("secrets.get", name))?;
            Ok(stored.0.clone())
        })
    }

    async fn put_value(&self, name: &SecretName, value: &SecretText) -> Result<String> {
        self.run("secrets.put_value", |world| {
            let (secret, stored) = alive(world, "secrets.put_value", name)?;
            let last: u64 = secret
                .version
                .as_deref()
                .and_then(|version| version.parse().ok())
                .unwrap_or(0);
            let version = (last + 1).to_string();
            secret.version = Some(version.clone());
            *stored = Some(value.clone());
            Ok(version)
        })
    }

    async fn set_key(&self, found: &Secret, key: Option<&KmsKey>) -> Result<()> {
        self.run("secrets.set_key", |world| {
            alive(world, "secrets.set_key", &found.name)?.0.kms_key = key.cloned();
            Ok(())
        })
    }

    async fn set_tags(&self, found: &Secret, tags: &Tags) -> Result<()> {
        self.run("secrets.set_tags", |world| {
            alive(world, "secrets.set_tags", &found.name)?.0.tags = tags.clone();
            Ok(())
        })
    }

    async fn restore(&self, name: &SecretName) -> Result<()> {
        self.run("secrets.restore", |world| {
            let stored = world
                .secrets
                .get_mut(name)
                .ok_or_else(|| missing("secrets.restore", name))?;
            stored.0.deleted = false;
            Ok(())
        })
    }

    async fn delete(&self, name: &SecretName, deletion: Deletion) -> Result<()> {
        self.run("secrets.delete", |world| {
            let known = world.secrets.get_mut(name);
            let (secret, _) = known.ok_or_else(|| missing("secrets.delete", name))?;
            match deletion {
                Deletion::Now => {
                    world.secrets.remove(name);
                }
                Deletion::After(_) if secret.deleted => {
                    return Err(missing("secrets.delete", name));
                }
                Deletion::After(_) | Deletion::ByTheStore => secret.deleted = true,
            }
            Ok(())
        })
    }
}

fn alive<'w>(
    world: &'w mut World,
    operation: &'static str,
    name: &SecretName,
) -> Result<&'w mut (Secret, Option<SecretText>)> {
    let stored = world
        .secrets
        .get_mut(name)
        .ok_or_else(|| missing(operation, name))?;
    if stored.0.deleted {
        let call = Call::new(operation, name).because("the secret is deleted; restore it first");
        return Err(Error::Invalid(Box::new(call)));
    }
    Ok(stored)
}
