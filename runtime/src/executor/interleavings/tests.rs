//! The interleavings: any of them, and those that are told of.

use proptest::prelude::*;

use super::{
    cluster::Fault,
    steps::{FAILS, SEES, steps},
    *,
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_nor_done_twice(steps in steps()) {
        run(&steps);
    }

    #[test]
    fn all_is_told_in_order_by_an_executor_that_lives(steps in steps()) {
        let gentle: Vec<Step> = steps
            .into_iter()
            .filter(|step| !matches!(step, Step::Kill(_) | Step::Restart | Step::HandOver))
            .collect();
        run(&gentle);
    }
}

#[test]
fn a_task_that_succeeds_takes_six_calls() {
    let model = run(&[
        Step::Look,
        Step::PodRuns,
        Step::TellPods,
        Step::Look,
        Step::PodSucceeds,
        Step::TellPods,
        Step::Look,
    ]);
    let phases: Vec<String> = model
        .last
        .phase_history
        .iter()
        .map(|entry| entry.phase.clone())
        .collect();
    assert_eq!(phases, ["Queued", "Executing", "Completed"]);
    assert!(
        model.cluster.lock().calls <= 6,
        "{}",
        model.cluster.lock().calls
    );
}

#[test]
fn a_day_without_the_control_plane_loses_nothing() {
    let mut steps = vec![Step::Away];
    for _ in 0..ATTEMPTS {
        steps.extend([
            Step::Look,
            Step::PodRuns,
            Step::TellPods,
            Step::Look,
            Step::PodFails,
            Step::TellPods,
            Step::Look,
        ]);
        steps.extend([
            Step::PodsAreRemoved,
            Step::TellPods,
            Step::Restart,
            Step::Time(30_000),
        ]);
    }
    let model = run(&steps);
    let taken = model.control_plane.0.events.lock().unwrap().clone();
    let attempts: Vec<u32> = taken
        .iter()
        .filter(|(_, phase, _)| *phase == ActionPhase::Failed)
        .map(|(attempt, _, _)| *attempt)
        .collect();
    assert_eq!(attempts, [1, 2, 3], "{taken:?}");
}

#[tokio::test]
async fn a_pod_that_cannot_be_made_for_a_while_says_why_once() {
    let mut model = Model::start();
    model.step(Step::WebhookDown).await;
    for _ in 0..3 {
        model.step(Step::Look).await;
        model.step(Step::Time(10)).await;
    }
    let queued = |model: &Model| -> Vec<u32> {
        let taken = model.control_plane.0.events.lock().unwrap();
        let queued = taken
            .iter()
            .filter(|(_, phase, _)| *phase == ActionPhase::Queued);
        queued.map(|(_, _, version)| *version).collect()
    };
    assert_eq!(queued(&model), [0, 1]);
    let status = model.action().unwrap().status.unwrap();
    let message = &status.conditions[0].message;
    assert!(message.contains("webhook secrets"), "{message}");

    model.step(Step::WebhookUp).await;
    model.step(Step::Look).await;
    // Now it waits for a node.
    assert_eq!(queued(&model), [0, 1, 2]);
    model.heal().await;
    model.check_end();
}

#[test]
fn an_action_without_a_result_gives_way_to_equal_ones() {
    let reserves = || {
        let metadata = core::TaskMetadata {
            discoverable: true,
            cache_serializable: true,
            ..core::TaskMetadata::default()
        };
        Model::start_with(metadata, json!({ "cache": true }))
    };
    let gave_way = |steps: &[Step]| follow(reserves, steps).store.gave_way();
    let runs = [Step::Look, Step::PodRuns, Step::TellPods, Step::Look];
    assert_eq!(gave_way(&runs), 0, "it succeeds in the end");
    let aborted = [&runs[..], &[Step::Abort, Step::TellAction]].concat();
    assert!(gave_way(&aborted) > 0);
}

/// A pod was to be made when the API server did not answer, and may yet be.
const POD_IS_LATE: [Step; 5] = [
    Step::WebhookDown,
    Step::Look,
    Step::WebhookUp,
    Step::Fault(Fault::Late),
    Step::Look,
];

#[test]
fn a_pod_that_comes_when_its_action_is_over_is_stopped() {
    let ends = [Step::Look, Step::PodSucceeds, Step::TellPods, Step::Look];
    let comes = [Step::PodsAreEvicted, Step::PodsAreRemoved, Step::Land];
    let model = run(&[&POD_IS_LATE[..], &ends, &comes].concat());
    assert_eq!(model.cluster.lock().made, 2, "none came late");
}

