//! What nobody should ask for, and somebody does: each ends, with a sentence.

use acceptance::{flyte::Task, wait};
use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{LIMIT, World, assert_told, condition, error_of};

/// Resources that can never become a pod; the reason of the condition, and a part of what is said.
#[test]
fn resources_that_make_no_sense_end_with_a_sentence() -> Result<()> {
    let world = World::new()?;
    let _executor = world.executor()?;
    let garbage = BASE64_STANDARD.encode([0xff_u8; 64]);
    let template = |task: Task| world.flyte.template(&task);
    let impossible = Task::new("impossible").container(
        "resources",
        &json!({ "requests": [{ "name": "CPU", "value": "lots" }] }),
    );
    let negative = Task::new("negative").container(
        "resources",
        &json!({ "limits": [{ "name": "MEMORY", "value": "-1Gi" }] }),
    );
    // Of the first version of sidecars, whose pod was elsewhere.
    let ancient = Task::new("ancient")
        .of_type("sidecar")
        .with("taskTypeVersion", &json!(1))
        .with("container", &Value::Null);
    let pod = json!({
        "primaryContainerName": "primary",
        "podSpec": { "containers": [{ "name": "primary", "image": "localhost/x:1" }], "hostTeleporter": { "port": 7 } },
    });
    let later = Task::new("later").beside(&json!([])).with("k8sPod", &pod);
    let cases: Vec<(&str, Value)> = vec![
        ("garbage", json!({ "taskTemplate": garbage })),
        // What the API server takes for base64, and nobody else: the last character has bits that belong to nothing.
        ("unreadable", json!({ "taskTemplate": "CgB=" })),
        ("none", json!({ "taskTemplate": null })),
        (
            "impossible",
            json!({ "taskTemplate": template(impossible)? }),
        ),
        ("negative", json!({ "taskTemplate": template(negative)? })),
        (
            "ancient",
            json!({ "taskTemplate": template(ancient)?, "taskType": "sidecar" }),
        ),
        (
            "later",
            json!({ "taskTemplate": template(later)?, "taskType": "sidecar" }),
        ),
        (
            "elsewhere",
            json!({ "runOutputBase": "s3://somebody-elses-bucket/acme/x/" }),
        ),
        ("nonsense", json!({ "runOutputBase": "no uri at all" })),
    ];
    for (run, spec) in &cases {
        world.make_raw(run, spec)?;
    }
    for (run, _) in &cases {
        let ended = world.project.ended(run, LIMIT)?;
        ensure!(ended.phase == "FAILED", "{run}: {ended:?}");
        ensure!(
            !error_of(&ended).is_empty(),
            "{run} says nothing: {ended:?}"
        );
        let resource = world
            .resource(&format!("{run}-a0"))?
            .context("the resource")?;
        let message = condition(&resource, "Failed")["message"]
            .as_str()
            .unwrap_or_default();
        ensure!(message.len() > 10, "{run}: {message:?}");
    }
    Ok(())
}

/// A later version of the message has fields that nobody here knows: it runs as far as it is known.
#[test]
fn a_template_of_a_later_version_runs() -> Result<()> {
    let world = World::new()?;
    let _executor = world.executor()?;
    let task = Task::succeeding("later").with("taskTypeVersion", &json!(99));
    let mut template = BASE64_STANDARD.decode(world.flyte.template(&task)?)?;
    // Field 1000, a text.
    template.extend([0xc2, 0x3e, 0x02, b'h', b'i']);
    let template = BASE64_STANDARD.encode(template);
    world.make_raw("later", &json!({ "taskTemplate": template }))?;
    let ended = world.project.ended("later", LIMIT)?;
    assert_told(&ended, &["1 QUEUED", "1 SUCCEEDED"])
}

/// More than any node has: it waits for as long as it may, and no longer.
#[test]
fn a_task_that_no_node_has_room_for_comes_to_an_end() -> Result<()> {
    let world = World::new()?;
    let _executor = world.executor()?;
    let task = Task::new("huge")
        .container(
            "resources",
            &json!({ "requests": [{ "name": "CPU", "value": "1000000" }] }),
        )
        .metadata("timeouts", &json!({ "queuedTimeout": "3s" }));
    world.project.run("r1", &task)?;
    let ended = world.project.ended("r1", LIMIT)?;
    ensure!(ended.phase == "TIMED_OUT", "{ended:?}");
    let resource = world.resource("r1-a0")?.context("the resource")?;
    let message = condition(&resource, "Failed")["message"]
        .as_str()
        .unwrap_or_default();
    ensure!(message.len() > 10, "{message:?}");
    wait::until("the end of the pod", LIMIT, || {
        Ok(world.pod("r1-a0-0")?.is_none().then_some(()))
    })
}

