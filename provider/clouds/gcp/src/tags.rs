//! Tags as Google Cloud keeps them: labels where an object has some, else our marks in its description.

use clouds::account::Managed;
use clouds::tags::{CREATING, OWNER, RESOURCE, TagChange};
use clouds::{Refusal, Tags};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

use crate::error::unreadable;
use crate::requests::Named;

const MARKS: [&str; 3] = [CREATING, OWNER, RESOURCE];
/// Labels that begin so are Google's own.
const GOOGLE: &str = "goog-";
const LONGEST: usize = 63;
const MOST_LABELS: usize = 64;
/// What service accounts and workload identity pools take; log buckets take more.
const LONGEST_DESCRIPTION: usize = 256;

/// How objects of a kind keep tags.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Labels,
    /// The description, which only our marks fit into; what such objects are called.
    Description(&'static str),
}

fn form(managed: Managed) -> Form {
    match managed {
        Managed::Buckets
        | Managed::Registries
        | Managed::Secrets
        | Managed::PrivateEndpoints
        | Managed::Clusters => Form::Labels,
        Managed::Roles => Form::Description("service accounts"),
        Managed::IdentityProviders => Form::Description("workload identity pools"),
        Managed::LogGroups => Form::Description("log buckets"),
        Managed::PrivateServices => Form::Description("service attachments"),
    }
}

/// What will be found once these are set: marks shortened to what fits, and only them where there are no labels.
pub(crate) fn kept(managed: Managed, all: &Tags, own: &Tags) -> Result<Tags, Refusal> {
    let refuse = |text: String| Err(Refusal::new("tags", text));
    let marks = all.iter().filter(|(key, _)| MARKS.contains(&key.as_str()));
    let form = form(managed);
    let mut kept: Tags = marks
        .map(|(key, value)| (key.clone(), mark(form, value)))
        .collect();
    if let Form::Description(what) = form {
        if let Some(key) = own.keys().find(|key| !MARKS.contains(&key.as_str())) {
            return refuse(format!(
                "Google Cloud's {what} have no labels, so {key:?} cannot be kept: leave it out here"
            ));
        }
        return Ok(kept);
    }
    for (key, value) in all.iter().filter(|(key, _)| !MARKS.contains(&key.as_str())) {
        let (first, rest) = (key.chars().next(), key.chars().all(allowed));
        if !first.is_some_and(|c| c.is_ascii_lowercase()) || !rest || key.len() > LONGEST {
            return refuse(format!(
                "{key:?} is no key of a label on Google Cloud: it must begin with a lowercase letter and hold only lowercase letters, digits, _ and -, 63 at most"
            ));
        }
        if key.starts_with(GOOGLE) || MARKS.iter().any(|mark| label(mark) == *key) {
            return refuse(format!("{key:?} is kept for other use: take another key"));
        }
        if !value.chars().all(allowed) || value.len() > LONGEST {
            return refuse(format!(
                "{value:?} of {key:?} is no value of a label on Google Cloud: it may hold only lowercase letters, digits, _ and -, 63 at most"
            ));
        }
        kept.insert(key.clone(), value.clone());
    }
    if kept.len() > MOST_LABELS {
        return refuse(format!(
            "an object of Google Cloud carries {MOST_LABELS} labels, not {}",
            kept.len()
        ));
    }
    Ok(kept)
}

fn allowed(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-'
}

/// A mark that fits stays; another is made to fit, with a digest of what it was, so that two never become one.
fn mark(form: Form, value: &str) -> String {
    let fits: fn(char) -> bool = match form {
        Form::Labels => allowed,
        Form::Description(_) => |c| allowed(c) || c.is_ascii_uppercase() || "./:@+".contains(c),
    };
    if value.len() <= LONGEST && value.chars().all(fits) {
        return value.to_owned();
    }
    let lower = value.to_lowercase();
    let readable = lower.chars().map(|c| if fits(c) { c } else { '_' });
    let readable: String = readable.take(LONGEST - 13).collect();
    format!("{readable}-{}", digest(value, 12))
}

/// The first characters of the SHA-256 of a text, in hexadecimal.
pub(crate) fn digest(text: &str, length: usize) -> String {
    let hash = Sha256::digest(text.as_bytes());
    let hex = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    hex.filter_map(|four| char::from_digit(u32::from(four), 16))
        .take(length)
        .collect()
}

fn label(mark: &str) -> String {
    mark.replace(':', "-")
}

