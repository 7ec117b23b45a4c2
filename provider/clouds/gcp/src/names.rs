//! What Google Cloud does not take of names and values that other clouds take, said without a call.

use clouds::account::KmsKey;
use clouds::buckets::BucketName;
use clouds::identity_providers::IdentityProviderName;
use clouds::log_groups::LogGroupName;
use clouds::registries::RegistryName;
use clouds::roles::RoleName;
use clouds::secrets::{SecretName, SecretPrefix};
use clouds::{ParseError, Refusal};

type Checked = Result<(), String>;

fn checked(field: &'static str, what: &'static str, text: &str, rule: Checked) -> Option<Refusal> {
    let rule = rule.err()?;
    Refusal::of_text(field, Err(ParseError::new(what, text, rule)))
}

fn length(text: &str, shortest: usize, longest: usize) -> Checked {
    if (shortest..=longest).contains(&text.len()) {
        return Ok(());
    }
    Err(format!(
        "must be {shortest} to {longest} characters long, not {}",
        text.len()
    ))
}

/// Lowercase letters, digits and hyphens, a letter first and no hyphen last.
fn word(text: &str) -> Checked {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if let Some(c) = text.chars().find(|c| !allowed(*c)) {
        return Err(format!(
            "may only hold lowercase letters, digits and hyphens, not {c:?}"
        ));
    }
    if text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.ends_with('-') {
        return Ok(());
    }
    Err("must begin with a lowercase letter and must not end with a hyphen".into())
}

pub(crate) fn bucket(name: &BucketName) -> Option<Refusal> {
    let text = name.as_str();
    let rule = (|| {
        if text.contains('.') {
            return Err("must not hold a dot: Google gives such names only to those who have proved that the domain is theirs, and serves them without TLS of their own".into());
        }
        if text.starts_with("goog") {
            return Err("must not begin with \"goog\", which Google keeps for itself".into());
        }
        if text.contains("google") || text.contains("g00gle") {
            return Err("must not hold \"google\" or what looks like it".into());
        }
        Ok(())
    })();
    checked("name", "bucket name", text, rule)
}

pub(crate) fn role(name: &RoleName) -> Option<Refusal> {
    let text = name.as_str();
    let rule = length(text, 6, 30).and_then(|()| word(text));
    checked("name", "service account name", text, rule)
}

pub(crate) fn registry(name: &RegistryName) -> Option<Refusal> {
    let text = name.as_str();
    checked(
        "name",
        "repository name",
        text,
        length(text, 1, 63).and_then(|()| word(text)),
    )
}

pub(crate) fn identity_provider(name: Option<&IdentityProviderName>) -> Option<Refusal> {
    let text = name?.as_str();
    let reserved = || {
        if text.starts_with("gcp-") {
            Err("must not begin with \"gcp-\", which Google keeps for itself".into())
        } else {
            Ok(())
        }
    };
    checked(
        "name",
        "workload identity pool name",
        text,
        word(text).and_then(|()| reserved()),
    )
}

pub(crate) fn log_group(name: &LogGroupName) -> Option<Refusal> {
    let text = name.as_str();
    let rule = (|| {
        length(text, 1, 100)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        if let Some(c) = text.chars().find(|c| !allowed(*c)) {
            return Err(format!(
                "may only hold letters, digits and _ - ., not {c:?}: log buckets have no path"
            ));
        }
        // `_Default` and `_Required` are there in every project.
        if text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            Ok(())
        } else {
            Err("must begin with a letter or a digit".into())
        }
    })();
    checked("name", "log bucket name", text, rule)
}

pub(crate) fn secret(name: &SecretName) -> Option<Refusal> {
    checked(
        "name",
        "secret name",
        name.as_str(),
        length(name.as_str(), 1, 255).and_then(|()| flat(name.as_str())),
    )
}

pub(crate) fn secret_prefix(prefix: &SecretPrefix) -> Option<Refusal> {
    let text = prefix.as_str();
    let rule = length(text, 2, 250)
        .and_then(|()| flat(text))
        .map_err(|rule| format!("{rule}; it ends with - or _, like \"acme-\""));
    checked("secrets", "secret prefix", text, rule)
}

/// The names of secrets have no path.
fn flat(text: &str) -> Checked {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match text.chars().find(|c| !allowed(*c)) {
        None => Ok(()),
        Some(c) => Err(format!("may only hold letters, digits, _ and -, not {c:?}")),
    }
}

/// Keys of other clouds, and versions of keys, which Google answers as the key.
pub(crate) fn key(field: &'static str, key: Option<&KmsKey>) -> Option<Refusal> {
    let text = key?.as_str();
    let parts: Vec<_> = text.split('/').collect();
    if matches!(
        parts[..],
        [
            "projects",
            _,
            "locations",
            _,
            "keyRings",
            _,
            "cryptoKeys",
            _
        ]
    ) {
        return None;
    }
    let reason = format!(
        "{text:?} is not the full name of a key: give projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY"
    );
    Some(Refusal::new(field, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn said(refusal: Option<Refusal>) -> String {
        refusal.unwrap().to_string()
    }

    #[test]
    fn buckets() {
        for (name, part) in [
            ("acme.data", "dot"),
            ("goog-acme", "\"goog\""),
            ("my-google-data", "\"google\""),
            ("g00gle1", "\"google\""),
        ] {
            let said = said(bucket(&name.parse().unwrap()));
            assert!(said.contains(part), "{name}: {said}");
        }
        for good in ["acme-metadata", "acme_data", "123"] {
            assert_eq!(bucket(&good.parse().unwrap()), None, "{good}");
        }
    }

    #[test]
    fn service_accounts() {
        assert!(said(role(&"admin".parse().unwrap())).contains("6 to 30 characters long, not 5"));
        assert!(said(role(&"a".repeat(31).parse().unwrap())).contains("not 31"));
        assert!(said(role(&"Adminflyterole".parse().unwrap())).contains("'A'"));
        assert!(said(role(&"1adminflyterole".parse().unwrap())).contains("begin with"));
        assert_eq!(role(&"adminflyterole".parse().unwrap()), None);
    }

    #[test]
    fn names_without_paths() {
        assert!(said(registry(&"acme/tasks".parse().unwrap())).contains("'/'"));
        assert!(said(secret(&"acme/token".parse().unwrap())).contains("'/'"));
        assert!(said(secret_prefix(&"acme/".parse().unwrap())).contains("\"acme-\""));
        assert!(said(log_group(&"/acme/tasks".parse().unwrap())).contains("no path"));
        assert!(said(log_group(&"_Default".parse().unwrap())).contains("begin with a letter"));
        assert!(said(identity_provider("gcp-acme".parse().ok().as_ref())).contains("\"gcp-\""));
        assert_eq!(secret_prefix(&"acme-".parse().unwrap()), None);
    }

    #[test]
    fn keys_are_given_in_full() {
        let good = "projects/p/locations/europe/keyRings/r/cryptoKeys/k";
        assert_eq!(key("kms_key", good.parse().ok().as_ref()), None);
        for bad in ["alias/acme", &format!("{good}/cryptoKeyVersions/1")] {
            assert!(
                said(key("kms_key", bad.parse().ok().as_ref())).contains("full name"),
                "{bad}"
            );
        }
    }
}
