//! Log groups: where the logs of finished tasks are kept.

use std::fmt;

use async_trait::async_trait;

use crate::account::KmsKey;
use crate::error::Result;
use crate::names::{Checked, ParseError, characters, checked_text, length};
use crate::refusal::Refusal;
use crate::tags::Tags;

checked_text! {
    /// A log group's name, with its path: `/dataplane/acme/tasks`.
    LogGroupName, "log group name", log_group_name
}

/// For how many days logs are kept. What is wanted is 1 to 3653, and each cloud's `check` says which of these it takes; what is
/// found is taken as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Retention(u32);

impl Retention {
    /// What a cloud answered, whether it was known when this was built or not.
    pub fn found(days: u32) -> Self {
        Self(days)
    }

    /// The number of days.
    pub fn days(self) -> u32 {
        self.0
    }
}

impl TryFrom<i64> for Retention {
    type Error = ParseError;

    fn try_from(days: i64) -> std::result::Result<Self, ParseError> {
        match u32::try_from(days) {
            Ok(days) if (1..=3653).contains(&days) => Ok(Self(days)),
            _ => Err(ParseError::new(
                "retention in days",
                days.to_string(),
                "must be 1 to 3653 days; leave it out for the cloud's default",
            )),
        }
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The settings of a log group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogGroupSettings {
    /// How long logs are kept; none means for ever.
    pub retention: Option<Retention>,
    /// Its key; none means the cloud's own.
    pub kms_key: Option<KmsKey>,
}

/// A log group to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLogGroup {
    /// Its name.
    pub name: LogGroupName,
    /// Its key, from the first event on.
    pub kms_key: Option<KmsKey>,
    /// Tags set by the creating call.
    pub tags: Tags,
}

/// A log group as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: LogGroupName,
    /// The cloud's full name of it: an ARN, a resource id.
    pub id: String,
    /// Its settings.
    pub settings: LogGroupSettings,
    /// Its tags.
    pub tags: Tags,
}

/// Log groups of one account and region.
#[async_trait]
pub trait LogGroups: Send + Sync {
    /// What this cloud does not take of the name (`name`) and the settings (`retention`, `kms_key`). Nothing is called.
    fn check(&self, name: &LogGroupName, settings: &LogGroupSettings) -> Vec<Refusal>;

    /// What of a change from `found` to `wanted` this cloud never takes, though each by itself it would.
    fn check_change(&self, _found: &LogGroupSettings, _wanted: &LogGroupSettings) -> Vec<Refusal> {
        Vec::new()
    }

    /// How long logs are kept where nothing is said: none means for ever.
    fn default_retention(&self) -> Option<Retention>;

    /// Makes one, tagged in the same call; its retention is set by `configure`.
    async fn create(&self, new: &NewLogGroup) -> Result<()>;

    /// Everything about one that we manage.
    async fn get(&self, name: &LogGroupName) -> Result<LogGroup>;

    /// Sets what differs between `found` and `wanted`.
    async fn configure(&self, found: &LogGroup, wanted: &LogGroupSettings) -> Result<()>;

    /// Replaces the tags that were found.
    async fn set_tags(&self, found: &LogGroup, tags: &Tags) -> Result<()>;

    /// Deletes one with all its logs.
    async fn delete(&self, name: &LogGroupName) -> Result<()>;
}

fn log_group_name(text: &str) -> Checked {
    length(text, 1, 512)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-/.#".contains(c);
    characters(text, allowed, "letters, digits and _ - / . #")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_is_a_number_of_days_up_to_ten_years() {
        assert_eq!(Retention::try_from(31).unwrap().days(), 31);
        for days in [0, -1, 3654, i64::MAX] {
            let said = Retention::try_from(days).unwrap_err().to_string();
            assert!(said.contains("1 to 3653"), "{said}");
        }
    }

    #[test]
    fn what_a_cloud_answers_is_taken_as_it_is() {
        assert_eq!(Retention::found(4000).days(), 4000);
        assert_eq!(Retention::found(30), Retention::try_from(30).unwrap());
    }

    #[test]
    fn names() {
        assert!("/dataplane/acme-prod/tasks".parse::<LogGroupName>().is_ok());
        assert!("a:b".parse::<LogGroupName>().is_err());
    }
}
