//! What whoever runs us needs: the actions of our own calls, on the objects of the account that they are about.

use std::collections::BTreeSet;

use clouds::Result;
use clouds::account::{Managed, NamePattern, Operation, Within};
use clouds::policies::PolicyDocument;
use clouds::tags::OWNER;
use serde_json::{Value, json};

use super::calls::{CALLS, On};
use super::{document, keys, length};
use crate::error::invalid;
use crate::session::Scope;
use crate::trust::POD_IDENTITY;

/// The longest managed policies, in characters without spaces.
const LONGEST_POLICY: usize = 6144;

/// `sts:GetCallerIdentity` needs no grant.
pub(crate) fn required(
    scope: &Scope,
    managed: &BTreeSet<Managed>,
    operations: &BTreeSet<Operation>,
    within: &Within,
) -> Result<PolicyDocument> {
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
        for (at, reach) in reaches(on, scope, within)?.into_iter().enumerate() {
            let number = if at == 0 {
                String::new()
            } else {
                (at + 1).to_string()
            };
            let mut statement = json!({
                "Sid": format!("{on:?}{number}"),
                "Effect": "Allow",
                "Action": actions,
                "Resource": reach.resources,
            });
            if !reach.condition.is_null() {
                statement["Condition"] = reach.condition;
            }
            statements.push(statement);
        }
    }
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
             covers several, or a policy for each kind of resource",
            length - LONGEST_POLICY
        );
        return Err(invalid("iam:CreatePolicy", "the policy of the caller", why));
    }
    Ok(policy)
}

/// What one statement allows its actions on.
struct Reach {
    resources: BTreeSet<String>,
    condition: Value,
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
        On::PrivateServices | On::PrivateEndpoints => {
            json!({ "Null": { format!("aws:ResourceTag/{OWNER}"): "false" } })
        }
        _ => Value::Null,
    };
    Ok(vec![Reach {
        resources,
        condition,
    }])
}

