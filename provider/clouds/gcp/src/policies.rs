//! IAM policies: who has which role on an object.
//!
//! A policy is one document that everybody shares. It is read, only the members that are ours are changed, and it is
//! written with the etag that was read; when somebody else was faster, all of that is done again. Calls: `policy` 1;
//! `edit` 2, and 2 more for each time that somebody else was faster; 1 where nothing differs.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use clouds::error::Call;
use clouds::{Error, ParseError, Result};
use serde::{Deserialize, Serialize};

use crate::error::unreadable;
use crate::requests::{Request, pause, segment};
use crate::session::{Service, Session};

/// How often somebody else may be faster.
const RACES: u32 = 8;
/// The form of policies with conditions. Read in any other, conditions are lost, and writing that would widen them; written
/// in any other, a policy that had some is refused. A policy without conditions may say it, too.
const VERSION: u8 = 3;
/// How many members a policy takes, in all its bindings together: one with two roles counts twice, and a group once.
pub(crate) const MOST_MEMBERS: usize = 1500;

/// What a policy hangs on, by the name that conditions and audit logs know it by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Resource {
    /// `projects/P`.
    Project(String),
    /// `projects/_/buckets/B`.
    Bucket(String),
    /// `projects/P/locations/L/repositories/R`.
    Repository(String),
    /// `projects/P/serviceAccounts/EMAIL`.
    ServiceAccount(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Policy {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default)]
    pub(crate) bindings: Vec<Binding>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Binding {
    pub(crate) role: String,
    #[serde(default)]
    pub(crate) members: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) condition: Option<Condition>,
}

/// When a binding holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Condition {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) expression: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
}

/// A role that members are to have on a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grant {
    pub(crate) resource: Resource,
    pub(crate) role: String,
    pub(crate) condition: Option<Condition>,
    pub(crate) members: BTreeSet<String>,
}

#[derive(Serialize)]
struct Written<'p> {
    policy: &'p Policy,
}

#[derive(Serialize)]
struct Asked {
    options: Options,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    requested_policy_version: u8,
}

impl Condition {
    pub(crate) fn new(title: &str, expression: String) -> Self {
        Self {
            title: Some(title.to_owned()),
            description: None,
            expression,
            location: None,
        }
    }
}

impl Policy {
    /// The rest of it, to look at.
    pub(crate) fn without(mut self, role: impl Fn(&str) -> bool) -> Self {
        self.bindings.retain(|binding| !role(&binding.role));
        self
    }

    /// How many members it has, as Google counts them.
    fn members(&self) -> usize {
        let all = || self.bindings.iter().flat_map(|binding| &binding.members);
        let is_group = |member: &&String| member.starts_with("group:");
        let groups: BTreeSet<_> = all().filter(is_group).collect();
        all().filter(|member| !is_group(member)).count() + groups.len()
    }

    /// Takes all roles away from the members that are ours, but for the wanted ones, and adds those. Everybody else's stay.
    /// Says whether that was a change.
    pub(crate) fn give(&mut self, ours: impl Fn(&str) -> bool, wanted: &[&Grant]) -> bool {
        let before = self.clone();
        let is = |grant: &Grant, binding: &Binding| {
            grant.role == binding.role && grant.condition == binding.condition
        };
        for binding in &mut self.bindings {
            let stays: BTreeSet<String> = wanted
                .iter()
                .filter(|grant| is(grant, binding))
                .flat_map(|grant| grant.members.iter().cloned())
                .collect();
            binding
                .members
                .retain(|member| !ours(member) || stays.contains(member));
        }
        for grant in wanted {
            let at = self
                .bindings
                .iter()
                .position(|binding| is(grant, binding))
                .unwrap_or_else(|| {
                    self.bindings.push(Binding {
                        role: grant.role.clone(),
                        members: Vec::new(),
                        condition: grant.condition.clone(),
                    });
                    self.bindings.len() - 1
                });
            for member in &grant.members {
                let has = self
                    .bindings
                    .iter()
                    .any(|binding| is(grant, binding) && binding.members.contains(member));
                if !has {
                    self.bindings[at].members.push(member.clone());
                }
            }
        }
        self.bindings.retain(|binding| !binding.members.is_empty());
        self.version = Some(VERSION);
        self.bindings != before.bindings
    }
}

