//! The examples of resources for AWS, and those of the cluster: each through its life. What is left is looked up by boto3 and
//! kubectl, never by our code.

use std::time::Duration;

use acceptance::{
    cluster::{Kubectl, Needs},
    terraform::Terraform,
    wait,
};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{
    bench::Bench,
    life::{self, Place},
};

type Case = life::Case<Bench>;

impl Place for Bench {
    const FOLDER: &'static str = "";

    fn example(&self, path: &str) -> Result<Terraform> {
        self.example(path)
    }

    fn kubectl(&self) -> Result<Kubectl> {
        self.kubectl()
    }
}

/// True when it is there, false when the service says by one of these codes that it is not.
fn there(answer: Result<Value>, gone: &[&str]) -> Result<bool> {
    match answer {
        Ok(_) => Ok(true),
        Err(error) => match error.downcast_ref::<acceptance::aws::Refused>() {
            Some(refused) if gone.contains(&refused.code.as_str()) => Ok(false),
            _ => Err(error),
        },
    }
}

fn provider_arn(bench: &Bench) -> String {
    format!(
        "arn:aws:iam::{}:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
        bench.account.id
    )
}

fn kubeconfig_id(bench: &Bench, rest: &str) -> Result<String> {
    let path = bench.cluster()?.kubeconfig();
    Ok(format!("kubeconfig/{}{rest}", path.display()))
}

const BUCKET: Case = Case {
    resource: "dataplane_bucket",
    address: "dataplane_bucket.metadata",
    place: Bench::aws,
    change: |bench| {
        let suspended = json!({ "Bucket": "acme-prod-metadata", "VersioningConfiguration": { "Status": "Suspended" } });
        bench
            .account
            .call("s3", "put_bucket_versioning", &suspended)
    },
    remove: |bench| {
        bench.account.call(
            "s3",
            "delete_bucket",
            &json!({ "Bucket": "acme-prod-metadata" }),
        )
    },
    exists: |bench| {
        let head = bench.account.call(
            "s3",
            "head_bucket",
            &json!({ "Bucket": "acme-prod-metadata" }),
        );
        there(head, &["404", "NoSuchBucket"])
    },
    import_id: |_| Ok("acme-prod-metadata".to_owned()),
    untold: &["force_destroy"],
};

const IDENTITY_PROVIDER: Case = Case {
    resource: "dataplane_identity_provider",
    address: "dataplane_identity_provider.cluster",
    place: Bench::aws,
    change: |bench| {
        let tags = json!({ "OpenIDConnectProviderArn": provider_arn(bench), "TagKeys": ["dataplane:resource"] });
        bench
            .account
            .call("iam", "untag_open_id_connect_provider", &tags)
    },
    remove: |bench| {
        let provider = json!({ "OpenIDConnectProviderArn": provider_arn(bench) });
        bench
            .account
            .call("iam", "delete_open_id_connect_provider", &provider)
    },
    exists: |bench| {
        let provider = json!({ "OpenIDConnectProviderArn": provider_arn(bench) });
        let found = bench
            .account
            .call("iam", "get_open_id_connect_provider", &provider);
        there(found, &["NoSuchEntity"])
    },
    import_id: |bench| Ok(provider_arn(bench)),
    untold: &[],
};

const LOG_GROUP: Case = Case {
    resource: "dataplane_log_group",
    address: "dataplane_log_group.tasks",
    place: Bench::aws,
    change: |bench| {
        let week = json!({ "logGroupName": "/dataplane/acme-prod", "retentionInDays": 7 });
        bench.account.call("logs", "put_retention_policy", &week)
    },
    remove: |bench| {
        bench.account.call(
            "logs",
            "delete_log_group",
            &json!({ "logGroupName": "/dataplane/acme-prod" }),
        )
    },
    exists: |bench| {
        let found = bench.account.call(
            "logs",
            "describe_log_groups",
            &json!({ "logGroupNamePrefix": "/dataplane/" }),
        )?;
        Ok(found["logGroups"] != json!([]))
    },
    import_id: |_| Ok("/dataplane/acme-prod".to_owned()),
    untold: &[],
};

/// The only object of a kind of EC2's, which gives ids and no names.
fn only<'a>(found: &'a Value, id: &str) -> Result<Option<&'a str>> {
    let list = found.as_array().into_iter().flatten();
    let ended = |one: &&Value| one["State"] != "deleted";
    let ids: Vec<_> = list.filter(ended).map(|one| &one[id]).collect();
    anyhow::ensure!(ids.len() < 2, "several: {found}");
    Ok(ids.first().and_then(|id| id.as_str()))
}

