//! Which role each capability takes, where it is assigned, and the condition that narrows it to prefixes.

use std::collections::{BTreeMap, BTreeSet};

use clouds::Refusal;
use clouds::buckets::{BucketId, ObjectPrefix};
use clouds::log_groups::LogGroupName;
use clouds::registries::RegistryName;
use clouds::roles::Capability;

use crate::arm::ResourceId;
use crate::names;

/// How the role that is defined for each identity is called in tables; it has a name of its own for each.
const BLOB_WRITER: &str = "a custom role, blobs alone";

/// The roles of a role, by capability. Documentation is made of this table.
pub const ROLES: [(&str, &[&str]); 10] = [
    ("ListObjects", &["Storage Blob Data Reader"]),
    ("ReadObjects", &["Storage Blob Data Reader"]),
    ("WriteObjects", &[BLOB_WRITER]),
    ("SignUrls", &["Storage Blob Delegator"]),
    ("ReadSecrets", &["Key Vault Secrets User"]),
    ("WriteSecrets", &["Key Vault Secrets Officer"]),
    ("ReadLogs", &["Log Analytics Reader"]),
    ("PullImages", &["AcrPull"]),
    ("PushImages", &["AcrPush"]),
    // The account reads its key with an identity of its own; whoever reads its blobs needs no right on the key.
    ("UseKey", &[]),
];

/// A role that Azure defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BuiltIn {
    AcrPull,
    AcrPush,
    CryptoServiceEncryptionUser,
    LogAnalyticsReader,
    SecretsOfficer,
    SecretsUser,
    BlobDelegator,
    BlobReader,
}

/// A role that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Needed {
    /// One of Azure's.
    BuiltIn(BuiltIn),
    /// The identity's own, which Azure has none for: see [`crate::role_definitions`].
    BlobWriter,
}

impl BuiltIn {
    pub(crate) const ALL: [Self; 8] = [
        Self::AcrPull,
        Self::AcrPush,
        Self::CryptoServiceEncryptionUser,
        Self::LogAnalyticsReader,
        Self::SecretsOfficer,
        Self::SecretsUser,
        Self::BlobDelegator,
        Self::BlobReader,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AcrPull => "AcrPull",
            Self::AcrPush => "AcrPush",
            Self::CryptoServiceEncryptionUser => "Key Vault Crypto Service Encryption User",
            Self::LogAnalyticsReader => "Log Analytics Reader",
            Self::SecretsOfficer => "Key Vault Secrets Officer",
            Self::SecretsUser => "Key Vault Secrets User",
            Self::BlobDelegator => "Storage Blob Delegator",
            Self::BlobReader => "Storage Blob Data Reader",
        }
    }

    /// The same in all tenants.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::AcrPull => "7f951dda-4ed3-4680-a7ca-43fe172d538d",
            Self::AcrPush => "8311e382-0749-4cb8-b61a-304f252e45ec",
            Self::CryptoServiceEncryptionUser => "e147488a-f6f5-4113-8e2d-b22465e65bf6",
            Self::LogAnalyticsReader => "73c42c96-874c-492b-b04d-ab87d138a893",
            Self::SecretsOfficer => "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
            Self::SecretsUser => "4633458b-17de-408a-b874-0445c86b69e6",
            Self::BlobDelegator => "db58b8e5-c6ad-4a2a-8342-4190687cbf4a",
            Self::BlobReader => "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        }
    }
}

/// A role by which it is assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssignedRole {
    /// The last part of its definition's id, in lower case.
    pub(crate) guid: String,
    pub(crate) name: String,
}

impl From<BuiltIn> for AssignedRole {
    fn from(role: BuiltIn) -> Self {
        Self {
            guid: role.id().to_owned(),
            name: role.name().to_owned(),
        }
    }
}

/// A role on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) scope: ResourceId,
    pub(crate) role: AssignedRole,
    pub(crate) condition: Option<String>,
}

/// A resource that a role is wanted on, before it is known what it is called in full.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Container(BucketId),
    Account(BucketId),
    Vault(String),
    Workspace(LogGroupName),
    Registry(RegistryName),
}

/// A role that is wanted on a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Want {
    pub(crate) place: Place,
    pub(crate) role: Needed,
    pub(crate) condition: Option<String>,
}

/// What is done with the objects of one bucket, under which prefixes; none of them means everywhere.
#[derive(Default)]
struct Objects<'c> {
    listed: Option<&'c BTreeSet<ObjectPrefix>>,
    read: Option<&'c BTreeSet<ObjectPrefix>>,
    written: Option<&'c BTreeSet<ObjectPrefix>>,
}

