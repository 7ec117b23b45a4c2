//! Roles: service accounts, the bindings that give them rights, and who may act through them.
//!
//! Calls: `documents` and `policy` 0 (the project's number is asked once per session); `create` 1; `get` 2, and 1 per
//! object whose policy the known role has a part in, all at once; `update` 2 per object whose bindings differ (0 when none
//! does), all at once, and more where somebody else writes at the same time; `set_tags` 1; `delete` 2 per object that it
//! has a part in, and 1; `forget` the same without that one.
//!
//! Bindings lie on shared objects. Ours are those of our members; what others have there stays. Names of deleted service
//! accounts can be used again: the new one is another principal, and what is left of the old one where we look is foreign, and
//! removed.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use clouds::policies::PolicyDocument;
use clouds::roles::{
    Capability, ForeignPolicy, Role, RoleDefaults, RoleDocuments, RoleName, RoleSpec, Roles,
    Subject, Trust,
};
use clouds::{Optional, Refusal, Result, Tags};
use futures::future::{join_all, try_join, try_join_all};
use serde::{Deserialize, Serialize};

use crate::bindings::{self, Key};
use crate::error::{Understood, unreadable};
use crate::permissions::capabilities::{self, Holder, MOST_PREFIXES};
use crate::policies::{Grant, MOST_MEMBERS, Policy, Resource};
use crate::session::{Scope, Seen, Service};
use crate::trust::{self, workload};
use crate::{Gcp, names, tags};

/// How a service account of GKE says which one of Google's its pods act as.
const ANNOTATION: &str = "iam.gke.io/gcp-service-account";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewAccount<'n> {
    account_id: &'n str,
    service_account: Described,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountPatch {
    service_account: Described,
    update_mask: &'static str,
}

#[derive(Serialize)]
struct Described {
    description: String,
}

#[derive(Deserialize)]
struct Account {
    email: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    disabled: bool,
}

#[derive(Serialize)]
struct Nothing {}

/// Everything that a role should have, as bindings.
struct Plan {
    grants: Vec<Grant>,
    direct: bool,
    trusted: BTreeSet<String>,
}

#[async_trait]
impl Roles for Gcp {
    fn check(&self, spec: &RoleSpec) -> Vec<Refusal> {
        let mut refused: Vec<_> = names::role(&spec.name).into_iter().collect();
        match &spec.trust {
            Trust::Gke { pool, .. } => refused.extend(trust::check(pool, &spec.subjects)),
            _ => refused.push(Refusal::new(
                "trust",
                "Google Cloud trusts tokens by `gke = { pool = … }`.",
            )),
        }
        refused.extend(Refusal::of_given(
            "path",
            spec.path.as_ref(),
            "service accounts of Google Cloud have no path: leave it out.",
        ));
        refused.extend(Refusal::of_given(
            "permissions_boundary",
            spec.permissions_boundary.as_ref(),
            "Google Cloud has no permissions boundaries: leave it out.",
        ));
        refused.extend(Refusal::of_given(
            "max_session",
            spec.max_session.as_ref(),
            "tokens of a service account last an hour on Google Cloud: leave it out.",
        ));
        for capability in &spec.capabilities {
            refused.extend(match capability {
                Capability::ReadSecrets { prefix } | Capability::WriteSecrets { prefix } => names::secret_prefix(prefix),
                Capability::ReadLogs { group } | Capability::WriteLogs { group } => names::log_group(group).map(|refusal| Refusal { field: "logs", ..refusal }),
                Capability::PullImages { registry } | Capability::PushImages { registry } => names::registry(registry).map(|refusal| Refusal { field: "registry", ..refusal }),
                Capability::UseKey { key } => names::key("kms_keys", Some(key)),
                Capability::ListObjects { bucket, prefixes } | Capability::ReadObjects { bucket, prefixes } | Capability::WriteObjects { bucket, prefixes } => {
                    let many = prefixes.len() > MOST_PREFIXES;
                    let account = bucket.account.is_some();
                    let reason = if account {
                        format!("{bucket} names a storage account, which Google Cloud does not have.")
                    } else {
                        format!("{} prefixes of {bucket} are more than its policy takes as conditions: give {MOST_PREFIXES} at most, or all of it.", prefixes.len())
                    };
                    (many || account).then(|| Refusal::new("buckets", reason))
                }
                Capability::SignUrls => None,
            });
        }
        refused.extend(self.too_many(spec));
        refused.dedup();
        refused
    }

