//! Tags as AWS takes them, and as its services answer them.

use clouds::{ParseError, Tags};

/// The grammar that every service of AWS takes; `dataplane:` is kept for our marks by the caller.
pub fn check_tags(tags: &Tags) -> Result<(), ParseError> {
    if tags.len() > 50 {
        let rule = format!("has {} tags, and an object can carry 50", tags.len());
        return Err(ParseError::new("set of tags", "", rule));
    }
    for (key, value) in tags {
        let checked = text(key, 1, 128);
        checked.map_err(|rule| ParseError::new("tag key", key, rule))?;
        if key.to_lowercase().starts_with("aws:") {
            return Err(ParseError::new(
                "tag key",
                key,
                "must not begin with \"aws:\"",
            ));
        }
        let checked = text(value, 0, 256);
        checked.map_err(|rule| ParseError::new("tag value", value, rule))?;
    }
    Ok(())
}

fn text(text: &str, shortest: usize, longest: usize) -> Result<(), String> {
    let count = text.chars().count();
    if !(shortest..=longest).contains(&count) {
        return Err(format!(
            "must be {shortest} to {longest} characters long, not {count}"
        ));
    }
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    match text.chars().find(|c| !allowed(*c)) {
        None => Ok(()),
        Some(c) => Err(format!(
            "may only hold letters, digits, spaces and _ . : / = + - @, not {c:?}"
        )),
    }
}

/// Without those that AWS itself set: nobody else can change or remove them.
pub fn own(found: impl IntoIterator<Item = (String, String)>) -> Tags {
    found
        .into_iter()
        .filter(|(key, _)| !key.starts_with("aws:"))
        .collect()
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
    fn tags_that_no_service_takes_are_refused_with_the_rule() {
        assert!(
            check_tags(&tags(&[("team", "ml & ops")]))
                .unwrap_err()
                .to_string()
                .contains("'&'")
        );
        assert!(
            check_tags(&tags(&[("AWS:x", "")]))
                .unwrap_err()
                .to_string()
                .contains("\"aws:\"")
        );
        assert!(check_tags(&tags(&[("", "x")])).is_err());
        assert!(check_tags(&tags(&[("dataplane:owner", "acme-prod"), ("größe", "")])).is_ok());
    }

    #[test]
    fn what_aws_set_is_left_out() {
        let found = ["aws:cloudformation:stack-name", "team", "dataplane:owner"];
        let tags = own(found.map(|key| (key.to_owned(), String::new())));
        let keys: Vec<_> = tags.into_keys().collect();
        assert_eq!(keys, ["dataplane:owner", "team"]);
    }
}
