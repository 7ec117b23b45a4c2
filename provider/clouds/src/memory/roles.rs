//! Roles, in memory. Documents are the capabilities' own debug text: no cloud's language is imitated.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Memory, World, missing, taken};
use crate::error::{Call, Error, Result};
use crate::policies::PolicyDocument;
use crate::refusal::Refusal;
use crate::roles::{
    Capability, Role, RoleDefaults, RoleDocuments, RoleName, RoleSpec, Roles, SessionDuration,
    Trust,
};
use crate::tags::Tags;

#[async_trait]
impl Roles for Memory {
    fn check(&self, _: &RoleSpec) -> Vec<Refusal> {
        self.refusals("roles.check")
    }

    fn defaults(&self) -> RoleDefaults {
        RoleDefaults {
            path: "/".parse().ok(),
            max_session: SessionDuration::try_from(Duration::from_hours(1)).ok(),
        }
    }

    async fn policy(
        &self,
        _: &RoleName,
        capabilities: &BTreeSet<Capability>,
    ) -> Result<PolicyDocument> {
        self.run("roles.policy", |_| Ok(policy(capabilities)))
    }

    async fn documents(&self, spec: &RoleSpec) -> Result<RoleDocuments> {
        self.run("roles.documents", |_| Ok(documents(spec)))
    }

    async fn create(&self, spec: &RoleSpec, tags: &Tags) -> Result<Role> {
        self.run("roles.create", |world| {
            if world.roles.contains_key(&spec.name) {
                return Err(taken("roles.create", &spec.name));
            }
            let path = spec.path.as_ref().map_or("/", |path| path.as_str());
            let principal = format!("arn:memory:iam::{}:role{path}{}", world.account, spec.name);
            let role = Role {
                name: spec.name.clone(),
                principal: principal.parse().map_err(|error: crate::ParseError| {
                    Error::Invalid(Box::new(
                        Call::new("roles.create", &spec.name).because(error.to_string()),
                    ))
                })?,
                path: spec.path.clone(),
                permissions_boundary: spec.permissions_boundary.clone(),
                max_session: spec.max_session,
                policy: None,
                foreign_policies: BTreeSet::new(),
                trust_policy: documents(spec).trust_policy,
                trust: Some(spec.trust.clone()),
                subjects: match spec.trust {
                    Trust::PodIdentity { .. } => BTreeSet::new(),
                    _ => spec.subjects.clone(),
                },
                service_account_annotations: annotations(&spec.trust, &principal),
                pod_labels: BTreeMap::new(),
                tags: tags.clone(),
            };
            world.roles.insert(spec.name.clone(), role.clone());
            Ok(role)
        })
    }

    async fn get(&self, name: &RoleName, known: Option<&RoleSpec>) -> Result<Role> {
        self.run("roles.get", |world| {
            let mut role = find(world, "roles.get", name)?.clone();
            if known.is_none() && matches!(role.trust, Some(Trust::PodIdentity { .. })) {
                role.subjects.clear();
            }
            Ok(role)
        })
    }

    async fn update(&self, found: &Role, wanted: &RoleSpec) -> Result<()> {
        self.run("roles.update", |world| {
            let role = find(world, "roles.update", &found.name)?;
            let RoleDocuments {
                policy,
                trust_policy,
            } = documents(wanted);
            role.policy = Some(policy);
            role.trust_policy = trust_policy;
            role.trust = Some(wanted.trust.clone());
            role.service_account_annotations = annotations(&wanted.trust, role.principal.as_str());
            role.subjects.clone_from(&wanted.subjects);
            role.permissions_boundary
                .clone_from(&wanted.permissions_boundary);
            role.max_session = wanted.max_session.or(role.max_session);
            role.foreign_policies.clear();
            Ok(())
        })
    }

    async fn set_tags(&self, found: &Role, tags: &Tags) -> Result<()> {
        self.run("roles.set_tags", |world| {
            find(world, "roles.set_tags", &found.name)?.tags = tags.clone();
            Ok(())
        })
    }

    fn outlives(&self, gone: &RoleSpec) -> Option<String> {
        let direct = matches!(gone.trust, Trust::Gke { direct: true, .. });
        direct.then(|| "the rights of its pods".to_owned())
    }

    async fn forget(&self, _: &RoleSpec) -> Result<()> {
        self.run("roles.forget", |_| Ok(()))
    }

    async fn delete(&self, found: &Role) -> Result<()> {
        self.run("roles.delete", |world| {
            let gone = world.roles.remove(&found.name);
            gone.map(|_| ())
                .ok_or_else(|| missing("roles.delete", &found.name))
        })
    }
}

/// Pod Identity needs nothing on the service account.
fn annotations(trust: &Trust, principal: &str) -> BTreeMap<String, String> {
    match trust {
        Trust::PodIdentity { .. } => BTreeMap::new(),
        _ => BTreeMap::from([("memory/role".to_owned(), principal.to_owned())]),
    }
}

fn policy(capabilities: &BTreeSet<Capability>) -> PolicyDocument {
    let actions: Vec<_> = capabilities
        .iter()
        .map(|capability| format!("{capability:?}"))
        .collect();
    PolicyDocument::new(json!({ "Statement": [{ "Effect": "Allow", "Action": actions }] }))
}

fn documents(spec: &RoleSpec) -> RoleDocuments {
    let subjects: Vec<Value> = match spec.trust {
        Trust::PodIdentity { .. } => Vec::new(),
        _ => spec
            .subjects
            .iter()
            .map(|subject| subject.to_string().into())
            .collect(),
    };
    RoleDocuments {
        policy: policy(&spec.capabilities),
        trust_policy: PolicyDocument::new(json!({
            "Statement": [{ "Effect": "Allow", "Principal": format!("{:?}", spec.trust), "Subject": subjects }]
        })),
    }
}

fn find<'w>(
    world: &'w mut World,
    operation: &'static str,
    name: &RoleName,
) -> Result<&'w mut Role> {
    world
        .roles
        .get_mut(name)
        .ok_or_else(|| missing(operation, name))
}
