//! What S3 does with objects as they age, and for browsers: settings to the SDK's rules and back.

use std::collections::BTreeSet;

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, CorsConfiguration, CorsRule,
    ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
    NoncurrentVersionExpiration,
};
use clouds::buckets::{CorsOrigin, Expiration};
use sha2::{Digest, Sha256};

/// Days after which an upload that nobody finished is removed.
const ABORT_AFTER: i32 = 7;
const ABORT_ID: &str = "dataplane-aborted-uploads";
const CORS_ID: &str = "dataplane";
/// The longest id that S3 takes, in characters. Ids of a bucket's rules have to differ.
const LONGEST_ID: usize = 255;

/// What a lifecycle configuration says, as far as it is ours.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) expiration: BTreeSet<Expiration>,
    pub(crate) aborts_uploads: bool,
    pub(crate) foreign: BTreeSet<String>,
}

/// All rules of a bucket: S3 replaces them as a whole.
pub(crate) fn rules(
    expiration: &BTreeSet<Expiration>,
) -> Result<BucketLifecycleConfiguration, BuildError> {
    let mut rules = vec![abort_rule()?];
    for wanted in expiration {
        rules.push(expiration_rule(wanted)?);
    }
    BucketLifecycleConfiguration::builder()
        .set_rules(Some(rules))
        .build()
}

/// Takes rules apart: each is either exactly one of ours, or foreign.
pub(crate) fn read_rules(rules: &[LifecycleRule]) -> Found {
    let mut found = Found::default();
    for rule in rules {
        let same =
            |ours: Result<LifecycleRule, BuildError>| ours.is_ok_and(|ours| same(&ours, rule));
        if same(abort_rule()) {
            found.aborts_uploads = true;
            continue;
        }
        match expiration_of(rule).filter(|expiration| same(expiration_rule(expiration))) {
            Some(expiration) => {
                found.expiration.insert(expiration);
            }
            None => {
                found.foreign.insert(format!(
                    "lifecycle rule {}",
                    rule.id().unwrap_or("without id")
                ));
            }
        }
    }
    found
}

/// The one CORS rule, for reading from a browser; none without origins.
pub(crate) fn cors(
    origins: &BTreeSet<CorsOrigin>,
) -> Result<Option<CorsConfiguration>, BuildError> {
    if origins.is_empty() {
        return Ok(None);
    }
    Ok(Some(
        CorsConfiguration::builder()
            .cors_rules(cors_rule(origins)?)
            .build()?,
    ))
}

/// The origins of our rule; rules of another form are foreign.
pub(crate) fn read_cors(rules: &[CorsRule]) -> (BTreeSet<CorsOrigin>, BTreeSet<String>) {
    let mut origins = BTreeSet::new();
    let mut foreign = BTreeSet::new();
    for rule in rules {
        let parsed: Result<BTreeSet<CorsOrigin>, _> = rule
            .allowed_origins()
            .iter()
            .map(|origin| origin.parse())
            .collect();
        match parsed {
            Ok(parsed) if cors_rule(&parsed).is_ok_and(|ours| same_cors(&ours, rule)) => {
                origins.extend(parsed);
            }
            _ => {
                foreign.insert(format!("CORS rule {}", rule.id().unwrap_or("without id")));
            }
        }
    }
    (origins, foreign)
}

fn abort_rule() -> Result<LifecycleRule, BuildError> {
    LifecycleRule::builder()
        .id(ABORT_ID)
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .abort_incomplete_multipart_upload(
            AbortIncompleteMultipartUpload::builder()
                .days_after_initiation(ABORT_AFTER)
                .build(),
        )
        .build()
}

/// In a versioned bucket, expiration only hides an object: its versions go after as many days again.
fn expiration_rule(wanted: &Expiration) -> Result<LifecycleRule, BuildError> {
    let prefix = wanted.prefix.as_ref().map_or("", |prefix| prefix.as_str());
    let days = i32::try_from(wanted.days).unwrap_or(i32::MAX);
    LifecycleRule::builder()
        .id(expiration_id(days, prefix))
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix(prefix).build())
        .expiration(LifecycleExpiration::builder().days(days).build())
        .noncurrent_version_expiration(
            NoncurrentVersionExpiration::builder()
                .noncurrent_days(days)
                .build(),
        )
        .build()
}

/// Says what the rule is for; a prefix that is too long is told from others that begin alike by its digest.
fn expiration_id(days: i32, prefix: &str) -> String {
    let whole = format!("dataplane-expire-{days}-{prefix}");
    if whole.chars().count() <= LONGEST_ID {
        return whole;
    }
    let digest = Sha256::digest(prefix);
    let digest = digest
        .iter()
        .take(16)
        .fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let digest = format!("{digest:032x}");
    let beginning: String = whole.chars().take(LONGEST_ID - 1 - digest.len()).collect();
    format!("{beginning}-{digest}")
}

fn expiration_of(rule: &LifecycleRule) -> Option<Expiration> {
    let prefix = rule
        .filter()
        .and_then(LifecycleRuleFilter::prefix)
        .unwrap_or_default();
    Some(Expiration {
        prefix: if prefix.is_empty() {
            None
        } else {
            Some(prefix.parse().ok()?)
        },
        days: u32::try_from(rule.expiration()?.days()?).ok()?,
    })
}

