//! What AWS does not take of names and values that other clouds take, said without a call.

use std::net::Ipv4Addr;

use clouds::account::KmsKey;
use clouds::buckets::BucketName;
use clouds::log_groups::{LogGroupName, Retention};
use clouds::roles::RoleName;
use clouds::secrets::{RecoveryDays, SecretName, SecretPrefix};
use clouds::{ParseError, Refusal, Tags};

use crate::tags::check_tags;

/// The numbers of days that `CloudWatch` keeps logs for (`PutRetentionPolicy`).
const RETENTIONS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];
const LONGEST_ROLE_NAME: usize = 64;
const LONGEST_RECOVERY: i64 = 30;

type Checked = Result<(), String>;

fn checked(field: &'static str, what: &'static str, text: &str, rule: Checked) -> Option<Refusal> {
    let rule = rule.err()?;
    Refusal::of_text(field, Err(ParseError::new(what, text, rule)))
}

pub(crate) fn bucket(name: &BucketName) -> Option<Refusal> {
    checked(
        "name",
        "bucket name",
        name.as_str(),
        bucket_name(name.as_str()),
    )
}

pub(crate) fn role(name: &RoleName) -> Option<Refusal> {
    let length = name.as_str().len();
    let rule = if length > LONGEST_ROLE_NAME {
        Err(format!("must be 1 to 64 characters long, not {length}"))
    } else {
        Ok(())
    };
    checked("name", "role name", name.as_str(), rule)
}

pub(crate) fn log_group(name: &LogGroupName) -> Option<Refusal> {
    let rule = if name.as_str().starts_with("aws/") {
        Err("must not begin with \"aws/\", which CloudWatch keeps for itself".to_owned())
    } else {
        Ok(())
    };
    checked("name", "log group name", name.as_str(), rule)
}

pub(crate) fn retention(retention: Option<Retention>) -> Option<Refusal> {
    let days = retention?.days();
    if RETENTIONS.contains(&days) {
        return None;
    }
    let list: Vec<_> = RETENTIONS.iter().map(ToString::to_string).collect();
    let rule = Err(format!("must be one of {}", list.join(", ")));
    checked("retention", "retention in days", &days.to_string(), rule)
}

pub(crate) fn secret(name: &SecretName) -> Option<Refusal> {
    let text = name.as_str();
    let tail = text.len().checked_sub(7).and_then(|at| text.get(at..));
    let ambiguous = tail.is_some_and(|tail| {
        tail.starts_with('-') && tail[1..].chars().all(|c| c.is_ascii_alphanumeric())
    });
    let rule = if ambiguous {
        Err("must not end with a hyphen and six characters: AWS adds such an ending itself and would mix them up".to_owned())
    } else {
        Ok(())
    };
    checked("name", "secret name", text, rule)
}

pub(crate) fn secret_prefix(prefix: &SecretPrefix) -> Option<Refusal> {
    let rule = if prefix.as_str().ends_with('/') {
        Ok(())
    } else {
        Err("must end with \"/\", so that \"prod\" does not reach \"prod2\"".to_owned())
    };
    checked("secrets", "secret prefix", prefix.as_str(), rule)
}

pub(crate) fn recovery(days: RecoveryDays) -> Option<Refusal> {
    let rule = if days.days() > LONGEST_RECOVERY {
        Err("must be 7 to 30, or 0 for a deletion that cannot be undone".to_owned())
    } else {
        Ok(())
    };
    checked(
        "deletion",
        "recovery window in days",
        &days.days().to_string(),
        rule,
    )
}

/// For services that answer a key's full name, whatever it was called by: an alias or a bare id would differ for ever.
pub(crate) fn full_key(key: Option<&KmsKey>) -> Option<Refusal> {
    let text = key?.as_str();
    if text.starts_with("arn:") && text.contains(":key/") {
        return None;
    }
    Some(Refusal::new(
        "kms_key",
        format!(
            "{text:?} does not name a key in full, and the cloud answers only the full name: give the key's ARN, \
             arn:aws:kms:<region>:<account>:key/<id>"
        ),
    ))
}

/// Keys of other clouds.
pub(crate) fn key(key: Option<&KmsKey>) -> Option<Refusal> {
    let text = key?.as_str();
    if !text.starts_with("projects/") && !text.starts_with("https://") {
        return None;
    }
    let reason = format!(
        "{text:?} is not a key of AWS: give the key's ARN, arn:aws:kms:<region>:<account>:key/<id>"
    );
    Some(Refusal::new("kms_key", reason))
}

pub(crate) fn tags(tags: &Tags) -> Result<(), Refusal> {
    match check_tags(tags) {
        Ok(()) => Ok(()),
        Err(error) => Err(Refusal::new("tags", error.to_string())),
    }
}

