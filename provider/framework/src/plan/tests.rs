//! One test per rule of planning.

use std::collections::BTreeMap;

use crate::text::Duration;
use crate::{Attribute, Json, Model, Set, Text, Type, Value, path};

use super::*;

/// A rule.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Rule {
    /// Its prefix.
    #[attr(required)]
    prefix: Value<String>,
    /// Its days.
    #[attr(optional, computed, default = 30)]
    days: Value<i64>,
    /// What the cloud calls it.
    #[attr(computed)]
    arn: Value<String>,
    /// What it is made of.
    #[attr(optional, replaces)]
    material: Value<String>,
}

/// A member of a set.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Port {
    /// Its number.
    #[attr(required)]
    number: Value<i64>,
    /// Its protocol.
    #[attr(optional, computed, default = "tcp")]
    protocol: Value<String>,
    /// How long it stays open.
    #[attr(optional)]
    idle: Value<Text<Duration>>,
}

/// A thing.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Thing {
    /// Its name.
    #[attr(required, replaces)]
    name: Value<String>,
    /// Whether it keeps versions.
    #[attr(optional, computed, default = true)]
    versioning: Value<bool>,
    /// How long it lasts.
    #[attr(optional)]
    lasts: Value<Text<Duration>>,
    /// How long each part lasts.
    #[attr(optional)]
    parts: Value<Vec<Text<Duration>>>,
    /// A secret.
    #[attr(optional, write_only)]
    secret_wo: Value<String>,
    /// The version of the secret.
    #[attr(optional)]
    secret_wo_version: Value<i64>,
    /// Grows only.
    #[attr(optional, replaces_if = shrinks)]
    size: Value<i64>,
    /// Chosen by the user or by the cloud.
    #[attr(optional, computed, replaces)]
    zone: Value<String>,
    /// Rules in order.
    #[attr(optional)]
    rules: Value<Vec<Rule>>,
    /// Rules by name.
    #[attr(optional)]
    named: Value<BTreeMap<String, Rule>>,
    /// One rule.
    #[attr(optional)]
    single: Value<Rule>,
    /// Ports.
    #[attr(optional)]
    ports: Value<Set<Port>>,
    /// Its id.
    #[attr(computed, stable)]
    id: Value<String>,
    /// Its tags.
    #[attr(computed)]
    tags: Value<BTreeMap<String, String>>,
}

fn shrinks(prior: &Value<i64>, planned: &Value<i64>) -> bool {
    planned.known() < prior.known()
}

fn rule(prefix: &str) -> Rule {
    Rule {
        prefix: prefix.into(),
        ..Rule::default()
    }
}

/// A rule as it is in the state.
fn stored_rule(prefix: &str) -> Rule {
    Rule {
        days: 30.into(),
        arn: format!("arn:{prefix}").into(),
        ..rule(prefix)
    }
}

fn named(name: &str) -> Thing {
    Thing {
        name: name.into(),
        ..Thing::default()
    }
}

/// The state of a thing that was made from the given configuration.
fn stored(config: &Thing) -> Thing {
    let mut state = config.clone();
    state.secret_wo = Value::Null;
    state.id = "id-1".into();
    state.zone = "a".into();
    state.tags = BTreeMap::from([("k".to_owned(), "v".to_owned())]).into();
    if state.versioning.is_null() {
        state.versioning = true.into();
    }
    state
}

/// Plans as the RPC layer does, from Terraform's own merge.
fn planned(prior: Option<&Thing>, config: &Thing) -> (Thing, Vec<String>) {
    let prior = prior.map_or(Cty::Null, Attribute::encode);
    let config = config.encode();
    let proposed = crate::testing::merged(Thing::schema(), &prior, &config);
    let wanted = propose(Thing::schema(), &config, &prior, proposed);
    let planned = complete(Thing::schema(), &config, &prior, wanted);
    let paths = if prior.is_null() {
        Vec::new()
    } else {
        replacements(Thing::schema(), &config, &prior, &planned)
    };
    let paths = normalize(Thing::schema(), paths);
    let planned = Thing::decode(&planned, &AttributePath::root()).unwrap();
    (planned, paths.iter().map(ToString::to_string).collect())
}

#[test]
fn a_create_has_defaults_and_unknowns_and_no_write_only_values() {
    let mut config = named("a");
    config.secret_wo = "hidden".into();
    let (plan, _) = planned(None, &config);
    assert_eq!(plan.versioning, Value::Known(true));
    assert!(plan.id.is_unknown() && plan.zone.is_unknown() && plan.tags.is_unknown());
    assert!(plan.secret_wo.is_null());
    assert!(plan.size.is_null());
}

