//! Which of Google's predefined roles each capability of a role takes, on what, and under which condition.
//!
//! - Objects: on the bucket. A prefix is a condition on the object's name; seeing which objects there are is asked of the
//!   bucket, so that there the condition is on the prefix that is listed.
//! - Secrets: on the project, with a condition on the secret's name. Bindings on single secrets would not reach those that
//!   are still to come, would have to be written again for each new one, and with many secrets are many policies to race
//!   for; the condition gives the same and no more. It names the project by number, as Secret Manager does.
//!   Writing means adding and managing versions: a secret itself is made in the project, where no condition on its name can
//!   hold, so `dataplane_secret` makes it and a role does not.
//! - Logs: reading is a condition on the view of the log bucket. Writing is a right of the project: entries are written to
//!   a log, and it is the project's sinks that say which bucket keeps them.
//! - Keys: nothing. Objects, secrets and logs are encrypted by the service agent of their service, which whoever owns the
//!   key has given `roles/cloudkms.cryptoKeyEncrypterDecrypter`.

use std::collections::{BTreeMap, BTreeSet};

use clouds::buckets::{BucketName, ObjectPrefix};
use clouds::roles::Capability;

use crate::policies::{Condition, Grant, Resource};
use crate::session::Scope;
use crate::trust::TOKEN_CREATOR;

const BUCKET_READER: &str = "roles/storage.legacyBucketReader";
const OBJECT_VIEWER: &str = "roles/storage.objectViewer";
const OBJECT_ADMIN: &str = "roles/storage.objectAdmin";
const SECRET_ACCESSOR: &str = "roles/secretmanager.secretAccessor";
const VERSION_MANAGER: &str = "roles/secretmanager.secretVersionManager";
const VIEW_ACCESSOR: &str = "roles/logging.viewAccessor";
const LOG_WRITER: &str = "roles/logging.logWriter";
const IMAGE_READER: &str = "roles/artifactregistry.reader";
const IMAGE_WRITER: &str = "roles/artifactregistry.writer";

/// The roles by capability. Documentation is made of this table; where objects are reached by prefix, `ListObjects` takes
/// the role of `ReadObjects` under a condition.
pub const ROLES: [(&str, &[&str]); 11] = [
    ("ListObjects", &[BUCKET_READER]),
    ("ReadObjects", &[OBJECT_VIEWER]),
    ("WriteObjects", &[OBJECT_ADMIN]),
    ("SignUrls", &[TOKEN_CREATOR]),
    ("ReadSecrets", &[SECRET_ACCESSOR]),
    ("WriteSecrets", &[VERSION_MANAGER]),
    ("ReadLogs", &[VIEW_ACCESSOR]),
    ("WriteLogs", &[LOG_WRITER]),
    ("PullImages", &[IMAGE_READER]),
    ("PushImages", &[IMAGE_WRITER]),
    ("UseKey", &[]),
];

/// A condition holds twelve logical operators at most.
const TERMS: usize = 12;
/// Twenty bindings at most may differ in nothing but their condition.
pub(crate) const MOST_PREFIXES: usize = 100;

/// Who gets the rights.
pub(crate) struct Holder {
    /// The role's own service account, as a member.
    pub(crate) account: String,
    /// The identities of pods that get the rights in its place.
    pub(crate) direct: Option<BTreeSet<String>>,
    /// The service account, as something that has a policy itself.
    pub(crate) resource: Resource,
}

/// Where objects are reached: everywhere, or under prefixes.
#[derive(Default)]
struct Reach<'c> {
    all: bool,
    prefixes: BTreeSet<&'c ObjectPrefix>,
}

#[derive(Default)]
struct Objects<'c> {
    list: Reach<'c>,
    read: Reach<'c>,
    write: Reach<'c>,
}

