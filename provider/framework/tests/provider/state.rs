//! What is in the state after failures, imports, upgrades and moves.

use framework::Severity;
use framework::testing::Action;
use serde_json::json;

use crate::only;
use crate::shelf::harness;

#[tokio::test]
async fn a_read_may_warn_of_what_it_drops() {
    let (harness, shelf) = harness().await;
    let boxes = harness.resource("shelf_box");
    let state = boxes.create(json!({"name": "a", "label": "nailed"})).await;
    let (found, said) = boxes.try_refresh(&state).await.unwrap();
    assert!(found.is_some() && said.is_empty(), "{said:?}");
    shelf.boxes.lock().unwrap().clear();
    let (found, said) = boxes.try_refresh(&state).await.unwrap();
    assert!(found.is_none());
    assert_eq!(said[0].severity, Severity::Warning);
    assert_eq!(
        only(&said),
        "the nails are still there | pull those of a out"
    );
}

#[tokio::test]
async fn a_create_that_made_nothing_leaves_nothing() {
    let (harness, _) = harness().await;
    let failed = harness
        .resource("shelf_box")
        .try_create(json!({"name": "a", "label": "refused"}))
        .await
        .unwrap_err();
    assert!(failed.state.is_none());
    assert_eq!(
        only(&failed.diagnostics),
        "creating shelf_box (a) | PutBox failed: Refused"
    );
}

#[tokio::test]
async fn a_create_that_failed_halfway_is_tainted_and_replaced() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let failed = boxes
        .try_create(json!({"name": "a", "label": "half"}))
        .await
        .unwrap_err();
    assert_eq!(
        only(&failed.diagnostics),
        "creating shelf_box (a) | LockBox failed: Jammed"
    );
    let state = failed.state.expect("the box exists");
    assert!(state.tainted);
    assert_eq!(state["id"], "box/a");
    let state = boxes.read(&state).await.unwrap();
    let planned = boxes.plan(&state, json!({"name": "a"})).await;
    assert_eq!(planned.action, Action::Replace);
    let state = boxes.apply(&planned, json!({"name": "a"})).await;
    assert!(!state.tainted);
}

#[tokio::test]
async fn failed_updates_and_deletes_keep_the_prior_state() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let state = boxes.create(json!({"name": "a", "label": "nailed"})).await;
    let failed = boxes
        .try_update(&state, json!({"name": "a", "label": "refused"}))
        .await
        .unwrap_err();
    assert_eq!(
        only(&failed.diagnostics),
        "updating shelf_box (a) | PutBox failed: Refused"
    );
    let kept = failed.state.unwrap();
    assert_eq!((kept.tainted, &kept.values), (false, &state.values));
    let failed = boxes.try_delete(state.clone()).await.unwrap_err();
    assert_eq!(
        only(&failed.diagnostics),
        "deleting shelf_box (a) | RemoveBox failed: Nailed"
    );
    assert_eq!(failed.state.unwrap().values, state.values);
}

#[tokio::test]
async fn values_left_unknown_are_an_error_and_null() {
    let (harness, _) = harness().await;
    let failed = harness
        .resource("shelf_box")
        .try_create(json!({"name": "a", "label": "unknown"}))
        .await
        .unwrap_err();
    assert!(
        only(&failed.diagnostics).contains("these are not: changes"),
        "{failed:?}"
    );
    assert_eq!(failed.state.unwrap()["changes"], json!(null));
}

#[tokio::test]
async fn a_panic_is_one_diagnostic_and_the_provider_goes_on() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let failed = boxes
        .try_plan(None, json!({"name": "a", "label": "panic"}))
        .await
        .unwrap_err();
    assert!(only(&failed).contains("the label is panic"), "{failed:?}");
    boxes.create(json!({"name": "a"})).await;
}

#[tokio::test]
async fn what_is_gone_is_gone() {
    let (harness, shelf) = harness().await;
    let boxes = harness.resource("shelf_box");
    let state = boxes.create(json!({"name": "a"})).await;
    shelf.boxes.lock().unwrap().clear();
    assert!(boxes.read(&state).await.is_none());
    boxes.delete(state).await;
}

#[tokio::test]
async fn a_box_is_imported_by_id_and_by_identity() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let made = boxes.create(json!({"name": "a", "lasts": "1h"})).await;
    let imported = boxes.import("box/a").await;
    assert_eq!(imported.values, made.values);
    let imported = boxes.import_identity(&made).await.unwrap();
    assert_eq!(imported.values, made.values);
    boxes
        .settled(&imported, json!({"name": "a", "lasts": "1h"}))
        .await;

    let refused = boxes.try_import("a").await.unwrap_err();
    assert_eq!(
        only(&refused),
        "importing shelf_box (a) | \"a\" is not box/<name>"
    );
    let refused = boxes.try_import("box/b").await.unwrap_err();
    assert!(only(&refused).starts_with("Cannot import non-existent remote object"));
    assert!(only(&boxes.try_import("").await.unwrap_err()).contains("empty"));
}

