//! Terraform is interrupted or killed, at a moment that the test knows.

use std::path::Path;

use acceptance::{
    azure::{Answer, Gate},
    wait,
};
use anyhow::{Result, ensure};
use serde_json::Value;

use super::{
    ALWAYS, FINISH, KINDS, LIMIT, assert_nothing_left, assert_whole, bench, fault, inventory,
    one_of_each, one_of_each_in_peace,
};
use crate::azure::bench::Bench;

/// Holds the last call of every create: all is made, and nothing finished.
fn hold_finish(bench: &Bench) -> Result<Gate> {
    let gate = bench.subscription.gate();
    for operation in FINISH {
        fault(bench, operation, ALWAYS, &Answer::Held(gate.clone()))?;
    }
    Ok(gate)
}

fn assert_half_made(bench: &Bench) -> Result<()> {
    let found = inventory(bench)?;
    ensure!(found.len() == KINDS.len(), "not one of each: {found:#?}");
    for (name, tags) in found {
        ensure!(tags["dataplane:creating"] != Value::Null, "{name}: {tags}");
    }
    Ok(())
}

#[test]
fn a_killed_apply_is_continued() -> Result<()> {
    let bench = bench()?;
    let terraform = one_of_each(&bench)?;
    let gate = hold_finish(&bench)?;
    let applying = terraform.start_apply()?;
    gate.until_held(KINDS.len() as u64, LIMIT)?;
    let provider = applying.provider()?;
    applying.kill()?;
    wait::until("the end of the provider", LIMIT, || {
        Ok((!Path::new(&format!("/proc/{provider}")).exists()).then_some(()))
    })?;
    bench.subscription.clear_faults()?;
    assert_half_made(&bench)?;
    // The lock was the process's own, so nobody has to break it.
    terraform.apply()?;
    assert_whole(&bench, &terraform)?;
    terraform.destroy()?;
    assert_nothing_left(&bench)
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
    let state = terraform.state()?;
    let kept = state["values"]["root_module"]["resources"].as_array();
    assert_eq!(kept.map(Vec::len), Some(KINDS.len()));
    terraform.apply()?;
    assert_whole(&bench, &terraform)
}
