//! Arguments that no plan is needed to refuse, and those that the configured cloud does not take.

use acceptance::terraform::Terraform;
use anyhow::Result;

use super::{Expected, refuses};

const KUBECONFIG: &str = "apiVersion: v1
kind: Config
current-context: staging
clusters: [{ name: one, cluster: { server: 'https://10.0.0.1:6443' } }]
users: [{ name: one, user: { token: secret } }]
contexts: [{ name: staging, context: { cluster: one, user: one } }]
";

pub(super) const PROVIDER: &str = r#"terraform {
  required_providers {
    dataplane = { source = "dataplane/dataplane" }
  }
}

provider "dataplane" {
  owner = "acceptance"
  aws   = { region = "eu-west-1" }
}
"#;

/// An argument that is wrong, in a resource that is right otherwise.
struct Wrong {
    resource: &'static str,
    argument: &'static str,
    value: &'static str,
    says: &'static [&'static str],
    /// Part of the value, where not all of it is underlined.
    underlined: Option<&'static str>,
}

const fn wrong(
    resource: &'static str,
    argument: &'static str,
    value: &'static str,
    says: &'static [&'static str],
) -> Wrong {
    Wrong {
        resource,
        argument,
        value,
        says,
        underlined: None,
    }
}

/// What a resource of this type needs.
fn usual(resource: &str) -> &'static [(&'static str, &'static str)] {
    match resource {
        "dataplane_bucket" => &[("name", r#""acme-data""#)],
        "dataplane_identity_provider" => &[("issuer", r#""https://oidc.example.test/id/1""#)],
        "dataplane_role" => &[
            ("name", r#""adminflyterole""#),
            ("profile", r#""admin""#),
            ("buckets", r#"{ data = { id = "acme-data" } }"#),
            (
                "trust",
                r#"{ irsa = { provider_arn = "arn:aws:iam::123456789012:oidc-provider/oidc.example.test/id/1" } }"#,
            ),
            (
                "subjects",
                r#"[{ namespace = "union", service_account = "operator" }]"#,
            ),
        ],
        "dataplane_registry" => &[("name", r#""acme/tasks""#)],
        "dataplane_log_group" => &[("name", r#""/acme""#)],
        "dataplane_secret" => &[("name", r#""acme/key""#)],
        "dataplane_operator" => &[
            ("cluster", r#"{ kubeconfig = { path = "kubeconfig" } }"#),
            ("organization", r#""acme""#),
            ("cluster_name", r#""prod""#),
            ("image", r#""registry.example.com/operator:1.0.0""#),
            (
                "control_plane",
                r#"{ endpoint = "https://acme.example.com" }"#,
            ),
            (
                "storage",
                r#"{ metadata = "s3://acme-data", fast_registration = "s3://acme-data" }"#,
            ),
        ],
        _ => &[
            ("cluster", r#"{ kubeconfig = { path = "kubeconfig" } }"#),
            ("operator", r#""union/dataplane""#),
            ("project", r#""fraud""#),
            ("domain", r#""production""#),
        ],
    }
}

const ROLE_SUBJECTS: &[Wrong] = &[
    wrong(
        "dataplane_role",
        "subjects",
        "[]",
        &[
            "Invalid value of subjects",
            "name at least one service account",
        ],
    ),
    wrong(
        "dataplane_role",
        "subjects",
        r#"[{ namespace = "union", service_account = "*" }]"#,
        &[
            "Invalid value of subjects.service_account",
            "lowercase letters, digits and hyphens, not '*'",
        ],
    ),
    wrong(
        "dataplane_role",
        "subjects",
        r#"[{ namespace = "team-*", service_account = "default" }]"#,
        &["Invalid value of subjects.namespace", "not '*'"],
    ),
];

const ROLES: &[Wrong] = &[
    wrong(
        "dataplane_role",
        "permissions_boundary",
        r#""arn:aws:iam::123456789012:role/boundary""#,
        &[
            "Invalid value of permissions_boundary",
            "like arn:aws:iam::123456789012:policy/boundary",
        ],
    ),
    wrong(
        "dataplane_role",
        "permissions_boundary",
        r#""boundary""#,
        &[
            "Invalid value of permissions_boundary",
            "the ARN of a managed policy",
        ],
    ),
    wrong(
        "dataplane_role",
        "trust",
        r#"{ irsa = { provider_arn = "arn:aws:iam::123456789012:oidc-provider/a.test" }, pod_identity = { cluster = "prod" } }"#,
        &["exactly one of `irsa = { provider_arn = … }` and `pod_identity = { cluster = … }`"],
    ),
    wrong(
        "dataplane_role",
        "trust",
        "{}",
        &["exactly one of `irsa = { provider_arn = … }` and `pod_identity = { cluster = … }`"],
    ),
    wrong(
        "dataplane_role",
        "trust",
        r#"{ irsa = { provider_arn = "https://a.test" } }"#,
        &[
            "Invalid value of trust.irsa.provider_arn",
            "\"https://a.test\"",
            "write the `arn` of a dataplane_identity_provider",
        ],
    ),
    wrong(
        "dataplane_role",
        "max_session_duration",
        r#""soon""#,
        &[
            "Invalid value of max_session_duration",
            "the units h, m, s or ms, such as 90s, 20m or 1h30m",
        ],
    ),
    wrong(
        "dataplane_role",
        "max_session_duration",
        r#""13h""#,
        &[
            "Invalid value of max_session_duration",
            "\"13h\"",
            "1 to 12 hours",
        ],
    ),
    wrong(
        "dataplane_role",
        "profile",
        r#""wizard""#,
        &[
            "Invalid value of profile",
            "admin, user, builder and log_writer",
        ],
    ),
    wrong(
        "dataplane_role",
        "registry",
        r#""acme/tasks""#,
        &[
            "a role of profile admin may not have registry",
            "it takes `buckets`",
        ],
    ),
    wrong(
        "dataplane_role",
        "buckets",
        r#"{ data = { id = "acme-data", prefixes = ["team"] } }"#,
        &[
            "Invalid value of buckets[\"data\"].prefixes",
            "must end with \"/\"",
        ],
    ),
];

const STORES: &[Wrong] = &[
    wrong(
        "dataplane_bucket",
        "cors_origins",
        r#"["app.example.com"]"#,
        &[
            "Invalid value of cors_origins",
            "\"app.example.com\"",
            "it has no scheme",
            "https://app.example.com",
        ],
    ),
    wrong(
        "dataplane_bucket",
        "expiration",
        r#"[{ prefix = "raw/", days = 0 }]"#,
        &["Invalid value of expiration.days", "it must be 1 or more"],
    ),
    wrong(
        "dataplane_bucket",
        "tags",
        r#"{ "dataplane:owner" = "me" }"#,
        &["Invalid value of tags", "kept for the provider's own marks"],
    ),
    wrong(
        "dataplane_bucket",
        "policy_statements",
        r#"["{}"]"#,
        &[
            "Invalid value of policy_statements",
            "\"Effect\" of \"Allow\" or \"Deny\"",
        ],
    ),
    wrong(
        "dataplane_bucket",
        "kms_key",
        r#""mykey""#,
        &["Invalid value of kms_key", "a key's ARN, id or alias/…"],
    ),
    wrong(
        "dataplane_bucket",
        "timeouts",
        r#"{ create = "a while" }"#,
        &[
            "Invalid value of timeouts.create",
            "such as 90s, 20m or 1h30m",
        ],
    ),
    wrong(
        "dataplane_identity_provider",
        "issuer",
        r#""http://oidc.example.test""#,
        &["Invalid value of issuer", "must begin with https://"],
    ),
    wrong(
        "dataplane_identity_provider",
        "audiences",
        "[]",
        &[
            "Invalid value of audiences",
            "leave the argument out for what the cloud expects",
        ],
    ),
    wrong(
        "dataplane_registry",
        "name",
        r#""Acme/Tasks""#,
        &["Invalid value of name", "lowercase letters", "not 'A'"],
    ),
    wrong(
        "dataplane_registry",
        "keep_last",
        "0",
        &[
            "Invalid value of keep_last",
            "1 or more, or left out to keep all",
        ],
    ),
    wrong(
        "dataplane_log_group",
        "retention_days",
        "4000",
        &["Invalid value of retention_days", "1 to 3653 days"],
    ),
    wrong(
        "dataplane_secret",
        "recovery_window_days",
        "3",
        &["Invalid value of recovery_window_days", "7 to 90, or 0"],
    ),
    wrong(
        "dataplane_secret",
        "value_wo_version",
        "1",
        &["a version without a value", "set both or neither"],
    ),
];

/// What AWS does not take.
const NOT_OF_AWS: &[Wrong] = &[
    wrong(
        "dataplane_bucket",
        "account",
        r#""acmeprod""#,
        &["Invalid value of account", "S3 has no storage accounts"],
    ),
    wrong(
        "dataplane_bucket",
        "hierarchical_namespace",
        "true",
        &[
            "Invalid value of hierarchical_namespace",
            "S3 has no hierarchical namespace",
        ],
    ),
    wrong(
        "dataplane_bucket",
        "soft_delete_days",
        "14",
        &["Invalid value of soft_delete_days", "see `versioning`"],
    ),
    wrong(
        "dataplane_bucket",
        "allowed_networks",
        r#"{ ip_ranges = ["203.0.113.7"] }"#,
        &["Invalid value of allowed_networks", "aws:SourceIp"],
    ),
    wrong(
        "dataplane_bucket",
        "tags",
        r#"{ "aws:x" = "y" }"#,
        &["Invalid value of tags", "must not begin with \"aws:\""],
    ),
    wrong(
        "dataplane_bucket",
        "kms_key",
        r#""projects/p/locations/l/keyRings/r/cryptoKeys/k""#,
        &["Invalid value of kms_key", "is not a key of AWS"],
    ),
    wrong(
        "dataplane_identity_provider",
        "name",
        r#""acme-prod""#,
        &["Invalid value of name", "called by its issuer"],
    ),
    wrong(
        "dataplane_registry",
        "kms_key",
        r#""alias/acme""#,
        &["Invalid value of kms_key", "give the key's ARN"],
    ),
    wrong(
        "dataplane_log_group",
        "retention_days",
        "31",
        &[
            "Invalid value of retention_days",
            "one of 1, 3, 5, 7, 14, 30, 60",
        ],
    ),
    wrong(
        "dataplane_log_group",
        "kms_key",
        r#""alias/acme""#,
        &["Invalid value of kms_key", "give the key's ARN"],
    ),
    wrong(
        "dataplane_secret",
        "recovery_window_days",
        "45",
        &["Invalid value of recovery_window_days", "7 to 30, or 0"],
    ),
    wrong(
        "dataplane_secret",
        "name",
        r#""acme-secret""#,
        &["Invalid value of name", "a hyphen and six characters"],
    ),
];

const CLUSTERS: &[Wrong] = &[
    wrong(
        "dataplane_operator",
        "image",
        r#""registry.example.com/operator""#,
        &[
            "Invalid value of image",
            "neither tag nor digest; add `@sha256:…` (best) or `:<tag>`",
        ],
    ),
    wrong(
        "dataplane_operator",
        "image",
        r#""registry.example.com/operator@sha256:123""#,
        &[
            "Invalid value of image",
            "`sha256:` and 64 hexadecimal digits",
        ],
    ),
    wrong(
        "dataplane_operator",
        "cluster",
        r#"{ kubeconfig = { path = "kubeconfig", context = "production" } }"#,
        &[
            "the kubeconfig file cannot be used",
            "has no context `production`; its contexts are: staging",
        ],
    ),
    wrong(
        "dataplane_operator",
        "cluster",
        "{}",
        &[
            "no cluster is given",
            "exactly one of `eks = { name, region }`, `gke = { project, location, name }`, `aks = { resource_group, name }`",
        ],
    ),
    wrong(
        "dataplane_operator",
        "egress",
        r#"{ control_plane = { cidrs = ["203.0.113.0"] } }"#,
        &[
            "Invalid value of egress.control_plane.cidrs[0]",
            "an address and a prefix length, such as 10.0.0.0/16",
        ],
    ),
    wrong(
        "dataplane_operator",
        "egress",
        r#"{ kubernetes_api = { cidrs = ["10.0.0.1/16"] } }"#,
        &[
            "Invalid value of egress.kubernetes_api.cidrs[0]",
            "bits set behind its mask; write 10.0.0.0/16",
        ],
    ),
    wrong(
        "dataplane_operator",
        "control_plane",
        r#"{ endpoint = "http://acme.example.com" }"#,
        &[
            "Invalid value of control_plane.endpoint",
            "must begin with https://, since a token is sent to it",
        ],
    ),
    wrong(
        "dataplane_operator",
        "storage",
        r#"{ metadata = "acme-data", fast_registration = "s3://acme-data" }"#,
        &["Invalid value of storage.metadata", "write s3://<bucket>"],
    ),
    wrong(
        "dataplane_operator",
        "permissions",
        r#""wide""#,
        &[
            "Invalid value of permissions",
            "not one of standard and low",
        ],
    ),
    wrong(
        "dataplane_workspace",
        "cluster",
        r#"{ direct = { host = "https://10.0.0.1" }, eks = { name = "prod", region = "eu-west-1" } }"#,
        &["more than one cluster is given", "Write exactly one of"],
    ),
    wrong(
        "dataplane_workspace",
        "cluster",
        r#"{ direct = { host = "10.0.0.1" } }"#,
        &[
            "Invalid value of cluster.direct.host",
            "write https://<host> or https://<host>:<port>",
        ],
    ),
    wrong(
        "dataplane_workspace",
        "operator",
        r#""union""#,
        &["Invalid value of operator", "<namespace>/<name>"],
    ),
    wrong(
        "dataplane_workspace",
        "role",
        "{}",
        &[
            "Invalid value of role",
            "give exactly one of `irsa`, `pod_identity`",
        ],
    ),
    wrong(
        "dataplane_workspace",
        "quota",
        r#"{ "limits.cpu" = "many" }"#,
        &[
            "Invalid value of quota[\"limits.cpu\"]",
            "such as 500m, 2, 512Mi or 10G",
        ],
    )
    .part("many"),
];

impl Wrong {
    const fn part(self, underlined: &'static str) -> Self {
        Self {
            underlined: Some(underlined),
            ..self
        }
    }

    /// A block of HCL that has this argument, and whatever else its type needs.
    fn block(&self, name: &str) -> String {
        let others = usual(self.resource)
            .iter()
            .filter(|(argument, _)| *argument != self.argument);
        let mut lines = vec![format!("resource \"{}\" \"{name}\" {{", self.resource)];
        lines.extend(others.map(|(argument, value)| format!("  {argument} = {value}")));
        lines.push(format!("  {} = {}\n}}\n", self.argument, self.value));
        lines.join("\n")
    }
}

pub(super) fn working_directory(configuration: &str) -> Result<Terraform> {
    let terraform = Terraform::new()?;
    terraform.write("kubeconfig", KUBECONFIG)?;
    terraform.write("main.tf", configuration)?;
    terraform.init()?;
    Ok(terraform)
}

fn check(provider: &str, command: &str, cases: &[&[Wrong]]) -> Result<()> {
    let mut configuration = vec![provider.to_owned()];
    let mut expected = Vec::new();
    for (index, case) in cases.iter().copied().flatten().enumerate() {
        let name = format!("{}_{index}", case.argument);
        configuration.push(case.block(&name));
        let address = format!("{}.{name}", case.resource);
        let source = case.underlined.unwrap_or(case.value);
        expected.push(Expected::at(&address, case.says).under(source));
    }
    refuses(
        &working_directory(&configuration.concat())?,
        command,
        &expected,
    )
}

#[test]
fn wrong_arguments_are_underlined_and_told_what_would_be_right() -> Result<()> {
    check(PROVIDER, "validate", &[ROLE_SUBJECTS, ROLES, STORES])
}

/// The same beside whichever cloud: what is in a cluster knows none.
pub fn of_clusters(provider: &str) -> Result<()> {
    check(provider, "validate", &[CLUSTERS])
}

#[test]
fn what_no_cluster_takes_is_underlined() -> Result<()> {
    of_clusters(PROVIDER)
}

#[test]
fn what_aws_does_not_take_is_underlined_in_the_plan() -> Result<()> {
    check(PROVIDER, "plan", &[NOT_OF_AWS])
}
