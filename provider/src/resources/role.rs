//! `dataplane_role`: what pods of the data plane may do in the cloud, and which service accounts may take it on.

mod spec;

use std::{collections::BTreeMap, time::Duration};

use clouds::{
    account::KmsKey,
    buckets::{BucketId, ObjectPrefix},
    clusters::ClusterName,
    error::Optional,
    identity_providers::IdentityProviderId,
    log_groups::LogGroupName,
    policies::PolicyDocument,
    registries::RegistryName,
    roles::{
        Namespace, PolicyArn, Role as Found, RoleDocuments, RoleName, RolePath, RoleSpec, Roles,
        ServiceAccountName, SessionDuration, Subject, Trust,
    },
    secrets::SecretPrefix,
};
use dataplane_api::permissions::Profile;
use framework::{
    Applied, Change, Context, Diagnostic, Diagnostics, Model, Resource, Result, Set, Text,
    Timeouts, Update, Value, path, text,
    wait::{self, Deadline, Poll},
};

use crate::{
    client::Client,
    drift,
    ownership::{Marks, Origin},
    profiles::Access,
    settle::{created, is_settling, settled},
    tags,
};

/// The resource.
pub struct Role;

/// What pods of the data plane may do in the cloud, and which Kubernetes service accounts may take it on.
///
/// What a role may do follows from its `profile` and from the objects that are named here; the policy is in the plan, for
/// review. The role has exactly that policy: one that somebody adds is shown in `unexpected_policies` and removed by the next
/// apply.
///
/// A role is imported by its name, or by `eks/CLUSTER/NAME` when pods take it on by Pod Identity. The cloud keeps its policy and
/// not the arguments that it was made from, so the plan after an import adds `profile`, `buckets` and the like to the state; as
/// long as `policy` does not differ, that apply changes nothing in the cloud.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct RoleModel {
    /// Name of the role, for example `adminflyterole`.
    #[attr(required, replaces)]
    pub name: Value<Text<RoleName>>,
    /// What the role is for. `admin`: platform services; reads and writes the buckets and the secrets, reads persisted logs.
    /// `user`: task pods; reads and writes the buckets and nothing else. `builder`: the image builder; pushes to the registry.
    /// `log_writer`: the log shipper; writes logs.
    #[attr(required)]
    pub profile: Value<Text<Profile>>,
    /// Buckets that the role reads and writes, by a name of your choice. For `admin` and `user`.
    #[attr(optional)]
    pub buckets: Value<BTreeMap<String, BucketAccessModel>>,
    /// Beginning of the names of the secrets that the role reads and writes, up to and including a `/`. For `admin`.
    #[attr(optional)]
    pub secrets: Value<Text<SecretPrefix>>,
    /// Names of the log groups that the role reads (`admin`) or writes (`log_writer`).
    #[attr(optional)]
    pub logs: Value<Set<Text<LogGroupName>>>,
    /// Name of the registry that the role pushes to. For `builder`.
    #[attr(optional)]
    pub registry: Value<Text<RegistryName>>,
    /// ARNs of the keys that the buckets and secrets above are encrypted with. For `admin` and `user`.
    #[attr(optional)]
    pub kms_keys: Value<Set<Text<KmsKey>>>,
    /// How a pod takes the role on: exactly one of `irsa` and `pod_identity`.
    #[attr(required)]
    pub trust: Value<TrustModel>,
    /// Service accounts that may take the role on, each by its exact name: there are no wildcards.
    #[attr(required, validate = some_subject)]
    pub subjects: Value<Set<SubjectModel>>,
    /// ARN of a policy that bounds whatever the role can do.
    #[attr(optional)]
    pub permissions_boundary: Value<Text<PolicyArn>>,
    /// Path that the role lies under, for example `/dataplane/`.
    #[attr(optional, computed, replaces, default = "/")]
    pub path: Value<Text<RolePath>>,
    /// How long a session of the role may last, from `1h` to `12h`.
    #[attr(optional, computed, default = "1h", validate = session)]
    pub max_session_duration: Value<Text<text::Duration>>,
    /// Tags of the role, added to the provider's `tags`.
    #[attr(optional, validate = tags::check)]
    pub tags: Value<BTreeMap<String, String>>,
    /// How long to wait for the cloud.
    #[attr(optional)]
    pub timeouts: Value<Timeouts>,
    /// Name of the role.
    #[attr(computed, stable)]
    pub id: Value<String>,
    /// What others know the role by: its ARN.
    #[attr(computed, stable)]
    pub principal: Value<String>,
    /// What the role may do, as JSON.
    #[attr(computed)]
    pub policy: Value<Text<PolicyDocument>>,
    /// Who may take the role on, as JSON.
    #[attr(computed)]
    pub trust_policy: Value<Text<PolicyDocument>>,
    /// Policies that somebody else wrote into the role or attached to it. The next apply removes them.
    #[attr(computed)]
    pub unexpected_policies: Value<Set<String>>,
    /// Annotations that a service account needs for its pods to get the role.
    #[attr(computed)]
    pub service_account_annotations: Value<BTreeMap<String, String>>,
    /// Labels that a pod needs to get the role.
    #[attr(computed)]
    pub pod_labels: Value<BTreeMap<String, String>>,
    /// All tags: the provider's, its own, and the marks `dataplane:owner` and `dataplane:resource`.
    #[attr(computed)]
    pub tags_all: Value<BTreeMap<String, String>>,
}

