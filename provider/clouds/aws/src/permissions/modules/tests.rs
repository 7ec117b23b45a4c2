//! The tables against the modules' HCL, and what is printed for each.

use std::fs;
use std::path::Path;

use clouds::conformance::modules;
use clouds::policies::PolicyDocument;

use super::super::caller::{granted, required};
use super::super::{length, tests::scope};
use super::resources::SILENT;
use super::*;
use clouds::account::Access;

const MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../modules/aws");

fn of(module: Module, operations: &[Operation], within: &Within) -> PolicyDocument {
    let operations = operations.iter().copied().collect();
    let policy = required(
        &scope(),
        &made_by(module),
        &[module].into(),
        &operations,
        within,
    );
    policy.unwrap()
}

fn statement(policy: &PolicyDocument, sid: &str) -> Option<Value> {
    let statements = policy.statements();
    let mut statements = statements.as_slice().iter();
    statements.find(|one| one["Sid"] == sid).cloned()
}

#[test]
fn the_tables_are_of_what_the_modules_hold() {
    let has = |of: &str, operation| {
        let silent = |(name, operations): &(&str, &[Operation])| {
            *name == of && operations.contains(&operation)
        };
        let row = RESOURCES.iter().find(|resource| resource.name == of);
        let has = row.is_some_and(|row| row.actions(operation).next().is_some());
        has != SILENT.iter().any(silent)
    };
    modules::suite(
        Path::new(MODULES),
        |module| Some(made_by(module)),
        |module| types(module).iter().copied().collect(),
        has,
    );
    let held: BTreeSet<_> = Module::ALL.into_iter().flat_map(types).copied().collect();
    let rows: BTreeSet<_> = RESOURCES.iter().map(|resource| resource.name).collect();
    assert_eq!(rows, held, "no row is of what no module holds");
    assert_eq!(rows.len(), RESOURCES.len());
}

#[test]
fn policies_that_may_be_attached_are_those_that_the_module_attaches() {
    let folder = Path::new(MODULES).join("cluster");
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "tf") {
            text += &fs::read_to_string(path).unwrap();
        }
    }
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let attached: BTreeSet<_> = words
        .filter(|word| word.starts_with("AmazonE") && !word.ends_with("AdminPolicy"))
        .collect();
    assert_eq!(attached, ATTACHED.into());
}

#[test]
fn each_module_has_a_policy_that_iam_takes() {
    for module in Module::ALL {
        let all = of(module, &Operation::ALL, &Within::default());
        let of_all = all.statements();
        let named = |one: &Value| one["Sid"].is_string();
        assert!(
            of_all.as_slice().iter().all(named),
            "{module}: {}",
            length(&all)
        );
        let within = Within {
            owners: ["a".repeat(63).parse().unwrap()].into(),
            ..Within::default()
        };
        for access in Access::ALL {
            let given = granted(
                &scope(),
                access,
                &made_by(module),
                &[module].into(),
                &within,
            );
            assert!(given.is_ok(), "{module} {access:?}: {given:?}");
        }
        of(module, &Operation::ALL, &within);
    }
}

#[test]
fn reading_changes_nothing_and_each_list_is_of_actions() {
    for resource in &RESOURCES {
        for operation in Operation::ALL {
            for action in resource.actions(operation) {
                let (service, verb) = action.split_once(':').unwrap();
                let form = service
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
                    && verb.chars().all(|c| c.is_ascii_alphanumeric());
                assert!(form, "{action}");
                let reads = ["Describe", "Get", "List"];
                if operation == Operation::Read {
                    assert!(reads.iter().any(|read| verb.starts_with(read)), "{action}");
                }
            }
        }
    }
}

#[test]
fn roles_are_given_to_the_services_of_the_module_only() {
    let services = |module| {
        let policy = of(module, &[Operation::Create], &Within::default());
        let passed = statement(&policy, "ModulePassed");
        passed.map(|one| one["Condition"]["StringEquals"]["iam:PassedToService"].clone())
    };
    assert_eq!(
        services(Module::Cluster),
        Some(json!(["ec2.amazonaws.com", "eks.amazonaws.com"]))
    );
    assert_eq!(
        services(Module::Network),
        Some(json!("vpc-flow-logs.amazonaws.com"))
    );
    assert_eq!(
        services(Module::PrivateApi),
        Some(json!("lambda.amazonaws.com"))
    );
    assert_eq!(services(Module::Sovereign), None);
    for module in Module::ALL {
        let all = of(module, &Operation::ALL, &Within::default());
        for one in all.statements().as_slice() {
            if one["Action"].to_string().contains("iam:PassRole") {
                assert!(one["Condition"].is_object(), "{module}: {one}");
            }
        }
    }
}

