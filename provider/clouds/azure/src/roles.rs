//! Roles: each a user-assigned identity, with a federated credential per subject, role assignments for its capabilities, and a role of
//! its own where it writes blobs (see `role_definitions`).
//!
//! Calls: `documents` and `policy` 0, and those that look a vault up (see `vaults`); `create` 3, and the same for vaults; `get` 2 at
//! once, and 1 for the assignments in our resource group, 1 more per vault outside of it, 1 for the role of its own (of a role that
//! is not known, or with a vault that is not found, 1 for the assignments in the whole subscription, or 2 where that is not allowed);
//! `update` 1 and 1 per credential that differs, one after the other, then 1 for the role of its own where that differs, 1 (more for
//! vaults as in `get`) and 1 per assignment that differs; `set_tags` 1, or 2 where tags come and go; `delete` 2, 1 per assignment, 1
//! for the role of its own; `forget` 1 less.
//!
//! An assignment at a scope that the role's own capabilities name is ours to give and to take; elsewhere, what others gave the
//! identity stays. Deleted identities leave their assignments behind in Azure, so that `delete` takes ours away first. Where somebody
//! else deleted the identity, `forget` takes them away, and so does a `create` before it makes another of that name.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use clouds::error::Call;
use clouds::policies::PolicyDocument;
use clouds::roles::{
    Capability, PrincipalId, Role, RoleDefaults, RoleDocuments, RoleName, RoleSpec, Roles, Trust,
};
use clouds::{Error, Optional, Refusal, Result, Tags};
use futures::try_join;
use serde::{Deserialize, Serialize};

use crate::arm::ResourceId;
use crate::error::{Classify, invalid};
use crate::federated_credentials::{self as credentials, Credentials};
use crate::permissions::{self, Grant, Needed};
use crate::role_assignments::{Assignment, Holder};
use crate::role_definitions::BlobWriter;
use crate::role_scopes::{self, Reach};
use crate::{Azure, names, role_documents, tags, versions};

const KIND: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";
const READ: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/read";
pub(crate) const WRITE: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/write";
const DELETE: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/delete";

#[derive(Serialize)]
struct NewIdentity<'a> {
    location: &'a str,
    tags: &'a Tags,
}

#[derive(Deserialize)]
struct Identity {
    tags: Option<Tags>,
    properties: IdentityProperties,
}

#[derive(Deserialize)]
struct IdentityProperties {
    #[serde(rename = "principalId")]
    principal: String,
    #[serde(rename = "clientId")]
    client: String,
    #[serde(rename = "tenantId")]
    tenant: String,
}

#[async_trait]
impl Roles for Azure {
    fn check(&self, spec: &RoleSpec) -> Vec<Refusal> {
        let trust = (!matches!(spec.trust, Trust::Azure { .. })).then(|| {
            let reason = "On Azure, a role is taken on through federated credentials: give `azure = { issuer = … }` with the cluster's \
                          issuer.";
            Refusal::new("trust", reason)
        });
        let count = spec.subjects.len();
        let subjects = (count > credentials::MOST).then(|| {
            let reason = format!(
                "A managed identity takes {} federated credentials, one per service account, and these are {count}: make a second \
                 role for some of them.",
                credentials::MOST
            );
            Refusal::new("subjects", reason)
        });
        [
            names::role(&spec.name),
            trust,
            subjects,
            Refusal::of_given(
                "path",
                spec.path.as_ref(),
                "Azure has no paths of identities: leave it out.",
            ),
            Refusal::of_given(
                "permissions_boundary",
                spec.permissions_boundary.as_ref(),
                "Azure has no permissions boundaries: leave it out.",
            ),
            Refusal::of_given(
                "max_session",
                spec.max_session.as_ref(),
                "Azure decides itself how long its tokens are good: leave it out.",
            ),
        ]
        .into_iter()
        .flatten()
        .chain(permissions::refusals(&spec.capabilities))
        .collect()
    }

    fn defaults(&self) -> RoleDefaults {
        RoleDefaults::default()
    }

    async fn policy(
        &self,
        name: &RoleName,
        capabilities: &BTreeSet<Capability>,
    ) -> Result<PolicyDocument> {
        if let Some(refusal) = permissions::refusals(capabilities).into_iter().next() {
            // There can be no such role, whatever it is given.
            if refusal.field == "profile" {
                let call = Call::new(WRITE, name).because(refusal.reason);
                return Err(Error::Unsupported(Box::new(call)));
            }
            return Err(invalid(WRITE, name, refusal.reason));
        }
        let writer = self.writer(name);
        let grants = self.grants(&writer, capabilities).await?;
        let entries = grants.iter().map(|grant| {
            role_documents::entry(&grant.scope, &grant.role.name, grant.condition.as_deref())
        });
        let own = uses(&grants, &writer).then(|| writer.document());
        Ok(role_documents::of(&entries.collect::<Vec<_>>(), own))
    }

