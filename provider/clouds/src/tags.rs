//! Tags (labels, on other clouds): what marks an object as ours, and whose.

use std::collections::{BTreeMap, BTreeSet};

use crate::names::{ParseError, characters, length};

/// The tags of an object, without those that the cloud itself set.
pub type Tags = BTreeMap<String, String>;

/// Who made the object: the provider's `owner`.
pub const OWNER: &str = "dataplane:owner";
/// For which resource it was made: type and name.
pub const RESOURCE: &str = "dataplane:resource";
/// Set by the creating call and removed by the last step of a create.
pub const CREATING: &str = "dataplane:creating";

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

/// Checks tags against the grammar that every service of AWS takes; `dataplane:` is kept for our marks by the caller.
pub fn check(tags: &Tags) -> std::result::Result<(), ParseError> {
    if tags.len() > 50 {
        let rule = format!("has {} tags, and an object can carry 50", tags.len());
        return Err(ParseError::new("set of tags", "", rule));
    }
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    let names = "letters, digits, spaces and _ . : / = + - @";
    for (key, value) in tags {
        let checked = length(key, 1, 128).and_then(|()| characters(key, allowed, names));
        checked.map_err(|rule| ParseError::new("tag key", key, rule))?;
        if key.to_lowercase().starts_with("aws:") {
            return Err(ParseError::new(
                "tag key",
                key,
                "must not begin with \"aws:\"",
            ));
        }
        let checked = length(value, 0, 256).and_then(|()| characters(value, allowed, names));
        checked.map_err(|rule| ParseError::new("tag value", value, rule))?;
    }
    Ok(())
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

    #[test]
    fn tags_that_no_service_takes_are_refused_with_the_rule() {
        assert!(
            check(&tags(&[("team", "ml & ops")]))
                .unwrap_err()
                .to_string()
                .contains("'&'")
        );
        assert!(
            check(&tags(&[("AWS:x", "")]))
                .unwrap_err()
                .to_string()
                .contains("\"aws:\"")
        );
        assert!(check(&tags(&[("", "x")])).is_err());
        assert!(check(&tags(&[("dataplane:owner", "acme-prod"), ("größe", "")])).is_ok());
    }
}
