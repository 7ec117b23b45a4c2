//! What each capability of a role takes, on which objects: the policy of a role.

use std::collections::BTreeSet;

use clouds::Result;
use clouds::account::KmsKey;
use clouds::buckets::{BucketId, ObjectPrefix};
use clouds::policies::PolicyDocument;
use clouds::roles::Capability;
use serde_json::{Value, json};

use super::{document, keys, length};
use crate::error::invalid;
use crate::session::Scope;

/// The longest policies that a role can hold in itself, in characters without spaces.
const LONGEST_POLICY: usize = 10_240;

/// The actions of a role, by capability. Documentation and policies are made of this table.
pub const ROLE_ACTIONS: [(&str, &[&str]); 12] = [
    ("ListObjects", &["s3:ListBucket"]),
    ("ReadObjects", &["s3:GetObject"]),
    (
        "WriteObjects",
        &[
            "s3:AbortMultipartUpload",
            "s3:DeleteObject",
            "s3:ListMultipartUploadParts",
            "s3:PutObject",
        ],
    ),
    (
        "ReadSecrets",
        &[
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
        ],
    ),
    (
        "WriteSecrets",
        &[
            "secretsmanager:CreateSecret",
            "secretsmanager:DeleteSecret",
            "secretsmanager:DescribeSecret",
            "secretsmanager:PutSecretValue",
            "secretsmanager:RestoreSecret",
            "secretsmanager:TagResource",
            "secretsmanager:UpdateSecret",
        ],
    ),
    (
        "ReadLogs",
        &[
            "logs:DescribeLogStreams",
            "logs:FilterLogEvents",
            "logs:GetLogEvents",
            "logs:StartQuery",
        ],
    ),
    ("ReadQueries", &["logs:GetQueryResults", "logs:StopQuery"]),
    (
        "WriteLogs",
        &[
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
        ],
    ),
    (
        "PullImages",
        &[
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
        ],
    ),
    (
        "PushImages",
        &[
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:CompleteLayerUpload",
            "ecr:DescribeImages",
            "ecr:GetDownloadUrlForLayer",
            "ecr:InitiateLayerUpload",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
        ],
    ),
    ("SignInToRegistries", &["ecr:GetAuthorizationToken"]),
    ("UseKey", &["kms:Decrypt", "kms:GenerateDataKey"]),
];

/// The policy of a role that has these capabilities and no more.
pub(crate) fn policy(
    role: &str,
    scope: &Scope,
    capabilities: &BTreeSet<Capability>,
) -> Result<PolicyDocument> {
    let mut grants: Vec<Grant> = Vec::new();
    for capability in capabilities {
        for grant in grants_of(role, scope, capability)? {
            match grants
                .iter_mut()
                .find(|known| known.sid == grant.sid && known.condition == grant.condition)
            {
                Some(known) => known.resources.extend(grant.resources),
                None => grants.push(grant),
            }
        }
    }
    for grant in grants.iter_mut().filter(|grant| grant.sid == "UseKey") {
        grant.condition["StringLike"] =
            json!({ "kms:ViaService": through(&grant.resources, capabilities) });
    }
    let statements = grants.iter().enumerate().map(|(at, grant)| {
        // A sid can stand once in a policy; grants of one kind differ by their condition.
        let twins = grants[..at].iter().filter(|other| other.sid == grant.sid).count();
        let sid = if twins == 0 { grant.sid.to_owned() } else { format!("{}{}", grant.sid, twins + 1) };
        let mut statement = json!({ "Sid": sid, "Effect": "Allow", "Action": actions(grant.sid), "Resource": grant.resources });
        if !grant.condition.is_null() {
            statement["Condition"] = grant.condition.clone();
        }
        statement
    });
    let policy = document(&statements.collect::<Vec<_>>());
    let length = length(&policy);
    if length > LONGEST_POLICY {
        let why = format!(
            "its permission policy would be {length} characters long, {} more than the {LONGEST_POLICY} that a role can hold: give fewer buckets or \
             prefixes, or a prefix that covers several",
            length - LONGEST_POLICY
        );
        return Err(invalid("iam:PutRolePolicy", role, why));
    }
    Ok(policy)
}

struct Grant {
    /// Its row in the table.
    sid: &'static str,
    resources: BTreeSet<String>,
    condition: Value,
}

impl Grant {
    fn on(sid: &'static str, resources: impl IntoIterator<Item = String>) -> Self {
        Self {
            sid,
            resources: resources.into_iter().collect(),
            condition: Value::Null,
        }
    }

    fn if_(self, condition: Value) -> Self {
        Self { condition, ..self }
    }
}