/// Access to a bucket.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct BucketAccessModel {
    /// The bucket's `id`.
    #[attr(required)]
    pub id: Value<Text<BucketId>>,
    /// `read_write` or `read`.
    #[attr(optional, computed, default = "read_write")]
    pub access: Value<Text<Access>>,
    /// Beginnings of the keys that it is limited to, each up to and including a `/`. Default: the whole bucket.
    #[attr(optional)]
    pub prefixes: Value<Set<Text<ObjectPrefix>>>,
}

/// How a pod takes the role on.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct TrustModel {
    /// By a token of the cluster, whose issuer is an identity provider of the account (IAM roles for service accounts).
    #[attr(optional)]
    pub irsa: Value<IrsaModel>,
    /// By the EKS Pod Identity agent on the cluster's nodes; an association is made for each subject.
    #[attr(optional)]
    pub pod_identity: Value<PodIdentityModel>,
}

/// Trust in the tokens of a cluster.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct IrsaModel {
    /// ARN of the cluster's identity provider.
    #[attr(required, validate = provider_of_aws)]
    pub provider_arn: Value<Text<IdentityProviderId>>,
}

/// Trust in the EKS Pod Identity agent.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct PodIdentityModel {
    /// Name of the EKS cluster.
    #[attr(required)]
    pub cluster: Value<Text<ClusterName>>,
}

/// A Kubernetes service account.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct SubjectModel {
    /// Its namespace.
    #[attr(required)]
    pub namespace: Value<Text<Namespace>>,
    /// Its name.
    #[attr(required)]
    pub service_account: Value<Text<ServiceAccountName>>,
}

fn some_subject(subjects: &Set<SubjectModel>) -> std::result::Result<(), String> {
    if subjects.is_empty() {
        Err("a role that nobody may take on is of no use, and an empty list would make a trust policy that is refused or, worse, \
             open: name at least one service account"
            .to_owned())
    } else {
        Ok(())
    }
}

fn session(duration: &Text<text::Duration>) -> std::result::Result<(), String> {
    SessionDuration::try_from(duration.get())
        .map(drop)
        .map_err(|e| {
            format!(
                "{:?} is not a valid session duration: it {}",
                duration.text(),
                e.rule()
            )
        })
}

/// Whoever has the issuer at hand writes that.
fn provider_of_aws(provider: &Text<IdentityProviderId>) -> std::result::Result<(), String> {
    match provider.issuer_host_and_path() {
        Some(_) => Ok(()),
        None => Err(format!(
            "{:?} is not the ARN of an identity provider of IAM: write the `arn` of a dataplane_identity_provider, \
             like arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/…",
            provider.text()
        )),
    }
}

/// How long a step waits for the cloud without `timeouts`.
const PATIENCE: Duration = Duration::from_mins(5);

/// How often in a row a new or changed role has to be read as it should be. The cloud's replicas do not agree at once.
const GOOD_READS: u32 = 3;

