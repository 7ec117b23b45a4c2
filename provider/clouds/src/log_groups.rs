//! Log groups: where the logs of finished tasks are kept.

use std::fmt;

use async_trait::async_trait;

use crate::account::KmsKey;
use crate::error::Result;
use crate::names::{Checked, ParseError, characters, checked_text, length};
use crate::tags::Tags;

checked_text! {
    /// A log group's name, with its path: `/dataplane/acme/tasks`.
    LogGroupName, "log group name", log_group_name
}

/// For how many days logs are kept. `CloudWatch` takes only some numbers, and has added to them before: what is wanted is
/// parsed, what is found is taken as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Retention(u32);

/// The numbers of days that logs can be kept for, as documented for `PutRetentionPolicy`.
pub const RETENTIONS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

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
        let known = RETENTIONS
            .into_iter()
            .find(|known| i64::from(*known) == days);
        known.map(Self).ok_or_else(|| {
            let list: Vec<_> = RETENTIONS.iter().map(ToString::to_string).collect();
            ParseError::new(
                "retention in days",
                days.to_string(),
                format!("must be one of {}", list.join(", ")),
            )
        })
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
    if text.starts_with("aws/") {
        return Err("must not begin with \"aws/\", which CloudWatch keeps for itself".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_is_one_of_the_numbers_that_exist() {
        assert_eq!(Retention::try_from(30).unwrap().days(), 30);
        let said = Retention::try_from(31).unwrap_err().to_string();
        assert!(
            said.contains("\"31\"") && said.contains("1, 3, 5"),
            "{said}"
        );
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
        assert!("aws/lambda".parse::<LogGroupName>().is_err());
    }
}
