//! Tasks whose pod is written out, with containers beside their own.

use acceptance::{flyte::Task, wait};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::{LIMIT, World, assert_told, error_of};

/// A container that never ends by itself.
fn proxy() -> serde_json::Value {
    json!([{ "name": "proxy", "image": "localhost/proxy:1" }])
}

#[test]
fn a_task_ends_with_its_own_container_and_the_others_are_stopped() -> Result<()> {
    let world = World::new()?;
    let _executor = world.executor()?;
    let gate = format!("{}-ends", world.project.name);
    let task = Task::new("sidecar")
        .returning("o0")
        .beside(&proxy())
        .attempt(&json!([
            { "run": true }, { "hold": gate }, { "outputs": { "o0": 1 } }, { "exit": 0, "beside": "run" },
        ]));
    world.project.run("r1", &task)?;
    world
        .project
        .until("the task to run", "r1", "a0", LIMIT, |action| {
            action.phase == "RUNNING"
        })?;
    let pod = world.pod("r1-a0-0")?.context("the pod")?;
    let names: Vec<&str> = pod["spec"]["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|container| container["name"].as_str())
        .collect();
    assert_eq!(names, ["proxy", "primary"]);
    assert_eq!(
        pod["metadata"]["annotations"]["primary_container_name"],
        "primary"
    );
    let arguments = pod["spec"]["containers"][1]["args"].to_string();
    ensure!(arguments.contains("/r1/a0/1"), "{arguments}");

    world.flyte.open_gate(&gate)?;
    let ended = world.project.ended("r1", LIMIT)?;
    assert_told(&ended, &["1 QUEUED", "1 SUCCEEDED"])?;
    wait::until("the end of what runs beside", LIMIT, || {
        Ok(world.pod("r1-a0-0")?.is_none().then_some(()))
    })
}

#[test]
fn a_task_fails_with_its_own_container_whatever_the_others_do() -> Result<()> {
    let world = World::new()?;
    let task = Task::new("sidecar")
        .beside(&proxy())
        .retries(1)
        .attempt(&json!([
            { "run": true }, { "error": { "code": "X", "message": "once more", "kind": "RECOVERABLE" } },
            { "exit": 1, "beside": "run" },
        ]));
    let ended = world.run("r1", &task)?;
    assert_told(&ended, &["1 QUEUED", "1 FAILED", "2 QUEUED", "2 FAILED"])?;
    ensure!(error_of(&ended).contains("once more"), "{ended:?}");
    world.assert_no_pod_was_made_twice()
}
