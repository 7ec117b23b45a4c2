//! `dataplane_registry`: where the images of tasks are pushed to.

mod wanted;

use std::{collections::BTreeMap, time::Duration};

use clouds::{
    account::KmsKey,
    error::{Error, Optional},
    registries::{NewRegistry, Registries, Registry as Found, RegistryName, RegistrySettings},
    tags::Tags,
};
use framework::{
    Applied, Change, Context, Diagnostic, Model, Resource, Result, Text, Timeouts, Update, Value,
};

use wanted::Wanted;

use crate::{
    client::Client,
    drift,
    ownership::{self, Kind, Marks},
    refusals, tags,
};

/// The resource.
pub struct Registry;

/// A repository of container images: where the data plane's image builder pushes to and its nodes pull from. A repository of ECR on
/// AWS, of Artifact Registry on Google Cloud, a Container Registry on Azure.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct RegistryModel {
    /// Name of the repository: on AWS with its path, for example `acme/tasks`, on Google Cloud lower-case letters, digits and hyphens, on
    /// Azure 5 to 50 letters and digits, unique in the whole cloud.
    #[attr(required, replaces)]
    pub name: Value<Text<RegistryName>>,
    /// Whether a tag, once pushed, always means the same image. Default: `true` where the cloud has this; Azure has it not.
    #[attr(optional, computed)]
    pub immutable_tags: Value<bool>,
    /// Whether images are scanned for known vulnerabilities when they are pushed. Default: `true` where a registry of the cloud can say so,
    /// as on AWS.
    #[attr(optional, computed)]
    pub scan_on_push: Value<bool>,
    /// How many images are kept; the oldest are removed. Not on Azure. Default: all.
    #[attr(optional, computed, validate = some_images)]
    pub keep_last: Value<i64>,
    /// Key that images are encrypted with, by its full name: its ARN on AWS, `projects/…/cryptoKeys/…` on Google Cloud. Default: a key
    /// that the cloud keeps.
    #[attr(optional, replaces)]
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
    /// What stands before the tag of an image: host and name. On Azure a path of your choice may follow.
    #[attr(computed, stable)]
    pub url: Value<String>,
    /// Whether somebody added rules of what to remove, or on Azure switched the admin user, pulling without signing in or permissions by
    /// repository (which `AcrPull` and `AcrPush` do not give) on, or the tier down to Basic. The next apply takes that away. A tier above and a
    /// closed network stay.
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
        let (Some(client), Some(config), Some(planned)) = (
            cx.client_if_known(),
            change.config.as_ref(),
            change.planned.as_mut(),
        ) else {
            return Ok(());
        };
        let registries = &*client.clouds()?.registries;
        planned.fill_in(config, registries.defaults());
        let checked = planned.check(registries, change.prior.as_ref());
        let tags = Marks::planned(client, Kind::Registries, &planned.name, &planned.tags);
        planned.tags_all = refusals::along(checked, tags)?;
        planned.id = planned.name.as_ref().map(ToString::to_string);
        planned.unexpected_rules = false.into();
        Ok(())
    }

    async fn create(&self, cx: &Context<Client>, plan: RegistryModel) -> Applied<RegistryModel> {
        ownership::create(&Wanted::of(cx, &plan, None)?, plan).await
    }

    async fn read(
        &self,
        cx: &Context<Client>,
        mut state: RegistryModel,
    ) -> Result<Option<RegistryModel>> {
        let client = cx.client()?;
        let Some(mut found) = client
            .clouds()?
            .registries
            .get(&state.registry_name()?)
            .await
            .optional()?
        else {
            return Ok(None);
        };
        found.tags = drift::our_tags(
            client,
            (Kind::Registries, state.name.get()?),
            &state.tags_all,
            found.tags,
        )?;
        state.identify(&found);
        state.immutable_tags = found.settings.immutable_tags.into();
        state.scan_on_push = found.settings.scan_on_push.into();
        state.keep_last = found.settings.keep_last.map(i64::from).into();
        state.kms_key = found.kms_key.map(Text::from).into();
        state.tags = drift::own_tags(client, &state.tags, &found.tags);
        Ok(Some(state))
    }

    async fn update(
        &self,
        cx: &Context<Client>,
        change: Update<RegistryModel>,
    ) -> Applied<RegistryModel> {
        let Update { prior, plan } = change;
        let wanted = Wanted::of(cx, &plan, Some(&prior))?;
        ownership::update(&wanted, plan, &prior.tags_all).await
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

    /// What the configuration leaves to this cloud.
    fn fill_in(&mut self, config: &Self, defaults: RegistrySettings) {
        if config.immutable_tags.is_null() {
            self.immutable_tags = defaults.immutable_tags.into();
        }
        if config.scan_on_push.is_null() {
            self.scan_on_push = defaults.scan_on_push.into();
        }
        if config.keep_last.is_null() {
            self.keep_last = defaults.keep_last.map(i64::from).into();
        }
    }

    /// Refuses what this cloud does not take, as far as it is known.
    fn check(&self, registries: &dyn Registries, prior: Option<&Self>) -> Result<()> {
        let mut asked = self.clone();
        asked.name = refusals::named(&self.name, refusals::STAND_IN)?;
        let refused = registries.check(&asked.wanted(Tags::new())?);
        refusals::none_of(refused, &[], prior, self)
    }

    fn wanted(&self, tags: Tags) -> Result<NewRegistry> {
        Ok(NewRegistry {
            name: self.registry_name()?,
            kms_key: self.kms_key.known().map(|key| KmsKey::clone(key)),
            settings: self.settings()?,
            tags,
        })
    }

    /// What is unknown is as if the cloud had it not.
    fn settings(&self) -> Result<RegistrySettings> {
        Ok(RegistrySettings {
            immutable_tags: self.immutable_tags == Value::Known(true),
            scan_on_push: self.scan_on_push == Value::Known(true),
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
        self.unexpected_rules = found.foreign_rules.into();
        self.tags_all = found.tags.clone().into();
    }
}

#[cfg(test)]
mod tests;
