//! Tags of what we make: the provider's, the resource's, and our marks.

use std::collections::BTreeMap;

use clouds::tags::Tags;

/// Refuses tags that no service takes, and keys that are ours.
pub fn check(tags: &BTreeMap<String, String>) -> Result<(), String> {
    if let Some(key) = tags.keys().find(|key| key.starts_with("dataplane:")) {
        return Err(format!(
            "the key {key:?} begins with \"dataplane:\", which is kept for the provider's own marks: choose another prefix"
        ));
    }
    clouds::tags::check(tags).map_err(|e| e.to_string())
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
    fn our_own_prefix_is_kept() {
        assert!(
            check(&tags(&[("dataplane:owner", "me")]))
                .is_err_and(|e| e.contains("kept for the provider"))
        );
        assert!(check(&tags(&[("aws:x", "me")])).is_err());
        assert_eq!(check(&tags(&[("team", "ml")])), Ok(()));
    }
}
