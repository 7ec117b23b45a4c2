//! The settings of a bucket between our words and Resource Manager's: soft delete, versions, CORS, networks, protections.

use std::collections::BTreeSet;

use clouds::buckets::{AllowedNetworks, BucketSettings, CorsOrigin, Protection, SubnetId};
use serde::{Deserialize, Serialize};

use crate::storage_accounts::Properties;

/// For how many days deleted blobs are kept where nothing is said: what the portal of Azure proposes, and what other clouds have.
pub(crate) const SOFT_DELETE: u32 = 7;
const MOST_ORIGINS: usize = 64;
/// How much all rules of an account may say, in bytes.
const MOST_TEXT: usize = 2048;

/// The settings of an account's blobs, sent and found.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct BlobService {
    #[serde(default)]
    pub(crate) properties: BlobServiceProperties,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct BlobServiceProperties {
    cors: Option<Cors>,
    delete_retention_policy: Option<Retention>,
    container_delete_retention_policy: Option<Retention>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_versioning_enabled: Option<bool>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct Cors {
    cors_rules: Vec<CorsRule>,
}

#[derive(Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct CorsRule {
    allowed_origins: Vec<String>,
    allowed_methods: Vec<String>,
    allowed_headers: Vec<String>,
    exposed_headers: Vec<String>,
    max_age_in_seconds: u32,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Retention {
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u32>,
}

impl Retention {
    fn of(days: u32) -> Self {
        Self {
            enabled: Some(days > 0),
            days: (days > 0).then_some(days),
        }
    }

    /// Zero where nothing is kept.
    fn days(of: Option<&Self>) -> u32 {
        let kept = of.filter(|policy| policy.enabled == Some(true));
        kept.and_then(|policy| policy.days).unwrap_or_default()
    }
}

/// The rule that we write for these origins: reading, and the header by which a reader knows what it read.
fn cors_rule(origins: &BTreeSet<CorsOrigin>) -> CorsRule {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    CorsRule {
        allowed_origins: origins.iter().map(ToString::to_string).collect(),
        allowed_methods: texts(&["GET", "HEAD"]),
        allowed_headers: texts(&["*"]),
        exposed_headers: texts(&["ETag"]),
        max_age_in_seconds: 3600,
    }
}

impl BlobService {
    /// What is sent for these settings.
    pub(crate) fn wanted(settings: &BucketSettings, hierarchical: bool) -> Self {
        let days = settings.soft_delete_days.unwrap_or(SOFT_DELETE);
        let cors_rules = if settings.cors_origins.is_empty() {
            Vec::new()
        } else {
            vec![cors_rule(&settings.cors_origins)]
        };
        Self {
            properties: BlobServiceProperties {
                cors: Some(Cors { cors_rules }),
                delete_retention_policy: Some(Retention::of(days)),
                container_delete_retention_policy: Some(Retention::of(days)),
                // An account with a hierarchical namespace does not know the setting.
                is_versioning_enabled: (!hierarchical).then_some(settings.versioning),
            },
        }
    }

    pub(crate) fn versioning(&self) -> bool {
        self.properties.is_versioning_enabled == Some(true)
    }

    /// For how many days deleted blobs are found to be kept; not at all, where blobs and containers are kept for different times.
    pub(crate) fn soft_delete_days(&self) -> u32 {
        let blobs = Retention::days(self.properties.delete_retention_policy.as_ref());
        let containers =
            Retention::days(self.properties.container_delete_retention_policy.as_ref());
        if blobs == containers { blobs } else { 0 }
    }

    /// Our origins, and the rules that are not ours.
    pub(crate) fn cors(&self) -> (BTreeSet<CorsOrigin>, BTreeSet<String>) {
        let rules = self
            .properties
            .cors
            .iter()
            .flat_map(|cors| &cors.cors_rules);
        let (mut ours, mut foreign) = (BTreeSet::new(), BTreeSet::new());
        for rule in rules {
            let origins: Option<BTreeSet<CorsOrigin>> = rule
                .allowed_origins
                .iter()
                .map(|origin| origin.parse().ok())
                .collect();
            match origins {
                Some(origins) if is_ours(rule, &origins) && ours.is_empty() => ours = origins,
                _ => {
                    foreign.insert(format!("CORS rule for {}", rule.allowed_origins.join(", ")));
                }
            }
        }
        (ours, foreign)
    }
}

/// Azure answers methods in another order, or letter case, than they were given.
fn is_ours(rule: &CorsRule, origins: &BTreeSet<CorsOrigin>) -> bool {
    let set = |list: &[String]| {
        let list = list.iter().map(|text| text.to_lowercase());
        list.collect::<BTreeSet<_>>()
    };
    let own = cors_rule(origins);
    set(&rule.allowed_methods) == set(&own.allowed_methods)
        && set(&rule.allowed_headers) == set(&own.allowed_headers)
        && set(&rule.exposed_headers) == set(&own.exposed_headers)
        && rule.max_age_in_seconds == own.max_age_in_seconds
}

/// How many origins one rule takes, and how much text.
pub(crate) fn too_many_origins(origins: &BTreeSet<CorsOrigin>) -> Option<String> {
    let count = origins.len();
    if count > MOST_ORIGINS {
        return Some(format!(
            "{count} origins are {} more than a rule of Azure takes.",
            count - MOST_ORIGINS
        ));
    }
    let rule = cors_rule(origins);
    let lists = [
        &rule.allowed_origins,
        &rule.allowed_methods,
        &rule.allowed_headers,
        &rule.exposed_headers,
    ];
    let text = lists.into_iter().map(|list| list.join(",").len());
    let text = text.sum::<usize>() + rule.max_age_in_seconds.to_string().len();
    (text > MOST_TEXT).then(|| {
        format!(
            "The rule for these origins has {text} bytes, and the rules of an account of Azure may have {MOST_TEXT}: allow whole \
             domains, as https://*.example.com."
        )
    })
}

/// How a rule of networks that is not ours begins.
pub(crate) const NETWORK: &str = "network";
/// Azure's own services, for logs and metrics of the account itself.
const BYPASS: &str = "AzureServices";
/// That the rules decide who comes in, and not a switch before them.
pub(crate) const OPEN: &str = "Enabled";

/// From where an account is reached, sent and found.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NetworkRules {
    default_action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bypass: Option<String>,
    ip_rules: Vec<IpRule>,
    #[serde(rename = "virtualNetworkRules")]
    subnets: Vec<SubnetRule>,
    /// Resources of Azure, of whatever tenant, that no rule keeps out.
    #[serde(rename = "resourceAccessRules")]
    resources: Vec<ResourceRule>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct ResourceRule {
    resource_id: Option<String>,
    tenant_id: Option<String>,
}

#[derive(Clone, Deserialize, Serialize)]
struct IpRule {
    value: String,
}

#[derive(Clone, Deserialize, Serialize)]
struct SubnetRule {
    id: String,
}

impl NetworkRules {
    pub(crate) fn wanted(allowed: Option<&AllowedNetworks>) -> Self {
        let Some(allowed) = allowed else {
            return Self {
                default_action: Some("Allow".to_owned()),
                ..Self::default()
            };
        };
        let ip_rule = |value: &String| IpRule {
            value: value.clone(),
        };
        let subnet_rule = |id: &SubnetId| SubnetRule { id: id.to_string() };
        Self {
            default_action: Some("Deny".to_owned()),
            bypass: Some(BYPASS.to_owned()),
            ip_rules: allowed.ip_ranges.iter().map(ip_rule).collect(),
            subnets: allowed.subnets.iter().map(subnet_rule).collect(),
            resources: Vec::new(),
        }
    }

    fn denies(&self) -> bool {
        let action = self.default_action.as_deref();
        action.is_some_and(|action| action.eq_ignore_ascii_case("Deny"))
    }

    /// Who is let in beside the networks that are allowed, or is not although we let them.
    fn foreign(&self) -> Vec<String> {
        if !self.denies() {
            return Vec::new();
        }
        let bypass = self.bypass.as_deref().unwrap_or("None");
        let let_in = |rule: &ResourceRule| {
            let resource = rule.resource_id.as_deref().unwrap_or("a resource");
            match rule.tenant_id.as_deref() {
                Some(tenant) => format!("{NETWORK} rule for {resource} of tenant {tenant}"),
                None => format!("{NETWORK} rule for {resource}"),
            }
        };
        let bypass = (!bypass.trim().eq_ignore_ascii_case(BYPASS))
            .then(|| format!("{NETWORK} bypass for {bypass} instead of {BYPASS}"));
        bypass
            .into_iter()
            .chain(self.resources.iter().map(let_in))
            .collect()
    }

    /// None where everybody with a token reaches it.
    pub(crate) fn allowed(&self) -> Option<AllowedNetworks> {
        self.denies().then(|| AllowedNetworks {
            ip_ranges: self
                .ip_rules
                .iter()
                .map(|rule| rule.value.clone())
                .collect(),
            subnets: self
                .subnets
                .iter()
                .filter_map(|rule| rule.id.parse().ok())
                .collect(),
        })
    }
}

/// What was found of an account's networks that no argument says: each named so that it begins with [`NETWORK`].
pub(crate) fn foreign_networks(account: &Properties) -> Vec<String> {
    let access = account.public_network_access.as_deref();
    let access = access.filter(|access| !access.eq_ignore_ascii_case(OPEN));
    let closed = access.map(|access| format!("{NETWORK} access {access} instead of {OPEN}"));
    let rules = account.network_acls.as_ref().map(NetworkRules::foreign);
    closed
        .into_iter()
        .chain(rules.into_iter().flatten())
        .collect()
}

/// Which protections are in force. Azure encrypts whatever it stores, and nobody can turn that off.
pub(crate) fn protections(
    account: &Properties,
    container_is_private: bool,
) -> BTreeSet<Protection> {
    let tls = account.minimum_tls_version.as_deref();
    let in_force = [
        (Protection::Encrypted, true),
        (
            Protection::PublicAccessBlocked,
            account.allow_blob_public_access == Some(false) && container_is_private,
        ),
        (
            Protection::TlsOnly,
            account.supports_https_traffic_only == Some(true)
                && tls.is_some_and(|tls| tls != "TLS1_0" && tls != "TLS1_1"),
        ),
        (
            Protection::NoSharedKeys,
            account.allow_shared_key_access == Some(false),
        ),
    ];
    in_force
        .into_iter()
        .filter_map(|(protection, found)| found.then_some(protection))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(service: &BlobService) -> BlobService {
        serde_json::from_str(&serde_json::to_string(service).unwrap()).unwrap()
    }

    #[test]
    fn what_was_sent_is_found() {
        let settings = BucketSettings {
            versioning: true,
            cors_origins: ["https://*.unionai.cloud".parse().unwrap()].into(),
            soft_delete_days: Some(30),
            ..BucketSettings::plain()
        };
        let found = again(&BlobService::wanted(&settings, false));
        assert!(found.versioning());
        assert_eq!(found.soft_delete_days(), 30);
        assert_eq!(found.cors(), (settings.cors_origins, BTreeSet::new()));
        let plain = again(&BlobService::wanted(&BucketSettings::plain(), false));
        assert_eq!(
            (plain.versioning(), plain.soft_delete_days()),
            (false, SOFT_DELETE)
        );
        let off = BucketSettings {
            soft_delete_days: Some(0),
            ..BucketSettings::plain()
        };
        assert_eq!(
            again(&BlobService::wanted(&off, false)).soft_delete_days(),
            0
        );
        assert_eq!(plain.cors(), Default::default());
    }

    #[test]
    fn an_account_as_azure_makes_it_is_not_as_it_should_be() {
        assert_eq!(BlobService::default().soft_delete_days(), 0);
        let uneven = r#"{"properties":{"deleteRetentionPolicy":{"enabled":true,"days":7},"containerDeleteRetentionPolicy":{"enabled":false}}}"#;
        let uneven: BlobService = serde_json::from_str(uneven).unwrap();
        assert_eq!(uneven.soft_delete_days(), 0);
    }

    #[test]
    fn a_rule_that_somebody_added_is_foreign() {
        let body = r#"{"properties":{"cors":{"corsRules":[{"allowedOrigins":["*"],"allowedMethods":["PUT"],"allowedHeaders":[],"exposedHeaders":[],"maxAgeInSeconds":0}]}}}"#;
        let found: BlobService = serde_json::from_str(body).unwrap();
        let (ours, foreign) = found.cors();
        assert!(ours.is_empty());
        assert_eq!(foreign, ["CORS rule for *".to_owned()].into());
    }

    #[test]
    fn origins_are_few_and_short() {
        let origins = |count: usize, length: usize| -> BTreeSet<CorsOrigin> {
            let host = |n| format!("https://{n:03}{}.example.com", "a".repeat(length));
            (0..count).map(|n| host(n).parse().unwrap()).collect()
        };
        assert_eq!(too_many_origins(&origins(64, 1)), None);
        assert!(
            too_many_origins(&origins(65, 1))
                .unwrap()
                .contains("1 more")
        );
        let said = too_many_origins(&origins(40, 40)).unwrap();
        assert!(said.contains("2048"), "{said}");
    }

    #[test]
    fn a_hierarchical_account_is_not_told_of_versions() {
        let body =
            serde_json::to_string(&BlobService::wanted(&BucketSettings::plain(), true)).unwrap();
        assert!(!body.contains("isVersioningEnabled"), "{body}");
    }

    #[test]
    fn whom_somebody_let_in_beside_the_networks_is_seen() {
        let allowed = AllowedNetworks {
            ip_ranges: ["203.0.113.7".to_owned()].into(),
            subnets: BTreeSet::new(),
        };
        let found = |acls: NetworkRules, access: &str| {
            foreign_networks(&Properties {
                public_network_access: Some(access.to_owned()),
                network_acls: Some(acls),
                ..Properties::default()
            })
        };
        let ours = NetworkRules::wanted(Some(&allowed));
        assert_eq!(found(ours.clone(), "enabled"), [""; 0]);
        let theirs = NetworkRules {
            bypass: Some("Logging, Metrics, AzureServices".into()),
            resources: vec![ResourceRule {
                resource_id: Some("/subscriptions/s/synapse".into()),
                tenant_id: Some("t".into()),
            }],
            ..ours
        };
        let said = found(theirs.clone(), "Disabled");
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(
            said.iter().all(|rule| rule.starts_with(NETWORK)),
            "{said:?}"
        );
        assert!(
            said.concat()
                .contains("/subscriptions/s/synapse of tenant t")
        );
        let everybody = NetworkRules {
            default_action: Some("Allow".into()),
            ..theirs
        };
        assert_eq!(found(everybody, "Enabled"), [""; 0]);
    }

    #[test]
    fn old_tls_is_a_lost_protection() {
        let properties = |tls: &str| Properties {
            minimum_tls_version: Some(tls.to_owned()),
            supports_https_traffic_only: Some(true),
            ..Properties::default()
        };
        assert!(protections(&properties("TLS1_3"), true).contains(&Protection::TlsOnly));
        assert!(!protections(&properties("TLS1_1"), true).contains(&Protection::TlsOnly));
    }
}
