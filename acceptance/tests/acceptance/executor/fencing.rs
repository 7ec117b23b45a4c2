//! A leader stands still for longer than its Lease lasts, another takes over, and the first goes on where it was.

use std::time::{Duration, Instant};

use acceptance::{
    flyte::{Action, Event, Task},
    process::{Signal, signal},
    wait,
};
use anyhow::{Result, ensure};
use serde_json::json;

use super::{LIMIT, World, assert_told};

const RUNS: usize = 8;
const TOLD: [&str; 4] = ["1 QUEUED", "1 FAILED", "2 QUEUED", "2 SUCCEEDED"];

#[test]
fn one_that_stood_still_past_its_lease_does_nothing_twice() -> Result<()> {
    let world = World::new()?;
    let gate = |name: &str| format!("{}-{name}", world.project.name);
    let task = Task::new("handed-over")
        .returning("o0")
        .retries(1)
        .attempt(&json!([
            { "run": true }, { "hold": gate("first") },
            { "error": { "code": "X", "message": "once more", "kind": "RECOVERABLE" } }, { "exit": 1 },
        ]))
        .attempt(&json!([{ "run": true }, { "hold": gate("second") }, { "outputs": { "o0": 1 } }, { "exit": 0 }]));
    let first = world.installation.start("executor-a")?;
    world.installation.until_led_by("executor-a")?;
    let _second = world.installation.start("executor-b")?;
    let runs: Vec<String> = (0..RUNS).map(|number| format!("r{number}")).collect();
    for run in &runs {
        world.project.run(run, &task)?;
    }
    for run in &runs {
        world
            .project
            .until("a first attempt", run, "a0", LIMIT, |action| {
                action.phase == "RUNNING"
            })?;
    }
    // These have just begun: some of it is under way when the leader stops.
    let late: Vec<String> = (0..RUNS).map(|number| format!("late{number}")).collect();
    for run in &late {
        world.project.run(run, &task)?;
    }
    signal(first.process.id(), Signal::Stop)?;
    world.flyte.open_gate(&gate("first"))?;
    world.installation.until_led_by("executor-b")?;
    for run in runs.iter().chain(&late) {
        world
            .project
            .until("a second attempt", run, "a0", LIMIT, |action| {
                action.attempts == 2 && action.phase == "RUNNING"
            })?;
    }

    signal(first.process.id(), Signal::Continue)?;
    wait::until("the first one to lead no more", LIMIT, || {
        let leads = first.metric("dataplane_executor_leading")?;
        Ok((leads < 1.0).then_some(()))
    })?;
    // Whatever it was at has come to an end by then.
    let since = Instant::now();
    wait::until("some time", LIMIT, || {
        Ok((since.elapsed() > Duration::from_secs(3)).then_some(()))
    })?;
    let pods = world.pods()?;
    let live = |pod: &&serde_json::Value| {
        let phase = pod["status"]["phase"].as_str().unwrap_or_default();
        phase != "Failed" && phase != "Succeeded"
    };
    let names: Vec<&str> = pods
        .iter()
        .filter(live)
        .filter_map(|pod| pod["metadata"]["name"].as_str())
        .collect();
    ensure!(
        names.len() == 2 * RUNS && names.iter().all(|name| name.ends_with("-1")),
        "these run: {names:?}"
    );
    world.flyte.open_gate(&gate("second"))?;
    for run in &runs {
        let ended = world.project.ended(run, LIMIT)?;
        assert_told(&ended, &TOLD)?;
        ensure!(ended.phase == "SUCCEEDED", "{ended:?}");
    }
    for run in &late {
        let mut ended = world.project.ended(run, LIMIT)?;
        ensure!(ended.phase == "SUCCEEDED", "{ended:?}");
        forget_what_was_under_way(&mut ended);
        assert_told(&ended, &TOLD)?;
    }
    world.assert_no_pod_was_made_twice()
}

/// Without the one event that had been handed to the connection when the first leader stopped: it arrives when that goes
/// on, after the next leader told the same.
fn forget_what_was_under_way(action: &mut Action) {
    let queued = |event: &Event| event.attempt == 1 && event.phase == "QUEUED";
    let Some(last) = action.events.iter().rposition(queued) else {
        return;
    };
    if !action.events[..last].iter().all(queued) {
        action.events.remove(last);
    }
}
