//! Terraform is interrupted or killed, or the provider is, at a moment that the test knows.

use std::time::Duration;

use acceptance::{
    google::{Answer, Gate},
    process::{self, Signal},
    wait,
};
use anyhow::{Result, ensure};

use super::{
    KINDS, LIMIT, assert_half_made, assert_nothing_left, assert_whole, fault, one_of_each,
};
use crate::google::bench::Bench;

/// Holds the first change after every create: all is made, and nothing finished.
fn hold(bench: &Bench) -> Result<Gate> {
    let gate = bench.project.gate();
    for kind in &KINDS {
        fault(
            bench,
            kind.finish,
            0..usize::MAX,
            &Answer::Held(gate.clone()),
        )?;
    }
    Ok(gate)
}

fn held() -> u64 {
    KINDS.len() as u64
}

#[test]
fn a_killed_apply_is_continued() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = one_of_each(&bench)?;
    let gate = hold(&bench)?;
    let applying = terraform.start_apply()?;
    gate.until_held(held(), LIMIT)?;
    applying.kill()?;
    gate.open()?;
    bench.project.clear_faults()?;
    assert_half_made(&bench)?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)?;
    terraform.destroy()?;
    assert_nothing_left(&bench)
}

#[test]
fn a_provider_that_is_killed_takes_nothing_with_it() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = one_of_each(&bench)?;
    let gate = hold(&bench)?;
    let applying = terraform.start_apply()?;
    gate.until_held(held(), LIMIT)?;
    process::signal(applying.provider()?, Signal::Kill)?;
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(
        !succeeded && printed.contains("Plugin did not respond"),
        "{printed}"
    );
    gate.open()?;
    bench.project.clear_faults()?;
    assert_half_made(&bench)?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)?;
    let left: Vec<_> = terraform.temporary().read_dir()?.collect();
    ensure!(left.is_empty(), "the killed one's socket stays: {left:?}");
    Ok(())
}

#[test]
fn an_interrupted_apply_finishes_or_keeps_what_it_has_begun() -> Result<()> {
    let bench = Bench::google()?;
    let terraform = one_of_each(&bench)?;
    let gate = hold(&bench)?;
    let mut applying = terraform.start_apply()?;
    gate.until_held(held(), LIMIT)?;
    applying.interrupt()?;
    applying.until_printed("Interrupt received", LIMIT)?;
    gate.open()?;
    let (succeeded, printed) = applying.finish(LIMIT)?;
    ensure!(!succeeded && !printed.contains("panic"), "{printed}");
    bench.project.clear_faults()?;
    let state = terraform.state()?;
    let kept = state["values"]["root_module"]["resources"].as_array();
    assert_eq!(kept.map(Vec::len), Some(KINDS.len()), "{printed}");
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}

/// Google says when to come back; nobody comes back earlier, and nobody who is stopped waits for it.
#[test]
fn an_interrupt_ends_the_pause_that_google_asked_for() -> Result<()> {
    const SOON: Duration = Duration::from_mins(1);
    let bench = Bench::google()?;
    let terraform = one_of_each(&bench)?;
    let busy = Answer::Throttled { retry_after: 240 };
    for kind in &KINDS {
        fault(&bench, kind.create, 0..usize::MAX, &busy)?;
    }
    let applying = terraform.start_apply()?;
    let mut refused = 0;
    wait::until("one refusal of each", LIMIT, || {
        let calls = bench.project.take_calls()?.into_iter();
        refused += calls.filter(|call| call.status == 429).count();
        Ok((refused >= KINDS.len()).then_some(()))
    })?;
    applying.interrupt()?;
    let (succeeded, printed) = applying.finish(SOON)?;
    ensure!(
        !succeeded && printed.contains("interrupted after"),
        "{printed}"
    );
    assert_eq!(refused, KINDS.len());
    assert_eq!(bench.project.take_calls()?, []);
    assert_nothing_left(&bench)?;
    bench.project.clear_faults()?;
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}