fn grants_of(role: &str, scope: &Scope, capability: &Capability) -> Result<Vec<Grant>> {
    let bucket_arn = |bucket: &BucketId| format!("arn:{}:s3:::{}", scope.partition, bucket.name);
    let arn = |service: &str, rest: String| {
        format!(
            "arn:{}:{service}:{}:{}:{rest}",
            scope.partition, scope.region, scope.account
        )
    };
    // Secrets Manager adds a hyphen and six characters to the name, which the wildcard covers.
    let secrets = |prefix: &str| arn("secretsmanager", format!("secret:{prefix}*"));
    let log_group = |name: &str| {
        let group = arn("logs", format!("log-group:{name}"));
        [format!("{group}:*"), group]
    };
    let repository = |name: &str| arn("ecr", format!("repository/{name}"));
    let everywhere = || ["*".to_owned()];
    Ok(match capability {
        Capability::ListObjects { bucket, prefixes } => {
            let grant = Grant::on("ListObjects", [bucket_arn(bucket)]);
            let patterns: Vec<_> = prefixes.iter().map(|prefix| format!("{prefix}*")).collect();
            vec![if patterns.is_empty() {
                grant
            } else {
                grant.if_(json!({ "StringLike": { "s3:prefix": patterns } }))
            }]
        }
        Capability::ReadObjects { bucket, prefixes } => {
            vec![Grant::on(
                "ReadObjects",
                objects(&bucket_arn(bucket), prefixes),
            )]
        }
        Capability::WriteObjects { bucket, prefixes } => {
            vec![Grant::on(
                "WriteObjects",
                objects(&bucket_arn(bucket), prefixes),
            )]
        }
        // A signature is made with the role's own credentials.
        Capability::SignUrls => Vec::new(),
        Capability::ReadSecrets { prefix } => {
            vec![Grant::on("ReadSecrets", [secrets(prefix.as_str())])]
        }
        Capability::WriteSecrets { prefix } => {
            vec![Grant::on("WriteSecrets", [secrets(prefix.as_str())])]
        }
        // Queries have no ARN of their own.
        Capability::ReadLogs { group } => {
            vec![
                Grant::on("ReadLogs", log_group(group.as_str())),
                Grant::on("ReadQueries", everywhere()),
            ]
        }
        Capability::WriteLogs { group } => vec![Grant::on("WriteLogs", log_group(group.as_str()))],
        Capability::PullImages { registry } => {
            vec![
                Grant::on("PullImages", [repository(registry.as_str())]),
                Grant::on("SignInToRegistries", everywhere()),
            ]
        }
        Capability::PushImages { registry } => {
            vec![
                Grant::on("PushImages", [repository(registry.as_str())]),
                Grant::on("SignInToRegistries", everywhere()),
            ]
        }
        Capability::UseKey { key } => vec![use_key(role, scope, key)?],
    })
}

fn objects(bucket: &str, prefixes: &BTreeSet<ObjectPrefix>) -> Vec<String> {
    if prefixes.is_empty() {
        return vec![format!("{bucket}/*")];
    }
    prefixes
        .iter()
        .map(|prefix| format!("{bucket}/{prefix}*"))
        .collect()
}

fn use_key(role: &str, scope: &Scope, key: &KmsKey) -> Result<Grant> {
    let named = keys::named(scope, key).map_err(|why| invalid("iam:PutRolePolicy", role, why))?;
    Ok(Grant::on("UseKey", [named.resource]).if_(named.condition))
}

/// The services through which keys are used: a role decrypts what it reads, and asks KMS for nothing itself. What follows
/// the region is the partition's domain.
fn through(keys: &BTreeSet<String>, capabilities: &BTreeSet<Capability>) -> BTreeSet<String> {
    let secrets = capabilities.iter().any(|capability| {
        matches!(
            capability,
            Capability::ReadSecrets { .. } | Capability::WriteSecrets { .. }
        )
    });
    let services = ["s3"]
        .into_iter()
        .chain(secrets.then_some("secretsmanager"));
    services
        .flat_map(|service| {
            let regions = keys.iter().filter_map(|key| key.split(':').nth(3));
            regions.map(move |region| format!("{service}.{region}.*"))
        })
        .collect()
}

fn actions(row: &str) -> &'static [&'static str] {
    ROLE_ACTIONS
        .iter()
        .find(|(name, _)| *name == row)
        .map_or(&[], |(_, actions)| actions)
}

#[cfg(test)]
mod tests {
    use super::super::tests::scope;
    use super::*;

