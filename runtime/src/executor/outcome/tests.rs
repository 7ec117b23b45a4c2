//! Errors whole, broken, huge and missing.

use bytes::Bytes;
use dataplane_api::{config::Storage, layout::Layout};
use dataplane_proto::flyteidl2::core::ContainerError;
use dataplane_store::{Precondition, Written};
use proptest::prelude::*;

use super::*;

const PREFIX: &str = "s3://acme-metadata/acme/fraud/staging/r7/a0/1";

fn store() -> Store {
    let storage = Storage {
        metadata: "s3://acme-metadata".parse().unwrap(),
        fast_registration: "s3://acme-code".parse().unwrap(),
        region: None,
        endpoint: None,
        layout: Layout::Spec,
    };
    Store::in_memory(&storage)
}

async fn write(store: &Store, prefix: &ObjectUri, name: &str, content: &[u8]) {
    let uri = prefix.join(name).unwrap();
    let content = Bytes::copy_from_slice(content);
    let written = store.write(&uri, content, Precondition::None).await;
    assert_eq!(written.unwrap(), Written::Yes);
}

/// What is read where these objects are.
async fn read_of(objects: &[(&str, &[u8])]) -> Outcome {
    let store = store();
    let prefix: ObjectUri = PREFIX.parse().unwrap();
    for (name, content) in objects {
        write(&store, &prefix, name, content).await;
    }
    read(&store, &prefix, "").await.unwrap()
}

async fn failure_of(error: &[u8]) -> Failure {
    match read_of(&[(ERROR, error)]).await {
        Outcome::Error(failure) => failure,
        other => panic!("{other:?}"),
    }
}

fn document(code: &str, message: &str, kind: i32, origin: i32) -> Vec<u8> {
    let (code, message) = (code.to_owned(), message.to_owned());
    let error = ContainerError {
        code,
        message,
        kind,
        origin,
    };
    ErrorDocument { error: Some(error) }.encode_to_vec()
}

#[tokio::test]
async fn outputs_mean_success_even_if_they_are_empty() {
    // What the SDK writes for a task that returns nothing.
    assert_eq!(read_of(&[(OUTPUTS, b"")]).await, Outcome::Outputs);
    assert_eq!(read_of(&[]).await, Outcome::NoOutputs);
    assert_eq!(
        read_of(&[("report.html", b"<p>")]).await,
        Outcome::NoOutputs
    );
}

#[tokio::test]
async fn an_error_of_an_earlier_pod_is_not_that_of_the_next() {
    let (store, prefix) = (store(), PREFIX.parse().unwrap());
    assert_eq!(left(&store, &prefix).await.unwrap(), None);
    let error = document("ValueError", "no", 1, 1);
    write(&store, &prefix, ERROR, &error).await;
    let mark = left(&store, &prefix).await.unwrap().unwrap();
    let seen = async |mark: &str| read(&store, &prefix, mark).await.unwrap();
    assert!(matches!(seen("").await, Outcome::Error(_)));
    assert_eq!(seen(&mark).await, Outcome::NoOutputs);
    write(&store, &prefix, OUTPUTS, b"").await;
    assert_eq!(seen(&mark).await, Outcome::Outputs);
    // The next one fails as the one before did.
    write(&store, &prefix, ERROR, &error).await;
    assert!(matches!(seen(&mark).await, Outcome::Error(_)));
}

#[tokio::test]
async fn an_error_counts_before_outputs() {
    let error = document("ValueError", "no", 0, 1);
    let outcome = read_of(&[(OUTPUTS, b"x"), (ERROR, &error)]).await;
    assert_eq!(
        outcome,
        Outcome::Error(Failure {
            code: "ValueError".to_owned(),
            message: "no".to_owned(),
            kind: ErrorKind::User,
            retry: Retry::No,
        })
    );
}

