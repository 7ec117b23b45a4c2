//! What errors mean, from the bytes of an answer to the sentence that a person reads: a server on this machine answers as
//! Google does.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

use std::time::{Duration, Instant};

use clouds::buckets::NewBucket;
use clouds::{Clouds, Error, Tags};
use clouds_gcp::Config;
use server::{Server, config, ok, spec};
use tokio::net::TcpListener;

const PENDING: &str = r#"{"error":{"code":503,"status":"UNAVAILABLE","message":"try later"}}"#;
const BUCKET: &str = r#"{"name":"acme-metadata","location":"EUROPE-WEST4","metageneration":"3"}"#;

async fn bucket_error(clouds: &Clouds) -> Error {
    clouds
        .buckets
        .get(&"acme-metadata".parse().unwrap())
        .await
        .unwrap_err()
}

#[tokio::test]
async fn connecting_calls_nothing() {
    let server = Server::answering("500 Internal Server Error", "", "").await;
    let clouds = server.clouds(1);
    clouds.buckets.check(
        &NewBucket {
            id: "acme".parse().unwrap(),
            hierarchical: false,
            kms_key: None,
            tags: Tags::new(),
        },
        &clouds::buckets::BucketSettings::plain(),
    );
    drop(clouds);
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_denial_names_what_to_grant() {
    let body = r#"{"error":{"code":403,"errors":[{"domain":"global","reason":"forbidden"}],"message":"ci@acme.com does not have storage.buckets.get access to the Google Cloud Storage bucket. Permission 'storage.buckets.get' denied on resource (or it may not exist)."}}"#;
    let server = Server::answering("403 Forbidden", "x-guploader-uploadid: ABPtcP\r\n", body).await;
    let said = bucket_error(&server.clouds(3)).await.to_string();
    assert!(
        said.starts_with(
            "storage.buckets.get on acme-metadata was refused (forbidden, request id ABPtcP)"
        ),
        "{said}"
    );
    assert!(
        said.contains("grant storage.buckets.get on acme-metadata to"),
        "{said}"
    );
    assert_eq!(server.requests().len(), 1, "a denial is believed at once");
}

#[tokio::test]
async fn what_the_service_says_about_waiting_is_done() {
    let server = Server::choosing(|number, _| match number {
        0 => ("429 Too Many Requests", "retry-after: 1\r\n", r#"{"error":{"code":429,"errors":[{"reason":"rateLimitExceeded"}],"message":"slow down"}}"#.to_owned()),
        _ => ok(BUCKET),
    })
    .await;
    let began = Instant::now();
    server
        .clouds(3)
        .buckets
        .get(&"acme-metadata".parse().unwrap())
        .await
        .unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.requests().len(), 2);
}

/// Whoever gives the call up, at its deadline or since Terraform is stopped, does not wait it out.
#[tokio::test]
async fn a_long_wait_ends_with_the_call() {
    let slow = "retry-after: 90\r\n";
    let server = Server::answering("429 Too Many Requests", slow, "").await;
    let clouds = server.clouds(3);
    let id = "acme-metadata".parse().unwrap();
    // Longer than what it would pause by itself.
    let asked = tokio::time::timeout(Duration::from_secs(2), clouds.buckets.get(&id));
    assert!(asked.await.is_err(), "it waits");
    assert_eq!(server.requests().len(), 1, "it does not come back early");
}

#[tokio::test]
async fn nobody_waits_for_an_hour() {
    let slow = "retry-after: 3600\r\n";
    let busy =
        r#"{"error":{"code":429,"errors":[{"reason":"rateLimitExceeded"}],"message":"slow down"}}"#;
    let server = Server::answering("429 Too Many Requests", slow, busy).await;
    let error = bucket_error(&server.clouds(3)).await;
    assert!(matches!(error, Error::LimitExceeded(_)), "{error:?}");
    let words = "slow down; the service asks to come back in 3600 s";
    assert!(error.to_string().contains(words), "{error}");
    assert_eq!(server.requests().len(), 1);

    let server = Server::answering("503 Service Unavailable", slow, "").await;
    let error = bucket_error(&server.clouds(3)).await;
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert!(error.to_string().contains("come back in 3600 s"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn attempts_are_counted() {
    let server = Server::answering("429 Too Many Requests", "x-goog-request-id: r-1\r\n", "").await;
    let error = bucket_error(&server.clouds(2)).await;
    assert!(
        matches!(error, Error::Throttled(_)) && error.is_transient(),
        "{error:?}"
    );
    assert_eq!(error.call().unwrap().request_id.as_deref(), Some("r-1"));
    assert_eq!(server.requests().len(), 2);
}

/// What the service says went wrong may have been done already, and is not done again.
#[tokio::test]
async fn a_creating_call_is_repeated_only_when_it_was_not_carried_out() {
    let new = NewBucket {
        id: "acme-metadata".parse().unwrap(),
        hierarchical: false,
        kms_key: None,
        tags: Tags::new(),
    };
    for (status, tries) in [
        ("500 Internal Server Error", 1),
        ("502 Bad Gateway", 1),
        ("503 Service Unavailable", 2),
    ] {
        let server = Server::answering(status, "", PENDING).await;
        let error = server.clouds(2).buckets.create(&new).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
        assert_eq!(server.requests().len(), tries, "{status}");
    }
    let server = Server::answering("500 Internal Server Error", "", "").await;
    bucket_error(&server.clouds(2)).await;
    assert_eq!(server.requests().len(), 2, "reading is repeated");
}

#[tokio::test]
async fn an_api_that_is_not_enabled_names_the_command() {
    let body = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Secret Manager API has not been used in project 123 before or it is disabled.","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","domain":"googleapis.com","metadata":{"service":"secretmanager.googleapis.com","consumer":"projects/123"}}]}}"#;
    let server = Server::answering("403 Forbidden", "", body).await;
    let error = server
        .clouds(1)
        .secrets
        .get(&"acme-token".parse().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Disabled { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("`gcloud services enable secretmanager.googleapis.com --project acme-prod`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_quota_is_told_from_a_rate() {
    let body = r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Maximum number of service accounts on project reached."}}"#;
    let server = Server::answering("429 Too Many Requests", "", body).await;
    let error = server
        .clouds(3)
        .roles
        .create(&spec([]), &Tags::new())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::LimitExceeded(_)), "{error:?}");
    assert_eq!(server.requests().len(), 1, "it does not pass by waiting");
}

#[tokio::test]
async fn a_token_that_has_ended() {
    let body = r#"{"error":{"code":401,"status":"UNAUTHENTICATED","message":"Request had invalid authentication credentials.","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ACCESS_TOKEN_EXPIRED","domain":"googleapis.com"}]}}"#;
    let server = Server::answering("401 Unauthorized", "", body).await;
    assert!(matches!(
        bucket_error(&server.clouds(1)).await,
        Error::Expired(_)
    ));
}

#[tokio::test]
async fn a_cloud_that_cannot_be_reached_keeps_the_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = bucket_error(&clouds_gcp::connect(config(&endpoint, 1))).await;
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    let mut chain = error.to_string();
    let mut next = std::error::Error::source(&error);
    while let Some(cause) = next {
        chain = format!("{chain}: {cause}");
        next = cause.source();
    }
    assert!(chain.contains("Connection refused"), "{chain}");
}

#[tokio::test]
async fn nobody_is_followed_to_another_host() {
    let server = Server::answering("302 Found", "location: http://127.0.0.1:1/\r\n", "").await;
    let error = bucket_error(&server.clouds(1)).await;
    assert!(
        matches!(error, Error::Invalid(_)) && error.to_string().contains("302"),
        "{error:?}"
    );
}

#[tokio::test]
async fn neither_a_value_nor_a_token_is_in_an_error() {
    let body =
        r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"The payload is wrong."}}"#;
    let server = Server::answering("400 Bad Request", "", body).await;
    let value = "hunter2".to_owned().into();
    let error = server
        .clouds(1)
        .secrets
        .put_value(&"acme-token".parse().unwrap(), &value)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    let sent = &server.requests()[0];
    assert!(
        sent.contains("aHVudGVyMg==") && sent.contains("Bearer ya29.test"),
        "it was sent: {sent}"
    );
    let said = format!("{error:?} {error}");
    assert!(
        !said.contains("hunter2") && !said.contains("aHVudGVyMg") && !said.contains("ya29"),
        "{said}"
    );
}

#[tokio::test]
async fn a_changed_bucket_is_not_overwritten() {
    let server = Server::choosing(|_, request| {
        if request.starts_with("PATCH") {
            return ("412 Precondition Failed", "", r#"{"error":{"code":412,"errors":[{"reason":"conditionNotMet"}],"message":"Precondition Failed"}}"#.to_owned());
        }
        ok(BUCKET)
    })
    .await;
    let buckets = server.clouds(1).buckets;
    let found = buckets
        .get(&"acme-metadata".parse().unwrap())
        .await
        .unwrap();
    let error = buckets
        .configure(&found, &clouds::buckets::BucketSettings::plain())
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Conflict(_)) && error.is_transient(),
        "{error:?}"
    );
    assert_eq!(
        server.first_lines()[1],
        "PATCH /storage/v1/b/acme-metadata?ifMetagenerationMatch=3"
    );
}

#[tokio::test]
async fn impersonation_is_one_call_and_its_refusal_names_the_permission() {
    let minted = |_: usize, request: &str| {
        if request.contains(":generateAccessToken") {
            assert!(request.contains("Bearer ya29.test"));
            return ok(r#"{"accessToken":"ya29.minted","expireTime":"2999-01-01T00:00:00Z"}"#);
        }
        assert!(request.contains("Bearer ya29.minted"), "{request}");
        ok(BUCKET)
    };
    let server = Server::choosing(minted).await;
    let email = "ci@acme-prod.iam.gserviceaccount.com";
    let as_ci = |server: &Server| Config {
        impersonate_service_account: Some(email.to_owned()),
        ..config(&server.endpoint, 1)
    };
    let clouds = clouds_gcp::connect(as_ci(&server));
    for _ in 0..2 {
        clouds
            .buckets
            .get(&"acme-metadata".parse().unwrap())
            .await
            .unwrap();
    }
    assert_eq!(clouds.account.caller().await.unwrap().principal, email);
    let lines = server.first_lines();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(
        lines[0],
        format!("POST /v1/projects/-/serviceAccounts/{email}:generateAccessToken")
    );
    let body = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM_PERMISSION_DENIED","metadata":{"permission":"iam.serviceAccounts.getAccessToken"}}]}}"#;
    let server = Server::answering("403 Forbidden", "", body).await;
    let said = bucket_error(&clouds_gcp::connect(as_ci(&server)))
        .await
        .to_string();
    assert!(
        said.contains(&format!(
            "grant iam.serviceAccounts.getAccessToken on {email} to"
        )),
        "{said}"
    );
}

/// The operation's own error, which came after the call was a success.
#[tokio::test]
async fn an_operation_that_fails_says_why() {
    let server = Server::choosing(|number, _| match number {
        0 | 1 => ok(r#"{"name":"projects/acme-prod/locations/europe-west4/operations/o1"}"#),
        _ => ok(r#"{"name":"o1","done":true,"error":{"code":7,"message":"The service agent may not use the key."}}"#),
    })
    .await;
    let clouds = server.clouds(1);
    let new = clouds::registries::NewRegistry {
        name: "tasks".parse().unwrap(),
        kms_key: None,
        settings: clouds.registries.defaults(),
        tags: Tags::new(),
    };
    let error = clouds.registries.create(&new).await.unwrap_err();
    assert!(
        matches!(error, Error::Denied { .. }) && error.to_string().contains("service agent"),
        "{error:?}"
    );
    assert_eq!(
        server.first_lines()[2],
        "GET /v1/projects/acme-prod/locations/europe-west4/operations/o1"
    );
}

/// An operation ends with an error long after its request was answered: by its name support finds it.
#[tokio::test]
async fn the_error_of_an_operation_has_its_name() {
    let server = Server::choosing(|number, _| match number {
        0 => ok(r#"{"name":"acme"}"#),
        1 => ok(r#"{"name":"operation-1763-abc","status":"RUNNING"}"#),
        _ => ok(r#"{"name":"operation-1763-abc","status":"DONE","httpErrorStatusCode":400,"error":{"errors":[{"code":"INVALID_USAGE","message":"why"}]}}"#),
    })
    .await;
    let clouds = server.clouds(1);
    let id = "acme".parse().unwrap();
    let failed = clouds.private_services.delete(&id).await;
    let said = failed.unwrap_err().to_string();
    assert!(said.contains("request id operation-1763-abc"), "{said}");
    assert!(said.contains("why"), "{said}");
}
