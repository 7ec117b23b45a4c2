//! Which permissions our own calls take, as a custom role.
//!
//! A role has no objects in it: what it is narrowed to is the condition of its binding, which stands beside it. Creating
//! is asked of the project, where no name can be a condition, and service accounts and pools are known to conditions by
//! other names than those that they are given: these stay wide, and the condition says which names it is about.

use std::collections::BTreeSet;

use clouds::account::{Access, Managed, Module, NamePattern, Operation, Within};
use clouds::error::Call;
use clouds::policies::PolicyDocument;
use clouds::{Error, Result};
use serde_json::json;

use super::{connectivity, modules};
use crate::policies::Condition;
use crate::session::Scope;

/// A condition holds no more logical operators.
const MOST_OPERATORS: usize = 12;

/// The policies that a role's bindings are kept in: read, and written.
const READ_POLICIES: &[&str] = &[
    "artifactregistry.repositories.getIamPolicy",
    "iam.serviceAccounts.getIamPolicy",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "storage.buckets.getIamPolicy",
];
const WRITE_POLICIES: &[&str] = &[
    "artifactregistry.repositories.setIamPolicy",
    "iam.serviceAccounts.setIamPolicy",
    "resourcemanager.projects.setIamPolicy",
    "storage.buckets.setIamPolicy",
];

/// A cluster's DNS endpoint asks for it before the API server is reached.
const CONNECT: &str = "container.clusters.connect";

/// By what is managed and what is done. A create or an update also reads.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn permissions(managed: Managed, operation: Operation) -> &'static [&'static [&'static str]] {
    use Managed::{
        Buckets, Clusters, IdentityProviders, LogGroups, PrivateEndpoints, PrivateServices,
        Registries, Roles, Secrets,
    };
    use Operation::{Create, Delete, Read, Update};
    match (managed, operation) {
        // What keeps a bucket from being public counts as a part of its policy.
        (Buckets, Create) => &[&[
            "storage.buckets.create",
            "storage.buckets.get",
            "storage.buckets.setIamPolicy",
            "storage.buckets.update",
        ]],
        (Buckets, Read) => &[&["storage.buckets.get"]],
        (Buckets, Update) => &[&[
            "storage.buckets.get",
            "storage.buckets.setIamPolicy",
            "storage.buckets.update",
        ]],
        (Buckets, Delete) => &[&[
            "storage.buckets.delete",
            "storage.buckets.get",
            "storage.objects.delete",
            "storage.objects.list",
        ]],
        (IdentityProviders, Create) => &[&[
            "iam.workloadIdentityPoolProviders.create",
            "iam.workloadIdentityPoolProviders.get",
            "iam.workloadIdentityPoolProviders.undelete",
            "iam.workloadIdentityPoolProviders.update",
            "iam.workloadIdentityPools.create",
            "iam.workloadIdentityPools.get",
            "iam.workloadIdentityPools.undelete",
            "iam.workloadIdentityPools.update",
        ]],
        (IdentityProviders, Read) => &[&[
            "iam.workloadIdentityPoolProviders.get",
            "iam.workloadIdentityPools.get",
        ]],
        (IdentityProviders, Update) => &[&[
            "iam.workloadIdentityPoolProviders.get",
            "iam.workloadIdentityPoolProviders.update",
            "iam.workloadIdentityPools.get",
            "iam.workloadIdentityPools.update",
        ]],
        (IdentityProviders, Delete) => &[&[
            "iam.workloadIdentityPools.delete",
            "iam.workloadIdentityPools.get",
        ]],
        (Roles, Create) => &[
            READ_POLICIES,
            WRITE_POLICIES,
            &[
                "iam.serviceAccounts.create",
                "iam.serviceAccounts.get",
                "iam.serviceAccounts.update",
            ],
        ],
        (Roles, Read) => &[READ_POLICIES, &["iam.serviceAccounts.get"]],
        (Roles, Update) => &[
            READ_POLICIES,
            WRITE_POLICIES,
            &[
                "iam.serviceAccounts.enable",
                "iam.serviceAccounts.get",
                "iam.serviceAccounts.update",
            ],
        ],
        (Roles, Delete) => &[
            READ_POLICIES,
            WRITE_POLICIES,
            &["iam.serviceAccounts.delete", "iam.serviceAccounts.get"],
        ],
        (Registries, Create) => &[&[
            "artifactregistry.repositories.create",
            "artifactregistry.repositories.get",
            "artifactregistry.repositories.update",
        ]],
        (Registries, Read) => &[&["artifactregistry.repositories.get"]],
        (Registries, Update) => &[&[
            "artifactregistry.repositories.get",
            "artifactregistry.repositories.update",
        ]],
        (Registries, Delete) => &[&[
            "artifactregistry.dockerimages.list",
            "artifactregistry.repositories.delete",
            "artifactregistry.repositories.get",
        ]],
        (LogGroups, Create) => &[&[
            "logging.buckets.create",
            "logging.buckets.get",
            "logging.buckets.undelete",
            "logging.buckets.update",
        ]],
        (LogGroups, Read) => &[&["logging.buckets.get"]],
        (LogGroups, Update) => &[&["logging.buckets.get", "logging.buckets.update"]],
        (LogGroups, Delete) => &[&["logging.buckets.delete", "logging.buckets.get"]],
        (Secrets, Create) => &[&[
            "secretmanager.secrets.create",
            "secretmanager.secrets.get",
            "secretmanager.secrets.update",
            "secretmanager.versions.add",
            "secretmanager.versions.get",
        ]],
        (Secrets, Read) => &[&["secretmanager.secrets.get", "secretmanager.versions.get"]],
        (Secrets, Update) => &[&[
            "secretmanager.secrets.get",
            "secretmanager.secrets.update",
            "secretmanager.versions.add",
            "secretmanager.versions.get",
        ]],
        (Secrets, Delete) => &[&["secretmanager.secrets.delete", "secretmanager.secrets.get"]],
        (Clusters, Read) => &[&[CONNECT, "container.clusters.get"]],
        (PrivateServices, operation) => connectivity::services(operation),
        (PrivateEndpoints, operation) => connectivity::endpoints(operation),
        // Nothing is called for these.
        (Clusters, Create | Update | Delete) => &[],
    }
}