impl Session {
    pub(crate) async fn policy(&self, resource: &Resource) -> Result<Policy> {
        let found = self.read_policy(resource)?.answer().await;
        self.settling(&resource.to_string(), found)
    }

    /// Reads, changes and writes, until nobody was faster. A change that changes nothing is not written.
    pub(crate) async fn edit(
        &self,
        resource: &Resource,
        change: impl Fn(&mut Policy) -> bool + Send,
    ) -> Result<()> {
        let turn = self.writer(&resource.to_string());
        let _turn = turn.lock().await;
        let mut race = 0;
        loop {
            let mut policy = self.policy(resource).await?;
            let before = policy.members();
            if !change(&mut policy) {
                return Ok(());
            }
            let after = policy.members();
            if after > MOST_MEMBERS && after > before {
                return Err(full(resource, before, after));
            }
            let written = self.write_policy(resource, &policy)?.done().await;
            match self.settling(&resource.to_string(), written) {
                Err(Error::Conflict(_)) if race < RACES => {
                    pause(race, None).await;
                    race += 1;
                }
                written => return written,
            }
        }
    }

    fn read_policy(&self, resource: &Resource) -> Result<Request<'_>> {
        let name = resource.path();
        Ok(match resource {
            Resource::Bucket(_) => {
                let call = ("storage.buckets.getIamPolicy", resource);
                self.get(Service::Storage, name, call)
                    .query("optionsRequestedPolicyVersion", VERSION)
            }
            Resource::Project(_) => {
                let call = ("resourcemanager.projects.getIamPolicy", resource);
                let asked = Asked {
                    options: Options {
                        requested_policy_version: VERSION,
                    },
                };
                self.post(
                    Service::ResourceManager,
                    format!("{name}:getIamPolicy"),
                    call,
                )
                .json(&asked)?
                .repeatable()
            }
            Resource::Repository(_) => {
                let call = ("artifactregistry.repositories.getIamPolicy", resource);
                self.get(
                    Service::ArtifactRegistry,
                    format!("{name}:getIamPolicy"),
                    call,
                )
                .query("options.requestedPolicyVersion", VERSION)
            }
            Resource::ServiceAccount(_) => {
                let call = ("iam.serviceAccounts.getIamPolicy", resource);
                let request = self
                    .post(Service::Iam, format!("{name}:getIamPolicy"), call)
                    .repeatable();
                request.query("options.requestedPolicyVersion", VERSION)
            }
        })
    }

    /// The etag makes a second call as good as the first. Without one, what others wrote since would be lost.
    fn write_policy(&self, resource: &Resource, policy: &Policy) -> Result<Request<'_>> {
        let name = resource.path();
        if policy.etag.as_ref().is_none_or(String::is_empty) {
            return Err(unreadable(
                ("getIamPolicy", resource),
                "the policy was answered without an etag, and written without one it would overwrite what others change: apply again, and see that no proxy alters the answers",
            ));
        }
        let (service, operation) = match resource {
            Resource::Bucket(_) => {
                let call = ("storage.buckets.setIamPolicy", resource);
                return self.put(Service::Storage, name, call).json(policy);
            }
            Resource::Project(_) => (
                Service::ResourceManager,
                "resourcemanager.projects.setIamPolicy",
            ),
            Resource::Repository(_) => (
                Service::ArtifactRegistry,
                "artifactregistry.repositories.setIamPolicy",
            ),
            Resource::ServiceAccount(_) => (Service::Iam, "iam.serviceAccounts.setIamPolicy"),
        };
        let request = self.post(
            service,
            format!("{name}:setIamPolicy"),
            (operation, resource),
        );
        Ok(request.json(&Written { policy })?.repeatable())
    }
}

/// Said before the call, which would be refused in words that do not say what to do.
fn full(resource: &Resource, before: usize, after: usize) -> Error {
    let because = format!(
        "its policy has {before} members, and would have {after}: Google Cloud takes {MOST_MEMBERS}, each counted once for every \
         binding that it is in. Remove members that are not needed, or put people of one role into a group"
    );
    let call = Call::new("setIamPolicy", resource).because(because);
    Error::LimitExceeded(Box::new(call))
}

