//! Tags as the services answer them.

use clouds::Tags;

/// Without those that AWS itself set: nobody else can change or remove them.
pub(crate) fn own(found: impl IntoIterator<Item = (String, String)>) -> Tags {
    found
        .into_iter()
        .filter(|(key, _)| !key.starts_with("aws:"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_set_is_left_out() {
        let found = ["aws:cloudformation:stack-name", "team", "dataplane:owner"];
        let tags = own(found.map(|key| (key.to_owned(), String::new())));
        let keys: Vec<_> = tags.into_keys().collect();
        assert_eq!(keys, ["dataplane:owner", "team"]);
    }
}
