//! What whoever runs us needs: the actions of our own calls, on the objects of the account that they are about.

use std::collections::BTreeSet;

use clouds::Result;
use clouds::account::{Access, Managed, Module, NamePattern, Operation, Within};
use clouds::policies::PolicyDocument;
use clouds::tags::OWNER;
use serde_json::{Value, json};

use super::calls::{CALLS, On};
use super::{document, keys, length, modules};
use crate::error::invalid;
use crate::session::Scope;
use crate::trust::POD_IDENTITY;

/// The longest managed policies, in characters without spaces.
const LONGEST_POLICY: usize = 6144;

/// `sts:GetCallerIdentity` needs no grant.
pub(crate) fn required(
    scope: &Scope,
    managed: &BTreeSet<Managed>,
    modules: &BTreeSet<Module>,
    operations: &BTreeSet<Operation>,
    within: &Within,
) -> Result<PolicyDocument> {
    fitting(allowed(scope, managed, modules, operations, within)?)
}

/// What somebody is given who is let in for this.
pub(crate) fn granted(
    scope: &Scope,
    access: Access,
    managed: &BTreeSet<Managed>,
    modules: &BTreeSet<Module>,
    within: &Within,
) -> Result<PolicyDocument> {
    let managed = access.objects(managed);
    let mut statements = allowed(scope, &managed, modules, &access.operations(), within)?;
    if access == Access::BreakGlass {
        // No other policy of the role, nor one of a bucket, a key or a secret, adds an action to it.
        let actions: BTreeSet<&str> = statements.iter().flat_map(actions_of).collect();
        let nothing_else = json!({ "Sid": "NothingElse", "Effect": "Deny", "NotAction": actions, "Resource": "*" });
        statements.push(nothing_else);
    }
    fitting(statements)
}

fn actions_of(statement: &Value) -> impl Iterator<Item = &str> {
    let actions = statement["Action"].as_array().into_iter().flatten();
    actions.filter_map(Value::as_str)
}

fn allowed(
    scope: &Scope,
    managed: &BTreeSet<Managed>,
    modules: &BTreeSet<Module>,
    operations: &BTreeSet<Operation>,
    within: &Within,
) -> Result<Vec<Value>> {
    for (kind, what) in [
        (Managed::PrivateServices, "private services"),
        (Managed::PrivateEndpoints, "private endpoints"),
    ] {
        if within.names.contains_key(&kind) {
            let why = format!(
                "it cannot be narrowed to names of {what}: EC2 gives ids and no names. It is for those that bear a mark of this provider"
            );
            return Err(invalid("iam:CreatePolicy", "the policy of the caller", why));
        }
    }
    let mut statements = Vec::new();
    for on in On::ALL
        .into_iter()
        .filter(|on| managed.contains(&on.managed()))
    {
        let rows = CALLS
            .iter()
            .filter(|(row, operation, _)| *row == on && operations.contains(operation));
        let actions: BTreeSet<&str> = rows
            .flat_map(|(_, _, actions)| actions.iter().copied())
            .collect();
        if actions.is_empty() {
            continue;
        }
        let reaches = reaches(on, scope, within)?;
        statements.extend(statements_of(&format!("{on:?}"), &actions, reaches));
    }
    statements.extend(modules::statements(scope, modules, operations, within)?);
    Ok(statements)
}

/// One for each reach, numbered from the second on.
pub(super) fn statements_of(
    name: &str,
    actions: &BTreeSet<&str>,
    reaches: Vec<Reach>,
) -> impl Iterator<Item = Value> {
    reaches.into_iter().enumerate().map(move |(at, reach)| {
        let number = if at == 0 {
            String::new()
        } else {
            (at + 1).to_string()
        };
        let mut statement = json!({
            "Sid": format!("{name}{number}"),
            "Effect": "Allow",
            "Action": actions,
            "Resource": reach.resources,
        });
        if !reach.condition.is_null() {
            statement["Condition"] = reach.condition;
        }
        statement
    })
}

/// A policy of these, if IAM takes one that long.
fn fitting(mut statements: Vec<Value>) -> Result<PolicyDocument> {
    let named = document(&statements);
    if length(&named) <= LONGEST_POLICY {
        return Ok(named);
    }
    // Names of statements are for readers: the first thing to go.
    for statement in statements.iter_mut().filter_map(Value::as_object_mut) {
        statement.remove("Sid");
    }
    let policy = document(&statements);
    let length = length(&policy);
    if length > LONGEST_POLICY {
        let why = format!(
            "it would be {length} characters long, {} more than the {LONGEST_POLICY} that IAM takes: give fewer names, a name's beginning that \
             covers several, or a policy for each kind of resource and for each module",
            length - LONGEST_POLICY
        );
        return Err(invalid("iam:CreatePolicy", "the policy of the caller", why));
    }
    Ok(policy)
}

/// What one statement allows its actions on.
pub(super) struct Reach {
    pub(super) resources: BTreeSet<String>,
    pub(super) condition: Value,
}

/// Nothing where `within` names an empty set: a statement without resources is none.
fn reaches(on: On, scope: &Scope, within: &Within) -> Result<Vec<Reach>> {
    match on {
        On::RegistryKeys => return key_reaches("ecr", scope, within),
        On::SecretKeys => return key_reaches("secretsmanager", scope, within),
        _ => (),
    }
    let resources = resources(on, scope, within);
    if resources.is_empty() {
        return Ok(Vec::new());
    }
    let condition = match on {
        On::RolesToPods => json!({ "StringEquals": { "iam:PassedToService": POD_IDENTITY } }),
        // Whoever could put the mark on anything could then do with anything what the next arm allows.
        On::NewServiceTags => in_call("CreateVpcEndpointServiceConfiguration"),
        On::NewEndpointTags => in_call("CreateVpcEndpoint"),
        On::Services | On::Endpoints => marked(within),
        _ => Value::Null,
    };
    Ok(vec![Reach {
        resources,
        condition,
    }])
}