/// What these capabilities take, each role once per place. What [`refusals`] refuses is left out.
pub(crate) fn wants(capabilities: &BTreeSet<Capability>) -> Vec<Want> {
    let mut plain: BTreeSet<(Place, BuiltIn)> = BTreeSet::new();
    let mut objects: BTreeMap<&BucketId, Objects<'_>> = BTreeMap::new();
    let mut signs = false;
    let vault = |prefix| {
        names::vault_of(prefix)
            .ok()
            .map(|name| Place::Vault(name.to_owned()))
    };
    for capability in capabilities {
        match capability {
            Capability::ListObjects { bucket, prefixes } => {
                objects.entry(bucket).or_default().listed = Some(prefixes);
            }
            Capability::ReadObjects { bucket, prefixes } => {
                objects.entry(bucket).or_default().read = Some(prefixes);
            }
            Capability::WriteObjects { bucket, prefixes } => {
                objects.entry(bucket).or_default().written = Some(prefixes);
            }
            Capability::SignUrls => signs = true,
            Capability::ReadSecrets { prefix } => {
                plain.extend(vault(prefix).map(|place| (place, BuiltIn::SecretsUser)));
            }
            Capability::WriteSecrets { prefix } => {
                plain.extend(vault(prefix).map(|place| (place, BuiltIn::SecretsOfficer)));
            }
            Capability::ReadLogs { group } => {
                plain.insert((Place::Workspace(group.clone()), BuiltIn::LogAnalyticsReader));
            }
            Capability::PullImages { registry } => {
                plain.insert((Place::Registry(registry.clone()), BuiltIn::AcrPull));
            }
            Capability::PushImages { registry } => {
                plain.insert((Place::Registry(registry.clone()), BuiltIn::AcrPush));
            }
            Capability::WriteLogs { .. } | Capability::UseKey { .. } => {}
        }
    }
    // A role that holds another on the same place makes that one needless.
    for (more, less) in [
        (BuiltIn::SecretsOfficer, BuiltIn::SecretsUser),
        (BuiltIn::AcrPush, BuiltIn::AcrPull),
    ] {
        let held: Vec<_> = plain
            .iter()
            .filter(|(_, role)| *role == more)
            .cloned()
            .collect();
        for (place, _) in held {
            plain.remove(&(place, less));
        }
    }
    if signs {
        // Keys that sign URLs are handed out by the account, not by the container.
        plain.extend(
            objects
                .keys()
                .map(|&bucket| (Place::Account(bucket.clone()), BuiltIn::BlobDelegator)),
        );
    }
    let plain = plain.into_iter().map(|(place, role)| Want {
        place,
        role: Needed::BuiltIn(role),
        condition: None,
    });
    let blobs = objects
        .into_iter()
        .flat_map(|(bucket, objects)| blobs(bucket, &objects));
    plain.chain(blobs).collect()
}

/// One role per bucket where it can be: the role that writes reads and lists as well.
fn blobs(bucket: &BucketId, objects: &Objects<'_>) -> Vec<Want> {
    let want = |role, condition| Want {
        place: Place::Container(bucket.clone()),
        role,
        condition,
    };
    let nowhere = BTreeSet::new();
    let (listed, read) = (
        objects.listed.or(objects.read),
        objects.read.or(objects.listed),
    );
    let (listed, read) = (listed.unwrap_or(&nowhere), read.unwrap_or(&nowhere));
    let reads = objects.listed.is_some() || objects.read.is_some();
    let reader = || {
        want(
            Needed::BuiltIn(BuiltIn::BlobReader),
            condition(listed, read, None),
        )
    };
    match objects.written {
        None if reads => vec![reader()],
        None => Vec::new(),
        // Reading goes with writing here, so that it is narrowed to what may be written where nothing more is to be read.
        Some(written) if !reads || (written == read && written == listed) => {
            vec![want(
                Needed::BlobWriter,
                condition(written, written, Some(written)),
            )]
        }
        Some(written) => vec![
            reader(),
            want(
                Needed::BlobWriter,
                condition(written, written, Some(written)),
            ),
        ],
    }
}

pub(crate) const BLOBS: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";

/// How many bytes a condition may have.
const LONGEST: usize = 8192;