fn bucket_name(text: &str) -> Checked {
    if text.contains('_') {
        return Err("may only hold lowercase letters, digits, dots and hyphens, not '_'".into());
    }
    if text.contains("..") {
        return Err("must not have two dots in a row".into());
    }
    if text.parse::<Ipv4Addr>().is_ok() || looks_like_an_address(text) {
        return Err("must not look like an IP address".into());
    }
    for prefix in ["xn--", "sthree-", "amzn-s3-demo-"] {
        if text.starts_with(prefix) {
            return Err(format!(
                "must not begin with {prefix:?}, which S3 keeps for itself"
            ));
        }
    }
    for suffix in ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"] {
        if text.ends_with(suffix) {
            return Err(format!(
                "must not end with {suffix:?}, which S3 keeps for itself"
            ));
        }
    }
    if text.ends_with("-an") && account_regional(text).is_none() {
        return Err("may only end with \"-an\" in the form PREFIX-ACCOUNT-REGION-an (S3's account-regional names)".into());
    }
    Ok(())
}

/// `4.3.2.1` and `999.1.1.1` alike: what S3 means by "formatted as an IP address".
fn looks_like_an_address(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    parts.len() == 4
        && parts
            .iter()
            .all(|part| part.chars().all(|c| c.is_ascii_digit()))
}

/// The account of a name in S3's account-regional namespace: `PREFIX-ACCOUNT-REGION-an`.
fn account_regional(text: &str) -> Option<&str> {
    let parts: Vec<_> = text.strip_suffix("-an")?.split('-').collect();
    let account = parts
        .iter()
        .rposition(|part| part.len() == 12 && part.chars().all(|c| c.is_ascii_digit()))?;
    let region = &parts[account + 1..];
    (account > 0 && region.len() >= 3 && region.iter().all(|part| !part.is_empty()))
        .then(|| parts[account])
}

/// Whether a bucket lies in S3's account-regional namespace, which the creating call has to name.
pub(crate) fn is_account_regional(name: &BucketName) -> bool {
    account_regional(name.as_str()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn said(refusal: Option<Refusal>) -> String {
        refusal.unwrap().to_string()
    }

    #[test]
    fn each_rule_of_s3_is_named() {
        for (name, part) in [
            ("acme_data", "'_'"),
            ("acme..data", "two dots"),
            ("192.168.5.4", "IP address"),
            ("999.168.5.4", "IP address"),
            ("xn--acme", "\"xn--\""),
            ("sthree-acme", "\"sthree-\""),
            ("amzn-s3-demo-x", "\"amzn-s3-demo-\""),
            ("acme-s3alias", "\"-s3alias\""),
            ("acme--ol-s3", "\"--ol-s3\""),
            ("acme.mrap", "\".mrap\""),
            ("acme--x-s3", "\"--x-s3\""),
            ("acme--table-s3", "\"--table-s3\""),
            ("acme-an", "\"-an\""),
        ] {
            let said = said(bucket(&name.parse().unwrap()));
            assert!(said.contains(part), "{name}: {said}");
        }
        for good in [
            "acme-metadata",
            "a.b.c",
            "123",
            "acme-111122223333-eu-west-1-an",
        ] {
            assert_eq!(bucket(&good.parse().unwrap()), None, "{good}");
        }
    }

    #[test]
    fn secrets_do_not_end_as_aws_ends_them() {
        assert!(said(secret(&"acme-secret".parse().unwrap())).contains("six characters"));
        assert_eq!(secret(&"dataplane/acme/token".parse().unwrap()), None);
        assert!(said(secret_prefix(&"acme-".parse().unwrap())).contains("\"/\""));
        assert!(said(recovery(RecoveryDays::try_from(31).unwrap())).contains("7 to 30"));
    }

    #[test]
    fn logs_are_kept_for_one_of_the_numbers_that_exist() {
        let days = |days| Retention::try_from(days).ok();
        assert_eq!(retention(days(30)), None);
        assert!(said(retention(days(31))).contains("1, 3, 5"));
        assert!(said(log_group(&"aws/lambda".parse().unwrap())).contains("\"aws/\""));
    }

    #[test]
    fn only_a_full_name_is_answered_as_it_was_given() {
        for (text, full) in [
            (
                "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                true,
            ),
            ("arn:aws:kms:eu-west-1:123456789012:alias/acme", false),
            ("alias/acme", false),
            ("1234abcd-12ab-34cd-56ef-1234567890ab", false),
        ] {
            assert_eq!(
                full_key(text.parse().ok().as_ref()).is_none(),
                full,
                "{text}"
            );
        }
        let other = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
            .parse()
            .ok();
        assert!(said(key(other.as_ref())).contains("not a key of AWS"));
    }

    #[test]
    fn a_role_has_at_most_64_characters() {
        assert!(said(role(&"a".repeat(65).parse().unwrap())).contains("not 65"));
        assert_eq!(role(&"a".repeat(64).parse().unwrap()), None);
    }
}