#[test]
fn a_role_gets_no_policy_but_those_of_clusters_and_nodes() {
    let policy = of(Module::Cluster, &Operation::ALL, &Within::default());
    let attached = statement(&policy, "ModuleAttached").unwrap();
    assert_eq!(
        attached["Action"],
        json!(["iam:AttachRolePolicy", "iam:DetachRolePolicy"])
    );
    let policies = attached["Condition"]["ArnEquals"]["iam:PolicyARN"].to_string();
    assert!(policies.contains("arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"));
    assert!(!policies.contains('*'), "{policies}");
}

/// Else whoever runs a module could mark another's endpoint, and then change and delete it.
#[test]
fn no_module_tags_endpoints_but_by_their_own_rows() {
    for module in Module::ALL {
        let all = of(module, &Operation::ALL, &Within::default());
        for one in all.statements().as_slice() {
            let of_module = one["Sid"].as_str().unwrap().starts_with("Module");
            let actions = one["Action"].to_string();
            let tags = actions.contains(":CreateTags") || actions.contains(":DeleteTags");
            if of_module && tags {
                let resources = one["Resource"].to_string();
                assert!(!resources.contains("vpc-endpoint"), "{module}: {one}");
                assert_ne!(one["Resource"], "*", "{module}: {one}");
            }
        }
    }
}

#[test]
fn what_starts_instances_may_tag_them_then() {
    let tags = |operation| {
        let policy = of(Module::Cluster, &[operation], &Within::default());
        statement(&policy, "ModuleEc2Tags")
    };
    for operation in [Operation::Create, Operation::Update] {
        let tags = tags(operation).unwrap();
        assert!(
            tags["Resource"].to_string().contains(":instance/*"),
            "{tags}"
        );
        assert_eq!(
            tags["Condition"],
            json!({ "Null": { "ec2:CreateAction": "false" } })
        );
    }
    assert_eq!(tags(Operation::Delete), None);
}

#[test]
fn names_narrow_what_goes_by_a_name() {
    let names = |name: &str| [name.parse().unwrap()].into();
    let within = Within {
        names: [
            (Managed::Clusters, names("prod")),
            (Managed::Roles, names("prod-*")),
            (Managed::LogGroups, names("/aws/eks/prod/cluster")),
        ]
        .into(),
        kms_keys: Some(["alias/prod".parse().unwrap()].into()),
        owners: BTreeSet::new(),
    };
    let policy = of(Module::Cluster, &Operation::ALL, &within);
    let resource = |sid: &str| statement(&policy, sid).unwrap()["Resource"].clone();
    assert_eq!(
        resource("ModuleClusters"),
        json!([
            "arn:aws:eks:eu-west-1:123456789012:access-entry/prod/*",
            "arn:aws:eks:eu-west-1:123456789012:addon/prod/*",
            "arn:aws:eks:eu-west-1:123456789012:cluster/prod",
            "arn:aws:eks:eu-west-1:123456789012:nodegroup/prod/*"
        ])
    );
    for sid in ["ModuleRoles", "ModulePassed", "ModuleAttached"] {
        assert_eq!(resource(sid), "arn:aws:iam::123456789012:role/prod-*");
    }
    assert!(
        resource("ModuleLogGroups")
            .to_string()
            .contains("/aws/eks/prod/cluster")
    );
    let keys = statement(&policy, "ModuleKeys").unwrap();
    assert_eq!(
        keys["Condition"],
        json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/prod" } })
    );
    assert_eq!(statement(&policy, "ModuleNewKeys"), None, "it is given one");
    let wide = of(Module::Cluster, &Operation::ALL, &Within::default());
    assert!(statement(&wide, "ModuleNewKeys").is_some());
}

#[test]
fn it_is_by_what_is_done() {
    let reading = of(Module::Network, &[Operation::Read], &Within::default()).to_string();
    assert!(
        reading.contains("ec2:DescribeVpcs") && !reading.contains("ec2:Create"),
        "{reading}"
    );
    let deleting = of(Module::Network, &[Operation::Delete], &Within::default()).to_string();
    assert!(
        deleting.contains("ec2:DeleteVpc") && !deleting.contains("PassRole"),
        "{deleting}"
    );
}
