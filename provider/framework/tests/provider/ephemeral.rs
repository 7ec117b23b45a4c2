//! Ephemeral resources of the whole stack.

use std::time::Duration;

use serde_json::json;

use crate::shelf::{harness, noon};

#[tokio::test]
async fn a_key_is_opened_renewed_and_closed() {
    let (harness, shelf) = harness().await;
    let keys = harness.ephemeral_resource("shelf_key");
    let open = keys.open(json!({"name": "front"})).await;
    assert_eq!(open.values, json!({"name": "front", "key": "me:front"}));
    assert_eq!(open.renew_at, Some(noon()));
    let open = keys.renew(&open).await;
    assert_eq!(open.renew_at, Some(noon() + Duration::from_mins(1)));
    let open = keys.renew(&open).await;
    assert_eq!(open.renew_at, Some(noon() + Duration::from_mins(2)));
    keys.close(open).await;
    assert_eq!(
        *shelf.keys.lock().unwrap(),
        ["renew front 1", "renew front 2", "close front"]
    );
}