/// Tags as labels.
pub(crate) fn labels(tags: &Tags) -> BTreeMap<String, String> {
    tags.iter()
        .map(|(key, value)| {
            (
                if MARKS.contains(&key.as_str()) {
                    label(key)
                } else {
                    key.clone()
                },
                value.clone(),
            )
        })
        .collect()
}

/// Those of these labels that Google itself set.
pub(crate) fn googles(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let own = labels.iter().filter(|(key, _)| key.starts_with(GOOGLE));
    own.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Labels as tags, without those that Google itself set.
pub(crate) fn from_labels(labels: BTreeMap<String, String>) -> Tags {
    let own = labels
        .into_iter()
        .filter(|(key, _)| !key.starts_with(GOOGLE));
    own.map(
        |(key, value)| match MARKS.iter().find(|mark| label(mark) == key) {
            Some(mark) => ((*mark).to_owned(), value),
            None => (key, value),
        },
    )
    .collect()
}

/// What a merge patch does to labels: values to set, and null for those to remove.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct LabelPatch(BTreeMap<String, Option<String>>);

impl LabelPatch {
    /// None where nothing differs.
    pub(crate) fn between(found: &Tags, wanted: &Tags) -> Option<Self> {
        let change = TagChange::between(&labels(found), &labels(wanted));
        if change.is_empty() {
            return None;
        }
        let set = change
            .set
            .into_iter()
            .map(|(key, value)| (key, Some(value)));
        Some(Self(
            set.chain(change.remove.into_iter().map(|key| (key, None)))
                .collect(),
        ))
    }
}

/// Marks as a description: `dataplane:owner=acme;dataplane:resource=…`.
pub(crate) fn description(tags: &Tags) -> String {
    let marks = tags.iter().filter(|(key, _)| MARKS.contains(&key.as_str()));
    marks
        .map(|(key, value)| format!("{key}={value}"))
        .collect::<Vec<_>>()
        .join(";")
}

/// Those marks as a description that is never changed.
pub(crate) fn lasting(tags: &Tags) -> String {
    let lasting = tags.iter().filter(|(key, _)| key.as_str() != CREATING);
    let lasting = lasting.map(|(key, value)| (key.clone(), value.clone()));
    description(&lasting.collect())
}

/// The tags of an object that gets its labels last, and had its marks in the description from the creating call on: without
/// labels of an owner it is still being made.
pub(crate) fn labelled_last(labels: BTreeMap<String, String>, description: &str) -> Tags {
    let found = from_labels(labels);
    let mut marks = from_description(description);
    if found.contains_key(OWNER) || !marks.contains_key(OWNER) {
        return found;
    }
    marks.insert(CREATING.to_owned(), "true".to_owned());
    marks
}

/// The same after what people wrote there, which stays.
pub(crate) fn described<O: fmt::Display>(
    words: &str,
    tags: &Tags,
    call: Named<'_, O>,
) -> clouds::Result<String> {
    let marks = description(tags);
    if words.is_empty() {
        return Ok(marks);
    }
    let text = format!("{words};{marks}");
    if text.len() <= LONGEST_DESCRIPTION {
        return Ok(text);
    }
    let room = LONGEST_DESCRIPTION.saturating_sub(marks.len() + 1);
    let because = format!(
        "its description has {} bytes of other text, and beside the marks of this provider there is room for {room}: shorten it, \
         and apply again",
        words.len()
    );
    Err(unreadable(call, because))
}

/// What people wrote into a description, without the marks.
pub(crate) fn words(text: &str) -> String {
    let marked = |part: &&str| {
        let key = part.trim().split_once('=').map(|(key, _)| key);
        key.is_some_and(|key| MARKS.contains(&key))
    };
    let others: Vec<_> = text.split(';').filter(|part| !marked(part)).collect();
    others.join(";").trim().to_owned()
}

/// The marks in a description; what people wrote into it is not ours to show.
pub(crate) fn from_description(text: &str) -> Tags {
    let pairs = text
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .filter(|(key, _)| MARKS.contains(key))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// Whether two objects bear the marks of one owner and one resource, made or in the making.
pub(crate) fn same_owner(a: &Tags, b: &Tags) -> bool {
    [OWNER, RESOURCE]
        .iter()
        .all(|mark| a.contains_key(*mark) && a.get(*mark) == b.get(*mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn marks_are_labels_and_come_back() {
        let all = tags(&[
            (OWNER, "acme-prod"),
            (RESOURCE, "dataplane_bucket/acme.data"),
            ("team", "ml"),
        ]);
        let kept = kept(Managed::Buckets, &all, &Tags::new()).unwrap();
        assert!(
            kept[RESOURCE].starts_with("dataplane_bucket_acme_data-"),
            "{kept:?}"
        );
        let mut labels = labels(&kept);
        assert!(
            labels.contains_key("dataplane-owner")
                && labels
                    .keys()
                    .chain(labels.values())
                    .all(|text| text.chars().all(allowed))
        );
        labels.insert("goog-managed-by".into(), "x".into());
        assert_eq!(from_labels(labels), kept);
    }

    #[test]
    fn descriptions_hold_marks_and_nothing_else() {
        let all = tags(&[
            (OWNER, "acme-prod"),
            (RESOURCE, "dataplane_role/admin"),
            (CREATING, "true"),
            ("team", "ml"),
        ]);
        let marks = kept(Managed::Roles, &all, &Tags::new()).unwrap();
        assert_eq!(marks.len(), 3);
        let text = description(&marks);
        assert_eq!(
            text,
            "dataplane:creating=true;dataplane:owner=acme-prod;dataplane:resource=dataplane_role/admin"
        );
        assert_eq!(from_description(&text), marks);
        assert_eq!(from_description("made by hand; a=b"), Tags::new());
        let said = kept(Managed::Roles, &all, &tags(&[("team", "ml")])).unwrap_err();
        assert!(
            said.to_string().contains("service accounts have no labels"),
            "{said}"
        );
    }

    #[test]
    fn what_gets_its_labels_last_is_being_made_until_then() {
        let creating = tags(&[
            (OWNER, "acme-prod"),
            (RESOURCE, "dataplane_private_endpoint_api-0123"),
            (CREATING, "true"),
        ]);
        let text = lasting(&creating);
        assert_eq!(
            text,
            "dataplane:owner=acme-prod;dataplane:resource=dataplane_private_endpoint_api-0123"
        );
        assert_eq!(labelled_last(BTreeMap::new(), &text), creating);
        let mut made = creating.clone();
        made.remove(CREATING);
        assert_eq!(labelled_last(labels(&made), &text), made);
        let others = labels(&tags(&[("team", "ml")]));
        assert_eq!(
            labelled_last(others.clone(), "by hand"),
            tags(&[("team", "ml")])
        );
        assert_eq!(labelled_last(others, &text), creating);
    }

    #[test]
    fn what_people_wrote_into_a_description_stays() {
        let marks = tags(&[(OWNER, "acme-prod"), (RESOURCE, "dataplane_role/admin")]);
        let call = ("iam.serviceAccounts.patch", "admin");
        for text in ["made by hand; ask a=b", "", "für die Pods"] {
            let described = described(text, &marks, call).unwrap();
            assert_eq!(from_description(&described), marks);
            assert_eq!(words(&described), text);
        }
        let between = "first;dataplane:owner=x; dataplane:resource=y;last";
        assert_eq!(words(between), "first;last");
        let room = LONGEST_DESCRIPTION - description(&marks).len() - 1;
        assert!(described(&"x".repeat(room), &marks, call).is_ok());
        let said = described(&"x".repeat(room + 1), &marks, call).unwrap_err();
        assert!(
            said.to_string().contains(&format!("room for {room}")),
            "{said}"
        );
    }

    #[test]
    fn the_longest_marks_fit_into_a_description() {
        let long = "x".repeat(300);
        let all = tags(&[(OWNER, &long), (RESOURCE, &long), (CREATING, &long)]);
        let marks = kept(Managed::IdentityProviders, &all, &Tags::new()).unwrap();
        assert!(
            description(&marks).len() <= 256,
            "{}",
            description(&marks).len()
        );
    }

    #[test]
    fn labels_that_google_does_not_take_are_refused_with_the_rule() {
        for (key, value, part) in [
            ("Team", "ml", "\"Team\""),
            ("team", "ML", "\"ML\""),
            ("goog-x", "", "other use"),
            ("dataplane-owner", "x", "other use"),
        ] {
            let said = kept(Managed::Secrets, &tags(&[(key, value)]), &Tags::new())
                .unwrap_err()
                .to_string();
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn a_removed_label_is_a_null() {
        let patch = LabelPatch::between(
            &tags(&[(CREATING, "true"), ("a", "1")]),
            &tags(&[("a", "2")]),
        )
        .unwrap();
        assert_eq!(
            serde_json::to_string(&patch).unwrap(),
            r#"{"a":"2","dataplane-creating":null}"#
        );
        assert!(LabelPatch::between(&Tags::new(), &Tags::new()).is_none());
    }
}
