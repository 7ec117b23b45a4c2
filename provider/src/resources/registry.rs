//! `dataplane_registry`: where the images of tasks are pushed to.

use std::{collections::BTreeMap, time::Duration};

use clouds::{
    account::KmsKey,
    error::{Error, Optional},
    registries::{NewRegistry, Registries, Registry as Found, RegistryName, RegistrySettings},
};
use framework::{
    Applied, Change, Context, Diagnostic, Model, Resource, Result, Text, Timeouts, Update, Value,
    wait::Deadline,
};

use crate::{
    client::Client,
    drift,
    ownership::{Marks, Origin},
    settle::{created, settled},
    tags,
};

/// The resource.
pub struct Registry;

/// A repository of container images: where the data plane's image builder pushes to and its nodes pull from.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct RegistryModel {
    /// Name of the repository with its path, for example `acme/tasks`.
    #[attr(required, replaces)]
    pub name: Value<Text<RegistryName>>,
    /// Whether a tag, once pushed, always means the same image.
    #[attr(optional, computed, default = true)]
    pub immutable_tags: Value<bool>,
    /// Whether images are scanned for known vulnerabilities when they are pushed.
    #[attr(optional, computed, default = true)]
    pub scan_on_push: Value<bool>,
    /// How many images are kept; the oldest are removed. Default: all.
    #[attr(optional, validate = some_images)]
    pub keep_last: Value<i64>,
    /// ARN of the key that images are encrypted with. Default: a key that the cloud keeps.
    #[attr(optional, replaces, validate = KmsKey::by_full_name)]
    pub kms_key: Value<Text<KmsKey>>,
    /// Whether destroying the registry also deletes the images in it. Has to be applied before the destroy.
    #[attr(optional, computed, default = false)]
    pub force_destroy: Value<bool>,
    /// Tags of the registry, added to the provider's `tags`.
    #[attr(optional, validate = tags::check)]
    pub tags: Value<BTreeMap<String, String>>,
    /// How long to wait for the cloud.
    #[attr(optional)]
    pub timeouts: Value<Timeouts>,
    /// What the registry is called by other resources: its name.
    #[attr(computed, stable)]
    pub id: Value<String>,
    /// What stands before the tag of an image: host and name.
    #[attr(computed, stable)]
    pub url: Value<String>,
    /// Whether somebody added rules of what to remove. The next apply takes them away.
    #[attr(computed)]
    pub unexpected_rules: Value<bool>,
    /// All tags: the provider's, its own, and the marks `dataplane:owner` and `dataplane:resource`.
    #[attr(computed)]
    pub tags_all: Value<BTreeMap<String, String>>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "validators get a reference, whatever the type"
)]
fn some_images(count: &i64) -> std::result::Result<(), String> {
    if (1..=i64::from(u32::MAX)).contains(count) {
        Ok(())
    } else {
        Err(format!(
            "{count} images cannot be kept: it must be 1 or more, or left out to keep all"
        ))
    }
}

/// How long a step waits for the cloud without `timeouts`.
const PATIENCE: Duration = Duration::from_mins(2);

/// How many images are counted to say why a registry is not destroyed.
const COUNTED: usize = 1000;

