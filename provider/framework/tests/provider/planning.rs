//! Plans and applies of the whole stack.

use framework::path;
use framework::testing::{Action, Harness, UNKNOWN};
use serde_json::json;

use crate::only;
use crate::shelf::{Shelf, ShelfProvider, harness};

#[tokio::test]
async fn a_box_lives_and_dies() {
    let (harness, shelf) = harness().await;
    let create = json!({"name": "a", "lasts": "90m", "rules": [{"prefix": "x"}]});
    let update =
        json!({"name": "a", "label": "new", "lasts": "90m", "rules": [{"prefix": "x", "days": 7}]});
    harness
        .resource("shelf_box")
        .lifecycle(create, update)
        .await;
    assert!(shelf.boxes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_the_provider_remembers_stays_with_the_object() {
    let (harness, shelf) = harness().await;
    let boxes = harness.resource("shelf_box");
    let state = boxes.create(json!({"name": "a"})).await;
    let state = boxes.read(&state).await.unwrap();
    let state = boxes
        .update(&state, json!({"name": "a", "label": "new"}))
        .await;
    let state = boxes.read(&state).await.unwrap();
    boxes.delete(state).await;
    assert_eq!(
        *shelf.memories.lock().unwrap(),
        [
            "update: made by create, going false",
            "delete: made by create, going true"
        ]
    );
}

#[tokio::test]
async fn another_name_makes_another_box() {
    let (harness, _) = harness().await;
    harness
        .resource("shelf_box")
        .lifecycle(json!({"name": "a"}), json!({"name": "b"}))
        .await;
}

#[tokio::test]
async fn a_name_that_means_the_same_stays_as_it_was_written_first() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let state = boxes.create(json!({"name": "a-b", "lasts": "1h"})).await;
    let written = json!({"name": "a_b", "lasts": "1h"});
    assert_eq!(
        boxes.plan(&state, written.clone()).await.action,
        Action::NoOp
    );
    let changed = json!({"name": "a_b", "lasts": "2h"});
    let planned = boxes.plan(&state, changed.clone()).await;
    assert_eq!(planned.action, Action::Update);
    assert_eq!(planned.values["name"], "a-b");
    let state = boxes.apply(&planned, changed.clone()).await;
    boxes.settled(&state, changed).await;
    let another = boxes.plan(&state, json!({"name": "a-c"})).await;
    assert_eq!(another.action, Action::Replace);
}

#[tokio::test]
async fn a_spelling_is_that_of_the_state_or_none() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let state = boxes.create(json!({"name": "a"})).await;
    let said = boxes
        .try_plan(Some(&state), json!({"name": "a", "label": "respell"}))
        .await
        .unwrap_err();
    let said = only(&said);
    assert!(
        said.contains("in another way than the state has it"),
        "{said}"
    );
}

#[tokio::test]
async fn a_plan_says_what_will_be_known() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let planned = boxes.plan_create(json!({"name": "a"})).await;
    assert_eq!(planned.action, Action::Create);
    assert_eq!(planned.values["label"], "none");
    assert_eq!(planned.values["id"], UNKNOWN);
    assert_eq!(planned.values["owner"], "me", "the hook knew it");
    let state = boxes.apply(&planned, json!({"name": "a"})).await;
    let planned = boxes
        .plan(&state, json!({"name": "a", "label": "new"}))
        .await;
    assert_eq!(planned.action, Action::Update);
    assert_eq!(planned.values["id"], "box/a");
    assert_eq!(planned.values["changes"], UNKNOWN);
    let planned = boxes.plan(&state, json!({"name": "b"})).await;
    assert_eq!(
        (planned.action, planned.replace_paths),
        (Action::Replace, vec![path!("name")])
    );
}

#[tokio::test]
async fn unknown_values_are_filled_in_by_the_apply() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let planned = boxes
        .plan_create(json!({"name": "a", "label": UNKNOWN, "rules": [{"prefix": UNKNOWN}]}))
        .await;
    assert_eq!(planned.values["label"], UNKNOWN);
    assert_eq!(
        planned.values["rules"],
        json!([{"prefix": UNKNOWN, "days": 30}])
    );
    let state = boxes
        .apply(
            &planned,
            json!({"name": "a", "label": "l", "rules": [{"prefix": "p"}]}),
        )
        .await;
    assert_eq!(state["rules"], json!([{"prefix": "p", "days": 30}]));
}

