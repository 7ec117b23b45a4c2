//! Policies as a server on this machine answers them: written by others at the same time, without an etag, full.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod server;

use std::collections::BTreeSet;

use clouds::roles::{Capability, RoleSpec, Subject, Trust};
use clouds::{Error, Result, Tags};
use server::{Answer, Server, ok, spec};

/// It has one binding, in the project's policy.
fn log_writer() -> RoleSpec {
    let group = "tasks".parse().unwrap();
    spec([Capability::WriteLogs { group }])
}

/// What becomes of a role that was made and never given its rights.
async fn given(server: &Server, wanted: &RoleSpec) -> Result<()> {
    let roles = server.clouds(1).roles;
    let made = roles.create(wanted, &Tags::new()).await.unwrap();
    roles.update(&made, wanted).await
}

/// A project whose policy somebody else writes between our read and our write.
fn contested(_: usize, request: &str) -> Answer {
    let line = request.lines().next().unwrap_or_default();
    if line.contains("/v3/projects/acme-prod:getIamPolicy") {
        return ok(
            r#"{"version":1,"etag":"first","bindings":[{"role":"roles/viewer","members":["user:a@acme.com"]}]}"#,
        );
    }
    if line.contains("/v3/projects/acme-prod:setIamPolicy") {
        let aborted = r#"{"error":{"code":409,"status":"ABORTED","message":"There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff."}}"#;
        return ("409 Conflict", "", aborted.to_owned());
    }
    if line.contains("/v3/projects/") {
        return ok(r#"{"name":"projects/123","projectId":"acme-prod"}"#);
    }
    if line.contains("IamPolicy") || line.contains("/iam?") {
        return ok(r#"{"etag":"ACAB"}"#);
    }
    ok(r#"{"name":"x","email":"adminflyterole@acme-prod.iam.gserviceaccount.com"}"#)
}

#[tokio::test]
async fn nothing_is_lost_when_two_write_a_policy_at_once() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let writes = AtomicUsize::new(0);
    let server = Server::choosing(move |number, request| {
        let line = request.lines().next().unwrap_or_default();
        let project = line.contains("/v3/projects/acme-prod:");
        if project && line.contains("setIamPolicy") && writes.fetch_add(1, Ordering::Relaxed) > 0 {
            return ok(r#"{"etag":"third"}"#);
        }
        if project && line.contains("getIamPolicy") && writes.load(Ordering::Relaxed) > 0 {
            return ok(r#"{"version":1,"etag":"second","bindings":[{"role":"roles/viewer","members":["user:a@acme.com"]},{"role":"roles/logging.logWriter","members":["user:b@acme.com"]}]}"#);
        }
        contested(number, request)
    })
    .await;
    given(&server, &log_writer()).await.unwrap();
    let sent: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|request| request.starts_with("POST /v3/projects/acme-prod:setIamPolicy"))
        .collect();
    let [first, second] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert!(first.contains(r#""etag":"first""#));
    assert!(second.contains(r#""etag":"second""#));
    assert!(second.contains(r#"{"role":"roles/logging.logWriter","members":["user:b@acme.com","serviceAccount:adminflyterole@acme-prod.iam.gserviceaccount.com"]}"#), "{second}");
    assert!(
        second.contains(r#"{"role":"roles/viewer","members":["user:a@acme.com"]}"#),
        "{second}"
    );
}

#[tokio::test]
async fn a_service_account_that_was_switched_off_is_enabled() {
    let server = Server::choosing(|number, request| {
        if request.starts_with("GET /v1/projects/acme-prod/serviceAccounts/") {
            return ok(
                r#"{"name":"x","email":"adminflyterole@acme-prod.iam.gserviceaccount.com","disabled":true}"#,
            );
        }
        contested(number, request)
    })
    .await;
    let roles = server.clouds(1).roles;
    let wanted = spec([]);
    let found = roles.get(&wanted.name, Some(&wanted)).await.unwrap();
    let documents = roles.documents(&wanted).await.unwrap();
    assert_ne!(found.trust_policy, documents.trust_policy);
    roles.update(&found, &wanted).await.unwrap();
    let lines = server.first_lines();
    assert!(
        lines.last().is_some_and(|line| line.ends_with(":enable")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_policy_without_an_etag_is_not_written() {
    let server = Server::choosing(|number, request| {
        if request.contains("/v3/projects/acme-prod:getIamPolicy") {
            return ok(r#"{"bindings":[{"role":"roles/viewer","members":["user:a@acme.com"]}]}"#);
        }
        contested(number, request)
    })
    .await;
    let error = given(&server, &log_writer()).await.unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    assert!(error.to_string().contains("without an etag"), "{error}");
    let lines = server.first_lines();
    assert!(
        !lines
            .iter()
            .any(|line| line.contains("acme-prod:setIamPolicy")),
        "{lines:?}"
    );
}

/// A project's policy with as many members as it takes.
fn crowded(_: usize, request: &str) -> Answer {
    if request.contains("/v3/projects/acme-prod:getIamPolicy") {
        let members: Vec<_> = (0..1500)
            .map(|number| format!(r#""user:{number}@acme.com""#))
            .collect();
        let groups = r#"{"role":"roles/a","members":["group:g@acme.com"]},{"role":"roles/b","members":["group:g@acme.com"]}"#;
        let [viewers, editors] = [&members[..700], &members[700..1499]].map(|part| part.join(","));
        let bindings = format!(
            r#"{{"role":"roles/viewer","members":[{viewers}]}},{{"role":"roles/editor","members":[{editors}]}},{groups}"#
        );
        return ok(&format!(r#"{{"etag":"e","bindings":[{bindings}]}}"#));
    }
    contested(0, request)
}

#[tokio::test]
async fn a_policy_that_is_full_is_explained_before_the_call() {
    let server = Server::choosing(crowded).await;
    let error = given(&server, &log_writer()).await.unwrap_err();
    assert!(matches!(error, Error::LimitExceeded(_)), "{error:?}");
    let parts = [
        "projects/acme-prod",
        "has 1500 members, and would have 1501",
        "takes 1500",
    ];
    assert!(
        parts.iter().all(|part| error.to_string().contains(part)),
        "{error}"
    );
    let lines = server.first_lines();
    assert!(
        !lines
            .iter()
            .any(|line| line.contains("acme-prod:setIamPolicy")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_role_of_too_many_is_refused_without_a_call() {
    let server = Server::answering("500 Internal Server Error", "", "").await;
    let roles = server.clouds(1).roles;
    let bucket: clouds::buckets::BucketId = "acme".parse().unwrap();
    let prefixes = BTreeSet::new();
    let of = |subjects: usize, direct: bool| {
        let read = Capability::ReadObjects {
            bucket: bucket.clone(),
            prefixes: prefixes.clone(),
        };
        let list = Capability::ListObjects {
            bucket: bucket.clone(),
            prefixes: prefixes.clone(),
        };
        let mut wanted = spec([read, list]);
        wanted.subjects = (0..subjects)
            .map(|number| Subject::new("union", &format!("s{number}")).unwrap())
            .collect();
        wanted.trust = Trust::Gke {
            pool: "acme-prod.svc.id.goog".parse().unwrap(),
            direct,
        };
        wanted
    };
    for (subjects, direct, takes) in [
        (1500, false, true),
        (1501, false, false),
        (750, true, true),
        (751, true, false),
    ] {
        let refused = roles.check(&of(subjects, direct));
        assert_eq!(refused.is_empty(), takes, "{subjects} {direct} {refused:?}");
        assert!(refused.iter().all(|refusal| refusal.field == "subjects"));
    }
    assert!(
        roles.check(&of(751, true))[0]
            .reason
            .contains("1502 members of the policy of projects/_/buckets/acme")
    );
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_service_account_that_is_not_seen_everywhere_can_be_waited_for() {
    let denied = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Permission 'iam.serviceAccounts.getIamPolicy' denied on resource (or it may not exist)."}}"#;
    let server = Server::choosing(move |number, request| {
        if request.contains("serviceAccounts/adminflyterole@") {
            return ("403 Forbidden", "", denied.to_owned());
        }
        contested(number, request)
    })
    .await;
    let roles = server.clouds(1).roles;
    let wanted = spec([]);
    let error = roles.get(&wanted.name, None).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");
    let made = roles.create(&wanted, &Tags::new()).await.unwrap();
    for error in [
        roles.get(&wanted.name, None).await.unwrap_err(),
        roles.update(&made, &wanted).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::NotReady(_)), "{error:?}");
    }
    let unknown = r#"{"error":{"code":400,"errors":[{"reason":"invalid"}],"message":"Service account adminflyterole@acme-prod.iam.gserviceaccount.com does not exist."}}"#;
    let server = Server::choosing(move |number, request| {
        if request.starts_with("PUT /storage/v1/b/acme/iam") {
            return ("400 Bad Request", "", unknown.to_owned());
        }
        contested(number, request)
    })
    .await;
    let wanted = spec([Capability::ReadObjects {
        bucket: "acme".parse().unwrap(),
        prefixes: BTreeSet::new(),
    }]);
    let roles = server.clouds(1).roles;
    let made = roles.create(&wanted, &Tags::new()).await.unwrap();
    let error = roles.update(&made, &wanted).await.unwrap_err();
    assert!(matches!(error, Error::NotReady(_)), "{error:?}");
}

/// Of a service account that was deleted and made again, the old one's members are cleaned up where we write.
#[tokio::test]
async fn what_is_left_of_a_deleted_service_account_goes() {
    let server = Server::choosing(|number, request| {
        let line = request.lines().next().unwrap_or_default();
        if line.contains("/v3/projects/acme-prod:getIamPolicy") {
            return ok(r#"{"etag":"e","bindings":[{"role":"roles/logging.logWriter","members":["deleted:serviceAccount:adminflyterole@acme-prod.iam.gserviceaccount.com?uid=1","deleted:user:b@acme.com?uid=2"]}]}"#);
        }
        if line.contains("/v3/projects/acme-prod:setIamPolicy") {
            return ok(r#"{"etag":"f"}"#);
        }
        contested(number, request)
    })
    .await;
    given(&server, &log_writer()).await.unwrap();
    let sent = server
        .requests()
        .into_iter()
        .find(|request| request.starts_with("POST /v3/projects/acme-prod:setIamPolicy"))
        .unwrap();
    assert!(sent.contains(r#""members":["deleted:user:b@acme.com?uid=2","serviceAccount:adminflyterole@acme-prod.iam.gserviceaccount.com"]"#), "{sent}");
}
