//! Terraform is interrupted or killed, or the provider is, at a moment that the test knows.

use std::time::Duration;

use acceptance::{
    azure::{Answer, Gate},
    process::{self, Signal},
    wait,
};
use anyhow::{Result, ensure};

use super::{
    ALWAYS, FINISH, KINDS, LIMIT, assert_half_made, assert_nothing_left, assert_whole, bench,
    fault, one_of_each, one_of_each_in_peace,
};
use crate::{azure::bench::Bench, faults::in_state};

/// An apply that is stopped has ended by then, and whatever it waits for has not.
const SOON: Duration = Duration::from_mins(1);

/// Holds the last call of every create: all is made, and nothing finished.
fn hold_finish(bench: &Bench) -> Result<Gate> {
    let gate = bench.subscription.gate();
    for operation in FINISH {
        fault(bench, operation, ALWAYS, &Answer::Held(gate.clone()))?;
    }
    Ok(gate)
}

#[test]
fn a_killed_apply_is_continued() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each(&bench)?;
    let gate = hold_finish(&bench)?;
    let applying = terraform.start_apply()?;
    gate.until_held(KINDS.len() as u64, LIMIT)?;
    applying.kill()?;
    bench.subscription.clear_faults()?;
    assert_half_made(&bench)?;
    // The lock was the process's own, so nobody has to break it.
    terraform.apply()?;
    assert_whole(&bench, &terraform)?;
    terraform.destroy()?;
    assert_nothing_left(&bench)
}

#[test]
fn a_provider_that_is_killed_takes_nothing_with_it() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each(&bench)?;
    let gate = hold_finish(&bench)?;
    let applying = terraform.start_apply()?;
    gate.until_held(KINDS.len() as u64, LIMIT)?;
    process::signal(applying.provider()?, Signal::Kill)?;
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(
        !succeeded && printed.contains("Plugin did not respond"),
        "{printed}"
    );
    bench.subscription.clear_faults()?;
    assert_half_made(&bench)?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)?;
    let left: Vec<_> = terraform.temporary().read_dir()?.collect();
    ensure!(left.is_empty(), "the killed one's socket stays: {left:?}");
    Ok(())
}

#[test]
fn an_interrupted_apply_finishes_or_keeps_what_it_has_begun() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each_in_peace(&bench)?;
    let gate = hold_finish(&bench)?;
    let mut applying = terraform.start_apply()?;
    gate.until_held(KINDS.len() as u64, LIMIT)?;
    applying.interrupt()?;
    applying.until_printed("Interrupt received", LIMIT)?;
    gate.open()?;
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(!succeeded && !printed.contains("panic"), "{printed}");
    bench.subscription.clear_faults()?;
    let (tainted, whole) = in_state(&terraform)?;
    ensure!(
        tainted.len() + whole.len() == KINDS.len(),
        "lost: {tainted:?} {whole:?}"
    );
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}

#[test]
fn an_interrupt_ends_a_wait_and_keeps_what_was_waited_for() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each_in_peace(&bench)?;
    let unknown = Answer::Error {
        status: 400,
        code: "PrincipalNotFound",
        message: "Principal does not exist in the directory.",
    };
    let assign = "Microsoft.Authorization/roleAssignments/write";
    fault(&bench, assign, ALWAYS, &unknown)?;
    let mut applying = terraform.start_apply()?;
    wait::until("the others", LIMIT, || {
        let printed = applying.printed();
        Ok((printed.matches("Creation complete").count() == KINDS.len() - 1).then_some(()))
    })?;
    let refused = || -> Result<usize> {
        let calls = bench.subscription.take_calls()?.into_iter();
        Ok(calls
            .filter(|call| call.operation == assign && call.status == 400)
            .count())
    };
    wait::until("a refusal", LIMIT, || Ok((refused()? > 0).then_some(())))?;
    applying.interrupt()?;
    applying.until_printed("Interrupt received", LIMIT)?;
    let (succeeded, printed) = applying.finish(SOON)?;
    ensure!(!succeeded && printed.contains("interrupted"), "{printed}");
    let (tainted, whole) = in_state(&terraform)?;
    ensure!(
        tainted.len() == 1
            && tainted.contains("dataplane_role.this")
            && whole.len() == KINDS.len() - 1,
        "{tainted:?} {whole:?}"
    );
    bench.subscription.clear_faults()?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}

/// Azure says when to come back; nobody comes back earlier, and nobody who is stopped waits for it.
#[test]
fn an_interrupt_ends_the_pause_that_azure_asked_for() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each_in_peace(&bench)?;
    let busy = Answer::Throttled { retry_after: 240 };
    for kind in &KINDS {
        fault(&bench, kind.create, ALWAYS, &busy)?;
    }
    let mut applying = terraform.start_apply()?;
    let mut refused = 0;
    wait::until("one refusal of each", LIMIT, || {
        let calls = bench.subscription.take_calls()?.into_iter();
        refused += calls.filter(|call| call.status == 429).count();
        Ok((refused >= KINDS.len()).then_some(()))
    })?;
    applying.interrupt()?;
    applying.until_printed("Interrupt received", LIMIT)?;
    let (succeeded, printed) = applying.finish(SOON)?;
    ensure!(
        !succeeded && printed.contains("interrupted after"),
        "{printed}"
    );
    assert_eq!(refused, KINDS.len());
    assert_eq!(bench.subscription.take_calls()?, []);
    assert_nothing_left(&bench)?;
    bench.subscription.clear_faults()?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}