    async fn documents(&self, spec: &RoleSpec) -> Result<RoleDocuments> {
        if let Some(refusal) = self.check(spec).into_iter().next() {
            return Err(invalid(WRITE, &spec.name, refusal.reason));
        }
        let Trust::Azure { issuer } = &spec.trust else {
            return Err(invalid(WRITE, &spec.name, "its trust is of another cloud"));
        };
        Ok(RoleDocuments {
            policy: self.policy(&spec.name, &spec.capabilities).await?,
            trust_policy: credentials::wanted_document(issuer, &spec.subjects),
        })
    }

    async fn create(&self, spec: &RoleSpec, tags: &Tags) -> Result<Role> {
        let id = self.identity(&spec.name);
        let arm = self.0.arm().await?;
        let version = versions::MANAGED_IDENTITY;
        // What cannot be given its rights is not made.
        let writer = self.writer(&spec.name);
        let grants = self.grants(&writer, &spec.capabilities).await;
        let grants = grants.map_err(placeless)?;
        let call = Call::new(READ, &id);
        let found: Option<Identity> = arm.get(call, &id, version).await.optional()?;
        let call = Call::new(WRITE, &id);
        if found.is_some() {
            let call = call.because("an identity of this name exists");
            return Err(Error::AlreadyExists(Box::new(call)));
        }
        // As long as there is no identity, a create that fails here is made again from the start.
        let scopes = grants.into_iter().map(|grant| grant.scope).collect();
        self.take_back(&spec.name, &id, Reach::of(scopes)).await?;
        let body = NewIdentity {
            location: self.0.config.location.as_str(),
            tags,
        };
        let made: Identity = arm.put(call.clone(), &id, version, &body).await?;
        let nothing = role_documents::of(&[], None);
        let credentials = Credentials::default();
        role(&call, &spec.name, made, &credentials, Some(nothing))
    }

    async fn get(&self, name: &RoleName, known: Option<&RoleSpec>) -> Result<Role> {
        let id = self.identity(name);
        let arm = self.0.arm().await?;
        let call = Call::new(READ, &id);
        let identity = arm.get::<Identity>(call.clone(), &id, versions::MANAGED_IDENTITY);
        let (identity, found) = try_join!(identity, credentials::get(arm, &id))?;
        let capabilities = known.map(|known| &known.capabilities);
        let writer = self.writer(name);
        let principal = identity.properties.principal.as_str();
        let policy = match capabilities.filter(|capabilities| !capabilities.is_empty()) {
            // Of a role that was imported no more is known than its trust.
            None => {
                let holder = Holder {
                    resource: &id,
                    principal,
                };
                self.given(&writer, holder).await?
            }
            Some(capabilities) => {
                let mut reach = self.reach(capabilities).await?;
                let assigned = self.assigned(Some(principal), &mut reach);
                let own = async {
                    if writes(capabilities) {
                        writer.found(arm).await
                    } else {
                        Ok(None)
                    }
                };
                let (assigned, own) = try_join!(assigned, own)?;
                let Reach { scopes, unseen } = &reach;
                role_documents::found(&assigned, scopes, &writer.role, own, unseen)
            }
        };
        let policy = Some(policy);
        role(&call, name, identity, &found, policy)
    }

    async fn update(&self, found: &Role, wanted: &RoleSpec) -> Result<()> {
        let documents = self.documents(wanted).await.map_err(placeless)?;
        let id = self.identity(&found.name);
        if let Trust::Azure { issuer } = &wanted.trust
            && (found.trust_policy != documents.trust_policy || !found.foreign_policies.is_empty())
        {
            let arm = self.0.arm().await?;
            let attempts = self.0.config.attempts;
            credentials::put(arm, &id, attempts, issuer, &wanted.subjects).await?;
        }
        if found.policy.as_ref() == Some(&documents.policy) {
            return Ok(());
        }
        let policy = found.policy.as_ref();
        let writer = self.writer(&found.name);
        let grants = self.grants(&writer, &wanted.capabilities).await;
        let grants = grants.map_err(placeless)?;
        role_scopes::seen(&found.name, role_documents::unseen(policy))?;
        let mut scopes = role_documents::scopes(policy);
        scopes.extend(grants.iter().map(|grant| grant.scope.clone()));
        let used = uses(&grants, &writer);
        let arm = self.0.arm().await?;
        let wanted_role = role_documents::own_role(Some(&documents.policy));
        if used && role_documents::own_role(policy) != wanted_role {
            writer.put(arm).await?;
        }
        let holder = Holder {
            resource: &id,
            principal: found.principal.as_str(),
        };
        self.assign(holder, scopes, &grants).await?;
        if !used && may_have_own_role(found) {
            writer.remove(arm, self.0.config.attempts).await?;
        }
        Ok(())
    }