#[test]
fn what_did_not_change_is_planned_as_it_is() {
    let config = named("a");
    let prior = stored(&config);
    let (plan, replace) = planned(Some(&prior), &config);
    assert_eq!(plan, prior);
    assert!(replace.is_empty());
}

#[test]
fn a_change_makes_computed_values_unknown_except_stable_ones() {
    let mut config = named("a");
    let prior = stored(&config);
    config.versioning = false.into();
    let (plan, replace) = planned(Some(&prior), &config);
    assert_eq!(plan.id, Value::Known("id-1".to_owned()));
    assert!(plan.tags.is_unknown());
    // Unknown, for the configuration leaves it to the cloud; but that is no wish for another zone.
    assert!(plan.zone.is_unknown());
    assert!(replace.is_empty());
}

#[test]
fn a_removed_argument_falls_back_to_its_default() {
    let mut config = named("a");
    config.versioning = false.into();
    let prior = stored(&config);
    let (plan, _) = planned(Some(&prior), &named("a"));
    assert_eq!(plan.versioning, Value::Known(true));
}

#[test]
fn another_spelling_is_no_change() {
    let mut config = named("a");
    config.lasts = Value::Known("90m".parse().unwrap());
    config.parts = vec!["60s".parse().unwrap(), "1h".parse().unwrap()].into();
    config.ports = Set::from([port(80, Some("1h"))]).into();
    let mut prior = stored(&config);
    prior.ports = Set::from([Port {
        protocol: "tcp".into(),
        ..port(80, Some("60m"))
    }])
    .into();
    let mut respelled = config.clone();
    respelled.lasts = Value::Known("1h30m".parse().unwrap());
    respelled.parts = vec!["1m".parse().unwrap(), "60m".parse().unwrap()].into();
    let (plan, _) = planned(Some(&prior), &respelled);
    // Equality of texts is equality of meaning, so the spelling is looked at apart.
    let texts = |thing: &Thing| {
        (
            thing.lasts.encode(),
            thing.parts.encode(),
            thing.ports.encode(),
        )
    };
    assert_eq!(texts(&plan), texts(&prior));
    assert!(
        plan.tags.is_known(),
        "nothing changed, so nothing is unknown"
    );
}

#[test]
fn a_collection_keeps_its_spelling_only_as_a_whole() {
    // Terraform accepts the configured value or the prior one, not a mixture.
    let mut config = named("a");
    config.parts = vec!["60s".parse().unwrap(), "1h".parse().unwrap()].into();
    let prior = stored(&config);
    config.parts = vec!["1m".parse().unwrap(), "2h".parse().unwrap()].into();
    let (plan, _) = planned(Some(&prior), &config);
    assert_eq!(plan.parts.encode(), config.parts.encode());
}

#[test]
fn nested_objects_have_defaults_and_unknowns_of_their_own() {
    let mut config = named("a");
    config.rules = vec![rule("x")].into();
    config.named = BTreeMap::from([("k".to_owned(), rule("x"))]).into();
    config.single = rule("x").into();
    config.ports = Set::from([port(80, None)]).into();
    let (plan, _) = planned(None, &config);
    let expected = Rule {
        days: 30.into(),
        arn: Value::Unknown,
        ..rule("x")
    };
    assert_eq!(plan.rules.get().unwrap()[0], expected);
    assert_eq!(plan.named.get().unwrap()["k"], expected);
    assert_eq!(plan.single.get().unwrap(), &expected);
    assert_eq!(plan.ports.get().unwrap()[0].protocol, "tcp".into());
}

#[test]
fn objects_of_a_set_that_differ_in_a_default_stay_apart() {
    let udp = Port {
        protocol: "udp".into(),
        ..port(80, None)
    };
    let tcp = Port {
        protocol: "tcp".into(),
        ..port(80, None)
    };
    let mut config = named("a");
    config.ports = Set::from([port(80, None), udp.clone()]).into();
    let made = Set::from([tcp, udp]);
    let (plan, _) = planned(None, &config);
    assert_eq!(plan.ports, Value::Known(made.clone()));
    let mut prior = stored(&config);
    prior.ports = made.into();
    let (plan, _) = planned(Some(&prior), &config);
    assert_eq!(plan, prior);
}

