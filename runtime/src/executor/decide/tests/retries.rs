//! Failures, and the attempts and pods that follow them.

use super::*;

#[test]
fn a_failure_of_the_task_is_tried_again_while_retries_last() {
    let mut case = Case::running_with(retries(1));
    case.sees(pod("uid-1", Observation::Failed(failure(Retry::User))));
    case.expect(&read_outcome(), &[]);
    case.outcome = Some(Ok(()));
    let decision = case.expect(
        &Step::Continue,
        &[(Phase::RetryableFailure, 1, 0), (Phase::Queued, 2, 0)],
    );
    assert_eq!(decision.transitions[0].failure, Some(failure(Retry::User)));
    assert_eq!(
        decision.transitions[1].place,
        Place::Prefix(PREFIX.replace("/1", "/2"))
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
        ends_by: None,
        uid: "uid-1".to_owned(),
        deleting: false,
        ended: false,
    };
    case.previous = Some(previous.clone());
    case.expect(&delete(1, "uid-1"), &[]);
    previous.deleting = true;
    case.previous = Some(previous.clone());
    case.expect(&Step::Rest, &[]);
    // One that has ended keeps its logs.
    previous.ended = true;
    previous.deleting = false;
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
fn disruptions_count_anew_after_a_long_run_but_not_for_ever() {
    let mut case = Case::running();
    for round in 1..=30 {
        case.later(STABLE_RUN).sees(pod(
            &format!("lost-{round}"),
            Observation::Failed(failure(Retry::Disruption)),
        ));
        case.expect(&Step::Continue, &[(Phase::Queued, 1, round * 10)]);
        assert_eq!(case.status.system_failures, 1);
        case.sees(pod(&format!("new-{round}"), RUNNING)).decide();
    }
    case.later(STABLE_RUN)
        .sees(pod("last", Observation::Failed(failure(Retry::Disruption))));
    case.expect(&Step::Continue, &[(Phase::PermanentFailure, 1, 300)]);
    let error = case.status.error_state.clone().unwrap();
    assert!(error.message.contains("31 lost pods"), "{}", error.message);
}

#[test]
fn what_a_task_can_bring_about_comes_to_an_end_however_long_it_runs() {
    let mut case = Case::running();
    for failures in 1..=4 {
        let mut ended = pod(
            &format!("ended-{failures}"),
            Observation::Failed(failure(Retry::System)),
        );
        ended.began = Some(case.now);
        case.later(STABLE_RUN).sees(ended);
        // By an exit code, or by what is in its error.
        case.outcome = Some(if failures % 2 == 0 {
            Ok(())
        } else {
            Err(failure(Retry::System))
        });
        case.decide();
        assert_eq!(case.status.system_failures, failures);
        case.sees(pod(&format!("new-{failures}"), RUNNING)).decide();
    }
    assert_eq!(case.conditions()["Failed"], ("True", "PermanentFailure"));
}

#[test]
fn a_task_that_wrote_its_error_was_not_merely_interrupted() {
    let mut case = Case::running();
    let mut ended = pod("uid-1", Observation::Failed(failure(Retry::System)));
    ended.began = Some(case.now);
    case.sees(ended);
    let prefix = case
        .subject
        .as_ref()
        .unwrap()
        .output_prefix(NonZeroU32::MIN);
    let outputs = false;
    case.expect(&Step::ReadOutcome { prefix, outputs }, &[]);
    case.outcome = Some(Err(failure(Retry::No)));
    case.expect(&Step::Continue, &[(Phase::PermanentFailure, 1, 0)]);
    assert_eq!(case.status.system_failures, 0);
}

const STABLE_RUN: i64 = 600;

#[test]
fn attempts_have_a_limit_and_a_pause_whatever_the_template_says() {
    let mut case = Case::running_with(retries(u32::MAX));
    let mut pauses = Vec::new();
    for attempt in 1..1_000 {
        let uid = format!("uid-{attempt}");
        case.sees(pod(&uid, Observation::Failed(failure(Retry::User))));
        case.outcome = Some(Ok(()));
        case.expect(
            &Step::Continue,
            &[
                (Phase::RetryableFailure, attempt, 0),
                (Phase::Queued, attempt + 1, 0),
            ],
        );
        case.pod = PodSeen::Missing;
        let decided = case.decide();
        let pauses_now = decided.step == Step::Rest;
        let again = decided.again.filter(|_| pauses_now);
        let again = again.map_or(0, |again| again.as_secs());
        pauses.push(again);
        case.later(again.cast_signed());
    }
    assert_eq!(pauses[..10], [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
    assert!(pauses[10..].iter().all(|pause| *pause == 60));
    case.sees(pod("last", Observation::Failed(failure(Retry::User))));
    case.expect(&Step::Continue, &[(Phase::PermanentFailure, 1_000, 0)]);
}

#[test]
fn a_pause_of_nothing_stays_nothing() {
    let mut case = case(retries(9));
    let subject = case.subject.as_mut().unwrap();
    subject.limits.backoff = Some(crate::executor::template::Backoff {
        base: Duration::ZERO,
        factor: 1e300,
        cap: None,
    });
    case.status.attempts = 4;
    case.decide();
    case.sees(pod("uid-4", Observation::Failed(failure(Retry::User))));
    case.outcome = Some(Ok(()));
    case.decide();
    case.pod = PodSeen::Missing;
    assert_eq!(case.decide().again, Some(Duration::from_secs(2)));
}

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