/// The bindings that these capabilities take.
pub(crate) fn grants(
    scope: &Scope,
    holder: &Holder,
    capabilities: &BTreeSet<Capability>,
) -> Vec<Grant> {
    let own = BTreeSet::from([holder.account.clone()]);
    let members = holder.direct.clone().unwrap_or_else(|| own.clone());
    let signs = capabilities.contains(&Capability::SignUrls);
    // A signed URL reaches what its signer reaches, and the signer is the service account.
    let of_objects: BTreeSet<_> = if signs {
        members.union(&own).cloned().collect()
    } else {
        members.clone()
    };
    let give = |resource: Resource, role: &str, condition: Option<Condition>| Grant {
        resource,
        role: role.to_owned(),
        condition,
        members: members.clone(),
    };
    let project = || Resource::Project(scope.project.to_string());
    let secrets = |prefix: &str| {
        format!(
            "resource.name.startsWith(\"projects/{}/secrets/{prefix}\")",
            scope.number
        )
    };
    let repository = |name: &str| {
        Resource::Repository(format!(
            "projects/{}/locations/{}/repositories/{name}",
            scope.project, scope.region
        ))
    };
    let mut buckets: BTreeMap<&BucketName, Objects<'_>> = BTreeMap::new();
    let mut given = Vec::new();
    for capability in capabilities {
        match capability {
            Capability::ListObjects { bucket, prefixes } => {
                buckets.entry(&bucket.name).or_default().list.add(prefixes);
            }
            Capability::ReadObjects { bucket, prefixes } => {
                buckets.entry(&bucket.name).or_default().read.add(prefixes);
            }
            Capability::WriteObjects { bucket, prefixes } => {
                buckets.entry(&bucket.name).or_default().write.add(prefixes);
            }
            // With `direct`, those who sign are trusted to by the service account's own policy.
            Capability::SignUrls if holder.direct.is_none() => {
                given.push(give(holder.resource.clone(), TOKEN_CREATOR, None));
            }
            Capability::SignUrls | Capability::UseKey { .. } => {}
            Capability::ReadSecrets { prefix } => {
                let condition = Condition::new("dataplane: read secrets", secrets(prefix.as_str()));
                given.push(give(project(), SECRET_ACCESSOR, Some(condition)));
            }
            Capability::WriteSecrets { prefix } => {
                let condition =
                    Condition::new("dataplane: write secrets", secrets(prefix.as_str()));
                given.push(give(project(), VERSION_MANAGER, Some(condition)));
            }
            Capability::ReadLogs { group } => {
                let view = format!(
                    "resource.name == \"projects/{}/locations/{}/buckets/{group}/views/_AllLogs\"",
                    scope.project, scope.region
                );
                given.push(give(
                    project(),
                    VIEW_ACCESSOR,
                    Some(Condition::new("dataplane: read logs", view)),
                ));
            }
            Capability::WriteLogs { .. } => given.push(give(project(), LOG_WRITER, None)),
            Capability::PullImages { registry } => {
                given.push(give(repository(registry.as_str()), IMAGE_READER, None));
            }
            Capability::PushImages { registry } => {
                given.push(give(repository(registry.as_str()), IMAGE_WRITER, None));
            }
        }
    }
    for (bucket, objects) in buckets {
        for (role, condition) in objects.roles(bucket) {
            given.push(Grant {
                resource: Resource::Bucket(bucket.to_string()),
                role: role.to_owned(),
                condition,
                members: of_objects.clone(),
            });
        }
    }
    given.sort();
    given.dedup();
    given
}

impl<'c> Reach<'c> {
    fn add(&mut self, prefixes: &'c BTreeSet<ObjectPrefix>) {
        self.all |= prefixes.is_empty();
        self.prefixes.extend(prefixes);
    }

    /// The prefixes that another reach does not cover.
    fn beyond(&self, other: &Self) -> Vec<&'c ObjectPrefix> {
        if self.all || other.all {
            return Vec::new();
        }
        self.prefixes.difference(&other.prefixes).copied().collect()
    }
}