#[test]
fn elements_of_a_set_with_one_meaning_are_stored_as_planned() {
    // A model holds each meaning once, and Terraform looks for every element that it planned.
    let twice = [port(80, Some("60m")), port(80, Some("1h"))]
        .map(|port| port.encode())
        .into_iter()
        .collect();
    let mut planned = named("a").encode();
    if let Cty::Map(values) = &mut planned {
        values.insert("ports".to_owned(), twice);
    }
    let made = Thing::decode(&planned, &AttributePath::root()).unwrap();
    assert_eq!(made.ports.get().unwrap().len(), 1);
    assert_eq!(respell(Thing::schema(), made.encode(), &planned), planned);
}

/// Something of any type.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Anything {
    /// What it is.
    #[attr(optional)]
    value: Value<Json>,
}

#[test]
fn a_null_keeps_the_type_that_it_came_with() {
    let typed = Cty::Dynamic(Box::new(Type::String), Box::new(Cty::Null));
    let planned: Cty = [("value", typed)].into_iter().collect();
    let made = Anything::decode(&planned, &AttributePath::root()).unwrap();
    assert_eq!(made, Anything::default());
    assert_eq!(
        respell(Anything::schema(), made.encode(), &planned),
        planned
    );
}

#[test]
fn nested_objects_keep_what_did_not_change() {
    let mut config = named("a");
    config.rules = vec![rule("x")].into();
    config.named = BTreeMap::from([("k".to_owned(), rule("x"))]).into();
    config.ports = Set::from([port(80, None), port(443, None)]).into();
    let mut prior = stored(&config);
    prior.rules = vec![stored_rule("x")].into();
    prior.named = BTreeMap::from([("k".to_owned(), stored_rule("x"))]).into();
    prior.ports = [443, 80]
        .map(|number| Port {
            protocol: "tcp".into(),
            ..port(number, None)
        })
        .into_iter()
        .collect::<Set<_>>()
        .into();
    let (plan, _) = planned(Some(&prior), &config);
    assert_eq!(plan, prior);
}

#[test]
fn only_another_value_replaces() {
    let config = named("a");
    let prior = stored(&config);
    assert_eq!(planned(Some(&prior), &named("b")).1, ["name"]);
    let mut moved = config.clone();
    moved.zone = "b".into();
    assert_eq!(planned(Some(&prior), &moved).1, ["zone"]);
    let mut unknown = config;
    unknown.name = Value::Unknown;
    assert_eq!(planned(Some(&prior), &unknown).1, ["name"]);
}

#[test]
fn conditions_decide_about_replacement() {
    let sized = |size: i64| Thing {
        size: size.into(),
        ..named("a")
    };
    let prior = stored(&sized(10));
    assert!(planned(Some(&prior), &sized(11)).1.is_empty());
    assert_eq!(planned(Some(&prior), &sized(9)).1, ["size"]);
}

#[test]
fn nested_attributes_replace_by_their_path() {
    let made_of = |material: &str| Rule {
        material: material.into(),
        ..stored_rule("x")
    };
    let with = |rule: Rule| Thing {
        rules: vec![stored_rule("w"), rule.clone()].into(),
        named: BTreeMap::from([("k".to_owned(), rule.clone())]).into(),
        single: rule.into(),
        ..named("a")
    };
    let prior = stored(&with(made_of("wood")));
    assert!(planned(Some(&prior), &with(made_of("wood"))).1.is_empty());
    assert_eq!(
        planned(Some(&prior), &with(made_of("iron"))).1,
        [
            "named[\"k\"].material",
            "rules[1].material",
            "single.material"
        ]
    );
}

#[test]
fn objects_that_are_not_known_yet_may_replace() {
    let mut config = named("a");
    config.rules = vec![rule("x")].into();
    config.ports = Set::from([port(80, None)]).into();
    let mut prior = stored(&config);
    prior.rules = vec![stored_rule("x")].into();
    config.rules = Value::Unknown;
    config.named = Value::Unknown;
    config.single = Value::Unknown;
    config.ports = Value::Unknown;
    assert_eq!(
        planned(Some(&prior), &config).1,
        ["named", "rules", "single"],
        "nothing about a port replaces"
    );
}

#[test]
fn paths_are_sorted_and_unique_and_end_at_sets() {
    let schema = Thing::schema();
    let paths = vec![
        path!("zone"),
        path!("ports", 0, "number"),
        path!("name"),
        path!("ports"),
        path!("rules", 0, "days"),
    ];
    let texts: Vec<_> = normalize(schema, paths)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(texts, ["name", "ports", "rules[0].days", "zone"]);
}

