//! Where a role has rights: the scopes that its capabilities lead to, and what is assigned there.
//!
//! A key vault may lie outside of our resource group, where not everybody may look. One that is not found is gone, or hidden from
//! whoever asks; the assignments of the whole subscription tell which, to who may list them.

use std::collections::{BTreeMap, BTreeSet};

use clouds::error::Call;
use clouds::policies::PolicyDocument;
use clouds::roles::{Capability, RoleName};
use clouds::{Error, Optional, Result};
use futures::future::try_join_all;
use futures::try_join;

use crate::arm::ResourceId;
use crate::error::invalid;
use crate::permissions::{self, Grant, Needed, Place, Want};
use crate::role_assignments::{self, Assignment, Holder};
use crate::role_definitions::BlobWriter;
use crate::roles::WRITE;
use crate::{Azure, log_groups, registries, role_documents, storage_accounts, vaults};

/// Where a role is looked for.
#[derive(Default)]
pub(crate) struct Reach {
    pub(crate) scopes: Vec<ResourceId>,
    /// The names of vaults that were not found, and whose assignments are not known either.
    pub(crate) unseen: BTreeSet<String>,
}

impl Reach {
    pub(crate) fn of(scopes: Vec<ResourceId>) -> Self {
        Self {
            scopes,
            unseen: BTreeSet::new(),
        }
    }

    /// Takes the assignments of the whole subscription for what there is on the vaults that were not found.
    fn settle(&mut self, all: &[Assignment], group: &ResourceId) {
        for vault in std::mem::take(&mut self.unseen) {
            let is_it = |assignment: &&Assignment| vaults::is_named(&assignment.scope, &vault);
            let found = all.iter().find(is_it);
            let scope = found.map(|assignment| spelled(&assignment.scope, group));
            self.scopes.extend(scope);
        }
    }
}

impl Azure {
    /// What is to be given, with the full names of places.
    pub(crate) async fn grants(
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

    /// Where something may have been given.
    pub(crate) async fn reach(&self, capabilities: &BTreeSet<Capability>) -> Result<Reach> {
        let mut reach = Reach::default();
        for want in permissions::wants(capabilities) {
            match (self.scope(&want.place).await.optional()?, want.place) {
                (Some(scope), _) => reach.scopes.push(scope),
                (None, Place::Vault(name)) => {
                    reach.unseen.insert(name);
                }
                // Others are named, and not looked up.
                (None, _) => {}
            }
        }
        Ok(reach)
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

    /// The assignments in our resource group, and at those of the scopes that lie outside of it: of a principal, or of all.
    pub(crate) async fn assigned(
        &self,
        principal: Option<&str>,
        reach: &mut Reach,
    ) -> Result<Vec<Assignment>> {
        let arm = self.0.arm().await?;
        let group = self.0.group();
        if !reach.unseen.is_empty() {
            match role_assignments::list(arm, &self.0.subscription(), principal).await {
                Err(Error::Denied { .. }) => {}
                all => {
                    let all = all?;
                    reach.settle(&all, &group);
                    return Ok(all);
                }
            }
        }
        let outside = reach.scopes.iter().filter(|scope| !scope.is_within(&group));
        let asked: BTreeMap<String, &ResourceId> = outside
            .chain([&group])
            .map(|scope| (scope.key(), scope))
            .collect();
        let lists = asked.into_values().map(|scope| async move {
            // A scope that is gone took its assignments along.
            let list = role_assignments::list(arm, scope, principal).await;
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
    pub(crate) async fn given(
        &self,
        writer: &BlobWriter,
        holder: Holder<'_>,
    ) -> Result<PolicyDocument> {
        let arm = self.0.arm().await?;
        let (group, subscription) = (self.0.group(), self.0.subscription());
        let assigned = async {
            // Vaults may lie outside of our group, where not everybody may look.
            match role_assignments::list(arm, &subscription, Some(holder.principal)).await {
                Err(Error::Denied { .. }) => {
                    role_assignments::list(arm, &group, Some(holder.principal)).await
                }
                assigned => assigned,
            }
        };
        let (mut assigned, own) = try_join!(assigned, writer.found(arm))?;
        assigned.retain(|assignment| assignment.is_ours(holder.resource));
        let scopes: Vec<_> = assigned
            .iter()
            .map(|assignment| spelled(&assignment.scope, &group))
            .collect();
        let unseen = BTreeSet::new();
        Ok(role_documents::found(
            &assigned,
            &scopes,
            &writer.role,
            own,
            &unseen,
        ))
    }

    /// Removes what was given to an identity that is gone. The names that we give tell it without the principal, from what other
    /// roles have at the same scopes.
    pub(crate) async fn take_back(
        &self,
        name: &RoleName,
        identity: &ResourceId,
        mut reach: Reach,
    ) -> Result<()> {
        let assigned = self.assigned(None, &mut reach).await?;
        seen(name, reach.unseen.iter().map(String::as_str))?;
        let left = |assignment: &&Assignment| assignment.is_ours(identity);
        self.unassign(assigned.iter().filter(left)).await
    }

    /// Brings what a role may do at these scopes to the wanted grants.
    pub(crate) async fn assign(
        &self,
        holder: Holder<'_>,
        scopes: Vec<ResourceId>,
        grants: &[Grant],
    ) -> Result<()> {
        let arm = self.0.arm().await?;
        let subscription = self.0.subscription();
        let mut reach = Reach::of(scopes);
        let assigned = self.assigned(Some(holder.principal), &mut reach).await?;
        let of = |assignment: &Assignment, grant: &Grant| {
            assignment.scope == grant.scope && assignment.guid() == grant.role.guid
        };
        let writes = grants.iter().filter_map(|grant| {
            let found = assigned.iter().find(|assignment| of(assignment, grant));
            match found {
                Some(found) if found.condition == grant.condition => None,
                Some(found) => Some((grant, found.id.clone())),
                None => Some((grant, role_assignments::of_grant(holder, grant))),
            }
        });
        let subscription = &subscription;
        let writes = writes.map(|(grant, id)| async move {
            role_assignments::put_as(arm, subscription, holder.principal, grant, &id).await
        });
        try_join_all(writes).await?;
        let unwanted = assigned.iter().filter(|assignment| {
            reach.scopes.contains(&assignment.scope)
                && !grants.iter().any(|grant| of(assignment, grant))
        });
        self.unassign(unwanted).await
    }

    pub(crate) async fn unassign(
        &self,
        assignments: impl Iterator<Item = &Assignment>,
    ) -> Result<()> {
        let arm = self.0.arm().await?;
        let removals = assignments.map(|one| role_assignments::remove(arm, &one.id));
        try_join_all(removals).await.map(drop)
    }
}

/// Refuses to go on where it is not known what a role still has.
pub(crate) fn seen<'v>(name: &RoleName, vaults: impl IntoIterator<Item = &'v str>) -> Result<()> {
    let vaults: Vec<_> = vaults.into_iter().collect();
    if vaults.is_empty() {
        return Ok(());
    }
    let vaults = vaults.join(", ");
    let call = Call::new(vaults::READ, vaults.as_str()).because(format!(
        "the subscription has no key vault of this name, or none that whoever runs this may read, and what the role {name} was given \
         there was not taken for gone: grant {} on it; where the vault is gone, grant {} on the subscription, by which that is seen",
        vaults::READ,
        role_assignments::READ
    ));
    Err(Error::Invalid(Box::new(call)))
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
