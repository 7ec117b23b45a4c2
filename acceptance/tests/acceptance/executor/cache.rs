//! Results of earlier tasks, by the stand-in's `CacheService`: one is used, one is put, and of two equal tasks one waits.

use std::time::{Duration, Instant};

use acceptance::{
    flyte::{Answer, BUCKET, Fault, Task},
    wait,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{LIMIT, World, assert_told, condition};

fn cached(version: &str, steps: &Value) -> Task {
    Task::new("cached")
        .returning("o0")
        .metadata("discoverable", &json!(true))
        .metadata("discoveryVersion", &json!(version))
        .attempt(steps)
}

fn writes(value: i64) -> Value {
    json!([{ "run": true }, { "outputs": { "o0": value } }, { "exit": 0 }])
}

/// The checksum of the outputs of a run that has ended, where its last event says they are.
fn outputs(world: &World, ended: &Value) -> Result<Value> {
    let uri = ended["outputs"]["outputUri"].as_str().context("outputs")?;
    let key = uri
        .strip_prefix(&format!("s3://{BUCKET}/"))
        .context("outputs in the bucket")?;
    let asked = json!({ "Bucket": BUCKET, "Key": key });
    let head = world.flyte.account().call("s3", "head_object", &asked)?;
    Ok(head["ETag"].clone())
}

#[test]
fn a_result_is_put_and_used_by_an_equal_task() -> Result<()> {
    let world = World::with(&json!({ "cache": true }))?;
    let _executor = world.executor()?;
    world.project.run("r1", &cached("1", &writes(1)))?;
    let first = world.project.last_event("r1", LIMIT)?;
    assert_eq!(first["cacheStatus"], "CACHE_POPULATED", "{first}");

    // It would write another result if it ran.
    world.project.run("r2", &cached("1", &writes(2)))?;
    let ended = world.project.ended("r2", LIMIT)?;
    assert_told(&ended, &["1 QUEUED", "1 SUCCEEDED"])?;
    let second = world.project.last_event("r2", LIMIT)?;
    assert_eq!(second["cacheStatus"], "CACHE_HIT", "{second}");
    assert_eq!(outputs(&world, &first)?, outputs(&world, &second)?);
    ensure!(world.pod("r2-a0-0")?.is_none(), "a pod was made");

    // Of another version there is none.
    world.project.run("r3", &cached("2", &writes(3)))?;
    let third = world.project.last_event("r3", LIMIT)?;
    assert_eq!(third["cacheStatus"], "CACHE_POPULATED", "{third}");
    ensure!(
        outputs(&world, &third)? != outputs(&world, &first)?,
        "the result of another version was used"
    );
    Ok(())
}

#[test]
fn a_task_that_failed_leaves_no_result() -> Result<()> {
    let world = World::with(&json!({ "cache": true }))?;
    let _executor = world.executor()?;
    let fails =
        json!([{ "run": true }, { "error": { "code": "X", "message": "no" } }, { "exit": 1 }]);
    world.project.run("r1", &cached("1", &fails))?;
    ensure!(world.project.ended("r1", LIMIT)?.phase == "FAILED");
    world.project.run("r2", &cached("1", &writes(1)))?;
    let second = world.project.last_event("r2", LIMIT)?;
    assert_eq!(second["cacheStatus"], "CACHE_POPULATED", "{second}");
    Ok(())
}

#[test]
fn of_two_equal_tasks_one_waits_for_the_other() -> Result<()> {
    let world = World::with(&json!({ "cache": true }))?;
    let _executor = world.executor()?;
    let gate = format!("{}-computes", world.project.name);
    let slow = json!([
        { "run": true }, { "hold": gate }, { "outputs": { "o0": 1 } }, { "exit": 0 },
    ]);
    let reserved = |steps: &Value| cached("1", steps).metadata("cacheSerializable", &json!(true));
    world.project.run("r1", &reserved(&slow))?;
    world
        .project
        .until("the first to run", "r1", "a0", LIMIT, |action| {
            action.phase == "RUNNING"
        })?;
    world.project.run("r2", &reserved(&writes(2)))?;
    wait::until("the second to say what it waits for", LIMIT, || {
        let resource = world.resource("r2-a0")?;
        let says = resource.filter(|resource| {
            let message = condition(resource, "Progressing")["message"].as_str();
            message.is_some_and(|message| message.contains("computes the same"))
        });
        Ok(says.map(drop))
    })?;
    let since = Instant::now();
    wait::until("more than a heart beat", LIMIT, || {
        ensure!(world.pod("r2-a0-0")?.is_none(), "both compute the same");
        Ok((since.elapsed() > Duration::from_secs(12)).then_some(()))
    })?;
    world.flyte.open_gate(&gate)?;
    let first = world.project.last_event("r1", LIMIT)?;
    let second = world.project.last_event("r2", LIMIT)?;
    assert_eq!(first["cacheStatus"], "CACHE_POPULATED", "{first}");
    assert_eq!(second["cacheStatus"], "CACHE_HIT", "{second}");
    assert_eq!(outputs(&world, &first)?, outputs(&world, &second)?);
    ensure!(world.pod("r2-a0-0")?.is_none(), "a pod was made");
    Ok(())
}

/// The result is the task's all the same, and an equal task runs.
#[test]
fn a_result_that_the_cache_does_not_take_fails_no_task() -> Result<()> {
    let world = World::with(&json!({ "cache": true }))?;
    let _executor = world.executor()?;
    world.project.fault(&Fault {
        method: "CacheService/Put",
        calls: 0..usize::MAX,
        answer: Answer::Unavailable,
    })?;
    // What is put names the template's project first.
    let id = json!({
        "resourceType": "TASK", "project": world.project.name, "domain": "development", "name": "cached", "version": "1",
    });
    let cached = |value| cached("1", &writes(value)).with("id", &id);
    for (run, value) in [("r1", 1), ("r2", 2)] {
        world.project.run(run, &cached(value))?;
        let ended = world.project.ended(run, LIMIT)?;
        assert_told(&ended, &["1 QUEUED", "1 SUCCEEDED"])?;
        let last = world.project.last_event(run, LIMIT)?;
        assert_eq!(last["cacheStatus"], "CACHE_PUT_FAILURE", "{last}");
        outputs(&world, &last)?;
    }
    world.project.clear_faults()?;
    world.project.run("r3", &cached(3))?;
    let third = world.project.last_event("r3", LIMIT)?;
    assert_eq!(third["cacheStatus"], "CACHE_POPULATED", "{third}");
    Ok(())
}

/// A cache that does not answer costs a task nothing but its result's reuse.
#[test]
fn a_cache_that_is_away_holds_up_no_task() -> Result<()> {
    let world = World::with(&json!({ "cache": true }))?;
    let _executor = world.executor()?;
    world.project.fault(&Fault {
        method: "CacheService/Get",
        calls: 0..usize::MAX,
        answer: Answer::Unavailable,
    })?;
    world.project.run("r1", &cached("1", &writes(1)))?;
    let ended = world.project.ended("r1", LIMIT)?;
    assert_told(&ended, &["1 QUEUED", "1 SUCCEEDED"])?;
    let mut statuses = ended.events.iter().map(|event| &event.json["cacheStatus"]);
    ensure!(
        statuses.any(|status| status == "CACHE_LOOKUP_FAILURE"),
        "{ended:?}"
    );
    Ok(())
}
