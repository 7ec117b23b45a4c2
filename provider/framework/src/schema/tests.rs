//! What the derive says, and what the check refuses.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::{Json, Model, Set, Text, Value, text};

/// A rule.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Rule {
    /// Its prefix.
    #[attr(required)]
    prefix: Value<String>,
}

/// A thing with everything.
///
/// More about it.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Everything {
    /// A name
    /// in two lines.
    #[attr(required, replaces)]
    name: Value<Text<text::Duration>>,
    /// A flag.
    #[attr(optional, computed, default = true)]
    flag: Value<bool>,
    /// A count.
    #[attr(optional, computed, default = -3)]
    count_of_things: Value<i64>,
    /// A share.
    #[attr(optional, computed, default = 0.1)]
    share: Value<f64>,
    /// A wait.
    #[attr(optional, computed, default = "90m")]
    wait: Value<Text<text::Duration>>,
    /// Names.
    #[attr(optional, computed, default = Set::from(["a".to_owned()]))]
    names: Value<Set<String>>,
    /// A secret.
    #[attr(optional, sensitive, write_only)]
    secret_wo: Value<String>,
    /// An old one.
    #[attr(optional, deprecated = "Use `name`.")]
    old: Value<Vec<Vec<String>>>,
    /// Anything.
    #[attr(computed, stable)]
    r#type: Value<Json>,
    /// Rules.
    #[attr(optional)]
    rules: Value<BTreeMap<String, Rule>>,
}

#[test]
fn a_model_is_a_schema() {
    let proto = Everything::schema().to_proto(3);
    let block = proto.block.unwrap();
    assert_eq!(
        (proto.version, block.description.as_str()),
        (3, "A thing with everything.\n\nMore about it.")
    );
    let flags = |attribute: &dataplane_proto::tfplugin6::schema::Attribute| {
        let set = [
            (attribute.required, "required"),
            (attribute.optional, "optional"),
            (attribute.computed, "computed"),
            (attribute.sensitive, "sensitive"),
            (attribute.write_only, "write_only"),
            (attribute.deprecated, "deprecated"),
        ];
        let names: Vec<_> = set
            .iter()
            .filter(|(set, _)| *set)
            .map(|(_, name)| *name)
            .collect();
        format!(
            "{} {} {}",
            attribute.name,
            String::from_utf8_lossy(&attribute.r#type),
            names.join(",")
        )
    };
    let expected = [
        r#"name "string" required"#,
        r#"flag "bool" optional,computed"#,
        r#"count_of_things "number" optional,computed"#,
        r#"share "number" optional,computed"#,
        r#"wait "string" optional,computed"#,
        r#"names ["set","string"] optional,computed"#,
        r#"secret_wo "string" optional,sensitive,write_only"#,
        r#"old ["list",["list","string"]] optional,deprecated"#,
        r#"type "dynamic" computed"#,
        "rules  optional",
    ];
    assert_eq!(
        block.attributes.iter().map(flags).collect::<Vec<_>>(),
        expected
    );
    assert_eq!(block.attributes[0].description, "A name in two lines.");
    assert_eq!(block.attributes[7].deprecation_message, "Use `name`.");
    let rules = block.attributes[9].nested_type.as_ref().unwrap();
    assert_eq!(
        (rules.nesting, rules.attributes[0].name.as_str()),
        (4, "prefix")
    );
    Everything::schema().check().unwrap();
}

#[test]
fn defaults_are_values_of_their_type() {
    let default = |name: &str| {
        let default = Everything::schema()
            .attribute(name)
            .unwrap()
            .default
            .unwrap();
        crate::json::to_untyped(&default()).unwrap()
    };
    assert_eq!(default("flag"), json!(true));
    assert_eq!(default("count_of_things"), json!(-3));
    assert_eq!(default("share").to_string(), "0.1");
    assert_eq!(default("wait"), json!("90m"));
    assert_eq!(default("names"), json!(["a"]));
}

#[test]
fn models_survive_encoding() {
    let model = Everything {
        name: Value::Known("1h".parse().unwrap()),
        share: 0.25.into(),
        old: vec![vec!["x".to_owned()]].into(),
        r#type: Json(json!({"a": [1, null]})).into(),
        rules: BTreeMap::from([(
            "k".to_owned(),
            Rule {
                prefix: Value::Unknown,
            },
        )])
        .into(),
        ..Everything::default()
    };
    let decoded = Everything::decode(&model.encode(), &AttributePath::root()).unwrap();
    assert_eq!(decoded, model);
}

/// Things that Terraform refuses.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Refused {
    /// Reserved.
    #[attr(optional)]
    count: Value<i64>,
    /// A default that is none.
    #[attr(optional, default = "soon")]
    wait: Value<Text<text::Duration>>,
    /// Dynamic elements.
    #[attr(optional)]
    anything: Value<Vec<Json>>,
    /// Members.
    #[attr(optional)]
    members: Value<Set<Member>>,
    /// Members that only the provider sets.
    #[attr(computed)]
    seen: Value<Set<Seen>>,
    /// Members in order.
    #[attr(optional)]
    ordered: Value<Vec<Ordered>>,
    /// Members by name.
    #[attr(optional)]
    by_name: Value<BTreeMap<String, Ordered>>,
}

