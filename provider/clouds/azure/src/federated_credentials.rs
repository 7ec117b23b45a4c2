//! Federated credentials: which service accounts of which cluster may take an identity on.
//!
//! One per subject, under a name that follows from the subject. They are written one after the other, for Azure refuses writes
//! under one identity that overlap; whoever else writes there is waited for.

use std::collections::{BTreeMap, BTreeSet};

use clouds::error::Call;
use clouds::identity_providers::Issuer;
use clouds::policies::PolicyDocument;
use clouds::roles::{ForeignPolicy, Subject, Trust};
use clouds::{Optional, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::arm::{Arm, ResourceId};
use crate::tags::hex;
use crate::{pauses, versions};

/// For whom tokens are that Entra exchanges.
pub(crate) const AUDIENCE: &str = "api://AzureADTokenExchange";
/// How many credentials an identity takes.
pub(crate) const MOST: usize = 20;
/// How a credential that is not ours is called among policies.
const FOREIGN: &str = "federatedIdentityCredentials/";

const KIND: &str = "federatedIdentityCredentials";
const READ: &str =
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read";
const WRITE: &str =
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write";
const DELETE: &str =
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete";

#[derive(Deserialize)]
struct Found {
    name: String,
    properties: Body,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Body {
    issuer: String,
    subject: String,
    audiences: Vec<String>,
}

#[derive(Serialize)]
struct NewCredential {
    properties: Body,
}

/// The credentials of an identity, as they were found.
#[derive(Default)]
pub(crate) struct Credentials {
    /// Those whose names follow from their subjects.
    ours: BTreeMap<Subject, Body>,
    /// The names of the others.
    pub(crate) foreign: BTreeSet<String>,
}

pub(crate) async fn get(arm: Arm<'_>, identity: &ResourceId) -> Result<Credentials> {
    let list = ResourceId::new(format!("{identity}/{KIND}"));
    let call = Call::new(READ, identity);
    let found: Vec<Found> = arm
        .list(call, &list, versions::MANAGED_IDENTITY, None)
        .await?;
    Ok(sorted(found))
}

fn sorted(found: Vec<Found>) -> Credentials {
    let mut credentials = Credentials::default();
    for Found { name, properties } in found {
        match properties.subject.parse::<Subject>() {
            Ok(subject) if name.eq_ignore_ascii_case(&name_of(&subject)) => {
                credentials.ours.insert(subject, properties);
            }
            _ => {
                credentials.foreign.insert(name);
            }
        }
    }
    credentials
}

impl Credentials {
    /// As a document.
    pub(crate) fn document(&self) -> PolicyDocument {
        document(self.ours.values())
    }

    pub(crate) fn subjects(&self) -> BTreeSet<Subject> {
        self.ours.keys().cloned().collect()
    }

    /// The trust that all of them have in common; none where somebody changed one of them, or where there are none.
    pub(crate) fn trust(&self) -> Option<Trust> {
        let issuer: Issuer = self.ours.values().next()?.issuer.parse().ok()?;
        let same = |(subject, body): (&Subject, &Body)| *body == wanted(&issuer, subject);
        self.ours
            .iter()
            .all(same)
            .then_some(Trust::Azure { issuer })
    }

    pub(crate) fn foreign_policies(&self) -> BTreeSet<ForeignPolicy> {
        let named = |name: &String| ForeignPolicy::Inline(format!("{FOREIGN}{name}"));
        self.foreign.iter().map(named).collect()
    }
}

/// What `put` writes, as a document.
pub(crate) fn wanted_document(issuer: &Issuer, subjects: &BTreeSet<Subject>) -> PolicyDocument {
    let bodies: Vec<_> = subjects
        .iter()
        .map(|subject| wanted(issuer, subject))
        .collect();
    document(bodies.iter())
}

/// Brings the credentials of an identity to the wanted ones, and removes those that are not ours.
pub(crate) async fn put(
    arm: Arm<'_>,
    identity: &ResourceId,
    attempts: u32,
    issuer: &Issuer,
    subjects: &BTreeSet<Subject>,
) -> Result<()> {
    let found = get(arm, identity).await?;
    let unwanted = found
        .ours
        .keys()
        .filter(|subject| !subjects.contains(subject))
        .map(name_of);
    // Room is made first: an identity takes only so many.
    for name in found.foreign.iter().cloned().chain(unwanted) {
        let id = identity.child(KIND, &name);
        let gone = pauses::in_turn(attempts, async || {
            let call = Call::new(DELETE, &id);
            arm.delete(call, &id, versions::MANAGED_IDENTITY, None)
                .await
        });
        gone.await.optional()?;
    }
    for subject in subjects {
        let body = wanted(issuer, subject);
        if found.ours.get(subject) == Some(&body) {
            continue;
        }
        let id = identity.child(KIND, name_of(subject));
        let body = NewCredential { properties: body };
        pauses::in_turn(attempts, async || {
            let call = Call::new(WRITE, format!("{identity} for {subject}"));
            let _: Value = arm
                .put(call, &id, versions::MANAGED_IDENTITY, &body)
                .await?;
            Ok(())
        })
        .await?;
    }
    Ok(())
}

fn wanted(issuer: &Issuer, subject: &Subject) -> Body {
    Body {
        issuer: issuer.to_string(),
        subject: subject.to_string(),
        audiences: vec![AUDIENCE.to_owned()],
    }
}

fn document<'b>(bodies: impl Iterator<Item = &'b Body>) -> PolicyDocument {
    let bodies: Vec<_> = bodies.collect();
    PolicyDocument::new(json!({ "federatedCredentials": bodies }))
}

/// Namespaces and service accounts are longer than a credential's name may be, so that a digest stands for them.
fn name_of(subject: &Subject) -> String {
    let digest = Sha256::digest(subject.to_string().as_bytes());
    format!("dataplane-{}", hex(&digest[..10]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(name: &str) -> Subject {
        Subject::new("union", name).unwrap()
    }

    fn found(name: &str, subject: &Subject, issuer: &str) -> Found {
        let issuer = issuer.parse().unwrap();
        Found {
            name: name.to_owned(),
            properties: wanted(&issuer, subject),
        }
    }

    #[test]
    fn what_was_written_is_understood() {
        let issuer: Issuer = "https://issuer.example.com/1".parse().unwrap();
        let subjects: BTreeSet<_> = [subject("executor"), subject("proxy")].into();
        let list = subjects
            .iter()
            .map(|subject| found(&name_of(subject), subject, issuer.as_str()));
        let credentials = sorted(list.collect());
        assert_eq!(credentials.subjects(), subjects);
        assert_eq!(credentials.document(), wanted_document(&issuer, &subjects));
        assert_eq!(credentials.trust(), Some(Trust::Azure { issuer }));
        assert!(credentials.foreign.is_empty());
    }

    #[test]
    fn what_somebody_added_or_changed_is_seen() {
        let ours = subject("executor");
        let credentials = sorted(vec![
            found(&name_of(&ours), &ours, "https://other.example.com"),
            found("mine", &subject("proxy"), "https://issuer.example.com/1"),
        ]);
        let issuer: Issuer = "https://issuer.example.com/1".parse().unwrap();
        assert_ne!(
            credentials.document(),
            wanted_document(&issuer, &[ours].into())
        );
        let foreign = ForeignPolicy::Inline("federatedIdentityCredentials/mine".into());
        assert_eq!(credentials.foreign_policies(), [foreign].into());
    }
}
