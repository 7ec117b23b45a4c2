//! What is said about configurations, and what there is.

use framework::path;
use framework::testing::{Harness, UNKNOWN};
use serde_json::json;

use crate::only;
use crate::shelf::{Shelf, ShelfProvider, harness};

#[tokio::test]
async fn complaints_carry_their_attribute() {
    let (harness, _) = harness().await;
    let boxes = harness.resource("shelf_box");
    let cases = [
        (
            json!({"name": "A"}),
            path!("name"),
            "write it in lower case",
        ),
        (
            json!({"name": "a", "lasts": "soon"}),
            path!("lasts"),
            "write numbers with the units",
        ),
        (
            json!({"name": "a", "timeouts": {"create": "1"}}),
            path!("timeouts", "create"),
            "not a duration",
        ),
        (
            json!({"name": "a", "secret_wo": "x"}),
            path!("secret_wo_version"),
            "a secret needs a version",
        ),
        (json!({}), path!("name"), "required"),
        (
            json!({"name": "a", "id": "x"}),
            path!("id"),
            "decided automatically",
        ),
        (
            json!({"name": "a", "rules": [{"days": 1.5, "prefix": "x"}]}),
            path!("rules", 0, "days"),
            "whole number",
        ),
        (
            json!({"name": "a", "nane": "b"}),
            path!("nane"),
            "not expected",
        ),
    ];
    for (config, path, text) in cases {
        let complaints = boxes.validate(config.clone()).await;
        assert!(only(&complaints).contains(text), "{config}: {complaints:?}");
        assert_eq!(complaints[0].path, Some(path), "{complaints:?}");
    }
}

#[tokio::test]
async fn unknown_values_are_not_complained_about() {
    let (harness, _) = harness().await;
    let config = json!({"name": UNKNOWN, "lasts": UNKNOWN, "rules": UNKNOWN, "secret_wo": UNKNOWN});
    assert!(
        harness
            .resource("shelf_box")
            .validate(config)
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn the_provider_block_is_validated() {
    let refused = Harness::try_new(ShelfProvider(Shelf::default()), json!({}))
        .await
        .unwrap_err();
    assert!(only(&refused).contains("\"owner\" is required"));
}
