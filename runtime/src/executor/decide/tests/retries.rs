//! Failures, and the attempts and pods that follow them.

use super::*;

#[test]
fn a_failure_of_the_task_is_tried_again_while_retries_last() {
    let mut case = Case::running_with(retries(1));
    case.sees(pod("uid-1", Observation::Failed(failure(Retry::User))));
    case.expect(&read_outcome(), &[]);
    case.outcome = Some(Ok(()));
    let decision = case.expect(
        &delete(1, "uid-1"),
        &[(Phase::RetryableFailure, 1, 0), (Phase::Queued, 2, 0)],
    );
    assert_eq!(decision.transitions[0].failure, Some(failure(Retry::User)));
    assert_eq!(
        decision.transitions[1].output_prefix.as_deref(),
        Some(&*PREFIX.replace("/1", "/2"))
    );
    assert_eq!(case.status.attempts, 2);
    assert_eq!(
        case.conditions(),
        [("Progressing", ("True", "Queued"))].into()
    );
    assert_eq!(case.status.error_state, None);

    // Two attempts never run at the same time.
    case.pod = PodSeen::Missing;
    case.outcome = None;
    let mut previous = Previous {
        uid: "uid-1".to_owned(),
        deleting: false,
        ended: false,
    };
    case.previous = Some(previous.clone());
    case.expect(&delete(1, "uid-1"), &[]);
    previous.deleting = true;
    case.previous = Some(previous.clone());
    case.expect(&Step::Rest, &[]);
    previous.ended = true;
    case.previous = Some(previous);
    case.expect(&create(2), &[]);

    case.sees(pod("uid-2", Observation::Failed(failure(Retry::User))));
    case.outcome = Some(Ok(()));
    case.expect(&Step::Continue, &[(Phase::PermanentFailure, 2, 0)]);
    assert_eq!(
        case.conditions(),
        [
            ("Failed", ("True", "PermanentFailure")),
            ("Progressing", ("False", "PermanentFailure"))
        ]
        .into()
    );
    let error = case.status.error_state.clone().unwrap();
    assert_eq!(
        (error.code.as_str(), error.kind, error.message.as_str()),
        ("Code", ErrorKind::User, "it broke")
    );
    assert_eq!(
        case.history(),
        [
            "Queued",
            "Initializing",
            "Executing",
            "RetryableFailure",
            "Queued",
            "PermanentFailure"
        ]
    );
}

#[test]
fn what_the_task_says_goes_before_its_exit_code() {
    let said = Failure {
        message: "ValueError: no rows".to_owned(),
        ..failure(Retry::No)
    };
    for observation in [
        Observation::Succeeded,
        Observation::Failed(failure(Retry::User)),
    ] {
        let mut case = Case::running_with(retries(5));
        case.sees(pod("uid-1", observation));
        case.outcome = Some(Err(said.clone()));
        let decision = case.expect(&Step::Continue, &[(Phase::PermanentFailure, 1, 0)]);
        assert_eq!(
            decision.transitions[0].failure.as_ref().unwrap().message,
            said.message
        );
    }
}

#[test]
fn attempts_wait_as_the_template_says() {
    let mut case = Case::running_with(core::TaskMetadata {
        retries: Some(core::RetryStrategy {
            retries: 3,
            backoff: Some(core::Backoff {
                base: Some(prost_types::Duration {
                    seconds: 60,
                    nanos: 0,
                }),
                factor: Some(2.0),
                cap: None,
            }),
        }),
        ..core::TaskMetadata::default()
    });
    case.sees(pod("uid-1", Observation::Failed(failure(Retry::User))));
    case.outcome = Some(Ok(()));
    case.decide();
    case.pod = PodSeen::Missing;
    let waits = case.expect(&Step::Rest, &[]).again;
    assert_eq!(waits, Some(Duration::from_mins(1)));
    case.later(60).expect(&create(2), &[]);
}