impl Resource for Registry {
    const NAME: &'static str = "dataplane_registry";
    const IDENTITY: &'static [&'static str] = &["name"];
    type Client = Client;
    type Model = RegistryModel;

    fn label(&self, model: &RegistryModel) -> Option<String> {
        model.name.known().map(ToString::to_string)
    }

    async fn plan(&self, cx: &Context<Client>, change: &mut Change<RegistryModel>) -> Result<()> {
        let (Some(client), Some(planned)) = (cx.client_if_known(), change.planned.as_mut()) else {
            return Ok(());
        };
        planned.id = planned.name.as_ref().map(ToString::to_string);
        planned.unexpected_rules = false.into();
        planned.tags_all = Marks::planned(client, Self::NAME, &planned.name, &planned.tags);
        Ok(())
    }

    async fn create(&self, cx: &Context<Client>, plan: RegistryModel) -> Applied<RegistryModel> {
        let client = cx.client()?;
        let registries = &*client.clouds()?.registries;
        let name = plan.registry_name()?;
        let settings = plan.settings()?;
        let marks = Marks::new(client, Self::NAME, &name);
        let new = NewRegistry {
            name: name.clone(),
            kms_key: plan.kms_key.known().map(|key| KmsKey::clone(key)),
            settings,
            tags: marks.creating(plan.tags.known()),
        };
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        let what = format!("the creation of registry {name}");
        let outcome = created(cx, deadline, what, || registries.create(&new)).await?;
        let (origin, found) = if let Some(made) = outcome {
            (Origin::Made, made)
        } else {
            let found = registries.get(&name).await?;
            marks.claim(&found.tags, name.as_str())?;
            if found.kms_key != new.kms_key {
                return Err(half_made_otherwise(&name).into());
            }
            (Origin::Continued, found)
        };
        let mut made = plan;
        made.identify(&found);
        let tags = marks.finished(made.tags.known());
        origin.keep(
            finish(cx, deadline, registries, &found, &settings, &tags).await,
            &made,
        )?;
        made.unexpected_rules = false.into();
        made.tags_all = tags.into();
        Ok(made)
    }

    async fn read(
        &self,
        cx: &Context<Client>,
        mut state: RegistryModel,
    ) -> Result<Option<RegistryModel>> {
        let client = cx.client()?;
        let Some(found) = client
            .clouds()?
            .registries
            .get(&state.registry_name()?)
            .await
            .optional()?
        else {
            return Ok(None);
        };
        state.identify(&found);
        state.immutable_tags = found.settings.immutable_tags.into();
        state.scan_on_push = found.settings.scan_on_push.into();
        state.keep_last = found.settings.keep_last.map(i64::from).into();
        state.kms_key = found.kms_key.map(Text::from).into();
        state.unexpected_rules = found.foreign_rules.into();
        state.tags = drift::own_tags(client, &state.tags, &found.tags);
        state.tags_all = found.tags.into();
        Ok(Some(state))
    }

    async fn update(
        &self,
        cx: &Context<Client>,
        change: Update<RegistryModel>,
    ) -> Applied<RegistryModel> {
        let client = cx.client()?;
        let registries = &*client.clouds()?.registries;
        let Update { plan, .. } = change;
        let name = plan.registry_name()?;
        let settings = plan.settings()?;
        let found = registries.get(&name).await?;
        let tags = Marks::new(client, Self::NAME, &name).finished(plan.tags.known());
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        finish(cx, deadline, registries, &found, &settings, &tags).await?;
        Ok(plan)
    }

    async fn delete(&self, cx: &Context<Client>, state: RegistryModel) -> Result<()> {
        let registries = &*cx.client()?.clouds()?.registries;
        let name = state.registry_name()?;
        let force = state.force_destroy == Value::Known(true);
        match registries.delete(&name, force).await.optional() {
            Err(Error::NotEmpty(_)) if !force => {
                let images = registries.images(&name, COUNTED).await?;
                let at_least = if images.more { "at least " } else { "" };
                Err(Diagnostic::error(
                    format!("registry {name} is not empty"),
                    format!(
                        "It holds {at_least}{} images at {}. Nothing was deleted. Delete them first, or set \
                         `force_destroy = true`, apply that, and destroy again.",
                        images.count,
                        state.url.known().map_or(name.as_str(), String::as_str),
                    ),
                )
                .into())
            }
            outcome => {
                outcome?;
                Ok(())
            }
        }
    }

    async fn import(&self, _cx: &Context<Client>, id: &str) -> Result<RegistryModel> {
        Ok(RegistryModel {
            name: Value::Known(id.parse()?),
            force_destroy: false.into(),
            ..RegistryModel::default()
        })
    }

    async fn import_identity(
        &self,
        _cx: &Context<Client>,
        identity: RegistryModel,
    ) -> Result<RegistryModel> {
        Ok(RegistryModel {
            force_destroy: false.into(),
            ..identity
        })
    }
}

impl RegistryModel {
    fn registry_name(&self) -> Result<RegistryName> {
        Ok(RegistryName::clone(self.name.get()?))
    }

    fn settings(&self) -> Result<RegistrySettings> {
        Ok(RegistrySettings {
            immutable_tags: *self.immutable_tags.get()?,
            scan_on_push: *self.scan_on_push.get()?,
            keep_last: self
                .keep_last
                .known()
                .map(|count| u32::try_from(*count))
                .transpose()?,
        })
    }

    fn identify(&mut self, found: &Found) {
        self.id = found.name.to_string().into();
        self.url = found.url.clone().into();
    }
}

/// Makes an existing registry what is wanted; its tags come last, for they say that it is finished.
async fn finish(
    cx: &Context<Client>,
    deadline: Deadline,
    registries: &dyn Registries,
    found: &Found,
    settings: &RegistrySettings,
    tags: &clouds::Tags,
) -> Result<()> {
    let name = &found.name;
    if found.settings != *settings || found.foreign_rules {
        settled(
            cx,
            deadline,
            format!("the settings of registry {name}"),
            || registries.configure(found, settings),
        )
        .await?;
    }
    if found.tags != *tags {
        settled(cx, deadline, format!("the tags of registry {name}"), || {
            registries.set_tags(found, tags)
        })
        .await?;
    }
    Ok(())
}

fn half_made_otherwise(name: &RegistryName) -> framework::Diagnostics {
    Diagnostic::error(
        format!("registry {name} is half made with another key"),
        "An earlier apply of this configuration was interrupted while it made the registry with another `kms_key`, which cannot be \
         changed. Delete the registry, which is empty, or go back to that key, and apply again.",
    )
    .into()
}

#[cfg(test)]
mod tests {
    use clouds::memory::Memory;
    use framework::testing::Action;
    use serde_json::json;

    use super::*;
    use crate::testing::{over, owned_by, refuses, survives_every_failure, text};

