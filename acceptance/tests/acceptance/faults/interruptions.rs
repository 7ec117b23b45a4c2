//! Terraform is interrupted or killed, or the provider is, at a moment that the test knows.

use acceptance::{
    aws::{Answer, Gate},
    process::{self, Signal},
    terraform::Applying,
    wait,
};
use anyhow::{Result, ensure};

use super::{
    KINDS, Kind, LIMIT, assert_nothing_left, assert_whole, in_state, inventory, one_of_each,
};
use crate::bench::Bench;

/// Holds the last call of every create: all is made, and nothing finished.
fn hold_finish(bench: &Bench) -> Gate {
    hold(bench, |kind| kind.finish)
}

fn hold(bench: &Bench, operation: fn(&Kind) -> &'static str) -> Gate {
    let gate = Gate::default();
    for kind in &KINDS {
        kind.fault(
            &bench.front,
            operation(kind),
            0..usize::MAX,
            Answer::Held(gate.clone()),
        );
    }
    gate
}

fn assert_half_made(bench: &Bench) -> Result<()> {
    let found = inventory(bench)?;
    ensure!(found.len() == KINDS.len(), "not one of each: {found:#?}");
    for (name, tags) in found {
        ensure!(
            tags.to_string().contains("dataplane:creating"),
            "{name}: {tags}"
        );
    }
    Ok(())
}

#[test]
fn a_killed_apply_is_continued() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = one_of_each(&bench)?;
    let gate = hold_finish(&bench);
    let applying = terraform.start_apply()?;
    gate.until_held(KINDS.len(), LIMIT)?;
    applying.kill()?;
    bench.front.clear_faults();
    assert_half_made(&bench)?;
    // The lock was the process's own, so nobody has to break it.
    terraform.apply()?;
    assert_whole(&bench, &terraform)?;
    terraform.destroy()?;
    assert_nothing_left(&bench)
}

#[test]
fn a_provider_that_is_killed_takes_nothing_with_it() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = one_of_each(&bench)?;
    let gate = hold_finish(&bench);
    let applying = terraform.start_apply()?;
    gate.until_held(KINDS.len(), LIMIT)?;
    process::signal(applying.provider()?, Signal::Kill)?;
    let printed = failed(applying)?;
    ensure!(printed.contains("Plugin did not respond"), "{printed}");
    bench.front.clear_faults();
    assert_half_made(&bench)?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)?;
    let left: Vec<_> = terraform.temporary().read_dir()?.collect();
    ensure!(left.is_empty(), "the killed one's socket stays: {left:?}");
    Ok(())
}

#[test]
fn an_interrupted_apply_finishes_or_keeps_what_it_has_begun() -> Result<()> {
    let bench = Bench::aws()?;
    let terraform = one_of_each(&bench)?;
    let gate = hold_finish(&bench);
    let mut applying = terraform.start_apply()?;
    gate.until_held(KINDS.len(), LIMIT)?;
    applying.interrupt()?;
    applying.until_printed("Interrupt received", LIMIT)?;
    gate.open();
    let printed = failed(applying)?;
    ensure!(!printed.contains("panic"), "{printed}");
    bench.front.clear_faults();
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
    let bench = Bench::aws()?;
    let terraform = one_of_each(&bench)?;
    let absent = Answer::Error {
        status: 404,
        code: "NoSuchEntity",
        message: "The role with name faults cannot be found.",
    };
    for kind in KINDS.iter().filter(|kind| kind.create == "CreateRole") {
        kind.fault(&bench.front, "PutRolePolicy", 0..usize::MAX, absent.clone());
    }
    let mut applying = terraform.start_apply()?;
    wait::until("the others", LIMIT, || {
        let printed = applying.printed();
        Ok((printed.matches("Creation complete").count() == KINDS.len() - 1).then_some(()))
    })?;
    applying.interrupt()?;
    applying.until_printed("Interrupt received", LIMIT)?;
    let printed = failed(applying)?;
    ensure!(
        printed.contains("interrupted") || printed.contains("stopped"),
        "{printed}"
    );
    let (tainted, whole) = in_state(&terraform)?;
    ensure!(
        tainted.len() == 1 && whole.len() == KINDS.len() - 1,
        "{tainted:?} {whole:?}"
    );
    bench.front.clear_faults();
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}

/// What an apply printed that must have failed.
fn failed(applying: Applying) -> Result<String> {
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(!succeeded, "the apply succeeded:\n{printed}");
    Ok(printed)
}
