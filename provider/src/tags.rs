//! Tags of what we make: the provider's, the resource's, and our marks.

use std::collections::BTreeMap;

use clouds::tags::Tags;
use framework::{Diagnostic, Result, path};

use crate::{client::Client, ownership::Kind};

/// Refuses keys that are ours. What the configured cloud does not take, [`kept`] says.
pub fn check(tags: &BTreeMap<String, String>) -> std::result::Result<(), String> {
    match tags.keys().find(|key| key.starts_with("dataplane:")) {
        None => Ok(()),
        Some(key) => Err(format!(
            "the key {key:?} begins with \"dataplane:\", which is kept for the provider's own marks: choose another prefix"
        )),
    }
}

/// All tags of an object of this kind as the cloud keeps them. `own` are those that its resource asks for.
pub fn kept(client: &Client, kind: Kind, all: &Tags, own: &Tags) -> Result<Tags> {
    let account = &client.clouds()?.account;
    account.kept(kind, all, own).map_err(|refused| {
        // What the provider's tags alone break is not to be looked for in the resource.
        if account.kept(kind, &client.tags, &Tags::new()).is_err() {
            return Diagnostic::error("Invalid value of the provider's tags", refused.reason)
                .into();
        }
        let at = path!("tags");
        Diagnostic::error(format!("Invalid value of {at}"), refused.reason)
            .at(at)
            .into()
    })
}

/// What was found of the tags that are ours: the marks, and those with these names, spelled as here. Clouds that keep tags of others
/// beside ours do not tell letter cases apart.
pub fn ours<'n>(found: &Tags, names: &(impl Iterator<Item = &'n String> + Clone)) -> Tags {
    let own = |name: &String| -> Option<String> {
        if name.starts_with("dataplane:") {
            return Some(name.clone());
        }
        let lower = name.to_lowercase();
        names
            .clone()
            .find(|own| own.to_lowercase() == lower)
            .cloned()
    };
    let all = found.iter();
    all.filter_map(|(name, value)| Some((own(name)?, value.clone())))
        .collect()
}

/// The provider's tags with the resource's own, which win.
pub fn merged(provider: &Tags, resource: Option<&Tags>) -> Tags {
    let mut all = provider.clone();
    all.extend(
        resource
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone())),
    );
    all
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
    fn a_resource_s_tags_win() {
        let all = merged(
            &tags(&[("team", "a"), ("env", "x")]),
            Some(&tags(&[("team", "b")])),
        );
        assert_eq!(all, tags(&[("env", "x"), ("team", "b")]));
    }

    #[test]
    fn what_others_added_is_not_ours() {
        let found = tags(&[
            ("CostCenter", "7"),
            ("TEAM", "b"),
            ("dataplane:creating", "true"),
        ]);
        let names = tags(&[("team", "a"), ("env", "x")]);
        assert_eq!(
            ours(&found, &names.keys()),
            tags(&[("dataplane:creating", "true"), ("team", "b")])
        );
    }

    #[test]
    fn our_own_prefix_is_kept() {
        assert!(
            check(&tags(&[("dataplane:owner", "me")]))
                .is_err_and(|e| e.contains("kept for the provider"))
        );
        assert_eq!(check(&tags(&[("team", "ml")])), Ok(()));
    }
}
