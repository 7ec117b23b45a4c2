//! Fetching through a signed URL.

use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use dataplane_store::download::{DownloadError, Limits, download};

use crate::server::{Answer, Request, Server};

const LIMITS: Limits = Limits {
    bytes: 1024,
    time: Duration::from_secs(20),
    tries: 3,
};

/// Downloads into a folder of which only the outcome and what is in it stay.
async fn fetch(
    limits: Limits,
    answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> (Result<u64, DownloadError>, Vec<String>, usize) {
    let server = Server::with(answer).await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("{}/bundle.tgz?X-Amz-Signature=secret\n", server.url());
    let outcome = download(&url, &folder.path().join("bundle.tgz"), limits).await;
    if let Err(error) = &outcome {
        let text = format!("{error} {error:?}");
        assert!(
            !text.contains("secret") && !text.contains("bundle.tgz?"),
            "{text}"
        );
    }
    (outcome, names(folder.path()), server.requests().await.len())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.unwrap().file_name().into_string().unwrap()
    };
    entries.map(name).collect()
}

#[tokio::test]
async fn a_bundle_is_written_whole() {
    let (outcome, left, calls) = fetch(LIMITS, |_| Answer::new(200, "bundle")).await;
    assert_eq!((outcome.unwrap(), calls), (6, 1));
    assert_eq!(left, ["bundle.tgz"]);
}

#[tokio::test]
async fn what_is_refused_is_not_tried_again() {
    let refusal = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    let (outcome, left, calls) = fetch(LIMITS, move |_| Answer::new(403, refusal)).await;
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "127.0.0.1 refused the signed URL (AccessDenied, status 403: Request has expired); it may have expired, which a new pod mends"
    );
    assert_eq!((left.len(), calls), (0, 1));
    let (outcome, ..) = fetch(LIMITS, |_| Answer::new(404, "")).await;
    assert!(matches!(outcome, Err(DownloadError::Missing { .. })));
    // Nobody is followed with a signed URL in hand.
    let moved = |_: &Request| Answer::new(302, "").with("Location", "http://127.0.0.1:1/");
    assert!(matches!(
        fetch(LIMITS, moved).await.0,
        Err(DownloadError::Refused { .. })
    ));
}

#[tokio::test]
async fn a_store_that_comes_back_is_waited_for() {
    let count = AtomicU32::new(0);
    let (outcome, left, calls) = fetch(LIMITS, move |_| {
        let mut half = Answer::new(200, "bun");
        half.claims = Some(6);
        match count.fetch_add(1, Ordering::Relaxed) {
            0 => Answer::new(503, ""),
            1 => half,
            _ => Answer::new(200, "bundle"),
        }
    })
    .await;
    assert_eq!((outcome.unwrap(), left.len(), calls), (6, 1, 3));
    let (outcome, left, calls) = fetch(LIMITS, |_| Answer::new(503, "")).await;
    assert!(matches!(outcome, Err(DownloadError::Busy { .. })));
    assert_eq!((left.len(), calls), (0, 3));
}

#[tokio::test]
async fn limits_hold() {
    let (outcome, left, _) = fetch(LIMITS, |_| Answer::new(200, vec![0; 1025])).await;
    assert!(matches!(
        outcome,
        Err(DownloadError::TooLarge { limit: 1024, .. })
    ));
    assert!(left.is_empty());
    let short = Limits {
        time: Duration::from_millis(200),
        tries: 100,
        ..LIMITS
    };
    let (outcome, left, _) = fetch(short, |_| Answer::new(500, "")).await;
    assert!(matches!(outcome, Err(DownloadError::TimedOut { .. })));
    assert!(left.is_empty());
}

#[tokio::test]
async fn what_is_no_url_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["", "secret", "file:///secret", "s3://secret/x"] {
        let error = download(text, &folder.path().join("x"), LIMITS)
            .await
            .unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
