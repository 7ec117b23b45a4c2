//! Registries: where the container images of tasks are pushed to.

use async_trait::async_trait;

use crate::account::KmsKey;
use crate::error::Result;
use crate::names::{Checked, characters, checked_text, length, lower_or_digit};
use crate::refusal::Refusal;
use crate::tags::Tags;

checked_text! {
    /// A repository of container images, with its path: `acme/tasks`.
    RegistryName, "registry name", registry_name
}

/// The settings of a registry that can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistrySettings {
    /// Whether a tag, once pushed, always means the same image.
    pub immutable_tags: bool,
    /// Whether images are scanned for known vulnerabilities when they are pushed.
    pub scan_on_push: bool,
    /// How many images are kept; none means all.
    pub keep_last: Option<u32>,
}

/// A registry to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRegistry {
    /// Its name.
    pub name: RegistryName,
    /// Its key, which never changes; none means the cloud's own.
    pub kms_key: Option<KmsKey>,
    /// Its settings; the number of images to keep is set by `configure`.
    pub settings: RegistrySettings,
    /// Tags set by the creating call.
    pub tags: Tags,
}

/// A registry as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// Its name.
    pub name: RegistryName,
    /// The cloud's full name of it: an ARN, a resource id.
    pub id: String,
    /// What stands before the tag of an image: `123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme/tasks`.
    pub url: String,
    /// Its key.
    pub kms_key: Option<KmsKey>,
    /// What was found of the settings; a foreign rule of what to keep reads as none.
    pub settings: RegistrySettings,
    /// Whether it has rules of what to keep that are not ours.
    pub foreign_rules: bool,
    /// Its tags.
    pub tags: Tags,
}

/// How many images there are, as far as they were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Images {
    /// Those counted.
    pub count: usize,
    /// Whether counting ended at the limit.
    pub more: bool,
}

/// Registries of one account and region.
#[async_trait]
pub trait Registries: Send + Sync {
    /// What this cloud does not take of a registry as it is wanted (`name`, `kms_key`, `immutable_tags`, `scan_on_push`,
    /// `keep_last`). Nothing is called.
    fn check(&self, wanted: &NewRegistry) -> Vec<Refusal>;

    /// The safest settings that this cloud has: what a registry gets where nothing is said.
    fn defaults(&self) -> RegistrySettings;

    /// Makes one, tagged in the same call.
    async fn create(&self, new: &NewRegistry) -> Result<Registry>;

    /// Everything about one that we manage.
    async fn get(&self, name: &RegistryName) -> Result<Registry>;

    /// Sets what differs between `found` and `wanted`.
    async fn configure(&self, found: &Registry, wanted: &RegistrySettings) -> Result<()>;

    /// Replaces the tags that were found.
    async fn set_tags(&self, found: &Registry, tags: &Tags) -> Result<()>;

    /// Counts the images, at most to `limit`.
    async fn images(&self, name: &RegistryName, limit: usize) -> Result<Images>;

    /// Deletes one; with images in it only when `force` is set, else `NotEmpty`.
    async fn delete(&self, name: &RegistryName, force: bool) -> Result<()>;
}

fn registry_name(text: &str) -> Checked {
    length(text, 2, 256)?;
    let allowed = |c| lower_or_digit(c) || "._-/".contains(c);
    characters(text, allowed, "lowercase letters, digits and . _ - /")?;
    for part in text.split('/') {
        if part.split(['.', '_', '-']).any(str::is_empty) {
            return Err("must have a letter or a digit at the beginning, at the end and around each of . _ - /".into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_paths_of_lowercase_words() {
        for good in ["acme", "acme/tasks", "acme-prod/ml.tasks/a_b", "ab"] {
            assert!(good.parse::<RegistryName>().is_ok(), "{good}");
        }
        for bad in [
            "a",
            "Acme",
            "acme/",
            "/acme",
            "acme//tasks",
            "-acme",
            "acme-",
            "acme tasks",
            "acme.-x",
        ] {
            assert!(bad.parse::<RegistryName>().is_err(), "{bad}");
        }
    }
}