#[test]
fn a_pod_that_comes_when_another_attempt_runs_is_stopped() {
    let model = run(&[
        &POD_IS_LATE[..],
        &[Step::Look],
        &FAILS,
        &SEES,
        &[Step::Land],
    ]
    .concat());
    assert_eq!(model.cluster.lock().made, 3, "none came late");
}

#[test]
fn a_pod_of_one_that_leads_no_more_is_stopped() {
    let knows_none = [
        Step::WebhookDown,
        Step::Look,
        Step::WebhookUp,
        Step::Restart,
        Step::HandOver,
    ];
    let goes_on = [&SEES[..], &FAILS, &SEES].concat();
    let model = run(&[&knows_none[..], &goes_on, &[Step::LookOfBefore]].concat());
    assert_eq!(model.cluster.lock().made, 3, "the one before made none");
}

#[tokio::test]
async fn one_that_stood_still_writes_and_tells_nothing() {
    let mut model = Model::start();
    for step in [Step::Look, Step::PodRuns, Step::TellPods] {
        model.step(step).await;
    }
    let done = |model: &Model| {
        let told = model.control_plane.0.events.lock().unwrap().len();
        (model.cluster.lock().calls, told)
    };
    let before = done(&model);
    model.stand_still();
    model.step(Step::Look).await;
    assert_eq!(done(&model), before);

    model.step(Step::Restart).await;
    model.step(Step::Look).await;
    let after = done(&model);
    assert!(
        after.0 > before.0 && after.1 > before.1,
        "nothing was left to do"
    );
}

/// That an attempt failed was told and not written: another executor would begin it anew, beside the next one.
#[test]
fn the_next_attempt_has_no_pod_before_the_status_says_so() {
    let fails = [
        Step::Look,
        Step::PodFails,
        Step::TellPods,
        Step::Fault(Fault::Throttled),
        Step::Look,
        Step::PodsAreEvicted,
        Step::PodsAreRemoved,
        Step::TellPods,
    ];
    // Killed before the answer to whatever it asks for then.
    for waits in 1..12 {
        let killed = [Step::TellAction, Step::Look, Step::Kill(waits)];
        run(&[&fails[..], &killed, &[Step::Time(30)], &SEES, &SEES].concat());
    }
    let killed = [Step::TellAction, Step::Look, Step::Restart, Step::Look];
    let model = run(&[&fails[..], &killed, &[Step::Time(30)], &SEES].concat());
    assert_eq!(model.cluster.lock().made, 2);
}

#[test]
fn a_task_that_says_an_error_and_ends_well_has_failed() {
    let told = |steps: &[Step]| {
        let model = run(steps);
        let taken = model.control_plane.0.events.lock().unwrap().clone();
        taken
            .into_iter()
            .map(|(attempt, phase, _)| (attempt, phase))
            .filter(|(_, phase)| *phase as i32 >= ActionPhase::Succeeded as i32)
            .collect::<Vec<_>>()
    };
    let ends = [Step::PodSucceeds, Step::TellPods, Step::Look];
    let says = [&[Step::Look, Step::PodSaysError], &ends[..]].concat();
    let (failed, succeeded) = (ActionPhase::Failed, ActionPhase::Succeeded);
    assert_eq!(told(&says), [(1, failed), (2, succeeded)]);
    // Also when nobody heard at first that it was made, and the store does not answer for a while.
    let late = [
        &POD_IS_LATE[..],
        &[
            Step::Land,
            Step::PodSaysError,
            Step::StoreAway,
            Step::PodSucceeds,
        ],
        &[Step::Look, Step::Time(30), Step::StoreBack, Step::Look],
    ]
    .concat();
    assert_eq!(told(&late), [(1, failed), (2, succeeded)]);
    // What a pod said that nobody ever saw end is not the next one's.
    let vanishes = [
        &[Step::Look, Step::TellPods, Step::PodSaysError],
        &[Step::PodsAreEvicted, Step::PodsAreRemoved, Step::TellPods][..],
        &[Step::Look, Step::Time(30), Step::Look],
        &ends,
    ]
    .concat();
    assert_eq!(told(&vanishes), [(1, succeeded)]);
}
