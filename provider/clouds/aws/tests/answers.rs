//! Answers that were not known when this was built: what is found is read, whatever it is.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

use clouds::log_groups::Retention;
use server::Server;

const JSON: &str = "content-type: application/x-amz-json-1.1\r\n";

#[tokio::test]
async fn a_retention_that_came_later_is_read() {
    let server = Server::choosing(|request| {
        if request.contains("DescribeLogGroups") {
            let group = r#"{"logGroups":[{"logGroupName":"/dataplane/acme","retentionInDays":4000,"logGroupArn":"arn:aws:logs:eu-west-1:123456789012:log-group:/dataplane/acme"}]}"#;
            ("200 OK", JSON, group)
        } else {
            ("200 OK", JSON, r#"{"tags":{"dataplane:owner":"acme-prod"}}"#)
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