impl Resource for Role {
    const NAME: &'static str = "dataplane_role";
    const IDENTITY: &'static [&'static str] = &["name"];
    type Client = Client;
    type Model = RoleModel;

    fn label(&self, model: &RoleModel) -> Option<String> {
        model.name.known().map(ToString::to_string)
    }

    fn validate(&self, config: &RoleModel, diagnostics: &mut Diagnostics) {
        if let Some(trust) = config.trust.known() {
            let given =
                usize::from(trust.irsa.is_known()) + usize::from(trust.pod_identity.is_known());
            let open = trust.irsa.is_unknown() || trust.pod_identity.is_unknown();
            if given > 1 || (given == 0 && !open) {
                diagnostics.error_at(
                    path!("trust"),
                    "not exactly one way to take the role on",
                    "`trust` must have exactly one of `irsa = { provider_arn = … }` and `pod_identity = { cluster = … }`.",
                );
            }
        }
        if let Some(profile) = config.profile.known() {
            config.check_arguments(**profile, diagnostics);
        }
    }

    async fn plan(&self, cx: &Context<Client>, change: &mut Change<RoleModel>) -> Result<()> {
        let Change {
            prior,
            planned: Some(planned),
            ..
        } = change
        else {
            return Ok(());
        };
        planned.id = planned.name.as_ref().map(ToString::to_string);
        planned.unexpected_policies = Value::Known(Set::new());
        if let Some(prior) = prior
            && prior.trust == planned.trust
        {
            planned.service_account_annotations = prior.service_account_annotations.clone();
            planned.pod_labels = prior.pod_labels.clone();
        }
        let Some(client) = cx.client_if_known() else {
            return Ok(());
        };
        planned.tags_all = Marks::planned(client, Self::NAME, &planned.name, &planned.tags);
        let roles = &client.clouds()?.roles;
        if let Some(spec) = planned.spec() {
            let documents = roles.documents(&spec).await?;
            planned.policy = documents.policy.into();
            planned.trust_policy = documents.trust_policy.into();
        } else if let Some(spec) = planned.spec_for_anybody() {
            // The cluster is often made in the same apply; what the role may do can be reviewed without it.
            planned.policy = roles.documents(&spec).await?.policy.into();
        }
        Ok(())
    }

    async fn create(&self, cx: &Context<Client>, plan: RoleModel) -> Applied<RoleModel> {
        let client = cx.client()?;
        let roles = &*client.clouds()?.roles;
        let spec = plan.known_spec()?;
        let marks = Marks::new(client, Self::NAME, &spec.name);
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        let creating = marks.creating(plan.tags.known());
        let what = format!("the creation of role {}", spec.name);
        let outcome = created(cx, deadline, what, || roles.create(&spec, &creating)).await?;
        let (origin, found) = if let Some(made) = outcome {
            (Origin::Made, made)
        } else {
            let found = roles.get(&spec.name, Some(&spec.trust)).await?;
            marks.claim(&found.tags, spec.name.as_str())?;
            if found.path != spec.path {
                return Err(half_made_elsewhere(&found).into());
            }
            (Origin::Continued, found)
        };
        let mut made = plan;
        made.identify(&found);
        let tags = marks.finished(made.tags.known());
        origin.keep(
            finish(cx, deadline, roles, found, &spec, &tags).await,
            &made,
        )?;
        made.tags_all = tags.into();
        Ok(made)
    }

    async fn read(&self, cx: &Context<Client>, mut state: RoleModel) -> Result<Option<RoleModel>> {
        let client = cx.client()?;
        let trust = state.trust.known().and_then(TrustModel::trust);
        let Some(found) = client
            .clouds()?
            .roles
            .get(&state.role_name()?, trust.as_ref())
            .await
            .optional()?
        else {
            return Ok(None);
        };
        state.identify(&found);
        state.refresh(client, found);
        Ok(Some(state))
    }

    async fn update(&self, cx: &Context<Client>, change: Update<RoleModel>) -> Applied<RoleModel> {
        let client = cx.client()?;
        let roles = &*client.clouds()?.roles;
        let Update { prior, mut plan } = change;
        let spec = plan.known_spec()?;
        // By the prior trust, so that what hangs on another cluster is seen and removed.
        let trust = prior
            .trust
            .known()
            .and_then(TrustModel::trust)
            .unwrap_or_else(|| spec.trust.clone());
        let found = roles.get(&spec.name, Some(&trust)).await?;
        plan.identify(&found);
        let deadline = cx.deadline(&plan.timeouts, PATIENCE);
        let tags = Marks::new(client, Self::NAME, &spec.name).finished(plan.tags.known());
        let found = finish(cx, deadline, roles, found, &spec, &tags).await?;
        plan.identify(&found);
        Ok(plan)
    }

    async fn delete(&self, cx: &Context<Client>, state: RoleModel) -> Result<()> {
        let roles = &*cx.client()?.clouds()?.roles;
        let name = state.role_name()?;
        let trust = state.trust.known().and_then(TrustModel::trust);
        let deadline = cx.deadline(&state.timeouts, PATIENCE);
        wait::until(
            cx,
            deadline,
            &format!("the deletion of role {name}"),
            || async {
                let outcome = async {
                    match roles.get(&name, trust.as_ref()).await.optional()? {
                        Some(mut found) => {
                            // Where somebody changed the trust policy, only the state knows what else hangs on the role.
                            found.trust = found.trust.or_else(|| trust.clone());
                            roles.delete(&found).await.optional().map(drop)
                        }
                        None => Ok(()),
                    }
                };
                match outcome.await {
                    Ok(()) => Ok(Poll::Ready(())),
                    Err(error) if is_settling(&error) => Ok(Poll::Pending(error.to_string())),
                    Err(error) => Err(error.into()),
                }
            },
        )
        .await
    }

    async fn import(&self, _cx: &Context<Client>, id: &str) -> Result<RoleModel> {
        let (trust, name) = match id
            .strip_prefix("eks/")
            .and_then(|rest| rest.split_once('/'))
        {
            Some((cluster, name)) => {
                let cluster = Value::Known(cluster.parse()?);
                let pod_identity = PodIdentityModel { cluster }.into();
                (
                    Value::Known(TrustModel {
                        pod_identity,
                        ..TrustModel::default()
                    }),
                    name,
                )
            }
            None => (Value::Null, id),
        };
        Ok(RoleModel {
            name: Value::Known(name.parse()?),
            trust,
            ..RoleModel::default()
        })
    }
}

