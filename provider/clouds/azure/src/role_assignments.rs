//! Role assignments: what an identity may do, each at the smallest scope that does.
//!
//! Their names follow from scope, principal, role and the resource that the principal is of. So whoever writes the same again meets what
//! is there, and what a resource was given is told from what others were, also when it is gone and its principal with it.

use clouds::error::Call;
use clouds::{Error, Optional, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::arm::{Arm, ResourceId};
use crate::permissions::Grant;
use crate::tags::hex;
use crate::{role_definitions, versions};

pub(crate) const READ: &str = "Microsoft.Authorization/roleAssignments/read";
const WRITE: &str = "Microsoft.Authorization/roleAssignments/write";
const DELETE: &str = "Microsoft.Authorization/roleAssignments/delete";
const KIND: &str = "providers/Microsoft.Authorization/roleAssignments";
/// The language of our conditions.
const CONDITION_VERSION: &str = "2.0";

/// An assignment as it was found.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    pub(crate) id: ResourceId,
    pub(crate) scope: ResourceId,
    pub(crate) principal: String,
    /// The id of the role's definition, as Azure wrote it.
    pub(crate) role: String,
    pub(crate) condition: Option<String>,
}

/// Whom roles are given to: a resource that signs in, by the principal that it has for now.
#[derive(Clone, Copy)]
pub(crate) struct Holder<'h> {
    pub(crate) resource: &'h ResourceId,
    pub(crate) principal: &'h str,
}

#[derive(Deserialize)]
struct Found {
    id: String,
    properties: FoundProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FoundProperties {
    role_definition_id: String,
    scope: Option<String>,
    principal_id: String,
    condition: Option<String>,
}

#[derive(Serialize)]
struct NewAssignment<'a> {
    properties: NewProperties<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewProperties<'a> {
    role_definition_id: String,
    principal_id: &'a str,
    /// Said, Azure does not look the principal up in a directory that has not heard of it yet.
    principal_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition_version: Option<&'static str>,
}

impl Found {
    fn understood(self) -> Assignment {
        let above = self
            .id
            .to_lowercase()
            .find("/providers/microsoft.authorization/roleassignments/");
        let scope = self
            .properties
            .scope
            .unwrap_or_else(|| self.id[..above.unwrap_or(0)].to_owned());
        Assignment {
            scope: ResourceId::new(scope),
            principal: self.properties.principal_id,
            role: self.properties.role_definition_id,
            condition: self
                .properties
                .condition
                .filter(|condition| !condition.is_empty()),
            id: ResourceId::new(self.id),
        }
    }
}

impl Assignment {
    /// The last part of its role's id, in lower case.
    pub(crate) fn guid(&self) -> String {
        let guid = self.role.rsplit('/').next().unwrap_or_default();
        guid.to_ascii_lowercase()
    }

    /// Whether it has the name that we give to what this resource has, or had by an earlier principal.
    pub(crate) fn is_ours(&self, resource: &ResourceId) -> bool {
        let principal = self.principal.as_str();
        let holder = Holder {
            resource,
            principal,
        };
        id(holder, &self.scope, &self.guid()) == self.id
    }
}

/// The assignments at a scope, below it and above it: of one principal, or of all.
pub(crate) async fn list(
    arm: Arm<'_>,
    scope: &ResourceId,
    principal: Option<&str>,
) -> Result<Vec<Assignment>> {
    let list = ResourceId::new(format!("{scope}/{KIND}"));
    let filter = principal.map(|principal| format!("principalId eq '{principal}'"));
    let call = Call::new(READ, scope);
    let found: Vec<Found> = arm
        .list(call, &list, versions::AUTHORIZATION, filter.as_deref())
        .await?;
    let all = found.into_iter().map(Found::understood);
    let asked = |assignment: &Assignment| {
        principal.is_none_or(|one| assignment.principal.eq_ignore_ascii_case(one))
    };
    Ok(all.filter(asked).collect())
}

/// Gives a role; that its holder has it already is well.
pub(crate) async fn put(
    arm: Arm<'_>,
    subscription: &ResourceId,
    holder: Holder<'_>,
    grant: &Grant,
) -> Result<()> {
    let id = of_grant(holder, grant);
    put_as(arm, subscription, holder.principal, grant, &id).await
}

