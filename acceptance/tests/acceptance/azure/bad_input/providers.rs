//! Provider blocks for Azure that cannot work: refused before there is a plan.

use acceptance::terraform::Terraform;
use anyhow::Result;

use crate::bad_input::{Expected, refuses};

const REQUIRED: &str = r#"terraform {
  required_providers {
    dataplane = { source = "dataplane/dataplane" }
  }
}
"#;

const SUBSCRIPTION: &str = r#"subscription_id = "0a2b4c6d-0000-4000-8000-000000000001""#;
const GROUP: &str = r#"resource_group = "acme""#;
const LOCATION: &str = r#"location = "westeurope""#;

/// Alias, arguments of the block for Azure, and what is said.
type Case = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const WRONG: &[Case] = &[
    (
        "a_location_s_title",
        &[SUBSCRIPTION, GROUP, r#"location = "West Europe""#],
        &["Invalid value of azure.location", "like westeurope"],
    ),
    (
        "a_location_of_aws",
        &[SUBSCRIPTION, GROUP, r#"location = "eu-west-1""#],
        &[
            "Invalid value of azure.location",
            "az account list-locations",
        ],
    ),
    (
        "a_subscription_s_name",
        &[r#"subscription_id = "acme-prod""#, GROUP, LOCATION],
        &[
            "Invalid value of azure.subscription_id",
            "az account show --query id",
        ],
    ),
    (
        "no_group",
        &[SUBSCRIPTION, r#"resource_group = "acme.""#, LOCATION],
        &["Invalid value of azure.resource_group", "\"acme.\""],
    ),
    (
        "no_tenant",
        &[SUBSCRIPTION, GROUP, LOCATION, r#"tenant_id = "acme""#],
        &["Invalid value of azure.tenant_id", "acme.onmicrosoft.com"],
    ),
    (
        "an_account_of_aws",
        &[
            SUBSCRIPTION,
            GROUP,
            LOCATION,
            r#"allowed_subscriptions = ["123456789012"]"#,
        ],
        &[
            "Invalid value of azure.allowed_subscriptions",
            "\"123456789012\"",
        ],
    ),
    (
        "nothing_allowed",
        &[SUBSCRIPTION, GROUP, LOCATION, "allowed_subscriptions = []"],
        &[
            "Invalid value of azure.allowed_subscriptions",
            "leave the argument out to allow any",
        ],
    ),
    (
        "unknown_service",
        &[
            SUBSCRIPTION,
            GROUP,
            LOCATION,
            r#"endpoints = { queue = "http://127.0.0.1" }"#,
        ],
        &[
            "\"queue\" is not a service of Azure",
            "blob",
            "management",
            "registry",
            "vault",
        ],
    ),
    (
        "no_address",
        &[
            SUBSCRIPTION,
            GROUP,
            LOCATION,
            r#"endpoints = { blob = "127.0.0.1:10000" }"#,
        ],
        &[
            "\"127.0.0.1:10000\" is not the address of a service",
            "An address looks like https://",
        ],
    ),
];

/// What is said where another cloud is configured beside Azure.
const TWO_CLOUDS: [&str; 3] = [
    "more than one cloud is configured",
    "this one has aws and azure",
    "another provider block with an `alias`",
];

#[test]
fn wrong_provider_blocks_are_refused_before_any_plan() -> Result<()> {
    let mut configuration = vec![REQUIRED.to_owned()];
    let mut expected = Vec::new();
    let mut add = |alias: &str, before: &str, arguments: &[&str], says: &[&str]| {
        let azure = format!("{{ {} }}", arguments.join(", "));
        configuration.push(format!(
            "provider \"dataplane\" {{\n  alias = \"{alias}\"\n  owner = \"acceptance\"\n{before}  azure = {azure}\n}}\n\
             data \"dataplane_network_ranges\" \"{alias}\" {{\n  provider = dataplane.{alias}\n}}\n"
        ));
        let address = format!("provider[\"registry.terraform.io/dataplane/dataplane\"].{alias}");
        expected.push(Expected::at(&address, says).under(&azure));
    };
    for (alias, arguments, says) in WRONG {
        add(alias, "", arguments, says);
    }
    let usual = [SUBSCRIPTION, GROUP, LOCATION];
    let aws = "  aws = { region = \"eu-west-1\" }\n";
    add("two_clouds", aws, &usual, &TWO_CLOUDS);
    let terraform = Terraform::new()?;
    terraform.write("main.tf", &configuration.concat())?;
    terraform.init()?;
    refuses(&terraform, "validate", &expected)
}
