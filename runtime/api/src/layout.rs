//! Where things are inside the buckets.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::{ActionName, Domain, Organization, Project, RunName};

/// The order of the segments of an object's key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// `org/project/domain/run/action/attempt/`, so that a prefix condition means an organisation, project or domain.
    #[default]
    Spec,
    /// Flyte's own: a two-character shard in front, for buckets shared with Flyte's executor.
    Flyte,
}

/// One attempt of an action.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The organisation.
    pub organization: &'a Organization,
    /// The project.
    pub project: &'a Project,
    /// The domain.
    pub domain: &'a Domain,
    /// The run.
    pub run: &'a RunName,
    /// The action.
    pub action: &'a ActionName,
    /// The attempt, from one.
    pub attempt: NonZeroU32,
}

impl Layout {
    /// The prefix of everything that an attempt writes, with a slash behind.
    pub fn attempt_prefix(self, attempt: &Attempt<'_>) -> String {
        let Attempt {
            organization,
            project,
            domain,
            run,
            action,
            attempt: number,
        } = attempt;
        match self {
            Self::Spec => format!("{organization}/{project}/{domain}/{run}/{action}/{number}/"),
            Self::Flyte => {
                // The name of the TaskAction is what Flyte's executor hashes.
                let shard = flyte_shard(&format!("{project}-{domain}"), &format!("{run}-{action}"));
                format!("{shard}/{organization}/{project}/{domain}/{run}/{action}/{number}/")
            }
        }
    }
}

/// The prefix of all objects of an organisation, a project or a domain in the `spec` layout, with a slash behind.
/// The function of the provider with this name and the prefix conditions of policies are made of it.
pub fn object_prefix(
    organization: &Organization,
    project: Option<&Project>,
    domain: Option<&Domain>,
) -> String {
    let mut prefix = format!("{organization}/");
    if let Some(project) = project {
        prefix.push_str(project.as_str());
        prefix.push('/');
        if let Some(domain) = domain {
            prefix.push_str(domain.as_str());
            prefix.push('/');
        }
    }
    prefix
}

const SHARDS: u32 = 36 * 36;
const SHARD_CHARACTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The shard of Flyte's executor for a `TaskAction`: FNV-32a of `<namespace>/<name>`, modulo 1,296, as two characters.
pub fn flyte_shard(namespace: &str, name: &str) -> String {
    shard_of(&format!("{namespace}/{name}"))
}

fn shard_of(text: &str) -> String {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let index = (hash % SHARDS) as usize;
    [SHARD_CHARACTERS[index / 36], SHARD_CHARACTERS[index % 36]]
        .map(char::from)
        .iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(layout: Layout) -> String {
        layout.attempt_prefix(&Attempt {
            organization: &"acme".parse().unwrap(),
            project: &"fraud".parse().unwrap(),
            domain: &"staging".parse().unwrap(),
            run: &"r7".parse().unwrap(),
            action: &"a0".parse().unwrap(),
            attempt: NonZeroU32::MIN,
        })
    }

    #[test]
    fn an_attempt_is_under_its_organisation_project_and_domain() {
        assert_eq!(prefix(Layout::Spec), "acme/fraud/staging/r7/a0/1/");
        let flyte = prefix(Layout::Flyte);
        assert!(flyte.ends_with("/acme/fraud/staging/r7/a0/1/"), "{flyte}");
        assert_eq!(flyte.split('/').next().unwrap().len(), 2);
    }

    #[test]
    fn the_hash_is_fnv_32a() {
        // Vectors of the FNV authors: "" is the offset basis 0x811c9dc5, "a" is 0xe40c292c.
        assert_eq!(shard_of(""), shard(0x811c_9dc5));
        assert_eq!(shard_of("a"), shard(0xe40c_292c));
    }

    fn shard(hash: u32) -> String {
        let index = (hash % 1296) as usize;
        let characters: Vec<char> = ('a'..='z').chain('0'..='9').collect();
        format!("{}{}", characters[index / 36], characters[index % 36])
    }

    #[test]
    fn a_prefix_stops_where_its_arguments_stop() {
        let (org, project, domain) = (
            "acme".parse().unwrap(),
            "fraud".parse().unwrap(),
            "staging".parse().unwrap(),
        );
        assert_eq!(object_prefix(&org, None, None), "acme/");
        assert_eq!(object_prefix(&org, Some(&project), None), "acme/fraud/");
        assert_eq!(
            object_prefix(&org, Some(&project), Some(&domain)),
            "acme/fraud/staging/"
        );
    }
}
