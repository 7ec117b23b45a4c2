//! Role assignments: what an identity may do, each at the smallest scope that does.
//!
//! Their names follow from scope, principal and role, so that whoever writes the same again meets what is there.

use clouds::error::Call;
use clouds::{Error, Optional, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::arm::{Arm, ResourceId};
use crate::permissions::{BuiltIn, Grant};
use crate::tags::hex;
use crate::versions;

const READ: &str = "Microsoft.Authorization/roleAssignments/read";
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
    /// A role that we know, or the id of another.
    pub(crate) role: std::result::Result<BuiltIn, String>,
    pub(crate) condition: Option<String>,
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
        let id = self.properties.role_definition_id;
        let guid = id.rsplit('/').next().unwrap_or_default();
        let known = BuiltIn::ALL
            .into_iter()
            .find(|role| role.id().eq_ignore_ascii_case(guid));
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
            role: known.ok_or(id),
            condition: self
                .properties
                .condition
                .filter(|condition| !condition.is_empty()),
            id: ResourceId::new(self.id),
        }
    }
}

/// The assignments of a principal at a scope, below it and above it.
pub(crate) async fn of_principal(
    arm: Arm<'_>,
    scope: &ResourceId,
    principal: &str,
) -> Result<Vec<Assignment>> {
    let list = ResourceId::new(format!("{scope}/{KIND}"));
    let filter = format!("principalId eq '{principal}'");
    let call = Call::new(READ, scope);
    let found: Vec<Found> = arm
        .list(call, &list, versions::AUTHORIZATION, Some(&filter))
        .await?;
    let own = found.into_iter().filter(|found| {
        found
            .properties
            .principal_id
            .eq_ignore_ascii_case(principal)
    });
    Ok(own.map(Found::understood).collect())
}

/// Gives a principal a role; that it has it already is well.
pub(crate) async fn put(
    arm: Arm<'_>,
    subscription: &ResourceId,
    principal: &str,
    grant: &Grant,
) -> Result<()> {
    put_as(arm, subscription, principal, grant, &id(principal, grant)).await
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
                grant.role.id()
            ),
            principal_id: principal,
            principal_type: "ServicePrincipal",
            condition,
            condition_version: condition.map(|_| CONDITION_VERSION),
        },
    };
    let call = Call::new(WRITE, format!("{} on {}", grant.role.name(), grant.scope));
    match arm
        .put::<_, Value>(call, id, versions::AUTHORIZATION, &body)
        .await
    {
        Ok(_) | Err(Error::AlreadyExists(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

pub(crate) async fn remove(arm: Arm<'_>, id: &ResourceId) -> Result<()> {
    let call = Call::new(DELETE, id);
    let gone = arm.delete(call, id, versions::AUTHORIZATION, None).await;
    gone.optional().map(|_| ())
}

/// The id of the assignment that we make.
pub(crate) fn id(principal: &str, grant: &Grant) -> ResourceId {
    grant.scope.child(KIND, name(principal, grant))
}

/// A UUID (of the version for what one makes oneself) that follows from what is assigned.
fn name(principal: &str, grant: &Grant) -> String {
    let text = format!(
        "dataplane\n{}\n{}\n{}",
        grant.scope.key(),
        principal.to_lowercase(),
        grant.role.id()
    );
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

    fn grant(scope: &str, role: BuiltIn) -> Grant {
        Grant {
            scope: ResourceId::new(scope),
            role,
            condition: None,
        }
    }

    #[test]
    fn names_follow_from_what_is_assigned() {
        let first = name("p", &grant("/subscriptions/S/a", BuiltIn::AcrPull));
        assert_eq!(
            first,
            name("P", &grant("/subscriptions/s/A", BuiltIn::AcrPull))
        );
        assert_ne!(
            first,
            name("p", &grant("/subscriptions/s/a", BuiltIn::AcrPush))
        );
        assert_ne!(
            first,
            name("q", &grant("/subscriptions/s/a", BuiltIn::AcrPull))
        );
        assert_eq!((first.len(), &first[14..15]), (36, "8"));
    }

    #[test]
    fn answers_are_understood_in_any_letter_case() {
        let found: Found = serde_json::from_str(
            r#"{"id":"/subscriptions/s/resourcegroups/g/providers/x/y/z/providers/Microsoft.Authorization/roleAssignments/n","properties":{
                "roleDefinitionId":"/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/7F951DDA-4ed3-4680-a7ca-43fe172d538d","principalId":"p"}}"#,
        )
        .unwrap();
        let found = found.understood();
        assert_eq!(found.role, Ok(BuiltIn::AcrPull));
        assert_eq!(
            found.scope,
            ResourceId::new("/subscriptions/s/resourceGroups/g/providers/x/y/z")
        );
    }
}
