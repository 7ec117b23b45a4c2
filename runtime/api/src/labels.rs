//! The marks on every Kubernetes object of ours, and label keys and values as types.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::{names::OperatorName, textual::Invalid};

/// The field manager of our server-side applies.
pub const FIELD_MANAGER: &str = "terraform-provider-dataplane";
/// Who made an object.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// What an object is a part of.
pub const PART_OF: &str = "app.kubernetes.io/part-of";
/// Which operator an object belongs to.
pub const INSTANCE: &str = "app.kubernetes.io/instance";
/// Which component an object belongs to.
pub const COMPONENT: &str = "app.kubernetes.io/component";
/// The value of [`MANAGED_BY`] and [`PART_OF`].
pub const DATAPLANE: &str = "dataplane";
/// The project of a workspace, as on Flyte's own objects.
pub const PROJECT: &str = "flyte.org/project";
/// The domain of a workspace, as on Flyte's own objects.
pub const DOMAIN: &str = "flyte.org/domain";

/// The marks of everything that belongs to `operator`.
pub fn marks(operator: &OperatorName) -> BTreeMap<String, String> {
    BTreeMap::from([
        (MANAGED_BY.to_owned(), DATAPLANE.to_owned()),
        (PART_OF.to_owned(), DATAPLANE.to_owned()),
        (INSTANCE.to_owned(), operator.to_string()),
    ])
}

/// What selects the pods of one component; a Deployment's selector can't be changed later, so it is only this.
pub fn selector(operator: &OperatorName, component: &str) -> BTreeMap<String, String> {
    BTreeMap::from([
        (INSTANCE.to_owned(), operator.to_string()),
        (COMPONENT.to_owned(), component.to_owned()),
    ])
}

/// The key of a label: an optional DNS prefix and a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelKey(String);

impl FromStr for LabelKey {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (prefix, name) = text
            .split_once('/')
            .map_or((None, text), |(prefix, name)| (Some(prefix), name));
        let prefix_fits = prefix.is_none_or(|p| p.len() <= 253 && crate::names::is_subdomain(p));
        if name.is_empty() || !prefix_fits || !is_label_text(name) {
            return Err(Invalid::new(
                "a label key",
                text,
                "an optional DNS name and `/`, then at most 63 letters, digits, `-`, `_` and `.`",
            ));
        }
        if text.starts_with("app.kubernetes.io/") {
            return Err(Invalid::new(
                "a label of yours",
                text,
                "app.kubernetes.io/ labels are the marks we set",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The value of a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelValue(String);

impl FromStr for LabelValue {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if !is_label_text(text) {
            return Err(Invalid::new(
                "a label value",
                text,
                "at most 63 letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for LabelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for LabelValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

textual!(LabelKey, { "type": "string", "minLength": 1, "maxLength": 317 });
textual!(LabelValue, { "type": "string", "maxLength": 63, "pattern": "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$" });

/// Labels of the user's own.
pub type Labels = BTreeMap<LabelKey, LabelValue>;

/// The same labels as Kubernetes wants them.
pub(crate) fn as_text(labels: &Labels) -> BTreeMap<String, String> {
    labels
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .collect()
}

fn is_label_text(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    text.len() <= 63
        && (text.is_empty() || text.starts_with(edge) && text.ends_with(edge))
        && text
            .chars()
            .all(|c| edge(c) || matches!(c, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_checked_as_the_api_server_does() {
        for good in ["team", "example.com/team", "cost_centre.x"] {
            assert!(good.parse::<LabelKey>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "a/b/c",
            "-x",
            "EXAMPLE.com/team",
            "app.kubernetes.io/name",
            &"k".repeat(64),
        ] {
            assert!(bad.parse::<LabelKey>().is_err(), "{bad}");
        }
        assert!("".parse::<LabelValue>().is_ok());
        assert!("two words".parse::<LabelValue>().is_err());
    }
}
