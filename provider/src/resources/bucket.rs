//! `dataplane_bucket`: a private bucket of the data plane, with its protections, rules and policy.

mod policy_part;

use std::{collections::BTreeMap, time::Duration};

use clouds::{
    account::KmsKey,
    buckets::{
        Bucket as Found, BucketId, BucketName, BucketSettings, Buckets, Contents, CorsOrigin,
        Encryption, Expiration, NewBucket, ObjectPrefix, Protection,
    },
    error::{Error, Optional},
    policies::Statements,
    tags::Tags,
};
use framework::{
    Applied, Change, Context, Diagnostic, Diagnostics, Model, Resource, Result, Set, Text,
    Timeouts, Update, Value,
    wait::{self, Deadline, Poll},
};

use policy_part::PolicyPart;

use crate::{
    client::Client,
    drift,
    ownership::{Marks, Origin},
    settle::{created, is_settling, settled},
    tags,
};

/// The resource.
pub struct Bucket;

/// A private bucket of the data plane.
///
/// Every bucket blocks public access, has no ACLs, refuses requests without TLS and principals of other accounts, and removes
/// uploads that were begun and never finished after a week. What somebody changes about that outside Terraform is shown in
/// `protections` and put right by the next apply.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct BucketModel {
    /// Name of the bucket, unique in the whole cloud: 3 to 63 lower-case letters, digits, dots and hyphens.
    #[attr(required, replaces)]
    pub name: Value<Text<BucketName>>,
    /// Key of the key service that new objects are encrypted with (with bucket keys, so that not every object asks for it).
    /// Default: a key that the cloud keeps.
    #[attr(optional)]
    pub kms_key: Value<Text<KmsKey>>,
    /// Whether overwritten and deleted objects are kept as versions.
    #[attr(optional, computed, default = true)]
    pub versioning: Value<bool>,
    /// Rules that remove objects by age. Never put one on metadata that runs still need: raw data only.
    #[attr(optional)]
    pub expiration: Value<Set<ExpirationModel>>,
    /// Web origins whose pages may read objects through signed URLs, for example `https://*.unionai.cloud`.
    #[attr(optional)]
    pub cors_origins: Value<Set<Text<CorsOrigin>>>,
    /// Statements of your own for the bucket's policy, each as JSON: a statement, or a document with several. A bucket has one
    /// policy, so they are merged with those that protect it.
    #[attr(optional, validate = policy_part::check)]
    pub policy_statements: Value<Vec<Text<PolicyPart>>>,
    /// Whether destroying the bucket also deletes everything in it. Has to be applied before the destroy.
    #[attr(optional, computed, default = false)]
    pub force_destroy: Value<bool>,
    /// Tags of the bucket, added to the provider's `tags`.
    #[attr(optional, validate = tags::check)]
    pub tags: Value<BTreeMap<String, String>>,
    /// How long to wait for the cloud.
    #[attr(optional)]
    pub timeouts: Value<Timeouts>,
    /// What the bucket is called by other resources: its name.
    #[attr(computed, stable)]
    pub id: Value<String>,
    /// Where the bucket is, for programs: `s3://` and the name.
    #[attr(computed, stable)]
    pub uri: Value<String>,
    /// Region of the bucket.
    #[attr(computed, stable)]
    pub region: Value<String>,
    /// URL that the bucket's API answers on.
    #[attr(computed, stable)]
    pub endpoint: Value<String>,
    /// Protections in force. A bucket has all of them: `encrypted`, `public_access_blocked`, `owner_enforced`, `tls_only`,
    /// `own_account_only` and `aborted_uploads_removed`. One that somebody took away is missing here until the next apply.
    #[attr(computed)]
    pub protections: Value<Set<String>>,
    /// Rules of expiration and origins that somebody else added. The next apply removes them.
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