    fn defaults(&self) -> RoleDefaults {
        RoleDefaults::default()
    }

    async fn policy(
        &self,
        name: &RoleName,
        wanted: &BTreeSet<Capability>,
    ) -> Result<PolicyDocument> {
        let holder = Holder {
            account: self.member(name),
            direct: None,
            resource: self.account(name),
        };
        Ok(bindings::document(
            &capabilities::grants(&self.0.scope().await?, &holder, wanted),
            false,
        ))
    }

    async fn documents(&self, spec: &RoleSpec) -> Result<RoleDocuments> {
        let plan = self.plan(spec).await?;
        Ok(RoleDocuments {
            policy: bindings::document(&plan.grants, plan.direct),
            trust_policy: trust::document(plan.direct, &plan.trusted),
        })
    }

    async fn create(&self, spec: &RoleSpec, tags: &Tags) -> Result<Role> {
        let call = ("iam.serviceAccounts.create", &spec.name);
        let path = format!("v1/projects/{}/serviceAccounts", self.0.config.project);
        let new = NewAccount {
            account_id: spec.name.as_str(),
            service_account: Described {
                description: tags::description(tags),
            },
        };
        let made: Account = self
            .0
            .post(Service::Iam, path, call)
            .named()
            .json(&new)?
            .answer()
            .await?;
        let account = self.account(&spec.name);
        self.0.made(&account.to_string(), true);
        self.saw_account(&account, &made);
        let trust = trust::Found {
            trust: Some(spec.trust.clone()),
            ..trust::Found::default()
        };
        Self::role(&spec.name, &made, trust, None, BTreeSet::new())
    }

    async fn get(&self, name: &RoleName, known: Option<&RoleSpec>) -> Result<Role> {
        let account = self.account(name);
        let (found, own) = try_join(self.service_account(name), self.0.policy(&account)).await?;
        let trust = trust::read(&own, known.map(|known| &known.trust));
        let foreign: BTreeSet<_> = trust
            .foreign
            .iter()
            .map(|(role, member)| bindings::foreign(role, &account, None, Some(member)))
            .collect();
        let Some(known) = known else {
            return Self::role(name, &found, trust, None, foreign);
        };
        let plan = self.plan(known).await?;
        let ours = bindings::members(&plan.grants, self.member(name));
        let elsewhere: BTreeSet<_> = plan
            .grants
            .iter()
            .map(|grant| &grant.resource)
            .filter(|resource| **resource != account)
            .collect();
        let look = |resource: Resource| async move {
            // What is gone has taken our bindings along.
            let policy = self
                .0
                .policy(&resource)
                .await
                .optional()?
                .unwrap_or_default();
            Ok::<_, clouds::Error>((resource, policy))
        };
        let mut policies = try_join_all(elsewhere.into_iter().cloned().map(look)).await?;
        // The trust is read apart.
        let own = own.without(|role| plan.direct && role == trust::TOKEN_CREATOR);
        policies.push((account, own));
        let (given, others) = bindings::split(&policies, &ours, &plan.grants);
        let others = others.iter().map(|grant| {
            bindings::foreign(&grant.role, &grant.resource, grant.condition.as_ref(), None)
        });
        let left = bindings::left(&policies, &self.gone(name));
        let foreign = foreign.into_iter().chain(others).chain(left);
        let policy = bindings::document(&given, plan.direct);
        Self::role(name, &found, trust, Some(policy), foreign.collect())
    }

