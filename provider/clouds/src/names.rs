//! What all names and ids have in common: text that was checked once, when it was parsed.

use std::fmt;

/// Text that breaks the grammar of what it should be. Says which rule, and the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    what: &'static str,
    text: String,
    rule: String,
}

impl ParseError {
    /// A text that is no `what`, since it breaks `rule` ("must not …").
    pub fn new(what: &'static str, text: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            what,
            text: text.into(),
            rule: rule.into(),
        }
    }

    /// The broken rule alone, as a sentence's end: "must be 3 to 63 characters long".
    pub fn rule(&self) -> &str {
        &self.rule
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a valid {}: it {}",
            self.text, self.what, self.rule
        )
    }
}

impl std::error::Error for ParseError {}

/// What a grammar answers: the broken rule, if any.
pub(crate) type Checked = std::result::Result<(), String>;

pub(crate) fn ensure(holds: bool, rule: &str) -> Checked {
    if holds { Ok(()) } else { Err(rule.into()) }
}

pub(crate) fn length(text: &str, shortest: usize, longest: usize) -> Checked {
    let count = text.chars().count();
    if (shortest..=longest).contains(&count) {
        return Ok(());
    }
    Err(format!(
        "must be {shortest} to {longest} characters long, not {count}"
    ))
}

pub(crate) fn characters(text: &str, allowed: impl Fn(char) -> bool, names: &str) -> Checked {
    match text.chars().find(|c| !allowed(*c)) {
        None => Ok(()),
        Some(c) => Err(format!("may only hold {names}, not {c:?}")),
    }
}

pub(crate) fn ends(text: &str, allowed: impl Fn(char) -> bool, names: &str) -> Checked {
    if text.starts_with(&allowed) && text.ends_with(&allowed) {
        return Ok(());
    }
    Err(format!("must begin and end with {names}"))
}

pub(crate) fn lower_or_digit(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

/// A label of a DNS name as Kubernetes wants it (RFC 1123).
pub(crate) fn dns_label(text: &str) -> Checked {
    length(text, 1, 63)?;
    characters(
        text,
        |c| lower_or_digit(c) || c == '-',
        "lowercase letters, digits and hyphens",
    )?;
    ends(text, lower_or_digit, "a lowercase letter or a digit")
}

/// A label of a DNS name that begins with a letter, as Google Cloud wants names of its network objects (RFC 1035).
pub(crate) fn rfc1035(text: &str) -> Checked {
    dns_label(text)?;
    if text.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Ok(());
    }
    Err("must begin with a lowercase letter".into())
}

/// An id of EC2: what it begins with (`subnet-`), then 8 hexadecimal digits, or 17 since 2016.
pub(crate) fn ec2_id(text: &str, prefix: &str) -> bool {
    let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    text.strip_prefix(prefix)
        .is_some_and(|rest| (8..=17).contains(&rest.len()) && rest.chars().all(hexadecimal))
}

/// A path of this form, where `*` stands for one name. A form with a slash before it is one of Azure, which does not tell
/// letter cases apart.
pub(crate) fn path_of(text: &str, form: &str) -> bool {
    let in_name = |c: char| c.is_alphanumeric() || "-_.():".contains(c);
    let fits = |(part, wanted): (&str, &str)| match wanted {
        "*" => !part.is_empty() && part.chars().all(in_name),
        word if form.starts_with('/') => part.eq_ignore_ascii_case(word),
        word => part == word,
    };
    text.split('/').count() == form.split('/').count()
        && text.split('/').zip(form.split('/')).all(fits)
}

/// A UUID, as Azure writes subscriptions.
pub(crate) fn uuid(text: &str) -> bool {
    let groups = text.split('-').map(str::len);
    groups.eq([8, 4, 4, 4, 12]) && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// Declares a newtype over checked text: `FromStr` is the only way in. With `any case`, letter cases make no difference.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        $crate::names::checked_text! { @text $name, $what, $check }
    };
    ($(#[$doc:meta])* any case $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(String);

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other).is_eq()
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.0.to_lowercase().cmp(&other.0.to_lowercase())
            }
        }

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.0.to_lowercase().hash(state);
            }
        }

        $crate::names::checked_text! { @text $name, $what, $check }
    };
    (@text $name:ident, $what:literal, $check:expr) => {
        impl $name {
            /// The text as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::names::ParseError;

            fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
                let check: fn(&str) -> $crate::names::Checked = $check;
                match check(text) {
                    Ok(()) => Ok(Self(text.to_owned())),
                    Err(rule) => Err($crate::names::ParseError::new($what, text, rule)),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}
pub(crate) use checked_text;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_ec2_are_a_prefix_and_digits() {
        for good in ["subnet-0abc1234", "subnet-0123456789abcdef0"] {
            assert!(ec2_id(good, "subnet-"), "{good}");
        }
        for bad in [
            "subnet-",
            "subnet-0abc",
            "subnet-0ABC1234",
            "subnet-0123456789abcdef01",
            "vpc-0abc1234",
        ] {
            assert!(!ec2_id(bad, "subnet-"), "{bad}");
        }
        assert!(!ec2_id("vpce-svc-0abc1234", "vpce-"));
    }

    #[test]
    fn paths_have_their_form_and_azure_any_case() {
        let google = "projects/*/regions/*/subnetworks/*";
        assert!(path_of(
            "projects/example.com:acme/regions/europe-west4/subnetworks/a",
            google
        ));
        for bad in [
            "projects/acme/regions/europe-west4/subnetworks/",
            "projects/acme/regions/europe-west4/SubNetworks/a",
            "projects/acme/regions/europe-west4/subnetworks/a/b",
            "projects/acme/regions/europe west4/subnetworks/a",
        ] {
            assert!(!path_of(bad, google), "{bad}");
        }
        assert!(path_of(
            "/SUBSCRIPTIONS/s/resourcegroups/g",
            "/subscriptions/*/resourceGroups/*"
        ));
    }

    #[test]
    fn names_begin_with_a_letter() {
        for good in ["a", "acme-1"] {
            assert_eq!(rfc1035(good), Ok(()));
        }
        for bad in ["", "1acme", "acme-", "Acme", "a.b", &"a".repeat(64)] {
            assert!(rfc1035(bad).is_err(), "{bad}");
        }
    }
}
