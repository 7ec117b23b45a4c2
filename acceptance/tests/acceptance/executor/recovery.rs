//! Actions of a run that recovers another: the control plane says which of them were done there.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::{LIMIT, World, assert_history, condition, error_of};

#[test]
fn what_was_done_before_is_not_done_again() -> Result<()> {
    let world = World::new()?;
    let _executor = world.executor()?;
    let outputs_of = |project: &str| {
        format!("s3://executor-metadata/acme/{project}/development/before/a5/2/outputs.pb")
    };
    let recovered = |outputs: &str| {
        let before = json!({ "sourceRunName": "before", "outputUri": outputs, "attempts": 2, "cacheStatus": 3 });
        json!({ "recoveredFrom": before })
    };
    let outputs = outputs_of(&world.project.name);
    world.make_raw("r1", &recovered(&outputs))?;
    let answered = json!({
        "actionType": "condition", "taskType": null, "taskTemplate": null,
        // A literal with the integer 3.
        "recoveredFrom": { "sourceRunName": "before", "output": "CgQKAggD" },
    });
    world.make_raw("r2", &answered)?;
    let others = outputs_of("others");
    world.make_raw("r3", &recovered(&others))?;

    let ended = world.project.ended("r1", LIMIT)?;
    assert_history(&ended, &["2 RECOVERED"])?;
    assert_eq!((&*ended.phase, ended.attempts), ("RECOVERED", 2));
    let told = &ended.events.first().context("an event")?.json;
    assert_eq!(told["outputs"], json!({ "outputUri": outputs }), "{told}");
    assert_eq!(told["cacheStatus"], "CACHE_POPULATED", "{told}");
    let resource = world.resource("r1-a0")?.context("the resource")?;
    assert_eq!(condition(&resource, "Succeeded")["reason"], "Recovered");

    let ended = world.project.ended("r2", LIMIT)?;
    assert_history(&ended, &["1 RECOVERED"])?;
    ensure!(ended.events[0].json["outputs"].is_null(), "{ended:?}");

    let ended = world.project.ended("r3", LIMIT)?;
    assert_history(&ended, &["1 FAILED"])?;
    ensure!(error_of(&ended).contains(&others), "{ended:?}");

    ensure!(world.pods()?.is_empty(), "there is a pod");
    let played = world.project.pods_played()?;
    ensure!(played.is_empty(), "there were pods: {played:?}");
    Ok(())
}