#[tokio::test]
async fn the_users_spelling_stays() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let state = boxes.create(json!({"name": "a", "lasts": "90m"})).await;
    // The shelf answers 1h30m.
    let state = boxes.read(&state).await.unwrap();
    assert_eq!(state["lasts"], "90m");
    let planned = boxes
        .plan(&state, json!({"name": "a", "lasts": "1.5h"}))
        .await;
    assert_eq!(planned.action, Action::NoOp);
    let planned = boxes
        .plan(&state, json!({"name": "a", "lasts": "2h"}))
        .await;
    assert_eq!(
        (planned.action, &planned.values["lasts"]),
        (Action::Update, &json!("2h"))
    );
}

#[tokio::test]
async fn drift_is_planned_back() {
    let (harness, shelf) = harness().await;
    let boxes = harness.resource("shelf_box");
    let state = boxes.create(json!({"name": "a", "label": "mine"})).await;
    shelf.boxes.lock().unwrap().get_mut("a").unwrap().label = "theirs".to_owned();
    let found = boxes.read(&state).await.unwrap();
    assert_eq!(found["label"], "theirs");
    let planned = boxes
        .plan(&found, json!({"name": "a", "label": "mine"}))
        .await;
    assert_eq!(
        (planned.action, &planned.values["label"]),
        (Action::Update, &json!("mine"))
    );
}

#[tokio::test]
async fn write_only_values_reach_the_provider_and_nothing_else() {
    let (harness, shelf) = harness().await;
    let boxes = harness.resource("shelf_box");
    let config = json!({"name": "a", "secret_wo": "1234", "secret_wo_version": 1});
    let state = boxes.create(config.clone()).await;
    assert_eq!(state["secret_wo"], json!(null));
    assert_eq!(*shelf.secrets.lock().unwrap(), ["1234"]);
    boxes.settled(&state, config).await;
}

#[tokio::test]
async fn a_hook_can_ask_for_replacement_and_warn() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let state = boxes.create(json!({"name": "a"})).await;
    let planned = boxes
        .plan(&state, json!({"name": "a", "label": "again"}))
        .await;
    assert_eq!(
        (planned.action, planned.replace_paths),
        (Action::Replace, vec![path!("label")])
    );
}

#[tokio::test]
async fn a_hook_can_not_overrule_the_configuration() {
    let (harness, _) = harness().await;
    let refused = harness
        .resource("shelf_box")
        .try_plan(None, json!({"name": "a", "label": "rename"}))
        .await;
    let refused = refused.unwrap_err();
    assert!(
        only(&refused).contains("another value than the configuration"),
        "{refused:?}"
    );
    assert_eq!(refused[0].path, Some(path!("name")));
}

#[tokio::test]
async fn an_unconfigured_provider_plans_and_keeps_state() {
    let shelf = Shelf::default();
    let known = Harness::new(ShelfProvider(shelf.clone()), json!({"owner": "me"})).await;
    let state = known
        .resource("shelf_box")
        .create(json!({"name": "a"}))
        .await;
    shelf.boxes.lock().unwrap().clear();

    let unknown = Harness::new(ShelfProvider(shelf), json!({"owner": UNKNOWN})).await;
    let boxes = unknown.resource("shelf_box");
    assert_eq!(
        boxes.plan_create(json!({"name": "b"})).await.values["owner"],
        UNKNOWN
    );
    let kept = boxes
        .read(&state)
        .await
        .expect("nobody knows whether it is gone");
    assert_eq!(kept.values, state.values);
    let failed = boxes.try_create(json!({"name": "b"})).await.unwrap_err();
    assert!(
        only(&failed.diagnostics).starts_with("The provider's configuration is not known yet"),
        "{failed:?}"
    );
    let refused = unknown
        .data_source("shelf_count")
        .try_read(json!({}))
        .await
        .unwrap_err();
    assert!(only(&refused).starts_with("The provider's configuration is not known yet"));
}

#[tokio::test]
async fn a_data_source_reads() {
    let (harness, _) = harness().await;
    harness
        .resource("shelf_box")
        .create(json!({"name": "a"}))
        .await;
    let read = harness
        .data_source("shelf_count")
        .read(json!({"patience": "60s"}))
        .await;
    assert_eq!(
        read,
        json!({"prefix": null, "patience": "60s", "count_of_boxes": 1})
    );
}

#[tokio::test]
async fn replacing_because_of_what_the_schema_does_not_have_is_a_bug() {
    let (harness, _) = harness().await;
    let wrong = harness
        .resource("shelf_box")
        .try_plan(None, json!({"name": "a", "label": "mistaken"}))
        .await
        .unwrap_err();
    assert!(only(&wrong).contains("because of tag, which"), "{wrong:?}");
}
