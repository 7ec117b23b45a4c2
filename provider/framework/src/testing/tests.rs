//! The kit itself must fail where Terraform would.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use serde_json::{Value as Json, json};

use super::*;
use crate::{
    AnyResource, Applied, Context, Model, Resource, Result as Outcome, Set, Text, Value, text,
};

/// A rule.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Rule {
    /// Its prefix.
    #[attr(required)]
    prefix: Value<String>,
    /// Its id.
    #[attr(computed)]
    id: Value<String>,
}

/// A thing.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Thing {
    /// Its name.
    #[attr(optional)]
    name: Value<String>,
    /// How long it lasts.
    #[attr(optional)]
    lasts: Value<Text<text::Duration>>,
    /// A secret.
    #[attr(optional, write_only)]
    secret_wo: Value<String>,
    /// Its zone.
    #[attr(optional, computed)]
    zone: Value<String>,
    /// Rules in order.
    #[attr(optional)]
    rules: Value<Vec<Rule>>,
    /// Rules without order.
    #[attr(optional)]
    members: Value<Set<Rule>>,
    /// Rules that either side sets.
    #[attr(optional, computed)]
    either: Value<Rule>,
    /// Its id.
    #[attr(computed)]
    id: Value<String>,
}

/// A thing as a state or a plan has it, computed attributes included.
fn thing(json: &Json) -> Cty {
    if json.is_null() {
        return Cty::Null;
    }
    config::argument(Thing::schema().object_type(), json).unwrap()
}