impl RoleModel {
    fn role_name(&self) -> Result<RoleName> {
        Ok(RoleName::clone(self.name.get()?))
    }

    /// What is known of a role as soon as it exists.
    fn identify(&mut self, found: &Found) {
        self.id = found.name.to_string().into();
        self.principal = found.principal.to_string().into();
        if !self.service_account_annotations.is_known() {
            self.service_account_annotations = found.service_account_annotations.clone().into();
        }
        if !self.pod_labels.is_known() {
            self.pod_labels = found.pod_labels.clone().into();
        }
    }

    /// What may have been changed by others.
    fn refresh(&mut self, client: &Client, found: Found) {
        self.service_account_annotations = found.service_account_annotations.into();
        self.pod_labels = found.pod_labels.into();
        self.path = found.path.map(Text::from).into();
        self.permissions_boundary = found.permissions_boundary.map(Text::from).into();
        let session = |session: SessionDuration| {
            Text::from(text::Duration::from(Duration::from_secs(session.as_secs())))
        };
        self.max_session_duration = found.max_session.map(session).into();
        // A trust policy of another form shows as a difference of `trust_policy`.
        if let Some(trust) = found.trust.as_ref() {
            self.trust = trust_model(trust);
            let subject = |subject: &Subject| SubjectModel {
                namespace: subject.namespace.clone().into(),
                service_account: subject.service_account.clone().into(),
            };
            self.subjects = Value::Known(found.subjects.iter().map(subject).collect());
        }
        self.policy = found.policy.map(Text::from).into();
        self.trust_policy = found.trust_policy.into();
        self.unexpected_policies = Value::Known(
            found
                .foreign_policies
                .iter()
                .map(ToString::to_string)
                .collect(),
        );
        self.tags = drift::own_tags(client, &self.tags, &found.tags);
        self.tags_all = found.tags.into();
    }
}

fn trust_model(trust: &Trust) -> Value<TrustModel> {
    match trust {
        Trust::Irsa { provider } => Value::Known(TrustModel {
            irsa: IrsaModel {
                provider_arn: provider.clone().into(),
            }
            .into(),
            ..TrustModel::default()
        }),
        Trust::PodIdentity { cluster } => Value::Known(TrustModel {
            pod_identity: PodIdentityModel {
                cluster: cluster.clone().into(),
            }
            .into(),
            ..TrustModel::default()
        }),
        Trust::Gke { .. } | Trust::Azure { .. } => Value::Null,
    }
}