    async fn update(&self, found: &Role, wanted: &RoleSpec) -> Result<()> {
        let account = self.account(&found.name);
        let plan = self.plan(wanted).await?;
        let has = bindings::read(found.policy.as_ref(), &self.member(&found.name));
        let foreign = bindings::of_foreign(&found.foreign_policies);
        let trusts = found.trust_policy == trust::document(plan.direct, &plan.trusted);
        let ours = self.ours(&found.name, Some(&plan), &has);
        let pools: Vec<_> = [found.trust.as_ref(), Some(&wanted.trust)]
            .into_iter()
            .flatten()
            .filter_map(pool)
            .collect();
        let mut wanted: BTreeMap<Resource, Vec<Grant>> = bindings::by_resource(&plan.grants);
        let has = bindings::by_resource(&has);
        for resource in has.keys().chain(&foreign) {
            wanted.entry(resource.clone()).or_default();
        }
        if !trusts {
            wanted.entry(account.clone()).or_default();
        }
        let trusted = trust::grant(&account, plan.direct, plan.trusted);
        let change = |(resource, grants): (&Resource, &Vec<Grant>)| {
            let own = *resource == account;
            let same = has
                .get(resource)
                .map_or(&[][..], Vec::as_slice)
                .iter()
                .map(Key::of)
                .eq(grants.iter().map(Key::of));
            let as_it_is = same && !foreign.contains(resource) && (!own || trusts);
            let (resource, ours, pools, trusted) = (resource.clone(), &ours, &pools, &trusted);
            let grants = grants.clone();
            async move {
                if as_it_is {
                    return Ok(());
                }
                let of_pool = |member: &str| {
                    workload(member).is_some_and(|found| pools.contains(&&found.pool))
                };
                let give = |policy: &mut Policy| {
                    let wanted: Vec<_> = grants.iter().chain(own.then_some(trusted)).collect();
                    policy.give(|member| ours(member) || (own && of_pool(member)), &wanted)
                };
                self.0.edit(&resource, give).await
            }
        };
        // All of them, also when one fails: what is given does not depend on each other.
        let done = join_all(wanted.iter().map(change)).await;
        done.into_iter().collect::<Result<()>>()?;
        if trust::is_disabled(&found.trust_policy) {
            let call = ("iam.serviceAccounts.enable", &found.name);
            let path = format!("v1/{account}:enable");
            let enable = self.0.post(Service::Iam, path, call).json(&Nothing {})?;
            enable.repeatable().done().await?;
        }
        Ok(())
    }

    async fn set_tags(&self, found: &Role, tags: &Tags) -> Result<()> {
        if found.tags == *tags {
            return Ok(());
        }
        let call = ("iam.serviceAccounts.patch", &found.name);
        let account = self.account(&found.name);
        let look = self.service_account(&found.name);
        let seen = self.0.seen_by(&account.to_string(), look).await?;
        let body = AccountPatch {
            service_account: Described {
                description: tags::described(&seen.words, tags, call)?,
            },
            update_mask: "description",
        };
        let patched = self
            .0
            .patch(Service::Iam, format!("v1/{account}"), call)
            .json(&body)?
            .done()
            .await;
        self.0.settling(&account.to_string(), patched)
    }

    async fn delete(&self, found: &Role) -> Result<()> {
        let account = self.account(&found.name);
        let has = bindings::read(found.policy.as_ref(), &self.member(&found.name));
        let ours = self.ours(&found.name, None, &has);
        // Its own policy goes with it.
        let resources = has
            .into_iter()
            .map(|grant| grant.resource)
            .chain(bindings::of_foreign(&found.foreign_policies));
        let elsewhere = resources.filter(|resource| *resource != account);
        self.take(elsewhere.collect(), ours).await?;
        self.0
            .delete(
                Service::Iam,
                format!("v1/{account}"),
                ("iam.serviceAccounts.delete", &found.name),
            )
            .done()
            .await?;
        self.0.made(&account.to_string(), false);
        self.0.saw(&account.to_string(), None);
        Ok(())
    }

