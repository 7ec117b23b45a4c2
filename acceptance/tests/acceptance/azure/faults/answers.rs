//! Azure answers with errors that pass, with errors that stay, or not at all.

use acceptance::azure::Answer;
use anyhow::{Result, ensure};

use super::{
    ALWAYS, FINISH, KINDS, assert_half_made, assert_nothing_left, assert_whole, bench, fault,
    one_of_each, one_of_each_in_peace, said, said_of,
};
use crate::faults::in_state;

const DENIED: Answer = Answer::Error {
    status: 403,
    code: "AuthorizationFailed",
    message: "The client does not have authorization to perform the action.",
};

#[test]
fn outages_and_throttling_that_pass_are_not_noticed() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each_in_peace(&bench)?;
    for kind in &KINDS {
        fault(&bench, kind.create, 0..1, &Answer::Unavailable)?;
        fault(
            &bench,
            kind.create,
            1..2,
            &Answer::Throttled { retry_after: 1 },
        )?;
    }
    terraform.apply()?;
    let calls = bench.subscription.take_calls()?;
    for kind in &KINDS {
        let statuses = |status: u16| {
            let made = calls.iter().filter(|call| call.operation == kind.create);
            made.filter(|call| call.status == status).count()
        };
        ensure!(
            (statuses(503), statuses(429)) == (1, 1),
            "{}: {} of 503, {} of 429",
            kind.create,
            statuses(503),
            statuses(429)
        );
    }
    bench.subscription.clear_faults()?;
    assert_whole(&bench, &terraform)?;

    for kind in &KINDS {
        fault(
            &bench,
            kind.read,
            0..1,
            &Answer::Throttled { retry_after: 1 },
        )?;
        fault(&bench, kind.delete, 0..1, &Answer::Unavailable)?;
    }
    terraform
        .plan()?
        .assert_empty("a plan while reads are throttled")?;
    terraform.destroy()?;
    bench.subscription.clear_faults()?;
    assert_nothing_left(&bench)
}

#[test]
fn an_outage_that_stays_is_told_and_the_next_apply_goes_on() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each(&bench)?;
    for kind in &KINDS {
        fault(&bench, kind.create, ALWAYS, &Answer::Unavailable)?;
    }
    let said = said(&terraform)?;
    for kind in &KINDS {
        let text = said_of(&said, kind.resource)?;
        for part in [kind.object, kind.create, "ServerBusy"] {
            ensure!(text.contains(part), "no {part} in: {text}");
        }
    }
    bench.subscription.clear_faults()?;
    assert_nothing_left(&bench)?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}

#[test]
fn a_lost_answer_of_a_create_is_not_noticed() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each_in_peace(&bench)?;
    for kind in &KINDS {
        fault(&bench, kind.create, 0..1, &Answer::Lost)?;
    }
    terraform.apply()?;
    bench.subscription.clear_faults()?;
    assert_whole(&bench, &terraform)?;
    terraform.destroy()?;
    assert_nothing_left(&bench)
}

#[test]
fn what_was_made_without_any_answer_is_continued_by_the_next_apply() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each(&bench)?;
    for kind in &KINDS {
        fault(&bench, kind.create, ALWAYS, &Answer::Lost)?;
    }
    let said = said(&terraform)?;
    for kind in &KINDS {
        let text = said_of(&said, kind.resource)?;
        for part in [kind.object, kind.create, "then repeat"] {
            ensure!(text.contains(part), "no {part} in: {text}");
        }
    }
    let (tainted, whole) = in_state(&terraform)?;
    ensure!(
        tainted.is_empty() && whole.is_empty(),
        "{tainted:?} {whole:?}"
    );
    bench.subscription.clear_faults()?;
    assert_half_made(&bench)?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)?;
    terraform.destroy()?;
    assert_nothing_left(&bench)
}

#[test]
fn a_missing_permission_fails_at_once_and_is_named() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each(&bench)?;
    for kind in &KINDS {
        fault(&bench, kind.create, ALWAYS, &DENIED)?;
    }
    let said = said(&terraform)?;
    let calls = bench.subscription.take_calls()?;
    for kind in &KINDS {
        let text = said_of(&said, kind.resource)?;
        for part in [
            kind.object,
            "AuthorizationFailed",
            &format!("grant {}", kind.create),
        ] {
            ensure!(text.contains(part), "no {part} in: {text}");
        }
        let refused = calls.iter().filter(|call| call.operation == kind.create);
        ensure!(refused.count() == 1, "{} was repeated", kind.create);
    }
    bench.subscription.clear_faults()?;
    assert_nothing_left(&bench)
}

#[test]
fn a_missing_permission_in_the_middle_taints_and_the_next_apply_mends() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each_in_peace(&bench)?;
    for operation in FINISH {
        fault(&bench, operation, ALWAYS, &DENIED)?;
    }
    let said = said(&terraform)?;
    for kind in &KINDS {
        let text = said_of(&said, kind.resource)?;
        ensure!(
            text.contains("grant ") && text.contains("AuthorizationFailed"),
            "{text}"
        );
    }
    let (tainted, whole) = in_state(&terraform)?;
    ensure!(
        tainted.len() == KINDS.len() && whole.is_empty(),
        "{tainted:?} {whole:?}"
    );
    bench.subscription.clear_faults()?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}
