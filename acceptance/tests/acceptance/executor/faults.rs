//! The API server refuses, throttles, loses answers, is away, or starts anew.

use acceptance::{
    flyte::{ApiAnswer, ApiFault, Task},
    wait,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::{LIMIT, World, assert_told};

fn assert_all_succeed(world: &World, runs: usize) -> Result<()> {
    for number in 0..runs {
        world
            .project
            .run(&format!("r{number}"), &Task::succeeding("faulted"))?;
    }
    for number in 0..runs {
        let ended = world.project.ended(&format!("r{number}"), LIMIT)?;
        assert_told(&ended, &["1 QUEUED", "1 SUCCEEDED"])?;
    }
    world.assert_no_pod_was_made_twice()
}

#[test]
fn conflicts_lost_answers_and_etcd_errors_lose_nothing() -> Result<()> {
    for answer in [
        ApiAnswer::Conflict,
        ApiAnswer::EtcdError,
        ApiAnswer::Lost,
        ApiAnswer::Throttled,
    ] {
        let world = World::new()?;
        let executor = world.executor()?;
        world.installation.until_led_by("executor-0")?;
        for resource in ["taskactions/status", "taskactions", "pods"] {
            for verb in ["PATCH", "POST"] {
                world.front.fault(ApiFault {
                    verb,
                    resource,
                    requests: 0..2,
                    answer,
                });
            }
        }
        assert_all_succeed(&world, 2).with_context(|| {
            let log = acceptance::process::tail(executor.process.log());
            format!("with {answer:?}; the executor said:\n{log}")
        })?;
    }
    Ok(())
}

/// As when somebody else keeps it busy: whatever is asked, also by watches and for the Lease.
#[test]
fn an_api_server_that_throttles_everything_is_waited_for() -> Result<()> {
    let world = World::new()?;
    let executor = world.executor()?;
    world.installation.until_led_by("executor-0")?;
    world.front.take_requests();
    world.front.fault(ApiFault {
        verb: "",
        resource: "",
        requests: 0..25,
        answer: ApiAnswer::Throttled,
    });
    assert_all_succeed(&world, 3)?;
    let requests = world.front.take_requests();
    let throttled = requests.iter().filter(|request| request.status == 429);
    ensure!(throttled.count() >= 10, "hardly anything was throttled");
    ensure!(
        executor.metric("dataplane_executor_leading")? > 0.0,
        "it leads no more"
    );
    Ok(())
}

#[test]
fn an_api_server_that_is_away_for_a_while_is_waited_for() -> Result<()> {
    let world = World::new()?;
    let _executor = world.executor()?;
    let held =
        Task::new("held").attempt(&json!([{ "run": true }, { "hold": "api-away" }, { "exit": 0 }]));
    world.project.run("r1", &held)?;
    world
        .project
        .until("the task to run", "r1", "a0", LIMIT, |action| {
            action.phase == "RUNNING"
        })?;
    world.front.set_down(true);
    world.flyte.open_gate("api-away")?;
    wait::until("the end of the pod's work", LIMIT, || {
        let pod = world.pod("r1-a0-0")?;
        Ok(pod.filter(|pod| pod["status"]["phase"] == "Succeeded"))
    })?;
    world.front.set_down(false);
    let ended = world.project.ended("r1", LIMIT)?;
    assert_told(&ended, &["1 QUEUED", "1 SUCCEEDED"])
}

#[test]
fn an_api_server_that_restarts_loses_nothing() -> Result<()> {
    let world = World::alone(&json!({}))?;
    let _executor = world.executor()?;
    let short =
        Task::new("short").attempt(&json!([{ "run": true }, { "sleep": 1 }, { "exit": 0 }]));
    for number in 0..6 {
        world.project.run(&format!("r{number}"), &short)?;
        if number % 3 == 1 {
            world.cluster.restart_api_server()?;
        }
    }
    for number in 0..6 {
        let ended = world.project.ended(&format!("r{number}"), LIMIT)?;
        ensure!(ended.phase == "SUCCEEDED", "{ended:?}");
        assert_told(&ended, &["1 QUEUED", "1 SUCCEEDED"])?;
    }
    Ok(())
}

/// Nothing can be made in a namespace that is going away: its actions end with it.
#[test]
fn a_namespace_that_goes_away_takes_its_actions_along() -> Result<()> {
    let world = World::new()?;
    let _executor = world.executor()?;
    let held = Task::new("held").attempt(&json!([{ "run": true }, { "hold": "never" }]));
    world.project.run("r1", &held)?;
    world
        .project
        .until("the task to run", "r1", "a0", LIMIT, |action| {
            action.phase == "RUNNING"
        })?;
    let namespace = world.project.namespace();
    world
        .kubectl
        .run(&["delete", "namespace", &namespace, "--timeout=40s"])?;
    // Its pod may have gone before it: then it was about to get another.
    let ended = world.project.ended("r1", LIMIT)?;
    ensure!(ended.phase == "ABORTED", "{ended:?}");
    Ok(())
}
