//! Roles: what a pod may do in the cloud, and which service accounts may take one on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;

use crate::account::KmsKey;
use crate::buckets::{BucketId, ObjectPrefix};
use crate::clusters::ClusterName;
use crate::error::Result;
use crate::identity_providers::{IdentityProviderId, Issuer};
use crate::log_groups::LogGroupName;
use crate::names::{
    Checked, ParseError, characters, checked_text, dns_label, length, lower_or_digit,
};
use crate::policies::PolicyDocument;
use crate::refusal::Refusal;
use crate::registries::RegistryName;
use crate::secrets::SecretPrefix;
use crate::tags::Tags;

checked_text! {
    /// The name of a role (service account, user-assigned identity).
    RoleName, "role name", role_name
}

checked_text! {
    /// The path that an IAM role lies under: `/` or `/team/`.
    RolePath, "role path", role_path
}

checked_text! {
    /// A managed policy of AWS.
    PolicyArn, "policy ARN", policy_arn
}

checked_text! {
    /// A workload identity pool of Google Cloud: of a GKE project (`acme-prod.svc.id.goog`), or for clusters elsewhere its
    /// full name (`projects/NUMBER/locations/global/workloadIdentityPools/POOL`).
    WorkloadPool, "workload identity pool", workload_pool
}

checked_text! {
    /// By what others know a role: its ARN, a service account's e-mail address, the object id of a managed identity.
    PrincipalId, "principal", |text| length(text, 1, 2048)
}

checked_text! {
    /// A Kubernetes namespace.
    Namespace, "namespace", dns_label
}

checked_text! {
    /// The name of a Kubernetes service account.
    ServiceAccountName, "service account name", service_account_name
}

/// The service account that may take on a role; never a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Its namespace.
    pub namespace: Namespace,
    /// Its name.
    pub service_account: ServiceAccountName,
}

/// How tokens of the cluster become the role's credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// AWS: the cluster's issuer is an identity provider of the account.
    Irsa {
        /// The identity provider.
        provider: IdentityProviderId,
    },
    /// AWS: the agent of EKS hands the credentials out; an association per subject.
    PodIdentity {
        /// The cluster.
        cluster: ClusterName,
    },
    /// Google Cloud: a workload identity pool that the cluster's tokens belong to.
    Gke {
        /// The pool.
        pool: WorkloadPool,
        /// Whether the role's rights go to the service accounts of the cluster directly, so that pods have them without taking
        /// on the cloud's service account. URLs are still signed by that.
        direct: bool,
    },
    /// Azure: a federated credential per subject.
    Azure {
        /// The cluster's issuer.
        issuer: Issuer,
    },
}

/// How long a session of the role may last: one to twelve hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionDuration(Duration);

/// One thing that a role may do. Which of the cloud's own permissions it takes is the backend's table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// See which objects there are; without prefixes, all of them.
    ListObjects {
        /// Where.
        bucket: BucketId,
        /// Under which prefixes.
        prefixes: BTreeSet<ObjectPrefix>,
    },
    /// Read objects.
    ReadObjects {
        /// Where.
        bucket: BucketId,
        /// Under which prefixes.
        prefixes: BTreeSet<ObjectPrefix>,
    },
    /// Write and delete objects.
    WriteObjects {
        /// Where.
        bucket: BucketId,
        /// Under which prefixes.
        prefixes: BTreeSet<ObjectPrefix>,
    },
    /// Sign URLs for what the role may do itself. AWS needs no permission for it.
    SignUrls,
    /// Read the values of secrets.
    ReadSecrets {
        /// Whose names begin so.
        prefix: SecretPrefix,
    },
    /// Make, change and delete secrets.
    WriteSecrets {
        /// Whose names begin so.
        prefix: SecretPrefix,
    },
    /// Read and search logs.
    ReadLogs {
        /// Where.
        group: LogGroupName,
    },
    /// Write logs.
    WriteLogs {
        /// Where.
        group: LogGroupName,
    },
    /// Pull images.
    PullImages {
        /// From where.
        registry: RegistryName,
    },
    /// Push images, and pull what they build on.
    PushImages {
        /// Where to.
        registry: RegistryName,
    },
    /// Encrypt and decrypt with a key, for the objects and secrets above.
    UseKey {
        /// Which.
        key: KmsKey,
    },
}

