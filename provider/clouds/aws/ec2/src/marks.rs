//! Marks and names, as tags of EC2.

use std::fmt;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use clouds::tags::{OWNER, RESOURCE, TagChange, marked};
use clouds::{Call, Error, Result, Tags};
use clouds_aws::error::{Classify, invalid, not_found};
use clouds_aws::own_tags;

/// By which the console calls an object.
const NAME: &str = "Name";

/// The tags of an object of this name: `Name` is the name, where nobody wants another.
fn named(tags: &Tags, name: &str) -> Tags {
    let mut tags = tags.clone();
    tags.entry(NAME.into()).or_insert_with(|| name.into());
    tags
}

/// For a creating call.
pub(crate) fn specification(kind: ResourceType, tags: &Tags, name: &str) -> TagSpecification {
    TagSpecification::builder()
        .resource_type(kind)
        .set_tags(Some(sdk_tags(&named(tags, name))))
        .build()
}

fn sdk_tags(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect()
}

/// The filters that leave what these marks are on; none where there are no marks.
pub(crate) fn filters(wanted: &Tags) -> Option<Vec<Filter>> {
    let filter = |key: &str| {
        let value = wanted.get(key)?;
        let filter = Filter::builder().name(format!("tag:{key}"));
        Some(filter.values(value).build())
    };
    Some(vec![filter(OWNER)?, filter(RESOURCE)?])
}

/// Whether an object bears these marks: emulators do not take all filters.
pub(crate) fn bears(found: &[Tag], wanted: &Tags) -> bool {
    let value = |key: &str| found.iter().find(|tag| tag.key() == Some(key))?.value();
    [OWNER, RESOURCE].iter().all(|key| {
        wanted
            .get(*key)
            .is_some_and(|mark| value(key) == Some(mark))
    })
}

/// The one object that bears the marks.
pub(crate) fn only<T>(
    operation: &str,
    name: impl fmt::Display,
    mut found: Vec<T>,
    id: impl Fn(&T) -> &str,
) -> Result<T> {
    if found.len() > 1 {
        let ids: Vec<_> = found.iter().map(id).collect();
        let why = format!(
            "{} bear the same marks: delete those that nothing uses, so that one is left",
            ids.join(" and ")
        );
        return Err(invalid(operation, name, why));
    }
    found.pop().ok_or_else(|| not_found(operation, name))
}

/// That there is one already, which bears the marks of what should be made.
pub(crate) fn taken(operation: &str, name: impl fmt::Display, id: impl fmt::Display) -> Error {
    let why = format!("{id} bears the marks of this one");
    Error::AlreadyExists(Box::new(Call::new(operation, name).because(why)))
}

/// The tags of an object, and what it is called: as what its mark says that it was made, else as its tag `Name` says, else by its
/// id. A tag `Name` that is this name is not among the tags.
pub(crate) fn read(
    found: &[Tag],
    resource: &str,
    id: &str,
    is_name: fn(&str) -> bool,
) -> (Tags, String) {
    let pair = |tag: &Tag| {
        Some((
            tag.key()?.to_owned(),
            tag.value().unwrap_or_default().to_owned(),
        ))
    };
    let mut tags = own_tags(found.iter().filter_map(pair));
    let marked = marked(&tags, resource);
    let names = [marked, tags.get(NAME).map(String::as_str)];
    let fits = |name: &&str| is_name(name);
    let name = names
        .into_iter()
        .flatten()
        .find(fits)
        .unwrap_or(id)
        .to_owned();
    if tags.get(NAME) == Some(&name) {
        tags.remove(NAME);
    }
    (tags, name)
}

/// Replaces the tags of an object of this resource, id and name. The mark that it gets may say another name.
pub(crate) async fn change(
    ec2: &Client,
    (resource, id, name): (&str, &str, &str),
    found: &Tags,
    wanted: &Tags,
) -> Result<()> {
    let called = marked(wanted, resource).unwrap_or(name);
    let mut before = found.clone();
    // Nothing says which name one has that is called by its id.
    if name != id {
        before = named(found, name);
    }
    let change = TagChange::between(&before, &named(wanted, called));
    if !change.set.is_empty() {
        let request = ec2.create_tags().resources(id);
        let sent = request.set_tags(Some(sdk_tags(&change.set))).send().await;
        sent.classify("ec2:CreateTags", id)?;
    }
    if !change.remove.is_empty() {
        let removed = change
            .remove
            .iter()
            .map(|key| Tag::builder().key(key).build());
        let request = ec2.delete_tags().resources(id);
        let sent = request.set_tags(Some(removed.collect())).send().await;
        sent.classify("ec2:DeleteTags", id)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clouds::tags::PRIVATE_SERVICE;

    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag::builder().key(key).value(value).build()
    }

    fn name(found: &[Tag]) -> (Vec<String>, String) {
        let (tags, name) = read(found, PRIVATE_SERVICE, "vpce-svc-0abc1234", |name| {
            !name.contains(' ')
        });
        (tags.into_keys().collect(), name)
    }

    #[test]
    fn a_name_is_that_of_the_mark_then_of_the_tag_then_the_id() {
        let mark = tag(RESOURCE, "dataplane_private_service/acme");
        assert_eq!(
            name(&[mark.clone(), tag(NAME, "acme")]),
            (vec![RESOURCE.into()], "acme".into())
        );
        let (tags, called) = name(&[mark, tag(NAME, "The API")]);
        assert_eq!(
            (tags, called),
            (vec![NAME.into(), RESOURCE.into()], "acme".into())
        );
        assert_eq!(name(&[tag(NAME, "acme")]), (vec![], "acme".into()));
        assert_eq!(name(&[tag(NAME, "The API")]).1, "vpce-svc-0abc1234");
        assert_eq!(
            name(&[tag(RESOURCE, "other/acme"), tag("aws:x", "y")]),
            (vec![RESOURCE.into()], "vpce-svc-0abc1234".into())
        );
    }

    #[test]
    fn only_what_bears_both_marks_is_ours() {
        let marks = Tags::from([
            (OWNER.into(), "acme".into()),
            (RESOURCE.into(), "k/n".into()),
        ]);
        assert!(bears(
            &[tag(OWNER, "acme"), tag(RESOURCE, "k/n"), tag("x", "")],
            &marks
        ));
        assert!(!bears(&[tag(OWNER, "acme")], &marks));
        assert!(!bears(&[tag(OWNER, "acme"), tag(RESOURCE, "k/m")], &marks));
        assert!(!bears(&[], &Tags::new()));
        assert!(filters(&Tags::new()).is_none());
    }

    #[test]
    fn two_with_the_same_marks_are_named() {
        let two = vec!["vpce-0abc0001", "vpce-0abc0002"];
        let said = only("ec2:DescribeVpcEndpoints", "acme", two, |id| id).unwrap_err();
        let said = said.to_string();
        assert!(
            said.contains("vpce-0abc0001 and vpce-0abc0002 bear"),
            "{said}"
        );
    }
}
