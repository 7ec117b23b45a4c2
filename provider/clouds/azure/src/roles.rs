//! Roles: each a user-assigned identity, with a federated credential per subject, role assignments for its capabilities, and a role of
//! its own where it writes blobs (see `role_definitions`).
//!
//! Calls: `documents` and `policy` 0, and those that look a vault up (see `vaults`); `create` 2; `get` 2 at once, and 1 for the
//! assignments in our resource group, 1 more per vault outside of it, 1 for the role of its own (of a role that is not known, 1
//! for the assignments in the whole subscription, or 2 where that is not allowed); `update` 1 and 1 per credential that differs,
//! one after the other, then 1 for the role of its own where that differs, 1 (more for vaults as in `get`) and 1 per assignment
//! that differs; `set_tags` 1, or 2 where tags come and go; `delete` 2, 1 per assignment, 1 for the role of its own.
//!
//! An assignment at a scope that the role's own capabilities name is ours to give and to take; elsewhere, what others gave the
//! identity stays. Deleted identities leave their assignments behind in Azure, so that `delete` takes ours away first.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use clouds::error::Call;
use clouds::policies::PolicyDocument;
use clouds::roles::{
    Capability, PrincipalId, Role, RoleDefaults, RoleDocuments, RoleName, RoleSpec, Roles, Trust,
};
use clouds::{Error, Optional, Refusal, Result, Tags};
use futures::future::try_join_all;
use futures::try_join;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arm::ResourceId;
use crate::error::{Classify, invalid};
use crate::federated_credentials::{self as credentials, Credentials};
use crate::permissions::{self, AssignedRole, BuiltIn, Grant, Needed, Place, Want};
use crate::role_assignments::{self, Assignment};
use crate::role_definitions::BlobWriter;
use crate::{Azure, log_groups, names, registries, storage_accounts, tags, vaults, versions};