/// A custom role that holds what these operations take, and nothing else; with the condition to bind it under.
pub(crate) fn required(
    scope: &Scope,
    managed: &BTreeSet<Managed>,
    modules: &BTreeSet<Module>,
    operations: &BTreeSet<Operation>,
    within: &Within,
) -> Result<PolicyDocument> {
    let all = taken(managed, modules, operations);
    role(scope, managed, modules, &all, within)
}

/// What somebody is given who is let in for this. A role of Google Cloud denies nothing.
pub(crate) fn granted(
    scope: &Scope,
    access: Access,
    managed: &BTreeSet<Managed>,
    modules: &BTreeSet<Module>,
    within: &Within,
) -> Result<PolicyDocument> {
    let managed = access.objects(managed);
    let mut all = taken(&managed, modules, &access.operations());
    if access == Access::BreakGlass {
        all.insert(CONNECT);
    }
    role(scope, &managed, modules, &all, within)
}

fn taken(
    managed: &BTreeSet<Managed>,
    modules: &BTreeSet<Module>,
    operations: &BTreeSet<Operation>,
) -> BTreeSet<&'static str> {
    let pairs = managed.iter().flat_map(|managed| {
        operations
            .iter()
            .map(move |operation| (*managed, *operation))
    });
    pairs
        .flat_map(|(managed, operation)| permissions(managed, operation))
        .flat_map(|part| part.iter().copied())
        .chain(modules::taken(modules, operations))
        .collect()
}

