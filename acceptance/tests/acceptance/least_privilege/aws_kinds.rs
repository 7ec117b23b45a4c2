//! Each kind of resource on AWS: made with all arguments, changed, meddled with, and destroyed.

use anyhow::Result;
use serde_json::json;

use super::aws::{Life, lives};

const IN_OUR_NAME: &str =
    "AWS' services ask for the key in the name of who calls them; those of the emulator do not";
const NO_AUDIENCES: &str = "the emulator changes no audiences";
const NO_CLUSTER: &str = "no cluster of EKS is there that roles could be given to pods in";
const NO_KEYS_OF_LOGS: &str = "the emulator's logs have no keys";

#[test]
fn a_bucket() -> Result<()> {
    lives(&Life {
        kind: "bucket",
        made: r#"
resource "dataplane_bucket" "it" {
  name          = "acme-prod-metadata"
  cors_origins  = ["https://*.unionai.cloud"]
  expiration    = [{ prefix = "raw/", days = 90 }]
  kms_key       = "KEY"
  force_destroy = true
  tags          = { team = "data" }
}
"#,
        changed: &[
            r#"
resource "dataplane_bucket" "it" {
  name          = "acme-prod-metadata"
  cors_origins  = ["https://acme.example"]
  expiration    = [{ prefix = "raw/", days = 30 }]
  versioning    = false
  kms_key       = "KEY"
  force_destroy = true
  tags          = { team = "other" }
}
"#,
            r#"
resource "dataplane_bucket" "it" {
  name          = "acme-prod-metadata"
  force_destroy = true
}
"#,
        ],
        again: false,
        meddled: |account| {
            let bucket = json!({ "Bucket": "acme-prod-metadata" });
            account.call("s3", "delete_public_access_block", &bucket)?;
            account.call("s3", "delete_bucket_policy", &bucket)?;
            let mut owned = bucket.clone();
            owned["OwnershipControls"] =
                json!({ "Rules": [{ "ObjectOwnership": "ObjectWriter" }] });
            account.call("s3", "put_bucket_ownership_controls", &owned)?;
            let mut object = bucket;
            object["Key"] = json!("raw/part");
            account.call("s3", "create_multipart_upload", &object)?;
            object["Body"] = json!("x");
            account.call("s3", "put_object", &object).map(drop)
        },
        unused: &[(
            "create",
            "s3:PutBucketPublicAccessBlock",
            "new buckets have it, and a create that was interrupted may find it off",
        )],
    })
}

#[test]
fn an_identity_provider() -> Result<()> {
    lives(&Life {
        kind: "identity_provider",
        made: r#"
resource "dataplane_identity_provider" "it" {
  issuer    = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  audiences = ["sts.amazonaws.com"]
  tags      = { team = "data" }
}
"#,
        changed: &[r#"
resource "dataplane_identity_provider" "it" {
  issuer    = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  audiences = ["sts.amazonaws.com"]
  tags      = { group = "data" }
}
"#],
        again: false,
        meddled: |_| Ok(()),
        unused: &[
            (
                "update",
                "iam:AddClientIDToOpenIDConnectProvider",
                NO_AUDIENCES,
            ),
            (
                "update",
                "iam:RemoveClientIDFromOpenIDConnectProvider",
                NO_AUDIENCES,
            ),
        ],
    })
}

#[test]
fn a_role() -> Result<()> {
    lives(&Life {
        kind: "role",
        made: r#"
resource "dataplane_role" "it" {
  name                 = "userflyterole"
  profile              = "user"
  buckets              = { metadata = { id = "acme-prod-metadata" } }
  trust                = { irsa = { provider_arn = "arn:aws:iam::ACCOUNT:oidc-provider/acme.example" } }
  subjects             = [{ namespace = "fraud-production", service_account = "default" }]
  permissions_boundary = "arn:aws:iam::ACCOUNT:policy/one"
  tags                 = { team = "data" }
}
"#,
        changed: &[
            r#"
resource "dataplane_role" "it" {
  name                 = "userflyterole"
  profile              = "user"
  buckets              = { metadata = { id = "acme-prod-metadata", access = "read" } }
  trust                = { irsa = { provider_arn = "arn:aws:iam::ACCOUNT:oidc-provider/acme.example" } }
  subjects             = [{ namespace = "fraud-staging", service_account = "default" }]
  permissions_boundary = "arn:aws:iam::ACCOUNT:policy/two"
  max_session_duration = "2h"
  tags                 = { group = "data" }
}
"#,
            r#"
resource "dataplane_role" "it" {
  name     = "userflyterole"
  profile  = "user"
  buckets  = { metadata = { id = "acme-prod-metadata" } }
  trust    = { irsa = { provider_arn = "arn:aws:iam::ACCOUNT:oidc-provider/acme.example" } }
  subjects = [{ namespace = "fraud-staging", service_account = "default" }]
}
"#,
        ],
        again: false,
        meddled: |account| {
            let arn = format!("arn:aws:iam::{}:policy/two", account.id);
            let attached = json!({ "RoleName": "userflyterole", "PolicyArn": arn });
            account.call("iam", "attach_role_policy", &attached)?;
            let document = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }] });
            let written = json!({ "RoleName": "userflyterole", "PolicyName": "theirs", "PolicyDocument": document.to_string() });
            account.call("iam", "put_role_policy", &written).map(drop)
        },
        unused: &[
            ("create", "eks:CreatePodIdentityAssociation", NO_CLUSTER),
            ("create", "iam:PassRole", NO_CLUSTER),
            (
                "create",
                "iam:PutRolePermissionsBoundary",
                "a create that was interrupted may find another boundary",
            ),
            ("read", "eks:DescribePodIdentityAssociation", NO_CLUSTER),
            ("read", "eks:ListPodIdentityAssociations", NO_CLUSTER),
            ("update", "eks:CreatePodIdentityAssociation", NO_CLUSTER),
            ("update", "eks:DeletePodIdentityAssociation", NO_CLUSTER),
            ("update", "eks:DescribePodIdentityAssociation", NO_CLUSTER),
            ("update", "eks:ListPodIdentityAssociations", NO_CLUSTER),
            ("update", "iam:PassRole", NO_CLUSTER),
            ("delete", "eks:DeletePodIdentityAssociation", NO_CLUSTER),
            ("delete", "eks:DescribePodIdentityAssociation", NO_CLUSTER),
            ("delete", "eks:ListPodIdentityAssociations", NO_CLUSTER),
        ],
    })
}