#[test]
fn a_failure_of_the_platform_costs_no_attempt_and_uses_the_name_again() {
    let mut case = Case::running();
    let lost = Observation::Failed(failure(Retry::System));
    case.sees(pod("uid-1", lost.clone()));
    case.expect(&Step::Continue, &[(Phase::Queued, 1, 10)]);
    assert_eq!((case.status.attempts, case.status.system_failures), (1, 1));

    case.expect(&delete(1, "uid-1"), &[]);
    let mut ending = pod("uid-1", lost);
    ending.deleting = true;
    case.sees(ending).expect(&Step::Rest, &[]);
    case.pod = PodSeen::Missing;
    let waits = case.expect(&Step::Rest, &[]).again;
    assert_eq!(waits, Some(Duration::from_secs(10)));
    case.later(10).expect(&create(1), &[]);
    case.sees(pod("uid-2", RUNNING))
        .expect(&Step::Rest, &[(Phase::Executing, 1, 10)]);
}

#[test]
fn failures_of_the_platform_have_a_limit() {
    let mut case = Case::running();
    for failures in 1..=3 {
        case.sees(pod(
            &format!("uid-{failures}"),
            Observation::Failed(failure(Retry::System)),
        ));
        case.expect(&Step::Continue, &[(Phase::Queued, 1, failures * 10)]);
        assert_eq!(case.status.system_failures, failures);
    }
    case.sees(pod("uid-4", Observation::Failed(failure(Retry::System))));
    case.expect(&Step::Continue, &[(Phase::PermanentFailure, 1, 30)]);
    let error = case.status.error_state.clone().unwrap();
    assert_eq!(
        (error.code.as_str(), error.kind),
        ("MaxSystemFailuresExceeded", ErrorKind::System)
    );
    assert!(error.message.contains("it broke"), "{}", error.message);
}

#[test]
fn failures_of_the_platform_count_anew_after_a_long_run() {
    let mut case = Case::running();
    for uid in 0..20 {
        case.later(STABLE_RUN).sees(pod(
            &format!("lost-{uid}"),
            Observation::Failed(failure(Retry::System)),
        ));
        case.decide();
        assert_eq!(case.status.system_failures, 1);
        case.sees(pod(&format!("new-{uid}"), RUNNING)).decide();
    }
}

const STABLE_RUN: i64 = 600;

#[test]
fn a_pod_that_vanished_is_made_again_only_when_the_api_server_says_so() {
    let mut case = Case::running();
    case.pod = PodSeen::Missing;
    case.expect(&Step::ReadPod(NonZeroU32::MIN), &[]);
    case.pod = PodSeen::Gone;
    let decision = case.expect(&Step::Continue, &[(Phase::Queued, 1, 10)]);
    assert!(
        decision.transitions[0]
            .reason
            .contains("ResourceDeletedExternally")
    );
    case.expect(&Step::Rest, &[]);
    case.later(10).expect(&create(1), &[]);
}

#[test]
fn a_pod_that_somebody_deleted_may_still_end_well() {
    let mut case = Case::running();
    let mut ending = pod("uid-1", Observation::Failed(failure(Retry::System)));
    (ending.deleting, ending.ended) = (true, false);
    case.sees(ending.clone()).expect(&Step::Rest, &[]);
    ending.observation = Observation::Succeeded;
    case.sees(ending).expect(&read_outcome(), &[]);
}

#[test]
fn a_pod_that_somebody_deleted_is_no_failure_of_the_task() {
    let mut case = Case::running();
    let mut ended = pod("uid-1", Observation::Failed(failure(Retry::User)));
    ended.deleting = true;
    case.sees(ended);
    let decision = case.expect(&Step::Continue, &[(Phase::Queued, 1, 10)]);
    assert!(
        decision.transitions[0]
            .reason
            .contains("UnexpectedObjectDeletion")
    );
}

#[test]
fn a_pod_that_is_not_ours_is_never_taken() {
    let mut case = case(core::TaskMetadata::default());
    case.decide();
    case.pod = PodSeen::Foreign("a pod of ReplicaSet web".to_owned());
    for failures in 1..=3 {
        let decision = case.expect(&Step::Continue, &[(Phase::Queued, 1, failures * 10)]);
        assert!(decision.transitions[0].reason.contains("ReplicaSet web"));
        let again = case.expect(&Step::Rest, &[]).again.unwrap();
        case.later(i64::try_from(again.as_secs()).unwrap());
    }
    case.expect(&Step::Continue, &[(Phase::PermanentFailure, 1, 30)]);
    // Neither deleted nor waited for.
    case.expect(&Step::Finish, &[]);
}