fn service_id(bench: &Bench) -> Result<Option<String>> {
    let describe = "describe_vpc_endpoint_service_configurations";
    let found = bench.account.call("ec2", describe, &json!({}))?;
    only(&found["ServiceConfigurations"], "ServiceId").map(|id| id.map(str::to_owned))
}

fn endpoint_id(bench: &Bench) -> Result<Option<String>> {
    let describe = "describe_vpc_endpoints";
    let found = bench.account.call("ec2", describe, &json!({}))?;
    only(&found["VpcEndpoints"], "VpcEndpointId").map(|id| id.map(str::to_owned))
}

/// Deleted by hand, and waited for, as a person would before planning again.
fn remove_on_ec2(
    bench: &Bench,
    operation: &str,
    ids: &str,
    find: fn(&Bench) -> Result<Option<String>>,
) -> Result<Value> {
    let id = find(bench)?.context("it is not there")?;
    let said = bench
        .account
        .call("ec2", operation, &json!({ ids: [id] }))?;
    wait::until("EC2 to delete it", Duration::from_mins(1), || {
        Ok(find(bench)?.is_none().then_some(()))
    })?;
    Ok(said)
}

const PRIVATE_SERVICE: Case = Case {
    resource: "dataplane_private_service",
    address: "dataplane_private_service.kubernetes_api",
    place: Bench::connected,
    change: |bench| {
        let everybody = json!({ "ServiceId": service_id(bench)?, "AddAllowedPrincipals": ["*"] });
        let operation = "modify_vpc_endpoint_service_permissions";
        bench.account.call("ec2", operation, &everybody)
    },
    remove: |bench| {
        let operation = "delete_vpc_endpoint_service_configurations";
        remove_on_ec2(bench, operation, "ServiceIds", service_id)
    },
    exists: |bench| Ok(service_id(bench)?.is_some()),
    import_id: |bench| service_id(bench)?.context("a service"),
    // EC2 keeps how connections stand, and no list of those that are to be let in.
    untold: &["accepted_connections", "force_destroy"],
};

const PRIVATE_ENDPOINT: Case = Case {
    resource: "dataplane_private_endpoint",
    address: "dataplane_private_endpoint.kubernetes_api",
    place: Bench::connected,
    change: |bench| {
        let id = endpoint_id(bench)?;
        let found = json!({ "VpcEndpointIds": [id] });
        let found = bench
            .account
            .call("ec2", "describe_vpc_endpoints", &found)?;
        let subnet = &found["VpcEndpoints"][0]["SubnetIds"][0];
        let less = json!({ "VpcEndpointId": id, "RemoveSubnetIds": [subnet] });
        bench.account.call("ec2", "modify_vpc_endpoint", &less)
    },
    remove: |bench| {
        let operation = "delete_vpc_endpoints";
        remove_on_ec2(bench, operation, "VpcEndpointIds", endpoint_id)
    },
    exists: |bench| Ok(endpoint_id(bench)?.is_some()),
    import_id: |bench| endpoint_id(bench)?.context("an endpoint"),
    untold: &["recreate_closed", "wait_for_acceptance"],
};

const REGISTRY: Case = Case {
    resource: "dataplane_registry",
    address: "dataplane_registry.images",
    place: Bench::aws,
    change: |bench| {
        let off = json!({ "repositoryName": "acme/tasks", "imageScanningConfiguration": { "scanOnPush": false } });
        bench
            .account
            .call("ecr", "put_image_scanning_configuration", &off)
    },
    remove: |bench| {
        bench.account.call(
            "ecr",
            "delete_repository",
            &json!({ "repositoryName": "acme/tasks" }),
        )
    },
    exists: |bench| {
        let found = bench.account.call(
            "ecr",
            "describe_repositories",
            &json!({ "repositoryNames": ["acme/tasks"] }),
        );
        there(found, &["RepositoryNotFoundException"])
    },
    import_id: |_| Ok("acme/tasks".to_owned()),
    untold: &["force_destroy"],
};

