//! Interrupting Terraform.

use std::future::Future;
use std::time::Duration;

use framework::testing::Harness;
use serde_json::json;

use crate::only;
use crate::shelf::{ShelfProvider, harness};

/// The answer to a request during which Terraform is interrupted.
async fn interrupted<T>(harness: &Harness<ShelfProvider>, request: impl Future<Output = T>) -> T {
    let stop = async {
        // By then the request has come to where it hangs.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        harness.stop().await;
    };
    let both = async { tokio::join!(request, stop).0 };
    tokio::time::timeout(Duration::from_secs(30), both)
        .await
        .expect("the request goes on after the interrupt")
}

#[tokio::test]
async fn an_interrupt_drops_what_leaves_nothing_behind() {
    let (harness, shelf) = harness().await;
    let boxes = harness.resource("shelf_box");
    let state = boxes.create(json!({"name": "a"})).await;
    shelf.boxes.lock().unwrap().get_mut("a").unwrap().label = "stuck".to_owned();

    let read = interrupted(&harness, boxes.try_read(&state)).await;
    let plan = interrupted(&harness, boxes.try_plan(None, json!({"name": "stuck"}))).await;
    let import = interrupted(&harness, boxes.try_import("stuck")).await;
    let count = harness.data_source("shelf_count");
    let count = interrupted(&harness, count.try_read(json!({"prefix": "stuck"}))).await;
    let keys = harness.ephemeral_resource("shelf_key");
    let open = interrupted(&harness, keys.try_open(json!({"name": "stuck"}))).await;
    for (what, wrong) in [
        ("reading shelf_box (a)", read.unwrap_err()),
        ("planning shelf_box (stuck)", plan.unwrap_err()),
        ("importing shelf_box (stuck)", import.unwrap_err()),
        ("reading shelf_count", count.unwrap_err()),
        ("opening shelf_key", open.unwrap_err()),
    ] {
        let said = only(&wrong);
        assert!(
            said.starts_with(&format!("{what} | interrupted:")),
            "{said}"
        );
    }
}

#[tokio::test]
async fn an_interrupted_wait_ends_at_once_and_keeps_what_exists() {
    let (harness, shelf) = harness().await;
    let boxes = harness.resource("shelf_box");
    let interrupt = async {
        while shelf.boxes.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        harness.stop().await;
    };
    let (failed, ()) = tokio::join!(
        boxes.try_create(json!({"name": "a", "label": "slow"})),
        interrupt
    );
    let failed = failed.unwrap_err();
    assert!(
        only(&failed.diagnostics).starts_with("creating shelf_box (a) | interrupted"),
        "{failed:?}"
    );
    let state = failed.state.expect("the box exists");
    assert!(state.tainted);
}

#[tokio::test]
async fn what_comes_after_an_interrupt_may_wait() {
    // Terraform closes what it opened, and with a debugger one process serves many runs.
    let (harness, shelf) = harness().await;
    let keys = harness.ephemeral_resource("shelf_key");
    let open = keys.open(json!({"name": "front"})).await;
    harness.stop().await;
    keys.close(open).await;
    assert_eq!(*shelf.keys.lock().unwrap(), ["close front"]);
}

#[tokio::test(start_paused = true)]
async fn timeouts_of_the_user_end_waits() {
    let (harness, _) = harness().await;
    let config = json!({"name": "a", "label": "slow", "timeouts": {"create": "90s"}});
    let began = tokio::time::Instant::now();
    let failed = harness
        .resource("shelf_box")
        .try_create(config)
        .await
        .unwrap_err();
    assert_eq!(began.elapsed().max(Duration::from_secs(90)).as_secs(), 90);
    assert!(
        only(&failed.diagnostics).contains("the box to dry: wet"),
        "{failed:?}"
    );
}