/// An input that is among the arguments is read before there is a pod.
#[test]
fn inputs_that_are_not_there_or_are_none_are_named() -> Result<()> {
    let world = World::new()?;
    let _executor = world.executor()?;
    let task = Task::succeeding("reads").container(
        "args",
        &json!([
            "a0",
            "--outputs-path",
            "{{.outputPrefix}}",
            "--x",
            "{{.inputs.x}}"
        ]),
    );
    let template = world.flyte.template(&task)?;
    let base = format!("acme/{}/development", world.project.name);
    let garbage = format!("{base}/garbage/inputs/inputs.pb");
    world.flyte.account().call(
        "s3",
        "put_object",
        &json!({ "Bucket": "executor-metadata", "Key": garbage, "Body": "\u{1}\u{1}\u{1}" }),
    )?;
    for run in ["missing", "garbage"] {
        let inputs = format!("s3://executor-metadata/{base}/{run}/inputs");
        let spec = json!({ "inputUri": inputs, "taskTemplate": template });
        world.make_raw(run, &spec)?;
        let ended = world.project.ended(run, LIMIT)?;
        ensure!(ended.phase == "FAILED", "{run}: {ended:?}");
        let said = error_of(&ended);
        ensure!(said.contains(&inputs), "{run}: {said:?}");
    }
    ensure!(world.pods()?.is_empty(), "there is a pod");
    Ok(())
}

#[test]
fn a_task_that_nobody_can_run_is_refused_by_its_type() -> Result<()> {
    let world = World::new()?;
    let ended = world.run("r1", &Task::new("cluster").of_type("spark"))?;
    ensure!(ended.phase == "FAILED", "{ended:?}");
    ensure!(error_of(&ended).contains("spark"), "{ended:?}");
    let resource = world.resource("r1-a0")?.context("the resource")?;
    assert_eq!(condition(&resource, "Failed")["reason"], "PluginNotFound");
    ensure!(world.pods()?.is_empty(), "there is a pod");
    Ok(())
}

/// An error that is cut off, is too large or is no error at all is an error all the same, also of a task that ends with 0.
#[test]
fn an_error_that_cannot_be_read_is_an_error() -> Result<()> {
    // Somebody may still be writing it, so it is looked at once more with a fresh pod.
    let world = World::with(&json!({ "max_system_failures": 2 }))?;
    let _executor = world.executor()?;
    let given_up = "MaxSystemFailuresExceeded";
    let cases = [
        (
            "truncated",
            json!({ "object": "error.pb", "base64": BASE64_STANDARD.encode([0x0a, 0x7f, 0x0a]) }),
            given_up,
            "ErrorFileBadFormat",
        ),
        (
            "huge",
            json!({ "object": "error.pb", "size": 50 << 20 }),
            "ErrorFileTooLarge",
            "error.pb",
        ),
        (
            "empty",
            json!({ "object": "error.pb", "size": 0 }),
            given_up,
            "ErrorFileBadFormat",
        ),
    ];
    for (run, written, ..) in &cases {
        let task = Task::new(run).attempt(&json!([{ "run": true }, written, { "exit": 0 }]));
        world.project.run(run, &task)?;
    }
    for (run, _, code, said) in &cases {
        let ended = world.project.ended(run, LIMIT)?;
        ensure!(ended.phase == "FAILED", "{run}: {ended:?}");
        ensure!(ended.error["code"] == *code, "{run}: {ended:?}");
        ensure!(error_of(&ended).contains(said), "{run}: {ended:?}");
    }
    Ok(())
}

/// A pod with our name that is not ours is left alone, and not taken for the task's.
#[test]
fn somebody_elses_pod_under_our_name_is_not_touched() -> Result<()> {
    let world = World::with(&json!({ "max_system_failures": 2 }))?;
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "r1-a0-0", "namespace": world.project.namespace(), "labels": { "whose": "somebody-else" } },
        "spec": { "containers": [{ "name": "x", "image": "localhost/x:1" }] },
    });
    world.kubectl.apply(&pod.to_string())?;
    let ended = world.run("r1", &Task::succeeding("taken"))?;
    let theirs = world.pod("r1-a0-0")?.context("the pod is gone")?;
    assert_eq!(theirs["metadata"]["labels"]["whose"], "somebody-else");
    ensure!(
        ended.phase == "FAILED" || ended.attempts > 1,
        "another's pod was taken for the task's: {ended:?}"
    );
    Ok(())
}
