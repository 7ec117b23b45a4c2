//! What every backend keeps to.

use std::time::Duration;

use bytes::Bytes;
use dataplane_api::object_uri::ObjectUri;
use dataplane_store::{Call, Method, Precondition, SignedUrl, Store, StoreError, Why, Written};

const LIMIT: u64 = 1024;

fn uri(root: &ObjectUri, key: &str) -> ObjectUri {
    root.join(key).unwrap()
}

async fn write(store: &Store, uri: &ObjectUri, content: &'static str) {
    let written = store.write(
        uri,
        Bytes::from_static(content.as_bytes()),
        Precondition::None,
    );
    assert_eq!(written.await.unwrap(), Written::Yes, "{uri}");
}

async fn content(store: &Store, uri: &ObjectUri) -> Option<String> {
    let content = store.read(uri, LIMIT).await.unwrap();
    content.map(|content| String::from_utf8(content.to_vec()).unwrap())
}

/// Reads and writes.
pub async fn objects(store: &Store, metadata: &ObjectUri, code: &ObjectUri) {
    // Signs that clouds encode differently, and a name that looks encoded already.
    for key in [
        "acme/fraud/staging/r7/a0/1/outputs.pb",
        "a b/c+d&e=f@g:h;i,j/ü/%41!*'()~.pb",
    ] {
        let uri = uri(metadata, key);
        assert_eq!(content(store, &uri).await, None);
        assert!(!store.exists(&uri).await.unwrap());
        write(store, &uri, "twelve bytes").await;
        assert!(store.exists(&uri).await.unwrap());
        assert_eq!(content(store, &uri).await.as_deref(), Some("twelve bytes"));
        fingerprints(store, &uri).await;
        assert_eq!(
            content(store, &self::uri(code, key)).await,
            None,
            "another bucket"
        );
    }
    let empty = uri(metadata, "empty/outputs.pb");
    write(store, &empty, "").await;
    assert_eq!(content(store, &empty).await.as_deref(), Some(""));
    assert!(store.exists(&empty).await.unwrap());

    limits(store, &uri(metadata, "limits")).await;
    preconditions(store, &uri(metadata, "preconditions")).await;
    bad_input(store, metadata).await;
}

/// Of an object that is there.
async fn fingerprints(store: &Store, uri: &ObjectUri) {
    let fingerprint = async || store.fingerprint(uri).await.unwrap();
    let first = fingerprint().await;
    assert!(first.is_some() && fingerprint().await == first, "{first:?}");
    write(store, uri, "others").await;
    assert_ne!(fingerprint().await, first);
    let missing: ObjectUri = format!("{uri}.not").parse().unwrap();
    assert_eq!(store.fingerprint(&missing).await.unwrap(), None);
}

async fn limits(store: &Store, uri: &ObjectUri) {
    write(store, uri, "twelve bytes").await;
    assert_eq!(store.read(uri, 12).await.unwrap().unwrap(), "twelve bytes");
    let error = store.read(uri, 11).await.unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::TooLarge {
                size: 12,
                limit: 11,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.is_bad_input());
}

async fn preconditions(store: &Store, uri: &ObjectUri) {
    let put = async |content: &'static str| {
        let content = Bytes::from_static(content.as_bytes());
        store
            .write(uri, content, Precondition::Absent)
            .await
            .unwrap()
    };
    assert_eq!(put("first").await, Written::Yes);
    assert_eq!(put("second").await, Written::No);
    assert_eq!(content(store, uri).await.as_deref(), Some("first"));
    write(store, uri, "third").await;
    assert_eq!(content(store, uri).await.as_deref(), Some("third"));
}

async fn bad_input(store: &Store, metadata: &ObjectUri) {
    let elsewhere = metadata
        .to_string()
        .replace(metadata.bucket(), "somebody-elses")
        .parse::<ObjectUri>()
        .unwrap()
        .join("key")
        .unwrap();
    for outside in [elsewhere, "gs://other-cloud/key".parse().unwrap()] {
        let error = store.read(&outside, LIMIT).await.unwrap_err();
        assert!(error.is_bad_input() && !error.is_passing());
        let text = error.to_string();
        assert!(
            text.starts_with(&format!(
                "{outside} is outside of this data plane's buckets, {metadata}"
            )),
            "{text}"
        );
        assert!(
            store
                .sign(Method::Get, &outside, Duration::from_mins(1))
                .await
                .is_err()
        );
    }
    for no_object in [
        metadata.clone(),
        format!("{metadata}/folder/").parse().unwrap(),
    ] {
        let error = store.exists(&no_object).await.unwrap_err();
        assert!(matches!(error, StoreError::NoObject { .. }), "{error}");
    }
}

/// A bucket that is not there is told, and not taken for a missing object.
pub async fn missing_bucket(store: &Store, metadata: &ObjectUri) {
    let uri = uri(metadata, "key");
    let read = store.read(&uri, LIMIT).await.map(drop);
    let write = store
        .write(&uri, Bytes::new(), Precondition::None)
        .await
        .map(drop);
    for (call, outcome) in [(Call::Read, read), (Call::Write, write)] {
        let StoreError::Failed(failed) = outcome.unwrap_err() else {
            panic!("{call:?}")
        };
        assert_eq!((failed.call, failed.why), (call, Why::NoBucket), "{failed}");
        assert!(failed.to_string().contains("check `storage`"), "{failed}");
    }
}

/// Whether the emulator looks at signatures.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Checks {
    Signatures,
    Nothing,
}

/// Signed URLs, used by somebody without credentials.
pub async fn signing(
    store: &Store,
    metadata: &ObjectUri,
    client: &reqwest::Client,
    checks: Checks,
) {
    let life = Duration::from_mins(10);
    for key in ["signed/bundle.tgz", "signed/a b&c+d/ü%41.tgz"] {
        let uri = uri(metadata, key);
        let put = store.sign(Method::Put, &uri, life).await.unwrap();
        assert_eq!(
            send(client, &put, reqwest::Method::PUT, put.headers())
                .await
                .0
                / 100,
            2,
            "{key}"
        );
        let get = store.sign(Method::Get, &uri, life).await.unwrap();
        let left = get.valid_until().duration_since(jiff::Timestamp::now());
        assert!(left.as_secs() > 500 && left.as_secs() <= 600, "{left}");
        let found = send(client, &get, reqwest::Method::GET, get.headers()).await;
        assert_eq!(found, (200, "bundle".to_owned()), "{key}");
        assert_eq!(content(store, &uri).await.as_deref(), Some("bundle"));
        if checks == Checks::Nothing {
            continue;
        }
        let (status, _) = send(client, &get, reqwest::Method::PUT, put.headers()).await;
        assert_eq!(status, 403, "a URL for reading does not write");
        let other = get.secret().replacen("signed/", "other/", 1);
        let tampered = client.get(other).send().await.unwrap();
        assert_eq!(tampered.status(), 403, "another object");
    }
}

async fn send(
    client: &reqwest::Client,
    signed: &SignedUrl,
    method: reqwest::Method,
    headers: &[(&str, &str)],
) -> (u16, String) {
    let mut request = client.request(method.clone(), signed.secret());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if method == reqwest::Method::PUT {
        request = request.body("bundle");
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}
