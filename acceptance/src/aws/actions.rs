//! The actions of IAM that calls take, after AWS's service authorization reference: most have the operation's name, those of
//! S3 and EKS follow from method and path, and what is tagged in the call that makes it takes a second one.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::Call;

/// Which actions a call takes.
pub fn of(call: &Call) -> Result<BTreeSet<String>> {
    let own = format!("{}:{}", call.service, call.operation);
    // What else a call takes for what it says.
    let more: &[(&str, &str)] = match (call.service.as_str(), call.operation.as_str()) {
        ("s3", operation) => return of_s3(call, operation),
        ("eks", operation) => return Ok(named(of_eks(operation, &call.path)?)),
        // Nobody is asked whether they may know who they are.
        ("sts", "GetCallerIdentity") => return Ok(BTreeSet::new()),
        ("iam", "CreateRole") => &[("Tags", "iam:TagRole")],
        ("iam", "CreateOpenIDConnectProvider") => &[("Tags", "iam:TagOpenIDConnectProvider")],
        ("ecr", "CreateRepository") => &[("tags", "ecr:TagResource")],
        ("logs", "CreateLogGroup") => &[("tags", "logs:TagResource")],
        ("secretsmanager", "CreateSecret") => &[("Tags", "secretsmanager:TagResource")],
        ("iam" | "ecr" | "logs" | "secretsmanager" | "sts" | "ec2", _) => &[],
        _ => bail!("no actions are known of {call:?}"),
    };
    let mut actions = said(call, more);
    actions.insert(own);
    Ok(actions)
}

fn named(actions: &[&str]) -> BTreeSet<String> {
    actions.iter().map(|name| (*name).to_owned()).collect()
}

/// The actions of what a call says.
fn said(call: &Call, actions: &[(&str, &str)]) -> BTreeSet<String> {
    let said = actions.iter().filter(|(of, _)| call.says.contains(*of));
    said.map(|(_, action)| (*action).to_owned()).collect()
}

fn of_s3(call: &Call, operation: &str) -> Result<BTreeSet<String>> {
    let mut actions = named(of_bucket(operation, &call.path)?);
    if actions.contains("s3:CreateBucket") {
        actions.extend(said(
            call,
            &[
                ("Tags", "s3:TagResource"),
                ("x-amz-object-ownership", "s3:PutBucketOwnershipControls"),
            ],
        ));
    }
    Ok(actions)
}

/// By method and subresource. What removes a setting takes the right to set it.
fn of_bucket(operation: &str, path: &str) -> Result<&'static [&'static str]> {
    let object = path.trim_matches('/').contains('/');
    Ok(match (operation, object) {
        ("PUT", false) => &["s3:CreateBucket"],
        ("HEAD" | "GET" | "GET ?list-type" | "GET ?prefix", false) => &["s3:ListBucket"],
        ("DELETE", false) => &["s3:DeleteBucket"],
        ("GET ?cors", _) => &["s3:GetBucketCORS"],
        ("PUT ?cors" | "DELETE ?cors", _) => &["s3:PutBucketCORS"],
        ("GET ?encryption", _) => &["s3:GetEncryptionConfiguration"],
        ("PUT ?encryption" | "DELETE ?encryption", _) => &["s3:PutEncryptionConfiguration"],
        ("GET ?lifecycle", _) => &["s3:GetLifecycleConfiguration"],
        ("PUT ?lifecycle" | "DELETE ?lifecycle", _) => &["s3:PutLifecycleConfiguration"],
        ("GET ?ownershipControls", _) => &["s3:GetBucketOwnershipControls"],
        ("PUT ?ownershipControls", _) => &["s3:PutBucketOwnershipControls"],
        ("GET ?policy", _) => &["s3:GetBucketPolicy"],
        ("PUT ?policy", _) => &["s3:PutBucketPolicy"],
        ("GET ?publicAccessBlock", _) => &["s3:GetBucketPublicAccessBlock"],
        ("PUT ?publicAccessBlock", _) => &["s3:PutBucketPublicAccessBlock"],
        ("GET ?tagging", false) => &["s3:GetBucketTagging"],
        ("PUT ?tagging" | "DELETE ?tagging", false) => &["s3:PutBucketTagging"],
        ("GET ?versioning", _) => &["s3:GetBucketVersioning"],
        ("PUT ?versioning", _) => &["s3:PutBucketVersioning"],
        ("GET ?versions", _) => &["s3:ListBucketVersions"],
        ("GET ?uploads", _) => &["s3:ListBucketMultipartUploads"],
        ("DELETE ?uploadId", true) => &["s3:AbortMultipartUpload"],
        // Versions are named in it, for which S3 asks both.
        ("POST ?delete", false) => &["s3:DeleteObject", "s3:DeleteObjectVersion"],
        _ => bail!("no actions are known of S3's {operation} {path}"),
    })
}

fn of_eks(operation: &str, path: &str) -> Result<&'static [&'static str]> {
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    Ok(match (operation, &parts[..]) {
        ("GET", ["clusters", _]) => &["eks:DescribeCluster"],
        _ => bail!("no actions are known of EKS' {operation} {path}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(service: &str, operation: &str, path: &str) -> Call {
        Call {
            service: service.to_owned(),
            operation: operation.to_owned(),
            path: path.to_owned(),
            by: None,
            says: BTreeSet::new(),
            status: 200,
            faulted: false,
        }
    }

    #[test]
    fn calls_take_actions() {
        for (service, operation, path, actions) in [
            ("iam", "GetRole", "/", ["iam:GetRole"].as_slice()),
            ("iam", "CreateRole", "/", &["iam:CreateRole"]),
            ("s3", "PUT", "/acme", &["s3:CreateBucket"]),
            ("s3", "HEAD", "/acme", &["s3:ListBucket"]),
            ("s3", "DELETE ?cors", "/acme", &["s3:PutBucketCORS"]),
            (
                "s3",
                "DELETE ?uploadId",
                "/acme/a/b",
                &["s3:AbortMultipartUpload"],
            ),
            ("eks", "GET", "/clusters/prod", &["eks:DescribeCluster"]),
            ("sts", "GetCallerIdentity", "/", &[]),
        ] {
            let found = of(&call(service, operation, path)).unwrap();
            let found: Vec<_> = found.iter().map(String::as_str).collect();
            assert_eq!(found, actions, "{service} {operation} {path}");
        }
    }

    #[test]
    fn what_a_call_says_takes_more() {
        for (service, operation, says, action) in [
            ("iam", "CreateRole", "Tags", "iam:TagRole"),
            ("ecr", "CreateRepository", "tags", "ecr:TagResource"),
            ("s3", "PUT", "Tags", "s3:TagResource"),
            (
                "s3",
                "PUT",
                "x-amz-object-ownership",
                "s3:PutBucketOwnershipControls",
            ),
        ] {
            let mut call = call(service, operation, "/acme");
            assert!(!of(&call).unwrap().contains(action), "{action}");
            call.says.insert(says.to_owned());
            let found = of(&call).unwrap();
            assert!(found.contains(action) && found.len() == 2, "{found:?}");
        }
    }

    #[test]
    fn a_call_that_nobody_thought_of_is_told() {
        for (service, operation, path) in [
            ("s3", "GET", "/acme/object"),
            ("eks", "POST", "/clusters"),
            ("kms", "Decrypt", "/"),
        ] {
            assert!(of(&call(service, operation, path)).is_err());
        }
    }
}
