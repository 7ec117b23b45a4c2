//! What the modules for AWS need beside what they make with this provider: the actions of their resources of other providers.

mod resources;

use std::collections::{BTreeMap, BTreeSet};

use clouds::Result;
use clouds::account::{Managed, Module, Operation, Within};
use serde_json::{Value, json};

use super::caller::{Reach, resources as named, statements_of};
use super::calls::On;
use super::keys;
use crate::error::invalid;
use crate::session::Scope;

use resources::{RESOURCES, Resource};

/// What the roles of clusters and nodes get of AWS's own policies: with no condition it would be a way to any right of the account.
const ATTACHED: [&str; 4] = [
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEKSClusterPolicy",
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
];

/// Instances are tagged as they are started, also those that a change of their group starts.
const LAUNCH: &str = "ec2:RunInstances";

/// What a module makes with this provider.
pub(crate) fn made_by(module: Module) -> BTreeSet<Managed> {
    match module {
        Module::DataPlane => BTreeSet::from([
            Managed::Buckets,
            Managed::IdentityProviders,
            Managed::Roles,
            Managed::Registries,
            Managed::LogGroups,
            Managed::Secrets,
        ]),
        Module::Network | Module::Cluster | Module::VendorAccess => BTreeSet::new(),
        Module::PrivateApi | Module::Sovereign => BTreeSet::from([Managed::PrivateServices]),
        Module::Endpoints | Module::PrivateApiConsumer => {
            BTreeSet::from([Managed::PrivateEndpoints])
        }
    }
}

/// Types of resources, and of data sources, that a module holds.
fn types(module: Module) -> &'static [&'static str] {
    match module {
        Module::DataPlane | Module::Endpoints => &[],
        Module::Network => &[
            "aws_cloudwatch_log_group",
            "aws_default_security_group",
            "aws_eip",
            "aws_flow_log",
            "aws_iam_role",
            "aws_iam_role_policy",
            "aws_internet_gateway",
            "aws_nat_gateway",
            "aws_route",
            "aws_route_table",
            "aws_route_table_association",
            "aws_security_group",
            "aws_subnet",
            "aws_vpc",
            "aws_vpc_security_group_ingress_rule",
        ],
        Module::Cluster => &[
            "aws_cloudwatch_log_group",
            "aws_eks_access_entry",
            "aws_eks_access_policy_association",
            "aws_eks_addon",
            "aws_eks_cluster",
            "aws_eks_node_group",
            "aws_iam_role",
            "aws_iam_role_policy_attachment",
            "aws_kms_key",
            "aws_launch_template",
            "aws_security_group",
            "aws_vpc_security_group_egress_rule",
            "aws_vpc_security_group_ingress_rule",
        ],
        Module::PrivateApi => &[
            "archive_file",
            "aws_cloudwatch_event_rule",
            "aws_cloudwatch_event_target",
            "aws_cloudwatch_log_group",
            "aws_cloudwatch_log_metric_filter",
            "aws_cloudwatch_metric_alarm",
            "aws_iam_role",
            "aws_iam_role_policy",
            "aws_lambda_function",
            "aws_lambda_invocation",
            "aws_lambda_permission",
            "aws_lb",
            "aws_lb_listener",
            "aws_lb_target_group",
            "aws_security_group",
            "aws_vpc_security_group_egress_rule",
            "aws_vpc_security_group_ingress_rule",
        ],
        Module::PrivateApiConsumer => &[
            "aws_route53_record",
            "aws_route53_zone",
            "aws_security_group",
            "aws_vpc_security_group_ingress_rule",
        ],
        Module::VendorAccess => &[
            "aws_caller_identity",
            "aws_eks_access_entry",
            "aws_eks_access_policy_association",
            "aws_iam_policy",
            "aws_iam_role",
            "aws_iam_role_policy",
            "aws_iam_roles",
            "aws_partition",
        ],
        Module::Sovereign => &[
            "aws_security_group",
            "aws_vpc_security_group_egress_rule",
            "aws_vpc_security_group_ingress_rule",
        ],
    }
}

