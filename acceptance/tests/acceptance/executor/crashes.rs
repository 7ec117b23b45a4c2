//! The executor is killed at whatever step, or another takes over: no pod twice, no transition lost.

mod every_call;

use std::time::{Duration, Instant};

use acceptance::{flyte::Task, wait};
use anyhow::{Result, ensure};
use serde_json::json;

use super::{LIMIT, World, assert_told};

/// Steps that take long enough for a crash to fall between any two.
fn task() -> Task {
    Task::new("crashed").returning("o0").retries(1).attempt(&json!([
        { "run": true }, { "sleep": 0.3 }, { "error": { "code": "X", "message": "once more", "kind": "RECOVERABLE" } }, { "exit": 1 },
    ])).attempt(&json!([{ "run": true }, { "sleep": 0.3 }, { "outputs": { "o0": 1 } }, { "exit": 0 }]))
}

/// Runs that are under way when the executor is killed.
const RUNS: usize = 6;

const TOLD: [&str; 4] = ["1 QUEUED", "1 FAILED", "2 QUEUED", "2 SUCCEEDED"];

#[test]
fn an_executor_that_is_killed_again_and_again_loses_nothing() -> Result<()> {
    let world = World::new()?;
    for number in 0..RUNS {
        world.project.run(&format!("r{number}"), &task())?;
    }
    // Different each time, and the same in every run of the test.
    let lives = [350, 120, 610, 240, 480, 90, 730, 300, 180, 560];
    for milliseconds in lives {
        let executor = world.executor()?;
        let until = Instant::now() + Duration::from_millis(milliseconds);
        wait::until("the next crash", LIMIT, || {
            Ok((Instant::now() > until).then_some(()))
        })?;
        executor.kill()?;
    }
    let _executor = world.executor()?;
    for number in 0..RUNS {
        let ended = world.project.ended(&format!("r{number}"), LIMIT)?;
        assert_told(&ended, &TOLD)?;
    }
    world.assert_no_pod_was_made_twice()
}

#[test]
fn one_of_two_works_and_the_other_takes_over() -> Result<()> {
    let world = World::new()?;
    let first = world.installation.start("executor-a")?;
    world.installation.until_led_by("executor-a")?;
    let second = world.installation.start("executor-b")?;
    for number in 0..4 {
        world.project.run(&format!("r{number}"), &task())?;
    }
    world
        .project
        .until("a first attempt", "r0", "a0", LIMIT, |action| {
            !action.events.is_empty()
        })?;
    // Asked to end, it hands the Lease on at once.
    let since = Instant::now();
    first.stop()?;
    world.installation.until_led_by("executor-b")?;
    ensure!(
        since.elapsed() < Duration::from_secs(10),
        "the hand-over took {:?}",
        since.elapsed()
    );
    for number in 4..6 {
        world.project.run(&format!("r{number}"), &task())?;
    }
    for number in 0..6 {
        let ended = world.project.ended(&format!("r{number}"), LIMIT)?;
        assert_told(&ended, &TOLD)?;
    }
    world.assert_no_pod_was_made_twice()?;
    drop(second);
    Ok(())
}

#[test]
fn after_a_crash_the_other_one_takes_over() -> Result<()> {
    let world = World::new()?;
    let first = world.installation.start("executor-a")?;
    world.installation.until_led_by("executor-a")?;
    let _second = world.installation.start("executor-b")?;
    for number in 0..4 {
        world.project.run(&format!("r{number}"), &task())?;
    }
    world
        .project
        .until("a first attempt", "r0", "a0", LIMIT, |action| {
            !action.events.is_empty()
        })?;
    first.kill()?;
    world.installation.until_led_by("executor-b")?;
    for number in 0..4 {
        let ended = world.project.ended(&format!("r{number}"), LIMIT)?;
        assert_told(&ended, &TOLD)?;
    }
    world.assert_no_pod_was_made_twice()
}