/// The condition (version 2.0 of their language) under which listing, reading and writing are allowed; none where all are.
fn condition(
    listed: &BTreeSet<ObjectPrefix>,
    read: &BTreeSet<ObjectPrefix>,
    written: Option<&BTreeSet<ObjectPrefix>>,
) -> Option<String> {
    let read = clause(
        &[format!(
            "!(ActionMatches{{'{BLOBS}/read'}} AND NOT SubOperationMatches{{'Blob.List'}})"
        )],
        &format!("@Resource[{BLOBS}:path]"),
        read,
    );
    let list = clause(
        &[format!(
            "!(ActionMatches{{'{BLOBS}/read'}} AND SubOperationMatches{{'Blob.List'}})"
        )],
        &format!("@Request[{BLOBS}:prefix]"),
        listed,
    );
    let write = written.and_then(|written| {
        let actions = ["write", "add/action", "delete", "move/action"];
        let actions = actions.map(|action| format!("!(ActionMatches{{'{BLOBS}/{action}'}})"));
        clause(&actions, &format!("@Resource[{BLOBS}:path]"), written)
    });
    let clauses: Vec<_> = [read, list, write].into_iter().flatten().collect();
    (!clauses.is_empty()).then(|| clauses.join(" AND "))
}

/// Any other action, or one of these on a path that begins so.
fn clause(others: &[String], attribute: &str, prefixes: &BTreeSet<ObjectPrefix>) -> Option<String> {
    if prefixes.is_empty() {
        return None;
    }
    let paths: Vec<_> = prefixes
        .iter()
        .map(|prefix| format!("{attribute} StringStartsWith '{prefix}'"))
        .collect();
    Some(format!(
        "(({}) OR ({}))",
        others.join(" AND "),
        paths.join(" OR ")
    ))
}

/// What of the capabilities cannot be said with Azure's roles.
pub(crate) fn refusals(capabilities: &BTreeSet<Capability>) -> Vec<Refusal> {
    let conditions = wants(capabilities)
        .into_iter()
        .filter_map(|want| want.condition);
    let length = conditions.map(|condition| condition.len()).max();
    let long = length.filter(|length| *length > LONGEST).map(|length| {
        let reason = format!(
            "The condition that narrows the role to these prefixes has {length} bytes, and Azure takes {LONGEST}: name fewer of them, or \
             make a second role for some."
        );
        Refusal::new("buckets", reason)
    });
    capabilities.iter().flat_map(refused).chain(long).collect()
}

fn refused(capability: &Capability) -> Vec<Refusal> {
    match capability {
        Capability::ListObjects { bucket, prefixes }
        | Capability::ReadObjects { bucket, prefixes }
        | Capability::WriteObjects { bucket, prefixes } => {
            let account = bucket.account.is_none().then(|| {
                let reason = format!("\"{bucket}\" does not name its storage account: give the bucket's id, ACCOUNT/CONTAINER.");
                Refusal::new("buckets", reason)
            });
            let prefixes = prefixes.iter().filter_map(names::prefix);
            account.into_iter().chain(prefixes).collect()
        }
        Capability::ReadSecrets { prefix } | Capability::WriteSecrets { prefix } => {
            names::secret_prefix(prefix).into_iter().collect()
        }
        Capability::ReadLogs { group } => renamed("logs", names::log_group(group)),
        Capability::WriteLogs { .. } => vec![Refusal::new(
            "profile",
            "Log Analytics takes logs from pods through a data collection rule only, which is yours: leave this role out, and name an \
             identity that you gave Monitoring Metrics Publisher on the rule as `log_writer` in the operator's `roles`.",
        )],
        Capability::PullImages { registry } | Capability::PushImages { registry } => {
            renamed("registry", names::registry(registry))
        }
        Capability::UseKey { key } => renamed("kms_keys", names::key(Some(key))),
        Capability::SignUrls => Vec::new(),
    }
}

