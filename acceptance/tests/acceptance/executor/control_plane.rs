//! The control plane refuses, forgets to answer, is slow, or is away: no transition is lost, each is told once and in order,
//! and what runs goes on.

use std::time::Duration;

use acceptance::{
    flyte::{Answer, Fault, Phase, Task},
    wait,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::{LIMIT, World, assert_told};

const RECORD: &str = "EventsProxyService/Record";

/// Runs started while nobody hears of them, in the ways they can go.
fn run_meanwhile(world: &World) -> Result<()> {
    for number in 0..4 {
        world
            .project
            .run(&format!("good{number}"), &Task::succeeding("good"))?;
    }
    let fails = Task::new("bad").retries(1).attempt(&json!([
        { "run": true }, { "error": { "code": "X", "message": "no", "kind": "RECOVERABLE" } }, { "exit": 1 },
    ]));
    world.project.run("bad", &fails)
}

fn has_ended(world: &World, run: &str) -> Result<bool> {
    let resource = world.resource(&format!("{run}-a0"))?;
    let ended = |kind: &str| {
        resource
            .as_ref()
            .is_some_and(|resource| super::condition(resource, kind)["status"] == "True")
    };
    Ok(ended("Succeeded") || ended("Failed"))
}

/// All of it was told, in order and once.
fn assert_all_was_told(world: &World) -> Result<()> {
    for number in 0..4 {
        let ended = world.project.ended(&format!("good{number}"), LIMIT)?;
        assert_told(&ended, &["1 QUEUED", "1 SUCCEEDED"])?;
        ensure!(ended.duplicates == 0, "{ended:?}");
    }
    let ended = world.project.ended("bad", LIMIT)?;
    assert_told(&ended, &["1 QUEUED", "1 FAILED", "2 QUEUED", "2 FAILED"])
}

#[test]
fn runs_go_on_while_the_control_plane_is_away() -> Result<()> {
    let world = World::new()?;
    let executor = world.executor()?;
    world.project.run("before", &Task::succeeding("before"))?;
    world.project.ended("before", LIMIT)?;
    world.wire.cut();
    run_meanwhile(&world)?;
    for run in ["good0", "good1", "good2", "good3", "bad"] {
        wait::until(&format!("the end of {run}"), LIMIT, || {
            Ok(has_ended(&world, run)?.then_some(()))
        })?;
    }
    ensure!(
        world
            .project
            .actions()?
            .values()
            .all(|action| action.run == "before" || action.events.is_empty()),
        "something was told through a wire that is cut"
    );
    // What is not told yet outlives the process.
    executor.kill()?;
    let _executor = world.installation.start("executor-1")?;
    world.wire.mend();
    assert_all_was_told(&world)
}

#[test]
fn a_control_plane_that_says_nothing_holds_nothing_up() -> Result<()> {
    let world = World::new()?;
    let _executor = world.executor()?;
    world.project.run("before", &Task::succeeding("before"))?;
    world.project.ended("before", LIMIT)?;
    world.wire.silence();
    run_meanwhile(&world)?;
    for run in ["good0", "bad"] {
        wait::until(&format!("the end of {run}"), LIMIT, || {
            Ok(has_ended(&world, run)?.then_some(()))
        })?;
    }
    world.wire.mend();
    for run in ["good0", "good1", "good2", "good3", "bad"] {
        world.project.ended(run, LIMIT)?;
    }
    Ok(())
}

#[test]
fn an_answer_that_is_lost_makes_no_second_event() -> Result<()> {
    let world = World::new()?;
    world.project.fault(&Fault {
        method: RECORD,
        calls: 0..3,
        answer: Answer::UnavailableAfter,
    })?;
    let ended = world.run("r1", &Task::succeeding("lost"))?;
    assert_told(&ended, &["1 QUEUED", "1 SUCCEEDED"])?;
    ensure!(
        ended.duplicates > 0,
        "no event came again, so no answer was lost"
    );
    Ok(())
}

#[test]
fn throttling_and_slowness_are_waited_out() -> Result<()> {
    for answer in [
        Answer::Unavailable,
        Answer::Throttled,
        Answer::Slow(Duration::from_secs(2)),
    ] {
        let world = World::new()?;
        world.project.fault(&Fault {
            method: RECORD,
            calls: 0..3,
            answer,
        })?;
        let ended = world.run("r1", &Task::succeeding("slow"))?;
        assert_told(&ended, &["1 QUEUED", "1 SUCCEEDED"])?;
    }
    Ok(())
}

#[test]
fn an_event_that_is_refused_is_told_shorter() -> Result<()> {
    let world = World::new()?;
    let _executor = world.executor()?;
    world.project.fault(&Fault {
        method: RECORD,
        calls: 0..usize::MAX,
        answer: Answer::Invalid {
            phase: Phase::Running,
            always: false,
        },
    })?;
    world.project.run("r1", &Task::succeeding("long"))?;
    let ended = world.project.ended("r1", LIMIT)?;
    assert_told(&ended, &["1 QUEUED", "1 SUCCEEDED"])
}

#[test]
fn an_event_that_is_refused_whatever_it_says_is_given_up() -> Result<()> {
    let world = World::new()?;
    let _executor = world.executor()?;
    world.project.fault(&Fault {
        method: RECORD,
        calls: 0..usize::MAX,
        answer: Answer::Invalid {
            phase: Phase::Running,
            always: true,
        },
    })?;
    world.project.run("r1", &Task::succeeding("refused"))?;
    world.project.run("r2", &Task::succeeding("beside"))?;
    for run in ["r1", "r2"] {
        let ended = world.project.ended(run, LIMIT)?;
        assert_told(&ended, &["1 QUEUED", "1 SUCCEEDED"])?;
    }
    Ok(())
}

#[test]
fn an_aborted_action_stays_until_its_end_was_told() -> Result<()> {
    let world = World::new()?;
    let _executor = world.executor()?;
    let held = Task::new("held").attempt(&json!([{ "run": true }, { "hold": "never" }]));
    world.project.run("r1", &held)?;
    world
        .project
        .until("the task to run", "r1", "a0", LIMIT, |action| {
            action.phase == "RUNNING"
        })?;
    world.wire.cut();
    world.project.abort("r1", "a0")?;
    wait::until("the end of the pod", LIMIT, || {
        Ok(world.pod("r1-a0-0")?.is_none().then_some(()))
    })?;
    let resource = world.resource("r1-a0")?.context("the resource is gone")?;
    ensure!(
        resource["metadata"]["finalizers"] == json!(["flyte.org/plugin-finalizer"]),
        "{resource}"
    );
    world.wire.mend();
    world.until_gone("r1-a0")?;
    let ended = world.project.ended("r1", LIMIT)?;
    assert_told(&ended, &["1 QUEUED", "1 ABORTED"])
}

#[test]
fn with_too_much_untold_no_new_pods_start() -> Result<()> {
    let world = World::with(&json!({ "undelivered_limit": 6 }))?;
    let _executor = world.executor()?;
    world.project.run("before", &Task::succeeding("before"))?;
    world.project.ended("before", LIMIT)?;
    world.wire.cut();
    // More than the limit in all, but not before the second one has begun.
    for number in 0..2 {
        world
            .project
            .run(&format!("first{number}"), &Task::succeeding("first"))?;
        wait::until("the end of an early one", LIMIT, || {
            Ok(has_ended(&world, &format!("first{number}"))?.then_some(()))
        })?;
    }
    world.project.run("late", &Task::succeeding("late"))?;
    let since = std::time::Instant::now();
    wait::until("some time", LIMIT, || {
        ensure!(
            world.pod("late-a0-0")?.is_none(),
            "a pod was started although too much is untold"
        );
        Ok((since.elapsed() > Duration::from_secs(4)).then_some(()))
    })?;
    world.wire.mend();
    for run in ["first0", "first1", "late"] {
        let ended = world.project.ended(run, LIMIT)?;
        assert_told(&ended, &["1 QUEUED", "1 SUCCEEDED"])?;
    }
    Ok(())
}

/// With as much untold as may be, and the executor killed in the middle of it.
#[test]
fn a_long_outage_with_a_full_queue_and_a_restart_drops_nothing() -> Result<()> {
    let world = World::with(&json!({ "undelivered_limit": 6 }))?;
    let executor = world.executor()?;
    let gate = format!("{}-outlasts", world.project.name);
    let outlasts = Task::new("outlasts").returning("o0").attempt(&json!([
        { "run": true }, { "hold": gate }, { "outputs": { "o0": 1 } }, { "exit": 0 },
    ]));
    world.project.run("outlasts", &outlasts)?;
    world
        .project
        .until("the task to run", "outlasts", "a0", LIMIT, |action| {
            action.phase == "RUNNING"
        })?;
    let before = world.pod("outlasts-a0-0")?.context("the pod")?;
    world.wire.cut();
    let early = ["early0", "early1", "early2"];
    for run in early {
        world.project.run(run, &Task::succeeding("early"))?;
    }
    wait::until("enough to be untold", LIMIT, || {
        let untold = executor.metric("dataplane_executor_pending_events")?;
        Ok((untold >= 6.0).then_some(()))
    })?;
    executor.kill()?;
    let executor = world.executor()?;
    wait::until("what is untold to be known again", LIMIT, || {
        let untold = executor.metric("dataplane_executor_pending_events")?;
        Ok((untold >= 6.0).then_some(()))
    })?;
    let late = ["late0", "late1"];
    for run in late {
        world.project.run(run, &Task::succeeding("late"))?;
    }
    // What runs is none of it.
    world.flyte.open_gate(&gate)?;
    wait::until("the end of what ran all the time", LIMIT, || {
        Ok(has_ended(&world, "outlasts")?.then_some(()))
    })?;
    let since = std::time::Instant::now();
    wait::until("some time", LIMIT, || {
        for run in late {
            ensure!(
                world.pod(&format!("{run}-a0-0"))?.is_none(),
                "{run} has a pod although too much is untold"
            );
        }
        Ok((since.elapsed() > Duration::from_secs(4)).then_some(()))
    })?;
    let after = world.pod("outlasts-a0-0")?.context("the pod is gone")?;
    assert_eq!(before["metadata"]["uid"], after["metadata"]["uid"]);

    world.wire.mend();
    for run in early.into_iter().chain(late).chain(["outlasts"]) {
        let ended = world.project.ended(run, LIMIT)?;
        assert_told(&ended, &["1 QUEUED", "1 SUCCEEDED"])?;
    }
    world.assert_no_pod_was_made_twice()
}
