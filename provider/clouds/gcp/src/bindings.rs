//! The bindings of one role: as a document, out of a document, and out of the policies that they were found in.

use std::collections::{BTreeMap, BTreeSet};

use clouds::policies::PolicyDocument;
use clouds::roles::ForeignPolicy;
use serde_json::{Map, Value, json};

use crate::policies::{Condition, Grant, Policy, Resource};

/// What makes two grants the same.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key<'g>(
    &'g Resource,
    &'g str,
    Option<&'g Condition>,
    Option<&'g BTreeSet<String>>,
);

impl<'g> Key<'g> {
    pub(crate) fn of(grant: &'g Grant) -> Self {
        Self(
            &grant.resource,
            &grant.role,
            grant.condition.as_ref(),
            Some(&grant.members),
        )
    }

    fn without_members(grant: &'g Grant) -> Self {
        Self(&grant.resource, &grant.role, grant.condition.as_ref(), None)
    }
}

/// `{"bindings": [{"resource", "role", "condition", "members"}]}`. Members are only told where they are not the service
/// account alone.
pub(crate) fn document(grants: &[Grant], direct: bool) -> PolicyDocument {
    let binding = |grant: &Grant| {
        let mut binding = Map::from_iter([
            ("resource".to_owned(), json!(grant.resource.to_string())),
            ("role".to_owned(), json!(grant.role)),
        ]);
        if let Some(condition) = &grant.condition {
            binding.insert("condition".to_owned(), json!(condition));
        }
        if direct {
            binding.insert("members".to_owned(), json!(grant.members));
        }
        Value::Object(binding)
    };
    PolicyDocument::new(json!({ "bindings": grants.iter().map(binding).collect::<Vec<_>>() }))
}

/// The grants of a document that `document` made; `account` is the member where none is told.
pub(crate) fn read(document: Option<&PolicyDocument>, account: &str) -> Vec<Grant> {
    let Some(document) = document else {
        return Vec::new();
    };
    let grant = |binding: &Value| {
        let members: BTreeSet<_> = many(&binding["members"])
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        Some(Grant {
            resource: binding["resource"].as_str()?.parse().ok()?,
            role: binding["role"].as_str()?.to_owned(),
            condition: serde_json::from_value(binding["condition"].clone())
                .ok()
                .flatten(),
            members: if members.is_empty() {
                [account.to_owned()].into()
            } else {
                members
            },
        })
    };
    let mut grants: Vec<_> = many(&document.value()["bindings"])
        .filter_map(grant)
        .collect();
    grants.sort();
    grants
}

/// Canonical documents write a list of one as the one.
fn many(value: &Value) -> impl Iterator<Item = &Value> {
    let (list, one) = match value {
        Value::Array(list) => (&list[..], None),
        Value::Null => (&[][..], None),
        one => (&[][..], Some(one)),
    };
    list.iter().chain(one)
}

/// All members that have something by these grants, and the service account.
pub(crate) fn members(grants: &[Grant], account: String) -> BTreeSet<String> {
    grants
        .iter()
        .flat_map(|grant| grant.members.iter().cloned())
        .chain([account])
        .collect()
}

pub(crate) fn by_resource(grants: &[Grant]) -> BTreeMap<Resource, Vec<Grant>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for grant in grants {
        all.entry(grant.resource.clone())
            .or_default()
            .push(grant.clone());
    }
    all
}

/// What our members have by these policies: what is among the wanted, and what is not.
pub(crate) fn split(
    policies: &[(Resource, Policy)],
    ours: &BTreeSet<String>,
    wanted: &[Grant],
) -> (Vec<Grant>, Vec<Grant>) {
    let mut found: BTreeMap<(Resource, String, Option<Condition>), BTreeSet<String>> =
        BTreeMap::new();
    for (resource, policy) in policies {
        for binding in &policy.bindings {
            let mut members = binding
                .members
                .iter()
                .filter(|member| ours.contains(*member))
                .peekable();
            if members.peek().is_some() {
                let key = (
                    resource.clone(),
                    binding.role.clone(),
                    binding.condition.clone(),
                );
                found.entry(key).or_default().extend(members.cloned());
            }
        }
    }
    let grants = found
        .into_iter()
        .map(|((resource, role, condition), members)| Grant {
            resource,
            role,
            condition,
            members,
        });
    let keys: BTreeSet<_> = wanted.iter().map(Key::without_members).collect();
    grants.partition(|grant| keys.contains(&Key::without_members(grant)))
}