#[test]
fn write_only_values_are_seen_by_the_apply_alone() {
    let mut config = named("a");
    config.secret_wo = "hidden".into();
    let schema = Thing::schema();
    let stored = without_write_only(schema, config.encode());
    assert!(field(&stored, "secret_wo").is_null());
    let seen = with_write_only(schema, stored, &config.encode());
    assert_eq!(field(&seen, "secret_wo"), &Cty::from("hidden"));
    assert_eq!(
        write_only_values(schema, &config.encode()),
        [path!("secret_wo")]
    );
    assert!(write_only_values(schema, &named("a").encode()).is_empty());
}

/// A secret.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Secret {
    /// Its name.
    #[attr(required)]
    name: Value<String>,
    /// Its value.
    #[attr(optional, write_only)]
    value_wo: Value<String>,
}

/// A place for secrets.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Vault {
    /// Secrets in order.
    #[attr(optional)]
    listed: Value<Vec<Secret>>,
    /// Secrets by name.
    #[attr(optional)]
    named: Value<BTreeMap<String, Secret>>,
    /// One secret.
    #[attr(optional)]
    single: Value<Secret>,
}

#[test]
fn write_only_values_inside_objects_are_seen_by_the_apply_alone() {
    let vault = |value: Option<&str>| {
        let secret = |name: &str| Secret {
            name: name.into(),
            value_wo: value.map(|value| format!("{value}-{name}")).into(),
        };
        Vault {
            listed: vec![secret("a"), secret("b")].into(),
            named: BTreeMap::from([("k".to_owned(), secret("c"))]).into(),
            single: secret("d").into(),
        }
        .encode()
    };
    let (schema, config) = (Vault::schema(), vault(Some("hidden")));
    let wanted = propose(schema, &config, &Cty::Null, config.clone());
    let stored = complete(schema, &config, &Cty::Null, wanted);
    assert_eq!(stored, vault(None));
    assert_eq!(with_write_only(schema, stored.clone(), &config), config);
    assert_eq!(
        write_only_values(schema, &config),
        [path!("listed"), path!("named"), path!("single")]
    );
    assert!(write_only_values(schema, &stored).is_empty());
}

#[test]
fn a_hook_changes_only_what_it_touches() {
    // The model can't say that one element is unknown, so a plan must not lose it on the way through the hook.
    let list: Cty = [Cty::from("a"), Cty::Unknown].into_iter().collect();
    let original: Cty = [("list", list), ("id", Cty::Unknown)].into_iter().collect();
    let before: Cty = [("list", Cty::Unknown), ("id", Cty::Unknown)]
        .into_iter()
        .collect();
    let after: Cty = [("list", Cty::Unknown), ("id", Cty::from("id-2"))]
        .into_iter()
        .collect();
    let overlaid = overlay(original.clone(), &before, &after);
    assert_eq!(field(&overlaid, "list"), field(&original, "list"));
    assert_eq!(field(&overlaid, "id"), &Cty::from("id-2"));
}

#[test]
fn a_hook_can_not_overrule_the_configuration() {
    let mut config = named("a");
    config.rules = vec![rule("x")].into();
    let (plan, _) = planned(None, &config);
    let complaints = |changed: &Thing| -> Vec<String> {
        let found = overruled(
            Thing::schema(),
            &config.encode(),
            &plan.encode(),
            &changed.encode(),
        );
        found
            .iter()
            .filter_map(|diagnostic| diagnostic.path.as_ref())
            .map(ToString::to_string)
            .collect()
    };
    let mut allowed = plan.clone();
    allowed.id = "id-1".into();
    allowed.versioning = false.into();
    allowed.rules = vec![Rule {
        arn: "arn".into(),
        days: 30.into(),
        ..rule("x")
    }]
    .into();
    assert!(complaints(&allowed).is_empty());
    let mut refused = plan.clone();
    refused.name = "b".into();
    refused.rules = vec![Rule {
        arn: Value::Unknown,
        days: 30.into(),
        ..rule("y")
    }]
    .into();
    assert_eq!(complaints(&refused), ["name", "rules[0].prefix"]);
}

fn port(number: i64, idle: Option<&str>) -> Port {
    Port {
        number: number.into(),
        protocol: Value::Null,
        idle: idle.map(|text| text.parse().unwrap()).into(),
    }
}