    fn outlives(&self, gone: &RoleSpec) -> Option<String> {
        let account = self.account(&gone.name);
        let grants = capabilities::grants(
            &self.unnumbered(),
            &Holder {
                account: self.member(&gone.name),
                direct: None,
                resource: account.clone(),
            },
            &gone.capabilities,
        );
        let resources: BTreeSet<_> = grants
            .into_iter()
            .map(|grant| grant.resource)
            .filter(|resource| *resource != account)
            .map(|resource| resource.to_string())
            .collect();
        if resources.is_empty() {
            return None;
        }
        let resources = Vec::from_iter(resources).join(", ");
        let left = match gone.trust {
            Trust::Gke { direct: true, .. } => {
                let pods: Vec<_> = gone.subjects.iter().map(Subject::to_string).collect();
                let pods = pods.join(", ");
                format!(
                    "{pods} themselves (members principal://…), which keep their rights, and the deleted account"
                )
            }
            _ => "the deleted account, which nobody can use any more".to_owned(),
        };
        Some(format!(
            "members of the policies of {resources}: {left} (deleted:{}?uid=…)",
            self.member(&gone.name)
        ))
    }

    async fn forget(&self, gone: &RoleSpec) -> Result<()> {
        let plan = self.plan(gone).await?;
        let account = self.account(&gone.name);
        let resources = plan.grants.iter().map(|grant| grant.resource.clone());
        let elsewhere = resources.filter(|resource| *resource != account).collect();
        self.take(elsewhere, self.ours(&gone.name, Some(&plan), &[]))
            .await
    }
}

impl Gcp {
    /// More members than the policy of any object takes, if nobody else had one there.
    fn too_many(&self, spec: &RoleSpec) -> Option<Refusal> {
        let Trust::Gke { direct, .. } = &spec.trust else {
            return None;
        };
        let account = self.account(&spec.name);
        let trusted: BTreeSet<_> = spec.subjects.iter().map(Subject::to_string).collect();
        let scope = self.unnumbered();
        let holder = Holder {
            account: self.member(&spec.name),
            direct: direct.then(|| trusted.clone()),
            resource: account.clone(),
        };
        let mut members = BTreeMap::from([(account, trusted.len())]);
        for grant in capabilities::grants(&scope, &holder, &spec.capabilities) {
            *members.entry(grant.resource).or_default() += grant.members.len();
        }
        let (resource, count) = members.into_iter().max_by_key(|(_, count)| *count)?;
        (count > MOST_MEMBERS).then(|| {
            let reason = format!(
                "{} service accounts are {count} members of the policy of {resource}, and Google Cloud takes {MOST_MEMBERS}: name \
                 fewer.",
                spec.subjects.len()
            );
            Refusal::new("subjects", reason)
        })
    }

    /// Where rights are given. Neither how many there are nor on what depends on the project's number, which would have to be asked.
    fn unnumbered(&self) -> Scope {
        Scope {
            project: self.0.config.project.clone(),
            number: String::new(),
            region: self.0.config.region.clone(),
        }
    }

    /// Takes everything that is ours out of the policies of these. What is gone has taken it along.
    async fn take(
        &self,
        resources: BTreeSet<Resource>,
        ours: impl Fn(&str) -> bool + Sync,
    ) -> Result<()> {
        let ours = &ours;
        let take = |resource: Resource| async move {
            let edited = self.0.edit(&resource, |policy| policy.give(ours, &[]));
            edited.await.optional().map(drop)
        };
        let done = join_all(resources.into_iter().map(take)).await;
        done.into_iter().collect()
    }

    fn email(&self, name: &RoleName) -> String {
        format!("{name}@{}.iam.gserviceaccount.com", self.0.config.project)
    }

    fn member(&self, name: &RoleName) -> String {
        format!("serviceAccount:{}", self.email(name))
    }