/// Something that our members have and should not, in words that say where it lies.
pub(crate) fn foreign(
    role: &str,
    resource: &Resource,
    condition: Option<&Condition>,
    member: Option<&str>,
) -> ForeignPolicy {
    let to = member
        .map(|member| format!(" for {member}"))
        .unwrap_or_default();
    let when = condition
        .map(|condition| format!(" when {}", condition.expression))
        .unwrap_or_default();
    ForeignPolicy::Attached(format!("{role} on {resource}{to}{when}"))
}

/// What is left in these policies of service accounts that were deleted, whose members begin so.
pub(crate) fn left(policies: &[(Resource, Policy)], gone: &str) -> Vec<ForeignPolicy> {
    let mut all = Vec::new();
    for (resource, policy) in policies {
        for binding in &policy.bindings {
            let members = binding.members.iter();
            all.extend(
                members
                    .filter(|member| member.starts_with(gone))
                    .map(|member| {
                        foreign(
                            &binding.role,
                            resource,
                            binding.condition.as_ref(),
                            Some(member),
                        )
                    }),
            );
        }
    }
    all
}

/// Where those lie.
pub(crate) fn of_foreign(policies: &BTreeSet<ForeignPolicy>) -> BTreeSet<Resource> {
    let place = |policy: &ForeignPolicy| {
        let (ForeignPolicy::Attached(text) | ForeignPolicy::Inline(text)) = policy;
        text.split_once(" on ")?.1.split(' ').next()?.parse().ok()
    };
    policies.iter().filter_map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "serviceAccount:a@p.iam.gserviceaccount.com";

    fn grant(role: &str, expression: Option<&str>) -> Grant {
        Grant {
            resource: "projects/_/buckets/acme".parse().unwrap(),
            role: role.to_owned(),
            condition: expression.map(|text| Condition::new("dataplane: x", text.to_owned())),
            members: [OURS.to_owned()].into(),
        }
    }

    #[test]
    fn documents_are_read_as_they_were_written() {
        let one = vec![grant("roles/a", None)];
        let mut two = vec![grant("roles/a", None), grant("roles/b", Some("true"))];
        for (grants, direct) in [(&one, false), (&two, false), (&one, true)] {
            assert_eq!(read(Some(&document(grants, direct)), OURS), *grants);
        }
        two[0].members.insert("principal://x".into());
        assert_eq!(read(Some(&document(&two, true)), OURS), two);
        assert!(read(None, OURS).is_empty());
    }

    #[test]
    fn more_than_was_wanted_is_foreign_and_says_where_it_lies() {
        let policy: Policy = serde_json::from_value(json!({ "bindings": [
            { "role": "roles/a", "members": [OURS, "user:x@acme.com"] },
            { "role": "roles/storage.admin", "members": [OURS] },
            { "role": "roles/owner", "members": ["user:x@acme.com"] },
        ]}))
        .unwrap();
        let resource: Resource = "projects/_/buckets/acme".parse().unwrap();
        let wanted = [grant("roles/a", None)];
        let (given, others) = split(
            &[(resource.clone(), policy)],
            &[OURS.to_owned()].into(),
            &wanted,
        );
        assert_eq!(given, wanted);
        let foreign = foreign(
            &others[0].role,
            &others[0].resource,
            Some(&Condition::new("t", "request.time < x".into())),
            None,
        );
        assert_eq!(
            foreign.to_string(),
            "attached policy roles/storage.admin on projects/_/buckets/acme when request.time < x"
        );
        assert_eq!(of_foreign(&[foreign].into()), [resource].into());
    }
}
