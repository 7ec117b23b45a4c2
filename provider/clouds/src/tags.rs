//! Tags (labels, on other clouds): what marks an object as ours, and whose.

use std::collections::{BTreeMap, BTreeSet};

/// The tags of an object, without those that the cloud itself set.
pub type Tags = BTreeMap<String, String>;

/// Who made the object: the provider's `owner`.
pub const OWNER: &str = "dataplane:owner";
/// For which resource it was made: type and name.
pub const RESOURCE: &str = "dataplane:resource";
/// Set by the creating call and removed by the last step of a create.
pub const CREATING: &str = "dataplane:creating";

/// The type of the resource of a private service, as its mark has it.
pub const PRIVATE_SERVICE: &str = "dataplane_private_service";
/// The type of the resource of a private endpoint, as its mark has it.
pub const PRIVATE_ENDPOINT: &str = "dataplane_private_endpoint";

/// The name that an object was made as, by its mark: for clouds that keep names as tags.
pub fn marked<'t>(tags: &'t Tags, resource: &str) -> Option<&'t str> {
    let (kind, name) = tags.get(RESOURCE)?.split_once('/')?;
    (kind == resource).then_some(name)
}

/// What turns the tags that were found into the wanted ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagChange {
    /// Tags to add or to overwrite.
    pub set: Tags,
    /// Keys to remove.
    pub remove: BTreeSet<String>,
}

impl TagChange {
    /// The smallest change from `found` to `wanted`.
    pub fn between(found: &Tags, wanted: &Tags) -> Self {
        Self {
            set: wanted
                .iter()
                .filter(|(key, value)| found.get(*key) != Some(value))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            remove: found
                .keys()
                .filter(|key| !wanted.contains_key(*key))
                .cloned()
                .collect(),
        }
    }

    /// Nothing to do.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs
            .iter()
            .map(|(k, v)| ((*k).into(), (*v).into()))
            .collect()
    }

    #[test]
    fn a_change_holds_only_the_difference() {
        let change = TagChange::between(
            &tags(&[("a", "1"), ("b", "2"), ("c", "3")]),
            &tags(&[("a", "1"), ("b", "9"), ("d", "4")]),
        );
        assert_eq!(change.set, tags(&[("b", "9"), ("d", "4")]));
        assert_eq!(change.remove, BTreeSet::from(["c".to_owned()]));
        assert!(TagChange::between(&change.set, &change.set).is_empty());
    }
}
