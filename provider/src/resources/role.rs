//! `dataplane_role`: what pods of the data plane may do in the cloud, and which service accounts may take it on.

mod found;
mod spec;
mod trust;
mod wanted;

use std::{collections::BTreeMap, time::Duration};

use clouds::{
    account::KmsKey,
    buckets::{BucketId, ObjectPrefix},
    error::Optional,
    log_groups::LogGroupName,
    policies::PolicyDocument,
    registries::RegistryName,
    roles::{PolicyArn, RoleDefaults, RoleName, RolePath, SessionDuration},
    secrets::SecretPrefix,
};
use dataplane_api::permissions::Profile;
use framework::{
    Applied, Change, Context, Diagnostics, Model, Resource, Result, Set, Text, Timeouts, Update,
    Value, text,
};

use trust::{SubjectModel, TrustModel};
use wanted::Wanted;

use crate::{
    client::Client,
    drift,
    ownership::{self, Kind, Marks},
    profiles::Access,
    refusals,
    settle::settled,
    spelling, tags,
};

/// The resource.
pub struct Role;

/// What pods of the data plane may do in the cloud, and which Kubernetes service accounts may take it on.
///
/// It is an IAM role on AWS, a service account with its bindings on Google Cloud, and on Azure a user-assigned managed identity
/// with its role assignments, and with a custom role of its own where it writes blobs. What it may do follows from its `profile`
/// and from the objects that are named here; the policy is in the plan, for review. On AWS the role has exactly that policy: one
/// that somebody adds is shown in `unexpected_policies` and removed by the next apply. On Google Cloud and Azure, what others bind
/// or assign on the same objects stays.
///
/// A role is imported by its name (on Google Cloud what stands before the `@` of the service account), or by `eks/CLUSTER/NAME` when
/// pods take it on by Pod Identity. The cloud keeps its policy and not the arguments that it was made from, so the plan after an
/// import adds `profile`, `buckets` and the like to the state; as long as `policy` does not differ, that apply changes nothing in the
/// cloud. On Azure, `policy` is then what this provider assigned. Google Cloud keeps rights with the objects and lists them by the
/// object only, and an import is told a name and no arguments, so that nobody knows yet where to look: this plan shows the whole
/// `policy` as new, and the apply leaves what is bound already as it is. Run `terraform plan` after it to see that nothing is left.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct RoleModel {
    /// Name of the role, for example `adminflyterole`: up to 64 characters on AWS, 6 to 30 lower-case letters, digits and hyphens on Google
    /// Cloud, 3 to 128 characters on Azure.
    #[attr(required, replaces)]
    pub name: Value<Text<RoleName>>,
    /// What the role is for. `admin`: platform services; reads and writes the buckets and the secrets, reads persisted logs.
    /// `user`: task pods; reads and writes the buckets and nothing else. `builder`: the image builder; pushes to the registry.
    /// `log_writer`: the log shipper; writes logs. Azure has no such role: there an identity of your own, which may publish to your data
    /// collection rule, writes logs.
    #[attr(required)]
    pub profile: Value<Text<Profile>>,
    /// Buckets that the role reads and writes, by a name of your choice. For `admin` and `user`.
    #[attr(optional)]
    pub buckets: Value<BTreeMap<String, BucketAccessModel>>,
    /// Beginning of the names of the secrets that the role reads and writes, for example `dataplane/acme/`: up to and including a `/` on
    /// AWS, a `-` or `_` on Google Cloud; on Azure the vault and a `/`. For `admin`.
    #[attr(optional)]
    pub secrets: Value<Text<SecretPrefix>>,
    /// Names of the log groups that the role reads (`admin`) or writes (`log_writer`).
    #[attr(optional)]
    pub logs: Value<Set<Text<LogGroupName>>>,
    /// Name of the registry that the role pushes to. For `builder`.
    #[attr(optional)]
    pub registry: Value<Text<RegistryName>>,
    /// Keys that the buckets and secrets above are encrypted with: ARNs on AWS, `projects/…/cryptoKeys/…` on Google Cloud, URLs on
    /// Azure. For `admin` and `user`.
    #[attr(optional)]
    pub kms_keys: Value<Set<Text<KmsKey>>>,
    /// How a pod takes the role on: exactly one of `irsa` and `pod_identity` (AWS), `gke` (Google Cloud) and `azure`.
    #[attr(required)]
    pub trust: Value<TrustModel>,
    /// Service accounts that may take the role on, each by its exact name: there are no wildcards.
    #[attr(required, validate = trust::some_subject)]
    pub subjects: Value<Set<SubjectModel>>,
    /// ARN of a policy that bounds whatever the role can do. AWS only.
    #[attr(optional)]
    pub permissions_boundary: Value<Text<PolicyArn>>,
    /// Path that the role lies under, for example `/dataplane/`. AWS only, where it is `/` by default.
    #[attr(optional, computed, replaces)]
    pub path: Value<Text<RolePath>>,
    /// How long a session of the role may last, from `1h` to `12h`. AWS only, where it is `1h` by default.
    #[attr(optional, computed, validate = session)]
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
    /// What others know the role by: its ARN on AWS, the service account's e-mail address on Google Cloud, on Azure the identity's
    /// principal (object) id.
    #[attr(computed, stable)]
    pub principal: Value<String>,
    /// What the role may do, as JSON.
    #[attr(computed)]
    pub policy: Value<Text<PolicyDocument>>,
    /// Who may take the role on, as JSON.
    #[attr(computed)]
    pub trust_policy: Value<Text<PolicyDocument>>,
    /// Policies that somebody else wrote into the role or attached to it, and others' ways to take it on. The next apply removes them.
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

