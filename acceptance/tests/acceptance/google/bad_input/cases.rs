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
        "dataplane_private_service" => super::connectivity::SERVICE,
        "dataplane_private_endpoint" => super::connectivity::ENDPOINT,
        _ => &[("issuer", r#""https://oidc.example.test/1""#)],
    }
}

const ARN: &str =
    r#""arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555""#;

/// What no cloud takes, so that no plan is needed.
pub(super) const OF_NO_CLOUD: &[Case] = &[
    (
        "dataplane_role",
        "subjects",
        "[]",
        &[
            "Invalid value of subjects",
            "name at least one service account",
        ],
    ),
    (
        "dataplane_role",
        "subjects",
        r#"[{ namespace = "union", service_account = "*" }]"#,
        &["Invalid value of subjects.service_account", "not '*'"],
    ),
    (
        "dataplane_role",
        "subjects",
        r#"[{ namespace = "team-*", service_account = "default" }]"#,
        &["Invalid value of subjects.namespace", "not '*'"],
    ),
    (
        "dataplane_role",
        "trust",
        r#"{ gke = { pool = "acme-prod-123456.svc.id.goog" }, azure = { issuer = "https://oidc.example.test/1" } }"#,
        &["exactly one of", "`gke = { pool = … }`"],
    ),
    (
        "dataplane_role",
        "trust",
        "{}",
        &["exactly one of", "`gke = { pool = … }`"],
    ),
    (
        "dataplane_role",
        "trust",
        r#"{ gke = { pool = "acme-prod-123456" } }"#,
        &["Invalid value of trust.gke.pool", "PROJECT.svc.id.goog"],
    ),
    (
        "dataplane_role",
        "max_session_duration",
        r#""soon""#,
        &[
            "Invalid value of max_session_duration",
            "such as 90s, 20m or 1h30m",
        ],
    ),
    (
        "dataplane_role",
        "profile",
        r#""wizard""#,
        &[
            "Invalid value of profile",
            "admin, user, builder and log_writer",
        ],
    ),
    (
        "dataplane_role",
        "registry",
        r#""acme-tasks""#,
        &["a role of profile admin may not have registry"],
    ),
    (
        "dataplane_role",
        "buckets",
        r#"{ data = { id = "acme-prod", prefixes = ["team"] } }"#,
        &[
            "Invalid value of buckets[\"data\"].prefixes",
            "must end with \"/\"",
        ],
    ),
    (
        "dataplane_bucket",
        "cors_origins",
        r#"["app.example.com"]"#,
        &[
            "Invalid value of cors_origins",
            "\"app.example.com\"",
            "https://app.example.com",
        ],
    ),
    (
        "dataplane_bucket",
        "expiration",
        r#"[{ prefix = "raw/", days = 0 }]"#,
        &["Invalid value of expiration.days", "it must be 1 or more"],
    ),
    (
        "dataplane_bucket",
        "tags",
        r#"{ "dataplane:owner" = "me" }"#,
        &["Invalid value of tags", "kept for the provider's own marks"],
    ),
    (
        "dataplane_bucket",
        "kms_key",
        r#""mykey""#,
        &["Invalid value of kms_key", "projects/"],
    ),
    (
        "dataplane_bucket",
        "timeouts",
        r#"{ create = "a while" }"#,
        &[
            "Invalid value of timeouts.create",
            "such as 90s, 20m or 1h30m",
        ],
    ),
    (
        "dataplane_identity_provider",
        "issuer",
        r#""http://oidc.example.test""#,
        &["Invalid value of issuer", "must begin with https://"],
    ),
    (
        "dataplane_identity_provider",
        "audiences",
        "[]",
        &["Invalid value of audiences", "leave the argument out"],
    ),
    (
        "dataplane_registry",
        "name",
        r#""Acme-Tasks""#,
        &["Invalid value of name", "not 'A'"],
    ),
    (
        "dataplane_registry",
        "keep_last",
        "0",
        &[
            "Invalid value of keep_last",
            "1 or more, or left out to keep all",
        ],
    ),
    (
        "dataplane_log_group",
        "retention_days",
        "4000",
        &["Invalid value of retention_days", "1 to 3653 days"],
    ),
    (
        "dataplane_secret",
        "recovery_window_days",
        "3",
        &["Invalid value of recovery_window_days", "7 to 90, or 0"],
    ),
];

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
        "hierarchical_namespace",
        "true",
        &["Invalid value of hierarchical_namespace", "flat namespace"],
    ),
    (
        "dataplane_bucket",
        "policy_statements",
        r#"["{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\",\"Resource\":\"*\"}"]"#,
        &[
            "Invalid value of policy_statements",
            "bind roles to them instead",
        ],
    ),
    (
        "dataplane_bucket",
        "tags",
        r#"{ goog-x = "y" }"#,
        &["Invalid value of tags", "kept for other use"],
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
        "subjects",
        r#"[for team in setproduct(range(2), range(751)) : { namespace = join("-", team), service_account = "default" }]"#,
        &[
            "Invalid value of subjects",
            "1502 service accounts are 1503 members",
            "takes 1500",
        ],
    ),
    (
        "dataplane_role",
        "buckets",
        r#"{ data = { id = "acmeprod/metadata" } }"#,
        &["Invalid value of buckets", "names a storage account"],
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
        "dataplane_registry",
        "kms_key",
        ARN,
        &["Invalid value of kms_key", "not the full name of a key"],
    ),
    (
        "dataplane_log_group",
        "kms_key",
        ARN,
        &["Invalid value of kms_key", "not the full name of a key"],
    ),
    (
        "dataplane_secret",
        "kms_key",
        ARN,
        &["Invalid value of kms_key", "not the full name of a key"],
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
