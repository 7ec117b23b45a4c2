//! What Azure does not take is underlined in the plan, before the first call: no subscription is there at all.

use acceptance::terraform::Terraform;
use anyhow::Result;

use super::bench::Bench;
use crate::bad_input::{Expected, refuses};

const PROVIDER: &str = r#"terraform {
  required_providers {
    dataplane = { source = "dataplane/dataplane" }
  }
}

provider "dataplane" {
  owner = "acceptance"
  azure = {
    subscription_id = "0a2b4c6d-0000-4000-8000-000000000001"
    resource_group  = "acme"
    location        = "westeurope"
  }
}
"#;

/// A resource, its argument, a value that Azure does not take, and what is said.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// What a resource of this type needs.
fn usual(resource: &str) -> &'static [(&'static str, &'static str)] {
    match resource {
        "dataplane_bucket" => &[("account", r#""acmeprod""#), ("name", r#""metadata""#)],
        "dataplane_registry" => &[("name", r#""acmeprod""#)],
        "dataplane_log_group" => &[("name", r#""acme-prod""#), ("retention_days", "60")],
        "dataplane_secret" => &[
            ("name", r#""acme-vault/token""#),
            ("value_wo", r#""x""#),
            ("value_wo_version", "1"),
        ],
        "dataplane_role" => &[
            ("name", r#""userflyterole""#),
            ("profile", r#""user""#),
            ("buckets", r#"{ data = { id = "acmeprod/metadata" } }"#),
            (
                "trust",
                r#"{ azure = { issuer = "https://oidc.example.test/1" } }"#,
            ),
            (
                "subjects",
                r#"[{ namespace = "fraud-production", service_account = "default" }]"#,
            ),
        ],
        _ => &[("issuer", r#""https://oidc.example.test/1""#)],
    }
}

/// What nobody's storage account is called, so that no plan is needed.
const ACCOUNTS: &[Case] = &[
    (
        "dataplane_bucket",
        "account",
        r#""acme-prod""#,
        &["Invalid value of account", "lowercase letters and digits"],
    ),
    (
        "dataplane_bucket",
        "account",
        r#""ac""#,
        &["Invalid value of account", "3 to 24"],
    ),
];

const OF_BUCKETS: &[Case] = &[
    (
        "dataplane_bucket",
        "name",
        r#""meta.data""#,
        &[
            "Invalid value of name",
            "lowercase letters, digits and hyphens on Azure",
        ],
    ),
    (
        "dataplane_bucket",
        "name",
        r#""meta--data""#,
        &["Invalid value of name", "two hyphens in a row"],
    ),
    (
        "dataplane_bucket",
        "kms_key",
        r#""alias/acme""#,
        &[
            "Invalid value of kms_key",
            "https://VAULT.vault.azure.net/keys/NAME",
        ],
    ),
    (
        "dataplane_bucket",
        "kms_key",
        r#""arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555""#,
        &["Invalid value of kms_key", "not a key of Key Vault"],
    ),
    (
        "dataplane_bucket",
        "soft_delete_days",
        "400",
        &["Invalid value of soft_delete_days", "365 days"],
    ),
    (
        "dataplane_bucket",
        "allowed_networks",
        r#"{ ip_ranges = ["10.0.0.0/8"] }"#,
        &["Invalid value of allowed_networks", "private address"],
    ),
];

const OF_ROLES: &[Case] = &[
    (
        "dataplane_role",
        "name",
        r#""a.b""#,
        &[
            "Invalid value of name",
            "letters, digits, hyphens and underscores",
        ],
    ),
    (
        "dataplane_role",
        "subjects",
        r#"[for number in range(21) : { namespace = "team-${number}", service_account = "default" }]"#,
        &[
            "Invalid value of subjects",
            "20 federated credentials",
            "these are 21",
        ],
    ),
    (
        "dataplane_role",
        "trust",
        r#"{ irsa = { provider_arn = "arn:aws:iam::123456789012:oidc-provider/oidc.example.test/1" } }"#,
        &["Invalid value of trust", "`azure = { issuer = … }`"],
    ),
    (
        "dataplane_role",
        "permissions_boundary",
        r#""arn:aws:iam::123456789012:policy/most""#,
        &["Invalid value of permissions_boundary", "leave it out"],
    ),
    (
        "dataplane_role",
        "path",
        r#""/acme/""#,
        &["Invalid value of path", "no paths of identities"],
    ),
    (
        "dataplane_role",
        "max_session_duration",
        r#""2h""#,
        &["Invalid value of max_session_duration", "leave it out"],
    ),
];

const OF_STORES: &[Case] = &[
    (
        "dataplane_registry",
        "name",
        r#""acme/tasks""#,
        &["Invalid value of name", "letters and digits on Azure"],
    ),
    (
        "dataplane_registry",
        "immutable_tags",
        "true",
        &["Invalid value of immutable_tags", "run tasks by digest"],
    ),
    (
        "dataplane_registry",
        "scan_on_push",
        "true",
        &["Invalid value of scan_on_push", "Defender for Containers"],
    ),
    (
        "dataplane_registry",
        "keep_last",
        "10",
        &["Invalid value of keep_last", "acr purge"],
    ),
    (
        "dataplane_log_group",
        "name",
        r#""/acme""#,
        &["Invalid value of name", "letters, digits and hyphens"],
    ),
    (
        "dataplane_log_group",
        "retention_days",
        "7",
        &[
            "Invalid value of retention_days",
            "30 to 730 days, not for 7 days",
        ],
    ),
    (
        "dataplane_log_group",
        "retention_days",
        "1096",
        &["Invalid value of retention_days", "30 to 730 days"],
    ),
    (
        "dataplane_secret",
        "name",
        r#""token""#,
        &["Invalid value of name", "VAULT/SECRET"],
    ),
    (
        "dataplane_secret",
        "recovery_window_days",
        "30",
        &[
            "Invalid value of recovery_window_days",
            "setting of its key vault",
        ],
    ),
];

/// A resource, its name, its arguments, what is said, and what is underlined, where there is something.
type Block = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    Option<&'static str>,
);

/// What one argument alone cannot say.
const BLOCKS: &[Block] = &[
    (
        "dataplane_bucket",
        "no_account",
        "  name = \"metadata\"",
        &[
            "Invalid value of account",
            "3 to 24 lowercase letters and digits",
        ],
        None,
    ),
    (
        "dataplane_bucket",
        "both",
        "  account = \"acmeprod\"\n  name = \"metadata\"\n  hierarchical_namespace = true\n  versioning = true",
        &[
            "Invalid value of versioning",
            "no versions in a hierarchical namespace",
        ],
        Some("true"),
    ),
    (
        "dataplane_role",
        "part_of_a_vault",
        "  name = \"adminflyterole\"\n  profile = \"admin\"\n  buckets = { data = { id = \"acmeprod/metadata\" } }\n  \
         secrets = \"acme-vault/team/\"\n  trust = { azure = { issuer = \"https://oidc.example.test/1\" } }\n  \
         subjects = [{ namespace = \"union\", service_account = \"executor\" }]",
        &["Invalid value of secrets", "whole vaults"],
        Some("\"acme-vault/team/\""),
    ),
    (
        "dataplane_identity_provider",
        "of_a_cluster",
        "  issuer = \"https://oidc.example.test/1\"",
        &["Azure"],
        None,
    ),
];

/// Resources each with one wrong argument, and what Terraform has to say of them.
fn wrong(cases: &[&[Case]]) -> (Vec<String>, Vec<Expected>) {
    let (mut blocks, mut expected) = (Vec::new(), Vec::new());
    for (index, (resource, argument, value, says)) in cases.iter().copied().flatten().enumerate() {
        let name = format!("{argument}_{index}");
        let others = usual(resource)
            .iter()
            .filter(|(other, _)| other != argument);
        let mut lines = vec![format!("resource \"{resource}\" \"{name}\" {{")];
        lines.extend(others.map(|(argument, value)| format!("  {argument} = {value}")));
        lines.push(format!("  {argument} = {value}\n}}\n"));
        blocks.push(lines.join("\n"));
        expected.push(Expected::at(&format!("{resource}.{name}"), says).under(value));
    }
    (blocks, expected)
}

fn assert_refused(command: &str, blocks: &[String], expected: &[Expected]) -> Result<()> {
    let terraform = Terraform::new()?;
    terraform.write("main.tf", &format!("{PROVIDER}\n{}", blocks.concat()))?;
    terraform.init()?;
    refuses(&terraform, command, expected)
}

#[test]
fn what_no_storage_account_is_called_is_underlined_without_a_plan() -> Result<()> {
    let (blocks, expected) = wrong(&[ACCOUNTS]);
    assert_refused("validate", &blocks, &expected)
}

#[test]
fn what_azure_does_not_take_is_underlined_in_the_plan() -> Result<()> {
    let (mut blocks, mut expected) = wrong(&[OF_BUCKETS, OF_ROLES, OF_STORES]);
    for (resource, name, arguments, says, underlined) in BLOCKS {
        blocks.push(format!(
            "resource \"{resource}\" \"{name}\" {{\n{arguments}\n}}\n"
        ));
        let error = Expected::at(&format!("{resource}.{name}"), says);
        expected.push(match underlined {
            Some(source) => error.under(source),
            None => error,
        });
    }
    assert_refused("plan", &blocks, &expected)
}

#[test]
fn a_subscription_that_is_not_allowed_is_left_alone() -> Result<()> {
    let bench = Bench::azure()?;
    let terraform = bench
        .configuration("resource \"dataplane_registry\" \"this\" {\n  name = \"elsewhere\"\n}\n")?;
    let other = "99999999-0000-4000-8000-000000000001";
    let allowed = format!("allowed_subscriptions = [\"{other}\"]");
    terraform.write("provider.tf", &bench.provider(&allowed))?;
    terraform.init()?;
    let says = ["elsewhere", other, &bench.subscription.id];
    refuses(
        &terraform,
        "apply",
        &[Expected::at("dataplane_registry.this", &says)],
    )?;
    let writes = bench.subscription.take_calls()?;
    assert_eq!(
        writes
            .iter()
            .filter(|call| call.method != "GET" && call.operation != "token")
            .count(),
        0
    );
    Ok(())
}