fn role(
    scope: &Scope,
    managed: &BTreeSet<Managed>,
    modules: &BTreeSet<Module>,
    all: &BTreeSet<&str>,
    within: &Within,
) -> Result<PolicyDocument> {
    let mut role = json!({ "title": "dataplane", "stage": "GA", "includedPermissions": all });
    let asked = within
        .names
        .iter()
        .filter(|(kind, _)| managed.contains(kind));
    let narrowed: Vec<_> = asked
        .filter_map(|(kind, names)| Some((kind, clause(scope, *kind, names)?, names)))
        .collect();
    let given = given_roles(managed, modules, all);
    if narrowed.is_empty() && given.is_none() {
        return Ok(PolicyDocument::new(role));
    }
    let clauses = narrowed.iter().map(|(_, clause, _)| format!("({clause})"));
    let expression = clauses.chain(given).collect::<Vec<_>>().join(" && ");
    if expression.matches("||").count() + expression.matches("&&").count() > MOST_OPERATORS {
        let because = format!(
            "a condition on these names has more than {MOST_OPERATORS} logical operators: name fewer, or what they begin with"
        );
        return Err(Error::Invalid(Box::new(
            Call::new("resourcemanager.projects.setIamPolicy", &scope.project).because(because),
        )));
    }
    let lists = narrowed.iter().map(|(kind, _, names)| {
        let texts: Vec<_> = names.iter().map(NamePattern::as_str).collect();
        format!("{kind:?} {}", texts.join(" "))
    });
    let description = lists.collect::<Vec<_>>().join(", ");
    role["condition"] = json!(Condition {
        description: (!description.is_empty()).then_some(description),
        ..Condition::new("dataplane", expression)
    });
    Ok(PolicyDocument::new(role))
}

/// Whoever writes the project's policy could give any role: a cluster gives its nodes two. Said where nothing else here writes it.
fn given_roles(
    managed: &BTreeSet<Managed>,
    modules: &BTreeSet<Module>,
    all: &BTreeSet<&str>,
) -> Option<String> {
    let others = [Module::PrivateApi, Module::VendorAccess];
    let alone = modules.contains(&Module::Cluster)
        && !managed.contains(&Managed::Roles)
        && others.iter().all(|other| !modules.contains(other));
    if !alone || !all.contains("resourcemanager.projects.setIamPolicy") {
        return None;
    }
    let roles = modules::NODE_ROLES
        .map(|role| format!("\"{role}\""))
        .join(", ");
    Some(format!(
        "api.getAttribute(\"iam.googleapis.com/modifiedGrantsByRole\", []).hasOnly([{roles}])"
    ))
}

