//! A bucket as Cloud Storage describes it: what we send of it, and what we read.

use std::collections::{BTreeMap, BTreeSet};

use clouds::Result;
use clouds::account::{KmsKey, Region};
use clouds::buckets::{Bucket, BucketId, BucketSettings, Encryption, NewBucket, Protection};
use clouds::policies::Statements;
use serde::{Deserialize, Serialize};

use crate::error::Understood;
use crate::lifecycle::{self, Cors, Lifecycle};
use crate::tags::{self, LabelPatch};

const ENFORCED: &str = "enforced";
const DAY: u64 = 86_400;
/// What Cloud Storage keeps deleted objects for where nothing is said.
pub(crate) const DEFAULT_SOFT_DELETE: u32 = 7;

/// The body of the creating call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Created<'n> {
    name: &'n str,
    location: &'n str,
    labels: BTreeMap<String, String>,
    iam_configuration: IamConfiguration,
    soft_delete_policy: SoftDelete,
    lifecycle: Lifecycle,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption: Option<KeyName>,
}

/// A merge patch: only what is there is changed, and null takes away.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Patch {
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<LabelPatch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iam_configuration: Option<IamConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption: Option<Change<KeyName>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    versioning: Option<Switch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifecycle: Option<Lifecycle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cors: Option<Change<Vec<Cors>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    soft_delete_policy: Option<SoftDelete>,
}

/// What a field of a merge patch becomes.
#[derive(Serialize)]
#[serde(untagged)]
enum Change<T> {
    To(T),
    /// A null.
    Nothing,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IamConfiguration {
    uniform_bucket_level_access: Switch,
    public_access_prevention: &'static str,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Switch {
    enabled: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyName {
    #[serde(skip_serializing_if = "Option::is_none")]
    default_kms_key_name: Option<String>,
}

/// 64-bit integers travel as text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SoftDelete {
    retention_duration_seconds: String,
}

/// A bucket in an answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Found {
    pub(crate) metageneration: Option<String>,
    location: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    iam_configuration: FoundIam,
    encryption: Option<KeyName>,
    #[serde(default)]
    versioning: Switch,
    #[serde(default)]
    lifecycle: Lifecycle,
    #[serde(default)]
    cors: Vec<Cors>,
    soft_delete_policy: Option<SoftDelete>,
    #[serde(default)]
    hierarchical_namespace: Switch,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FoundIam {
    uniform_bucket_level_access: Switch,
    public_access_prevention: String,
}

impl IamConfiguration {
    fn closed() -> Self {
        Self {
            uniform_bucket_level_access: Switch { enabled: true },
            public_access_prevention: ENFORCED,
        }
    }
}

impl SoftDelete {
    fn days(days: u32) -> Self {
        Self {
            retention_duration_seconds: (u64::from(days) * DAY).to_string(),
        }
    }
}

impl<'n> Created<'n> {
    /// With its marks and its protections from the first moment; and with its key, without which an organisation may refuse
    /// it (`gcp.restrictNonCmekServices`).
    pub(crate) fn new(new: &'n NewBucket, region: &'n Region) -> Self {
        Self {
            name: new.id.name.as_str(),
            location: region.as_str(),
            labels: tags::labels(&new.tags),
            iam_configuration: IamConfiguration::closed(),
            soft_delete_policy: SoftDelete::days(DEFAULT_SOFT_DELETE),
            lifecycle: lifecycle::rules(&BTreeSet::new()),
            encryption: new.kms_key.as_ref().map(KeyName::of),
        }
    }
}

impl KeyName {
    fn of(key: &KmsKey) -> Self {
        Self {
            default_kms_key_name: Some(key.to_string()),
        }
    }
}

impl Patch {
    /// What differs between a bucket and what it should be; none where nothing does.
    pub(crate) fn between(found: &Bucket, wanted: &BucketSettings) -> Option<Self> {
        let missing = |protection| !found.protections.contains(&protection);
        let foreign = |kind: &str| {
            found
                .foreign_rules
                .iter()
                .any(|rule| rule.starts_with(kind))
        };
        let has = &found.settings;
        let closed = missing(Protection::PublicAccessBlocked) || missing(Protection::OwnerEnforced);
        let rules = missing(Protection::AbortedUploadsRemoved)
            || foreign("lifecycle")
            || has.expiration != wanted.expiration;
        let origins = foreign("CORS") || has.cors_origins != wanted.cors_origins;
        let key = match &wanted.encryption {
            Encryption::Cloud => Change::Nothing,
            Encryption::Key(key) => Change::To(KeyName::of(key)),
        };
        let cors = lifecycle::cors(&wanted.cors_origins);
        let days = Some(wanted.soft_delete_days.unwrap_or(DEFAULT_SOFT_DELETE));
        let patch = Self {
            labels: None,
            iam_configuration: closed.then(IamConfiguration::closed),
            encryption: (has.encryption != wanted.encryption).then_some(key),
            versioning: (has.versioning != wanted.versioning).then_some(Switch {
                enabled: wanted.versioning,
            }),
            lifecycle: rules.then(|| lifecycle::rules(&wanted.expiration)),
            cors: origins.then_some(if cors.is_empty() {
                Change::Nothing
            } else {
                Change::To(cors)
            }),
            soft_delete_policy: days
                .filter(|days| has.soft_delete_days != Some(*days))
                .map(SoftDelete::days),
        };
        (!patch.is_empty()).then_some(patch)
    }

