//! Functions of the whole stack.

use framework::FunctionError;
use framework::testing::Harness;
use serde_json::{Value as Json, json};

use crate::shelf::{Shelf, ShelfProvider};

async fn call(arguments: &[Json]) -> Result<Json, FunctionError> {
    // Terraform calls functions before it configures the provider.
    let harness = Harness::unconfigured(ShelfProvider(Shelf::default()));
    harness.call("join_durations", arguments).await
}

#[tokio::test]
async fn arguments_arrive_in_order_with_all_that_follow() {
    assert_eq!(
        call(&[json!(2), json!("-"), json!("90m"), json!("60s")]).await,
        Ok(json!("1h30m--1m"))
    );
    assert_eq!(
        call(&[json!(1), json!(null), json!("1s")]).await,
        Ok(json!("1s"))
    );
}

#[tokio::test]
async fn errors_name_the_argument() {
    let call = async |arguments: &[Json]| call(arguments).await.unwrap_err();
    let FunctionError { text, argument } =
        call(&[json!(1), json!("-"), json!("1h"), json!("soon")]).await;
    assert!(text.contains("\"soon\" is not a duration"), "{text}");
    assert_eq!(argument, Some(3));
    let wrong = call(&[json!(0), json!("-"), json!("1h")]).await;
    assert_eq!(wrong, FunctionError::argument(0, "must be more than 0"));
    let wrong = call(&[json!(1), json!("-")]).await;
    assert_eq!(
        wrong,
        FunctionError::argument(2, "at least one part is needed")
    );
    let panicked = call(&[json!(1), json!("-"), json!("13h")]).await;
    assert!(
        panicked.text.contains("thirteen is unlucky"),
        "{panicked:?}"
    );
    assert_eq!(panicked.argument, None);
}