/// Fields of a role's type that are another argument.
const RENAMED: &[(&str, &str)] = &[("max_session", "max_session_duration")];

/// How long a step waits for the cloud without `timeouts`.
const PATIENCE: Duration = Duration::from_mins(5);

/// Terraform drops what a read does not find, and then no destroy comes by here any more.
fn leftovers(cx: &Context<Client>, name: &RoleName, left: &str) {
    cx.warn(
        format!("role {name} is gone, and not all that belonged to it"),
        format!(
            "Somebody deleted it outside of Terraform, which drops it from the state now. What may be left: {left}. An apply that makes \
             the role again takes these over, and a destroy after that removes them with it. If the role is not wanted any more, and \
             no apply or destroy has stored this refresh yet, `terraform destroy -refresh=false` removes them at once; add \
             `-target` with the address of this resource to keep everything else."
        ),
    );
}

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
            trust.check(diagnostics);
        }
        if let Some(profile) = config.profile.known() {
            config.check_arguments(**profile, diagnostics);
        }
    }

    fn respell(
        &self,
        cx: &Context<Client>,
        prior: &RoleModel,
        wanted: &mut RoleModel,
    ) -> Result<()> {
        spelling::keep(cx, Kind::Roles, &prior.name, &mut wanted.name)
    }

    async fn plan(&self, cx: &Context<Client>, change: &mut Change<RoleModel>) -> Result<()> {
        let Change {
            config,
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
            if let Some(prior) = prior {
                let kept = (prior.path.clone(), prior.max_session_duration.clone());
                planned.fill(config.as_ref(), kept);
            }
            return Ok(());
        };
        let tags = Marks::planned(client, Kind::Roles, &planned.name, &planned.tags);
        let roles = &client.clouds()?.roles;
        let RoleDefaults { path, max_session } = roles.defaults();
        let defaults = (path.map(Text::from).into(), found::session(max_session));
        planned.fill(config.as_ref(), defaults);
        let refused = planned.outline().map(|outline| roles.check(&outline));
        let checked = refusals::none(refused.into_iter().flatten(), RENAMED);
        planned.tags_all = refusals::along(checked, tags)?;
        // What is not found may be made in the same apply, as a key vault: then the documents are known after it.
        if let Some(spec) = planned.spec() {
            let documents = roles.documents(&spec).await.optional()?;
            (planned.policy, planned.trust_policy) = match documents {
                Some(documents) => (documents.policy.into(), documents.trust_policy.into()),
                None => (Value::Unknown, Value::Unknown),
            };
        } else if let (Some(name), Some(allowed)) = (planned.name.known(), planned.capabilities()) {
            // The cluster is often made in the same apply; what the role may do can be reviewed without it.
            let policy = roles.policy(name, &allowed).await.optional()?;
            planned.policy = policy.map_or(Value::Unknown, Value::from);
        }
        Ok(())
    }

    async fn create(&self, cx: &Context<Client>, plan: RoleModel) -> Applied<RoleModel> {
        ownership::create(&Wanted::of(cx, &plan)?, plan).await
    }

    async fn read(&self, cx: &Context<Client>, mut state: RoleModel) -> Result<Option<RoleModel>> {
        let client = cx.client()?;
        let known = state.recorded();
        let Some(mut found) = client
            .clouds()?
            .roles
            .get(&state.role_name()?, known.as_ref())
            .await
            .optional()?
        else {
            let left = known.and_then(|known| client.clouds().ok()?.roles.outlives(&known));
            if let Some(left) = left {
                leftovers(cx, &state.role_name()?, &left);
            }
            return Ok(None);
        };
        found.tags = drift::our_tags(
            client,
            (Kind::Roles, state.name.get()?),
            &state.tags_all,
            found.tags,
        )?;
        state.identify(&found);
        state.refresh(client, found);
        Ok(Some(state))
    }

    async fn update(&self, cx: &Context<Client>, change: Update<RoleModel>) -> Applied<RoleModel> {
        let Update { prior, plan } = change;
        let wanted = Wanted::of(cx, &plan)?.instead_of(prior.recorded());
        ownership::update(&wanted, plan, &prior.tags_all).await
    }

    async fn delete(&self, cx: &Context<Client>, state: RoleModel) -> Result<()> {
        let roles = &*cx.client()?.clouds()?.roles;
        let name = state.role_name()?;
        let known = state.recorded();
        let deadline = cx.deadline(&state.timeouts, PATIENCE);
        let what = format!("the deletion of role {name}");
        settled(cx, deadline, what, || async {
            let Some(mut found) = roles.get(&name, known.as_ref()).await.optional()? else {
                return match &known {
                    Some(known) => roles.forget(known).await,
                    None => Ok(()),
                };
            };
            // Where somebody changed the trust policy, only the state knows what else hangs on the role.
            found.trust = found
                .trust
                .or_else(|| known.as_ref().map(|known| known.trust.clone()));
            roles.delete(&found).await.optional().map(drop)
        })
        .await
    }

    async fn import(&self, _cx: &Context<Client>, id: &str) -> Result<RoleModel> {
        let (trust, name) = trust::imported(id)?;
        Ok(RoleModel {
            name: Value::Known(name.parse()?),
            trust,
            ..RoleModel::default()
        })
    }
}

#[cfg(test)]
mod tests;
