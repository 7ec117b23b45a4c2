//! Secrets in the cloud's store: written by us, read by those whose role may.

use std::fmt;

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::account::KmsKey;
use crate::error::Result;
use crate::names::{Checked, ParseError, characters, checked_text, length};
use crate::refusal::Refusal;
use crate::tags::Tags;

checked_text! {
    /// A secret's name: with its path on AWS (`dataplane/acme/token`), with its vault on Azure (`acme-vault/token`).
    SecretName, "secret name", secret_name
}

checked_text! {
    /// The beginning of secret names, up to and including what separates its parts: a `/` on AWS, a `-` or `_` on Google
    /// Cloud; on Azure the vault (`vault/`).
    SecretPrefix, "secret prefix", secret_prefix
}

/// Text that is never printed and leaves no trace in memory once dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The text itself, for the one call that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// For how many days a deleted secret can be brought back: 7 to 90. Which of these a cloud takes, its `check` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryDays(i64);

impl RecoveryDays {
    /// The number of days.
    pub fn days(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for RecoveryDays {
    type Error = ParseError;

    fn try_from(days: i64) -> std::result::Result<Self, ParseError> {
        if (7..=90).contains(&days) {
            return Ok(Self(days));
        }
        let rule = "must be 7 to 90, or 0 for a deletion that cannot be undone";
        Err(ParseError::new(
            "recovery window in days",
            days.to_string(),
            rule,
        ))
    }
}

/// How a secret is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// For good, now.
    Now,
    /// It is hidden now and gone after some days.
    After(RecoveryDays),
    /// It is hidden now and gone when the store's own rule says so (the vault's retention, on Azure).
    ByTheStore,
}

/// A secret to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSecret {
    /// Its name.
    pub name: SecretName,
    /// Its key; none means the cloud's own.
    pub kms_key: Option<KmsKey>,
    /// Its first value; none leaves it without one until `put_value`.
    pub value: Option<SecretText>,
    /// Tags set by the creating call.
    pub tags: Tags,
}

/// A secret as it was found, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its name.
    pub name: SecretName,
    /// The cloud's full name of it: an ARN, a resource name, a URL.
    pub id: String,
    /// Its key; none means the cloud's own.
    pub kms_key: Option<KmsKey>,
    /// The id of its current value.
    pub version: Option<String>,
    /// Whether it is deleted and can still be brought back.
    pub deleted: bool,
    /// Its tags.
    pub tags: Tags,
}

/// Secrets of one account and region.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// What this cloud does not take of a secret as it is wanted (`name`, `kms_key`) or of the way that it shall once be deleted
    /// (`deletion`). Nothing is called.
    fn check(
        &self,
        name: &SecretName,
        kms_key: Option<&KmsKey>,
        deletion: Deletion,
    ) -> Vec<Refusal>;

    /// Why a secret cannot be made without a value, where this cloud has none of that kind. Nothing is called.
    fn needs_value(&self) -> Option<&'static str> {
        None
    }

    /// How a secret is deleted where nothing is said: so that it can be brought back, where the cloud can.
    fn default_deletion(&self) -> Deletion;

    /// Makes one, tagged and with its value in the same call. The name of a secret that is deleted but can still be
    /// brought back is taken, too: `AlreadyExists`, then `get` says `deleted`.
    async fn create(&self, new: &NewSecret) -> Result<Secret>;

    /// Looks one up, a deleted one as well as long as it can be brought back.
    async fn get(&self, name: &SecretName) -> Result<Secret>;

    /// Stores a new value; answers its version.
    async fn put_value(&self, name: &SecretName, value: &SecretText) -> Result<String>;

    /// Sets the key for values to come, where it differs.
    async fn set_key(&self, found: &Secret, key: Option<&KmsKey>) -> Result<()>;

    /// Replaces the tags that were found.
    async fn set_tags(&self, found: &Secret, tags: &Tags) -> Result<()>;

    /// Brings a deleted one back, with its last value.
    async fn restore(&self, name: &SecretName) -> Result<()>;

    /// Deletes one; one that is deleted already is `NotFound`.
    async fn delete(&self, name: &SecretName, deletion: Deletion) -> Result<()>;
}

fn allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/_+=.@-".contains(c)
}

fn secret_name(text: &str) -> Checked {
    length(text, 1, 512)?;
    characters(text, allowed, "letters, digits and / _ + = . @ -")?;
    Ok(())
}

fn secret_prefix(text: &str) -> Checked {
    length(text, 2, 500)?;
    characters(text, allowed, "letters, digits and / _ + = . @ -")?;
    if text.ends_with(['/', '-', '_']) {
        return Ok(());
    }
    Err("must end with \"/\" (on Google Cloud with \"-\" or \"_\"), so that \"prod\" does not reach \"prod2\"".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_never_printed() {
        let secret = NewSecret {
            name: "acme/token".parse().unwrap(),
            kms_key: None,
            value: Some("hunter2".to_owned().into()),
            tags: Tags::new(),
        };
        assert!(!format!("{secret:?}").contains("hunter2"));
    }

    #[test]
    fn names_and_prefixes() {
        assert!("dataplane/acme/token".parse::<SecretName>().is_ok());
        assert!("a b".parse::<SecretName>().is_err());
        assert!("dataplane/acme/".parse::<SecretPrefix>().is_ok());
        assert!("dataplane/acme".parse::<SecretPrefix>().is_err());
        assert!("*/".parse::<SecretPrefix>().is_err());
    }

    #[test]
    fn recovery_windows() {
        assert_eq!(RecoveryDays::try_from(7).unwrap().days(), 7);
        assert!(RecoveryDays::try_from(0).is_err());
        assert!(RecoveryDays::try_from(91).is_err());
    }
}
