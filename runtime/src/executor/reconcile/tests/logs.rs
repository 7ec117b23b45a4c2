//! What is logged of a decision.

use super::*;
use crate::executor::transition::Place;

#[test]
fn no_text_of_a_task_is_logged() {
    let settings = example::settings(json!({}), "spec");
    let action = example::action(&example::python(), &settings);
    let decision = |reason: &str, failure: Option<Failure>, system: Option<&str>| Decision {
        transitions: vec![Transition {
            id: action.id.clone(),
            attempt: NonZeroU32::MIN,
            phase: Phase::Queued,
            version: 0,
            at: now(),
            reason: reason.to_owned(),
            failure,
            place: Place::None,
            cache: CatalogCacheStatus::CacheDisabled,
            logs: None,
        }],
        status: TaskActionStatus::default(),
        state: State::default(),
        system_failure: system.map(str::to_owned),
        step: Step::Continue,
        again: None,
    };
    let failure = Failure {
        code: "c".repeat(1000),
        message: "password=secret".to_owned(),
        kind: ErrorKind::User,
        retry: Retry::User,
    };
    let (code, reason) = told(&decision("password=secret", Some(failure), None));
    assert!(code.len() == LOGGED && code.starts_with('c') && reason.is_empty());
    let retried = told(&decision(
        "[Evicted] password=secret",
        None,
        Some("Evicted"),
    ));
    assert_eq!(retried, ("Evicted".to_owned(), String::new()));
    let (code, reason) = told(&decision(&"waits ".repeat(100), None, None));
    assert!(code.is_empty() && reason.starts_with("waits") && reason.len() <= LOGGED);
}
