//! What must not be read in a log.

use std::fmt;

/// What stands in place of a secret.
pub(super) const MASK: &str = "(sensitive)";

/// Parts of field names whose values are secrets.
const SECRET_NAMES: [&str; 9] = [
    "password",
    "passphrase",
    "secret",
    "token",
    "credential",
    "private_key",
    "api_key",
    "authorization",
    "value_wo",
];

/// Whether a field of that name is masked.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
    SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

/// A value that prints as `(sensitive)`, in logs and in errors.
///
/// ```
/// use framework::Sensitive;
/// let token = Sensitive::from("abc".to_owned());
/// assert_eq!(format!("{token} {token:?}"), "(sensitive) (sensitive)");
/// assert_eq!(token.expose(), "abc");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// The value itself, for the one who has to send it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T> fmt::Display for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in [
            "password",
            "client-secret",
            "aws.session_token",
            "Authorization",
            "value_wo",
            "secret_access_key",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["bucket", "id", "verb", "region"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