impl Resource for Bucket {
    const NAME: &'static str = "dataplane_bucket";
    const IDENTITY: &'static [&'static str] = &["name"];
    type Client = Client;
    type Model = BucketModel;

    fn label(&self, model: &BucketModel) -> Option<String> {
        model.name.known().map(ToString::to_string)
    }

    async fn plan(&self, cx: &Context<Client>, change: &mut Change<BucketModel>) -> Result<()> {
        let (Some(client), Some(planned)) = (cx.client_if_known(), change.planned.as_mut()) else {
            return Ok(());
        };
        planned.id = planned.name.as_ref().map(ToString::to_string);
        planned.protections = protections(Protection::ALL);
        planned.unexpected_rules = Value::Known(Set::new());
        planned.tags_all = Marks::planned(client, Self::NAME, &planned.name, &planned.tags);
        Ok(())
    }

    async fn create(&self, cx: &Context<Client>, plan: BucketModel) -> Applied<BucketModel> {
        let client = cx.client()?;
        let buckets = &*client.clouds()?.buckets;
        let id = plan.bucket_id()?;
        let wanted = plan.settings()?;
        let marks = Marks::new(client, Self::NAME, &id);
        let tags = marks.creating(plan.tags.known());
        let new = NewBucket {
            id: id.clone(),
            tags,
        };
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        let what = format!("the creation of bucket {id}");
        let origin = if created(cx, deadline, what, || buckets.create(&new))
            .await?
            .is_some()
        {
            Origin::Made
        } else {
            claim(client, buckets, &marks, &id).await?;
            Origin::Continued
        };
        let mut made = BucketModel {
            id: id.to_string().into(),
            ..plan
        };
        let finished = finish(
            cx,
            deadline,
            buckets,
            &id,
            &wanted,
            &marks.finished(made.tags.known()),
        )
        .await;
        let found = origin.keep(finished, &made)?;
        made.locate(&found);
        Ok(made)
    }

    async fn read(
        &self,
        cx: &Context<Client>,
        mut state: BucketModel,
    ) -> Result<Option<BucketModel>> {
        let client = cx.client()?;
        let Some(found) = client
            .clouds()?
            .buckets
            .get(&state.bucket_id()?)
            .await
            .optional()?
        else {
            return Ok(None);
        };
        state.locate(&found);
        state.refresh(client, &found);
        Ok(Some(state))
    }

    async fn update(
        &self,
        cx: &Context<Client>,
        change: Update<BucketModel>,
    ) -> Applied<BucketModel> {
        let client = cx.client()?;
        let buckets = &*client.clouds()?.buckets;
        let Update { mut plan, .. } = change;
        let id = plan.bucket_id()?;
        let wanted = plan.settings()?;
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        let tags = Marks::new(client, Self::NAME, &id).finished(plan.tags.known());
        let found = finish(cx, deadline, buckets, &id, &wanted, &tags).await?;
        plan.locate(&found);
        Ok(plan)
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
                    Err(Error::NotEmpty(_)) if force => {
                        let removed = buckets.empty(&id).await?;
                        Ok(Poll::Pending(format!(
                            "it was not empty: {removed} objects and versions were removed"
                        )))
                    }
                    Err(Error::NotEmpty(_)) => {
                        Err(refusal(&id, &buckets.contents(&id, COUNTED).await?))
                    }
                    Err(error) if is_settling(&error) => Ok(Poll::Pending(error.to_string())),
                    Err(error) => Err(error.into()),
                }
            },
        )
        .await
    }

    async fn import(&self, _cx: &Context<Client>, id: &str) -> Result<BucketModel> {
        Ok(BucketModel {
            name: Value::Known(id.parse()?),
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

impl BucketModel {
    fn bucket_id(&self) -> Result<BucketId> {
        Ok(BucketId::from(BucketName::clone(self.name.get()?)))
    }

    fn settings(&self) -> Result<BucketSettings> {
        let rule = |rule: &ExpirationModel| -> Result<Expiration> {
            Ok(Expiration {
                prefix: rule
                    .prefix
                    .known()
                    .map(|prefix| ObjectPrefix::clone(prefix)),
                days: u32::try_from(*rule.days.get()?)?,
            })
        };
        Ok(BucketSettings {
            encryption: self
                .kms_key
                .known()
                .map_or(Encryption::Cloud, |key| Encryption::Key(KmsKey::clone(key))),
            versioning: *self.versioning.get()?,
            expiration: self
                .expiration
                .known()
                .into_iter()
                .flatten()
                .map(rule)
                .collect::<Result<_>>()?,
            cors_origins: self
                .cors_origins
                .known()
                .into_iter()
                .flatten()
                .map(|origin| CorsOrigin::clone(origin))
                .collect(),
            policy_statements: self.statements(),
        })
    }

    /// The customer's statements, in whatever pieces they were written.
    fn statements(&self) -> Statements {
        let parts = self.policy_statements.known().into_iter().flatten();
        let statements = parts.flat_map(|part| part.0.as_slice().iter().cloned());
        Statements::from(statements.collect::<Vec<_>>())
    }

    /// What no argument says.
    fn locate(&mut self, found: &Found) {
        self.id = found.id.to_string().into();
        self.uri = found.uri.clone().into();
        self.region = found.region.to_string().into();
        self.endpoint = found.endpoint.clone().into();
        self.protections = protections(found.protections.iter().copied());
        self.unexpected_rules = Value::Known(found.foreign_rules.iter().cloned().collect());
        self.tags_all = found.tags.clone().into();
    }

    /// What may have been changed by others.
    fn refresh(&mut self, client: &Client, found: &Found) {
        let BucketSettings {
            encryption,
            versioning,
            expiration,
            cors_origins,
            policy_statements,
        } = &found.settings;
        self.kms_key = match encryption {
            Encryption::Cloud => Value::Null,
            Encryption::Key(key) => key.clone().into(),
        };
        self.versioning = (*versioning).into();
        let rule = |rule: &Expiration| ExpirationModel {
            prefix: rule.prefix.clone().map(Text::from).into(),
            days: i64::from(rule.days).into(),
        };
        self.expiration = drift::collection(&self.expiration, expiration.iter().map(rule));
        self.cors_origins = drift::collection(
            &self.cors_origins,
            cors_origins.iter().cloned().map(Text::from),
        );
        if self.statements() != *policy_statements {
            let part = |statement: &serde_json::Value| {
                Text::from(PolicyPart(vec![statement.clone()].into()))
            };
            self.policy_statements = drift::collection(
                &self.policy_statements,
                policy_statements.as_slice().iter().map(part),
            );
        }
        self.tags = drift::own_tags(client, &self.tags, &found.tags);
    }
}

/// Makes an existing bucket what is wanted; its tags come last, for they say that it is finished.
async fn finish(
    cx: &Context<Client>,
    deadline: Deadline,
    buckets: &dyn Buckets,
    id: &BucketId,
    wanted: &BucketSettings,
    tags: &Tags,
) -> Result<Found> {
    let what = format!("the settings of bucket {id}");
    let found = wait::until(cx, deadline, &what, || async {
        let outcome = async {
            let found = buckets.get(id).await?;
            if found.differs(wanted) {
                buckets.configure(&found, wanted).await?;
            }
            Ok(found)
        };
        match outcome.await {
            Ok(found) if found.differs(wanted) => {
                Ok(Poll::Pending("they were set and are read back".to_owned()))
            }
            Ok(found) => Ok(Poll::Ready(found)),
            Err(error) if is_settling(&error) => Ok(Poll::Pending(error.to_string())),
            Err(error) => Err(error.into()),
        }
    })
    .await?;
    if found.tags != *tags {
        settled(cx, deadline, format!("the tags of bucket {id}"), || {
            buckets.set_tags(&found, tags)
        })
        .await?;
    }
    Ok(Found {
        tags: tags.clone(),
        ..found
    })
}

/// Makes sure that an existing bucket is our own half-made one.
async fn claim(
    client: &Client,
    buckets: &dyn Buckets,
    marks: &Marks<'_>,
    id: &BucketId,
) -> Result<()> {
    match buckets.get(id).await {
        Ok(found) => {
            let region = client.region.as_ref().filter(|region| **region != found.region);
            let elsewhere = region.map(|region| {
                format!("It lies in {}, and new buckets are made in {region}.", found.region)
            });
            let reasons: Vec<_> = [elsewhere, marks.strangeness(&found.tags)].into_iter().flatten().collect();
            if reasons.is_empty() {
                return Ok(());
            }
            Err(marks.taken(&reasons.join(" "), &id.to_string()))
        }
        Err(Error::Denied { .. }) => Err(Diagnostic::error(
            format!("the bucket {id} exists already"),
            "It belongs to another account, or its policy keeps this one out: bucket names are shared by all accounts of the cloud. \
             Nothing was changed. Choose another name.",
        )
        .into()),
        Err(error) => Err(error.into()),
    }
}

fn refusal(id: &BucketId, contents: &Contents) -> Diagnostics {
    Diagnostic::error(
        format!("bucket {id} is not empty"),
        format!(
            "It holds {contents}. Nothing was deleted. Empty it first, or set `force_destroy = true`, apply that, and destroy again."
        ),
    )
    .into()
}

fn protections(found: impl IntoIterator<Item = Protection>) -> Value<Set<String>> {
    Value::Known(
        found
            .into_iter()
            .map(|protection| protection.to_string())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use clouds::memory::{Memory, StoredBucket};
    use framework::testing::{Action, UNKNOWN};
    use serde_json::json;

    use super::*;
    use crate::testing::{
        not_ready, outage, over, owned_by, refuses, survives_every_failure, text,
    };

    /// An attribute, and how somebody changes it behind our back.
    type Drift = (&'static str, fn(&mut Found));

    const NAME: &str = Bucket::NAME;

    fn full() -> serde_json::Value {
        json!({
            "name": "acme-metadata",
            "kms_key": "alias/acme",
            "expiration": [{ "prefix": "raw/", "days": 30 }, { "days": 365 }],
            "cors_origins": ["https://*.unionai.cloud"],
            "policy_statements": [r#"{"Effect":"Deny","Principal":"*","Action":["s3:PutObjectAcl"],"Resource":"arn:aws:s3:::acme-metadata/*"}"#],
            "tags": { "env": "prod" },
        })
    }

    fn stored(memory: &Memory, change: impl FnOnce(&mut StoredBucket)) {
        memory.change(|world| {
            change(
                world
                    .buckets
                    .get_mut(&"acme-metadata".parse().unwrap())
                    .unwrap(),
            );
        });
    }

    #[tokio::test]
    async fn basic() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let bucket = harness.resource(NAME);
        bucket
            .lifecycle(
                full(),
                json!({ "name": "acme-metadata", "versioning": false }),
            )
            .await;
        let state = bucket.create(full()).await;
        assert_eq!(
            state["tags_all"],
            json!({
                "dataplane:owner": "acme-prod",
                "dataplane:resource": "dataplane_bucket/acme-metadata",
                "env": "prod",
                "team": "ml",
            })
        );
        assert_eq!(state["id"], "acme-metadata");
        stored(&memory, |stored| {
            assert!(!stored.bucket.tags.contains_key(clouds::tags::CREATING));
        });
    }

    #[tokio::test]
    async fn the_plan_of_a_new_bucket_knows_its_id_and_tags() {
        let harness = over(&Memory::default()).await;
        let planned = harness
            .resource(NAME)
            .plan_create(json!({ "name": "acme-metadata", "tags": { "env": UNKNOWN } }))
            .await;
        assert_eq!(planned.values["id"], "acme-metadata");
        assert_eq!(planned.values["tags_all"], UNKNOWN);
        assert_eq!(
            planned.values["protections"].as_array().map(Vec::len),
            Some(Protection::ALL.len())
        );
    }

    #[tokio::test]
    async fn another_name_is_another_bucket() {
        let harness = over(&Memory::default()).await;
        let bucket = harness.resource(NAME);
        let state = bucket.create(full()).await;
        let planned = bucket.plan(&state, json!({ "name": "acme-fast" })).await;
        assert_eq!(planned.action, Action::Replace);
        assert_eq!(planned.replace_paths, [framework::path!("name")]);
    }

    #[tokio::test]
    async fn disappears() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let bucket = harness.resource(NAME);
        let state = bucket.create(full()).await;
        memory.change(|world| world.buckets.clear());
        assert!(bucket.read(&state).await.is_none());
        bucket.delete(state).await;
    }

    #[tokio::test]
    async fn every_drift_is_shown_and_mended() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let bucket = harness.resource(NAME);
        let state = bucket.create(full()).await;
        let drifts: [Drift; 9] = [
            ("protections", |found| {
                assert!(found.protections.remove(&Protection::TlsOnly));
            }),
            ("unexpected_rules", |found| {
                assert!(found.foreign_rules.insert("theirs".into()));
            }),
            ("kms_key", |found| {
                found.settings.encryption = Encryption::Cloud;
            }),
            ("versioning", |found| found.settings.versioning = false),
            ("expiration", |found| {
                drop(found.settings.expiration.pop_first());
            }),
            ("cors_origins", |found| found.settings.cors_origins.clear()),
            ("policy_statements", |found| {
                found.settings.policy_statements = Statements::default();
            }),
            ("tags", |found| {
                drop(found.tags.insert("cost".into(), "1".into()));
            }),
            ("tags_all", |found| {
                drop(found.tags.remove(clouds::tags::OWNER));
            }),
        ];
        for (attribute, drift) in drifts {
            stored(&memory, |stored| drift(&mut stored.bucket));
            let found = bucket.read(&state).await.unwrap();
            assert_ne!(found[attribute], state[attribute], "{attribute}");
            let planned = bucket.plan(&found, full()).await;
            assert_eq!(planned.action, Action::Update, "{attribute}");
            let mended = bucket.apply(&planned, full()).await;
            assert_eq!(mended.values, state.values, "{attribute}");
            bucket.settled(&mended, full()).await;
        }
    }

    #[tokio::test]
    async fn statements_may_be_written_in_any_pieces() {
        let harness = over(&Memory::default()).await;
        let bucket = harness.resource(NAME);
        let a = r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:GetObject","Resource":["x"]}"#;
        let b = r#"{"Effect":"Deny","Principal":"*","Action":["s3:PutObjectAcl"],"Resource":"y"}"#;
        let one = json!({ "name": "acme-metadata", "policy_statements": [a, b] });
        let state = bucket.create(one.clone()).await;
        let state = bucket.settled(&state, one).await;
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{b},{a}]}}"#);
        let planned = bucket
            .plan(
                &state,
                json!({ "name": "acme-metadata", "policy_statements": [document] }),
            )
            .await;
        let state = bucket
            .apply(
                &planned,
                json!({ "name": "acme-metadata", "policy_statements": [document] }),
            )
            .await;
        bucket
            .settled(
                &state,
                json!({ "name": "acme-metadata", "policy_statements": [document] }),
            )
            .await;
    }

    #[tokio::test]
    async fn a_create_that_fails_anywhere_is_completed_by_the_next() {
        survives_every_failure(NAME, full(), |world| world.buckets.len()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_seen_yet_is_waited_for() {
        let memory = Memory::default();
        memory.fail("buckets.create", 1, not_ready());
        memory.fail("buckets.get", 1, not_ready());
        memory.fail("buckets.configure", 1, not_ready());
        memory.fail("buckets.set_tags", 1, not_ready());
        let harness = over(&memory).await;
        harness
            .resource(NAME)
            .lifecycle(full(), json!({ "name": "acme-metadata" }))
            .await;
        assert!(memory.pending_failures().is_empty());
    }

    #[tokio::test]
    async fn a_half_made_bucket_of_ours_is_continued_and_never_tainted() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let bucket = harness.resource(NAME);
        memory.lose_answer("buckets.create", 1, outage());
        assert!(bucket.try_create(full()).await.unwrap_err().state.is_none());
        memory.fail("buckets.configure", 1, outage());
        assert!(bucket.try_create(full()).await.unwrap_err().state.is_none());
        bucket.create(full()).await;
    }

    #[tokio::test]
    async fn a_bucket_of_somebody_else_is_never_touched() {
        let memory = Memory::default();
        let other = owned_by("acme-test", &memory).await;
        other.resource(NAME).create(full()).await;
        let harness = over(&memory).await;
        let bucket = harness.resource(NAME);
        let said = text(&bucket.try_create(full()).await.unwrap_err().diagnostics);
        assert!(
            said.contains("the bucket acme-metadata exists already"),
            "{said}"
        );
        assert!(
            said.contains(
                r#"mark of the owner "acme-test"; this configuration's owner is "acme-prod""#
            ),
            "{said}"
        );
        assert!(said.contains("id = \"acme-metadata\""), "{said}");

        stored(&memory, |stored| {
            drop(
                stored
                    .bucket
                    .tags
                    .insert(clouds::tags::CREATING.into(), "true".into()),
            );
        });
        let said = text(&bucket.try_create(full()).await.unwrap_err().diagnostics);
        assert!(said.contains("which is still making it"), "{said}");

        stored(&memory, |stored| stored.bucket.tags.clear());
        let said = text(&bucket.try_create(full()).await.unwrap_err().diagnostics);
        assert!(
            said.contains("It carries no mark of this provider"),
            "{said}"
        );

        stored(&memory, |stored| stored.foreign = true);
        let said = text(&bucket.try_create(full()).await.unwrap_err().diagnostics);
        assert!(said.contains("It belongs to another account"), "{said}");
        assert!(
            !memory
                .calls()
                .iter()
                .skip_while(|call| **call != "buckets.set_tags")
                .skip(1)
                .any(|call| call.contains("set"))
        );
    }

    #[tokio::test]
    async fn a_half_made_bucket_of_ours_in_another_region_is_not_continued() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let bucket = harness.resource(NAME);
        memory.lose_answer("buckets.create", 1, outage());
        bucket.try_create(full()).await.unwrap_err();
        stored(&memory, |stored| {
            stored.bucket.region = "us-east-1".parse().unwrap();
        });
        let said = text(&bucket.try_create(full()).await.unwrap_err().diagnostics);
        assert!(
            said.contains("It lies in us-east-1, and new buckets are made in eu-west-1."),
            "{said}"
        );
    }

    #[tokio::test]
    async fn our_own_finished_bucket_is_imported_not_made() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let bucket = harness.resource(NAME);
        bucket.create(full()).await;
        let said = text(&bucket.try_create(full()).await.unwrap_err().diagnostics);
        assert!(
            said.contains("is complete: it was made by another configuration"),
            "{said}"
        );
    }

    #[tokio::test]
    async fn imported_it_is_what_was_made() {
        let harness = over(&Memory::default()).await;
        let bucket = harness.resource(NAME);
        let state = bucket.create(full()).await;
        for imported in [
            bucket.import("acme-metadata").await,
            bucket.import_identity(&state).await.unwrap(),
        ] {
            bucket.settled(&imported, full()).await;
        }
        let missing = text(&bucket.try_import("acme-other").await.unwrap_err());
        assert!(missing.contains("non-existent"), "{missing}");
    }

    #[tokio::test]
    async fn a_bucket_with_content_is_not_destroyed_unless_forced() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let bucket = harness.resource(NAME);
        let state = bucket.create(full()).await;
        stored(&memory, |stored| {
            stored.contents = Contents {
                objects: 2,
                versions: 1,
                prefixes: ["acme/".to_owned()].into(),
                ..Contents::default()
            };
        });
        let failed = bucket.try_delete(state).await.unwrap_err();
        let said = text(&failed.diagnostics);
        assert!(said.contains("bucket acme-metadata is not empty"), "{said}");
        assert!(
            said.contains("2 objects, 1 older versions and 0 unfinished uploads, under acme/"),
            "{said}"
        );
        assert!(said.contains("`force_destroy = true`"), "{said}");
        let mut forced = full();
        forced["force_destroy"] = true.into();
        let state = bucket.update(&failed.state.unwrap(), forced).await;
        bucket.delete(state).await;
        assert!(memory.change(|world| world.buckets.is_empty()));
    }

    #[tokio::test]
    async fn bad_input_is_refused_where_it_stands() {
        let harness = over(&Memory::default()).await;
        let bucket = harness.resource(NAME);
        refuses(
            &bucket,
            json!({ "name": "Acme_Data" }),
            "name",
            &["lowercase letters"],
        )
        .await;
        refuses(
            &bucket,
            json!({ "name": "acme", "cors_origins": ["app.example.com"] }),
            "cors_origins",
            &["has no scheme"],
        )
        .await;
        refuses(
            &bucket,
            json!({ "name": "acme", "expiration": [{ "days": 0 }] }),
            "expiration",
            &["must be 1 or more"],
        )
        .await;
        refuses(
            &bucket,
            json!({ "name": "acme", "tags": { "dataplane:owner": "me" } }),
            "tags",
            &["kept for the provider"],
        )
        .await;
        refuses(
            &bucket,
            json!({ "name": "acme", "policy_statements": ["{}"] }),
            "policy_statements",
            &["\"Effect\""],
        )
        .await;
        refuses(
            &bucket,
            json!({ "name": "acme", "timeouts": { "create": "soon" } }),
            "timeouts.create",
            &["20m"],
        )
        .await;
        let both = r#"{"Effect":"Deny","Principal":"*","NotPrincipal":"*","Action":"s3:*","Resource":"*"}"#;
        refuses(
            &bucket,
            json!({ "name": "acme", "policy_statements": [both] }),
            "policy_statements",
            &["exactly one of"],
        )
        .await;
        let ours = r#"{"Sid":"DataplaneTlsOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}"#;
        refuses(
            &bucket,
            json!({ "name": "acme", "policy_statements": [ours] }),
            "policy_statements",
            &["kept for the statements that protect every bucket"],
        )
        .await;
    }
}
