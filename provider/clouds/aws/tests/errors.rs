//! What errors mean, from the bytes of an answer to the sentence that a person reads: a server on this machine answers
//! as AWS does, the SDK and all its layers are real.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

use clouds::{Clouds, Error};
use server::{Server, connect};
use tokio::net::TcpListener;

async fn role_error(clouds: &Clouds) -> Error {
    clouds
        .roles
        .get(&"adminflyterole".parse().unwrap(), None)
        .await
        .unwrap_err()
}

#[tokio::test]
async fn connecting_calls_nothing() {
    let server = Server::answering("500 Internal Server Error", "", "").await;
    drop(server.clouds(1));
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_denial_names_what_to_grant() {
    let server = Server::answering("403 Forbidden", "content-type: text/xml\r\nx-amzn-requestid: f3bd2a9c-0001\r\n", r#"<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::123456789012:user/ci is not authorized to perform: iam:GetRole on resource: role adminflyterole because no identity-based policy allows the iam:GetRole action</Message></Error><RequestId>f3bd2a9c-0001</RequestId></ErrorResponse>"#).await;
    let error = role_error(&server.clouds(1)).await;
    let Error::Denied { action, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(action, "iam:GetRole");
    let said = error.to_string();
    assert!(
        said.contains("AccessDenied, request id f3bd2a9c-0001"),
        "{said}"
    );
    assert!(
        said.contains("grant iam:GetRole on role adminflyterole to"),
        "{said}"
    );
}

#[tokio::test]
async fn a_cloud_that_is_down_is_tried_again_and_then_unavailable() {
    let server = Server::answering("503 Service Unavailable", "x-amzn-requestid: r-503\r\n", "<ErrorResponse><Error><Code>ServiceUnavailable</Code><Message>try later</Message></Error><RequestId>r-503</RequestId></ErrorResponse>").await;
    let error = role_error(&server.clouds(2)).await;
    assert!(
        matches!(error, Error::Unavailable(_)) && error.is_transient(),
        "{error:?}"
    );
    assert_eq!(error.call().unwrap().request_id.as_deref(), Some("r-503"));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn throttling_is_transient() {
    let server = Server::answering("400 Bad Request", "", "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>r-1</RequestId></ErrorResponse>").await;
    let error = role_error(&server.clouds(1)).await;
    assert!(
        matches!(error, Error::Throttled(_)) && error.is_transient(),
        "{error:?}"
    );
}

#[tokio::test]
async fn json_services_are_understood_too() {
    let server = Server::answering("400 Bad Request", "content-type: application/x-amz-json-1.1\r\nx-amzn-requestid: r-json\r\n", r#"{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}"#).await;
    let error = server
        .clouds(1)
        .secrets
        .get(&"dataplane/token".parse().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Expired(_)), "{error:?}");
    assert_eq!(error.call().unwrap().request_id.as_deref(), Some("r-json"));
    assert!(error.to_string().contains("sign in again"), "{error}");
}

#[tokio::test]
async fn a_head_without_a_body_is_understood_by_its_status() {
    let server = Server::answering("403 Forbidden", "x-amz-request-id: r-head\r\n", "").await;
    let error = server
        .clouds(1)
        .buckets
        .get(&"acme-metadata".parse().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("s3:ListBucket on acme-metadata was refused (request id r-head)"),
        "{error}"
    );
}

#[tokio::test]
async fn a_cloud_that_cannot_be_reached_keeps_the_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = role_error(&connect(&endpoint, 1)).await;
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
async fn a_value_of_a_secret_is_in_no_error() {
    let server = Server::answering(
        "400 Bad Request",
        "content-type: application/x-amz-json-1.1\r\n",
        r#"{"__type":"InvalidParameterException","message":"no"}"#,
    )
    .await;
    let value = "hunter2".to_owned().into();
    let error = server
        .clouds(1)
        .secrets
        .put_value(&"dataplane/token".parse().unwrap(), &value)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("hunter2"));
}
