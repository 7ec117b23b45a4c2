//! What each component and each role profile may do in the cloud, as data: policies, docs and verification are made of it.

use std::{collections::BTreeSet, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{components::COMPONENTS, textual::Invalid};

/// One thing that can be done in the cloud; each cloud maps it to its own actions or roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Read and list objects of the data plane's buckets.
    ReadObjects,
    /// Write and delete objects of the data plane's buckets.
    WriteObjects,
    /// Sign URLs for objects in its own name.
    SignUrls,
    /// Read secrets under the data plane's prefix.
    ReadSecrets,
    /// Create, change and delete secrets under the data plane's prefix.
    WriteSecrets,
    /// Read persisted logs.
    ReadLogs,
    /// Write logs.
    WriteLogs,
    /// Push images to the data plane's registry, and pull them.
    PushImages,
}

/// Which role an identity has. Each profile is one role of the cloud.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Platform services: objects, secrets and persisted logs.
    Admin,
    /// Task pods: objects and nothing else.
    User,
    /// The image builder, which runs users' bytes.
    Builder,
    /// The log shipper.
    LogWriter,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Admin, Self::User, Self::Builder, Self::LogWriter];

    /// As it is written in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
            Self::Builder => "builder",
            Self::LogWriter => "log_writer",
        }
    }

    /// What the role must be able to do: the union of what its components need.
    pub fn capabilities(self) -> BTreeSet<Capability> {
        match self {
            // Task pods are no component: they read inputs and write outputs.
            Self::User => BTreeSet::from([Capability::ReadObjects, Capability::WriteObjects]),
            Self::Admin | Self::Builder | Self::LogWriter => COMPONENTS
                .iter()
                .filter(|component| component.profile == Some(self))
                .flat_map(|component| component.capabilities.iter().copied())
                .collect(),
        }
    }
}

impl FromStr for Profile {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.as_str() == text)
            .ok_or_else(|| {
                Invalid::new(
                    "a role profile",
                    text,
                    "one of admin, user, builder and log_writer",
                )
            })
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_role_reaches_objects_only() {
        let user = Profile::User.capabilities();
        assert_eq!(
            user,
            BTreeSet::from([Capability::ReadObjects, Capability::WriteObjects])
        );
    }

    #[test]
    fn the_admin_role_is_what_the_platform_services_need() {
        use Capability::{
            ReadLogs, ReadObjects, ReadSecrets, SignUrls, WriteObjects, WriteSecrets,
        };
        assert_eq!(
            Profile::Admin.capabilities(),
            BTreeSet::from([
                ReadObjects,
                WriteObjects,
                SignUrls,
                ReadSecrets,
                WriteSecrets,
                ReadLogs
            ])
        );
    }

    #[test]
    fn what_runs_users_bytes_has_neither_roles_rights() {
        assert_eq!(
            Profile::Builder.capabilities(),
            BTreeSet::from([Capability::PushImages])
        );
        assert_eq!(
            Profile::LogWriter.capabilities(),
            BTreeSet::from([Capability::WriteLogs])
        );
    }
}