/// A role as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSpec {
    /// Its name.
    pub name: RoleName,
    /// Its path, where the cloud has such; it never changes.
    pub path: Option<RolePath>,
    /// The policy that bounds what it can ever do, where the cloud has such.
    pub permissions_boundary: Option<PolicyArn>,
    /// How long its sessions may last, where the cloud has such.
    pub max_session: Option<SessionDuration>,
    /// How it is taken on.
    pub trust: Trust,
    /// By whom.
    pub subjects: BTreeSet<Subject>,
    /// What it may do.
    pub capabilities: BTreeSet<Capability>,
}

/// What a role's permissions and trust are written as in this cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleDocuments {
    /// What it may do.
    pub policy: PolicyDocument,
    /// Who may take it on.
    pub trust_policy: PolicyDocument,
}

/// A policy that a role has and that is not ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ForeignPolicy {
    /// Written into the role.
    Inline(String),
    /// Attached to it.
    Attached(String),
}

/// A role as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: RoleName,
    /// What it is to others.
    pub principal: PrincipalId,
    /// Its path.
    pub path: Option<RolePath>,
    /// Its boundary.
    pub permissions_boundary: Option<PolicyArn>,
    /// How long its sessions may last.
    pub max_session: Option<SessionDuration>,
    /// Our policy; none where it is gone.
    pub policy: Option<PolicyDocument>,
    /// Policies that are not ours: `update` removes them.
    pub foreign_policies: BTreeSet<ForeignPolicy>,
    /// Who may take it on, in the cloud's words.
    pub trust_policy: PolicyDocument,
    /// The same, understood; none where somebody wrote something of another form.
    pub trust: Option<Trust>,
    /// The subjects that were found with it.
    pub subjects: BTreeSet<Subject>,
    /// What a service account needs so that its pods get the role.
    pub service_account_annotations: BTreeMap<String, String>,
    /// What a pod needs for it, too.
    pub pod_labels: BTreeMap<String, String>,
    /// Its tags.
    pub tags: Tags,
}

/// What a role has where nothing is said about it; none where the cloud has no such thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleDefaults {
    /// The path.
    pub path: Option<RolePath>,
    /// How long sessions last.
    pub max_session: Option<SessionDuration>,
}

impl Role {
    /// Whether `update` has anything to do.
    pub fn differs(&self, wanted: &RoleSpec, documents: &RoleDocuments) -> bool {
        self.policy.as_ref() != Some(&documents.policy)
            || self.trust_policy != documents.trust_policy
            || self.subjects != wanted.subjects
            || !self.foreign_policies.is_empty()
            || self.permissions_boundary != wanted.permissions_boundary
            || wanted
                .max_session
                .is_some_and(|wanted| self.max_session != Some(wanted))
    }
}

/// Roles of one account.
#[async_trait]
pub trait Roles: Send + Sync {
    /// What this cloud does not take of a role as it is wanted: names, the form of trust (`trust`), what it has no such thing as
    /// (`path`, `permissions_boundary`, `max_session`), more subjects than it takes (`subjects`), capabilities that it cannot
    /// express (`buckets`, `secrets`, `logs`, `registry`, `kms_keys`). Nothing is called.
    fn check(&self, spec: &RoleSpec) -> Vec<Refusal>;

    /// What a role has where nothing is said.
    fn defaults(&self) -> RoleDefaults;

    /// What a role with these capabilities may do, in the cloud's words. Changes nothing.
    async fn policy(
        &self,
        name: &RoleName,
        capabilities: &BTreeSet<Capability>,
    ) -> Result<PolicyDocument>;

