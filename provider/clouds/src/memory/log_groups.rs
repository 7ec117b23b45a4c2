//! Log groups, in memory.

use async_trait::async_trait;

use super::{Memory, World, missing, taken};
use crate::error::Result;
use crate::log_groups::{
    LogGroup, LogGroupName, LogGroupSettings, LogGroups, NewLogGroup, Retention,
};
use crate::refusal::Refusal;
use crate::tags::Tags;

#[async_trait]
impl LogGroups for Memory {
    fn check(&self, _: &LogGroupName, _: &LogGroupSettings) -> Vec<Refusal> {
        self.refusals("log_groups.check")
    }

    fn check_change(&self, _: &LogGroupSettings, _: &LogGroupSettings) -> Vec<Refusal> {
        self.refusals("log_groups.check_change")
    }

    fn default_retention(&self) -> Option<Retention> {
        None
    }

    async fn create(&self, new: &NewLogGroup) -> Result<()> {
        self.run("log_groups.create", |world| {
            if world.log_groups.contains_key(&new.name) {
                return Err(taken("log_groups.create", &new.name));
            }
            let group = LogGroup {
                name: new.name.clone(),
                id: format!("memory:{}:log-group:{}", world.account, new.name),
                settings: LogGroupSettings {
                    retention: None,
                    kms_key: new.kms_key.clone(),
                },
                tags: new.tags.clone(),
            };
            world.log_groups.insert(new.name.clone(), group);
            Ok(())
        })
    }

    async fn get(&self, name: &LogGroupName) -> Result<LogGroup> {
        self.run("log_groups.get", |world| {
            Ok(find(world, "log_groups.get", name)?.clone())
        })
    }

    async fn configure(&self, found: &LogGroup, wanted: &LogGroupSettings) -> Result<()> {
        self.run("log_groups.configure", |world| {
            find(world, "log_groups.configure", &found.name)?.settings = wanted.clone();
            Ok(())
        })
    }

    async fn set_tags(&self, found: &LogGroup, tags: &Tags) -> Result<()> {
        self.run("log_groups.set_tags", |world| {
            find(world, "log_groups.set_tags", &found.name)?.tags = tags.clone();
            Ok(())
        })
    }

    async fn delete(&self, name: &LogGroupName) -> Result<()> {
        self.run("log_groups.delete", |world| {
            let gone = world.log_groups.remove(name);
            gone.map(|_| ())
                .ok_or_else(|| missing("log_groups.delete", name))
        })
    }
}

fn find<'w>(
    world: &'w mut World,
    operation: &'static str,
    name: &LogGroupName,
) -> Result<&'w mut LogGroup> {
    world
        .log_groups
        .get_mut(name)
        .ok_or_else(|| missing(operation, name))
}
