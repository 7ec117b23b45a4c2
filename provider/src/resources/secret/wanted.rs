//! How a secret is made and changed, and how a deleted one is brought back.

use clouds::{
    account::KmsKey,
    error::Optional,
    secrets::{NewSecret, Secret as Found, Secrets},
    tags::{CREATING, Tags},
};
use framework::{Context, Result};

use super::{PATIENCE, SecretModel};
use crate::{
    client::Client,
    ownership::{Apply, Creation, Kind, Managed, Marks, Origin},
};

/// A secret as its arguments say. A change without a value leaves the one that is there.
pub(super) struct Wanted<'a> {
    apply: Apply<'a>,
    secrets: &'a dyn Secrets,
    pub(super) new: NewSecret,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(
        cx: &'a Context<Client>,
        plan: &SecretModel,
        prior: Option<&SecretModel>,
    ) -> Result<Self> {
        let secrets = &*cx.client()?.clouds()?.secrets;
        plan.check(secrets, prior)?;
        let name = plan.secret_name()?;
        let time = (&plan.timeouts, PATIENCE);
        let apply = Apply::new(cx, Kind::Secrets, &name, &plan.tags, time)?;
        let new = NewSecret {
            name,
            kms_key: plan.kms_key.known().map(|key| KmsKey::clone(key)),
            value: plan.value(),
            tags: apply.creating.clone(),
        };
        Ok(Self {
            apply,
            secrets,
            new,
        })
    }
}

impl Managed for Wanted<'_> {
    type Model = SecretModel;
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
            .created(|| self.secrets.create(&self.new))
            .await?;
        Ok(made.into())
    }

    async fn find(&self) -> clouds::Result<Found> {
        self.secrets.get(&self.new.name).await
    }

    /// Our own half-made one, or our own deleted one, which is restored.
    async fn take_up(&self) -> Result<Found> {
        let Self {
            apply,
            secrets,
            new: NewSecret { name, .. },
        } = self;
        let found = secrets.get(name).await?;
        if !found.deleted {
            apply.marks.claim(&found.tags, name.as_str())?;
            return Ok(found);
        }
        if !apply.marks.made(&found.tags) {
            return Err(apply.marks.taken(
                "It is being deleted, can still be brought back, and does not carry this configuration's marks: somebody else made it.",
                name.as_str(),
            ));
        }
        apply
            .settled("restoration", || secrets.restore(name))
            .await?;
        let mut found = Found {
            deleted: false,
            ..found
        };
        // One that we deleted is marked since then. Others delete without the mark, and a deleted secret takes no tags.
        if !found.tags.contains_key(CREATING) {
            apply
                .settled("tags", || secrets.set_tags(&found, &apply.creating))
                .await?;
            found.tags.clone_from(&apply.creating);
        }
        Ok(found)
    }

    /// The value comes after the key, so that it is encrypted with the new one.
    async fn configure(&self, found: Found, origin: Origin) -> Result<Found> {
        let Self {
            apply,
            secrets,
            new:
                NewSecret {
                    name,
                    kms_key,
                    value,
                    ..
                },
        } = self;
        if found.kms_key != *kms_key {
            apply
                .settled("key", || secrets.set_key(&found, kms_key.as_ref()))
                .await?;
        }
        let version = match value {
            Some(value) if origin != Origin::Made => Some(
                apply
                    .settled("value", || secrets.put_value(name, value))
                    .await?,
            ),
            _ => found.version,
        };
        Ok(Found {
            kms_key: kms_key.clone(),
            version,
            ..found
        })
    }

    async fn set_tags(&self, found: &Found, tags: &Tags) -> clouds::Result<()> {
        self.secrets.set_tags(found, tags).await
    }

    fn record(model: &mut SecretModel, found: &Found) {
        model.id = found.id.clone().into();
        if model.version.is_unknown() {
            model.version = found.version.clone().into();
        }
        model.tags_all = found.tags.clone().into();
    }
}

/// Marks our secret as half made before it is deleted, for none can be marked while it is. Whichever apply brings it back may
/// then be killed at any moment: what it leaves is known as ours, and unfinished.
pub(super) async fn leave_unfinished(
    client: &Client,
    secrets: &dyn Secrets,
    state: &SecretModel,
) -> Result<()> {
    let name = state.secret_name()?;
    let tags = state.tags_all.known().cloned().unwrap_or_default();
    if !Marks::new(client, Kind::Secrets, &name)?.made(&tags) {
        return Ok(());
    }
    let mut unfinished = tags.clone();
    unfinished.insert(CREATING.to_owned(), "true".to_owned());
    let found = Found {
        name,
        id: state.id.known().cloned().unwrap_or_default(),
        kms_key: None,
        version: None,
        deleted: false,
        tags,
    };
    match secrets.set_tags(&found, &unfinished).await.optional() {
        Ok(_) => Ok(()),
        Err(error) if error.is_transient() => Err(error.into()),
        // Nobody is kept from deleting by a tag.
        Err(error) => {
            tracing::warn!(%error, "the secret is deleted without a mark for the apply that restores it");
            Ok(())
        }
    }
}