    pub(crate) fn labels(labels: LabelPatch) -> Self {
        Self {
            labels: Some(labels),
            ..Self::default()
        }
    }

    fn is_empty(&self) -> bool {
        let Self {
            labels,
            iam_configuration,
            encryption,
            versioning,
            lifecycle,
            cors,
            soft_delete_policy,
        } = self;
        labels.is_none()
            && iam_configuration.is_none()
            && encryption.is_none()
            && versioning.is_none()
            && lifecycle.is_none()
            && cors.is_none()
            && soft_delete_policy.is_none()
    }
}

impl Found {
    pub(crate) fn bucket(self, id: &BucketId, endpoint: String) -> Result<Bucket> {
        let call = ("storage.buckets.get", &id.name);
        let rules = lifecycle::read_rules(&self.lifecycle);
        let (cors_origins, mut foreign_rules) = lifecycle::read_cors(&self.cors);
        foreign_rules.extend(rules.foreign);
        let iam = &self.iam_configuration;
        let in_force = [
            // Cloud Storage keeps nothing unencrypted.
            (Protection::Encrypted, true),
            (
                Protection::PublicAccessBlocked,
                iam.public_access_prevention == ENFORCED,
            ),
            (
                Protection::OwnerEnforced,
                iam.uniform_bucket_level_access.enabled,
            ),
            (Protection::AbortedUploadsRemoved, rules.aborts_uploads),
        ];
        let key = self
            .encryption
            .and_then(|encryption| encryption.default_kms_key_name);
        let key = key
            .map(|key| key.parse::<KmsKey>())
            .transpose()
            .understood(call)?;
        let seconds = self
            .soft_delete_policy
            .and_then(|policy| policy.retention_duration_seconds.parse::<u64>().ok());
        let days = seconds
            .and_then(|seconds| u32::try_from(seconds / DAY).ok())
            .unwrap_or_default();
        Ok(Bucket {
            id: id.clone(),
            uri: format!("gs://{}", id.name),
            region: self.location.to_lowercase().parse().understood(call)?,
            endpoint,
            hierarchical: self.hierarchical_namespace.enabled,
            settings: BucketSettings {
                encryption: key.map_or(Encryption::Cloud, Encryption::Key),
                versioning: self.versioning.enabled,
                expiration: rules.expiration,
                cors_origins,
                policy_statements: Statements::default(),
                soft_delete_days: Some(days),
                allowed_networks: None,
            },
            protections: in_force
                .into_iter()
                .filter_map(|(protection, found)| found.then_some(protection))
                .collect(),
            foreign_rules,
            tags: tags::from_labels(self.labels),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Bucket {
        let found: Found = serde_json::from_str(text).unwrap();
        found
            .bucket(&"acme-metadata".parse().unwrap(), String::new())
            .unwrap()
    }

    #[test]
    fn a_bucket_of_somebody_else_lacks_what_it_lacks() {
        let found = found(
            r#"{"location":"EUROPE-WEST4","iamConfiguration":{"publicAccessPrevention":"inherited"},"softDeletePolicy":{"retentionDurationSeconds":"0"},"unknown":[]}"#,
        );
        assert_eq!(found.region.as_str(), "europe-west4");
        assert_eq!(found.protections, [Protection::Encrypted].into());
        assert_eq!(found.settings.soft_delete_days, Some(0));
        let patch = Patch::between(&found, &BucketSettings::plain()).unwrap();
        assert_eq!(
            serde_json::to_string(&patch).unwrap(),
            r#"{"iamConfiguration":{"uniformBucketLevelAccess":{"enabled":true},"publicAccessPrevention":"enforced"},"lifecycle":{"rule":[{"action":{"type":"AbortIncompleteMultipartUpload"},"condition":{"age":7}}]},"softDeletePolicy":{"retentionDurationSeconds":"604800"}}"#
        );
    }

    #[test]
    fn what_is_taken_away_is_a_null() {
        let found = found(
            r#"{"location":"EU","iamConfiguration":{"publicAccessPrevention":"enforced","uniformBucketLevelAccess":{"enabled":true}},"softDeletePolicy":{"retentionDurationSeconds":"604800"},
            "encryption":{"defaultKmsKeyName":"projects/p/locations/l/keyRings/r/cryptoKeys/k"},"lifecycle":{"rule":[{"action":{"type":"AbortIncompleteMultipartUpload"},"condition":{"age":7}}]},
            "cors":[{"origin":["https://a.example.com"],"method":["GET","HEAD"],"responseHeader":["ETag"],"maxAgeSeconds":3600}]}"#,
        );
        let patch = Patch::between(&found, &BucketSettings::plain()).unwrap();
        assert_eq!(
            serde_json::to_string(&patch).unwrap(),
            r#"{"encryption":null,"cors":null}"#
        );
        assert!(Patch::between(&found, &found.settings).is_none());
    }
}
