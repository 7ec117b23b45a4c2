//! Role definitions: the one role that Azure has not built in, which writes blobs and has no say over their container.
//!
//! `Storage Blob Data Contributor` may also change and delete the container, which no condition on the paths of blobs covers. So each
//! identity that writes gets a role of its own. Its id follows from the identity's: whoever makes the same role again meets what is
//! there, no two roles share one, and it goes with its role. That it can be assigned in our resource group alone keeps it there.

use clouds::error::Call;
use clouds::{Error, Optional, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arm::{Arm, ResourceId};
use crate::permissions::{AssignedRole, BLOBS};
use crate::role_assignments::{self, Assignment, uuid_of};
use crate::{pauses, versions};

const READ: &str = "Microsoft.Authorization/roleDefinitions/read";
const WRITE: &str = "Microsoft.Authorization/roleDefinitions/write";
const DELETE: &str = "Microsoft.Authorization/roleDefinitions/delete";
const KIND: &str = "providers/Microsoft.Authorization/roleDefinitions";

/// The code for a role that there is not, or that is not known everywhere yet.
pub(crate) const MISSING: &str = "RoleDefinitionDoesNotExist";
/// The code for one that is still assigned.
const IN_USE: &str = "RoleDefinitionHasAssignments";
/// The code for a name that another role of the tenant has.
const TAKEN: &str = "RoleDefinitionWithSameNameExists";

/// What whoever reads blobs may know of their container, as with Azure's own role for readers.
const ACTIONS: [&str; 1] = ["Microsoft.Storage/storageAccounts/blobServices/containers/read"];
/// What is done with blobs: all that a condition narrows, and nothing else.
const DATA_ACTIONS: [&str; 5] = ["add/action", "delete", "move/action", "read", "write"];

/// The role by which one identity writes blobs.
#[derive(Clone, Debug)]
pub(crate) struct BlobWriter {
    pub(crate) role: AssignedRole,
    /// Where it may be assigned, and where it is kept.
    group: ResourceId,
    identity: ResourceId,
}

/// A definition, sent and found.
#[derive(Deserialize, Serialize)]
struct Definition {
    properties: Properties,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    role_name: String,
    #[serde(skip_deserializing)]
    description: String,
    #[serde(rename = "type", skip_deserializing)]
    kind: &'static str,
    #[serde(default)]
    permissions: Vec<Permission>,
    #[serde(default)]
    assignable_scopes: Vec<String>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct Permission {
    actions: Vec<String>,
    not_actions: Vec<String>,
    data_actions: Vec<String>,
    not_data_actions: Vec<String>,
}

impl BlobWriter {
    /// That of an identity in a resource group.
    pub(crate) fn of(group: &ResourceId, identity: &ResourceId) -> Self {
        let name = identity.as_str().rsplit('/').next().unwrap_or_default();
        let place = group.as_str().trim_start_matches("/subscriptions/");
        let place = place.replace("/resourceGroups/", "/");
        Self {
            role: AssignedRole {
                guid: uuid_of(&["blob writer", &identity.key()]),
                // Unique in the tenant, as Azure wants it.
                name: format!("dataplane {name} in {place}: blobs"),
            },
            group: group.clone(),
            identity: identity.clone(),
        }
    }

    fn id(&self) -> ResourceId {
        self.group.child(KIND, &self.role.guid)
    }

    fn wanted(&self) -> Properties {
        Properties {
            role_name: self.role.name.clone(),
            description: "Reads and writes blobs, and cannot change or delete their container. Made with the managed identity that it \
                          is named after, and deleted with it."
                .to_owned(),
            kind: "CustomRole",
            permissions: vec![Permission {
                actions: ACTIONS.map(str::to_owned).into(),
                data_actions: DATA_ACTIONS.map(|action| format!("{BLOBS}/{action}")).into(),
                ..Permission::default()
            }],
            assignable_scopes: vec![self.group.to_string()],
        }
    }

    /// What is wanted, as a part of a role's document.
    pub(crate) fn document(&self) -> Value {
        self.wanted().document(None)
    }

    /// What is there, as such a part; none where nothing is.
    pub(crate) async fn found(&self, arm: Arm<'_>) -> Result<Option<Value>> {
        let call = Call::new(READ, &self.role.name);
        let found = arm
            .get::<Definition>(call, &self.id(), versions::AUTHORIZATION)
            .await
            .optional()?;
        Ok(found.map(|found| found.properties.document(Some(&self.wanted()))))
    }

    pub(crate) async fn put(&self, arm: Arm<'_>) -> Result<()> {
        let call = Call::new(WRITE, &self.role.name);
        let body = Definition {
            properties: self.wanted(),
        };
        let made = arm
            .put::<_, Value>(call, &self.id(), versions::AUTHORIZATION, &body)
            .await;
        made.map(|_| ()).map_err(|error| match error {
            Error::Conflict(mut call) if call.code.as_deref() == Some(TAKEN) => {
                call.message = Some(
                    "another custom role of the tenant has this name, or had it until a moment ago: where it is not going away, give \
                     the role another name"
                        .into(),
                );
                Error::Conflict(call)
            }
            error => error,
        })
    }

    /// Takes it away. What an identity that is gone had by it goes along; what somebody else was given by others stays, and keeps it.
    pub(crate) async fn remove(&self, arm: Arm<'_>, attempts: u32) -> Result<()> {
        pauses::in_turn(attempts, async || {
            let call = Call::new(DELETE, &self.role.name);
            let gone = arm
                .delete(call, &self.id(), versions::AUTHORIZATION, None)
                .await;
            match gone {
                Err(Error::Invalid(call) | Error::Conflict(call))
                    if call.code.as_deref() == Some(IN_USE) =>
                {
                    self.give_up(arm).await?;
                    Err(Error::NotReady(call))
                }
                gone => gone.optional().map(|_| ()),
            }
        })
        .await
    }

    async fn give_up(&self, arm: Arm<'_>) -> Result<()> {
        let assigned = role_assignments::list(arm, &self.group, None).await?;
        let by_it = |assignment: &Assignment| assignment.guid() == self.role.guid;
        let assigned = assigned.into_iter().filter(by_it);
        let (ours, others): (Vec<_>, Vec<_>) =
            assigned.partition(|assignment| assignment.is_ours(&self.identity));
        if !others.is_empty() {
            let ids: Vec<_> = others.iter().map(|other| other.id.as_str()).collect();
            let why = format!(
                "somebody assigned it to others, who would lose it: remove {}, or give them a role of their own",
                ids.join(", ")
            );
            let call = Call::new(DELETE, &self.role.name).because(why);
            return Err(Error::NotEmpty(Box::new(call)));
        }
        for assignment in ours {
            role_assignments::remove(arm, &assignment.id).await?;
        }
        Ok(())
    }
}

impl Properties {
    /// The part of a role's document, with what means the same as in another spelled as there.
    fn document(&self, as_in: Option<&Self>) -> Value {
        let spelled = |given: &[String], like: Vec<&String>| -> Vec<String> {
            let spell = |text: &String| {
                let like = like.iter().find(|like| like.eq_ignore_ascii_case(text));
                like.map_or_else(|| text.clone(), |like| (*like).clone())
            };
            given.iter().map(spell).collect()
        };
        let like = |part: fn(&Permission) -> &Vec<String>| -> Vec<&String> {
            let permissions = as_in.iter().flat_map(|other| &other.permissions);
            permissions.flat_map(part).collect()
        };
        let permissions = self.permissions.iter().map(|permission| {
            let mut said = json!({
                "actions": spelled(&permission.actions, like(|other| &other.actions)),
                "dataActions": spelled(&permission.data_actions, like(|other| &other.data_actions)),
            });
            for (name, list) in [
                ("notActions", &permission.not_actions),
                ("notDataActions", &permission.not_data_actions),
            ] {
                if !list.is_empty() {
                    said[name] = json!(list);
                }
            }
            said
        });
        let scopes = as_in.iter().flat_map(|other| &other.assignable_scopes);
        let names = as_in.iter().map(|other| &other.role_name).collect();
        json!({
            "roleName": spelled(std::slice::from_ref(&self.role_name), names)[0],
            "permissions": permissions.collect::<Vec<_>>(),
            "assignableScopes": spelled(&self.assignable_scopes, scopes.collect()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(group: &str, name: &str) -> BlobWriter {
        let group = ResourceId::new(format!("/subscriptions/s/resourceGroups/{group}"));
        let identity = group.child(
            "providers/Microsoft.ManagedIdentity/userAssignedIdentities",
            name,
        );
        BlobWriter::of(&group, &identity)
    }

    #[test]
    fn it_says_nothing_of_containers_but_that_they_are_there() {
        let said = writer("acme", "admin").document();
        let actions = &said["permissions"][0]["actions"];
        assert_eq!(*actions, json!([ACTIONS[0]]));
        let data = said["permissions"][0]["dataActions"].as_array().unwrap();
        assert!(
            data.len() == 5
                && data
                    .iter()
                    .all(|action| action.as_str().unwrap().contains("/blobs/")),
            "{said}"
        );
    }

    #[test]
    fn each_identity_has_its_own() {
        let first = writer("acme", "admin");
        assert_eq!(first.role.name, "dataplane admin in s/acme: blobs");
        assert_eq!(first.role.guid, writer("ACME", "Admin").role.guid);
        for other in [writer("acme", "user"), writer("acme2", "admin")] {
            assert_ne!(first.role.guid, other.role.guid);
            assert_ne!(first.role.name, other.role.name);
        }
    }

    #[test]
    fn what_was_sent_is_found_in_any_letter_case() {
        let writer = writer("acme", "admin");
        let text = json!({ "properties": writer.wanted() }).to_string();
        let lower: Definition = serde_json::from_str(
            &text
                .replace("Microsoft.Storage", "microsoft.storage")
                .replace("resourceGroups", "resourcegroups"),
        )
        .unwrap();
        assert_eq!(
            lower.properties.document(Some(&writer.wanted())),
            writer.document()
        );
        let wider: Definition =
            serde_json::from_str(&text.replace("containers/read", "containers/delete")).unwrap();
        assert_ne!(
            wider.properties.document(Some(&writer.wanted())),
            writer.document()
        );
    }
}
