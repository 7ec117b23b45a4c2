//! Tasks whose code an init container of our image fetches by a signed URL.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{DataPlane, WORKSPACE, is_led_by_a_pod, logs};

/// The container that fetches the code.
const FETCHER: &str = "dataplane-fetch-code";

/// Where it puts the code, and what follows is the place that it has it from.
const FILES: &str = "/var/run/dataplane/code/s3/";

/// A leaf, and a parent with its three children.
const PODS: usize = 5;

/// Changes the setting, and runs a leaf and a parent with it.
pub(super) fn run(data_plane: &DataPlane) -> Result<()> {
    data_plane.terraform.edit(
        "main.tf",
        "executor = { tasks",
        "executor = { code_bundles = \"signed\", tasks",
    )?;
    data_plane.terraform.apply()?;
    is_led_by_a_pod(&data_plane.kubectl)?;
    let told = data_plane.client(&["leaf", "parent"])?;
    let pods = data_plane.kubectl.list(&["pods", "-n", WORKSPACE])?;
    let fetched: Vec<&Value> = pods.iter().filter(|pod| fetcher(pod).is_some()).collect();
    ensure!(
        fetched.len() == PODS,
        "{} pods had their code fetched, not {PODS}: {told}\nThe executor:\n{}",
        fetched.len(),
        logs(&data_plane.kubectl)
    );
    for pod in fetched {
        has_its_code(pod).with_context(|| format!("the pod {}", pod["metadata"]["name"]))?;
    }
    for (run, outputs) in [("leaf", json!([42])), ("parent", json!([12]))] {
        let expected = json!({ "phase": "SUCCEEDED", "attempts": 1, "outputs": outputs });
        let came = &told[run];
        ensure!(*came == expected, "{run} came out as {came}");
    }
    Ok(())
}

fn has_its_code(pod: &Value) -> Result<()> {
    ensure!(
        !pod.to_string().contains("X-Amz-Signature"),
        "the URL is shown"
    );
    let own = &pod["spec"]["containers"][0];
    let arguments = own["args"].as_array().into_iter().flatten();
    let code = arguments
        .filter_map(Value::as_str)
        .skip_while(|argument| *argument != "--tgz")
        .nth(1);
    ensure!(
        code.is_some_and(|code| code.starts_with(FILES)),
        "the task is told of its code at {code:?}"
    );
    let fetcher = fetcher(pod).context("its init container")?;
    let ended = &fetcher["state"]["terminated"];
    ensure!(ended["exitCode"] == 0, "its code was not fetched: {ended}");
    Ok(())
}

/// The state of the container that fetches a pod's code.
fn fetcher(pod: &Value) -> Option<&Value> {
    let states = pod["status"]["initContainerStatuses"].as_array()?;
    states.iter().find(|state| state["name"] == FETCHER)
}
