//! Provider blocks for Google Cloud that cannot work: refused before there is a plan.

use acceptance::terraform::Terraform;
use anyhow::Result;

use crate::bad_input::{Expected, refuses};

const REQUIRED: &str = r#"terraform {
  required_providers {
    dataplane = { source = "dataplane/dataplane" }
  }
}
"#;

/// Alias, the block for Google Cloud, and what is said.
type Case = (&'static str, &'static str, &'static [&'static str]);

const WRONG: &[Case] = &[
    (
        "a_zone",
        r#"{ project = "acme-prod", region = "europe-west4-a" }"#,
        &[
            "Invalid value of gcp.region",
            "is a zone",
            "like europe-west4",
        ],
    ),
    (
        "a_region_of_aws",
        r#"{ project = "acme-prod", region = "eu-west-1" }"#,
        &["Invalid value of gcp.region", "like europe-west4"],
    ),
    (
        "a_project_s_number",
        r#"{ project = "123456789012", region = "europe-west4" }"#,
        &["Invalid value of gcp.project", "PROJECT_ID"],
    ),
    (
        "no_project",
        r#"{ project = "acme-prod", region = "europe-west4", allowed_projects = ["123456789012"] }"#,
        &["Invalid value of gcp.allowed_projects", "\"123456789012\""],
    ),
    (
        "nothing_allowed",
        r#"{ project = "acme-prod", region = "europe-west4", allowed_projects = [] }"#,
        &[
            "Invalid value of gcp.allowed_projects",
            "leave the argument out to allow any",
        ],
    ),
    (
        "no_account",
        r#"{ project = "acme-prod", region = "europe-west4", impersonate_service_account = "admin" }"#,
        &[
            "Invalid value of gcp.impersonate_service_account",
            "`admin` is not a Google service account",
        ],
    ),
    (
        "unknown_service",
        r#"{ project = "acme-prod", region = "europe-west4", endpoints = { pubsub = "http://127.0.0.1" } }"#,
        &[
            "\"pubsub\" is not a service of Google Cloud",
            "artifactregistry",
            "storage",
        ],
    ),
    (
        "no_address",
        r#"{ project = "acme-prod", region = "europe-west4", endpoints = { storage = "127.0.0.1:9000" } }"#,
        &[
            "\"127.0.0.1:9000\" is not the address of a service",
            "An address looks like https://",
        ],
    ),
];

#[test]
fn wrong_provider_blocks_are_refused_before_any_plan() -> Result<()> {
    let mut configuration = vec![REQUIRED.to_owned()];
    let mut expected = Vec::new();
    for (alias, gcp, says) in WRONG {
        configuration.push(format!(
            "provider \"dataplane\" {{\n  alias = \"{alias}\"\n  owner = \"acceptance\"\n  gcp   = {gcp}\n}}\n\
             data \"dataplane_network_ranges\" \"{alias}\" {{\n  provider = dataplane.{alias}\n}}\n"
        ));
        let address = format!("provider[\"registry.terraform.io/dataplane/dataplane\"].{alias}");
        expected.push(Expected::at(&address, says).under(gcp));
    }
    let terraform = Terraform::new()?;
    terraform.write("main.tf", &configuration.concat())?;
    terraform.init()?;
    refuses(&terraform, "validate", &expected)
}