    /// What `create` and `update` would write: changes nothing, and refuses what the cloud's size limits refuse.
    async fn documents(&self, spec: &RoleSpec) -> Result<RoleDocuments>;

    /// Makes a role with its trust, boundary and tags in one call; its permissions are given by `update`.
    async fn create(&self, spec: &RoleSpec, tags: &Tags) -> Result<Role>;

    /// Everything about a role that we manage. `known` is what it was last known to be: where to look for what lies outside the
    /// role itself (the cluster's associations on AWS, the bindings of buckets and secrets on Google Cloud, assignments at
    /// their scopes on Azure). Without it that is not seen, and the policy is none, where a cloud lists rights by the object only;
    /// Azure lists them by the principal as well.
    async fn get(&self, name: &RoleName, known: Option<&RoleSpec>) -> Result<Role>;

    /// Sets what differs between `found` and `wanted`, and removes policies that are not ours.
    async fn update(&self, found: &Role, wanted: &RoleSpec) -> Result<()>;

    /// Replaces the tags that were found.
    async fn set_tags(&self, found: &Role, tags: &Tags) -> Result<()>;

    /// Deletes a role with its policies, bindings and associations, as far as they were found.
    async fn delete(&self, found: &Role) -> Result<()>;

    /// Removes what is left elsewhere of a role that somebody else deleted and that was last known as this: on Google Cloud the
    /// bindings of the deleted service account, and those of the pods that have its rights directly. Nothing where rights end with
    /// the role.
    async fn forget(&self, _gone: &RoleSpec) -> Result<()> {
        Ok(())
    }

    /// What [`forget`](Self::forget) would find of a role that was last known as this, for whoever has to know; none where everything
    /// ends with the role. Nothing is called.
    fn outlives(&self, _gone: &RoleSpec) -> Option<String> {
        None
    }
}

impl Subject {
    /// A service account in a namespace.
    pub fn new(namespace: &str, service_account: &str) -> std::result::Result<Self, ParseError> {
        Ok(Self {
            namespace: namespace.parse()?,
            service_account: service_account.parse()?,
        })
    }
}

/// As the `sub` claim of its tokens.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "system:serviceaccount:{}:{}",
            self.namespace, self.service_account
        )
    }
}

impl FromStr for Subject {
    type Err = ParseError;

    fn from_str(text: &str) -> std::result::Result<Self, ParseError> {
        let parts = text
            .strip_prefix("system:serviceaccount:")
            .and_then(|rest| rest.split_once(':'));
        let Some((namespace, service_account)) = parts else {
            let rule = "must be system:serviceaccount:NAMESPACE:NAME, without wildcards";
            return Err(ParseError::new("subject", text, rule));
        };
        Self::new(namespace, service_account)
    }
}

impl SessionDuration {
    /// Its length in seconds.
    pub fn as_secs(self) -> u64 {
        self.0.as_secs()
    }
}

impl TryFrom<Duration> for SessionDuration {
    type Error = ParseError;

    fn try_from(duration: Duration) -> std::result::Result<Self, ParseError> {
        let seconds = duration.as_secs();
        if (3600..=43200).contains(&seconds) && duration.subsec_nanos() == 0 {
            return Ok(Self(duration));
        }
        let rule = "must be 1 to 12 hours, in whole seconds";
        Err(ParseError::new(
            "session duration",
            format!("{}s", duration.as_secs_f64()),
            rule,
        ))
    }
}

impl fmt::Display for ForeignPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(name) => write!(f, "inline policy {name}"),
            Self::Attached(name) => write!(f, "attached policy {name}"),
        }
    }
}