const KIND: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";
const READ: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/read";
const WRITE: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/write";
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
        let entries = grants
            .iter()
            .map(|grant| entry(&grant.scope, &grant.role.name, grant.condition.as_deref()));
        let own = uses(&grants, &writer).then(|| writer.document());
        Ok(document(&entries.collect::<Vec<_>>(), own))
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
        let call = Call::new(READ, &id);
        let found: Option<Identity> = arm.get(call, &id, version).await.optional()?;
        let call = Call::new(WRITE, &id);
        if found.is_some() {
            let call = call.because("an identity of this name exists");
            return Err(Error::AlreadyExists(Box::new(call)));
        }
        let body = NewIdentity {
            location: self.0.config.location.as_str(),
            tags,
        };
        let made: Identity = arm.put(call.clone(), &id, version, &body).await?;
        let nothing = document(&[], None);
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
        let policy = match capabilities.filter(|capabilities| !capabilities.is_empty()) {
            // Of a role that was imported no more is known than its trust.
            None => self.given(name, &identity.properties.principal).await?,
            Some(capabilities) => {
                let writer = self.writer(name);
                let scopes = self.scopes(capabilities).await?;
                let assigned = self.assigned(&identity.properties.principal, &scopes);
                let own = async {
                    if writes(capabilities) {
                        writer.found(arm).await
                    } else {
                        Ok(None)
                    }
                };
                let (assigned, own) = try_join!(assigned, own)?;
                found_document(&assigned, &scopes, &writer.role, own)
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
        let writer = self.writer(&found.name);
        let grants = self.grants(&writer, &wanted.capabilities).await;
        let grants = grants.map_err(placeless)?;
        let mut scopes = named_scopes(found.policy.as_ref());
        scopes.extend(grants.iter().map(|grant| grant.scope.clone()));
        let used = uses(&grants, &writer);
        let arm = self.0.arm().await?;
        if used && own_role(found.policy.as_ref()) != own_role(Some(&documents.policy)) {
            writer.put(arm).await?;
        }
        self.assign(found.principal.as_str(), &scopes, &grants)
            .await?;
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
        let scopes = named_scopes(found.policy.as_ref());
        let principal = found.principal.as_str();
        let arm = self.0.arm().await?;
        // What we gave under names of our own, also where it is not known any more; and at known scopes, whatever is there.
        let ours =
            |assignment: &Assignment| assignment.is_ours() || scopes.contains(&assignment.scope);
        let assigned = self.assigned(principal, &scopes).await?;
        let removals = assigned.iter().filter(|assignment| ours(assignment));
        try_join_all(removals.map(|assignment| role_assignments::remove(arm, &assignment.id)))
            .await?;
        // The identity goes last: as long as it is there, a destroy that failed is made again and finds the rest.
        if may_have_own_role(found) {
            let writer = self.writer(&found.name);
            writer.remove(arm, self.0.config.attempts).await?;
        }
        let id = self.identity(&found.name);
        let call = Call::new(DELETE, &id);
        arm.delete(call, &id, versions::MANAGED_IDENTITY, None)
            .await
    }

    async fn forget(&self, gone: &RoleSpec) -> Result<()> {
        if !writes(&gone.capabilities) {
            return Ok(());
        }
        let arm = self.0.arm().await?;
        let writer = self.writer(&gone.name);
        writer.remove(arm, self.0.config.attempts).await
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

    /// What is to be given, with the full names of places.
    async fn grants(
        &self,
        writer: &BlobWriter,
        capabilities: &BTreeSet<Capability>,
    ) -> Result<Vec<Grant>> {
        let wants = permissions::wants(capabilities);
        let grants = wants.into_iter().map(|want: Want| async move {
            Ok::<_, Error>(Grant {
                scope: self.scope(&want.place).await?,
                role: match want.role {
                    Needed::BuiltIn(role) => role.into(),
                    Needed::BlobWriter => writer.role.clone(),
                },
                condition: want.condition,
            })
        });
        try_join_all(grants).await
    }

    /// Where something may be given. A vault that is gone is none: nothing is left there.
    async fn scopes(&self, capabilities: &BTreeSet<Capability>) -> Result<Vec<ResourceId>> {
        let mut scopes = Vec::new();
        for want in permissions::wants(capabilities) {
            if let Some(scope) = self.scope(&want.place).await.optional()? {
                scopes.push(scope);
            }
        }
        Ok(scopes)
    }

    async fn scope(&self, place: &Place) -> Result<ResourceId> {
        let account = |account: &Option<_>| match account {
            Some(account) => Ok(self.0.resource(storage_accounts::KIND, account)),
            None => Err(invalid(
                WRITE,
                "a bucket",
                "it does not name its storage account",
            )),
        };
        Ok(match place {
            Place::Account(bucket) => account(&bucket.account)?,
            Place::Container(bucket) => account(&bucket.account)?
                .child("blobServices", "default")
                .child("containers", &bucket.name),
            Place::Vault(name) => self.0.vault(name).await?.id.clone(),
            Place::Workspace(name) => self.0.resource(log_groups::KIND, name),
            Place::Registry(name) => self.0.resource(registries::KIND, name),
        })
    }

    /// The assignments of a principal in our resource group, and at those of the scopes that lie outside of it.
    async fn assigned(&self, principal: &str, scopes: &[ResourceId]) -> Result<Vec<Assignment>> {
        let arm = self.0.arm().await?;
        let group = self.0.group();
        let outside = scopes.iter().filter(|scope| !scope.is_within(&group));
        let asked: BTreeMap<String, &ResourceId> = outside
            .chain([&group])
            .map(|scope| (scope.key(), scope))
            .collect();
        let lists = asked.into_values().map(|scope| async move {
            // A scope that is gone took its assignments along.
            let list = role_assignments::of_principal(arm, scope, principal).await;
            Ok::<_, Error>(list.optional()?.unwrap_or_default())
        });
        let lists = try_join_all(lists).await?;
        let all: BTreeMap<String, Assignment> = lists
            .into_iter()
            .flatten()
            .map(|assignment| (assignment.id.key(), assignment))
            .collect();
        Ok(all.into_values().collect())
    }

    /// What we gave a role that nothing is known of, by the names that we give: what others gave it may lie anywhere.
    async fn given(&self, name: &RoleName, principal: &str) -> Result<PolicyDocument> {
        let arm = self.0.arm().await?;
        let (group, subscription, writer) =
            (self.0.group(), self.0.subscription(), self.writer(name));
        let assigned = async {
            // Vaults may lie outside of our group, where not everybody may look.
            match role_assignments::of_principal(arm, &subscription, principal).await {
                Err(Error::Denied { .. }) => {
                    role_assignments::of_principal(arm, &group, principal).await
                }
                assigned => assigned,
            }
        };
        let (mut assigned, own) = try_join!(assigned, writer.found(arm))?;
        assigned.retain(Assignment::is_ours);
        let scopes: Vec<_> = assigned
            .iter()
            .map(|assignment| spelled(&assignment.scope, &group))
            .collect();
        Ok(found_document(&assigned, &scopes, &writer.role, own))
    }

    /// Brings what a principal may do at these scopes to the wanted grants.
    async fn assign(&self, principal: &str, scopes: &[ResourceId], grants: &[Grant]) -> Result<()> {
        let arm = self.0.arm().await?;
        let subscription = self.0.subscription();
        let assigned = self.assigned(principal, scopes).await?;
        let of = |assignment: &Assignment, grant: &Grant| {
            assignment.scope == grant.scope && assignment.guid() == grant.role.guid
        };
        let writes = grants.iter().filter_map(|grant| {
            let found = assigned.iter().find(|assignment| of(assignment, grant));
            match found {
                Some(found) if found.condition == grant.condition => None,
                Some(found) => Some((grant, found.id.clone())),
                None => Some((grant, role_assignments::of_grant(principal, grant))),
            }
        });
        let subscription = &subscription;
        let writes = writes.map(|(grant, id)| async move {
            role_assignments::put_as(arm, subscription, principal, grant, &id).await
        });
        try_join_all(writes).await?;
        let unwanted = assigned.iter().filter(|assignment| {
            scopes.contains(&assignment.scope) && !grants.iter().any(|grant| of(assignment, grant))
        });
        try_join_all(unwanted.map(|unwanted| role_assignments::remove(arm, &unwanted.id))).await?;
        Ok(())
    }
}

/// A vault that is missing once a role is given its rights will not come by waiting, as a role that was made a moment ago does.
fn placeless(error: Error) -> Error {
    match error {
        Error::NotFound(call) => Error::Invalid(call),
        error => error,
    }
}

fn entry(scope: &ResourceId, role: &str, condition: Option<&str>) -> Value {
    let mut entry = json!({ "scope": scope.as_str(), "role": role });
    if let Some(condition) = condition {
        entry["condition"] = json!(condition);
    }
    entry
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

fn document(entries: &[Value], own: Option<Value>) -> PolicyDocument {
    let mut document = json!({ "roleAssignments": entries });
    if let Some(own) = own {
        document["roleDefinitions"] = json!([own]);
    }
    PolicyDocument::new(document)
}

/// What was found at the known scopes, with the scopes in our spelling.
fn found_document(
    assigned: &[Assignment],
    scopes: &[ResourceId],
    writer: &AssignedRole,
    own: Option<Value>,
) -> PolicyDocument {
    let entries = assigned.iter().filter_map(|assignment| {
        let scope = scopes.iter().find(|scope| **scope == assignment.scope)?;
        let guid = assignment.guid();
        let mut built_in = BuiltIn::ALL.into_iter();
        let role = match built_in.find(|role| role.id() == guid) {
            Some(role) => role.name(),
            None if guid == writer.guid => &writer.name,
            None => &assignment.role,
        };
        Some(entry(scope, role, assignment.condition.as_deref()))
    });
    document(&entries.collect::<Vec<_>>(), own)
}

/// The role of its own that a document holds.
fn own_role(policy: Option<&PolicyDocument>) -> Option<&Value> {
    policy?.value()["roleDefinitions"].get(0)
}

/// Whether there may be one to take away: what is not known of an imported role is looked for.
fn may_have_own_role(found: &Role) -> bool {
    found.policy.is_none() || own_role(found.policy.as_ref()).is_some()
}

/// An id as we spell it, whatever letter cases Azure answers it in.
fn spelled(id: &ResourceId, group: &ResourceId) -> ResourceId {
    let kinds = [
        storage_accounts::KIND,
        log_groups::KIND,
        registries::KIND,
        vaults::KIND,
    ];
    let words: Vec<_> = kinds
        .iter()
        .flat_map(|kind| kind.split('/'))
        .chain(["subscriptions", "resourceGroups", "providers"])
        .chain(["blobServices", "containers"])
        .collect();
    let (start, rest) = if id.is_within(group) {
        id.as_str().split_at(group.as_str().len())
    } else {
        ("", id.as_str())
    };
    let parts = rest.split('/').map(|part| {
        let known = words.iter().find(|word| word.eq_ignore_ascii_case(part));
        known.copied().unwrap_or(part)
    });
    let rest = parts.collect::<Vec<_>>().join("/");
    let start = if start.is_empty() { "" } else { group.as_str() };
    ResourceId::new(format!("{start}{rest}"))
}

/// The scopes that a document names.
fn named_scopes(policy: Option<&PolicyDocument>) -> Vec<ResourceId> {
    let entries = policy.map(|policy| &policy.value()["roleAssignments"]);
    let entries = match entries {
        Some(Value::Array(entries)) => entries.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    let scopes = entries.iter().filter_map(|entry| entry["scope"].as_str());
    scopes.map(ResourceId::new).collect()
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
