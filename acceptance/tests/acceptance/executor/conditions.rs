//! Conditions: no pod, just somebody who says yes, or nobody in time.

use acceptance::flyte::{Action, Signal, Task};
use anyhow::{Result, ensure};
use serde_json::json;

use super::{LIMIT, World};

#[test]
fn a_condition_waits_for_a_signal() -> Result<()> {
    let world = World::new()?;
    let held = Task::new("held").attempt(&json!([{ "run": true }, { "hold": "never" }]));
    let _executor = world.executor()?;
    world.project.run("r1", &held)?;
    world
        .project
        .enqueue_condition("r1", "a0", "approval", None)?;
    let paused = |action: &str| {
        world
            .project
            .until("a pause", "r1", action, LIMIT, |known| {
                known.phase == "PAUSED"
            })
    };
    paused("approval")?;
    // Of another type than it was declared with.
    let refused = world
        .project
        .signal("r1", "approval", Signal::Integer(1))
        .unwrap_err();
    ensure!(
        format!("{refused:#}").contains("invalid_argument"),
        "{refused:#}"
    );
    world
        .project
        .signal("r1", "approval", Signal::Boolean(true))?;
    let ended = world
        .project
        .until("the end", "r1", "approval", LIMIT, Action::is_ended)?;
    ensure!(ended.phase == "SUCCEEDED", "{ended:?}");

    world
        .project
        .enqueue_condition("r1", "a0", "nobody", Some(2))?;
    let ended = world
        .project
        .until("the end", "r1", "nobody", LIMIT, Action::is_ended)?;
    ensure!(ended.phase == "TIMED_OUT", "{ended:?}");

    world
        .project
        .enqueue_condition("r1", "a0", "dropped", None)?;
    paused("dropped")?;
    world.project.abort("r1", "dropped")?;
    world.until_gone("r1-dropped")?;
    ensure!(world.pods()?.len() == 1, "a condition has a pod");
    Ok(())
}
