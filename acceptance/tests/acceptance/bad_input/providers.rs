//! Provider blocks that cannot work, and accounts that they must not work in.

use acceptance::terraform::Terraform;
use anyhow::Result;
use serde_json::json;

use super::{Expected, refuses};
use crate::bench::Bench;

const REQUIRED: &str = r#"terraform {
  required_providers {
    dataplane = { source = "dataplane/dataplane" }
  }
}
"#;

/// Alias, arguments, what is said, what is underlined.
type Case = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

/// Seen by `terraform validate`.
const WRONG: &[Case] = &[
    (
        "two_clouds",
        r#"aws = { region = "eu-west-1" }
  gcp = { project = "acme-prod", region = "europe-west4" }"#,
        &[
            "more than one cloud is configured",
            "this one has aws and gcp",
            "another provider block with an `alias`",
        ],
        r#"{ project = "acme-prod", region = "europe-west4" }"#,
    ),
    (
        "unknown_region",
        r#"aws = { region = "eu-wst-1" }"#,
        &[
            "Invalid value of aws.region",
            "\"eu-wst-1\"",
            "did you mean eu-west-1?",
        ],
        r#"{ region = "eu-wst-1" }"#,
    ),
    (
        "unknown_service",
        r#"aws = { region = "eu-west-1", endpoints = { dynamodb = "http://127.0.0.1" } }"#,
        &[
            "\"dynamodb\" is not a service",
            "ec2, ecr, eks, iam, logs, s3, secretsmanager, sts",
        ],
        r#"{ region = "eu-west-1", endpoints = { dynamodb = "http://127.0.0.1" } }"#,
    ),
    (
        "no_address",
        r#"aws = { region = "eu-west-1", endpoints = { s3 = "127.0.0.1:9000" } }"#,
        &[
            "\"127.0.0.1:9000\" is not the address of a service",
            "An address looks like https://",
        ],
        r#"{ region = "eu-west-1", endpoints = { s3 = "127.0.0.1:9000" } }"#,
    ),
    (
        "no_account",
        r#"aws = { region = "eu-west-1", allowed_account_ids = ["12345"] }"#,
        &[
            "Invalid value of aws.allowed_account_ids",
            "\"12345\"",
            "12 digits",
        ],
        r#"{ region = "eu-west-1", allowed_account_ids = ["12345"] }"#,
    ),
    (
        "no_role",
        r#"aws = { region = "eu-west-1", assume_role = { role_arn = "admin" } }"#,
        &[
            "Invalid value of aws.assume_role.role_arn",
            "arn:aws:iam::<12-digit account>:role/<name>",
        ],
        r#"{ region = "eu-west-1", assume_role = { role_arn = "admin" } }"#,
    ),
    (
        "two_credentials",
        r#"kubernetes = { token = "a", exec = { api_version = "client.authentication.k8s.io/v1", command = "true" } }"#,
        &["two ways to authenticate", "leave one of them out"],
        r#"{ token = "a", exec = { api_version = "client.authentication.k8s.io/v1", command = "true" } }"#,
    ),
    (
        "a_zone",
        r#"gcp = { project = "acme-prod", region = "europe-west4-a" }"#,
        &[
            "Invalid value of gcp.region",
            "is a zone",
            "like europe-west4",
        ],
        r#"{ project = "acme-prod", region = "europe-west4-a" }"#,
    ),
    (
        "a_project_s_number",
        r#"gcp = { project = "123456789012", region = "europe-west4" }"#,
        &["Invalid value of gcp.project", "PROJECT_ID"],
        r#"{ project = "123456789012", region = "europe-west4" }"#,
    ),
    (
        "a_location_s_title",
        r#"azure = { subscription_id = "00000000-0000-0000-0000-000000000000", resource_group = "acme", location = "West Europe" }"#,
        &["Invalid value of azure.location", "like westeurope"],
        r#"{ subscription_id = "00000000-0000-0000-0000-000000000000", resource_group = "acme", location = "West Europe" }"#,
    ),
];

#[test]
fn wrong_provider_blocks_are_refused_before_any_plan() -> Result<()> {
    let terraform = Terraform::new()?;
    let mut configuration = vec![REQUIRED.to_owned()];
    let mut expected = Vec::new();
    for (alias, arguments, says, underlined) in WRONG {
        configuration.push(format!(
            "provider \"dataplane\" {{\n  alias = \"{alias}\"\n  owner = \"acceptance\"\n  {arguments}\n}}\n\
             data \"dataplane_network_ranges\" \"{alias}\" {{\n  provider = dataplane.{alias}\n}}\n"
        ));
        let address = format!("provider[\"registry.terraform.io/dataplane/dataplane\"].{alias}");
        expected.push(Expected::at(&address, says).under(underlined));
    }
    terraform.write("main.tf", &configuration.concat())?;
    terraform.init()?;
    refuses(&terraform, "validate", &expected)
}

#[test]
fn an_account_that_is_not_allowed_is_left_alone() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = bench
        .configuration("resource \"dataplane_bucket\" \"this\" {\n  name = \"elsewhere\"\n}\n")?;
    terraform.write(
        "provider.tf",
        &bench.provider("allowed_account_ids = [\"999999999999\"]"),
    )?;
    terraform.init()?;
    let says = [
        "elsewhere",
        "the credentials are of account",
        &bench.account.id,
        "999999999999",
        "use other credentials or allow this account",
    ];
    refuses(
        &terraform,
        "apply",
        &[Expected::at("dataplane_bucket.this", &says)],
    )?;
    let buckets = bench.account.call("s3", "list_buckets", &json!({}))?;
    assert_eq!(buckets["Buckets"], json!([]));
    Ok(())
}