#[tokio::test]
async fn older_state_is_upgraded() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let upgraded = boxes
        .upgrade(1, json!({"title": "a", "label": "l", "forgotten": [1]}))
        .await;
    assert_eq!(
        (&upgraded["name"], &upgraded["label"]),
        (&json!("a"), &json!("l"))
    );
    let current = boxes
        .upgrade(2, json!({"name": "a", "removed_attribute": true}))
        .await;
    assert_eq!(current["name"], "a");
    let refused = boxes.try_upgrade(0, json!({})).await.unwrap_err();
    assert_eq!(
        only(&refused),
        "upgrading the state of shelf_box | version 0 was never released"
    );
    let refused = boxes.try_upgrade(3, json!({})).await.unwrap_err();
    assert!(only(&refused).starts_with("State from a newer release"));
}

#[tokio::test]
async fn state_of_another_type_is_taken_over() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let from = "registry.terraform.io/example/attic";
    let moved = boxes
        .move_state(from, "attic_crate", 0, json!({"crate_name": "a"}))
        .await
        .unwrap();
    assert_eq!(moved["name"], "a");
    let sealed = boxes
        .move_state(
            from,
            "attic_crate",
            0,
            json!({"crate_name": "a", "sealed": true}),
        )
        .await
        .unwrap_err();
    assert!(
        only(&sealed).contains(
            "After a move, every attribute of shelf_box must be known, but these are not: changes"
        ),
        "{sealed:?}"
    );
    let refused = boxes
        .move_state(from, "attic_roof", 0, json!({}))
        .await
        .unwrap_err();
    assert!(
        only(&refused).contains("shelf_box can't take over the state of attic_roof of registry")
    );
}

#[tokio::test]
async fn a_destroy_plan_can_warn() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let state = boxes.create(json!({"name": "a"})).await;
    let planned = boxes.plan_destroy(&state).await;
    assert_eq!(planned.action, Action::Delete);
    assert_eq!(planned.diagnostics[0].severity, Severity::Warning);
}

#[tokio::test]
async fn a_value_that_is_not_valid_any_more_is_read_mended_and_removed() {
    let (harness, shelf) = harness().await;
    let boxes = harness.resource("shelf_box");
    let mut stored = boxes.create(json!({"name": "a"})).await.values.clone();
    stored["lasts"] = json!("as long as it takes");
    let state = boxes.upgrade(2, stored).await;

    let read = boxes.read(&state).await.unwrap();
    assert_eq!(
        read["lasts"], "as long as it takes",
        "nothing else is known"
    );
    let planned = boxes.plan(&read, json!({"name": "a", "lasts": "2h"})).await;
    assert_eq!(planned.action, Action::Update);
    let mended = boxes
        .update(&read, json!({"name": "a", "lasts": "2h"}))
        .await;
    assert_eq!(mended["lasts"], "2h");
    boxes.delete(state).await;
    assert!(shelf.boxes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_error_tells_of_the_value_that_is_not_valid_any_more() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let made = boxes.create(json!({"name": "a", "label": "nailed"})).await;
    let mut stored = made.values.clone();
    stored["lasts"] = json!("soon");
    let failed = boxes
        .try_delete(boxes.upgrade(2, stored).await)
        .await
        .unwrap_err();
    let [invalid, nailed] = failed.diagnostics.as_slice() else {
        panic!("{:?}", failed.diagnostics);
    };
    assert_eq!(invalid.summary, "Invalid value of lasts in the state");
    assert!(invalid.detail.contains("terraform state pull"), "{invalid}");
    assert!(nailed.detail.contains("Nailed"), "{nailed}");
    assert_eq!(failed.state.unwrap()["lasts"], "soon");
}

#[tokio::test]
async fn a_configuration_is_held_to_what_is_valid_now() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let state = boxes.create(json!({"name": "a"})).await;
    let config = json!({"name": "a", "lasts": "soon"});
    let wrong = boxes.try_plan(Some(&state), config).await.unwrap_err();
    assert!(
        only(&wrong).starts_with("Invalid value of lasts |"),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn what_is_not_found_by_an_invalid_state_is_not_dropped() {
    let (harness, shelf) = harness().await;
    let boxes = harness.resource("shelf_box");
    let mut stored = boxes.create(json!({"name": "a"})).await.values.clone();
    stored["lasts"] = json!("soon");
    let state = boxes.upgrade(2, stored).await;
    shelf.boxes.lock().unwrap().clear();
    let wrong = boxes.try_read(&state).await.unwrap_err();
    assert_eq!(wrong[0].summary, "Invalid value of lasts in the state");
    assert!(wrong[1].detail.contains("terraform state rm"), "{wrong:?}");
}