#[tokio::test]
async fn kind_says_whether_to_retry_and_origin_on_whose_account() {
    for (kind, origin, expected) in [
        (0, 0, (ErrorKind::Unset, Retry::No)),
        (0, 2, (ErrorKind::System, Retry::No)),
        (1, 0, (ErrorKind::Unset, Retry::User)),
        (1, 1, (ErrorKind::User, Retry::User)),
        (1, 2, (ErrorKind::System, Retry::System)),
        // Of a later version.
        (7, 9, (ErrorKind::Unset, Retry::No)),
    ] {
        let failure = failure_of(&document("Code", "message", kind, origin)).await;
        assert_eq!((failure.kind, failure.retry), expected, "{kind} {origin}");
    }
}

#[tokio::test]
async fn what_cannot_be_understood_is_a_failure_with_a_sentence() {
    let whole = document("ValueError", "a message that is cut", 0, 1);
    for (broken, why) in [
        (&b""[..], "says nothing"),
        (&whole[..whole.len() - 4], "can't be read: "),
        (b"<html>502 Bad Gateway</html>", "can't be read: "),
    ] {
        let failure = failure_of(broken).await;
        assert_eq!(failure.code, "ErrorFileBadFormat");
        assert_eq!(
            (failure.kind, failure.retry),
            (ErrorKind::System, Retry::System)
        );
        let expected =
            format!("the task failed; why is not known, for its error {PREFIX}/error.pb {why}");
        assert!(
            failure.message.starts_with(&expected),
            "{}",
            failure.message
        );
    }
}

#[tokio::test]
async fn fifty_mebibytes_of_error_are_not_read() {
    let failure = failure_of(&vec![b'x'; 50 << 20]).await;
    assert_eq!(failure.code, "ErrorFileTooLarge");
    assert_eq!(
        (failure.kind, failure.retry),
        (ErrorKind::User, Retry::User)
    );
    assert!(
        failure
            .message
            .contains("has 52428800 bytes or more, and 2097152 are read")
    );
}

#[tokio::test]
async fn a_long_traceback_keeps_its_begin_and_its_end() {
    let long = format!("Traceback{}ValueError: ü", "ü".repeat(100_000));
    let message = failure_of(&document("", &long, 1, 1)).await.message;
    assert!(message.starts_with("Traceback") && message.ends_with("ValueError: ü"));
    assert!(message.len() < LONGEST + 100, "{}", message.len());
}

#[tokio::test]
async fn an_attempt_elsewhere_is_bad_input() {
    let storage = Storage {
        metadata: "s3://acme-metadata".parse().unwrap(),
        fast_registration: "s3://acme-code".parse().unwrap(),
        region: None,
        endpoint: None,
        layout: Layout::Spec,
    };
    let elsewhere = "s3://somebody-elses/r7/a0/1".parse().unwrap();
    let error = read(&Store::in_memory(&storage), &elsewhere, "")
        .await
        .unwrap_err();
    assert!(error.is_bad_input(), "{error}");
}

#[test]
fn missing_outputs_are_said_with_their_place() {
    let failure = no_outputs(&PREFIX.parse().unwrap());
    assert!(
        failure.message.ends_with("/r7/a0/1/outputs.pb"),
        "{}",
        failure.message
    );
}

proptest! {
    #[test]
    fn any_bytes_are_a_failure_with_a_sentence(bytes: Vec<u8>) {
        let failure = understand(&bytes, &PREFIX.parse().unwrap());
        prop_assert!(!failure.code.is_empty() && !failure.message.is_empty());
    }

    #[test]
    fn any_document_is_told_as_it_is(
        code in ".{0,40}", message in ".{0,400}", kind: i32, origin: i32, cut in 0_usize..500,
    ) {
        let whole = document(&code, &message, kind, origin);
        let uri = PREFIX.parse().unwrap();
        let failure = understand(&whole, &uri);
        prop_assert!(code.is_empty() || failure.code == code);
        prop_assert!(message.is_empty() || failure.message == message);
        prop_assert_eq!(failure.retry == Retry::No, kind != 1);
        // A part of it never becomes something else than a failure.
        understand(&whole[..cut.min(whole.len())], &uri);
    }
}
