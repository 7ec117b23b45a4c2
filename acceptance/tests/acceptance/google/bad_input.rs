//! What Google Cloud does not take is underlined in the plan, before the first call: no project is there at all.

use acceptance::terraform::Terraform;
use anyhow::Result;

use super::bench::{Bench, PROJECT};
use crate::bad_input::{Expected, refuses};

const PROVIDER: &str = r#"terraform {
  required_providers {
    dataplane = { source = "dataplane/dataplane" }
  }
}

provider "dataplane" {
  owner = "acceptance"
  gcp   = { project = "acme-prod-123456", region = "europe-west4" }
}
"#;

/// A resource, its argument, a value that Google Cloud does not take, and what is said.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// What a resource of this type needs.
fn usual(resource: &str) -> &'static [(&'static str, &'static str)] {
    match resource {
        "dataplane_bucket" | "dataplane_registry" | "dataplane_log_group" => {
            &[("name", r#""acme-prod""#)]
        }
        "dataplane_secret" => &[
            ("name", r#""acme-prod-token""#),
            ("value_wo", r#""x""#),
            ("value_wo_version", "1"),
        ],
        "dataplane_role" => &[
            ("name", r#""adminflyterole""#),
            ("profile", r#""admin""#),
            ("buckets", r#"{ data = { id = "acme-prod" } }"#),
            (
                "trust",
                r#"{ gke = { pool = "acme-prod-123456.svc.id.goog" } }"#,
            ),
            (
                "subjects",
                r#"[{ namespace = "union", service_account = "executor" }]"#,
            ),
        ],
        _ => &[("issuer", r#""https://oidc.example.test/1""#)],
    }
}

const ARN: &str =
    r#""arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555""#;

const OF_BUCKETS: &[Case] = &[
    (
        "dataplane_bucket",
        "name",
        r#""acme.data""#,
        &["Invalid value of name", "must not hold a dot"],
    ),
    (
        "dataplane_bucket",
        "name",
        r#""goog-data""#,
        &["Invalid value of name", "must not begin with \"goog\""],
    ),
    (
        "dataplane_bucket",
        "name",
        r#""acme-google-data""#,
        &["Invalid value of name", "must not hold \"google\""],
    ),
    (
        "dataplane_bucket",
        "account",
        r#""acmeprod""#,
        &["Invalid value of account", "no storage accounts"],
    ),
    (
        "dataplane_bucket",
        "kms_key",
        ARN,
        &[
            "Invalid value of kms_key",
            "projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY",
        ],
    ),
    (
        "dataplane_bucket",
        "soft_delete_days",
        "5",
        &["Invalid value of soft_delete_days", "7 to 90"],
    ),
    (
        "dataplane_bucket",
        "soft_delete_days",
        "91",
        &["Invalid value of soft_delete_days", "7 to 90"],
    ),
    (
        "dataplane_bucket",
        "allowed_networks",
        r#"{ ip_ranges = ["203.0.113.0/24"] }"#,
        &["Invalid value of allowed_networks", "VPC Service Controls"],
    ),
    (
        "dataplane_bucket",
        "tags",
        r#"{ Team = "ml" }"#,
        &["Invalid value of tags", "no key of a label"],
    ),
    (
        "dataplane_bucket",
        "tags",
        r#"{ team = "ML" }"#,
        &["Invalid value of tags", "no value of a label"],
    ),
];

const OF_ROLES: &[Case] = &[
    (
        "dataplane_role",
        "name",
        r#""admin""#,
        &["Invalid value of name", "6 to 30 characters long, not 5"],
    ),
    (
        "dataplane_role",
        "name",
        r#""Adminflyterole""#,
        &[
            "Invalid value of name",
            "lowercase letters, digits and hyphens",
        ],
    ),
    (
        "dataplane_role",
        "name",
        r#""adminflyterole-of-acme-production""#,
        &["Invalid value of name", "6 to 30 characters long"],
    ),
    (
        "dataplane_role",
        "secrets",
        r#""acme-prod/""#,
        &["Invalid value of secrets", "it ends with - or _"],
    ),
    (
        "dataplane_role",
        "logs",
        r#"["/acme/tasks"]"#,
        &["Invalid value of logs", "no path"],
    ),
    (
        "dataplane_role",
        "kms_keys",
        "[\"alias/acme\"]",
        &["Invalid value of kms_keys", "not the full name of a key"],
    ),
    (
        "dataplane_role",
        "trust",
        r#"{ irsa = { provider_arn = "arn:aws:iam::123456789012:oidc-provider/oidc.example.test/1" } }"#,
        &["Invalid value of trust", "`gke = { pool = … }`"],
    ),
    (
        "dataplane_role",
        "permissions_boundary",
        r#""arn:aws:iam::123456789012:policy/most""#,
        &[
            "Invalid value of permissions_boundary",
            "no permissions boundaries",
        ],
    ),
    (
        "dataplane_role",
        "path",
        r#""/acme/""#,
        &["Invalid value of path", "have no path"],
    ),
    (
        "dataplane_role",
        "max_session_duration",
        r#""2h""#,
        &["Invalid value of max_session_duration", "last an hour"],
    ),
    (
        "dataplane_role",
        "tags",
        r#"{ team = "ml" }"#,
        &["Invalid value of tags", "service accounts have no labels"],
    ),
];

const OF_STORES: &[Case] = &[
    (
        "dataplane_registry",
        "name",
        r#""acme/tasks""#,
        &[
            "Invalid value of name",
            "lowercase letters, digits and hyphens",
        ],
    ),
    (
        "dataplane_log_group",
        "name",
        r#""/acme/tasks""#,
        &["Invalid value of name", "log buckets have no path"],
    ),
    (
        "dataplane_log_group",
        "retention_days",
        "3653",
        &["Invalid value of retention_days", "3650"],
    ),
    (
        "dataplane_secret",
        "name",
        r#""acme/token""#,
        &["Invalid value of name", "letters, digits, _ and -"],
    ),
    (
        "dataplane_secret",
        "recovery_window_days",
        "30",
        &[
            "Invalid value of recovery_window_days",
            "brings no deleted secret back",
        ],
    ),
    (
        "dataplane_identity_provider",
        "name",
        r#""gcp-acme""#,
        &["Invalid value of name", "must not begin with \"gcp-\""],
    ),
];

#[test]
fn what_google_does_not_take_is_underlined_in_the_plan() -> Result<()> {
    let mut configuration = vec![PROVIDER.to_owned()];
    let mut expected = Vec::new();
    let cases = OF_BUCKETS.iter().chain(OF_ROLES).chain(OF_STORES);
    for (index, (resource, argument, value, says)) in cases.enumerate() {
        let name = format!("{argument}_{index}");
        let others = usual(resource)
            .iter()
            .filter(|(other, _)| other != argument);
        let mut lines = vec![format!("resource \"{resource}\" \"{name}\" {{")];
        lines.extend(others.map(|(argument, value)| format!("  {argument} = {value}")));
        lines.push(format!("  {argument} = {value}\n}}\n"));
        configuration.push(lines.join("\n"));
        expected.push(Expected::at(&format!("{resource}.{name}"), says).under(value));
    }
    let terraform = Terraform::new()?;
    terraform.write("main.tf", &configuration.concat())?;
    terraform.init()?;
    refuses(&terraform, "plan", &expected)
}

#[test]
fn a_secret_prefix_without_an_end_is_refused_by_any_cloud() -> Result<()> {
    let arguments = usual("dataplane_role").iter();
    let arguments: Vec<String> = arguments
        .map(|(argument, value)| format!("  {argument} = {value}"))
        .collect();
    let role = arguments.join("\n");
    let terraform = Terraform::new()?;
    let block =
        format!("resource \"dataplane_role\" \"this\" {{\n{role}\n  secrets = \"acme\"\n}}\n");
    terraform.write("main.tf", &format!("{PROVIDER}{block}"))?;
    terraform.init()?;
    let says = ["must end with \"/\"", "\"-\" or \"_\""];
    let error = Expected::at("dataplane_role.this", &says).under("\"acme\"");
    refuses(&terraform, "validate", &[error])
}

#[test]
fn a_project_that_is_not_allowed_is_left_alone() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = bench
        .configuration("resource \"dataplane_registry\" \"this\" {\n  name = \"elsewhere\"\n}\n")?;
    let allowed = "allowed_projects = [\"acme-test-123456\"]";
    terraform.write("provider.tf", &bench.provider(allowed))?;
    let says = ["elsewhere", "acme-test-123456", PROJECT];
    refuses(
        &terraform,
        "apply",
        &[Expected::at("dataplane_registry.this", &says)],
    )?;
    assert_eq!(bench.project.take_calls()?, []);
    Ok(())
}
