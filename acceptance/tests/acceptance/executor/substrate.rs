//! The stand-in itself, without an executor: Flyte's client and entrypoint take it for the real one, and what Flyte's messages
//! or the order of an action's phases forbid is refused.

use std::process::Command;

use acceptance::{
    flyte::{Flyte, Project, Task},
    setup, wait,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::LIMIT;

#[test]
fn it_passes_its_own_tests() -> Result<()> {
    let output = Command::new(setup::python("python")?)
        .args(["-m", "unittest", "discover", "-t", ".", "-s", "tests"])
        .current_dir(setup::checkout().join("acceptance/flyte"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .context("starting its tests")?;
    let printed = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{printed}");
    ensure!(!printed.contains("Ran 0 tests"), "{printed}");
    Ok(())
}

#[test]
fn flytes_client_runs_a_task_through_it() -> Result<()> {
    let flyte = Flyte::shared()?;
    let home = setup::scratch()?;
    let output = Command::new(setup::python("python")?)
        .arg("chain.py")
        .arg(flyte.settings())
        .current_dir(setup::checkout().join("acceptance/flyte/tasks"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("HOME", home.path())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let last: Value = serde_json::from_str(said.lines().last().unwrap_or_default())
        .with_context(|| format!("{said}\n{}", String::from_utf8_lossy(&output.stderr)))?;
    assert_eq!(
        last,
        json!({ "phase": "ActionPhase.SUCCEEDED", "outputs": [42] })
    );
    let project = Project::named(&flyte, "chain");
    let calls = project.take_calls()?;
    for method in [
        "ClusterService/SelectCluster",
        "DataProxyService/CreateUploadLocation",
        "DataProxyService/UploadInputs",
        "RunService/CreateRun",
        "RunService/WatchActionDetails",
        "DataProxyService/GetActionData",
        "EventsProxyService/Record",
    ] {
        ensure!(
            calls.iter().any(|call| call == method),
            "{method} is not among {calls:?}"
        );
    }
    Ok(())
}

#[test]
fn a_pod_is_played_by_its_script() -> Result<()> {
    let flyte = Flyte::shared()?;
    let kubectl = flyte.world()?.cluster.kubectl()?;
    let namespace = "played-pods";
    kubectl.create_namespace(namespace)?;
    wait::until("the default service account", LIMIT, || {
        kubectl.get("serviceaccount", namespace, "default")
    })?;
    let script = json!([[
        { "waiting": "ContainerCreating" }, { "run": true }, { "hold": "played" },
        { "exit": 137, "reason": "OOMKilled" },
    ]]);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "task-0", "namespace": namespace },
        "spec": {
            "restartPolicy": "Never",
            "nodeSelector": { "acceptance.test/pods": "played" },
            "tolerations": [{ "key": "acceptance.test/played", "operator": "Exists" }],
            "containers": [{
                "name": "task", "image": "localhost/task:1", "env": [{ "name": "POD_SCRIPT", "value": script.to_string() }],
            }],
        },
    });
    kubectl.apply(&pod.to_string())?;
    let in_phase = |phase: &str| {
        wait::until(&format!("the pod to be {phase}"), LIMIT, || {
            let pod = kubectl.get("pod", namespace, "task-0")?;
            Ok(pod.filter(|pod| pod["status"]["phase"] == phase))
        })
    };
    in_phase("Running")?;
    flyte.open_gate("played")?;
    let pod = in_phase("Failed")?;
    let ended = &pod["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!(
        (&ended["exitCode"], &ended["reason"]),
        (&json!(137), &json!("OOMKilled"))
    );
    kubectl.run(&["delete", "pod", "task-0", "-n", namespace, "--timeout=30s"])?;
    Ok(())
}

#[test]
fn a_run_becomes_a_resource_as_flytes_service_makes_it() -> Result<()> {
    let flyte = Flyte::shared()?;
    let project = Project::new(&flyte);
    let spec = json!({
        "envs": { "values": [{ "key": "COLOUR", "value": "blue" }] }, "labels": { "values": { "team": "a" } },
        "interruptible": true,
    });
    let task = Task::new("rooted").container(
        "args",
        &json!(["a0", "--run-start-time", "{{.runStartTime}}"]),
    );
    project.run_with("r1", &task, &spec)?;
    project.enqueue("r1", "a0", "child", &task)?;
    let kubectl = flyte.world()?.cluster.kubectl()?;
    let get = |name: &str| {
        let found = kubectl.get("taskaction", &project.namespace(), name)?;
        found.with_context(|| format!("no {name}"))
    };
    let (root, child) = (get("r1-a0")?, get("r1-child")?);
    assert_eq!(root["metadata"]["labels"]["flyte.org/is-root"], "true");
    assert_eq!(child["metadata"]["labels"]["flyte.org/is-root"], "false");
    for resource in [&root, &child] {
        assert_eq!(resource["metadata"]["labels"]["team"], "a");
        assert_eq!(resource["spec"]["envVars"]["COLOUR"], "blue");
        assert_eq!(resource["spec"]["interruptible"], true);
    }
    let owner = &child["metadata"]["ownerReferences"][0];
    assert_eq!(owner["uid"], root["metadata"]["uid"]);
    assert_eq!(owner["blockOwnerDeletion"], true);
    let template = flyte.template(&task)?;
    ensure!(
        root["spec"]["taskTemplate"] != json!(template),
        "the start of the run is not in the root's arguments"
    );
    // Without a finalizer the abort is over at once, and the child goes with the root.
    project.abort("r1", "a0")?;
    for action in ["a0", "child"] {
        project.until("the abort", "r1", action, LIMIT, |known| {
            known.phase == "ABORTED"
        })?;
    }
    Ok(())
}