fn resources(on: On, scope: &Scope, within: &Within) -> BTreeSet<String> {
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
        On::NewPrivateServices | On::PrivateServices => of_ec2(&["vpc-endpoint-service"]),
        On::NewPrivateEndpoints | On::PrivateEndpoints => of_ec2(&["vpc-endpoint"]),
        On::EndpointNetworks => of_ec2(&["route-table", "security-group", "subnet", "vpc"]),
        On::EndpointNames => BTreeSet::from([format!("arn:{partition}:route53:::hostedzone/*")]),
        // EC2 knows no resources of what it lists.
        On::PrivateServiceList | On::PrivateEndpointList => BTreeSet::from(["*".to_owned()]),
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
mod tests {
    use super::super::tests::scope;
    use super::*;

    fn written(managed: &[Managed], operations: &[Operation], within: &Within) -> PolicyDocument {
        let managed = managed.iter().copied().collect();
        required(
            &scope(),
            &managed,
            &operations.iter().copied().collect(),
            within,
        )
        .unwrap()
    }

    fn all(managed: Managed, within: &Within) -> String {
        written(&[managed], &Operation::ALL, within).to_string()
    }

    fn only(managed: Managed, names: &[&str]) -> Within {
        let names = names.iter().map(|name| name.parse().unwrap()).collect();
        Within {
            names: [(managed, names)].into(),
            kms_keys: Some(BTreeSet::new()),
        }
    }

    /// The statement of this name.
    fn statement(policy: &PolicyDocument, sid: &str) -> Option<Value> {
        let statements = policy.statements();
        let mut statements = statements.as_slice().iter();
        statements.find(|one| one["Sid"] == sid).cloned()
    }

    #[test]
    fn it_is_by_what_is_managed_and_done() {
        let buckets = all(Managed::Buckets, &Within::default());
        assert!(
            buckets.contains("s3:CreateBucket") && !buckets.contains("iam:"),
            "{buckets}"
        );
        let destroying = written(
            &[Managed::Secrets],
            &[Operation::Delete],
            &Within::default(),
        );
        assert_eq!(
            statement(&destroying, "Secrets").unwrap()["Action"],
            json!(["secretsmanager:DeleteSecret", "secretsmanager:TagResource"]),
            "a secret is marked before it is deleted"
        );
        let reading = written(&Managed::ALL, &[Operation::Read], &Within::default()).to_string();
        assert!(
            reading.contains("s3:GetBucketPolicy") && !reading.contains("kms:"),
            "{reading}"
        );
        assert!(
            !reading.contains("PassRole") && !reading.contains("Create"),
            "{reading}"
        );
    }

    #[test]
    fn without_names_it_is_the_whole_account_and_nothing_else() {
        let everything = written(&Managed::ALL, &Operation::ALL, &Within::default());
        assert_eq!(everything.statements().as_slice().len(), On::ALL.len());
        // EC2 knows no resources of what it lists, and the zones of its names are of no account.
        let lists = [json!("PrivateServiceList"), json!("PrivateEndpointList")];
        for statement in everything.statements().as_slice() {
            let list = lists.contains(&statement["Sid"]);
            assert_eq!(statement["Resource"] == "*", list, "{statement}");
            let text = statement.to_string();
            assert!(
                [":123456789012:", ":s3:::", ":route53:::hostedzone/"]
                    .iter()
                    .any(|known| text.contains(known))
                    || list,
                "{text}"
            );
        }
        // Who narrows it by names has room in the documents of some kinds, not in that of all.
        assert!(
            length(&everything) < LONGEST_POLICY,
            "{}",
            length(&everything)
        );
    }

    #[test]
    fn private_connectivity_is_changed_where_it_bears_a_mark() {
        let of = |managed, operation| written(&[managed], &[operation], &Within::default());
        let deleting = of(Managed::PrivateServices, Operation::Delete);
        let marked = json!({ "Null": { "aws:ResourceTag/dataplane:owner": "false" } });
        assert_eq!(
            statement(&deleting, "PrivateServices").unwrap(),
            json!({
                "Sid": "PrivateServices",
                "Effect": "Allow",
                "Action": ["ec2:DeleteVpcEndpointServiceConfigurations", "ec2:RejectVpcEndpointConnections"],
                "Condition": marked,
                "Resource": "arn:aws:ec2:eu-west-1:123456789012:vpc-endpoint-service/*",
            })
        );
        let making = of(Managed::PrivateEndpoints, Operation::Create);
        assert_eq!(
            statement(&making, "PrivateEndpoints").unwrap()["Condition"],
            marked
        );
        let new = statement(&making, "NewPrivateEndpoints").unwrap();
        assert!(new.get("Condition").is_none(), "{new}");
        assert_eq!(
            statement(&making, "EndpointNetworks").unwrap()["Resource"],
            json!([
                "arn:aws:ec2:eu-west-1:123456789012:route-table/*",
                "arn:aws:ec2:eu-west-1:123456789012:security-group/*",
                "arn:aws:ec2:eu-west-1:123456789012:subnet/*",
                "arn:aws:ec2:eu-west-1:123456789012:vpc/*"
            ])
        );
        let reading = of(Managed::PrivateEndpoints, Operation::Read);
        assert_eq!(reading.statements().as_slice().len(), 1);
        for managed in [Managed::PrivateServices, Managed::PrivateEndpoints] {
            let within = only(managed, &["acme"]);
            let said = required(
                &scope(),
                &[Managed::Buckets].into(),
                &Operation::ALL.into(),
                &within,
            );
            let said = said.unwrap_err().to_string();
            assert!(said.contains("EC2 gives ids and no names"), "{said}");
        }
    }

    #[test]
    fn roles_are_given_to_the_agent_of_pods_only() {
        let within = only(Managed::Roles, &["adminflyterole", "/dataplane/acme-*"]);
        let policy = written(&[Managed::Roles], &Operation::ALL, &within);
        let roles = json!([
            "arn:aws:iam::123456789012:role/adminflyterole",
            "arn:aws:iam::123456789012:role/dataplane/acme-*"
        ]);
        assert_eq!(
            statement(&policy, "RolesToPods").unwrap(),
            json!({
                "Sid": "RolesToPods",
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Condition": { "StringEquals": { "iam:PassedToService": "pods.eks.amazonaws.com" } },
                "Resource": roles,
            })
        );
        assert_eq!(statement(&policy, "Roles").unwrap()["Resource"], roles);
        assert_eq!(
            statement(&policy, "Associations").unwrap()["Resource"],
            json!([
                "arn:aws:eks:eu-west-1:123456789012:cluster/*",
                "arn:aws:eks:eu-west-1:123456789012:podidentityassociation/*"
            ])
        );
        let within = only(Managed::Clusters, &["prod"]);
        let policy = written(&[Managed::Roles], &Operation::ALL, &within);
        assert_eq!(
            statement(&policy, "Associations").unwrap()["Resource"],
            json!([
                "arn:aws:eks:eu-west-1:123456789012:cluster/prod",
                "arn:aws:eks:eu-west-1:123456789012:podidentityassociation/prod/*"
            ])
        );
    }

    #[test]
    fn names_and_their_beginnings_are_resources() {
        for (managed, names, sid, resources) in [
            (
                Managed::Buckets,
                vec!["acme-*", "shared"],
                "Buckets",
                json!([
                    "arn:aws:s3:::acme-*",
                    "arn:aws:s3:::shared",
                    "arn:aws:s3:::shared/*"
                ]),
            ),
            (
                Managed::IdentityProviders,
                vec!["https://oidc.eks.eu-west-1.amazonaws.com/id/*"],
                "IdentityProviders",
                json!(
                    "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/*"
                ),
            ),
            (
                Managed::Registries,
                vec!["acme/*"],
                "Registries",
                json!("arn:aws:ecr:eu-west-1:123456789012:repository/acme/*"),
            ),
            (
                Managed::LogGroups,
                vec!["/dataplane/acme"],
                "LogGroups",
                json!([
                    "arn:aws:logs:eu-west-1:123456789012:log-group:/dataplane/acme",
                    "arn:aws:logs:eu-west-1:123456789012:log-group:/dataplane/acme:*"
                ]),
            ),
            (
                Managed::Secrets,
                vec!["acme/*", "token"],
                "Secrets",
                json!([
                    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:acme/*",
                    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token",
                    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-??????"
                ]),
            ),
            (
                Managed::Clusters,
                vec!["prod"],
                "Clusters",
                json!("arn:aws:eks:*:123456789012:cluster/prod"),
            ),
        ] {
            let policy = written(&[managed], &Operation::ALL, &only(managed, &names));
            assert_eq!(
                statement(&policy, sid).unwrap()["Resource"],
                resources,
                "{sid}"
            );
        }
        // The list of log groups can't be narrowed to some.
        let logs = written(
            &[Managed::LogGroups],
            &[Operation::Read],
            &only(Managed::LogGroups, &["/a"]),
        );
        assert_eq!(
            statement(&logs, "LogGroupList").unwrap(),
            json!({
                "Sid": "LogGroupList",
                "Effect": "Allow",
                "Action": "logs:DescribeLogGroups",
                "Resource": "arn:aws:logs:eu-west-1:123456789012:log-group:*",
            })
        );
    }

    #[test]
    fn keys_of_the_customer_are_used_through_the_service_that_needs_them() {
        let create = [Operation::Create];
        let any = written(&[Managed::Registries], &create, &Within::default());
        assert_eq!(
            statement(&any, "RegistryKeys").unwrap(),
            json!({
                "Sid": "RegistryKeys",
                "Effect": "Allow",
                "Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
                "Condition": { "StringLike": { "kms:ViaService": "ecr.eu-west-1.*" } },
                "Resource": "arn:aws:kms:eu-west-1:123456789012:key/*",
            })
        );
        let arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let keys = [arn, "alias/acme"].map(|key| key.parse().unwrap());
        let within = Within {
            kms_keys: Some(keys.into()),
            ..Within::default()
        };
        let some = written(&[Managed::Secrets], &create, &within);
        assert_eq!(
            statement(&some, "SecretKeys2").unwrap(),
            json!({
                "Sid": "SecretKeys2",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Condition": { "StringLike": { "kms:ViaService": "secretsmanager.eu-west-1.*" } },
                "Resource": arn,
            })
        );
        let alias = statement(&some, "SecretKeys").unwrap();
        assert_eq!(
            alias["Condition"]["ForAnyValue:StringEquals"],
            json!({ "kms:ResourceAliases": "alias/acme" })
        );
        assert!(all(Managed::Secrets, &within).contains("kms:Encrypt"));
        for managed in [Managed::Buckets, Managed::LogGroups, Managed::Roles] {
            assert!(!all(managed, &within).contains("\"kms:"), "{managed:?}");
        }
        let none = only(Managed::Registries, &["acme"]);
        assert!(!all(Managed::Registries, &none).contains("kms:"));
        let google = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
            .parse()
            .unwrap();
        let within = Within {
            kms_keys: Some([google].into()),
            ..Within::default()
        };
        assert!(
            required(
                &scope(),
                &[Managed::Secrets].into(),
                &create.into(),
                &within
            )
            .is_err()
        );
    }

    #[test]
    fn a_policy_that_is_nearly_too_long_goes_without_names_of_its_statements() {
        let of_buckets = |count: usize| {
            let names: Vec<_> = (0..count).map(|n| format!("acme-{n}")).collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            let within = only(Managed::Buckets, &names);
            let policy = written(&Managed::ALL, &Operation::ALL, &within);
            policy.statements().as_slice().to_vec()
        };
        let is_named = |statement: &Value| statement["Sid"].is_string();
        let few = of_buckets(1);
        assert!(few.iter().all(is_named));
        let many = (2..100)
            .map(of_buckets)
            .find(|many| !many.iter().all(is_named));
        let many = many.unwrap();
        assert!(!many.iter().any(is_named));
        assert_eq!(few.len(), many.len());
    }

    #[test]
    fn a_policy_that_iam_does_not_take_is_refused() {
        let names: Vec<_> = (0..120)
            .map(|n| format!("acme-production-metadata-{n}"))
            .collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let within = only(Managed::Buckets, &names);
        let refused = required(
            &scope(),
            &[Managed::Buckets].into(),
            &Operation::ALL.into(),
            &within,
        );
        let said = refused.unwrap_err().to_string();
        assert!(
            said.contains("6144") && said.contains("fewer names"),
            "{said}"
        );
    }
}
