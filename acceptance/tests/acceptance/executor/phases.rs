//! An action from its creation to its end, when all goes well and when it is ended from outside.

use acceptance::{flyte::Task, wait};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::{LIMIT, World, assert_history, assert_told, condition};

#[test]
fn a_task_succeeds() -> Result<()> {
    let world = World::new()?;
    let task = Task::new("slow").returning("o0").attempt(&json!([
        { "waiting": "ContainerCreating" }, { "hold": "slow-created" }, { "run": true }, { "hold": "slow-runs" },
        { "outputs": { "o0": 42 } }, { "exit": 0 },
    ]));
    let _executor = world.executor()?;
    world.project.run("r1", &task)?;
    let reaches = |phase: &'static str| {
        world.project.until(phase, "r1", "a0", LIMIT, |action| {
            action.phase == phase && action.events.iter().any(|event| event.phase == phase)
        })
    };
    reaches("INITIALIZING")?;
    world.flyte.open_gate("slow-created")?;
    reaches("RUNNING")?;
    world.flyte.open_gate("slow-runs")?;
    let ended = world.project.ended("r1", LIMIT)?;
    assert_history(
        &ended,
        &["1 QUEUED", "1 INITIALIZING", "1 RUNNING", "1 SUCCEEDED"],
    )?;
    ensure!(
        ended.phase == "SUCCEEDED" && ended.duplicates == 0,
        "{ended:?}"
    );
    let last = &ended.events.last().context("an event")?.json;
    let outputs = format!(
        "s3://executor-metadata/acme/{}/development/r1/a0/1/outputs.pb",
        world.project.name
    );
    assert_eq!(last["outputs"]["outputUri"], outputs);
    for event in &ended.events[2..] {
        let logs = &event.json["logContext"];
        ensure!(
            logs["primaryPodName"] == "r1-a0-0",
            "no log context in {event:?}"
        );
    }
    let resource = wait::until("the labels of an ended action", LIMIT, || {
        let resource = world.resource("r1-a0")?;
        Ok(resource.filter(|resource| {
            resource["metadata"]["labels"]["flyte.org/termination-status"] == "terminated"
                && resource["metadata"]["labels"]["flyte.org/terminal-status-recorded"] == "true"
        }))
    })?;
    let condition = condition(&resource, "Succeeded");
    assert_eq!(
        (&condition["status"], &condition["reason"]),
        (&json!("True"), &json!("Completed"))
    );
    let phases: Vec<_> = resource["status"]["phaseHistory"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| entry["phase"].clone())
        .collect();
    ensure!(phases.len() >= 4, "the history of phases is {phases:?}");
    ensure!(
        world.pod("r1-a0-0")?.is_some(),
        "the pod is gone, and its logs with it"
    );
    Ok(())
}

#[test]
fn a_child_runs_beside_its_parent_and_goes_with_it() -> Result<()> {
    let world = World::new()?;
    let held = Task::new("held").attempt(&json!([{ "run": true }, { "hold": "never" }]));
    let _executor = world.executor()?;
    world.project.run("r1", &held)?;
    world
        .project
        .until("the root to run", "r1", "a0", LIMIT, |action| {
            action.phase == "RUNNING"
        })?;
    world
        .project
        .enqueue("r1", "a0", "done", &Task::succeeding("child"))?;
    world.project.enqueue("r1", "a0", "held", &held)?;
    world.project.ended_action("r1", "done", LIMIT)?;
    world
        .project
        .until("the child to run", "r1", "held", LIMIT, |action| {
            action.phase == "RUNNING"
        })?;

    world.project.abort("r1", "a0")?;
    for action in ["a0", "held"] {
        let aborted = world.project.ended_action("r1", action, LIMIT)?;
        assert_told(&aborted, &["1 QUEUED", "1 ABORTED"])?;
        world.until_gone(&format!("r1-{action}"))?;
    }
    let done = world.project.action("r1", "done")?.context("the child")?;
    ensure!(done.phase == "SUCCEEDED", "{done:?}");
    Ok(())
}

