//! The schema section of a page: attributes by who sets them, nested objects below.

use std::fmt::Write;

use serde_json::Value as Json;

use crate::schema::{Kind, Nesting, Presence, Replaces, Schema, SchemaAttribute};
use crate::{Type, json};

const WRITE_ONLY: &str = "[Write-only](https://developer.hashicorp.com/terraform/language/resources/ephemeral#write-only-arguments)";

/// Attributes in alphabetical order under the headings of terraform-plugin-docs. Only what is `managed` can be made anew.
pub(super) fn schema(schema: &Schema, managed: bool) -> String {
    let mut text = String::from("## Schema");
    let mut nested = Vec::new();
    groups(
        &mut text,
        schema,
        "",
        managed,
        |heading| format!("### {heading}"),
        &mut nested,
    );
    // Objects inside objects follow the objects they are in, so this is a stack.
    nested.reverse();
    while let Some((path, inner)) = nested.pop() {
        let mut deeper = Vec::new();
        // Writing to a String can't fail.
        let _ = write!(
            text,
            "\n\n<a id=\"{}\"></a>\n### Nested Schema for `{path}`",
            anchor(&path)
        );
        groups(
            &mut text,
            inner,
            &path,
            managed,
            |heading| format!("{heading}:"),
            &mut deeper,
        );
        nested.extend(deeper.into_iter().rev());
    }
    text
}

fn groups(
    text: &mut String,
    schema: &Schema,
    path: &str,
    managed: bool,
    heading: impl Fn(&str) -> String,
    nested: &mut Vec<(String, &'static Schema)>,
) {
    let groups: [(&str, &[Presence]); 3] = [
        ("Required", &[Presence::Required]),
        (
            "Optional",
            &[Presence::Optional, Presence::OptionalComputed],
        ),
        ("Read-Only", &[Presence::Computed]),
    ];
    for (title, presences) in groups {
        let mut members: Vec<_> = schema
            .attributes
            .iter()
            .filter(|attribute| presences.contains(&attribute.presence))
            .collect();
        members.sort_by_key(|attribute| attribute.name);
        if members.is_empty() {
            continue;
        }
        let _ = write!(text, "\n\n{}\n", heading(title));
        for attribute in members {
            let path = if path.is_empty() {
                attribute.name.to_owned()
            } else {
                format!("{path}.{}", attribute.name)
            };
            let _ = write!(text, "\n{}", line(attribute, &path, managed));
            if let Kind::Nested(_, inner) = attribute.kind {
                nested.push((path, inner));
            }
        }
    }
}

fn anchor(path: &str) -> String {
    format!("nestedatt--{}", path.replace('.', "--"))
}

fn line(attribute: &SchemaAttribute, path: &str, managed: bool) -> String {
    let mut about = vec![kind_name(&attribute.kind)];
    if attribute.sensitive {
        about.push("Sensitive".to_owned());
    }
    if attribute.write_only {
        about.push(WRITE_ONLY.to_owned());
    }
    if attribute.deprecated.is_some() {
        about.push("Deprecated".to_owned());
    }
    // A description of several paragraphs stays inside its list item.
    let mut text = format!(
        "- `{}` ({}) {}",
        attribute.name,
        about.join(", "),
        attribute.description.replace('\n', "\n  ")
    );
    if let Some(instead) = attribute.deprecated {
        let _ = write!(text, " Deprecated: {instead}");
    }
    if let Some(default) = attribute
        .default
        .and_then(|default| json::to_untyped(&default()).ok())
    {
        let _ = write!(text, " Defaults to `{}`.", without_nulls(default));
    }
    match attribute.replaces {
        Replaces::Never => {}
        _ if !managed => {}
        Replaces::Always => text.push_str(" Another value makes a new object."),
        Replaces::If(_) => text.push_str(" Some changes make a new object."),
    }
    if matches!(attribute.kind, Kind::Nested(..)) {
        let _ = write!(text, " (see [below for nested schema](#{}))", anchor(path));
    }
    text
}

/// As a person would write it: what is null is left out.
fn without_nulls(value: Json) -> Json {
    match value {
        Json::Object(members) => members
            .into_iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| (name, without_nulls(member)))
            .collect(),
        other => other,
    }
}

fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Leaf(plain) => type_name(plain),
        Kind::Nested(Nesting::Single, _) => "Attributes".to_owned(),
        Kind::Nested(Nesting::List, _) => "Attributes List".to_owned(),
        Kind::Nested(Nesting::Set, _) => "Attributes Set".to_owned(),
        Kind::Nested(Nesting::Map, _) => "Attributes Map".to_owned(),
    }
}

pub(super) fn type_name(plain: &Type) -> String {
    match plain {
        Type::Bool => "Boolean".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::String => "String".to_owned(),
        Type::Dynamic => "Dynamic".to_owned(),
        Type::List(element) => format!("List of {}", type_name(element)),
        Type::Set(element) => format!("Set of {}", type_name(element)),
        Type::Map(element) => format!("Map of {}", type_name(element)),
        Type::Object(_) => "Object".to_owned(),
        Type::Tuple(_) => "Tuple".to_owned(),
    }
}

/// A type as one writes it in HCL.
pub(super) fn type_expression(plain: &Type) -> String {
    match plain {
        Type::Bool => "bool".to_owned(),
        Type::Number => "number".to_owned(),
        Type::String => "string".to_owned(),
        Type::Dynamic => "any".to_owned(),
        Type::List(element) => format!("list({})", type_expression(element)),
        Type::Set(element) => format!("set({})", type_expression(element)),
        Type::Map(element) => format!("map({})", type_expression(element)),
        Type::Object(attributes) => {
            let attributes: Vec<_> = attributes
                .iter()
                .map(|(name, plain)| format!("{name} = {}", type_expression(plain)))
                .collect();
            format!("object({{ {} }})", attributes.join(", "))
        }
        Type::Tuple(elements) => {
            let elements: Vec<_> = elements.iter().map(type_expression).collect();
            format!("tuple([{}])", elements.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_default_is_what_a_person_would_write() {
        let default =
            json!({ "limits": { "cpu": "1", "memory": null }, "requests": null, "names": [null] });
        assert_eq!(
            without_nulls(default),
            json!({ "limits": { "cpu": "1" }, "names": [null] })
        );
    }
}
