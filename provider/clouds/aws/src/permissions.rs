//! The permission tables: which actions of IAM each capability of a role takes, and which our own calls take.

use std::collections::BTreeSet;

use clouds::Result;
use clouds::account::{KmsKey, Managed};
use clouds::buckets::{BucketId, ObjectPrefix};
use clouds::policies::PolicyDocument;
use clouds::roles::Capability;
use serde_json::{Value, json};

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

/// The actions of our own calls, by what is managed.
const CALLER_ACTIONS: [(Managed, &[&str]); 7] = [
    (
        Managed::Buckets,
        &[
            "s3:AbortMultipartUpload",
            "s3:CreateBucket",
            "s3:DeleteBucket",
            "s3:DeleteBucketPolicy",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:GetBucketCORS",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:ListBucket",
            "s3:ListBucketMultipartUploads",
            "s3:ListBucketVersions",
            "s3:PutBucketCORS",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
            "s3:TagResource",
        ],
    ),
    (
        Managed::IdentityProviders,
        &[
            "iam:AddClientIDToOpenIDConnectProvider",
            "iam:CreateOpenIDConnectProvider",
            "iam:DeleteOpenIDConnectProvider",
            "iam:GetOpenIDConnectProvider",
            "iam:RemoveClientIDFromOpenIDConnectProvider",
            "iam:TagOpenIDConnectProvider",
            "iam:UntagOpenIDConnectProvider",
        ],
    ),
    (
        Managed::Roles,
        &[
            "eks:CreatePodIdentityAssociation",
            "eks:DeletePodIdentityAssociation",
            "eks:DescribePodIdentityAssociation",
            "eks:ListPodIdentityAssociations",
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DeleteRolePermissionsBoundary",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:PassRole",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
        ],
    ),
    (
        Managed::Registries,
        &[
            "ecr:CreateRepository",
            "ecr:DeleteLifecyclePolicy",
            "ecr:DeleteRepository",
            "ecr:DescribeRepositories",
            "ecr:GetLifecyclePolicy",
            "ecr:ListImages",
            "ecr:ListTagsForResource",
            "ecr:PutImageScanningConfiguration",
            "ecr:PutImageTagMutability",
            "ecr:PutLifecyclePolicy",
            "ecr:TagResource",
            "ecr:UntagResource",
        ],
    ),
    (
        Managed::LogGroups,
        &[
            "logs:AssociateKmsKey",
            "logs:CreateLogGroup",
            "logs:DeleteLogGroup",
            "logs:DeleteRetentionPolicy",
            "logs:DescribeLogGroups",
            "logs:DisassociateKmsKey",
            "logs:ListTagsForResource",
            "logs:PutRetentionPolicy",
            "logs:TagResource",
            "logs:UntagResource",
        ],
    ),
    (
        Managed::Secrets,
        &[
            "secretsmanager:CreateSecret",
            "secretsmanager:DeleteSecret",
            "secretsmanager:DescribeSecret",
            "secretsmanager:PutSecretValue",
            "secretsmanager:RestoreSecret",
            "secretsmanager:TagResource",
            "secretsmanager:UntagResource",
            "secretsmanager:UpdateSecret",
        ],
    ),
    (Managed::Clusters, &["eks:DescribeCluster"]),
];

/// What whoever runs us needs. `sts:GetCallerIdentity` needs no grant.
pub(crate) fn required(managed: &BTreeSet<Managed>) -> PolicyDocument {
    let rows = CALLER_ACTIONS.iter().filter(|(of, _)| managed.contains(of));
    let statement = |(of, actions): &(Managed, &[&str])| json!({ "Sid": format!("{of:?}"), "Effect": "Allow", "Action": actions, "Resource": "*" });
    document(rows.map(statement).collect())
}

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
    let policy = document(statements.collect());
    let length = policy
        .to_string()
        .chars()
        .filter(|c| !c.is_whitespace())
        .count();
    if length > LONGEST_POLICY {
        let why = format!(
            "the policy would be {length} characters long and a role can hold {LONGEST_POLICY}: give fewer buckets or \
             prefixes, or a prefix that covers several"
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

/// A policy names keys by ARN; an alias can only be a condition on whatever key bears it.
fn use_key(role: &str, scope: &Scope, key: &KmsKey) -> Result<Grant> {
    let text = key.as_str();
    let key_arn = |id: &str| {
        format!(
            "arn:{}:kms:{}:{}:key/{id}",
            scope.partition, scope.region, scope.account
        )
    };
    if let Some((arn, alias)) = text.split_once(":alias/") {
        let condition = json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": format!("alias/{alias}") } });
        return Ok(Grant::on("UseKey", [format!("{arn}:key/*")]).if_(condition));
    }
    if text.starts_with("alias/") {
        let condition = json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": text } });
        return Ok(Grant::on("UseKey", [key_arn("*")]).if_(condition));
    }
    if text.starts_with("arn:") {
        return Ok(Grant::on("UseKey", [text.to_owned()]));
    }
    if text.contains('/') {
        return Err(invalid(
            "iam:PutRolePolicy",
            role,
            format!("{key} is not a key of AWS"),
        ));
    }
    Ok(Grant::on("UseKey", [key_arn(text)]))
}

fn actions(row: &str) -> &'static [&'static str] {
    ROLE_ACTIONS
        .iter()
        .find(|(name, _)| *name == row)
        .map_or(&[], |(_, actions)| actions)
}

fn document(statements: Vec<Value>) -> PolicyDocument {
    PolicyDocument::new(json!({ "Version": "2012-10-17", "Statement": statements }))
}
