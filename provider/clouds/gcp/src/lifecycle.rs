//! Rules of lifecycle and CORS: ours are written whole, and told from those of others when they are read.

use std::collections::BTreeSet;

use clouds::buckets::{CorsOrigin, Expiration};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Days after which an upload that nobody finished is removed.
const ABORT_AFTER: u32 = 7;
const DELETE: &str = "Delete";
const ABORT: &str = "AbortIncompleteMultipartUpload";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lifecycle {
    #[serde(default)]
    pub(crate) rule: Vec<Rule>,
}

/// A rule; of those of others, the fields that we never write as well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rule {
    #[serde(default)]
    action: Action,
    #[serde(default)]
    condition: When,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Action {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct When {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    age: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    matches_prefix: Vec<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Cors {
    origin: BTreeSet<String>,
    method: BTreeSet<String>,
    response_header: BTreeSet<String>,
    max_age_seconds: u32,
}

/// What a lifecycle configuration says, as far as it is ours.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) expiration: BTreeSet<Expiration>,
    pub(crate) aborts_uploads: bool,
    pub(crate) foreign: BTreeSet<String>,
}

/// All rules of a bucket: they are replaced as a whole.
pub(crate) fn rules(expiration: &BTreeSet<Expiration>) -> Lifecycle {
    let expiring = expiration.iter().map(expiration_rule);
    Lifecycle {
        rule: std::iter::once(abort_rule()).chain(expiring).collect(),
    }
}

/// Takes rules apart: each is either exactly one of ours, or foreign. Rules have no names: a foreign one is named by what
/// it does.
pub(crate) fn read_rules(lifecycle: &Lifecycle) -> Found {
    let mut found = Found::default();
    for rule in &lifecycle.rule {
        if *rule == abort_rule() {
            found.aborts_uploads = true;
            continue;
        }
        let ours = expiration_of(rule).filter(|expiration| expiration_rule(expiration) == *rule);
        if let Some(expiration) = ours {
            found.expiration.insert(expiration);
            continue;
        }
        let when = serde_json::to_string(&rule.condition).unwrap_or_default();
        found
            .foreign
            .insert(format!("lifecycle rule {} when {when}", rule.action.kind));
    }
    found
}

/// The one CORS rule, for reading from a browser; none without origins.
pub(crate) fn cors(origins: &BTreeSet<CorsOrigin>) -> Vec<Cors> {
    let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let rule = Cors {
        origin: origins.iter().map(ToString::to_string).collect(),
        method: text(&["GET", "HEAD"]),
        response_header: text(&["ETag"]),
        max_age_seconds: 3600,
    };
    if origins.is_empty() {
        Vec::new()
    } else {
        vec![rule]
    }
}

/// The origins of our rule; rules of another form are foreign.
pub(crate) fn read_cors(rules: &[Cors]) -> (BTreeSet<CorsOrigin>, BTreeSet<String>) {
    let (mut origins, mut foreign) = (BTreeSet::new(), BTreeSet::new());
    for rule in rules {
        let parsed: Result<BTreeSet<CorsOrigin>, _> =
            rule.origin.iter().map(|origin| origin.parse()).collect();
        match parsed {
            Ok(parsed) if cors(&parsed).first() == Some(rule) => origins.extend(parsed),
            _ => {
                let who: Vec<_> = rule.origin.iter().map(String::as_str).collect();
                foreign.insert(format!("CORS rule for {}", who.join(", ")));
            }
        }
    }
    (origins, foreign)
}

fn abort_rule() -> Rule {
    Rule {
        action: Action {
            kind: ABORT.to_owned(),
            others: Map::new(),
        },
        condition: When {
            age: Some(ABORT_AFTER),
            ..When::default()
        },
    }
}

/// Age counts from when an object was written, for those that were overwritten or deleted as well: the one rule removes
/// an object, and its older versions with it.
fn expiration_rule(wanted: &Expiration) -> Rule {
    Rule {
        action: Action {
            kind: DELETE.to_owned(),
            others: Map::new(),
        },
        condition: When {
            age: Some(wanted.days),
            matches_prefix: wanted.prefix.iter().map(ToString::to_string).collect(),
            others: Map::new(),
        },
    }
}

fn expiration_of(rule: &Rule) -> Option<Expiration> {
    let prefix = match &rule.condition.matches_prefix[..] {
        [] => None,
        [one] => Some(one.parse().ok()?),
        _ => return None,
    };
    Some(Expiration {
        prefix,
        days: rule.condition.age?,
    })
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
        let written = serde_json::to_string(&rules(&wanted)).unwrap();
        assert!(
            written.contains(
                r#"{"action":{"type":"Delete"},"condition":{"age":7,"matchesPrefix":["raw/"]}}"#
            ),
            "{written}"
        );
        let found = read_rules(&serde_json::from_str(&written).unwrap());
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
    fn a_rule_that_does_more_or_less_is_foreign() {
        let text = r#"{"rule":[
            {"action":{"type":"Delete"},"condition":{"age":7,"matchesPrefix":["raw/"],"isLive":true}},
            {"action":{"type":"Delete"},"condition":{"age":7,"matchesPrefix":["raw/","tmp/"]}},
            {"action":{"type":"SetStorageClass","storageClass":"ARCHIVE"},"condition":{"age":7}},
            {"action":{"type":"AbortIncompleteMultipartUpload"},"condition":{"age":8}}]}"#;
        let found = read_rules(&serde_json::from_str(text).unwrap());
        assert!(found.expiration.is_empty() && !found.aborts_uploads);
        assert_eq!(found.foreign.len(), 4);
        assert!(
            found
                .foreign
                .contains(r#"lifecycle rule SetStorageClass when {"age":7}"#),
            "{found:?}"
        );
    }

    #[test]
    fn origins_are_read_back_and_wider_rules_are_foreign() {
        let origins = BTreeSet::from([
            "https://*.unionai.cloud".parse().unwrap(),
            "https://a.example.com".parse().unwrap(),
        ]);
        let mut written = cors(&origins);
        assert_eq!(read_cors(&written), (origins, BTreeSet::new()));
        written[0].method.insert("PUT".into());
        let (origins, foreign) = read_cors(&written);
        assert!(origins.is_empty() && foreign.first().unwrap().contains("https://a.example.com"));
        assert!(cors(&BTreeSet::new()).is_empty());
    }
}