const ROLE: Case = Case {
    resource: "dataplane_role",
    address: "dataplane_role.user",
    place: Bench::aws,
    change: |bench| {
        let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }] });
        let more = json!({ "RoleName": "userflyterole", "PolicyName": "by-hand", "PolicyDocument": policy.to_string() });
        bench.account.call("iam", "put_role_policy", &more)
    },
    remove: |bench| {
        let policies = bench.account.call(
            "iam",
            "list_role_policies",
            &json!({ "RoleName": "userflyterole" }),
        )?;
        for name in policies["PolicyNames"].as_array().into_iter().flatten() {
            let policy = json!({ "RoleName": "userflyterole", "PolicyName": name });
            bench.account.call("iam", "delete_role_policy", &policy)?;
        }
        bench.account.call(
            "iam",
            "delete_role",
            &json!({ "RoleName": "userflyterole" }),
        )
    },
    exists: |bench| {
        let found = bench
            .account
            .call("iam", "get_role", &json!({ "RoleName": "userflyterole" }));
        there(found, &["NoSuchEntity"])
    },
    import_id: |_| Ok("userflyterole".to_owned()),
    // IAM keeps the policy that they lead to, not what they were.
    untold: &["profile", "buckets"],
};

const SECRET: Case = Case {
    resource: "dataplane_secret",
    address: "dataplane_secret.warehouse",
    place: Bench::aws,
    change: |bench| {
        let tags = json!({ "SecretId": "acme-prod/warehouse", "TagKeys": ["dataplane:owner"] });
        bench
            .account
            .call("secretsmanager", "untag_resource", &tags)
    },
    remove: |bench| {
        let secret =
            json!({ "SecretId": "acme-prod/warehouse", "ForceDeleteWithoutRecovery": true });
        bench
            .account
            .call("secretsmanager", "delete_secret", &secret)
    },
    exists: |bench| {
        let found = bench
            .account
            .call("secretsmanager", "list_secrets", &json!({}))?;
        Ok(found["SecretList"] != json!([]))
    },
    import_id: |_| Ok("acme-prod/warehouse".to_owned()),
    untold: &["value_wo_version", "recovery_window_days"],
};

const CRDS: Case = Case {
    resource: "dataplane_crds",
    address: "dataplane_crds.this",
    place: || Bench::with_cluster(Needs::Objects),
    change: |bench| {
        let patch =
            r#"[{ "op": "replace", "path": "/spec/names/shortNames", "value": ["byhand"] }]"#;
        let kubectl = bench.kubectl()?;
        kubectl
            .run(&[
                "patch",
                "crd",
                "taskactions.flyte.org",
                "--type=json",
                "-p",
                patch,
            ])
            .map(Value::from)
    },
    remove: |bench| {
        bench
            .kubectl()?
            .run(&["delete", "crd", "taskactions.flyte.org"])
            .map(Value::from)
    },
    exists: |bench| {
        Ok(bench
            .kubectl()?
            .get("crd", "default", "taskactions.flyte.org")?
            .is_some())
    },
    import_id: |bench| kubeconfig_id(bench, ""),
    untold: &["prevent_deletion"],
};

const OPERATOR: Case = Case::operator(
    || Bench::with_cluster(Needs::Pods),
    |bench| kubeconfig_id(bench, "/union/dataplane"),
);

const WORKSPACE: Case = Case::workspace(
    || Bench::with_cluster(Needs::Objects),
    |bench| kubeconfig_id(bench, "/fraud-production"),
);

const CASES: [&Case; 11] = [
    &BUCKET,
    &CRDS,
    &IDENTITY_PROVIDER,
    &LOG_GROUP,
    &OPERATOR,
    &PRIVATE_ENDPOINT,
    &PRIVATE_SERVICE,
    &REGISTRY,
    &ROLE,
    &SECRET,
    &WORKSPACE,
];

#[test]
fn every_resource_has_a_case() -> Result<()> {
    life::every_example_has_a_case(&CASES)
}

#[test]
fn bucket() -> Result<()> {
    BUCKET.run()
}

#[test]
fn identity_provider() -> Result<()> {
    IDENTITY_PROVIDER.run()
}

#[test]
fn log_group() -> Result<()> {
    LOG_GROUP.run()
}

#[test]
fn private_endpoint() -> Result<()> {
    PRIVATE_ENDPOINT.run()
}

#[test]
fn private_service() -> Result<()> {
    PRIVATE_SERVICE.run()
}

#[test]
fn registry() -> Result<()> {
    REGISTRY.run()
}

#[test]
fn role() -> Result<()> {
    ROLE.run()
}

#[test]
fn secret() -> Result<()> {
    SECRET.run()
}

#[test]
fn crds() -> Result<()> {
    CRDS.run()
}

#[test]
fn operator() -> Result<()> {
    OPERATOR.run()
}

#[test]
fn workspace() -> Result<()> {
    WORKSPACE.run()
}
