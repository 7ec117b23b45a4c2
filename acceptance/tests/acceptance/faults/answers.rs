//! The cloud answers with errors that pass, with errors that stay, or not at all.

use std::collections::BTreeMap;

use acceptance::{aws::Answer, terraform::Diagnostic};
use anyhow::{Context as _, Result, ensure};

use super::{
    KINDS, assert_nothing_left, assert_whole, in_state, one_of_each, one_of_each_in_peace,
};
use crate::bench::Bench;

const NO_ROLE: Answer = Answer::Error {
    status: 404,
    code: "NoSuchEntity",
    message: "The role with name faults cannot be found.",
};

const DENIED: Answer = Answer::Error {
    status: 403,
    code: "AccessDenied",
    message: "Access Denied",
};

fn by_address(diagnostics: Vec<Diagnostic>) -> BTreeMap<String, String> {
    diagnostics
        .into_iter()
        .map(|found| {
            (
                found.address,
                format!("{}\n{}", found.summary, found.detail),
            )
        })
        .collect()
}

/// The calls that a fault answered, by operation.
fn answered_wrongly(bench: &Bench, statuses: &[u16]) -> Vec<String> {
    let calls = bench.front.take_calls().into_iter();
    calls
        .filter(|call| statuses.contains(&call.status))
        .map(|call| call.operation)
        .collect()
}

#[test]
fn outages_and_throttling_that_pass_are_not_noticed() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = one_of_each_in_peace(&bench)?;
    for kind in &KINDS {
        kind.fault(&bench.front, kind.create, 0..1, Answer::Unavailable);
        kind.fault(&bench.front, kind.create, 1..2, Answer::Throttled);
    }
    terraform.apply()?;
    let wrong = answered_wrongly(&bench, &[503, 400]);
    for kind in &KINDS {
        ensure!(
            wrong.iter().filter(|name| *name == kind.create).count() == 2,
            "{}: {wrong:?}",
            kind.create
        );
    }
    bench.front.clear_faults();
    assert_whole(&bench, &terraform)?;

    for kind in &KINDS {
        kind.fault(&bench.front, kind.read, 0..1, Answer::Throttled);
        kind.fault(&bench.front, kind.delete, 0..1, Answer::Unavailable);
    }
    terraform
        .plan()?
        .assert_empty("a plan while reads are throttled")?;
    terraform.destroy()?;
    bench.front.clear_faults();
    assert_nothing_left(&bench)
}

#[test]
fn an_outage_that_stays_is_told_and_the_next_apply_goes_on() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = one_of_each_in_peace(&bench)?;
    for kind in &KINDS {
        kind.fault(
            &bench.front,
            kind.create,
            0..usize::MAX,
            Answer::Unavailable,
        );
    }
    let said = by_address(terraform.diagnostics("apply")?);
    for kind in &KINDS {
        let text = said
            .get(kind.resource)
            .with_context(|| format!("{} is not told of", kind.resource))?;
        for part in [
            kind.object,
            kind.created_by,
            "ServiceUnavailable",
            "request id acceptance-fault",
            "then repeat",
        ] {
            ensure!(text.contains(part), "no {part} in: {text}");
        }
    }
    bench.front.clear_faults();
    assert_nothing_left(&bench)?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}

#[test]
fn a_lost_answer_of_a_create_is_not_noticed() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = one_of_each_in_peace(&bench)?;
    for kind in &KINDS {
        kind.fault(&bench.front, kind.create, 0..1, Answer::Lost);
    }
    terraform.apply()?;
    bench.front.clear_faults();
    assert_whole(&bench, &terraform)?;
    terraform.destroy()?;
    assert_nothing_left(&bench)
}

#[test]
fn what_was_made_without_any_answer_is_continued_by_the_next_apply() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = one_of_each_in_peace(&bench)?;
    for kind in &KINDS {
        kind.fault(&bench.front, kind.create, 0..usize::MAX, Answer::Lost);
    }
    let said = by_address(terraform.diagnostics("apply")?);
    for kind in &KINDS {
        let text = said
            .get(kind.resource)
            .with_context(|| format!("{} is not told of", kind.resource))?;
        for part in [kind.object, kind.created_by] {
            ensure!(text.contains(part), "no {part} in: {text}");
        }
    }
    let (tainted, whole) = in_state(&terraform)?;
    ensure!(
        tainted.is_empty() && whole.is_empty(),
        "{tainted:?} {whole:?}"
    );
    bench.front.clear_faults();
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}

#[test]
fn a_role_that_is_not_there_yet_is_waited_for() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = one_of_each_in_peace(&bench)?;
    let role = KINDS
        .iter()
        .find(|kind| kind.create == "CreateRole")
        .context("the role")?;
    for operation in ["GetRole", "PutRolePolicy", "UntagRole"] {
        role.fault(&bench.front, operation, 0..2, NO_ROLE);
    }
    terraform.apply()?;
    let waited = answered_wrongly(&bench, &[404]);
    for operation in ["GetRole", "PutRolePolicy", "UntagRole"] {
        ensure!(
            waited.iter().any(|name| name == operation),
            "{operation}: {waited:?}"
        );
    }
    bench.front.clear_faults();
    assert_whole(&bench, &terraform)
}

#[test]
fn a_missing_permission_fails_at_once_and_is_named() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = one_of_each(&bench)?;
    for kind in &KINDS {
        kind.fault(&bench.front, kind.create, 0..usize::MAX, DENIED);
    }
    let said = by_address(terraform.diagnostics("apply")?);
    let refused = answered_wrongly(&bench, &[403]);
    for kind in &KINDS {
        let text = said
            .get(kind.resource)
            .with_context(|| format!("{} is not told of", kind.resource))?;
        for part in [
            kind.object,
            "AccessDenied",
            "request id acceptance-fault",
            &format!("grant {}", kind.created_by),
        ] {
            ensure!(text.contains(part), "no {part} in: {text}");
        }
        ensure!(
            refused.iter().filter(|name| *name == kind.create).count() == 1,
            "{}: {refused:?}",
            kind.create
        );
    }
    bench.front.clear_faults();
    assert_nothing_left(&bench)
}

#[test]
fn a_missing_permission_in_the_middle_taints_and_the_next_apply_mends() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = one_of_each_in_peace(&bench)?;
    for kind in &KINDS {
        kind.fault(&bench.front, kind.finish, 0..usize::MAX, DENIED);
    }
    let said = by_address(terraform.diagnostics("apply")?);
    let refused = answered_wrongly(&bench, &[403]);
    ensure!(
        refused.len() == KINDS.len(),
        "a permanent error was repeated: {refused:?}"
    );
    for kind in &KINDS {
        let text = said
            .get(kind.resource)
            .with_context(|| format!("{} is not told of", kind.resource))?;
        ensure!(
            text.contains("grant ") && text.contains("AccessDenied"),
            "{text}"
        );
    }
    let (tainted, whole) = in_state(&terraform)?;
    ensure!(
        tainted.len() == KINDS.len() && whole.is_empty(),
        "{tainted:?} {whole:?}"
    );
    bench.front.clear_faults();
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}
