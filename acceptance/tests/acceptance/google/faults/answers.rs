//! The cloud answers with errors that pass, with errors that stay, or not at all.

use acceptance::google::Answer;
use anyhow::{Result, ensure};

use super::{
    KINDS, assert_half_made, assert_nothing_left, assert_whole, fault, in_state, one_of_each,
    said_of,
};
use crate::google::bench::Bench;

#[test]
fn outages_and_throttling_that_pass_are_not_noticed() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = one_of_each(&bench)?;
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
    let calls = bench.project.take_calls()?;
    for kind in &KINDS {
        let made = calls.iter().filter(|call| call.method == kind.create);
        let statuses: Vec<u16> = made.map(|call| call.status).collect();
        assert_eq!(statuses, [503, 429, 200], "{}", kind.create);
    }
    bench.project.clear_faults()?;
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
    bench.project.clear_faults()?;
    assert_nothing_left(&bench)
}

#[test]
fn an_outage_that_stays_is_told_and_the_next_apply_goes_on() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = one_of_each(&bench)?;
    for kind in &KINDS {
        fault(&bench, kind.create, 0..usize::MAX, &Answer::Unavailable)?;
    }
    let said = terraform.diagnostics("apply")?;
    for kind in &KINDS {
        let text = said_of(&said, kind.resource)?;
        for part in [
            "faults",
            &kind.created_by(),
            "request id acceptance-fault",
            "currently unavailable",
            "then repeat",
        ] {
            ensure!(text.contains(part), "no {part} in: {text}");
        }
    }
    bench.project.clear_faults()?;
    assert_nothing_left(&bench)?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}

#[test]
fn a_lost_answer_of_a_create_is_not_noticed() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = one_of_each(&bench)?;
    for kind in &KINDS {
        fault(&bench, kind.create, 0..1, &Answer::Lost)?;
    }
    terraform.apply()?;
    bench.project.clear_faults()?;
    assert_whole(&bench, &terraform)?;
    terraform.destroy()?;
    assert_nothing_left(&bench)
}

#[test]
fn what_was_made_without_any_answer_is_told_and_continued_by_the_next_apply() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = one_of_each(&bench)?;
    for kind in &KINDS {
        fault(&bench, kind.create, 0..usize::MAX, &Answer::Lost)?;
    }
    let said = terraform.diagnostics("apply")?;
    for kind in &KINDS {
        let text = said_of(&said, kind.resource)?;
        ensure!(text.contains("then repeat"), "{text}");
    }
    bench.project.clear_faults()?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)?;
    terraform.destroy()?;
    assert_nothing_left(&bench)
}

#[test]
fn a_missing_permission_is_named_and_nothing_is_made() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = one_of_each(&bench)?;
    let denied = Answer::Denied {
        permission: "acme.things.create",
    };
    for kind in &KINDS {
        fault(&bench, kind.create, 0..usize::MAX, &denied)?;
    }
    let said = terraform.diagnostics("apply")?;
    for kind in &KINDS {
        let text = said_of(&said, kind.resource)?;
        ensure!(text.contains("grant acme.things.create"), "{text}");
    }
    let calls = bench.project.take_calls()?;
    for kind in &KINDS {
        let made = calls.iter().filter(|call| call.method == kind.create);
        assert_eq!(made.count(), 1, "{} was repeated", kind.create);
    }
    bench.project.clear_faults()?;
    assert_nothing_left(&bench)?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}

#[test]
fn a_missing_permission_in_the_middle_taints_and_the_next_apply_mends() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = one_of_each(&bench)?;
    let denied = Answer::Denied {
        permission: "acme.things.update",
    };
    for kind in &KINDS {
        fault(&bench, kind.finish, 0..usize::MAX, &denied)?;
    }
    let said = terraform.diagnostics("apply")?;
    for kind in &KINDS {
        let text = said_of(&said, kind.resource)?;
        ensure!(text.contains("grant acme.things.update"), "{text}");
    }
    let (tainted, whole) = in_state(&terraform)?;
    ensure!(
        tainted.len() == KINDS.len() && whole.is_empty(),
        "{tainted:?} {whole:?}"
    );
    bench.project.clear_faults()?;
    assert_half_made(&bench)?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}
