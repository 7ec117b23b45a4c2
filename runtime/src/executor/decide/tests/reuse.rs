//! Results of earlier tasks.

use super::*;

fn cached(serializable: bool) -> Case {
    let mut case = case(core::TaskMetadata {
        discoverable: true,
        discovery_version: "1".to_owned(),
        cache_serializable: serializable,
        ..core::TaskMetadata::default()
    });
    case.cache = true;
    case
}

fn cache_status(case: &Case) -> u32 {
    case.status.cache_status
}

#[test]
fn a_result_of_an_earlier_task_is_used() {
    let mut case = cached(false);
    case.expect(&Step::AskCache(NonZeroU32::MIN), &[]);
    case.reused = Some(Reused::Done);
    let decision = case.expect(
        &Step::Continue,
        &[(Phase::Queued, 1, 0), (Phase::Succeeded, 1, 0)],
    );
    assert_eq!(
        decision.transitions[1].cache,
        core::CatalogCacheStatus::CacheHit
    );
    assert_eq!(cache_status(&case), 2);
    case.expect(&Step::Finish, &[]);
}

#[test]
fn a_result_that_is_missed_is_kept() {
    let mut case = cached(true);
    case.reused = Some(Reused::Run(core::CatalogCacheStatus::CacheMiss));
    case.expect(&create(1), &[(Phase::Queued, 1, 0)]);
    assert_eq!(cache_status(&case), 1);
    let decision = case
        .sees(pod("uid-1", RUNNING))
        .expect(&Step::StayReserved, &[(Phase::Executing, 1, 0)]);
    assert_eq!(decision.again, Some(Duration::from_secs(10)));
    case.sees(pod("uid-1", Observation::Succeeded));
    case.outcome = Some(Ok(()));
    case.expect(&Step::KeepResult(NonZeroU32::MIN), &[]);
    case.kept = Some(core::CatalogCacheStatus::CachePopulated);
    case.expect(&Step::Continue, &[(Phase::Succeeded, 1, 0)]);
    assert_eq!(cache_status(&case), 3);
}

#[test]
fn a_failed_result_is_not_kept() {
    let mut case = cached(false);
    case.sees(pod("uid-1", Observation::Succeeded));
    case.outcome = Some(Err(failure(Retry::No)));
    let told = &[
        (Phase::Queued, 1, 0),
        (Phase::Executing, 1, 0),
        (Phase::PermanentFailure, 1, 0),
    ];
    case.expect(&Step::Continue, told);
}

#[test]
fn a_result_that_another_computes_is_waited_for() {
    let mut case = cached(true);
    case.reused = Some(Reused::Wait {
        owner: "fraud-staging/r6-a0".to_owned(),
    });
    let told = &[(Phase::Queued, 1, 0), (Phase::Queued, 1, 1)];
    let decision = case.expect(&Step::Rest, told);
    assert_eq!(decision.again, Some(Duration::from_secs(10)));
    case.expect(&Step::Rest, &[]);
}
