//! Who may act through a role: workload identities, as members of the policy of the role's own service account.
//!
//! Members are single service accounts of the cluster, never a whole namespace or pool. A pod that takes on the service
//! account has `workloadIdentityUser` on it. With `direct`, the role's rights go to the pods' own identities, and what
//! they have on the service account is `serviceAccountTokenCreator`: URLs are signed by it. Members of other kinds, which
//! somebody else has added, are none of ours; other members of the same pool would take the role on and are foreign.

use std::collections::BTreeSet;

use clouds::Refusal;
use clouds::account::AccountId;
use clouds::policies::PolicyDocument;
use clouds::roles::{Subject, Trust, WorkloadPool};
use serde_json::{Value, json};

use crate::policies::{Grant, Policy, Resource};

pub(crate) const USER: &str = "roles/iam.workloadIdentityUser";
pub(crate) const TOKEN_CREATOR: &str = "roles/iam.serviceAccountTokenCreator";
const GKE: &str = ".svc.id.goog";
const HOST: &str = "iam.googleapis.com/";
/// What `google.subject`, to which pools of other clusters map the token's subject, holds in bytes.
const LONGEST_SUBJECT: usize = 127;

/// A member that belongs to a pool.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) pool: WorkloadPool,
    /// Which service account; none where it is more than one, or something else.
    pub(crate) subject: Option<Subject>,
}

/// What was found of the trust of a service account.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) trust: Option<Trust>,
    pub(crate) subjects: BTreeSet<Subject>,
    /// Members that are ours, as they are written.
    pub(crate) members: BTreeSet<String>,
    /// Role and member of others from the same pool.
    pub(crate) foreign: BTreeSet<(String, String)>,
}

/// Subjects whose tokens the pool would refuse.
pub(crate) fn check(pool: &WorkloadPool, subjects: &BTreeSet<Subject>) -> Option<Refusal> {
    let long = |subject: &&Subject| subject.to_string().len() > LONGEST_SUBJECT;
    let long = subjects
        .iter()
        .find(long)
        .filter(|_| !pool.as_str().ends_with(GKE))?;
    Some(Refusal::new(
        "subjects",
        format!(
            "{long} is longer than the {LONGEST_SUBJECT} characters that a workload identity pool takes: give the namespace or the \
             service account a shorter name."
        ),
    ))
}

/// The project whose clusters a pool of GKE belongs to.
pub(crate) fn project(pool: &WorkloadPool) -> Option<AccountId> {
    pool.as_str().strip_suffix(GKE)?.parse().ok()
}

pub(crate) fn role(direct: bool) -> &'static str {
    if direct { TOKEN_CREATOR } else { USER }
}

/// A subject as a member. `number` is that of the project of a GKE pool.
pub(crate) fn member(pool: &WorkloadPool, direct: bool, number: &str, subject: &Subject) -> String {
    let Subject {
        namespace,
        service_account,
    } = subject;
    match (pool.as_str().ends_with(GKE), direct) {
        (true, false) => format!("serviceAccount:{pool}[{namespace}/{service_account}]"),
        (true, true) => format!(
            "principal://{HOST}projects/{number}/locations/global/workloadIdentityPools/{pool}/subject/ns/{namespace}/sa/{service_account}"
        ),
        (false, _) => format!("principal://{HOST}{pool}/subject/{subject}"),
    }
}

/// The reverse, for every form that a member of a pool has.
pub(crate) fn workload(member: &str) -> Option<Workload> {
    if let Some((pool, subject)) = member
        .strip_prefix("serviceAccount:")
        .and_then(|rest| rest.split_once('['))
    {
        let names = subject
            .strip_suffix(']')
            .and_then(|names| names.split_once('/'));
        return Some(Workload {
            pool: pool.parse().ok()?,
            subject: names.and_then(|(namespace, name)| Subject::new(namespace, name).ok()),
        });
    }
    let (single, rest) = match member.strip_prefix("principal://") {
        Some(rest) => (true, rest),
        None => (false, member.strip_prefix("principalSet://")?),
    };
    let mut parts = rest.strip_prefix(HOST)?.splitn(7, '/');
    let path: Vec<_> = parts.by_ref().take(6).collect();
    let (Some("workloadIdentityPools"), Some(id)) = (path.get(4).copied(), path.get(5).copied())
    else {
        return None;
    };
    let gke = id.ends_with(GKE);
    let pool = if gke {
        id.parse().ok()?
    } else {
        path.join("/").parse().ok()?
    };
    let subject = parts
        .next()
        .filter(|_| single)
        .and_then(|rest| rest.strip_prefix("subject/"));
    let subject = subject.and_then(|subject| match subject.split('/').collect::<Vec<_>>()[..] {
        ["ns", namespace, "sa", name] if gke => Subject::new(namespace, name).ok(),
        _ if gke => None,
        _ => subject.parse().ok(),
    });
    Some(Workload { pool, subject })
}

/// The binding of the trust on the service account.
pub(crate) fn grant(account: &Resource, direct: bool, members: BTreeSet<String>) -> Grant {
    Grant {
        resource: account.clone(),
        role: role(direct).to_owned(),
        condition: None,
        members,
    }
}

pub(crate) fn document(direct: bool, members: &BTreeSet<String>) -> PolicyDocument {
    PolicyDocument::new(bindings(direct, members))
}

/// The trust of a service account that somebody switched off: nobody acts through it, whoever is trusted.
pub(crate) fn disabled(direct: bool, members: &BTreeSet<String>) -> PolicyDocument {
    let mut document = bindings(direct, members);
    document["disabled"] = json!(true);
    PolicyDocument::new(document)
}

