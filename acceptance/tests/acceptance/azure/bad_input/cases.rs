//! Values that Azure does not take, or no cloud, and what is said of each.

use super::private::{FRONTEND, PUBLISHED, SUBNETS};

/// A resource, its argument, a value that Azure does not take, and what is said.
pub(super) type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// What a resource of this type needs.
pub(super) fn usual(resource: &str) -> &'static [(&'static str, &'static str)] {
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
        "dataplane_private_service" => &[
            ("name", r#""acme-api""#),
            ("load_balancer", FRONTEND),
            ("subnets", SUBNETS),
        ],
        "dataplane_private_endpoint" => &[
            ("name", r#""acme-api""#),
            ("service_name", PUBLISHED),
            ("subnets", SUBNETS),
        ],
        _ => &[("issuer", r#""https://oidc.example.test/1""#)],
    }
}

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
        r#"{ azure = { issuer = "https://oidc.example.test/1" }, gke = { pool = "acme-prod-123456.svc.id.goog" } }"#,
        &["exactly one of", "`azure = { issuer = … }`"],
    ),
    (
        "dataplane_role",
        "trust",
        "{}",
        &["exactly one of", "`azure = { issuer = … }`"],
    ),
    (
        "dataplane_role",
        "trust",
        r#"{ azure = { issuer = "http://oidc.example.test" } }"#,
        &["Invalid value of trust.azure.issuer", "https://"],
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
        r#""acmeprodimages""#,
        &["a role of profile user may not have registry"],
    ),
    (
        "dataplane_role",
        "buckets",
        r#"{ data = { id = "acmeprod/metadata", prefixes = ["team"] } }"#,
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
        "policy_statements",
        r#"["{}"]"#,
        &[
            "Invalid value of policy_statements",
            "\"Effect\" of \"Allow\" or \"Deny\"",
        ],
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
        "keep_last",
        "0",
        &[
            "Invalid value of keep_last",
            "1 or more, or left out to keep all",
        ],
    ),
    (
        "dataplane_secret",
        "recovery_window_days",
        "3",
        &["Invalid value of recovery_window_days", "7 to 90, or 0"],
    ),
    (
        "dataplane_bucket",
        "account",
        r#""acmeprodthatislongerthan24""#,
        &["Invalid value of account", "3 to 24"],
    ),
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

pub(super) const OF_BUCKETS: &[Case] = &[
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
        r#""meta_data""#,
        &["Invalid value of name", "not '_'"],
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
        "kms_key",
        r#""projects/p/locations/l/keyRings/r/cryptoKeys/k""#,
        &["Invalid value of kms_key", "not a key of Key Vault"],
    ),
    (
        "dataplane_bucket",
        "policy_statements",
        r#"[jsonencode({ Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "*" })]"#,
        &[
            "Invalid value of policy_statements",
            "Azure has no policy of a bucket",
            "assign roles on the storage account",
        ],
    ),
    (
        "dataplane_bucket",
        "expiration",
        r#"[{ prefix = "team's/", days = 30 }]"#,
        &["Invalid value of expiration", "a single quote"],
    ),
    (
        "dataplane_bucket",
        "cors_origins",
        r#"[for number in range(65) : "https://app${number}.example.com"]"#,
        &[
            "Invalid value of cors_origins",
            "65 origins are 1 more than a rule of Azure takes",
        ],
    ),
    (
        "dataplane_bucket",
        "cors_origins",
        r#"[for number in range(60) : "https://app${number}.of-a-company-with-a-long-name.example.com"]"#,
        &[
            "Invalid value of cors_origins",
            "may have 2048",
            "allow whole domains, as https://*.example.com",
        ],
    ),
    (
        "dataplane_bucket",
        "tags",
        r#"{ "team/ml" = "fraud" }"#,
        &["Invalid value of tags", "must not hold '/'"],
    ),
    (
        "dataplane_bucket",
        "tags",
        r#"{ "Microsoft.cost" = "fraud" }"#,
        &[
            "Invalid value of tags",
            "must not begin with \"microsoft\"",
            "Azure keeps such names for itself",
        ],
    ),
    (
        "dataplane_bucket",
        "tags",
        r#"{ team = "fraud", Team = "ml" }"#,
        &["Invalid value of tags", "does not tell letter cases apart"],
    ),
    (
        "dataplane_bucket",
        "tags",
        r#"{ team = join("", [for number in range(257) : "x"]) }"#,
        &["Invalid value of tags", "longer than 256 characters"],
    ),
    (
        "dataplane_bucket",
        "tags",
        r#"{ for number in range(48) : "tag${number}" => "x" }"#,
        &[
            "Invalid value of tags",
            "51 tags with the mark of what is being made",
            "can carry 50 on Azure",
        ],
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

pub(super) const OF_ROLES: &[Case] = &[
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

pub(super) const OF_STORES: &[Case] = &[
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
        "dataplane_registry",
        "name",
        r#""acme""#,
        &["Invalid value of name", "5 to 50 characters long on Azure"],
    ),
    (
        "dataplane_registry",
        "kms_key",
        r#""https://acme.vault.azure.net/keys/images""#,
        &["Invalid value of kms_key", "Premium registry"],
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
        "dataplane_log_group",
        "kms_key",
        r#""https://acme.vault.azure.net/keys/logs""#,
        &["Invalid value of kms_key", "a dedicated cluster only"],
    ),
    (
        "dataplane_secret",
        "kms_key",
        r#""https://acme.vault.azure.net/keys/secrets""#,
        &["Invalid value of kms_key", "takes no key for them"],
    ),
    (
        "dataplane_secret",
        "name",
        r#""acme-vault/team/token""#,
        &["Invalid value of name", "not '/'"],
    ),
    (
        "dataplane_secret",
        "tags",
        r#"{ for number in range(13) : "tag${number}" => "x" }"#,
        &["Invalid value of tags", "can carry 15 on Azure"],
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
pub(super) type Block = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    Option<&'static str>,
);

/// What one argument alone cannot say.
pub(super) const BLOCKS: &[Block] = &[
    (
        "dataplane_secret",
        "empty",
        "  name = \"acme-vault/token\"",
        &["Invalid value of value_wo", "no secrets without a value"],
        None,
    ),
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
