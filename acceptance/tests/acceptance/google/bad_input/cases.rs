//! Values that Google Cloud does not take, and what is said of each.

/// A resource, its argument, a value that Google Cloud does not take, and what is said.
pub(super) type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// What a resource of this type needs.
pub(super) fn usual(resource: &str) -> &'static [(&'static str, &'static str)] {
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

pub(super) const OF_BUCKETS: &[Case] = &[
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

pub(super) const OF_ROLES: &[Case] = &[
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

pub(super) const OF_STORES: &[Case] = &[
    (
        "dataplane_registry",
        "keep_last",
        "10",
        &["Invalid value of keep_last", "immutable tags"],
    ),
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
