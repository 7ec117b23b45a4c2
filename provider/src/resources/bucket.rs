//! `dataplane_bucket`: a private bucket of the data plane, with its protections, rules and policy.

mod networks;
mod policy_part;
mod settings;
mod wanted;

use std::{collections::BTreeMap, time::Duration};

use clouds::{
    account::KmsKey,
    buckets::{BucketId, BucketName, Contents, CorsOrigin, ObjectPrefix, StorageAccount},
    error::{Error, Optional},
};
use framework::{
    Applied, Change, Context, Diagnostic, Diagnostics, Model, Resource, Result, Set, Text,
    Timeouts, Update, Value,
    wait::{self, Poll},
};

use networks::AllowedNetworksModel;
use policy_part::PolicyPart;
use settings::protections;
use wanted::Wanted;

use crate::{
    client::Client,
    drift,
    ownership::{self, Kind, Marks},
    refusals,
    settle::is_settling,
    tags,
};

/// The resource.
pub struct Bucket;

/// A private bucket of the data plane: a bucket of S3 or Cloud Storage, or on Azure a storage account with one container.
///
/// Every bucket blocks public access, has no ACLs, and removes uploads that were begun and never finished after a week. On AWS and Azure
/// it also refuses requests without TLS, on AWS principals of other accounts, and on Azure whoever comes with the account's keys in place
/// of an identity. What somebody changes about that outside Terraform is shown in `protections` and put right by the next apply.
///
/// A bucket is imported by its name, on Azure by `ACCOUNT/CONTAINER`.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct BucketModel {
    /// Name of the bucket, unique in the whole cloud: 3 to 63 lower-case letters, digits, dots and hyphens, on Google Cloud underscores
    /// as well. On Azure the name of the container, without dots.
    #[attr(required, replaces)]
    pub name: Value<Text<BucketName>>,
    /// Name of the storage account, on Azure, where it is required: 3 to 24 lower-case letters and digits, unique in the whole cloud. The
    /// account is made with the bucket and belongs to it.
    #[attr(optional, replaces)]
    pub account: Value<Text<StorageAccount>>,
    /// Whether the paths of objects are real directories (the hierarchical namespace of Azure, which other clouds do not have).
    #[attr(optional, replaces_if = another_namespace)]
    pub hierarchical_namespace: Value<bool>,
    /// Key of the key service that new objects are encrypted with: its ARN, id or `alias/…` on AWS (with bucket keys, so that not every
    /// object asks for it), `projects/…/cryptoKeys/…` on Google Cloud, its URL on Azure. Default: a key that the cloud keeps.
    #[attr(optional)]
    pub kms_key: Value<Text<KmsKey>>,
    /// Whether overwritten and deleted objects are kept as versions. Default: `true`, and `false` with `hierarchical_namespace`, which has
    /// no versions.
    #[attr(optional, computed)]
    pub versioning: Value<bool>,
    /// For how many days deleted objects can be brought back: 0 or 7 to 90 on Google Cloud, 0 to 365 on Azure. AWS has no such thing:
    /// see `versioning`. Default: 7 where there is such a thing.
    #[attr(optional, computed, validate = soft_delete)]
    pub soft_delete_days: Value<i64>,
    /// The only networks that the bucket is reached from, on Azure. Default: all, with a token. On AWS and Google Cloud this is the
    /// matter of `policy_statements` and of VPC Service Controls.
    #[attr(optional)]
    pub allowed_networks: Value<AllowedNetworksModel>,
    /// Rules that remove objects by age. Never put one on metadata that runs still need: raw data only.
    #[attr(optional)]
    pub expiration: Value<Set<ExpirationModel>>,
    /// Web origins whose pages may read objects through signed URLs, for example `https://*.unionai.cloud`.
    #[attr(optional)]
    pub cors_origins: Value<Set<Text<CorsOrigin>>>,
    /// Statements of your own for the bucket's policy, each as JSON: a statement, or a document with several. A bucket has one
    /// policy, so they are merged with those that protect it. AWS only: elsewhere what others bind on the bucket stays.
    #[attr(optional, validate = policy_part::check)]
    pub policy_statements: Value<Vec<Text<PolicyPart>>>,
    /// Whether destroying the bucket also deletes everything in it. Has to be applied before the destroy.
    #[attr(optional, computed, default = false)]
    pub force_destroy: Value<bool>,
    /// Tags of the bucket (labels on Google Cloud; on Azure of the storage account), added to the provider's `tags`.
    #[attr(optional, validate = tags::check)]
    pub tags: Value<BTreeMap<String, String>>,
    /// How long to wait for the cloud.
    #[attr(optional)]
    pub timeouts: Value<Timeouts>,
    /// What the bucket is called by other resources: its name, on Azure `ACCOUNT/CONTAINER`.
    #[attr(computed, stable)]
    pub id: Value<String>,
    /// Where the bucket is, for programs: `s3://NAME`, `gs://NAME` or `abfss://CONTAINER@ACCOUNT.dfs.core.windows.net`.
    #[attr(computed, stable)]
    pub uri: Value<String>,
    /// Region of the bucket (location, on Google Cloud and Azure).
    #[attr(computed, stable)]
    pub region: Value<String>,
    /// URL that the bucket's API answers on.
    #[attr(computed, stable)]
    pub endpoint: Value<String>,
    /// Protections in force. A bucket has all that its cloud has, such as `encrypted`, `public_access_blocked`, `owner_enforced`,
    /// `aborted_uploads_removed`, `tls_only`, on AWS `own_account_only` and on Azure `no_shared_keys`. One that somebody took away is
    /// missing here until the next apply.
    #[attr(computed)]
    pub protections: Value<Set<String>>,
    /// Rules of expiration and origins that somebody else added; on Azure also what somebody changed about its networks beside
    /// `allowed_networks`. The next apply removes them.
    #[attr(computed)]
    pub unexpected_rules: Value<Set<String>>,
    /// All tags of the bucket: the provider's, its own, and the marks `dataplane:owner` and `dataplane:resource`.
    #[attr(computed)]
    pub tags_all: Value<BTreeMap<String, String>>,
}

