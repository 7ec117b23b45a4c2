//! What errors mean, from the bytes of an answer to the sentence that a person reads: a server on this machine answers
//! as AWS does, the SDK and all its layers are real.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

use std::collections::BTreeSet;

use clouds::buckets::NewBucket;
use clouds::log_groups::Retention;
use clouds::roles::{RoleSpec, Subject, Trust};
use clouds::{Clouds, Error, Tags};
use server::{Answer, Server, connect};
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
    let error = role_error(&connect("eu-west-1", &endpoint, 1)).await;
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

/// A role that pods take on by Pod Identity, in an account whose cluster was deleted.
fn role_without_its_cluster(request: &str) -> Answer {
    let xml = "content-type: text/xml\r\n";
    let asks = |what: &str| request.contains(&format!("Action={what}&"));
    if asks("GetRole") {
        let body = "<GetRoleResponse><GetRoleResult><Role><Path>/</Path><RoleName>userflyterole</RoleName><RoleId>AROAEXAMPLE</RoleId><Arn>arn:aws:iam::123456789012:role/userflyterole</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22pods.eks.amazonaws.com%22%7D%2C%22Action%22%3A%5B%22sts%3AAssumeRole%22%2C%22sts%3ATagSession%22%5D%2C%22Condition%22%3A%7B%22StringEquals%22%3A%7B%22aws%3ARequestTag%2Feks-cluster-arn%22%3A%22arn%3Aaws%3Aeks%3Aeu-west-1%3A123456789012%3Acluster%2Fprod%22%7D%7D%7D%5D%7D</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>";
        return ("200 OK", xml, body);
    }
    if asks("GetRolePolicy") {
        let body = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>none</Message></Error></ErrorResponse>";
        return ("404 Not Found", xml, body);
    }
    if asks("ListRolePolicies") {
        let body = "<ListRolePoliciesResponse><ListRolePoliciesResult><PolicyNames/></ListRolePoliciesResult></ListRolePoliciesResponse>";
        return ("200 OK", xml, body);
    }
    if asks("ListAttachedRolePolicies") {
        let body = "<ListAttachedRolePoliciesResponse><ListAttachedRolePoliciesResult><AttachedPolicies/></ListAttachedRolePoliciesResult></ListAttachedRolePoliciesResponse>";
        return ("200 OK", xml, body);
    }
    if asks("PutRolePolicy") {
        return ("200 OK", xml, "<PutRolePolicyResponse/>");
    }
    if asks("GetCallerIdentity") {
        let body = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ci</Arn><UserId>u</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
        return ("200 OK", xml, body);
    }
    (
        "404 Not Found",
        "content-type: application/json\r\nx-amzn-errortype: ResourceNotFoundException\r\n",
        r#"{"message":"No cluster found for name: prod."}"#,
    )
}

#[tokio::test]
async fn a_role_outlives_its_cluster() {
    let server = Server::choosing(role_without_its_cluster).await;
    let trust = Trust::PodIdentity {
        cluster: "prod".parse().unwrap(),
    };
    let wanted = RoleSpec {
        name: "userflyterole".parse().unwrap(),
        path: None,
        permissions_boundary: None,
        max_session: None,
        trust,
        subjects: [Subject::new("fraud-production", "default").unwrap()].into(),
        capabilities: BTreeSet::new(),
    };
    let roles = server.clouds(1).roles;
    let found = roles.get(&wanted.name, Some(&wanted)).await.unwrap();
    assert_eq!(
        (found.trust.as_ref(), &found.subjects),
        (Some(&wanted.trust), &BTreeSet::new())
    );
    // Not found would be waited for.
    let error = roles.update(&found, &wanted).await.unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("No cluster found for name: prod"), "{said}");
}