/// What a statement is about. Its name is the statement's, after `Module`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Listed,
    Ec2,
    Ec2Tags,
    Instances,
    Clusters,
    Roles,
    Attached,
    Passed,
    Linked,
    Policies,
    Keys,
    NewKeys,
    LogGroups,
    LogGroupList,
    Balancers,
    Functions,
    Rules,
    Alarms,
    Zones,
    Changes,
}

/// Actions that take no objects: lists, and what makes objects that go by ids.
fn at(of: &Resource, action: &str) -> At {
    let (service, verb) = action.split_once(':').unwrap_or((action, ""));
    match (service, verb) {
        ("ec2" | "elasticloadbalancing", verb) if verb.starts_with("Describe") => At::Listed,
        ("route53", "CreateHostedZone") | ("iam", "ListRoles") => At::Listed,
        ("ec2", "RunInstances") => At::Instances,
        ("ec2", _) => At::Ec2,
        ("elasticloadbalancing", _) => At::Balancers,
        ("eks", _) => At::Clusters,
        ("iam", "PassRole") => At::Passed,
        ("iam", "CreateServiceLinkedRole") => At::Linked,
        ("iam", "AttachRolePolicy" | "DetachRolePolicy") => At::Attached,
        ("iam", _) if of.name == "aws_iam_policy" => At::Policies,
        ("iam", _) => At::Roles,
        ("kms", "CreateKey") => At::NewKeys,
        ("kms", _) => At::Keys,
        ("logs", "DescribeLogGroups") => At::LogGroupList,
        ("logs", _) => At::LogGroups,
        ("lambda", _) => At::Functions,
        ("events", _) => At::Rules,
        ("cloudwatch", _) => At::Alarms,
        ("route53", "GetChange") => At::Changes,
        _ => At::Zones,
    }
}

/// The actions of one statement, and what of its resources and conditions they say.
#[derive(Default)]
struct Gathered {
    actions: BTreeSet<&'static str>,
    ec2: BTreeSet<&'static str>,
    services: BTreeSet<&'static str>,
}

/// What the resources of other providers in these modules take.
pub(super) fn statements(
    scope: &Scope,
    modules: &BTreeSet<Module>,
    operations: &BTreeSet<Operation>,
    within: &Within,
) -> Result<Vec<Value>> {
    let held: BTreeSet<&str> = modules
        .iter()
        .flat_map(|module| types(*module))
        .copied()
        .collect();
    let mut by_place: BTreeMap<At, Gathered> = BTreeMap::new();
    for resource in RESOURCES.iter().filter(|of| held.contains(of.name)) {
        for operation in operations {
            for action in resource.actions(*operation) {
                gather(&mut by_place, resource, at(resource, action), action);
            }
            let launches = resource.actions(*operation).any(|action| action == LAUNCH);
            let makes = *operation == Operation::Create || launches;
            if makes && !resource.ec2.is_empty() {
                gather(&mut by_place, resource, At::Ec2Tags, "ec2:CreateTags");
            }
        }
    }
    let mut statements = Vec::new();
    for (place, gathered) in &by_place {
        let reaches = reaches(*place, gathered, scope, within)?;
        let name = format!("Module{place:?}");
        statements.extend(statements_of(&name, &gathered.actions, reaches));
    }
    Ok(statements)
}

fn gather(by_place: &mut BTreeMap<At, Gathered>, of: &Resource, place: At, action: &'static str) {
    let gathered = by_place.entry(place).or_default();
    gathered.actions.insert(action);
    gathered.ec2.extend(of.ec2.split_whitespace());
    let services = match place {
        At::Passed => of.passes,
        At::Linked => of.linked,
        _ => "",
    };
    gathered.services.extend(services.split_whitespace());
}