    fn account(&self, name: &RoleName) -> Resource {
        Resource::ServiceAccount(format!(
            "projects/{}/serviceAccounts/{}",
            self.0.config.project,
            self.email(name)
        ))
    }

    async fn service_account(&self, name: &RoleName) -> Result<Account> {
        let account = self.account(name);
        let found = self
            .0
            .get(
                Service::Iam,
                format!("v1/{account}"),
                ("iam.serviceAccounts.get", name),
            )
            .answer()
            .await;
        let found: Account = self.0.settling(&account.to_string(), found)?;
        self.saw_account(&account, &found);
        Ok(found)
    }

    fn saw_account(&self, account: &Resource, found: &Account) {
        let seen = Seen::described(&found.description);
        self.0.saw(&account.to_string(), Some(seen));
    }

    async fn plan(&self, spec: &RoleSpec) -> Result<Plan> {
        let Trust::Gke { pool, direct } = &spec.trust else {
            let call = ("iam.serviceAccounts.setIamPolicy", &spec.name);
            return Err(unreadable(
                call,
                "Google Cloud trusts tokens by a workload identity pool only",
            ));
        };
        let scope = self.0.scope().await?;
        // Only there is a project named by its number that we know by its name.
        let number = match trust::project(pool).filter(|_| *direct) {
            Some(project) => self.0.number(&project).await?,
            None => scope.number.clone(),
        };
        let trusted: BTreeSet<_> = spec
            .subjects
            .iter()
            .map(|subject| trust::member(pool, *direct, &number, subject))
            .collect();
        let holder = Holder {
            account: self.member(&spec.name),
            direct: direct.then(|| trusted.clone()),
            resource: self.account(&spec.name),
        };
        Ok(Plan {
            grants: capabilities::grants(&scope, &holder, &spec.capabilities),
            direct: *direct,
            trusted,
        })
    }

    /// Which members are ours: the service account, what is left of one of its name that was deleted, and the identities
    /// that have its rights directly.
    fn ours(
        &self,
        name: &RoleName,
        plan: Option<&Plan>,
        has: &[Grant],
    ) -> impl Fn(&str) -> bool + use<> {
        let gone = self.gone(name);
        let mut direct = bindings::members(has, self.member(name));
        direct.extend(
            plan.into_iter()
                .flat_map(|plan| bindings::members(&plan.grants, self.member(name))),
        );
        move |member| direct.contains(member) || member.starts_with(&gone)
    }

    /// How the members of service accounts of this name begin that were deleted.
    fn gone(&self, name: &RoleName) -> String {
        format!("deleted:{}?uid=", self.member(name))
    }

    fn role(
        name: &RoleName,
        found: &Account,
        trust: trust::Found,
        policy: Option<PolicyDocument>,
        foreign: BTreeSet<ForeignPolicy>,
    ) -> Result<Role> {
        let direct = matches!(trust.trust, Some(Trust::Gke { direct: true, .. }));
        let annotation = (ANNOTATION.to_owned(), found.email.clone());
        let subjects: BTreeSet<Subject> = trust.subjects;
        Ok(Role {
            name: name.clone(),
            principal: found
                .email
                .parse()
                .understood(("iam.serviceAccounts.get", name))?,
            path: None,
            permissions_boundary: None,
            max_session: None,
            policy,
            foreign_policies: foreign,
            trust_policy: if found.disabled {
                trust::disabled(direct, &trust.members)
            } else {
                trust::document(direct, &trust.members)
            },
            trust: trust.trust,
            subjects,
            // With it, pods would act as the service account and not as themselves.
            service_account_annotations: if direct {
                BTreeMap::new()
            } else {
                [annotation].into()
            },
            pod_labels: BTreeMap::new(),
            tags: tags::from_description(&found.description),
        })
    }
}

fn pool(trust: &Trust) -> Option<&clouds::roles::WorkloadPool> {
    match trust {
        Trust::Gke { pool, .. } => Some(pool),
        _ => None,
    }
}