fn faults(prior: &Json, config: &Json, planned: &Json) -> Vec<String> {
    let faults = valid::plan_faults(
        Thing::schema(),
        &thing(prior),
        &thing(config),
        &thing(planned),
    );
    faults
        .into_iter()
        .map(|fault| fault.split(':').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn plans_must_follow_the_configuration() {
    let none: [&str; 0] = [];
    let (null, a, b) = (json!(null), json!({"name": "a"}), json!({"name": "b"}));
    assert_eq!(
        faults(&null, &a, &json!({"name": "a", "id": UNKNOWN, "zone": "z"})),
        none
    );
    assert_eq!(faults(&null, &a, &b), ["name"]);
    assert_eq!(faults(&b, &a, &b), none, "the prior value may be kept");
    assert_eq!(
        faults(&b, &json!({}), &b),
        ["name"],
        "but not when the configuration has none"
    );
    assert_eq!(
        faults(&null, &json!({"zone": "x"}), &json!({"zone": "z"})),
        ["zone"]
    );
    assert_eq!(
        faults(&null, &a, &json!({"name": "a", "secret_wo": "s"})),
        ["secret_wo"]
    );
    let rules = |rules: Json| json!({"rules": rules});
    assert_eq!(
        faults(
            &null,
            &rules(json!([{"prefix": "p"}])),
            &rules(json!([{"prefix": "p", "id": "i"}]))
        ),
        none
    );
    assert_eq!(
        faults(
            &null,
            &rules(json!([{"prefix": "p"}])),
            &rules(json!([{"prefix": "q"}]))
        ),
        ["rules[0].prefix"]
    );
    assert_eq!(
        faults(&null, &rules(json!([{"prefix": "p"}])), &rules(json!([]))),
        ["rules"]
    );
    assert_eq!(
        faults(&null, &rules(json!([])), &rules(json!(null))),
        ["rules"]
    );
    assert_eq!(
        faults(&null, &rules(json!(null)), &rules(json!([]))),
        ["rules"]
    );
}

fn departs(planned: &Json, actual: &Json) -> bool {
    !compatible::departures(Thing::schema(), &thing(planned), &thing(actual)).is_empty()
}

#[test]
fn results_must_follow_the_plan() {
    let a = json!({"name": "a"});
    assert!(!departs(&a, &a));
    assert!(!departs(&json!({"name": UNKNOWN}), &a));
    assert!(departs(&a, &json!({"name": "b"})));
    assert!(departs(&a, &json!({})));
    assert!(departs(&json!({}), &a));
    assert!(departs(&a, &json!({"name": UNKNOWN})));
    let rules = |rules: Json| json!({"rules": rules});
    assert!(!departs(
        &rules(json!([{"prefix": "p", "id": UNKNOWN}])),
        &rules(json!([{"prefix": "p", "id": "i"}]))
    ));
    assert!(departs(
        &rules(json!([{"prefix": "p"}])),
        &rules(json!([{"prefix": "p"}, {"prefix": "q"}]))
    ));
    let members = |members: Json| json!({"members": members});
    let two = members(json!([{"prefix": "p"}, {"prefix": "q"}]));
    assert!(!departs(
        &two,
        &members(json!([{"prefix": "q"}, {"prefix": "p"}]))
    ));
    assert!(departs(
        &two,
        &members(json!([{"prefix": "q"}, {"prefix": "r"}]))
    ));
}

#[test]
fn the_merge_keeps_what_is_computed() {
    let merged = |prior: Json, config: Json| {
        config::show(&proposed::proposed_new_state(
            Thing::schema(),
            &thing(&prior),
            &thing(&config),
        ))
    };
    let prior = json!({"name": "a", "zone": "z", "id": "i", "rules": [{"prefix": "p", "id": "1"}],
        "members": [{"prefix": "m", "id": "2"}, {"prefix": "n", "id": "3"}], "either": {"prefix": "e", "id": "4"}});
    let proposed = merged(
        prior,
        json!({"name": "b", "rules": [{"prefix": "q"}, {"prefix": "r"}], "members": [{"prefix": "n"}]}),
    );
    assert_eq!(proposed["name"], "b");
    assert_eq!(
        (&proposed["zone"], &proposed["id"]),
        (&json!("z"), &json!("i"))
    );
    assert_eq!(
        proposed["rules"],
        json!([{"prefix": "q", "id": "1"}, {"prefix": "r", "id": null}])
    );
    assert_eq!(proposed["members"], json!([{"prefix": "n", "id": "3"}]));
    assert_eq!(
        proposed["either"],
        json!(null),
        "a prefix is never computed, so it was configured and is now left out"
    );
    let created = merged(json!(null), json!({"secret_wo": "s"}));
    assert_eq!(
        (&created["id"], &created["secret_wo"]),
        (&json!(null), &json!("s"))
    );
}

/// Makes things and forgets what they are.
struct Forgetful;

/// A thing with nothing but a name.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Named {
    /// Its name.
    #[attr(optional)]
    name: Value<String>,
    /// Its id.
    #[attr(computed)]
    id: Value<String>,
}

/// Configures nothing.
#[derive(Model, Clone, Debug, Default, PartialEq)]
struct Config {}

impl Provider for Forgetful {
    const NAME: &'static str = "forgetful";
    const ADDRESS: &'static str = "registry.terraform.io/example/forgetful";
    const VERSION: &'static str = "0.0.0";
    type Config = Config;
    type Client = ();

    async fn configure(&self, _config: Config) -> Outcome<Option<()>> {
        Ok(Some(()))
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource<()>>> {
        vec![Self.boxed()]
    }
}

impl Resource for Forgetful {
    const NAME: &'static str = "forgetful_thing";
    const IDENTITY: &'static [&'static str] = &["id"];
    type Client = ();
    type Model = Named;

    async fn create(&self, _cx: &Context<()>, plan: Named) -> Applied<Named> {
        Ok(Named {
            id: Value::Null,
            ..plan
        })
    }

    async fn read(&self, _cx: &Context<()>, state: Named) -> Outcome<Option<Named>> {
        Ok(Some(state))
    }

    async fn delete(&self, _cx: &Context<()>, _state: Named) -> Outcome<()> {
        Ok(())
    }

    async fn import(&self, _cx: &Context<()>, _id: &str) -> Outcome<Named> {
        Ok(Named::default())
    }
}

#[tokio::test]
async fn an_object_must_tell_its_identity() {
    let harness = Harness::new(Forgetful, json!({})).await;
    let things = harness.resource("forgetful_thing");
    let panic = |outcome: std::thread::Result<()>| {
        let panic = outcome.expect_err("the kit is content");
        panic
            .downcast::<String>()
            .map_or_else(|_| String::new(), |said| *said)
    };
    let created = async { drop(things.create(json!({"name": "a"})).await) };
    let created = panic(AssertUnwindSafe(created).catch_unwind().await);
    assert!(
        created.starts_with("Missing Resource Identity After Apply: forgetful_thing"),
        "{created}"
    );
    let imported = async { drop(things.import("a").await) };
    let imported = panic(AssertUnwindSafe(imported).catch_unwind().await);
    assert!(
        imported.starts_with("Missing Resource Identity After Read: forgetful_thing"),
        "{imported}"
    );
}