/// A rule that removes objects by age.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ExpirationModel {
    /// Beginning of the keys of the objects that it removes, up to and including a `/`. Without it: all objects.
    #[attr(optional)]
    pub prefix: Value<Text<ObjectPrefix>>,
    /// Age in days at which they are removed.
    #[attr(required, validate = age)]
    pub days: Value<i64>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "validators get a reference, whatever the type"
)]
fn age(days: &i64) -> std::result::Result<(), String> {
    if (1..=i64::from(i32::MAX)).contains(days) {
        Ok(())
    } else {
        Err(format!(
            "an age of {days} days is not possible: it must be 1 or more"
        ))
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "validators get a reference, whatever the type"
)]
fn soft_delete(days: &i64) -> std::result::Result<(), String> {
    if (0..=i64::from(i32::MAX)).contains(days) {
        Ok(())
    } else {
        Err(format!(
            "deleted objects cannot be kept for {days} days: it must be 0 or more, or left out for the cloud's default"
        ))
    }
}

/// Left out means the same as `false`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "conditions get references, whatever the type"
)]
fn another_namespace(prior: &Value<bool>, planned: &Value<bool>) -> bool {
    let is = |value: &Value<bool>| *value == Value::Known(true);
    planned.is_unknown() || is(prior) != is(planned)
}