fn workload_pool(text: &str) -> Checked {
    let gke = text
        .strip_suffix(".svc.id.goog")
        .is_some_and(|project| project.split(':').all(|part| !part.is_empty()));
    let number = text
        .strip_prefix("projects/")
        .and_then(|rest| rest.split_once("/locations/global/workloadIdentityPools/"));
    let full = number.is_some_and(|(number, pool)| {
        !number.is_empty()
            && number.chars().all(|c| c.is_ascii_digit())
            && !pool.is_empty()
            && !pool.contains('/')
    });
    characters(
        text,
        |c| lower_or_digit(c) || "-.:/".contains(c) || c.is_ascii_uppercase(),
        "letters, digits and - . : /",
    )?;
    if gke || full {
        return Ok(());
    }
    Err("must be PROJECT.svc.id.goog for clusters of GKE, or projects/NUMBER/locations/global/workloadIdentityPools/POOL".into())
}

fn role_name(text: &str) -> Checked {
    length(text, 1, 128)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    characters(text, allowed, "letters, digits and _ + = , . @ -")
}

fn role_path(text: &str) -> Checked {
    length(text, 1, 512)?;
    characters(text, |c| c.is_ascii_graphic(), "visible ASCII")?;
    if text == "/" || (text.starts_with('/') && text.ends_with('/') && !text.contains("//")) {
        return Ok(());
    }
    Err("must begin and end with \"/\", like /team/".into())
}

fn policy_arn(text: &str) -> Checked {
    let shape = || {
        "must be the ARN of a managed policy, like arn:aws:iam::123456789012:policy/boundary"
            .to_owned()
    };
    let parts: Vec<_> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, policy] = parts[..] else {
        return Err(shape());
    };
    let account_ok =
        account == "aws" || (account.len() == 12 && account.chars().all(|c| c.is_ascii_digit()));
    let name = policy.strip_prefix("policy/").unwrap_or_default();
    let name_ok = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c));
    if arn == "arn"
        && partition.starts_with("aws")
        && service == "iam"
        && region.is_empty()
        && account_ok
        && name_ok
    {
        return Ok(());
    }
    Err(shape())
}

fn service_account_name(text: &str) -> Checked {
    length(text, 1, 253)?;
    text.split('.').try_for_each(dns_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_exact() {
        let subject: Subject = "system:serviceaccount:union:executor".parse().unwrap();
        assert_eq!(subject, Subject::new("union", "executor").unwrap());
        assert_eq!(subject.to_string(), "system:serviceaccount:union:executor");
        for bad in [
            "system:serviceaccount:*:default",
            "system:serviceaccount:union:*",
            "union:executor",
            "system:serviceaccount:union",
            "system:serviceaccount::x",
        ] {
            assert!(bad.parse::<Subject>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_boundary_is_a_policy() {
        for good in [
            "arn:aws:iam::123456789012:policy/team/boundary",
            "arn:aws:iam::aws:policy/PowerUserAccess",
            "arn:aws-cn:iam::123456789012:policy/b",
        ] {
            assert!(good.parse::<PolicyArn>().is_ok(), "{good}");
        }
        for bad in [
            "boundary",
            "arn:aws:iam::123456789012:role/boundary",
            "arn:aws:iam::123456789012:policy/",
            "arn:aws:iam::12:policy/x",
        ] {
            let said = bad.parse::<PolicyArn>().unwrap_err().to_string();
            assert!(said.contains("managed policy"), "{said}");
        }
    }

    #[test]
    fn names_and_paths() {
        assert!("adminflyterole".parse::<RoleName>().is_ok());
        assert!("admin role".parse::<RoleName>().is_err());
        for good in ["/", "/team/", "/a/b/"] {
            assert!(good.parse::<RolePath>().is_ok(), "{good}");
        }
        for bad in ["", "team", "/team", "team/", "//"] {
            assert!(bad.parse::<RolePath>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sessions_last_one_to_twelve_hours() {
        assert_eq!(
            SessionDuration::try_from(Duration::from_hours(1))
                .unwrap()
                .as_secs(),
            3600
        );
        assert!(SessionDuration::try_from(Duration::from_mins(15)).is_err());
        assert!(SessionDuration::try_from(Duration::from_secs(43201)).is_err());
    }
}
