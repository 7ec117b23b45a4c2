//! In memory.

use std::time::Duration;

use dataplane_store::{Method, Store};

use crate::{storage, suite};

#[tokio::test]
async fn memory_keeps_to_the_suite() {
    let storage = storage("s3://acme-metadata", "s3://acme-code", None);
    let store = Store::in_memory(&storage);
    suite::objects(&store, &storage.metadata, &storage.fast_registration).await;
    let uri = storage.metadata.join("bundle").unwrap();
    let signed = store
        .sign(Method::Get, &uri, Duration::from_mins(1))
        .await
        .unwrap();
    assert!(
        signed
            .secret()
            .starts_with("https://memory.invalid/acme-metadata/bundle?")
    );
}

#[tokio::test]
async fn a_bucket_may_be_shared_with_others_below_a_key() {
    let storage = storage("s3://shared/union", "s3://shared/union", None);
    let store = Store::in_memory(&storage);
    let missing = async |uri: &str| store.read(&uri.parse().unwrap(), 1).await;
    assert!(missing("s3://shared/union/a").await.unwrap().is_none());
    for outside in ["s3://shared/a", "s3://shared/union2/a", "s3://shared/union"] {
        assert!(
            missing(outside).await.unwrap_err().is_bad_input(),
            "{outside}"
        );
    }
}