/// Nothing where `within` leaves nothing.
fn reaches(place: At, gathered: &Gathered, scope: &Scope, within: &Within) -> Result<Vec<Reach>> {
    let Scope {
        partition,
        region,
        account,
    } = scope;
    if place == At::Keys {
        return key_reaches(scope, within);
    }
    if place == At::NewKeys && within.kms_keys.is_some() {
        return Ok(Vec::new());
    }
    let here = |service: &str, kinds: &[&str]| -> BTreeSet<String> {
        let before = format!("arn:{partition}:{service}:{region}:{account}");
        kinds
            .iter()
            .map(|kind| format!("{before}:{kind}"))
            .collect()
    };
    let of_ec2 = || -> BTreeSet<String> {
        let kinds: Vec<_> = gathered
            .ec2
            .iter()
            .map(|kind| format!("{kind}/*"))
            .collect();
        here("ec2", &kinds.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let resources = match place {
        // These calls know no objects, or make what goes by an id.
        At::Listed | At::NewKeys => BTreeSet::from(["*".to_owned()]),
        At::Ec2 | At::Ec2Tags => of_ec2(),
        At::Instances => {
            let mut all = of_ec2();
            all.insert(format!("arn:{partition}:ec2:{region}::image/*"));
            all
        }
        At::Clusters => clusters(scope, within),
        At::Roles | At::Attached | At::Passed => named(On::Roles, scope, within),
        At::Linked => {
            let before = format!("arn:{partition}:iam::{account}:role/aws-service-role");
            let services = gathered.services.iter();
            services
                .map(|service| format!("{before}/{service}/*"))
                .collect()
        }
        At::Policies => BTreeSet::from([format!("arn:{partition}:iam::{account}:policy/*")]),
        At::LogGroups => named(On::LogGroups, scope, within),
        At::LogGroupList => named(On::LogGroupList, scope, within),
        At::Balancers => here(
            "elasticloadbalancing",
            &["listener/net/*", "loadbalancer/net/*", "targetgroup/*"],
        ),
        At::Functions => here("lambda", &["function:*"]),
        At::Rules => here("events", &["rule/*"]),
        At::Alarms => here("cloudwatch", &["alarm:*"]),
        At::Zones => BTreeSet::from([format!("arn:{partition}:route53:::hostedzone/*")]),
        At::Changes => BTreeSet::from([format!("arn:{partition}:route53:::change/*")]),
        At::Keys => BTreeSet::new(),
    };
    if resources.is_empty() {
        return Ok(Vec::new());
    }
    let condition = match place {
        At::Ec2Tags => json!({ "Null": { "ec2:CreateAction": "false" } }),
        At::Passed => json!({ "StringEquals": { "iam:PassedToService": gathered.services } }),
        At::Linked => json!({ "StringEquals": { "iam:AWSServiceName": gathered.services } }),
        At::Attached => {
            let policies = ATTACHED.map(|name| format!("arn:{partition}:iam::aws:policy/{name}"));
            json!({ "ArnEquals": { "iam:PolicyARN": policies } })
        }
        _ => Value::Null,
    };
    Ok(vec![Reach {
        resources,
        condition,
    }])
}

/// Clusters and what is in them, by the names of clusters.
fn clusters(scope: &Scope, within: &Within) -> BTreeSet<String> {
    let Scope {
        partition,
        region,
        account,
    } = scope;
    let eks = format!("arn:{partition}:eks:{region}:{account}");
    let of_name = |name: &str| {
        let each = if name.ends_with('*') { "" } else { "/*" };
        [
            format!("{eks}:cluster/{name}"),
            format!("{eks}:access-entry/{name}{each}"),
            format!("{eks}:addon/{name}{each}"),
            format!("{eks}:nodegroup/{name}{each}"),
        ]
    };
    match within.names.get(&Managed::Clusters) {
        Some(names) => names
            .iter()
            .flat_map(|name| of_name(name.as_str()))
            .collect(),
        None => of_name("*").into(),
    }
}

/// Where keys are named, the modules are given one of them, and make none.
fn key_reaches(scope: &Scope, within: &Within) -> Result<Vec<Reach>> {
    let Some(named) = &within.kms_keys else {
        return Ok(vec![Reach {
            resources: BTreeSet::from([keys::arn(scope, "*")]),
            condition: Value::Null,
        }]);
    };
    let reaches = named.iter().map(|key| {
        let named = keys::named(scope, key)
            .map_err(|why| invalid("iam:CreatePolicy", "the policy of the caller", why))?;
        Ok(Reach {
            resources: BTreeSet::from([named.resource]),
            condition: named.condition,
        })
    });
    reaches.collect()
}

#[cfg(test)]
mod tests;