    /// An attribute, and how somebody changes it behind our back.
    type Drift = (&'static str, fn(&mut Found));

    const NAME: &str = Registry::NAME;
    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn full() -> serde_json::Value {
        json!({ "name": "acme/tasks", "keep_last": 50, "tags": { "env": "prod" } })
    }

    #[tokio::test]
    async fn basic() {
        let harness = over(&Memory::default()).await;
        let registry = harness.resource(NAME);
        registry
            .lifecycle(
                full(),
                json!({ "name": "acme/tasks", "immutable_tags": false, "scan_on_push": false }),
            )
            .await;
        let state = registry.create(full()).await;
        assert_eq!(state["immutable_tags"], true);
        let planned = registry
            .plan(&state, json!({ "name": "acme/tasks", "kms_key": KEY }))
            .await;
        assert_eq!(
            (planned.action, planned.replace_paths),
            (Action::Replace, vec![framework::path!("kms_key")])
        );
    }

    #[tokio::test]
    async fn disappears() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let registry = harness.resource(NAME);
        let state = registry.create(full()).await;
        memory.change(|world| world.registries.clear());
        assert!(registry.read(&state).await.is_none());
        registry.delete(state).await;
    }

    #[tokio::test]
    async fn every_drift_is_shown_and_mended() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let registry = harness.resource(NAME);
        let state = registry.create(full()).await;
        let drifts: [Drift; 4] = [
            ("unexpected_rules", |found| found.foreign_rules = true),
            ("keep_last", |found| found.settings.keep_last = None),
            ("immutable_tags", |found| {
                found.settings.immutable_tags = false;
            }),
            ("scan_on_push", |found| found.settings.scan_on_push = false),
        ];
        for (attribute, drift) in drifts {
            memory.change(|world| {
                world
                    .registries
                    .values_mut()
                    .for_each(|(found, _)| drift(found));
            });
            let found = registry.read(&state).await.unwrap();
            assert_ne!(found[attribute], state[attribute], "{attribute}");
            let mended = registry.update(&found, full()).await;
            assert_eq!(mended.values, state.values, "{attribute}");
            registry.settled(&mended, full()).await;
        }
    }

    #[tokio::test]
    async fn a_create_that_fails_anywhere_is_completed_by_the_next() {
        survives_every_failure(NAME, full(), |world| world.registries.len()).await;
    }

    #[tokio::test]
    async fn a_registry_of_somebody_else_is_never_touched() {
        let memory = Memory::default();
        owned_by("acme-test", &memory)
            .await
            .resource(NAME)
            .create(full())
            .await;
        let harness = over(&memory).await;
        let said = text(
            &harness
                .resource(NAME)
                .try_create(full())
                .await
                .unwrap_err()
                .diagnostics,
        );
        assert!(
            said.contains("the registry acme/tasks exists already") && said.contains("acme-test"),
            "{said}"
        );
    }

    #[tokio::test]
    async fn a_half_made_registry_with_another_key_is_not_continued() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let registry = harness.resource(NAME);
        memory.lose_answer("registries.create", 1, crate::testing::outage());
        registry.try_create(full()).await.unwrap_err();
        let mut other = full();
        other["kms_key"] = KEY.into();
        let said = text(&registry.try_create(other).await.unwrap_err().diagnostics);
        assert!(said.contains("half made with another key"), "{said}");
    }

    #[tokio::test]
    async fn imported_it_is_what_was_made() {
        let harness = over(&Memory::default()).await;
        let registry = harness.resource(NAME);
        let state = registry.create(full()).await;
        for imported in [
            registry.import("acme/tasks").await,
            registry.import_identity(&state).await.unwrap(),
        ] {
            registry.settled(&imported, full()).await;
        }
    }

    #[tokio::test]
    async fn a_registry_with_images_is_not_destroyed_unless_forced() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let registry = harness.resource(NAME);
        let state = registry.create(full()).await;
        memory.change(|world| {
            world
                .registries
                .values_mut()
                .for_each(|(_, images)| *images = 3);
        });
        let failed = registry.try_delete(state).await.unwrap_err();
        let said = text(&failed.diagnostics);
        assert!(
            said.contains("It holds 3 images at ") && said.contains("`force_destroy = true`"),
            "{said}"
        );
        let mut forced = full();
        forced["force_destroy"] = true.into();
        let state = registry.update(&failed.state.unwrap(), forced).await;
        registry.delete(state).await;
        assert!(memory.change(|world| world.registries.is_empty()));
    }

    #[tokio::test]
    async fn bad_input_is_refused_where_it_stands() {
        let harness = over(&Memory::default()).await;
        let registry = harness.resource(NAME);
        refuses(&registry, json!({ "name": "Acme" }), "name", &["lowercase"]).await;
        refuses(
            &registry,
            json!({ "name": "acme", "keep_last": 0 }),
            "keep_last",
            &["1 or more"],
        )
        .await;
        refuses(
            &registry,
            json!({ "name": "acme", "kms_key": "alias/acme" }),
            "kms_key",
            &["give the key's ARN"],
        )
        .await;
    }
}