/// Equal in effect: S3 answers some empty parts as absent, and the id is a label.
fn same(a: &LifecycleRule, b: &LifecycleRule) -> bool {
    let parts = |rule: &LifecycleRule| {
        let filter = rule.filter();
        let more = filter.is_some_and(|f| {
            f.tag().is_some()
                || f.and().is_some()
                || f.object_size_greater_than().is_some()
                || f.object_size_less_than().is_some()
        });
        let expiration = rule.expiration();
        let noncurrent = rule.noncurrent_version_expiration();
        let dated = expiration
            .is_some_and(|e| e.date().is_some() || e.expired_object_delete_marker() == Some(true));
        let kept = noncurrent
            .is_some_and(|n| n.newer_noncurrent_versions().is_some_and(|count| count > 0));
        let moved =
            !rule.transitions().is_empty() || !rule.noncurrent_version_transitions().is_empty();
        (
            filter
                .and_then(LifecycleRuleFilter::prefix)
                .unwrap_or_default()
                .to_owned(),
            rule.status().clone(),
            expiration.and_then(LifecycleExpiration::days),
            noncurrent.and_then(NoncurrentVersionExpiration::noncurrent_days),
            rule.abort_incomplete_multipart_upload()
                .and_then(AbortIncompleteMultipartUpload::days_after_initiation),
            more || dated || kept || moved,
        )
    };
    parts(a) == parts(b)
}

fn cors_rule(origins: &BTreeSet<CorsOrigin>) -> Result<CorsRule, BuildError> {
    CorsRule::builder()
        .id(CORS_ID)
        .set_allowed_origins(Some(origins.iter().map(ToString::to_string).collect()))
        .allowed_methods("GET")
        .allowed_methods("HEAD")
        .allowed_headers("*")
        .expose_headers("ETag")
        .max_age_seconds(3600)
        .build()
}

fn same_cors(a: &CorsRule, b: &CorsRule) -> bool {
    let set = |list: &[String]| list.iter().cloned().collect::<BTreeSet<_>>();
    set(a.allowed_origins()) == set(b.allowed_origins())
        && set(a.allowed_methods()) == set(b.allowed_methods())
        && set(a.allowed_headers()) == set(b.allowed_headers())
        && set(a.expose_headers()) == set(b.expose_headers())
        && a.max_age_seconds() == b.max_age_seconds()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expiration(prefix: &str, days: u32) -> Expiration {
        Expiration {
            prefix: prefix.parse().ok(),
            days,
        }
    }

    #[test]
    fn rules_are_read_as_they_were_written() {
        let wanted = BTreeSet::from([expiration("", 30), expiration("raw/", 7)]);
        let written = rules(&wanted).unwrap();
        let found = read_rules(written.rules());
        assert_eq!(
            found,
            Found {
                expiration: wanted,
                aborts_uploads: true,
                foreign: BTreeSet::new()
            }
        );
    }

    #[test]
    fn rules_of_long_prefixes_have_different_ids() {
        let long = "raw-data/".repeat(40);
        let wanted = ["a/", "b/"].map(|end| expiration(&format!("{long}{end}"), 7));
        let written = rules(&wanted.clone().into()).unwrap();
        let ids: BTreeSet<_> = written
            .rules()
            .iter()
            .filter_map(LifecycleRule::id)
            .collect();
        assert_eq!(ids.len(), 3, "{ids:?}");
        assert!(
            ids.iter().all(|id| id.chars().count() <= LONGEST_ID),
            "{ids:?}"
        );
        assert!(
            ids.iter()
                .any(|id| id.starts_with("dataplane-expire-7-raw-data/"))
        );
        assert_eq!(read_rules(written.rules()).expiration, wanted.into());
        assert_eq!(expiration_id(30, "raw/"), "dataplane-expire-30-raw/");
    }

    #[test]
    fn a_rule_that_does_more_or_less_is_foreign() {
        let written = expiration_rule(&expiration("raw/", 7)).unwrap();
        let mut disabled = written.clone();
        disabled.status = ExpirationStatus::Disabled;
        disabled.id = Some("theirs".into());
        let mut half = written.clone();
        half.noncurrent_version_expiration = None;
        let found = read_rules(&[disabled, half]);
        assert!(found.expiration.is_empty() && !found.aborts_uploads);
        assert!(found.foreign.contains("lifecycle rule theirs"));
        assert_eq!(found.foreign.len(), 2);
    }

    #[test]
    fn origins_are_read_back_and_wider_rules_are_foreign() {
        let origins = BTreeSet::from([
            "https://*.unionai.cloud".parse().unwrap(),
            "https://a.example.com".parse().unwrap(),
        ]);
        let written = cors(&origins).unwrap().unwrap();
        assert_eq!(read_cors(written.cors_rules()), (origins, BTreeSet::new()));
        let mut wider = written.cors_rules()[0].clone();
        wider.allowed_methods.push("PUT".into());
        let (origins, foreign) = read_cors(&[wider]);
        assert!(origins.is_empty());
        assert_eq!(foreign, BTreeSet::from(["CORS rule dataplane".to_owned()]));
        assert!(cors(&BTreeSet::new()).unwrap().is_none());
    }
}
