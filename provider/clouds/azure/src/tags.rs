//! Tags as Azure keeps them, and the one call that changes those of any resource.

use clouds::account::Managed;
use clouds::error::Call;
use clouds::tags::{CREATING, OWNER, RESOURCE, TagChange};
use clouds::{Refusal, Result, Tags};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::arm::{Arm, ResourceId};
use crate::versions;

/// The longest value of a tag.
const LONGEST_VALUE: usize = 256;
const FORBIDDEN: &str = "<>%&\\?/";
/// What Azure keeps for tags of its own, in any letter case.
const RESERVED: [&str; 3] = ["azure", "microsoft", "windows"];

/// What a tag may be on objects of one kind: how many, and how long their names.
fn limits(managed: Managed) -> (usize, usize) {
    match managed {
        Managed::Secrets => (15, 256),
        Managed::Buckets => (50, 128),
        Managed::IdentityProviders
        | Managed::Roles
        | Managed::Registries
        | Managed::LogGroups
        | Managed::PrivateServices
        | Managed::PrivateEndpoints
        | Managed::Clusters => (50, 512),
    }
}

/// The tags as they will be found: as they are, but for marks that are too long.
pub(crate) fn kept(managed: Managed, all: &Tags) -> std::result::Result<Tags, Refusal> {
    let (most, longest) = limits(managed);
    let refused = |reason: String| Err(Refusal::new("tags", reason));
    // The mark of what is being made is one more, and is not in a plan.
    let count = all.len() + usize::from(!all.contains_key(CREATING));
    if count > most {
        return refused(format!(
            "has {count} tags with the mark of what is being made, and an object of this kind can carry {most} on Azure: leave some out."
        ));
    }
    let mut kept = Tags::new();
    for (key, value) in all {
        let length = key.chars().count();
        if !(1..=longest).contains(&length) {
            return refused(format!(
                "the tag name {key:?} must be 1 to {longest} characters long, not {length}."
            ));
        }
        if let Some(c) = key
            .chars()
            .find(|c| FORBIDDEN.contains(*c) || c.is_control())
        {
            return refused(format!(
                "the tag name {key:?} must not hold {c:?}: Azure keeps {FORBIDDEN} out of names."
            ));
        }
        if let Some(prefix) = RESERVED
            .into_iter()
            .find(|prefix| key.to_lowercase().starts_with(prefix))
        {
            return refused(format!(
                "the tag name {key:?} must not begin with {prefix:?}: Azure keeps such names for itself."
            ));
        }
        if let Some(twin) = kept.keys().find(|other| same_name(other, key)) {
            return refused(format!(
                "the tag names {twin:?} and {key:?} are the same to Azure, which does not tell letter cases apart."
            ));
        }
        let value = match key.as_str() {
            OWNER | RESOURCE => shortened(value),
            _ if value.chars().count() > LONGEST_VALUE => {
                return refused(format!(
                    "the value of the tag {key:?} is longer than {LONGEST_VALUE} characters."
                ));
            }
            _ => value.clone(),
        };
        kept.insert(key.clone(), value);
    }
    Ok(kept)
}

/// A mark that fits, and is still its own: its end gives way to a digest of the whole.
fn shortened(value: &str) -> String {
    if value.chars().count() <= LONGEST_VALUE {
        return value.to_owned();
    }
    let digest = hex(&Sha256::digest(value.as_bytes())[..16]);
    let start: String = value
        .chars()
        .take(LONGEST_VALUE - digest.len() - 1)
        .collect();
    format!("{start}-{digest}")
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for half in [byte >> 4, byte & 0x0f] {
            text.extend(char::from_digit(half.into(), 16));
        }
    }
    text
}

#[derive(Serialize)]
struct TagsPatch<'t> {
    operation: &'static str,
    properties: TagsProperties<'t>,
}

#[derive(Serialize)]
struct TagsProperties<'t> {
    tags: &'t Tags,
}

/// The answer repeats the tags.
#[derive(Deserialize)]
struct Changed {}

/// Brings the tags of a resource from those that were found to the wanted ones, and leaves others alone. Unlike an update of the
/// resource itself, this is the same call for all kinds, and needs the right to tag only.
pub(crate) async fn change(
    arm: Arm<'_>,
    id: &ResourceId,
    found: &Tags,
    wanted: &Tags,
) -> Result<()> {
    let TagChange { set, remove } = TagChange::between(found, wanted);
    // To Azure, a name in another letter case is the same.
    let is_wanted = |key: &str| wanted.keys().any(|other| same_name(other, key));
    let removed: Tags = found
        .iter()
        .filter(|(key, _)| remove.contains(*key) && !is_wanted(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    // The mark of what is being made goes last.
    for (operation, tags) in [("Merge", &set), ("Delete", &removed)] {
        if tags.is_empty() {
            continue;
        }
        let body = TagsPatch {
            operation,
            properties: TagsProperties { tags },
        };
        let call = Call::new("Microsoft.Resources/tags/write", id);
        let scope = id.child("providers/Microsoft.Resources/tags", "default");
        let _: Changed = arm.patch(call, &scope, versions::RESOURCES, &body).await?;
    }
    Ok(())
}

fn same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn what_azure_does_not_take_is_refused_by_name() {
        for (given, part) in [
            (tags(&[("a/b", "")]), "'/'"),
            (tags(&[("Team", ""), ("team", "")]), "letter cases"),
            (tags(&[("", "")]), "1 to 512"),
            (tags(&[("AzureTeam", "")]), "for itself"),
            (tags(&[("a", &"v".repeat(257))]), "longer than 256"),
        ] {
            let said = kept(Managed::Roles, &given).unwrap_err().to_string();
            assert!(said.contains(part), "{said}");
        }
        let many: Tags = (0..16).map(|n| (format!("k{n}"), String::new())).collect();
        assert!(kept(Managed::Secrets, &many).is_err());
        let mut full: Tags = (0..14).map(|n| (format!("k{n}"), String::new())).collect();
        assert!(kept(Managed::Secrets, &full).is_ok());
        full.insert(CREATING.to_owned(), "true".to_owned());
        assert!(kept(Managed::Secrets, &full).is_ok());
        full.remove(CREATING);
        full.insert("k14".to_owned(), String::new());
        assert!(
            kept(Managed::Secrets, &full).is_err(),
            "no room for the mark"
        );
        assert_eq!(kept(Managed::Roles, &many).unwrap(), many);
    }

    #[test]
    fn a_mark_that_is_too_long_keeps_its_own() {
        let long = |end: &str| tags(&[(RESOURCE, &format!("kind/{}{end}", "n".repeat(300)))]);
        let (first, second) = (
            kept(Managed::Buckets, &long("a")).unwrap(),
            kept(Managed::Buckets, &long("b")).unwrap(),
        );
        assert_eq!(first[RESOURCE].len(), LONGEST_VALUE);
        assert_ne!(first, second);
        assert_eq!(kept(Managed::Buckets, &first).unwrap(), first);
    }
}
