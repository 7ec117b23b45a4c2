//! Limits of time.

use super::*;

#[test]
fn a_task_that_runs_too_long_is_stopped() {
    let metadata = core::TaskMetadata {
        timeout: Some(prost_types::Duration {
            seconds: 30,
            nanos: 0,
        }),
        ..retries(1)
    };
    let mut case = Case::running_with(metadata);
    let mut runs = pod("uid-1", RUNNING);
    runs.began = Some(case.now);
    let again = case.sees(runs.clone()).expect(&Step::Rest, &[]).again;
    assert_eq!(again, Some(Duration::from_secs(30)));
    case.later(30).expect(
        &delete(1, "uid-1"),
        &[(Phase::TimedOut, 1, 0), (Phase::Queued, 2, 0)],
    );
    assert_eq!(
        case.conditions(),
        [("Progressing", ("True", "Queued"))].into()
    );

    runs.began = Some(case.now);
    runs.uid = "uid-2".to_owned();
    case.sees(runs).decide();
    case.later(30)
        .expect(&Step::Continue, &[(Phase::TimedOut, 2, 0)]);
    assert_eq!(
        case.conditions(),
        [
            ("Failed", ("True", "TimedOut")),
            ("Progressing", ("False", "TimedOut"))
        ]
        .into()
    );
    // What still runs is stopped before it is finished.
    case.expect(&delete(2, "uid-2"), &[]);
}

#[test]
fn an_end_that_is_seen_late_counts_by_when_it_was() {
    let metadata = || core::TaskMetadata {
        timeout: Some(prost_types::Duration {
            seconds: 30,
            nanos: 0,
        }),
        ..core::TaskMetadata::default()
    };
    for (ran, phase) in [(29, Phase::Succeeded), (31, Phase::TimedOut)] {
        let mut case = Case::running_with(metadata());
        let mut done = pod("uid-1", Observation::Succeeded);
        done.began = Some(case.now);
        done.finished = Some(case.now + SignedDuration::from_secs(ran));
        case.outcome = Some(Ok(()));
        case.sees(done)
            .later(3600)
            .expect(&Step::Continue, &[(phase, 1, 0)]);
    }
}

#[test]
fn waiting_too_long_and_taking_too_long_in_all_end_too() {
    let timeouts = core::TimeoutStrategy {
        queued_timeout: Some(prost_types::Duration {
            seconds: 60,
            nanos: 0,
        }),
        deadline: Some(prost_types::Duration {
            seconds: 600,
            nanos: 0,
        }),
    };
    let metadata = core::TaskMetadata {
        timeouts: Some(timeouts),
        ..retries(9)
    };
    let mut case = case(metadata);
    case.decide();
    case.sees(pod("uid-1", initializing("ContainerCreating")))
        .decide();
    case.later(60).expect(
        &delete(1, "uid-1"),
        &[(Phase::TimedOut, 1, 0), (Phase::Queued, 2, 0)],
    );
    case.pod = PodSeen::Missing;
    case.later(540)
        .expect(&Step::Continue, &[(Phase::TimedOut, 2, 0)]);
    assert_eq!(case.conditions()["Failed"], ("True", "TimedOut"));
}

#[test]
fn pauses_of_the_executor_are_no_waiting() {
    let metadata = core::TaskMetadata {
        timeouts: Some(core::TimeoutStrategy {
            queued_timeout: Some(prost_types::Duration {
                seconds: 15,
                nanos: 0,
            }),
            ..core::TimeoutStrategy::default()
        }),
        ..core::TaskMetadata::default()
    };
    let mut case = case(metadata);
    case.expect(&create(1), &[(Phase::Queued, 1, 0)]);
    let waits = Observation::Queued {
        reason: String::new(),
        message: String::new(),
    };
    case.sees(pod("uid-1", waits)).decide();
    // It is lost before it runs, and the next one is made after ten seconds.
    case.later(10)
        .sees(pod(
            "uid-1",
            Observation::Failed(failure(Retry::Disruption)),
        ))
        .expect(&Step::Continue, &[(Phase::Queued, 1, 10)]);
    case.pod = PodSeen::Missing;
    case.later(10).expect(&create(1), &[]);
    case.later(14).expect(&create(1), &[]);
    case.later(1)
        .expect(&Step::Continue, &[(Phase::TimedOut, 1, 10)]);
}

#[test]
fn a_lost_node_is_told_of_and_holds_up_no_limit() {
    let metadata = || core::TaskMetadata {
        timeout: Some(prost_types::Duration {
            seconds: 300,
            nanos: 0,
        }),
        ..core::TaskMetadata::default()
    };
    let mut unknown = pod("uid-1", Observation::Unknown);
    let mut ending = PodView {
        deleting: true,
        ..pod("uid-1", RUNNING)
    };
    for lost in [&mut unknown, &mut ending] {
        let mut case = Case::running_with(metadata());
        lost.began = Some(case.now);
        lost.ends_by = lost.deleting.then_some(case.now);
        case.later(30).sees(lost.clone());
        if lost.deleting {
            case.expect(&Step::Rest, &[]);
        }
        case.later(30)
            .expect(&Step::Rest, &[(Phase::Executing, 1, 1)]);
        case.later(60).expect(&Step::Rest, &[]);
        case.later(180)
            .expect(&Step::Continue, &[(Phase::TimedOut, 1, 0)]);
    }
}

#[test]
fn a_lost_node_that_holds_up_another_pod_is_told_of() {
    // The next attempt.
    let mut case = Case::running_with(retries(1));
    case.sees(pod("uid-1", Observation::Failed(failure(Retry::User))));
    case.outcome = Some(Ok(()));
    case.decide();
    case.pod = PodSeen::Missing;
    case.previous = Some(Previous {
        uid: "uid-1".to_owned(),
        deleting: true,
        ends_by: Some(case.now),
        ended: false,
    });
    case.expect(&Step::Rest, &[]);
    case.later(60).expect(&Step::Rest, &[(Phase::Queued, 2, 1)]);

    // The next pod of the same attempt, which does not wait for ever.
    let timeouts = core::TimeoutStrategy {
        queued_timeout: Some(prost_types::Duration {
            seconds: 600,
            nanos: 0,
        }),
        ..core::TimeoutStrategy::default()
    };
    let mut case = Case::running_with(core::TaskMetadata {
        timeouts: Some(timeouts),
        ..core::TaskMetadata::default()
    });
    case.sees(pod(
        "uid-1",
        Observation::Failed(failure(Retry::Disruption)),
    ))
    .decide();
    case.sees(PodView {
        deleting: true,
        ends_by: Some(case.now),
        ..pod("uid-1", RUNNING)
    });
    case.expect(&Step::Rest, &[]);
    case.later(60)
        .expect(&Step::Rest, &[(Phase::Queued, 1, 11)]);
    case.later(600)
        .expect(&Step::Continue, &[(Phase::TimedOut, 1, 10)]);
}

#[test]
fn no_task_waits_for_a_node_for_ever() {
    let mut case = case(core::TaskMetadata::default());
    case.decide();
    let waits = Observation::Queued {
        reason: "Unschedulable".to_owned(),
        message: "0/3 nodes are available".to_owned(),
    };
    case.sees(pod("uid-1", waits)).decide();
    case.later(7 * 24 * 3600)
        .expect(&Step::Continue, &[(Phase::TimedOut, 1, 0)]);
}