#[tokio::test]
async fn in_us_east_1_a_bucket_that_cannot_be_seen_exists() {
    let new = NewBucket {
        id: "acme-metadata".parse().unwrap(),
        hierarchical: false,
        kms_key: None,
        tags: Tags::new(),
    };
    for (status, headers) in [
        ("200 OK", ""),
        ("403 Forbidden", ""),
        (
            "301 Moved Permanently",
            "x-amz-bucket-region: eu-west-1\r\n",
        ),
    ] {
        let server = Server::answering(status, headers, "").await;
        let buckets = server.clouds_in("us-east-1", 1).buckets;
        let error = buckets.create(&new).await.unwrap_err();
        assert!(
            matches!(error, Error::AlreadyExists(_)),
            "{status}: {error:?}"
        );
        assert_eq!(server.requests().len(), 1, "{status}");
    }
}

/// The same role in the account of a cluster that is there, after somebody changed who may take it on.
fn role_whose_trust_was_changed(request: &str) -> Answer {
    let xml = "content-type: text/xml\r\n";
    let json = "content-type: application/json\r\n";
    let asks = |what: &str| request.contains(&format!("Action={what}&"));
    if asks("GetRole") {
        let body = "<GetRoleResponse><GetRoleResult><Role><Path>/</Path><RoleName>userflyterole</RoleName><RoleId>AROAEXAMPLE</RoleId><Arn>arn:aws:iam::123456789012:role/userflyterole</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>";
        return ("200 OK", xml, body);
    }
    if asks("UpdateAssumeRolePolicy") || asks("DeleteRole") {
        return ("200 OK", xml, "<Response/>");
    }
    if request.contains("/pod-identity-associations/a-1") {
        let body = r#"{"association":{"associationId":"a-1","clusterName":"prod","namespace":"fraud-production","serviceAccount":"default","roleArn":"arn:aws:iam::123456789012:role/userflyterole"}}"#;
        return ("200 OK", json, body);
    }
    if request.starts_with("GET /clusters/prod/pod-identity-associations") {
        let body = r#"{"associations":[{"associationId":"a-1","clusterName":"prod","namespace":"fraud-production","serviceAccount":"default"}]}"#;
        return ("200 OK", json, body);
    }
    role_without_its_cluster(request)
}

#[tokio::test]
async fn associations_outlive_a_changed_trust_policy() {
    let server = Server::choosing(role_whose_trust_was_changed).await;
    let trust = Trust::PodIdentity {
        cluster: "prod".parse().unwrap(),
    };
    let wanted = RoleSpec {
        name: "userflyterole".parse().unwrap(),
        path: None,
        permissions_boundary: None,
        max_session: None,
        trust,
        subjects: [Subject::new("fraud-production", "default").unwrap()].into(),
        capabilities: BTreeSet::new(),
    };
    let roles = server.clouds(1).roles;
    let mut found = roles.get(&wanted.name, Some(&wanted)).await.unwrap();
    assert_eq!((&found.trust, &found.subjects), (&None, &wanted.subjects));
    roles.update(&found, &wanted).await.unwrap();
    let made = "POST /clusters/prod/pod-identity-associations";
    let sent = server.requests();
    assert!(!sent.iter().any(|request| request.starts_with(made)));
    found.trust = Some(wanted.trust);
    roles.delete(&found).await.unwrap();
    let removed = "DELETE /clusters/prod/pod-identity-associations/a-1";
    let sent = server.requests();
    assert!(sent.iter().any(|request| request.starts_with(removed)));
}

#[tokio::test]
async fn a_retention_that_came_later_is_read() {
    let server = Server::choosing(|request| {
        if request.contains("DescribeLogGroups") {
            let group = r#"{"logGroups":[{"logGroupName":"/dataplane/acme","retentionInDays":4000,"logGroupArn":"arn:aws:logs:eu-west-1:123456789012:log-group:/dataplane/acme"}]}"#;
            ("200 OK", "content-type: application/x-amz-json-1.1\r\n", group)
        } else {
            ("200 OK", "content-type: application/x-amz-json-1.1\r\n", r#"{"tags":{"dataplane:owner":"acme-prod"}}"#)
        }
    })
    .await;
    let groups = server.clouds(1).log_groups;
    let found = groups
        .get(&"/dataplane/acme".parse().unwrap())
        .await
        .unwrap();
    assert!(Retention::try_from(4000).is_err());
    assert_eq!(found.settings.retention, Some(Retention::found(4000)));
    assert_eq!(found.tags["dataplane:owner"], "acme-prod");
}
