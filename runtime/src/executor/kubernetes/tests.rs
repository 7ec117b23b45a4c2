//! What is asked for, and what answers mean.

use std::sync::{Arc, Mutex};

use http::{Request, Response};
use kube::client::Body;
use prometheus::Opts;

use super::*;

/// What was asked of an API server that answers pods like this, and what it made of a Secret.
async fn made(pod_status: u16, pod_message: &str) -> (Vec<String>, Option<Refused>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    let message = pod_message.to_owned();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (noted, message) = (Arc::clone(&noted), message.clone());
        async move {
            let (parts, body) = request.into_parts();
            let target = parts.uri.to_string();
            let (status, answer) = if target.contains("/pods") && pod_status >= 400 {
                let status = json!({ "kind": "Status", "code": pod_status, "reason": if pod_status == 409 { "AlreadyExists" } else { "Forbidden" }, "message": message, "status": "Failure" });
                (pod_status, status.to_string().into_bytes())
            } else {
                (201, body.collect_bytes().await?.to_vec())
            };
            noted
                .lock()
                .unwrap()
                .push(format!("{} {target}", parts.method));
            let response = Response::builder()
                .status(status)
                .body(Body::from(answer))?;
            Ok::<_, tower::BoxError>(response)
        }
    });
    let calls = IntCounterVec::new(Opts::new("calls", "calls"), &["call", "outcome"]).unwrap();
    let kubernetes = Kubernetes::new(Client::new(service, "default"), calls);
    let key = Key {
        namespace: "fraud-staging".into(),
        name: "r7-a0-0".into(),
    };
    let secret = Secret::default();
    let refused = kubernetes
        .create_secret(&key, &Pod::default(), &secret)
        .await;
    let asked = asked.lock().unwrap().clone();
    (asked, refused.unwrap())
}

#[tokio::test]
async fn a_secret_is_made_only_for_a_pod_that_can_be() {
    let pods =
        "POST /api/v1/namespaces/fraud-staging/pods?&dryRun=All&fieldManager=dataplane-executor";
    let secrets = "POST /api/v1/namespaces/fraud-staging/secrets?&fieldManager=dataplane-executor";
    let (asked, refused) = made(201, "").await;
    assert_eq!(
        (asked, refused),
        (vec![pods.to_owned(), secrets.to_owned()], None)
    );
    let (asked, refused) = made(409, "already exists").await;
    assert_eq!((asked, refused), (vec![pods.to_owned()], None));
    let (asked, refused) = made(
        403,
        "exceeded quota: q, requested: pods=1, used: pods=4, limited: pods=4",
    )
    .await;
    assert_eq!(asked, [pods]);
    assert!(
        matches!(refused, Some(Refused::QuotaExceeded(_))),
        "{refused:?}"
    );
}

fn status(code: u16, reason: &str, message: &str, cause: Option<&str>) -> Status {
    let causes: Vec<Value> = cause
        .iter()
        .map(|cause| json!({ "reason": cause }))
        .collect();
    serde_json::from_value(json!({ "status": "Failure", "code": code, "reason": reason, "message": message, "details": { "causes": causes } })).unwrap()
}

#[track_caller]
fn check(status: &Status, expected: Option<&str>) {
    let told = refusal(status).map(|creation| match creation {
        Creation::Refused(refused) => refused.reason(),
        Creation::Taken => "taken",
        Creation::Made(_) => "made",
    });
    assert_eq!(told, expected);
}

#[test]
fn what_the_api_server_says_of_a_pod_is_told_apart() {
    check(
        &status(
            409,
            "AlreadyExists",
            "pods \"r7-a0-0\" already exists",
            None,
        ),
        Some("taken"),
    );
    check(
        &status(422, "Invalid", "Pod is invalid", None),
        Some("InvalidResource"),
    );
    check(
        &status(400, "BadRequest", "denied by a webhook", None),
        Some("BadRequest"),
    );
    check(
        &status(413, "RequestEntityTooLarge", "too large", None),
        Some("EntityTooLarge"),
    );
    check(
        &status(
            403,
            "Forbidden",
            "violates PodSecurity \"restricted\"",
            None,
        ),
        Some("PodSecurity"),
    );
    check(
        &status(403, "Forbidden", "denied by a policy", None),
        Some("forbidden"),
    );
    let ending = "unable to create new content in namespace x because it is being terminated";
    check(
        &status(403, "Forbidden", ending, Some("NamespaceTerminating")),
        Some("namespace"),
    );
    check(&status(403, "Forbidden", ending, None), Some("namespace"));
    for passing in [429, 500, 503, 504] {
        check(&status(passing, "", "", None), None);
    }
}

#[test]
fn a_quota_that_could_never_hold_it_is_told_from_one_that_is_full() {
    let exceeded = |asked: &str| {
        format!(
            "pods \"r7-a0-0\" is forbidden: exceeded quota: q, requested: {asked}, used: requests.cpu=3,pods=9, limited: requests.cpu=4,pods=10"
        )
    };
    let full = exceeded("requests.cpu=2,pods=1");
    check(&status(403, "Forbidden", &full, None), Some("quota"));
    let never = exceeded("requests.cpu=4100m,pods=1");
    check(
        &status(403, "Forbidden", &never, None),
        Some("QuotaExceeded"),
    );
}
