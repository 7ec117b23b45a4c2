//! Expiration between our words and the rules of an account's management policy.

use std::collections::BTreeSet;

use clouds::buckets::{BucketName, Expiration};
use serde::{Deserialize, Serialize};

/// A management policy, sent and found.
#[derive(Deserialize, Serialize)]
pub(crate) struct ManagementPolicy {
    properties: PolicyProperties,
}

#[derive(Deserialize, Serialize)]
struct PolicyProperties {
    policy: Policy,
}

#[derive(Deserialize, Serialize)]
struct Policy {
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Rule {
    name: String,
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(rename = "type")]
    kind: String,
    definition: Definition,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Definition {
    actions: Actions,
    #[serde(skip_serializing_if = "Option::is_none")]
    filters: Option<Filters>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Actions {
    #[serde(skip_serializing_if = "Option::is_none")]
    base_blob: Option<BaseBlob>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<Copies>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Copies>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct BaseBlob {
    delete: AfterModification,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Copies {
    delete: AfterCreation,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AfterModification {
    days_after_modification_greater_than: Days,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AfterCreation {
    days_after_creation_greater_than: Days,
}

/// Whole days, which Azure answers as `30.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "f64")]
struct Days(u32);

impl TryFrom<f64> for Days {
    type Error = String;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and within the bounds, as was looked before"
    )]
    fn try_from(days: f64) -> Result<Self, String> {
        if days.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&days) {
            return Ok(Self(days as u32));
        }
        Err("not a number of whole days".into())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Filters {
    blob_types: Vec<String>,
    #[serde(default)]
    prefix_match: Vec<String>,
}

impl ManagementPolicy {
    /// The policy of these rules, and no others.
    pub(crate) fn of(
        container: &BucketName,
        expiration: &BTreeSet<Expiration>,
        hierarchical: bool,
    ) -> Self {
        let rules = expiration.iter().enumerate();
        let rules = rules.map(|(at, wanted)| Rule {
            name: format!("dataplane{}", at + 1),
            ..rule(container, wanted, hierarchical)
        });
        Self {
            properties: PolicyProperties {
                policy: Policy {
                    rules: rules.collect(),
                },
            },
        }
    }
}

/// The rules that were found: ours in our words, and the names of the others.
pub(crate) fn split(
    container: &BucketName,
    found: &serde_json::Value,
    hierarchical: bool,
) -> (BTreeSet<Expiration>, BTreeSet<String>) {
    let (mut ours, mut foreign) = (BTreeSet::new(), BTreeSet::new());
    let rules = found["properties"]["policy"]["rules"].as_array();
    for found in rules.into_iter().flatten() {
        // A rule of any other form than ours does not even parse.
        let expiration = serde_json::from_value::<Rule>(found.clone())
            .ok()
            .and_then(|found| understood(container, &found, hierarchical));
        if let Some(expiration) = expiration {
            ours.insert(expiration);
        } else {
            let name = found["name"].as_str().unwrap_or("without a name");
            foreign.insert(format!("lifecycle rule {name}"));
        }
    }
    (ours, foreign)
}

fn rule(container: &BucketName, wanted: &Expiration, hierarchical: bool) -> Rule {
    let days = Days(wanted.days);
    let copies = Copies {
        delete: AfterCreation {
            days_after_creation_greater_than: days,
        },
    };
    let prefix = wanted.prefix.as_ref().map_or("", |prefix| prefix.as_str());
    Rule {
        name: String::new(),
        enabled: Some(true),
        kind: "Lifecycle".to_owned(),
        definition: Definition {
            actions: Actions {
                base_blob: Some(BaseBlob {
                    delete: AfterModification {
                        days_after_modification_greater_than: days,
                    },
                }),
                // Accounts with a hierarchical namespace have neither.
                snapshot: (!hierarchical).then(|| copies.clone()),
                version: (!hierarchical).then_some(copies),
            },
            filters: Some(Filters {
                blob_types: vec!["blockBlob".to_owned(), "appendBlob".to_owned()],
                prefix_match: vec![format!("{container}/{prefix}")],
            }),
        },
    }
}

/// The wish that a rule was written for, if it is exactly what we write for it.
fn understood(container: &BucketName, found: &Rule, hierarchical: bool) -> Option<Expiration> {
    let [prefix] = &found.definition.filters.as_ref()?.prefix_match[..] else {
        return None;
    };
    let prefix = prefix.strip_prefix(container.as_str())?.strip_prefix('/')?;
    let prefix = match prefix {
        "" => None,
        prefix => Some(prefix.parse().ok()?),
    };
    let delete = &found.definition.actions.base_blob.as_ref()?.delete;
    let expiration = Expiration {
        prefix,
        days: delete.days_after_modification_greater_than.0,
    };
    let own = Rule {
        name: found.name.clone(),
        ..rule(container, &expiration, hierarchical)
    };
    (own == *found).then_some(expiration)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn wanted() -> BTreeSet<Expiration> {
        [
            Expiration {
                prefix: Some("raw/".parse().unwrap()),
                days: 30,
            },
            Expiration {
                prefix: None,
                days: 365,
            },
        ]
        .into()
    }

    fn written(hierarchical: bool) -> Value {
        let policy = ManagementPolicy::of(&"data".parse().unwrap(), &wanted(), hierarchical);
        serde_json::to_value(policy).unwrap()
    }

    #[test]
    fn what_was_written_is_understood() {
        for hierarchical in [false, true] {
            let found = split(
                &"data".parse().unwrap(),
                &written(hierarchical),
                hierarchical,
            );
            assert_eq!(found, (wanted(), BTreeSet::new()));
        }
        assert!(!written(true).to_string().contains("version"));
    }

    #[test]
    fn days_may_be_answered_with_a_point() {
        let text = written(false).to_string().replace("\":30", "\":30.0");
        let found = split(
            &"data".parse().unwrap(),
            &serde_json::from_str(&text).unwrap(),
            false,
        );
        assert_eq!(found.0, wanted());
    }

    #[test]
    fn any_other_rule_is_foreign() {
        let mut policy = written(false);
        let rules = policy["properties"]["policy"]["rules"]
            .as_array_mut()
            .unwrap();
        rules[0]["enabled"] = json!(false);
        rules[0]["name"] = json!("off");
        rules[1]["definition"]["actions"]["baseBlob"]["tierToCool"] =
            json!({ "daysAfterModificationGreaterThan": 3 });
        rules[1]["name"] = json!("cool");
        let (ours, foreign) = split(&"data".parse().unwrap(), &policy, false);
        assert!(ours.is_empty());
        let names = ["lifecycle rule cool", "lifecycle rule off"];
        assert_eq!(foreign, names.map(str::to_owned).into());
        let (ours, foreign) = split(&"other".parse().unwrap(), &written(false), false);
        assert_eq!(
            (ours.len(), foreign.len()),
            (0, 2),
            "rules of another container"
        );
    }
}
