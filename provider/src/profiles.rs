//! What the profile of a role means for the objects it is given: the one place where least privilege becomes capabilities.

use std::{collections::BTreeSet, fmt, str::FromStr};

use clouds::{
    account::KmsKey,
    buckets::{BucketId, ObjectPrefix},
    log_groups::LogGroupName,
    registries::RegistryName,
    roles::Capability,
    secrets::SecretPrefix,
};
use dataplane_api::permissions::{Capability as Need, Profile};

/// How far a role may go in a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// See and read objects.
    Read,
    /// Write and delete them, too.
    ReadWrite,
}

impl FromStr for Access {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "read" => Ok(Self::Read),
            "read_write" => Ok(Self::ReadWrite),
            other => Err(format!(
                "{other:?} is no access to a bucket: it must be read_write or read"
            )),
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::ReadWrite => "read_write",
        })
    }
}

/// A bucket that a role reaches.
#[derive(Clone, Debug)]
pub struct BucketReach {
    /// Which.
    pub id: BucketId,
    /// How far.
    pub access: Access,
    /// Under which prefixes; none means everywhere.
    pub prefixes: BTreeSet<ObjectPrefix>,
}

/// The objects that a role is given.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Buckets.
    pub buckets: Vec<BucketReach>,
    /// Secrets, by the beginning of their names.
    pub secrets: Option<SecretPrefix>,
    /// Log groups.
    pub logs: BTreeSet<LogGroupName>,
    /// The registry.
    pub registry: Option<RegistryName>,
    /// Keys that the above are encrypted with.
    pub kms_keys: BTreeSet<KmsKey>,
}

impl Reach {
    /// Whether a role of this profile could do anything with these objects.
    pub fn concerns(&self, profile: Profile) -> bool {
        let Self {
            buckets,
            secrets,
            logs,
            registry,
            kms_keys: _,
        } = self;
        let given = [
            (Argument::Buckets, !buckets.is_empty()),
            (Argument::Secrets, secrets.is_some()),
            (Argument::Logs, !logs.is_empty()),
            (Argument::Registry, registry.is_some()),
        ];
        given
            .into_iter()
            .any(|(argument, given)| given && takes(profile, argument))
    }
}

/// What a role of this profile may do with these objects.
pub fn capabilities(profile: Profile, reach: &Reach) -> BTreeSet<Capability> {
    let mut allowed: BTreeSet<_> = profile
        .capabilities()
        .into_iter()
        .flat_map(|need| grants(need, reach))
        .collect();
    if takes(profile, Argument::KmsKeys) {
        allowed.extend(
            reach
                .kms_keys
                .iter()
                .map(|key| Capability::UseKey { key: key.clone() }),
        );
    }
    allowed
}

fn grants(need: Need, reach: &Reach) -> Vec<Capability> {
    let Reach {
        buckets,
        secrets,
        logs,
        registry,
        ..
    } = reach;
    let secret =
        |grant: fn(SecretPrefix) -> Capability| secrets.clone().map(grant).into_iter().collect();
    match need {
        Need::ReadObjects => buckets
            .iter()
            .flat_map(|BucketReach { id, prefixes, .. }| {
                let (bucket, prefixes) = (id.clone(), prefixes.clone());
                [
                    Capability::ListObjects {
                        bucket: bucket.clone(),
                        prefixes: prefixes.clone(),
                    },
                    Capability::ReadObjects { bucket, prefixes },
                ]
            })
            .collect(),
        Need::WriteObjects => buckets
            .iter()
            .filter(|bucket| bucket.access == Access::ReadWrite)
            .map(
                |BucketReach { id, prefixes, .. }| Capability::WriteObjects {
                    bucket: id.clone(),
                    prefixes: prefixes.clone(),
                },
            )
            .collect(),
        Need::SignUrls => vec![Capability::SignUrls],
        Need::ReadSecrets => secret(|prefix| Capability::ReadSecrets { prefix }),
        Need::WriteSecrets => secret(|prefix| Capability::WriteSecrets { prefix }),
        Need::ReadLogs => logs
            .iter()
            .map(|group| Capability::ReadLogs {
                group: group.clone(),
            })
            .collect(),
        Need::WriteLogs => logs
            .iter()
            .map(|group| Capability::WriteLogs {
                group: group.clone(),
            })
            .collect(),
        Need::PushImages => registry
            .iter()
            .map(|registry| Capability::PushImages {
                registry: registry.clone(),
            })
            .collect(),
    }
}

/// An argument of a role that names what it reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// `buckets`.
    Buckets,
    /// `secrets`.
    Secrets,
    /// `logs`.
    Logs,
    /// `registry`.
    Registry,
    /// `kms_keys`.
    KmsKeys,
}

impl Argument {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Buckets,
        Self::Secrets,
        Self::Logs,
        Self::Registry,
        Self::KmsKeys,
    ];

    /// Its name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buckets => "buckets",
            Self::Secrets => "secrets",
            Self::Logs => "logs",
            Self::Registry => "registry",
            Self::KmsKeys => "kms_keys",
        }
    }
}

/// Whether a profile has any use for an argument.
pub fn takes(profile: Profile, argument: Argument) -> bool {
    let needs = profile.capabilities();
    let any = |wanted: &[Need]| wanted.iter().any(|need| needs.contains(need));
    match argument {
        Argument::Buckets => any(&[Need::ReadObjects, Need::WriteObjects]),
        Argument::Secrets => any(&[Need::ReadSecrets, Need::WriteSecrets]),
        Argument::Logs => any(&[Need::ReadLogs, Need::WriteLogs]),
        Argument::Registry => any(&[Need::PushImages]),
        Argument::KmsKeys => any(&[
            Need::ReadObjects,
            Need::WriteObjects,
            Need::ReadSecrets,
            Need::WriteSecrets,
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach() -> Reach {
        Reach {
            buckets: vec![BucketReach {
                id: "acme-metadata".parse().unwrap(),
                access: Access::ReadWrite,
                prefixes: BTreeSet::from(["acme/".parse().unwrap()]),
            }],
            secrets: Some("acme/".parse().unwrap()),
            logs: BTreeSet::from(["/acme/tasks".parse().unwrap()]),
            registry: Some("acme/tasks".parse().unwrap()),
            kms_keys: BTreeSet::from(["alias/acme".parse().unwrap()]),
        }
    }

    #[track_caller]
    fn check(profile: Profile, expected: &[&str]) {
        let names: Vec<String> = capabilities(profile, &reach())
            .iter()
            .map(|capability| {
                format!("{capability:?}")
                    .split([' ', '{'])
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn each_profile_gets_what_its_components_need_and_nothing_else() {
        check(
            Profile::Admin,
            &[
                "ListObjects",
                "ReadObjects",
                "WriteObjects",
                "SignUrls",
                "ReadSecrets",
                "WriteSecrets",
                "ReadLogs",
                "UseKey",
            ],
        );
        check(
            Profile::User,
            &["ListObjects", "ReadObjects", "WriteObjects", "UseKey"],
        );
        check(Profile::Builder, &["PushImages"]);
        check(Profile::LogWriter, &["WriteLogs"]);
    }

    #[test]
    fn read_access_does_not_write() {
        let mut reach = reach();
        reach.buckets[0].access = Access::Read;
        let writes = |c: &Capability| matches!(c, Capability::WriteObjects { .. });
        assert!(!capabilities(Profile::User, &reach).iter().any(writes));
    }
}