impl Objects<'_> {
    /// No role twice: who may write everything may read and list it.
    fn roles(&self, bucket: &BucketName) -> Vec<(&'static str, Option<Condition>)> {
        let Self { list, read, write } = self;
        let nowhere = Reach::default();
        let named = |prefix: &ObjectPrefix| {
            format!("resource.name.startsWith(\"projects/_/buckets/{bucket}/objects/{prefix}\")")
        };
        let listed = |prefix: &ObjectPrefix| {
            format!(
                "api.getAttribute(\"storage.googleapis.com/objectListPrefix\", \"\").startsWith(\"{prefix}\")"
            )
        };
        let mut roles = Vec::new();
        if write.all {
            roles.push((OBJECT_ADMIN, None));
        } else if read.all {
            roles.push((OBJECT_VIEWER, None));
        }
        if list.all {
            roles.push((BUCKET_READER, None));
        }
        roles.extend(
            conditions("dataplane: write objects", &write.beyond(&nowhere), named)
                .map(|condition| (OBJECT_ADMIN, Some(condition))),
        );
        if !write.all {
            roles.extend(
                conditions("dataplane: read objects", &read.beyond(write), named)
                    .map(|condition| (OBJECT_VIEWER, Some(condition))),
            );
        }
        if !write.all && !read.all {
            roles.extend(
                conditions("dataplane: list objects", &list.beyond(&nowhere), listed)
                    .map(|condition| (OBJECT_VIEWER, Some(condition))),
            );
        }
        roles
    }
}