impl Resource for Bucket {
    const NAME: &'static str = "dataplane_bucket";
    const IDENTITY: &'static [&'static str] = &["account", "name"];
    type Client = Client;
    type Model = BucketModel;

    fn label(&self, model: &BucketModel) -> Option<String> {
        model.id().known().map(ToString::to_string)
    }

    async fn plan(&self, cx: &Context<Client>, change: &mut Change<BucketModel>) -> Result<()> {
        let (Some(client), Some(config), Some(planned)) = (
            cx.client_if_known(),
            change.config.as_ref(),
            change.planned.as_mut(),
        ) else {
            return Ok(());
        };
        let buckets = &*client.clouds()?.buckets;
        planned.fill_in(config, buckets.default_soft_delete_days());
        let checked = planned.check(buckets, change.prior.as_ref());
        let id = planned.id();
        let tags = Marks::planned(client, Kind::Buckets, &id, &planned.tags);
        planned.tags_all = refusals::along(checked, tags)?;
        planned.id = id.map(|id| id.to_string());
        planned.protections = protections(buckets.protections());
        planned.unexpected_rules = Value::Known(Set::new());
        Ok(())
    }

    async fn create(&self, cx: &Context<Client>, plan: BucketModel) -> Applied<BucketModel> {
        ownership::create(&Wanted::of(cx, &plan, None)?, plan).await
    }

    async fn read(
        &self,
        cx: &Context<Client>,
        mut state: BucketModel,
    ) -> Result<Option<BucketModel>> {
        let client = cx.client()?;
        let Some(mut found) = client
            .clouds()?
            .buckets
            .get(&state.bucket_id()?)
            .await
            .optional()?
        else {
            return Ok(None);
        };
        found.tags = drift::our_tags(
            client,
            (Kind::Buckets, &found.id),
            &state.tags_all,
            found.tags,
        )?;
        state.locate(&found);
        state.refresh(client, &found);
        Ok(Some(state))
    }

    async fn update(
        &self,
        cx: &Context<Client>,
        change: Update<BucketModel>,
    ) -> Applied<BucketModel> {
        let Update { prior, plan } = change;
        let wanted = Wanted::of(cx, &plan, Some(&prior))?;
        ownership::update(&wanted, plan, &prior.tags_all).await
    }

    async fn delete(&self, cx: &Context<Client>, state: BucketModel) -> Result<()> {
        let buckets = &*cx.client()?.clouds()?.buckets;
        let id = state.bucket_id()?;
        let force = state.force_destroy == Value::Known(true);
        let deadline = cx.deadline(&state.timeouts, PATIENCE);
        wait::until(
            cx,
            deadline,
            &format!("the deletion of bucket {id}"),
            || async {
                match buckets.delete(&id).await.optional() {
                    Ok(_) => Ok(Poll::Ready(())),
                    Err(error @ Error::NotEmpty(_)) if force => {
                        let removed = buckets.empty(&id).await?;
                        Ok(Poll::Pending(match removed {
                            0 => error.to_string(),
                            _ => format!(
                                "it was not empty: {removed} objects and versions were removed"
                            ),
                        }))
                    }
                    Err(error @ Error::NotEmpty(_)) => {
                        let contents = buckets.contents(&id, COUNTED).await?;
                        // Something else keeps it, as a lease does on Azure, and the cloud says what.
                        Err(if contents.total() == 0 {
                            error.into()
                        } else {
                            refusal(&id, &contents)
                        })
                    }
                    Err(error) if is_settling(&error) => Ok(Poll::Pending(error.to_string())),
                    Err(error) => Err(error.into()),
                }
            },
        )
        .await
    }

    async fn import(&self, _cx: &Context<Client>, id: &str) -> Result<BucketModel> {
        let BucketId { account, name } = id.parse()?;
        Ok(BucketModel {
            account: account.map(Text::from).into(),
            name: Text::from(name).into(),
            force_destroy: false.into(),
            ..BucketModel::default()
        })
    }

    async fn import_identity(
        &self,
        _cx: &Context<Client>,
        identity: BucketModel,
    ) -> Result<BucketModel> {
        Ok(BucketModel {
            force_destroy: false.into(),
            ..identity
        })
    }
}

/// How long a step waits for the cloud without `timeouts`.
const PATIENCE: Duration = Duration::from_mins(5);

/// How many objects are counted to say why a bucket is not destroyed.
const COUNTED: usize = 1000;

fn refusal(id: &BucketId, contents: &Contents) -> Diagnostics {
    Diagnostic::error(
        format!("bucket {id} is not empty"),
        format!(
            "It holds {contents}. Nothing was deleted. Empty it first, or set `force_destroy = true`, apply that, and destroy again."
        ),
    )
    .into()
}

#[cfg(test)]
mod tests;