#[test]
fn a_registry() -> Result<()> {
    lives(&Life {
        kind: "registry",
        made: r#"
resource "dataplane_registry" "it" {
  name      = "acme/tasks"
  keep_last = 500
  tags      = { team = "data" }
}
"#,
        changed: &[
            r#"
resource "dataplane_registry" "it" {
  name           = "acme/tasks"
  immutable_tags = false
  scan_on_push   = false
  keep_last      = 10
  tags           = { group = "data" }
}
"#,
            r#"
resource "dataplane_registry" "it" {
  name = "acme/tasks"
}
"#,
        ],
        again: false,
        meddled: |_| Ok(()),
        unused: &[
            ("create", "kms:CreateGrant", IN_OUR_NAME),
            ("create", "kms:DescribeKey", IN_OUR_NAME),
            ("create", "kms:RetireGrant", IN_OUR_NAME),
            (
                "delete",
                "ecr:ListImages",
                "it tells what keeps a repository from being deleted",
            ),
            ("delete", "kms:RetireGrant", IN_OUR_NAME),
        ],
    })
}

#[test]
fn a_log_group() -> Result<()> {
    lives(&Life {
        kind: "log_group",
        made: r#"
resource "dataplane_log_group" "it" {
  name           = "/dataplane/acme-prod"
  retention_days = 30
  tags           = { team = "data" }
}
"#,
        changed: &[
            r#"
resource "dataplane_log_group" "it" {
  name           = "/dataplane/acme-prod"
  retention_days = 60
  tags           = { group = "data" }
}
"#,
            r#"
resource "dataplane_log_group" "it" {
  name = "/dataplane/acme-prod"
}
"#,
        ],
        again: false,
        meddled: |_| Ok(()),
        unused: &[
            ("update", "logs:AssociateKmsKey", NO_KEYS_OF_LOGS),
            ("update", "logs:DisassociateKmsKey", NO_KEYS_OF_LOGS),
        ],
    })
}

#[test]
fn a_secret() -> Result<()> {
    lives(&Life {
        kind: "secret",
        made: r#"
resource "dataplane_secret" "it" {
  name                 = "acme-prod/warehouse"
  value_wo             = "one"
  value_wo_version     = 1
  recovery_window_days = 7
  tags                 = { team = "data" }
}
"#,
        changed: &[r#"
resource "dataplane_secret" "it" {
  name                 = "acme-prod/warehouse"
  value_wo             = "two"
  value_wo_version     = 2
  kms_key              = "KEY"
  recovery_window_days = 7
  tags                 = { group = "data" }
}
"#],
        again: true,
        meddled: |_| Ok(()),
        unused: &[
            ("create", "kms:Decrypt", IN_OUR_NAME),
            ("create", "kms:GenerateDataKey", IN_OUR_NAME),
            ("update", "kms:Decrypt", IN_OUR_NAME),
            ("update", "kms:Encrypt", IN_OUR_NAME),
            ("update", "kms:GenerateDataKey", IN_OUR_NAME),
        ],
    })
}