    fn written(capabilities: impl IntoIterator<Item = Capability>) -> String {
        policy("role", &scope(), &capabilities.into_iter().collect())
            .unwrap()
            .to_string()
    }

    fn objects_of(bucket: &str, prefixes: &[&str]) -> [Capability; 3] {
        let bucket: BucketId = bucket.parse().unwrap();
        let prefixes: BTreeSet<ObjectPrefix> = prefixes
            .iter()
            .map(|prefix| prefix.parse().unwrap())
            .collect();
        [
            Capability::ListObjects {
                bucket: bucket.clone(),
                prefixes: prefixes.clone(),
            },
            Capability::ReadObjects {
                bucket: bucket.clone(),
                prefixes: prefixes.clone(),
            },
            Capability::WriteObjects { bucket, prefixes },
        ]
    }

    #[test]
    fn an_admin() {
        let mut capabilities: BTreeSet<_> = objects_of("acme-metadata", &[]).into();
        capabilities.extend(objects_of("acme-fast", &[]));
        capabilities.extend([
            Capability::SignUrls,
            Capability::ReadSecrets {
                prefix: "dataplane/".parse().unwrap(),
            },
            Capability::WriteSecrets {
                prefix: "dataplane/".parse().unwrap(),
            },
            Capability::ReadLogs {
                group: "/dataplane/tasks".parse().unwrap(),
            },
        ]);
        assert_eq!(
            written(capabilities),
            concat!(
                r#"{"Statement":["#,
                r#"{"Action":"s3:GetObject","Effect":"Allow","Resource":["arn:aws:s3:::acme-fast/*","arn:aws:s3:::acme-metadata/*"],"Sid":"ReadObjects"},"#,
                r#"{"Action":"s3:ListBucket","Effect":"Allow","Resource":["arn:aws:s3:::acme-fast","arn:aws:s3:::acme-metadata"],"Sid":"ListObjects"},"#,
                r#"{"Action":["logs:DescribeLogStreams","logs:FilterLogEvents","logs:GetLogEvents","logs:StartQuery"],"Effect":"Allow","Resource":["arn:aws:logs:eu-west-1:123456789012:log-group:/dataplane/tasks","arn:aws:logs:eu-west-1:123456789012:log-group:/dataplane/tasks:*"],"Sid":"ReadLogs"},"#,
                r#"{"Action":["logs:GetQueryResults","logs:StopQuery"],"Effect":"Allow","Resource":"*","Sid":"ReadQueries"},"#,
                r#"{"Action":["s3:AbortMultipartUpload","s3:DeleteObject","s3:ListMultipartUploadParts","s3:PutObject"],"Effect":"Allow","Resource":["arn:aws:s3:::acme-fast/*","arn:aws:s3:::acme-metadata/*"],"Sid":"WriteObjects"},"#,
                r#"{"Action":["secretsmanager:CreateSecret","secretsmanager:DeleteSecret","secretsmanager:DescribeSecret","secretsmanager:PutSecretValue","secretsmanager:RestoreSecret","secretsmanager:TagResource","secretsmanager:UpdateSecret"],"Effect":"Allow","Resource":"arn:aws:secretsmanager:eu-west-1:123456789012:secret:dataplane/*","Sid":"WriteSecrets"},"#,
                r#"{"Action":["secretsmanager:DescribeSecret","secretsmanager:GetSecretValue"],"Effect":"Allow","Resource":"arn:aws:secretsmanager:eu-west-1:123456789012:secret:dataplane/*","Sid":"ReadSecrets"}"#,
                r#"],"Version":"2012-10-17"}"#,
            )
        );
    }

    #[test]
    fn a_user_sees_its_prefixes_only() {
        let mut capabilities: BTreeSet<_> =
            objects_of("acme-metadata", &["acme/", "shared/"]).into();
        capabilities.extend(objects_of("acme-fast", &["acme/"]));
        assert_eq!(
            written(capabilities),
            concat!(
                r#"{"Statement":["#,
                r#"{"Action":"s3:GetObject","Effect":"Allow","Resource":["arn:aws:s3:::acme-fast/acme/*","arn:aws:s3:::acme-metadata/acme/*","arn:aws:s3:::acme-metadata/shared/*"],"Sid":"ReadObjects"},"#,
                r#"{"Action":"s3:ListBucket","Condition":{"StringLike":{"s3:prefix":"acme/*"}},"Effect":"Allow","Resource":"arn:aws:s3:::acme-fast","Sid":"ListObjects"},"#,
                r#"{"Action":"s3:ListBucket","Condition":{"StringLike":{"s3:prefix":["acme/*","shared/*"]}},"Effect":"Allow","Resource":"arn:aws:s3:::acme-metadata","Sid":"ListObjects2"},"#,
                r#"{"Action":["s3:AbortMultipartUpload","s3:DeleteObject","s3:ListMultipartUploadParts","s3:PutObject"],"Effect":"Allow","Resource":["arn:aws:s3:::acme-fast/acme/*","arn:aws:s3:::acme-metadata/acme/*","arn:aws:s3:::acme-metadata/shared/*"],"Sid":"WriteObjects"}"#,
                r#"],"Version":"2012-10-17"}"#,
            )
        );
    }