/// A member that has an id as long as it lives.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Ordered {
    /// Computed.
    #[attr(computed, stable)]
    id: Value<String>,
}

/// A member.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Member {
    /// Hidden.
    #[attr(optional, write_only)]
    secret_wo: Value<String>,
    /// Computed.
    #[attr(computed)]
    id: Value<String>,
    /// Any.
    #[attr(optional)]
    any: Value<Json>,
}

/// A member that was seen.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Seen {
    /// Computed.
    #[attr(computed)]
    id: Value<String>,
}

#[test]
fn what_terraform_refuses_is_refused_here() {
    let wrong = Refused::schema().check().unwrap_err();
    let paths: Vec<_> = wrong
        .iter()
        .map(|wrong| wrong.path.as_ref().unwrap().to_string())
        .collect();
    assert_eq!(
        paths,
        [
            "count",
            "wait",
            "anything",
            "members.secret_wo",
            "members.id",
            "members.any",
            "ordered.id"
        ]
    );
    let config = Everything::schema().check_provider().unwrap_err();
    assert!(config.to_string().contains("no computed attributes"));
    assert!(config.to_string().contains("only managed resources"));
}

#[test]
fn nothing_is_write_only_where_nothing_is_written() {
    let wrong = Holder::schema().check_source().unwrap_err();
    let paths: Vec<_> = wrong
        .iter()
        .filter_map(|wrong| wrong.path.as_ref())
        .map(ToString::to_string)
        .collect();
    assert_eq!(paths, ["held.secret_wo"]);
    assert!(Holder::schema().check_provider().is_err());
    Holder::schema().check().unwrap();
}

/// It holds one.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Holder {
    /// What it holds.
    #[attr(optional)]
    held: Value<Held>,
}

/// It is held.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Held {
    /// Hidden.
    #[attr(optional, write_only)]
    secret_wo: Value<String>,
}

#[test]
fn identities_are_of_plain_attributes_that_there_are() {
    let schema = Everything::schema();
    schema.check_identity(&["name", "flag"]).unwrap();
    schema.check_identity(&["names_"]).unwrap_err();
    let wrong = schema
        .check_identity(&["name", "nmae", "rules", "type", "secret_wo"])
        .unwrap_err();
    let paths: Vec<_> = wrong
        .iter()
        .filter_map(|wrong| wrong.path.as_ref())
        .map(ToString::to_string)
        .collect();
    assert_eq!(paths, ["nmae", "rules", "type", "secret_wo"]);
}

#[test]
fn equality_disregards_the_order_of_sets_only() {
    let schema = Everything::schema();
    let with = |names: &[&str], old: &[&str]| {
        let list = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        Everything {
            names: list(names).into_iter().collect::<Set<_>>().into(),
            old: vec![list(old)].into(),
            ..Everything::default()
        }
        .encode()
    };
    assert!(schema.equal(
        &with(&["a", "b"], &["x", "y"]),
        &with(&["b", "a"], &["x", "y"])
    ));
    assert!(!schema.equal(
        &with(&["a", "b"], &["x", "y"]),
        &with(&["a", "b"], &["y", "x"])
    ));
    assert!(!schema.equal(&with(&["a"], &[]), &with(&["a", "b"], &[])));
}