/// In no other call than this one, which makes what is tagged.
fn in_call(operation: &str) -> Value {
    json!({ "StringEquals": { "ec2:CreateAction": operation } })
}

/// What bears an owner's mark, which stays an owner's.
fn marked(within: &Within) -> Value {
    let mark = format!("aws:ResourceTag/{OWNER}");
    if within.owners.is_empty() {
        return json!({ "Null": { mark: "false" } });
    }
    let owners: Vec<_> = within.owners.iter().map(NamePattern::as_str).collect();
    json!({
        "StringLike": { mark: owners },
        "StringLikeIfExists": { format!("aws:RequestTag/{OWNER}"): owners },
    })
}

pub(super) fn resources(on: On, scope: &Scope, within: &Within) -> BTreeSet<String> {
    let Scope {
        partition,
        region,
        account,
    } = scope;
    let named = |of: Managed, arns: &dyn Fn(&str) -> Vec<String>| match within.names.get(&of) {
        Some(names) => names
            .iter()
            .map(NamePattern::as_str)
            .flat_map(arns)
            .collect(),
        None => arns("*").into_iter().collect(),
    };
    let of_ec2 = |kinds: &[&str]| {
        let before = format!("arn:{partition}:ec2:{region}:{account}");
        kinds
            .iter()
            .map(|kind| format!("{before}:{kind}/*"))
            .collect()
    };
    match on {
        On::Buckets => named(Managed::Buckets, &|name| {
            with_parts(format!("arn:{partition}:s3:::{name}"), "/*")
        }),
        On::IdentityProviders => named(Managed::IdentityProviders, &|name| {
            let issuer = name.trim_start_matches("https://");
            vec![format!(
                "arn:{partition}:iam::{account}:oidc-provider/{issuer}"
            )]
        }),
        On::Roles | On::RolesToPods => named(Managed::Roles, &|name| {
            let path_and_name = name.trim_start_matches('/');
            vec![format!(
                "arn:{partition}:iam::{account}:role/{path_and_name}"
            )]
        }),
        On::Associations => named(Managed::Clusters, &|name| {
            let eks = format!("arn:{partition}:eks:{region}:{account}");
            let associations = format!("{eks}:podidentityassociation/{name}");
            let each = if name.ends_with('*') { "" } else { "/*" };
            vec![
                format!("{eks}:cluster/{name}"),
                format!("{associations}{each}"),
            ]
        }),
        On::Registries => named(Managed::Registries, &|name| {
            vec![format!(
                "arn:{partition}:ecr:{region}:{account}:repository/{name}"
            )]
        }),
        On::LogGroups => named(Managed::LogGroups, &|name| {
            with_parts(
                format!("arn:{partition}:logs:{region}:{account}:log-group:{name}"),
                ":*",
            )
        }),
        On::LogGroupList => BTreeSet::from([format!(
            "arn:{partition}:logs:{region}:{account}:log-group:*"
        )]),
        // Secrets Manager adds a hyphen and six characters to the name.
        On::Secrets => named(Managed::Secrets, &|name| {
            with_parts(
                format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{name}"),
                "-??????",
            )
        }),
        // A cluster may lie in another region than what is made for it.
        On::Clusters => named(Managed::Clusters, &|name| {
            vec![format!("arn:{partition}:eks:*:{account}:cluster/{name}")]
        }),
        On::NewServices | On::NewServiceTags | On::Services => of_ec2(&["vpc-endpoint-service"]),
        On::NewEndpoints | On::NewEndpointTags | On::Endpoints => of_ec2(&["vpc-endpoint"]),
        On::EndpointNetworks => of_ec2(&["route-table", "security-group", "subnet", "vpc"]),
        On::EndpointNames => BTreeSet::from([format!("arn:{partition}:route53:::hostedzone/*")]),
        // EC2 knows no resources of what it lists.
        On::ServiceList | On::EndpointList => BTreeSet::from(["*".to_owned()]),
        On::RegistryKeys | On::SecretKeys => BTreeSet::new(),
    }
}

/// An object and what is below it, which the beginning of a name covers already.
fn with_parts(arn: String, parts: &str) -> Vec<String> {
    if arn.ends_with('*') {
        vec![arn]
    } else {
        vec![format!("{arn}{parts}"), arn]
    }
}

/// Keys are used through the service only. Those that bear an alias are a statement each, since that is a condition.
fn key_reaches(service: &str, scope: &Scope, within: &Within) -> Result<Vec<Reach>> {
    // What follows the region is the partition's domain.
    let through = |mut condition: Value| {
        condition["StringLike"] =
            json!({ "kms:ViaService": format!("{service}.{}.*", scope.region) });
        condition
    };
    let Some(keys) = &within.kms_keys else {
        return Ok(vec![Reach {
            resources: BTreeSet::from([keys::arn(scope, "*")]),
            condition: through(json!({})),
        }]);
    };
    let mut reaches: Vec<Reach> = Vec::new();
    for key in keys {
        let named = keys::named(scope, key)
            .map_err(|why| invalid("iam:CreatePolicy", "the policy of the caller", why))?;
        let condition = through(named.condition);
        match reaches
            .iter_mut()
            .find(|known| known.condition == condition)
        {
            Some(known) => {
                known.resources.insert(named.resource);
            }
            None => reaches.push(Reach {
                resources: BTreeSet::from([named.resource]),
                condition,
            }),
        }
    }
    Ok(reaches)
}

#[cfg(test)]
mod tests;