fn conditions(
    title: &str,
    prefixes: &[&ObjectPrefix],
    term: impl Fn(&ObjectPrefix) -> String,
) -> std::vec::IntoIter<Condition> {
    let chunks = prefixes.chunks(TERMS).map(|chunk| {
        chunk
            .iter()
            .map(|prefix| term(prefix))
            .collect::<Vec<_>>()
            .join(" || ")
    });
    let conditions = chunks.enumerate().map(|(number, expression)| match number {
        0 => Condition::new(title, expression),
        number => Condition::new(&format!("{title} {}", number + 1), expression),
    });
    conditions.collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADMIN: &str = "serviceAccount:adminflyterole@acme-prod.iam.gserviceaccount.com";

    fn holder(direct: bool) -> Holder {
        Holder {
            account: ADMIN.to_owned(),
            direct: direct.then(|| ["principal://pod".to_owned()].into()),
            resource: Resource::ServiceAccount("projects/acme-prod/serviceAccounts/adminflyterole@acme-prod.iam.gserviceaccount.com".into()),
        }
    }

    fn given(direct: bool, capabilities: impl IntoIterator<Item = Capability>) -> Vec<String> {
        let scope = Scope {
            project: "acme-prod".parse().unwrap(),
            number: "123".into(),
            region: "europe-west4".parse().unwrap(),
        };
        let grants = grants(&scope, &holder(direct), &capabilities.into_iter().collect());
        let text = |grant: Grant| {
            let when = grant
                .condition
                .map(|condition| format!(" when {}", condition.expression))
                .unwrap_or_default();
            let to = if grant.members.len() == 2 {
                " to both"
            } else {
                ""
            };
            format!("{} on {}{when}{to}", grant.role, grant.resource)
        };
        grants.into_iter().map(text).collect()
    }

    fn objects(prefixes: &[&str], write: bool) -> Vec<Capability> {
        let bucket: clouds::buckets::BucketId = "acme".parse().unwrap();
        let prefixes: BTreeSet<ObjectPrefix> = prefixes
            .iter()
            .map(|prefix| prefix.parse().unwrap())
            .collect();
        let mut all = vec![
            Capability::ListObjects {
                bucket: bucket.clone(),
                prefixes: prefixes.clone(),
            },
            Capability::ReadObjects {
                bucket: bucket.clone(),
                prefixes: prefixes.clone(),
            },
        ];
        if write {
            all.push(Capability::WriteObjects { bucket, prefixes });
        }
        all
    }

    #[test]
    fn an_admin() {
        let mut all = objects(&[], true);
        all.extend([
            Capability::SignUrls,
            Capability::ReadSecrets {
                prefix: "acme-".parse().unwrap(),
            },
            Capability::WriteSecrets {
                prefix: "acme-".parse().unwrap(),
            },
            Capability::ReadLogs {
                group: "tasks".parse().unwrap(),
            },
            Capability::UseKey {
                key: "projects/p/locations/l/keyRings/r/cryptoKeys/k"
                    .parse()
                    .unwrap(),
            },
        ]);
        assert_eq!(
            given(false, all),
            [
                r#"roles/logging.viewAccessor on projects/acme-prod when resource.name == "projects/acme-prod/locations/europe-west4/buckets/tasks/views/_AllLogs""#,
                r#"roles/secretmanager.secretAccessor on projects/acme-prod when resource.name.startsWith("projects/123/secrets/acme-")"#,
                r#"roles/secretmanager.secretVersionManager on projects/acme-prod when resource.name.startsWith("projects/123/secrets/acme-")"#,
                "roles/storage.legacyBucketReader on projects/_/buckets/acme",
                "roles/storage.objectAdmin on projects/_/buckets/acme",
                "roles/iam.serviceAccountTokenCreator on projects/acme-prod/serviceAccounts/adminflyterole@acme-prod.iam.gserviceaccount.com",
            ]
        );
    }

    #[test]
    fn a_user_reaches_its_prefixes_only() {
        assert_eq!(
            given(false, objects(&["acme/", "shared/"], true)),
            [
                r#"roles/storage.objectAdmin on projects/_/buckets/acme when resource.name.startsWith("projects/_/buckets/acme/objects/acme/") || resource.name.startsWith("projects/_/buckets/acme/objects/shared/")"#,
                r#"roles/storage.objectViewer on projects/_/buckets/acme when api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("acme/") || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("shared/")"#,
            ]
        );
        assert_eq!(given(false, objects(&["acme/"], false)).len(), 2);
        let all = [
            "roles/storage.legacyBucketReader on projects/_/buckets/acme",
            "roles/storage.objectViewer on projects/_/buckets/acme",
        ];
        assert_eq!(given(false, objects(&[], false)), all);
    }

    #[test]
    fn many_prefixes_are_several_conditions() {
        let prefixes: Vec<_> = (0..30)
            .map(|number| format!("project-{number:02}/"))
            .collect();
        let prefixes: Vec<_> = prefixes.iter().map(String::as_str).collect();
        let all = given(false, objects(&prefixes, true));
        assert_eq!(all.len(), 6);
        assert!(all.iter().all(|grant| grant.matches("||").count() < TERMS));
    }

    #[test]
    fn the_others_of_a_pod() {
        let push = [Capability::PushImages {
            registry: "tasks".parse().unwrap(),
        }];
        assert_eq!(
            given(false, push),
            [
                "roles/artifactregistry.writer on projects/acme-prod/locations/europe-west4/repositories/tasks"
            ]
        );
        let write = [Capability::WriteLogs {
            group: "tasks".parse().unwrap(),
        }];
        assert_eq!(
            given(false, write),
            ["roles/logging.logWriter on projects/acme-prod"]
        );
    }

    #[test]
    fn who_signs_reaches_what_is_signed() {
        let mut all = objects(&[], true);
        assert!(
            given(true, all.clone())
                .iter()
                .all(|grant| !grant.ends_with("to both"))
        );
        all.push(Capability::SignUrls);
        let both = [
            "roles/storage.legacyBucketReader on projects/_/buckets/acme to both",
            "roles/storage.objectAdmin on projects/_/buckets/acme to both",
        ];
        assert_eq!(given(true, all), both);
    }
}