/// The same for an assignment that exists, under whatever name.
pub(crate) async fn put_as(
    arm: Arm<'_>,
    subscription: &ResourceId,
    principal: &str,
    grant: &Grant,
    id: &ResourceId,
) -> Result<()> {
    let condition = grant.condition.as_deref();
    let body = NewAssignment {
        properties: NewProperties {
            role_definition_id: format!(
                "{subscription}/providers/Microsoft.Authorization/roleDefinitions/{}",
                grant.role.guid
            ),
            principal_id: principal,
            principal_type: "ServicePrincipal",
            condition,
            condition_version: condition.map(|_| CONDITION_VERSION),
        },
    };
    let call = Call::new(WRITE, format!("{} on {}", grant.role.name, grant.scope));
    match arm
        .put::<_, Value>(call, id, versions::AUTHORIZATION, &body)
        .await
    {
        Ok(_) | Err(Error::AlreadyExists(_)) => Ok(()),
        // One that was made a moment ago is not known everywhere yet.
        Err(Error::NotFound(call)) if call.code.as_deref() == Some(role_definitions::MISSING) => {
            Err(Error::NotReady(call))
        }
        Err(error) => Err(error),
    }
}

pub(crate) async fn remove(arm: Arm<'_>, id: &ResourceId) -> Result<()> {
    let call = Call::new(DELETE, id);
    let gone = arm.delete(call, id, versions::AUTHORIZATION, None).await;
    gone.optional().map(|_| ())
}

/// The id of the assignment that we make.
pub(crate) fn of_grant(holder: Holder<'_>, grant: &Grant) -> ResourceId {
    id(holder, &grant.scope, &grant.role.guid)
}

fn id(holder: Holder<'_>, scope: &ResourceId, role: &str) -> ResourceId {
    scope.child(KIND, name(holder, scope, role))
}

fn name(holder: Holder<'_>, scope: &ResourceId, role: &str) -> String {
    let Holder {
        resource,
        principal,
    } = holder;
    uuid_of(&[
        &scope.key(),
        &principal.to_lowercase(),
        role,
        &resource.key(),
    ])
}

/// A UUID (of the version for what one makes oneself) that follows from what it stands for.
pub(crate) fn uuid_of(parts: &[&str]) -> String {
    let text = format!("dataplane\n{}", parts.join("\n"));
    let mut bytes: [u8; 16] = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(text.as_bytes())[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permissions::BuiltIn;

    #[test]
    fn names_follow_from_what_is_assigned_and_to_what() {
        let name = |resource: &str, principal: &str, scope: &str, role: BuiltIn| {
            let holder = Holder {
                resource: &ResourceId::new(resource),
                principal,
            };
            super::name(holder, &ResourceId::new(scope), role.id())
        };
        let first = name("/i", "p", "/subscriptions/S/a", BuiltIn::AcrPull);
        let same = name("/I", "P", "/subscriptions/s/A", BuiltIn::AcrPull);
        assert_eq!(first, same);
        for other in [
            name("/i", "p", "/subscriptions/s/a", BuiltIn::AcrPush),
            name("/i", "q", "/subscriptions/s/a", BuiltIn::AcrPull),
            name("/j", "p", "/subscriptions/s/a", BuiltIn::AcrPull),
        ] {
            assert_ne!(first, other);
        }
        assert_eq!((first.len(), &first[14..15]), (36, "8"));
    }

    #[test]
    fn what_a_resource_had_is_known_without_its_principal() {
        let (identity, scope) = (ResourceId::new("/i"), ResourceId::new("/s"));
        let holder = Holder {
            resource: &identity,
            principal: "gone",
        };
        let role = BuiltIn::AcrPull.id();
        let assignment = Assignment {
            id: id(holder, &scope, role),
            scope,
            principal: "GONE".to_owned(),
            role: format!("/roleDefinitions/{}", role.to_uppercase()),
            condition: None,
        };
        assert!(assignment.is_ours(&identity));
        assert!(!assignment.is_ours(&ResourceId::new("/j")));
    }

    #[test]
    fn answers_are_understood_in_any_letter_case() {
        let found: Found = serde_json::from_str(
            r#"{"id":"/subscriptions/s/resourcegroups/g/providers/x/y/z/providers/Microsoft.Authorization/roleAssignments/n","properties":{
                "roleDefinitionId":"/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/7F951DDA-4ed3-4680-a7ca-43fe172d538d","principalId":"p"}}"#,
        )
        .unwrap();
        let found = found.understood();
        assert_eq!(found.guid(), BuiltIn::AcrPull.id());
        assert!(!found.is_ours(&ResourceId::new("/i")));
        assert_eq!(
            found.scope,
            ResourceId::new("/subscriptions/s/resourceGroups/g/providers/x/y/z")
        );
    }
}
