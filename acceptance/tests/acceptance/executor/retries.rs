//! Attempts: whose failure it was decides whether and how often a task is tried again.

use acceptance::flyte::Task;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{World, assert_told, error_of};

/// The steps of an attempt that writes an error and ends.
fn failing(kind: &str, origin: &str) -> Value {
    json!([
        { "run": true },
        { "error": { "code": "ValueError", "message": "seven is not even", "kind": kind, "origin": origin } },
        { "exit": 1 },
    ])
}

#[test]
fn a_recoverable_error_is_tried_again_as_often_as_the_task_says() -> Result<()> {
    let world = World::new()?;
    let task = Task::new("fails")
        .retries(2)
        .attempt(&failing("RECOVERABLE", "USER"));
    let ended = world.run("r1", &task)?;
    assert_told(
        &ended,
        &[
            "1 QUEUED", "1 FAILED", "2 QUEUED", "2 FAILED", "3 QUEUED", "3 FAILED",
        ],
    )?;
    ensure!(error_of(&ended).contains("seven is not even"), "{ended:?}");
    assert_eq!(ended.error["kind"], "USER", "{ended:?}");
    assert_eq!(ended.attempts, 3);
    Ok(())
}

#[test]
fn a_second_attempt_may_succeed() -> Result<()> {
    let world = World::new()?;
    let task = Task::new("flaky")
        .retries(3)
        .returning("o0")
        .attempt(&failing("RECOVERABLE", "USER"))
        .attempt(&json!([{ "run": true }, { "outputs": { "o0": 1 } }, { "exit": 0 }]));
    let ended = world.run("r1", &task)?;
    assert_told(&ended, &["1 QUEUED", "1 FAILED", "2 QUEUED", "2 SUCCEEDED"])?;
    let last = &ended.events.last().context("an event")?.json;
    let outputs = last["outputs"]["outputUri"].as_str().unwrap_or_default();
    ensure!(outputs.ends_with("/r1/a0/2/outputs.pb"), "{outputs}");
    Ok(())
}

#[test]
fn an_error_that_cannot_be_recovered_from_is_final() -> Result<()> {
    let world = World::new()?;
    let task = Task::new("broken")
        .retries(2)
        .attempt(&failing("NON_RECOVERABLE", "USER"));
    let ended = world.run("r1", &task)?;
    assert_told(&ended, &["1 QUEUED", "1 FAILED"])
}

/// A pod that succeeds beside an error that its task wrote has failed.
#[test]
fn an_error_counts_more_than_an_exit_code() -> Result<()> {
    let world = World::new()?;
    let task = Task::new("quiet").attempt(&json!([
        { "run": true }, { "error": { "code": "X", "message": "told by the file" } }, { "exit": 0 },
    ]));
    let ended = world.run("r1", &task)?;
    assert_told(&ended, &["1 QUEUED", "1 FAILED"])?;
    ensure!(error_of(&ended).contains("told by the file"), "{ended:?}");
    Ok(())
}

#[test]
fn too_little_memory_is_the_tasks_own_fault() -> Result<()> {
    let world = World::new()?;
    let oom = json!([{ "run": true }, { "exit": 137, "reason": "OOMKilled" }]);
    let task = Task::new("greedy").retries(1).attempt(&oom);
    let ended = world.run("r1", &task)?;
    assert_told(&ended, &["1 QUEUED", "1 FAILED", "2 QUEUED", "2 FAILED"])?;
    assert_eq!(ended.error["kind"], "USER", "{ended:?}");
    ensure!(
        ended.error["code"]
            .as_str()
            .unwrap_or_default()
            .contains("OOM"),
        "{:?}",
        ended.error
    );
    Ok(())
}

/// An evicted, a preempted and a vanished pod are the platform's failures: tried again although the task has no retries.
#[test]
fn what_the_platform_did_is_not_counted_against_the_task() -> Result<()> {
    for (name, lost) in [
        (
            "evicted",
            json!([{ "run": true }, { "fail": "Evicted", "message": "The node was low on resource: memory." }]),
        ),
        (
            "preempted",
            json!([
                { "run": true },
                { "fail": "Preempted", "condition": "DisruptionTarget", "code": 137, "message": "preempting" },
            ]),
        ),
        (
            "vanished",
            json!([{ "run": true }, { "sleep": 0.5 }, { "vanish": true }]),
        ),
    ] {
        let world = World::new()?;
        let task = Task::new(name)
            .attempt(&lost)
            .attempt(&json!([{ "run": true }, { "exit": 0 }]));
        let ended = world.run("r1", &task)?;
        ensure!(ended.phase == "SUCCEEDED", "{name}: {ended:?}");
        let resource = world.resource("r1-a0")?.context("the resource")?;
        assert_eq!(
            resource["status"]["systemFailures"], 1,
            "{name}: {resource}"
        );
    }
    Ok(())
}

#[test]
fn a_platform_that_fails_on_and_on_ends_the_action() -> Result<()> {
    let world = World::with(&json!({ "max_system_failures": 2 }))?;
    let lost = json!([{ "run": true }, { "fail": "Evicted", "message": "The node was low on resource: memory." }]);
    let ended = world.run("r1", &Task::new("unlucky").attempt(&lost))?;
    ensure!(ended.phase == "FAILED", "{ended:?}");
    assert_eq!(
        ended.error["code"], "MaxSystemFailuresExceeded",
        "{ended:?}"
    );
    assert_eq!(ended.error["kind"], "SYSTEM", "{ended:?}");
    Ok(())
}

#[test]
fn an_image_that_cannot_be_pulled_is_given_some_time() -> Result<()> {
    let world = World::with(&json!({ "image_pull_grace_seconds": 2 }))?;
    let late = Task::new("late").attempt(&json!([
        { "waiting": "ImagePullBackOff", "message": "Back-off pulling image" }, { "sleep": 0.5 }, { "run": true },
        { "exit": 0 },
    ]));
    let _executor = world.executor()?;
    world.project.run("r1", &late)?;
    let never = Task::new("never").attempt(&json!([
        { "waiting": "ImagePullBackOff", "message": "Back-off pulling image \"localhost/none:1\"" }, { "hold": "never" },
    ]));
    world.project.run("r2", &never)?;
    let unnamed = Task::new("unnamed").attempt(&json!([
        { "waiting": "InvalidImageName", "message": "couldn't parse image name" }, { "hold": "never" },
    ]));
    world.project.run("r3", &unnamed)?;
    let ended = world.project.ended("r1", super::LIMIT)?;
    ensure!(ended.phase == "SUCCEEDED", "{ended:?}");
    let ended = world.project.ended("r3", super::LIMIT)?;
    assert_told(&ended, &["1 QUEUED", "1 FAILED"])?;
    ensure!(
        error_of(&ended).contains("couldn't parse image name"),
        "{ended:?}"
    );
    let ended = world.project.ended("r2", super::LIMIT)?;
    ensure!(ended.phase == "FAILED", "{ended:?}");
    ensure!(
        format!("{:?}{}", ended.error, error_of(&ended)).contains("localhost/none:1"),
        "{ended:?}"
    );
    Ok(())
}