    #[test]
    fn a_builder_pushes_to_one_registry() {
        assert_eq!(
            written([Capability::PushImages {
                registry: "acme/tasks".parse().unwrap()
            }]),
            concat!(
                r#"{"Statement":["#,
                r#"{"Action":"ecr:GetAuthorizationToken","Effect":"Allow","Resource":"*","Sid":"SignInToRegistries"},"#,
                r#"{"Action":["ecr:BatchCheckLayerAvailability","ecr:BatchGetImage","ecr:CompleteLayerUpload","ecr:DescribeImages","ecr:GetDownloadUrlForLayer","ecr:InitiateLayerUpload","ecr:PutImage","ecr:UploadLayerPart"],"Effect":"Allow","Resource":"arn:aws:ecr:eu-west-1:123456789012:repository/acme/tasks","Sid":"PushImages"}"#,
                r#"],"Version":"2012-10-17"}"#,
            )
        );
    }

    #[test]
    fn a_log_writer_writes_logs() {
        assert_eq!(
            written([Capability::WriteLogs {
                group: "/dataplane/tasks".parse().unwrap()
            }]),
            concat!(
                r#"{"Statement":["#,
                r#"{"Action":["logs:CreateLogStream","logs:DescribeLogStreams","logs:PutLogEvents"],"Effect":"Allow","Resource":["arn:aws:logs:eu-west-1:123456789012:log-group:/dataplane/tasks","arn:aws:logs:eu-west-1:123456789012:log-group:/dataplane/tasks:*"],"Sid":"WriteLogs"}"#,
                r#"],"Version":"2012-10-17"}"#,
            )
        );
    }

    #[test]
    fn keys_are_named_by_arn_or_by_the_alias_they_bear() {
        let grant = |key: &str| {
            written([Capability::UseKey {
                key: key.parse().unwrap(),
            }])
        };
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        let arn = format!("arn:aws:kms:eu-west-1:123456789012:key/{id}");
        assert!(grant(id).contains(&arn));
        assert_eq!(grant(id), grant(&arn));
        let alias = grant("alias/dataplane");
        assert!(alias.contains(
            r#""Condition":{"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/dataplane"},"StringLike":{"kms:ViaService":"s3.eu-west-1.*"}}"#
        ));
        assert_eq!(
            alias,
            grant("arn:aws:kms:eu-west-1:123456789012:alias/dataplane")
        );
        let key = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
            .parse()
            .unwrap();
        assert!(policy("role", &scope(), &[Capability::UseKey { key }].into()).is_err());
    }

    #[test]
    fn keys_are_used_through_the_services_of_the_role_only() {
        let key = Capability::UseKey {
            key: "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
                .parse()
                .unwrap(),
        };
        assert!(
            written([key.clone()])
                .contains(r#""Condition":{"StringLike":{"kms:ViaService":"s3.eu-central-1.*"}}"#)
        );
        let secrets = Capability::ReadSecrets {
            prefix: "dataplane/".parse().unwrap(),
        };
        assert!(written([key, secrets]).contains(
            r#"{"kms:ViaService":["s3.eu-central-1.*","secretsmanager.eu-central-1.*"]}"#
        ));
    }

    #[test]
    fn a_policy_that_no_role_can_hold_is_refused() {
        let prefixes: Vec<_> = (0..120)
            .map(|n| format!("organisation/project-{n}/development/"))
            .collect();
        let prefixes: Vec<_> = prefixes.iter().map(String::as_str).collect();
        let said = policy(
            "user",
            &scope(),
            &objects_of("acme-metadata", &prefixes).into(),
        )
        .unwrap_err()
        .to_string();
        assert!(said.contains("10240") && said.contains("user"), "{said}");
    }

    #[test]
    fn actions_are_sorted_and_named_once() {
        for (row, actions) in ROLE_ACTIONS {
            assert!(actions.is_sorted_by(|a, b| a < b), "{row}: {actions:?}");
        }
    }
}