/// True of everything of other services, and of these names; none for what has no name in conditions.
fn clause(scope: &Scope, managed: Managed, names: &BTreeSet<NamePattern>) -> Option<String> {
    let Scope {
        project,
        number,
        region,
    } = scope;
    let (service, before) = match managed {
        Managed::Buckets => ("storage", "projects/_/buckets/".to_owned()),
        Managed::Registries => (
            "artifactregistry",
            format!("projects/{project}/locations/{region}/repositories/"),
        ),
        Managed::LogGroups => (
            "logging",
            format!("projects/{project}/locations/{region}/buckets/"),
        ),
        Managed::Secrets => ("secretmanager", format!("projects/{number}/secrets/")),
        Managed::Roles
        | Managed::IdentityProviders
        | Managed::PrivateServices
        | Managed::PrivateEndpoints
        | Managed::Clusters => return None,
    };
    let of_name = |name: &NamePattern| match name.as_str().split_once('*') {
        Some((start, _)) => format!("resource.name.startsWith(\"{before}{start}\")"),
        // What lies in it, as well.
        None => format!(
            "resource.name == \"{before}{name}\" || resource.name.startsWith(\"{before}{name}/\")"
        ),
    };
    let terms: Vec<_> = names.iter().map(of_name).collect();
    Some(format!(
        "resource.service != \"{service}.googleapis.com\" || {}",
        terms.join(" || ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_have_the_form_of_permissions_and_each_list_is_sorted() {
        for managed in Managed::ALL {
            for operation in Operation::ALL {
                for part in permissions(managed, operation) {
                    assert!(part.is_sorted_by(|a, b| a < b), "{part:?}");
                    assert!(
                        part.iter()
                            .all(|permission| permission.split('.').count() == 3),
                        "{part:?}"
                    );
                }
            }
        }
    }

    fn text(managed: &[Managed], operations: &[Operation], within: &Within) -> String {
        let scope = Scope {
            project: "acme-prod".parse().unwrap(),
            number: "123".into(),
            region: "europe-west4".parse().unwrap(),
        };
        let (managed, operations) = (
            managed.iter().copied().collect(),
            operations.iter().copied().collect(),
        );
        required(&scope, &managed, &[].into(), &operations, within)
            .unwrap()
            .to_string()
    }

    #[test]
    fn names_are_a_condition_of_the_binding() {
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|name| name.parse().unwrap())
                .collect::<BTreeSet<NamePattern>>()
        };
        let within = Within {
            names: [
                (Managed::Buckets, names(&["acme-*"])),
                (Managed::Secrets, names(&["acme-token"])),
                (Managed::Roles, names(&["admin*"])),
            ]
            .into(),
            ..Within::default()
        };
        let said = text(
            &[Managed::Buckets, Managed::Secrets, Managed::Roles],
            &Operation::ALL,
            &within,
        );
        assert!(
            said.contains(r#""description":"Buckets acme-*, Secrets acme-token""#),
            "{said}"
        );
        let expression = concat!(
            r#"(resource.service != \"storage.googleapis.com\" || resource.name.startsWith(\"projects/_/buckets/acme-\")) && "#,
            r#"(resource.service != \"secretmanager.googleapis.com\" || resource.name == \"projects/123/secrets/acme-token\" || resource.name.startsWith(\"projects/123/secrets/acme-token/\"))"#
        );
        assert!(said.contains(expression), "{said}");
    }

    #[test]
    fn a_cluster_gives_its_nodes_their_roles_and_no_others() {
        let of = |modules: &[Module], operation| {
            let scope = Scope {
                project: "acme-prod".parse().unwrap(),
                number: "123".into(),
                region: "europe-west4".parse().unwrap(),
            };
            let modules = modules.iter().copied().collect();
            let operations = [operation].into();
            let role = required(
                &scope,
                &[].into(),
                &modules,
                &operations,
                &Within::default(),
            );
            role.unwrap().value()["condition"]["expression"].clone()
        };
        let expression = of(&[Module::Cluster], Operation::Create);
        let expression = expression.as_str().unwrap();
        assert!(
            expression.starts_with("api.getAttribute(")
                && expression.contains("artifactregistry.reader"),
            "{expression}"
        );
        assert!(of(&[Module::Cluster], Operation::Read).is_null());
        let both = [Module::Cluster, Module::VendorAccess];
        assert!(
            of(&both, Operation::Create).is_null(),
            "which gives roles of its own"
        );
    }

    #[test]
    fn who_breaks_glass_looks_and_gets_into_the_cluster() {
        let of = |access| {
            let scope = Scope {
                project: "acme-prod".parse().unwrap(),
                number: "123".into(),
                region: "europe-west4".parse().unwrap(),
            };
            let role = granted(
                &scope,
                access,
                &[Managed::Buckets].into(),
                &[].into(),
                &Within::default(),
            );
            role.unwrap().value()["includedPermissions"].clone()
        };
        assert_eq!(
            of(Access::BreakGlass),
            json!([
                "container.clusters.connect",
                "container.clusters.get",
                "storage.buckets.get"
            ])
        );
        assert!(!of(Access::Provision).to_string().contains("container."));
    }

    #[test]
    fn reading_changes_nothing() {
        let everything = Within::default();
        let reading = text(&Managed::ALL, &[Operation::Read], &everything);
        for verb in [
            ".create",
            ".set",
            ".delete",
            ".update",
            ".undelete",
            ".add\"",
        ] {
            assert!(!reading.contains(verb), "{verb} in {reading}");
        }
        let buckets = text(&[Managed::Buckets], &Operation::ALL, &everything);
        assert!(
            buckets.contains("storage.buckets.create") && !buckets.contains("iam.serviceAccounts")
        );
    }
}
