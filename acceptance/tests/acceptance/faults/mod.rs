//! Faults: the cloud answers wrongly, late or never, the API server goes away, Terraform is interrupted or killed. Then
//! apply again: everything is there once and complete, and nothing is orphaned.

mod answers;
mod api_server;
mod interruptions;

use std::{collections::BTreeSet, ops::Range, time::Duration};

use acceptance::{
    aws::{Answer, Fault, Front},
    terraform::Terraform,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{bench::Bench, private::Network};

/// How long a step of Terraform may take on a busy machine.
const LIMIT: Duration = Duration::from_mins(3);

/// One of each resource of the cloud. None waits for another, so that all are under way at once.
const ONE_OF_EACH: &str = r#"
resource "dataplane_bucket" "this" {
  name       = "faults-bucket"
  expiration = [{ days = 30 }]
  timeouts   = { create = "PATIENCE" }
}

resource "dataplane_identity_provider" "this" {
  issuer   = "https://oidc.example.test/id/faults"
  timeouts = { create = "PATIENCE" }
}

resource "dataplane_log_group" "this" {
  name           = "/faults"
  retention_days = 30
  timeouts       = { create = "PATIENCE" }
}

resource "dataplane_registry" "this" {
  name      = "faults/images"
  keep_last = 10
  timeouts  = { create = "PATIENCE" }
}

resource "dataplane_role" "this" {
  name     = "faults"
  profile  = "log_writer"
  logs     = ["/faults"]
  trust    = { irsa = { provider_arn = "arn:aws:iam::123456789012:oidc-provider/oidc.example.test/id/faults" } }
  subjects = [{ namespace = "union", service_account = "fluent-bit" }]
  timeouts = { create = "PATIENCE" }
}

resource "dataplane_secret" "this" {
  name                 = "faults/token"
  value_wo             = "hidden"
  value_wo_version     = 1
  recovery_window_days = 0
  timeouts             = { create = "PATIENCE" }
}

resource "dataplane_private_service" "this" {
  name               = "faults-service"
  load_balancer      = "LOAD_BALANCER"
  allowed_principals = ["arn:aws:iam::111122223333:root"]
  timeouts           = { create = "PATIENCE" }
}

resource "dataplane_private_endpoint" "this" {
  name            = "faults-endpoint"
  service_name    = "SERVICE"
  network         = "NETWORK"
  subnets         = ["SUBNET"]
  security_groups = ["GROUP"]
  timeouts        = { create = "PATIENCE" }
}
"#;

/// A resource of the cloud, and the calls by which it is made, finished, read and deleted.
struct Kind {
    resource: &'static str,
    /// The name it has in error messages.
    object: &'static str,
    service: &'static str,
    create: &'static str,
    /// The operation of `create` as messages have it.
    created_by: &'static str,
    /// The call that ends a create: it takes the mark `dataplane:creating` off.
    finish: &'static str,
    read: &'static str,
    delete: &'static str,
}

const KINDS: [Kind; 8] = [
    Kind {
        resource: "dataplane_bucket.this",
        object: "faults-bucket",
        service: "s3",
        create: "PUT",
        created_by: "s3:CreateBucket",
        finish: "PUT ?tagging",
        read: "GET ?",
        delete: "DELETE",
    },
    Kind {
        resource: "dataplane_identity_provider.this",
        object: "oidc.example.test/id/faults",
        service: "iam",
        create: "CreateOpenIDConnectProvider",
        created_by: "iam:CreateOpenIDConnectProvider",
        finish: "UntagOpenIDConnectProvider",
        read: "GetOpenIDConnectProvider",
        delete: "DeleteOpenIDConnectProvider",
    },
    Kind {
        resource: "dataplane_log_group.this",
        object: "/faults",
        service: "logs",
        create: "CreateLogGroup",
        created_by: "logs:CreateLogGroup",
        finish: "UntagResource",
        read: "DescribeLogGroups",
        delete: "DeleteLogGroup",
    },
    Kind {
        resource: "dataplane_registry.this",
        object: "faults/images",
        service: "ecr",
        create: "CreateRepository",
        created_by: "ecr:CreateRepository",
        finish: "UntagResource",
        read: "DescribeRepositories",
        delete: "DeleteRepository",
    },
    Kind {
        resource: "dataplane_role.this",
        object: "faults",
        service: "iam",
        create: "CreateRole",
        created_by: "iam:CreateRole",
        finish: "UntagRole",
        read: "GetRole",
        delete: "DeleteRole",
    },
    Kind {
        resource: "dataplane_secret.this",
        object: "faults/token",
        service: "secretsmanager",
        create: "CreateSecret",
        created_by: "secretsmanager:CreateSecret",
        finish: "UntagResource",
        read: "DescribeSecret",
        delete: "DeleteSecret",
    },
    Kind {
        resource: "dataplane_private_service.this",
        object: "faults-service",
        service: "ec2",
        create: "CreateVpcEndpointServiceConfiguration",
        created_by: "ec2:CreateVpcEndpointServiceConfiguration",
        finish: "DeleteTags",
        read: "DescribeVpcEndpointServiceConfigurations",
        delete: "DeleteVpcEndpointServiceConfigurations",
    },
    Kind {
        resource: "dataplane_private_endpoint.this",
        object: "faults-endpoint",
        service: "ec2",
        create: "CreateVpcEndpoint",
        created_by: "ec2:CreateVpcEndpoint",
        finish: "DeleteTags",
        read: "DescribeVpcEndpoints",
        delete: "DeleteVpcEndpoints",
    },
];

impl Kind {
    fn fault(&self, front: &Front, operation: &'static str, calls: Range<usize>, answer: Answer) {
        front.fault(Fault {
            service: self.service,
            operation,
            calls,
            answer,
        });
    }
}

/// An initialised configuration with one of each resource.
fn one_of_each(bench: &Bench) -> Result<Terraform> {
    with_patience(bench, "20s")
}

/// The same with time for the client's own pauses: once throttled, it asks more slowly for a while.
fn one_of_each_in_peace(bench: &Bench) -> Result<Terraform> {
    with_patience(bench, "5m")
}

fn with_patience(bench: &Bench, patience: &str) -> Result<Terraform> {
    let network = Network::make(&bench.account)?;
    let text = ONE_OF_EACH
        .replace("PATIENCE", patience)
        .replace(
            "LOAD_BALANCER",
            &network.balancer(&bench.account, "faults")?,
        )
        .replace("SERVICE", &bench.account.ec2().offer(false, &[])?)
        .replace("NETWORK", &network.vpc)
        .replace("SUBNET", &network.subnets[0])
        .replace("GROUP", &network.groups[0]);
    let terraform = bench.configuration(&text)?;
    terraform.init()?;
    Ok(terraform)
}

/// What there is, by service, with its tags; asked of the cloud itself.
fn inventory(bench: &Bench) -> Result<Vec<(String, Value)>> {
    let ask = |service: &str, operation: &str, parameters: Value| {
        bench.account.call(service, operation, &parameters)
    };
    let names = |list: &Value, name: &str| -> Vec<String> {
        let items = list.as_array().into_iter().flatten();
        items
            .map(|item| item[name].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let mut found = Vec::new();
    for name in names(&ask("s3", "list_buckets", json!({}))?["Buckets"], "Name") {
        let tags = ask("s3", "get_bucket_tagging", json!({ "Bucket": name }))?;
        found.push((name, tags["TagSet"].clone()));
    }
    let providers = ask("iam", "list_open_id_connect_providers", json!({}))?;
    for arn in names(&providers["OpenIDConnectProviderList"], "Arn") {
        let one = ask(
            "iam",
            "get_open_id_connect_provider",
            json!({ "OpenIDConnectProviderArn": arn }),
        )?;
        found.push((arn, one["Tags"].clone()));
    }
    for name in names(
        &ask("logs", "describe_log_groups", json!({}))?["logGroups"],
        "logGroupName",
    ) {
        let tags = ask(
            "logs",
            "list_tags_log_group",
            json!({ "logGroupName": name }),
        )?;
        found.push((name, tags["tags"].clone()));
    }
    let repositories = ask("ecr", "describe_repositories", json!({}))?;
    for arn in names(&repositories["repositories"], "repositoryArn") {
        let tags = ask(
            "ecr",
            "list_tags_for_resource",
            json!({ "resourceArn": arn }),
        )?;
        found.push((arn, tags["tags"].clone()));
    }
    for name in names(&ask("iam", "list_roles", json!({}))?["Roles"], "RoleName") {
        let tags = ask("iam", "list_role_tags", json!({ "RoleName": name }))?;
        found.push((name, tags["Tags"].clone()));
    }
    for name in names(
        &ask("secretsmanager", "list_secrets", json!({}))?["SecretList"],
        "Name",
    ) {
        let one = ask(
            "secretsmanager",
            "describe_secret",
            json!({ "SecretId": name }),
        )?;
        found.push((name, one["Tags"].clone()));
    }
    let services = ask(
        "ec2",
        "describe_vpc_endpoint_service_configurations",
        json!({}),
    )?;
    let endpoints = ask("ec2", "describe_vpc_endpoints", json!({}))?;
    for one in [
        &services["ServiceConfigurations"],
        &endpoints["VpcEndpoints"],
    ]
    .into_iter()
    .flat_map(|list| list.as_array().into_iter().flatten())
    .filter(|one| !["deleting", "deleted"].contains(&one["State"].as_str().unwrap_or("")))
    {
        let tags = one["Tags"].as_array().into_iter().flatten();
        let mut name = tags
            .filter(|tag| tag["Key"] == "Name")
            .map(|tag| &tag["Value"]);
        let name = name.find_map(Value::as_str).unwrap_or_default();
        found.push((name.to_owned(), one["Tags"].clone()));
    }
    Ok(found)
}

/// Everything is there once, finished, and as it was asked for; Terraform agrees.
fn assert_whole(bench: &Bench, terraform: &Terraform) -> Result<()> {
    let found = inventory(bench)?;
    ensure!(found.len() == KINDS.len(), "not one of each: {found:#?}");
    for (kind, (name, tags)) in KINDS.iter().zip(&found) {
        ensure!(name.ends_with(kind.object), "{name} is no {}", kind.object);
        let tags = tags.to_string();
        ensure!(
            tags.contains("dataplane:owner"),
            "{name} is not marked: {tags}"
        );
        ensure!(
            !tags.contains("dataplane:creating"),
            "{name} is not finished: {tags}"
        );
    }
    let ask = |service: &str, operation: &str, parameters: Value| {
        bench.account.call(service, operation, &parameters)
    };
    let bucket = json!({ "Bucket": "faults-bucket" });
    assert_eq!(
        ask("s3", "get_bucket_versioning", bucket.clone())?["Status"],
        "Enabled"
    );
    ask("s3", "get_bucket_policy", bucket.clone())?;
    ask("s3", "get_bucket_lifecycle_configuration", bucket)?;
    assert_eq!(
        ask("logs", "describe_log_groups", json!({}))?["logGroups"][0]["retentionInDays"],
        30
    );
    ask(
        "ecr",
        "get_lifecycle_policy",
        json!({ "repositoryName": "faults/images" }),
    )?;
    let policies = ask("iam", "list_role_policies", json!({ "RoleName": "faults" }))?;
    assert_eq!(policies["PolicyNames"].as_array().map(Vec::len), Some(1));
    let secret = ask(
        "secretsmanager",
        "get_secret_value",
        json!({ "SecretId": "faults/token" }),
    )?;
    assert_eq!(secret["SecretString"], "hidden");
    terraform.plan()?.assert_empty("the plan after a fault")
}

fn assert_nothing_left(bench: &Bench) -> Result<()> {
    let left = inventory(bench)?;
    ensure!(left.is_empty(), "left behind: {left:#?}");
    Ok(())
}

/// The addresses in the state that are tainted, and those that are not.
pub fn in_state(terraform: &Terraform) -> Result<(BTreeSet<String>, BTreeSet<String>)> {
    let state = terraform.state()?;
    let resources = state["values"]["root_module"]["resources"].as_array();
    let (mut tainted, mut whole) = (BTreeSet::new(), BTreeSet::new());
    for resource in resources.into_iter().flatten() {
        let address = resource["address"]
            .as_str()
            .context("an address")?
            .to_owned();
        if resource["tainted"] == true {
            tainted.insert(address);
        } else {
            whole.insert(address);
        }
    }
    Ok((tainted, whole))
}
