//! Stores that do not do their part, and pods that lack something: every call ends, with a sentence.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use bytes::Bytes;
use dataplane_api::{config::Storage, object_uri::ObjectUri};
use dataplane_store::{
    Environment, Failed, Method, OpenError, Precondition, Store, StoreError, Why,
};

use crate::{
    environment,
    server::{Answer, Request, Server},
    storage,
};

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIA"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
];

async fn store(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> (Store, Server) {
    let server = Server::with(answer).await;
    let storage = storage("s3://acme-metadata", "s3://acme-code", Some(&server.url()));
    (Store::open(&storage, &environment(&KEYS)).unwrap(), server)
}

fn uri() -> ObjectUri {
    "s3://acme-metadata/run/error.pb".parse().unwrap()
}

fn failed(error: StoreError) -> Failed {
    match error {
        StoreError::Failed(failed) => *failed,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_object_that_ends_before_its_end_is_no_object() {
    let (store, _server) = store(|_| {
        let mut answer = Answer::object("half");
        answer.claims = Some(8);
        answer
    })
    .await;
    let error = store.read(&uri(), 100).await.unwrap_err();
    assert!(error.is_passing(), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("reading s3://acme-metadata/run/error.pb: "),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_too_large_is_not_fetched() {
    let (store, server) = store(|_| {
        let mut answer = Answer::object("x");
        answer.claims = Some(50 << 20);
        answer
    })
    .await;
    let error = store.read(&uri(), 1 << 20).await.unwrap_err();
    assert!(
        matches!(error, StoreError::TooLarge { size, .. } if size == 50 << 20),
        "{error}"
    );
    assert_eq!(server.requests().await.len(), 1);
}

#[tokio::test]
async fn a_busy_store_is_asked_again_and_not_for_ever() {
    let busy = "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message><RequestId>4442587FB7D0A2F9</RequestId></Error>";
    let (store, server) = store(move |_| Answer::new(503, busy)).await;
    let error = store.read(&uri(), 100).await.unwrap_err();
    assert!(error.is_passing());
    assert_eq!(
        error.to_string(),
        "reading s3://acme-metadata/run/error.pb: AWS could not do it now (SlowDown, status 503, request 4442587FB7D0A2F9: Reduce your request rate.)"
    );
    assert_eq!(server.requests().await.len(), 4);
}

#[tokio::test]
async fn a_store_that_comes_back_is_not_missed() {
    let calls = AtomicU32::new(0);
    let (store, _server) = store(move |_| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => Answer::new(500, ""),
        1 => Answer::new(429, ""),
        _ => Answer::object("here"),
    })
    .await;
    assert_eq!(store.read(&uri(), 100).await.unwrap().unwrap(), "here");
}

#[tokio::test]
async fn a_refusal_is_said_at_once_with_the_clouds_words() {
    let refusal = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    let (store, server) =
        store(move |_| Answer::new(403, refusal).with("x-amz-request-id", "TX0001")).await;
    let (uri, none) = (uri(), Precondition::None);
    let error = failed(store.write(&uri, Bytes::new(), none).await.unwrap_err());
    assert_eq!(
        error.to_string(),
        "writing s3://acme-metadata/run/error.pb: access denied (AccessDenied, status 403, request TX0001: Access Denied); grant its role s3:PutObject"
    );
    assert_eq!(error.refusal.unwrap().code.as_deref(), Some("AccessDenied"));
    assert_eq!(server.requests().await.len(), 1);
}

/// What S3 answers to a role that may list under its prefix only: it forbids what is not there, and lists.
async fn prefixed(listed: &'static str) -> (Store, Server) {
    store(move |request| {
        if !request.target.contains("list-type=2") {
            return Answer::new(403, "<Error><Code>AccessDenied</Code></Error>");
        }
        assert!(
            request.target.contains("prefix=run%2F"),
            "{}",
            request.target
        );
        assert!(
            request.target.ends_with("&start-after=run%2Ferror.p"),
            "{}",
            request.target
        );
        Answer::new(
            200,
            format!(
                "<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>"
            ),
        )
    })
    .await
}

#[tokio::test]
async fn what_is_forbidden_and_not_listed_is_not_there() {
    let other = "<Contents><Key>run/outputs.pb</Key><LastModified>2026-11-21T17:00:00.000Z</LastModified><ETag>&quot;1&quot;</ETag><Size>1</Size></Contents>";
    for listed in ["", other] {
        let (store, server) = prefixed(listed).await;
        assert!(store.read(&uri(), 100).await.unwrap().is_none());
        assert!(!store.exists(&uri()).await.unwrap());
        assert_eq!(server.requests().await.len(), 4);
    }
    let own = "<Contents><Key>run/error.pa</Key><LastModified>2026-11-21T17:00:00.000Z</LastModified><ETag>&quot;1&quot;</ETag><Size>1</Size></Contents><Contents><Key>run/error.pb</Key><LastModified>2026-11-21T17:00:00.000Z</LastModified><ETag>&quot;1&quot;</ETag><Size>1</Size></Contents>";
    let (store, _server) = prefixed(own).await;
    assert_eq!(
        failed(store.read(&uri(), 100).await.unwrap_err()).why,
        Why::Denied
    );
}

#[tokio::test]
async fn a_store_that_says_nothing_is_waited_for_only_so_long() {
    let server = Server::start(|_| Box::pin(std::future::pending())).await;
    let storage = storage("s3://acme-metadata", "s3://acme-code", Some(&server.url()));
    let store = Store::open(&storage, &environment(&KEYS)).unwrap();
    let store = store.with_longest(Duration::from_millis(300));
    let error = failed(store.exists(&uri()).await.unwrap_err());
    assert_eq!(error.why, Why::TimedOut);
    assert!(
        error.to_string().ends_with("error.pb: time is up"),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_at_the_endpoint_is_said_with_where_to_look() {
    // Bound and closed again: nobody listens there.
    let gone = Server::with(|_| Answer::new(200, "")).await.url();
    let storage = storage("s3://acme-metadata", "s3://acme-code", Some(&gone));
    let store = Store::open(&storage, &environment(&KEYS)).unwrap();
    let error = failed(store.exists(&uri()).await.unwrap_err());
    assert_eq!(error.why, Why::Unreachable);
    assert!(
        error.to_string().contains("check the network policies"),
        "{error}"
    );
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn the_agent_of_a_node_lends_credentials_for_the_pods_token() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "the pod's token\n").unwrap();
    let agent = Server::with(|request| match request.header("authorization") {
        Some("the pod's token") => Answer::new(200, format!(
            r#"{{"AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"session","AccountId":"1","Expiration":"{}"}}"#,
            jiff::Timestamp::now() + Duration::from_mins(30)
        )),
        _ => Answer::new(401, ""),
    })
    .await;
    let server = Server::with(|request| {
        let authorization = request.header("authorization").unwrap();
        assert!(
            authorization.starts_with("AWS4-HMAC-SHA256 Credential=ASIA/"),
            "{authorization}"
        );
        assert_eq!(request.header("x-amz-security-token"), Some("session"));
        Answer::object("here")
    })
    .await;
    let pod = environment(&[
        (
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            &format!("{}/v1/credentials", agent.url()),
        ),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            token.to_str().unwrap(),
        ),
    ]);
    let storage = storage("s3://acme-metadata", "s3://acme-code", Some(&server.url()));
    let store = Store::open(&storage, &pod).unwrap();
    for _ in 0..3 {
        assert!(store.read(&uri(), 100).await.unwrap().is_some());
    }
    let signed = store
        .sign(Method::Get, &uri(), Duration::from_hours(1))
        .await
        .unwrap();
    let left = signed.valid_until().duration_since(jiff::Timestamp::now());
    assert!(left.as_mins() < 30, "the session ends: {left}");
    assert_eq!(agent.requests().await.len(), 1);
}

#[test]
fn a_pod_without_an_identity_has_no_store() {
    let open = |storage: &Storage, pod: &Environment| Store::open(storage, pod).unwrap_err();
    let s3 = storage("s3://acme-metadata", "s3://acme-code", None);
    // Keys are no identity where there is one.
    let error = open(&s3, &environment(&KEYS));
    assert_eq!(
        error.to_string(),
        "the pod has no identity of AWS: its environment lacks AWS_ROLE_ARN (or AWS_CONTAINER_CREDENTIALS_FULL_URI); annotate its service account and start it anew"
    );
    let azure = "abfs://metadata@acmeprod.dfs.core.windows.net";
    let error = open(&storage(azure, azure, None), &environment(&[]));
    assert!(
        matches!(
            error,
            OpenError::NoIdentity {
                missing: "AZURE_TENANT_ID",
                ..
            }
        ),
        "{error}"
    );
    let elsewhere = [
        (
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "http://169.254.169.254/",
        ),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token"),
    ];
    let error = open(&s3, &environment(&elsewhere));
    assert!(matches!(error, OpenError::ForeignAgent { .. }), "{error}");
    let nowhere = Storage { region: None, ..s3 };
    let pod = environment(&[
        ("AWS_ROLE_ARN", "arn"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
    ]);
    assert!(matches!(open(&nowhere, &pod), OpenError::NoRegion));
}
