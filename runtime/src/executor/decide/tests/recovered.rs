//! Actions that another run did.

use super::*;

fn recovered() -> Recovered {
    Recovered {
        run: Some("before".parse().unwrap()),
        outputs: Some("s3://acme-metadata/before/a5/2/outputs.pb".to_owned()),
        attempt: NonZeroU32::new(2).unwrap(),
        cache_status: 3,
    }
}

#[test]
fn what_another_run_did_ends_as_it_did_there() {
    let mut case = case(core::TaskMetadata::default());
    case.recovered = Some(recovered());
    case.finalizer = false;
    case.expect(&Step::AddFinalizer, &[]);
    case.finalizer = true;
    let decision = case.expect(&Step::Continue, &[(Phase::Recovered, 2, 0)]);
    let told = &decision.transitions[0];
    assert_eq!(told.outputs(), recovered().outputs);
    assert_eq!(told.report(), None);
    assert_eq!(
        case.conditions(),
        [
            ("Progressing", ("False", "Recovered")),
            ("Succeeded", ("True", "Recovered"))
        ]
        .into()
    );
    assert_eq!((case.status.attempts, case.status.cache_status), (2, 3));
    assert!(case.status.conditions[0].message.contains("before"));
    case.expect(&Step::Finish, &[]);
}

/// Of one that left nothing, whatever its resource asks for besides.
#[test]
fn nothing_of_it_is_looked_at() {
    let mut case = case(core::TaskMetadata::default());
    case.recovered = Some(Recovered {
        outputs: None,
        ..recovered()
    });
    case.subject = Err(Refusal {
        phase: Phase::InvalidSpec,
        message: "the action is no task".to_owned(),
    });
    let decision = case.expect(&Step::Continue, &[(Phase::Recovered, 2, 0)]);
    assert_eq!(decision.transitions[0].outputs(), None);
    assert_eq!(case.status.error_state, None);
}

/// An executor that does not know of recovery began it, perhaps.
#[test]
fn what_has_begun_is_ended_here() {
    let mut case = Case::running_with(core::TaskMetadata::default());
    case.recovered = Some(recovered());
    case.sees(pod("uid-1", RUNNING)).expect(&Step::Rest, &[]);
}
