//! How a bucket is made and changed.

use clouds::{
    account::Region,
    buckets::{Bucket as Found, BucketId, BucketSettings, Buckets, NewBucket},
    error::Error,
    tags::Tags,
};
use framework::{
    Context, Diagnostic, Result,
    wait::{self, Poll},
};

use super::{BucketModel, PATIENCE};
use crate::{
    client::Client,
    ownership::{Apply, Creation, Kind, Managed, Origin},
    settle::is_settling,
};

/// A bucket as its arguments say.
pub(super) struct Wanted<'a> {
    apply: Apply<'a>,
    buckets: &'a dyn Buckets,
    /// Where new buckets are made.
    region: Option<&'a Region>,
    id: BucketId,
    hierarchical: bool,
    settings: BucketSettings,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(
        cx: &'a Context<Client>,
        plan: &BucketModel,
        prior: Option<&BucketModel>,
    ) -> Result<Self> {
        let client = cx.client()?;
        let buckets = &*client.clouds()?.buckets;
        plan.check(buckets, prior)?;
        let id = plan.bucket_id()?;
        let time = (&plan.timeouts, PATIENCE);
        Ok(Self {
            apply: Apply::new(cx, Kind::Buckets, &id, &plan.tags, time)?,
            buckets,
            region: client.region.as_ref(),
            hierarchical: plan.hierarchical(),
            settings: plan.settings()?,
            id,
        })
    }
}

impl Managed for Wanted<'_> {
    type Model = BucketModel;
    type Found = Found;

    fn apply(&self) -> &Apply<'_> {
        &self.apply
    }

    fn tags(found: &mut Found) -> &mut Tags {
        &mut found.tags
    }

    async fn make(&self) -> Result<Creation<Found>> {
        let new = NewBucket {
            id: self.id.clone(),
            hierarchical: self.hierarchical,
            kms_key: self.settings.encryption.key().cloned(),
            tags: self.apply.creating.clone(),
        };
        let made = self.apply.created(|| self.buckets.create(&new)).await?;
        Ok(Creation::unseen(made))
    }

    async fn find(&self) -> clouds::Result<Found> {
        self.buckets.get(&self.id).await
    }

    async fn take_up(&self) -> Result<Found> {
        let Self {
            apply,
            buckets,
            region,
            id,
            ..
        } = self;
        match buckets.get(id).await {
            Ok(found) => {
                let elsewhere = region.filter(|region| **region != found.region).map(|region| {
                    format!("It lies in {}, and new buckets are made in {region}.", found.region)
                });
                let reasons: Vec<_> = [elsewhere, apply.marks.strangeness(&found.tags)].into_iter().flatten().collect();
                if reasons.is_empty() {
                    self.suits(&found)?;
                    return Ok(found);
                }
                Err(apply.marks.taken(&reasons.join(" "), &id.to_string()))
            }
            Err(Error::Denied { .. }) => Err(Diagnostic::error(
                format!("the bucket {id} exists already"),
                "It belongs to another account, or its policy keeps this one out: names of buckets (on Azure: of storage accounts) are \
                 shared by all accounts of the cloud. Nothing was changed. Choose another name.",
            )
            .into()),
            Err(error) => Err(error.into()),
        }
    }

    fn suits(&self, found: &Found) -> Result<()> {
        if found.hierarchical == self.hierarchical {
            return Ok(());
        }
        Err(Diagnostic::error(
            format!("bucket {} is half made with another `hierarchical_namespace`", found.id),
            "An earlier apply of this configuration was interrupted while it made the bucket with another `hierarchical_namespace`, which \
             cannot be changed. Delete the bucket, which is empty, or go back to that value, and apply again.",
        )
        .into())
    }

    async fn configure(&self, found: Found, _origin: Origin) -> Result<Found> {
        let Self {
            apply,
            buckets,
            id,
            settings,
            ..
        } = self;
        let protections = buckets.protections();
        let protections = &protections;
        let what = format!("the settings of {}", apply.marks);
        let mut seen = Some(found);
        wait::until(apply.cx, apply.deadline, &what, || {
            let seen = seen.take();
            async move {
                let outcome = async {
                    let found = match seen {
                        Some(found) => found,
                        None => buckets.get(id).await?,
                    };
                    if found.differs(settings, protections) {
                        buckets.configure(&found, settings).await?;
                    }
                    Ok(found)
                };
                match outcome.await {
                    Ok(found) if found.differs(settings, protections) => {
                        Ok(Poll::Pending("they were set and are read back".to_owned()))
                    }
                    Ok(found) => Ok(Poll::Ready(found)),
                    Err(error) if is_settling(&error) => Ok(Poll::Pending(error.to_string())),
                    Err(error) => Err(error.into()),
                }
            }
        })
        .await
    }

    async fn set_tags(&self, found: &Found, tags: &Tags) -> clouds::Result<()> {
        self.buckets.set_tags(found, tags).await
    }

    fn record(model: &mut BucketModel, found: &Found) {
        model.locate(found);
    }
}
