//! Interrupting Terraform.

use std::time::Duration;

use serde_json::json;

use crate::only;
use crate::shelf::harness;

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