    async fn set_tags(&self, found: &Role, tags: &Tags) -> Result<()> {
        let id = self.identity(&found.name);
        tags::change(self.0.arm().await?, &id, &found.tags, tags).await
    }

    async fn delete(&self, found: &Role) -> Result<()> {
        let policy = found.policy.as_ref();
        role_scopes::seen(&found.name, role_documents::unseen(policy))?;
        let id = self.identity(&found.name);
        let mut reach = Reach::of(role_documents::scopes(policy));
        let principal = found.principal.as_str();
        let assigned = self.assigned(Some(principal), &mut reach).await?;
        // What we gave under names of our own, also where it is not known any more; and at known scopes, whatever is there.
        let ours = |assignment: &&Assignment| {
            assignment.is_ours(&id) || reach.scopes.contains(&assignment.scope)
        };
        self.unassign(assigned.iter().filter(ours)).await?;
        let arm = self.0.arm().await?;
        // The identity goes last: as long as it is there, a destroy that failed is made again and finds the rest.
        if may_have_own_role(found) {
            let writer = self.writer(&found.name);
            writer.remove(arm, self.0.config.attempts).await?;
        }
        let call = Call::new(DELETE, &id);
        arm.delete(call, &id, versions::MANAGED_IDENTITY, None)
            .await
    }

    fn outlives(&self, gone: &RoleSpec) -> Option<String> {
        if gone.capabilities.is_empty() {
            return None;
        }
        let mut left =
            "the role assignments of its identity, whose principal is nobody any more".to_owned();
        if writes(&gone.capabilities) {
            let name = self.writer(&gone.name).role.name;
            left = format!("{left}, and the custom role {name:?}");
        }
        Some(left)
    }

    async fn forget(&self, gone: &RoleSpec) -> Result<()> {
        let reach = self.reach(&gone.capabilities).await?;
        let id = self.identity(&gone.name);
        self.take_back(&gone.name, &id, reach).await?;
        if gone.capabilities.is_empty() || writes(&gone.capabilities) {
            let arm = self.0.arm().await?;
            let writer = self.writer(&gone.name);
            writer.remove(arm, self.0.config.attempts).await?;
        }
        Ok(())
    }
}

impl Azure {
    fn identity(&self, name: &RoleName) -> ResourceId {
        self.0.resource(KIND, name)
    }

    /// The role of a role's own.
    fn writer(&self, name: &RoleName) -> BlobWriter {
        BlobWriter::of(&self.0.group(), &self.identity(name))
    }
}

/// A vault that is missing once a role is given its rights will not come by waiting, as a role that was made a moment ago does.
fn placeless(error: Error) -> Error {
    match error {
        Error::NotFound(call) => Error::Invalid(call),
        error => error,
    }
}

/// Whether these need the role of its own.
fn uses(grants: &[Grant], writer: &BlobWriter) -> bool {
    grants.iter().any(|grant| grant.role == writer.role)
}

/// Whether a role with these has one of its own.
fn writes(capabilities: &BTreeSet<Capability>) -> bool {
    let wants = permissions::wants(capabilities);
    wants.iter().any(|want| want.role == Needed::BlobWriter)
}

/// Whether there may be one to take away: what is not known of an imported role is looked for.
fn may_have_own_role(found: &Role) -> bool {
    found.policy.is_none() || role_documents::own_role(found.policy.as_ref()).is_some()
}

fn role(
    call: &Call,
    name: &RoleName,
    found: Identity,
    credentials: &Credentials,
    policy: Option<PolicyDocument>,
) -> Result<Role> {
    let IdentityProperties {
        principal,
        client,
        tenant,
    } = found.properties;
    let texts = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let pairs = pairs
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()));
        pairs.collect()
    };
    Ok(Role {
        name: name.clone(),
        principal: principal.parse::<PrincipalId>().classify(call)?,
        path: None,
        permissions_boundary: None,
        max_session: None,
        policy,
        foreign_policies: credentials.foreign_policies(),
        trust_policy: credentials.document(),
        trust: credentials.trust(),
        subjects: credentials.subjects(),
        service_account_annotations: texts(&[
            ("azure.workload.identity/client-id", &client),
            ("azure.workload.identity/tenant-id", &tenant),
        ]),
        pod_labels: texts(&[("azure.workload.identity/use", "true")]),
        tags: found.tags.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_that_is_missing_is_not_waited_for() {
        let call = || Box::new(Call::new("Microsoft.KeyVault/vaults/read", "acme"));
        assert!(matches!(
            placeless(Error::NotFound(call())),
            Error::Invalid(_)
        ));
        assert!(matches!(
            placeless(Error::Throttled(call())),
            Error::Throttled(_)
        ));
    }
}