impl Resource {
    fn path(&self) -> String {
        match self {
            Self::Bucket(name) => format!("storage/v1/b/{}/iam", segment(name)),
            Self::Project(_) => format!("v3/{self}"),
            Self::Repository(_) | Self::ServiceAccount(_) => format!("v1/{self}"),
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Project(name) => write!(f, "projects/{name}"),
            Self::Bucket(name) => write!(f, "projects/_/buckets/{name}"),
            Self::Repository(name) | Self::ServiceAccount(name) => f.write_str(name),
        }
    }
}

impl FromStr for Resource {
    type Err = ParseError;

    fn from_str(text: &str) -> std::result::Result<Self, ParseError> {
        let parts: Vec<_> = text.split('/').collect();
        Ok(match parts[..] {
            ["projects", "_", "buckets", name] => Self::Bucket(name.to_owned()),
            ["projects", name] => Self::Project(name.to_owned()),
            ["projects", _, "locations", _, "repositories", _] => Self::Repository(text.to_owned()),
            ["projects", _, "serviceAccounts", _] => Self::ServiceAccount(text.to_owned()),
            _ => {
                return Err(ParseError::new(
                    "resource with a policy",
                    text,
                    "must be a project, a bucket, a repository or a service account",
                ));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "serviceAccount:admin@acme-prod.iam.gserviceaccount.com";

    fn grant(role: &str, condition: Option<&str>) -> Grant {
        Grant {
            resource: "projects/_/buckets/acme".parse().unwrap(),
            role: role.to_owned(),
            condition: condition.map(|text| Condition::new("dataplane", text.to_owned())),
            members: [OURS.to_owned()].into(),
        }
    }

    fn policy(text: &str) -> Policy {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn only_our_members_change() {
        let mut found = policy(&format!(
            r#"{{"etag":"BwY=","version":1,"bindings":[{{"role":"roles/storage.admin","members":["{OURS}","user:a@acme.com"]}},{{"role":"roles/viewer","members":["group:g@acme.com"],"unknown":1}}]}}"#
        ));
        let (viewer, own) = (
            grant("roles/storage.objectViewer", Some("true")),
            |member: &str| member == OURS,
        );
        assert!(found.give(own, &[&viewer]));
        let text = serde_json::to_string(&found).unwrap();
        assert_eq!(
            text,
            format!(
                r#"{{"version":3,"etag":"BwY=","bindings":[{{"role":"roles/storage.admin","members":["user:a@acme.com"]}},{{"role":"roles/viewer","members":["group:g@acme.com"]}},{{"role":"roles/storage.objectViewer","members":["{OURS}"],"condition":{{"title":"dataplane","expression":"true"}}}}]}}"#
            )
        );
        assert!(
            !found.give(own, &[&viewer]),
            "a second time nothing changes"
        );
    }

    #[test]
    fn the_same_role_under_another_condition_is_another_grant() {
        let mut found = Policy::default();
        let own = |member: &str| member == OURS;
        let (a, b) = (grant("roles/x", Some("a")), grant("roles/x", Some("b")));
        assert!(found.give(own, &[&a, &b]));
        assert_eq!(found.bindings.len(), 2);
        assert!(found.give(own, &[&b]));
        assert_eq!(found.bindings[0].condition, b.condition);
        assert!(found.give(own, &[]) && found.bindings.is_empty());
        assert_eq!(found.version, Some(VERSION));
    }

    #[test]
    fn resources_are_read_as_they_are_written() {
        for text in [
            "projects/acme-prod",
            "projects/_/buckets/acme",
            "projects/acme-prod/locations/europe-west4/repositories/tasks",
            "projects/acme-prod/serviceAccounts/a@acme-prod.iam.gserviceaccount.com",
        ] {
            assert_eq!(text.parse::<Resource>().unwrap().to_string(), text);
        }
        assert!("organizations/1".parse::<Resource>().is_err());
    }
}
