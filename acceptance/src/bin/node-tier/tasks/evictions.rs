//! Somebody evicts a task's pod, as a drain of its node does.

use std::{fs, path::Path, time::Duration};

use acceptance::{cluster::Kubectl, wait};
use anyhow::{Context as _, Result};
use serde_json::json;

use super::WORKSPACE;

/// The name of the task in `acceptance/flyte/tasks/limits.py`.
const TASK: &str = "limits.patient";

const LIMIT: Duration = Duration::from_mins(3);

/// Evicts the first pod of the task once it runs, and says whose run it is.
pub(super) fn evict(kubectl: &Kubectl, directory: &Path) -> Result<String> {
    let label = format!("task-name={TASK}");
    let pod = wait::until("a pod to evict", LIMIT, || {
        let pods = kubectl.list(&["pods", "-n", WORKSPACE, "-l", &label])?;
        let mut running = pods
            .into_iter()
            .filter(|pod| pod["status"]["phase"] == "Running");
        Ok(running.next())
    })?;
    let name = pod["metadata"]["name"].as_str().context("its name")?;
    let run = pod["metadata"]["labels"]["run"]
        .as_str()
        .context("its run")?;
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": name, "namespace": WORKSPACE },
        // It would sleep to its end in the time that it is given otherwise.
        "deleteOptions": { "gracePeriodSeconds": 1 },
    });
    let file = directory.join("eviction.json");
    fs::write(&file, eviction.to_string())?;
    let path = format!("/api/v1/namespaces/{WORKSPACE}/pods/{name}/eviction");
    let file = file.display().to_string();
    kubectl.run(&["create", "--raw", &path, "-f", &file])?;
    Ok(run.to_owned())
}