#[test]
fn an_action_is_aborted_before_it_has_a_pod() -> Result<()> {
    let world = World::new()?;
    world.project.run("r1", &Task::succeeding("early"))?;
    world.project.abort("r1", "a0")?;
    let _executor = world.executor()?;
    world.until_gone("r1-a0")?;
    ensure!(world.pods()?.is_empty(), "there is a pod");
    Ok(())
}

#[test]
fn a_task_that_takes_too_long_is_timed_out() -> Result<()> {
    let world = World::new()?;
    let task = Task::new("long")
        .timeout(2)
        .attempt(&json!([{ "run": true }, { "hold": "never" }]));
    let _executor = world.executor()?;
    world.project.run("r1", &task)?;
    let ended = world.project.ended("r1", LIMIT)?;
    assert_told(&ended, &["1 QUEUED", "1 TIMED_OUT"])?;
    let resource = world.resource("r1-a0")?.context("the resource")?;
    assert_eq!(condition(&resource, "Failed")["reason"], "TimedOut");
    wait::until("the end of the pod", LIMIT, || {
        Ok(world.pod("r1-a0-0")?.is_none().then_some(()))
    })
    .with_context(|| format!("the executor asked for {:?}", world.front.take_requests()))
}

#[test]
fn what_has_ended_is_collected_after_a_while() -> Result<()> {
    // Looked at every quarter of that; the label has minutes, so that a fresh one may seem to be a minute old.
    let world = World::with(&json!({ "retention_seconds": 100 }))?;
    let _executor = world.executor()?;
    for run in ["old", "fresh"] {
        world.project.run(run, &Task::succeeding("collected"))?;
        world.project.ended(run, LIMIT)?;
        wait::until("the labels of an ended action", LIMIT, || {
            let resource = world.resource(&format!("{run}-a0"))?;
            Ok(resource.filter(|resource| {
                resource["metadata"]["labels"]["flyte.org/completed-time"].is_string()
            }))
        })?;
    }
    let held = Task::new("held").attempt(&json!([{ "run": true }, { "hold": "never" }]));
    world.project.run("running", &held)?;
    let namespace = world.project.namespace();
    let older = "flyte.org/completed-time=2020-01-01.00-00";
    let label = ["label", "taskaction", "old-a0", "-n", &namespace];
    world
        .kubectl
        .run(&[&label[..], &[older, "--overwrite"]].concat())?;
    world.until_gone("old-a0")?;
    for run in ["fresh", "running"] {
        ensure!(
            world.resource(&format!("{run}-a0"))?.is_some(),
            "{run} was collected"
        );
    }
    let action = world.project.action("old", "a0")?.context("the action")?;
    ensure!(action.phase == "SUCCEEDED", "{action:?}");
    Ok(())
}

#[test]
fn a_task_asks_the_api_server_for_little() -> Result<()> {
    let world = World::new()?;
    let _executor = world.executor()?;
    // The first one pays for discovery and the Lease.
    world.project.run("r0", &Task::succeeding("first"))?;
    world.project.ended("r0", LIMIT)?;
    world.front.take_requests();
    world.project.run("r1", &Task::succeeding("counted"))?;
    world.project.ended("r1", LIMIT)?;
    wait::until("the labels of an ended action", LIMIT, || {
        let resource = world.resource("r1-a0")?;
        Ok(resource.filter(|resource| {
            resource["metadata"]["labels"]["flyte.org/termination-status"] == "terminated"
        }))
    })?;
    let requests = world.front.take_requests();
    let own: Vec<String> = requests
        .iter()
        .filter(|request| {
            request.name.starts_with("r1-")
                || (&*request.verb, &*request.resource) == ("POST", "pods")
        })
        .map(|request| format!("{} {} {}", request.verb, request.resource, request.status))
        .collect();
    // The control plane marks what has ended, too; whoever comes second reads again.
    let conflicts = own.iter().filter(|told| told.ends_with(" 409")).count();
    ensure!(
        own.len() <= 6 + 2 * conflicts,
        "{} requests: {own:?}",
        own.len()
    );
    Ok(())
}