pub(crate) fn is_disabled(document: &PolicyDocument) -> bool {
    document.value()["disabled"] == true
}

fn bindings(direct: bool, members: &BTreeSet<String>) -> Value {
    let bindings = if members.is_empty() {
        json!([])
    } else {
        json!([{ "role": role(direct), "members": members }])
    };
    json!({ "bindings": bindings })
}

/// Who may act through the service account of this policy, as `known` says it should be; without that, as it looks.
pub(crate) fn read(policy: &Policy, known: Option<&Trust>) -> Found {
    let all = || {
        policy
            .bindings
            .iter()
            .flat_map(|binding| binding.members.iter().map(move |member| (binding, member)))
    };
    let looks = || {
        let mut plain = all().filter(|(binding, _)| binding.condition.is_none());
        plain.find_map(|(binding, member)| {
            let direct = match binding.role.as_str() {
                USER => false,
                TOKEN_CREATOR => true,
                _ => return None,
            };
            Some(Trust::Gke {
                pool: workload(member)?.pool,
                direct,
            })
        })
    };
    let Some(Trust::Gke { pool, direct }) = known.cloned().or_else(looks) else {
        return Found::default();
    };
    let mut found = Found::default();
    for (binding, member) in all() {
        let Some(workload) = workload(member).filter(|workload| workload.pool == pool) else {
            continue;
        };
        match workload.subject {
            Some(subject) if binding.role == role(direct) && binding.condition.is_none() => {
                found.subjects.insert(subject);
                found.members.insert(member.clone());
            }
            _ => {
                found.foreign.insert((binding.role.clone(), member.clone()));
            }
        }
    }
    found.trust = Some(Trust::Gke { pool, direct });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "projects/123456789012/locations/global/workloadIdentityPools/acme";

    fn pools() -> [(WorkloadPool, bool, &'static str); 4] {
        let gke = || "acme-prod.svc.id.goog".parse().unwrap();
        let other = || FULL.parse().unwrap();
        [
            (
                gke(),
                false,
                "serviceAccount:acme-prod.svc.id.goog[union/executor]",
            ),
            (
                gke(),
                true,
                "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/acme-prod.svc.id.goog/subject/ns/union/sa/executor",
            ),
            (
                other(),
                false,
                "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/acme/subject/system:serviceaccount:union:executor",
            ),
            (
                other(),
                true,
                "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/acme/subject/system:serviceaccount:union:executor",
            ),
        ]
    }

    #[test]
    fn members_are_read_as_they_are_written() {
        let subject = Subject::new("union", "executor").unwrap();
        for (pool, direct, text) in pools() {
            assert_eq!(member(&pool, direct, "123456789012", &subject), text);
            assert_eq!(
                workload(text),
                Some(Workload {
                    pool,
                    subject: Some(subject.clone())
                })
            );
        }
    }

    #[test]
    fn subjects_that_no_token_could_carry_are_refused() {
        let name = format!("{}.{}", "a".repeat(49), "b".repeat(49));
        let fits = Subject::new("union", &name).unwrap();
        assert_eq!(fits.to_string().len(), LONGEST_SUBJECT);
        let long = Subject::new("unions", &name).unwrap();
        for (pool, _, _) in pools() {
            assert_eq!(check(&pool, &[fits.clone()].into()), None);
            let refused = check(&pool, &[fits.clone(), long.clone()].into());
            assert_eq!(
                refused.is_some_and(|refusal| refusal.field == "subjects"),
                !pool.as_str().ends_with(GKE),
                "{pool}"
            );
        }
    }

    #[test]
    fn a_whole_namespace_is_no_subject_but_belongs_to_the_pool() {
        let all = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/acme-prod.svc.id.goog/namespace/union";
        let found = workload(all).unwrap();
        assert_eq!(
            (found.pool.as_str(), found.subject),
            ("acme-prod.svc.id.goog", None)
        );
        for other in [
            "user:a@acme.com",
            "serviceAccount:a@acme-prod.iam.gserviceaccount.com",
            "principal://goog/subject/a@acme.com",
            "deleted:serviceAccount:a@b?uid=1",
        ] {
            assert_eq!(workload(other), None, "{other}");
        }
    }

    #[test]
    fn others_of_the_pool_are_foreign_and_people_are_left_alone() {
        let policy: Policy = serde_json::from_str(
            r#"{"bindings":[
                {"role":"roles/iam.workloadIdentityUser","members":["serviceAccount:acme-prod.svc.id.goog[union/executor]","serviceAccount:other.svc.id.goog[x/y]","user:a@acme.com","principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/acme-prod.svc.id.goog/namespace/union"]},
                {"role":"roles/iam.serviceAccountTokenCreator","members":["serviceAccount:acme-prod.svc.id.goog[union/proxy]"]}]}"#,
        )
        .unwrap();
        for known in [
            None,
            Some(Trust::Gke {
                pool: "acme-prod.svc.id.goog".parse().unwrap(),
                direct: false,
            }),
        ] {
            let found = read(&policy, known.as_ref());
            assert_eq!(
                found.subjects,
                [Subject::new("union", "executor").unwrap()].into()
            );
            assert_eq!(found.foreign.len(), 2, "{:?}", found.foreign);
            assert_eq!(
                found.trust,
                Some(Trust::Gke {
                    pool: "acme-prod.svc.id.goog".parse().unwrap(),
                    direct: false
                })
            );
        }
        assert!(read(&Policy::default(), None).trust.is_none());
    }
}