fn renamed(field: &'static str, refusal: Option<Refusal>) -> Vec<Refusal> {
    refusal
        .map(|refusal| Refusal { field, ..refusal })
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes(texts: &[&str]) -> BTreeSet<ObjectPrefix> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn bucket() -> BucketId {
        "acmeprod/metadata".parse().unwrap()
    }

    fn objects(write: &[&str], read: &[&str]) -> BTreeSet<Capability> {
        [
            Capability::ListObjects {
                bucket: bucket(),
                prefixes: prefixes(read),
            },
            Capability::ReadObjects {
                bucket: bucket(),
                prefixes: prefixes(read),
            },
            Capability::WriteObjects {
                bucket: bucket(),
                prefixes: prefixes(write),
            },
        ]
        .into()
    }

    fn roles(wants: &[Want]) -> Vec<Needed> {
        wants.iter().map(|want| want.role).collect()
    }

    #[test]
    fn who_writes_everywhere_needs_one_role_without_a_condition() {
        let wants = wants(&objects(&[], &[]));
        assert_eq!(roles(&wants), [Needed::BlobWriter]);
        assert_eq!(
            (&wants[0].place, &wants[0].condition),
            (&Place::Container(bucket()), &None)
        );
    }

    #[test]
    fn prefixes_are_a_condition() {
        let wants = wants(&objects(&["org/a/", "org/b/"], &["org/a/", "org/b/"]));
        assert_eq!(roles(&wants), [Needed::BlobWriter]);
        let condition = wants[0].condition.as_deref().unwrap();
        assert!(condition.starts_with("((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND NOT SubOperationMatches{'Blob.List'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringStartsWith 'org/a/' OR "), "{condition}");
        assert_eq!(
            condition
                .matches("blobs:prefix] StringStartsWith 'org/b/'")
                .count(),
            1
        );
        assert_eq!(condition.matches("blobs/delete'").count(), 1);
        assert_eq!(condition.matches(" AND ((").count(), 2);
    }

    #[test]
    fn reading_more_than_writing_takes_both_roles() {
        let wants = wants(&objects(&["org/a/"], &[]));
        assert_eq!(
            roles(&wants),
            [Needed::BuiltIn(BuiltIn::BlobReader), Needed::BlobWriter]
        );
        assert_eq!(wants[0].condition, None);
        assert!(wants[1].condition.is_some());
    }

    #[test]
    fn signing_is_done_by_the_account() {
        let mut capabilities = objects(&[], &[]);
        capabilities.insert(Capability::SignUrls);
        let wants = wants(&capabilities);
        assert_eq!(wants[0].place, Place::Account(bucket()));
        assert_eq!(
            roles(&wants),
            [Needed::BuiltIn(BuiltIn::BlobDelegator), Needed::BlobWriter]
        );
    }

    #[test]
    fn the_larger_role_is_enough() {
        let prefix: clouds::secrets::SecretPrefix = "acme-vault/".parse().unwrap();
        let registry: RegistryName = "acmetasks".parse().unwrap();
        let wants = wants(
            &[
                Capability::ReadSecrets {
                    prefix: prefix.clone(),
                },
                Capability::WriteSecrets { prefix },
                Capability::PullImages {
                    registry: registry.clone(),
                },
                Capability::PushImages { registry },
            ]
            .into(),
        );
        let larger = [BuiltIn::SecretsOfficer, BuiltIn::AcrPush].map(Needed::BuiltIn);
        assert_eq!(roles(&wants), larger);
        assert_eq!(wants[0].place, Place::Vault("acme-vault".into()));
    }

    #[test]
    fn a_condition_is_only_so_long() {
        let many = |count: usize| {
            let texts: Vec<_> = (0..count).map(|n| format!("org/{n:03}/")).collect();
            let texts: Vec<_> = texts.iter().map(String::as_str).collect();
            refusals(&objects(&texts, &texts))
        };
        assert_eq!(many(20), []);
        let refused = many(40);
        assert_eq!((refused.len(), refused[0].field), (1, "buckets"));
        assert!(refused[0].reason.contains("8192"), "{}", refused[0]);
    }

    #[test]
    fn what_roles_cannot_say_is_refused() {
        let refused = refusals(
            &[
                Capability::WriteLogs {
                    group: "acme-tasks".parse().unwrap(),
                },
                Capability::ReadObjects {
                    bucket: "metadata".parse().unwrap(),
                    prefixes: prefixes(&["it's/"]),
                },
                Capability::ReadSecrets {
                    prefix: "acme-".parse().unwrap(),
                },
            ]
            .into(),
        );
        let fields: Vec<_> = refused.iter().map(|refusal| refusal.field).collect();
        assert_eq!(fields, ["buckets", "buckets", "secrets", "profile"]);
        assert!(refused[3].reason.contains("Monitoring Metrics Publisher"));
    }

    #[test]
    fn the_table_names_what_is_assigned() {
        let named: BTreeSet<_> = ROLES
            .iter()
            .flat_map(|(_, roles)| roles.iter().copied())
            .collect();
        let own = BuiltIn::ALL
            .into_iter()
            .filter(|role| *role != BuiltIn::CryptoServiceEncryptionUser);
        let own = own.map(BuiltIn::name).chain([BLOB_WRITER]);
        assert_eq!(named, own.collect());
    }
}