/// Makes an existing role what is wanted and waits until it is seen so; its tags come last, for they say that it is finished.
async fn finish(
    cx: &Context<Client>,
    deadline: Deadline,
    roles: &dyn Roles,
    found: Found,
    spec: &RoleSpec,
    tags: &clouds::Tags,
) -> Result<Found> {
    let name = &spec.name;
    let documents = roles.documents(spec).await?;
    let mut current = found;
    if current.differs(spec, &documents) || current.trust.as_ref() != Some(&spec.trust) {
        settled(cx, deadline, format!("the policies of role {name}"), || {
            roles.update(&current, spec)
        })
        .await?;
        current = seen(cx, deadline, roles, spec, &documents).await?;
    }
    if current.tags != *tags {
        settled(cx, deadline, format!("the tags of role {name}"), || {
            roles.set_tags(&current, tags)
        })
        .await?;
    }
    Ok(current)
}

/// Waits until the role is read as it should be several times in a row.
async fn seen(
    cx: &Context<Client>,
    deadline: Deadline,
    roles: &dyn Roles,
    spec: &RoleSpec,
    documents: &RoleDocuments,
) -> Result<Found> {
    let what = format!("role {} to be seen everywhere", spec.name);
    wait::consecutive(cx, deadline, &what, GOOD_READS, || async {
        match roles.get(&spec.name, Some(&spec.trust)).await {
            Ok(found) if found.differs(spec, documents) => Ok(Poll::Pending(
                "it is still read as it was before".to_owned(),
            )),
            Ok(found) => Ok(Poll::Ready(found)),
            Err(error) if is_settling(&error) => Ok(Poll::Pending(error.to_string())),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

fn half_made_elsewhere(found: &Found) -> Diagnostics {
    let path = found.path.as_ref().map_or("/", RolePath::as_str);
    Diagnostic::error(
        format!("role {} is half made under another path", found.name),
        format!(
            "An earlier apply of this configuration was interrupted while it made the role under {path}, and a path cannot be changed. \
             Delete the role, which has no permissions yet, or go back to that path, and apply again."
        ),
    )
    .into()
}

#[cfg(test)]
mod tests {
    use clouds::{memory::Memory, roles::ForeignPolicy};
    use framework::testing::{Action, UNKNOWN};
    use serde_json::json;

    use super::*;
    use crate::testing::{not_ready, over, owned_by, refuses, survives_every_failure, text};

    /// An attribute, and how somebody changes it behind our back.
    type Drift = (&'static str, fn(&mut Found));

    const NAME: &str = Role::NAME;
    const PROVIDER: &str =
        "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE";

    fn user() -> serde_json::Value {
        json!({
            "name": "userflyterole",
            "profile": "user",
            "buckets": {
                "metadata": { "id": "acme-metadata", "prefixes": ["acme/"] },
                "fast": { "id": "acme-fast", "access": "read" },
            },
            "trust": { "irsa": { "provider_arn": PROVIDER } },
            "subjects": [
                { "namespace": "fraud-production", "service_account": "default" },
                { "namespace": "fraud-staging", "service_account": "default" },
            ],
        })
    }

    fn admin() -> serde_json::Value {
        json!({
            "name": "userflyterole",
            "profile": "admin",
            "buckets": { "metadata": { "id": "acme-metadata" } },
            "secrets": "dataplane/acme/",
            "logs": ["/dataplane/acme/tasks"],
            "kms_keys": ["alias/acme"],
            "trust": { "pod_identity": { "cluster": "prod" } },
            "subjects": [{ "namespace": "union", "service_account": "executor" }],
            "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
            "max_session_duration": "2h",
            "tags": { "env": "prod" },
        })
    }

    fn change(
        mut config: serde_json::Value,
        argument: &str,
        value: serde_json::Value,
    ) -> serde_json::Value {
        config[argument] = value;
        config
    }

    #[tokio::test(start_paused = true)]
    async fn basic() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let role = harness.resource(NAME);
        role.lifecycle(user(), admin()).await;
        let state = role.create(admin()).await;
        assert_eq!(state["unexpected_policies"], json!([]));
        memory.change(|world| {
            let found = world.roles.values().next().unwrap();
            assert!(!found.tags.contains_key(clouds::tags::CREATING));
            assert_eq!(state["principal"], found.principal.as_str());
        });
    }

    #[tokio::test]
    async fn the_policies_are_in_the_plan_for_review() {
        let harness = over(&Memory::default()).await;
        let role = harness.resource(NAME);
        let planned = role.plan_create(user()).await;
        assert!(
            planned.values["policy"]
                .as_str()
                .unwrap()
                .contains("WriteObjects")
        );
        assert!(
            planned.values["trust_policy"]
                .as_str()
                .unwrap()
                .contains("system:serviceaccount:fraud-staging:default")
        );
        let trust = json!({ "irsa": { "provider_arn": UNKNOWN } });
        let early = role.plan_create(change(user(), "trust", trust)).await;
        assert_eq!(
            (&early.values["policy"], &early.values["trust_policy"]),
            (&planned.values["policy"], &json!(UNKNOWN))
        );
        let buckets = json!({ "metadata": { "id": UNKNOWN } });
        let planned = role.plan_create(change(user(), "buckets", buckets)).await;
        assert_eq!(planned.values["policy"], UNKNOWN);
    }

    #[tokio::test(start_paused = true)]
    async fn another_path_is_another_role() {
        let harness = over(&Memory::default()).await;
        let role = harness.resource(NAME);
        let state = role.create(user()).await;
        let planned = role
            .plan(&state, change(user(), "path", json!("/team/")))
            .await;
        assert_eq!(
            (planned.action, planned.replace_paths),
            (Action::Replace, vec![path!("path")])
        );
        let planned = role
            .plan(&state, change(user(), "max_session_duration", json!("60m")))
            .await;
        assert_eq!(planned.action, Action::NoOp);
    }

    #[tokio::test(start_paused = true)]
    async fn disappears() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let role = harness.resource(NAME);
        let state = role.create(user()).await;
        memory.change(|world| world.roles.clear());
        assert!(role.read(&state).await.is_none());
        role.delete(state).await;
    }

    #[tokio::test(start_paused = true)]
    async fn every_drift_is_shown_and_mended() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let role = harness.resource(NAME);
        let state = role.create(admin()).await;
        let drifts: [Drift; 7] = [
            ("unexpected_policies", |found| {
                found.foreign_policies.insert(ForeignPolicy::Attached(
                    "arn:aws:iam::aws:policy/AdministratorAccess".into(),
                ));
            }),
            ("policy", |found| found.policy = None),
            ("policy", |found| {
                found.policy = Some(PolicyDocument::new(
                    json!({ "Statement": [{ "Effect": "Allow" }] }),
                ));
            }),
            ("trust_policy", |found| {
                found.trust = None;
                found.trust_policy = PolicyDocument::new(json!({ "Statement": [] }));
            }),
            ("subjects", |found| found.subjects.clear()),
            ("permissions_boundary", |found| {
                found.permissions_boundary = None;
            }),
            ("max_session_duration", |found| {
                found.max_session = SessionDuration::try_from(Duration::from_hours(12)).ok();
            }),
        ];
        for (attribute, drift) in drifts {
            memory.change(|world| world.roles.values_mut().for_each(drift));
            let found = role.read(&state).await.unwrap();
            assert_ne!(found[attribute], state[attribute], "{attribute}");
            let planned = role.plan(&found, admin()).await;
            assert_eq!(planned.action, Action::Update, "{attribute}");
            let mended = role.apply(&planned, admin()).await;
            assert_eq!(mended.values, state.values, "{attribute}");
            role.settled(&mended, admin()).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_create_that_fails_anywhere_is_completed_by_the_next() {
        survives_every_failure(NAME, user(), |world| world.roles.len()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_seen_yet_is_waited_for() {
        let memory = Memory::default();
        for call in [
            "roles.create",
            "roles.update",
            "roles.get",
            "roles.set_tags",
        ] {
            memory.fail(call, 1, not_ready());
        }
        memory.fail("roles.get", 3, not_ready());
        let harness = over(&memory).await;
        let role = harness.resource(NAME);
        let state = role.create(user()).await;
        assert!(memory.pending_failures().is_empty());
        let reads = memory
            .calls()
            .iter()
            .filter(|call| **call == "roles.get")
            .count();
        assert_eq!(
            reads, 6,
            "two bad reads, one good in between, and three good ones in a row"
        );
        role.settled(&state, user()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_role_of_somebody_else_is_never_touched() {
        let memory = Memory::default();
        owned_by("acme-test", &memory)
            .await
            .resource(NAME)
            .create(admin())
            .await;
        let harness = over(&memory).await;
        let said = text(
            &harness
                .resource(NAME)
                .try_create(user())
                .await
                .unwrap_err()
                .diagnostics,
        );
        assert!(
            said.contains("the role userflyterole exists already") && said.contains("acme-test"),
            "{said}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_half_made_role_under_another_path_is_not_continued() {
        let memory = Memory::default();
        let harness = over(&memory).await;
        let role = harness.resource(NAME);
        memory.lose_answer("roles.create", 1, crate::testing::outage());
        role.try_create(user()).await.unwrap_err();
        let said = text(
            &role
                .try_create(change(user(), "path", json!("/team/")))
                .await
                .unwrap_err()
                .diagnostics,
        );
        assert!(
            said.contains("half made under another path") && said.contains("under /,"),
            "{said}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn imported_it_only_lacks_what_the_cloud_does_not_keep() {
        for (config, id) in [
            (user(), "userflyterole"),
            (admin(), "eks/prod/userflyterole"),
        ] {
            let memory = Memory::default();
            let harness = over(&memory).await;
            let role = harness.resource(NAME);
            let state = role.create(config.clone()).await;
            let imported = role.import(id).await;
            for kept in [
                "subjects",
                "trust",
                "policy",
                "trust_policy",
                "principal",
                "path",
                "tags_all",
            ] {
                assert_eq!(imported[kept], state[kept], "{kept}");
            }
            let before = memory.calls().len();
            let taken = role.update(&imported, config.clone()).await;
            assert!(
                !memory.calls()[before..]
                    .iter()
                    .any(|call| ["roles.update", "roles.set_tags"].contains(call))
            );
            role.settled(&taken, config).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_role_can_be_imported_by_its_identity() {
        let harness = over(&Memory::default()).await;
        let role = harness.resource(NAME);
        let state = role.create(user()).await;
        let imported = role.import_identity(&state).await.unwrap();
        assert_eq!(imported["principal"], state["principal"]);
    }

    #[tokio::test]
    async fn bad_input_is_refused_where_it_stands() {
        let harness = over(&Memory::default()).await;
        let role = harness.resource(NAME);
        let subject = |namespace: &str, name: &str| json!([{ "namespace": namespace, "service_account": name }]);
        let cases = [
            (
                "subjects",
                json!([]),
                "subjects",
                "name at least one service account",
            ),
            ("subjects", subject("fraud-*", "default"), "subjects", "'*'"),
            ("subjects", subject("fraud", "*"), "subjects", "'*'"),
            (
                "permissions_boundary",
                json!("arn:aws:iam::123456789012:role/x"),
                "permissions_boundary",
                "ARN of a managed policy",
            ),
            ("trust", json!({}), "trust", "exactly one of"),
            (
                "trust",
                json!({ "irsa": { "provider_arn": PROVIDER }, "pod_identity": { "cluster": "prod" } }),
                "trust",
                "exactly one of",
            ),
            (
                "profile",
                json!("root"),
                "profile",
                "admin, user, builder and log_writer",
            ),
            (
                "secrets",
                json!("acme/"),
                "secrets",
                "user has no use for `secrets`: it takes `buckets`, `kms_keys`",
            ),
            (
                "logs",
                json!(["/acme"]),
                "logs",
                "user has no use for `logs`",
            ),
            (
                "registry",
                json!("acme/tasks"),
                "registry",
                "user has no use for `registry`",
            ),
            (
                "buckets",
                json!({}),
                "profile",
                "is given what it may reach by `buckets`, and there is none",
            ),
            (
                "max_session_duration",
                json!("15m"),
                "max_session_duration",
                "\"15m\" is not a valid session duration: it must be 1 to 12 hours",
            ),
            (
                "trust",
                json!({ "irsa": { "provider_arn": "https://oidc.example.test/id/1" } }),
                "trust.irsa.provider_arn",
                "write the `arn` of a dataplane_identity_provider",
            ),
            (
                "max_session_duration",
                json!("1 hour"),
                "max_session_duration",
                "1h30m",
            ),
            ("path", json!("team"), "path", "begin and end with"),
            (
                "buckets",
                json!({ "metadata": { "id": "acme-metadata", "access": "write" } }),
                "buckets[\"metadata\"].access",
                "read_write or read",
            ),
        ];
        for (argument, value, at, part) in cases {
            refuses(&role, change(user(), argument, value), at, &[part]).await;
        }
    }
}
