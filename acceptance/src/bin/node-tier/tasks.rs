//! Flyte's own client runs tasks: the stand-in for its control plane makes the resources, our executor runs them as pods of an
//! image with Flyte's entrypoint, and the client prints what came of it.

use std::{path::Path, process::Command, time::Duration};

use acceptance::{
    aws::{Account, Emulators, Front},
    cluster::Cluster,
    flyte::{ExecutorSite, Flyte, Installation, ORGANIZATION, Project, Site},
    node::{Archive, Node, network},
    setup, wait,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// Where the runs are; their namespace is `<project>-development`.
const PROJECT: &str = "tasks";

const LIMIT: Duration = Duration::from_mins(1);

/// What became of the runs, as the client says it.
pub struct Told(Value);

/// Runs all of `acceptance/flyte/tasks/tasks.py`.
pub fn run(
    directory: &Path,
    cluster: &Cluster,
    node: &Node,
    emulators: &Emulators,
) -> Result<Told> {
    node.import(&Archive::at(&setup::task_image()?)?)?;
    let front = Front::start_at(emulators, &format!("{}:0", network::ADDRESS))?;
    let account = Account::new(&front);
    std::fs::create_dir_all(directory)?;
    let site = Site {
        cluster,
        account: &account,
        address: network::ADDRESS,
        plays_pods: false,
    };
    let flyte = Flyte::start_in(directory, &site)?;
    let project = Project::named(&flyte, PROJECT);
    let kubectl = cluster.kubectl()?;
    let namespace = project.namespace();
    kubectl.create_namespace(&namespace)?;
    wait::until("the default service account", LIMIT, || {
        kubectl.get("serviceaccount", &namespace, "default")
    })?;
    // What an operator says to all tasks: where the control plane and the store are.
    let environment = json!({
        "_U_EP_OVERRIDE": flyte.client_endpoint(), "_U_INSECURE": "1", "_U_USE_ACTIONS": "1",
        "FLYTE_AWS_ENDPOINT": account.endpoint, "FLYTE_AWS_ACCESS_KEY_ID": account.credentials.access_key,
        "FLYTE_AWS_SECRET_ACCESS_KEY": account.credentials.secret_key, "AWS_REGION": account.region,
    });
    let site = ExecutorSite::of(cluster, &flyte);
    let settings = json!({ "tasks": { "environment": environment } });
    let installation = Installation::new(&site, "executor", &settings)?;
    let executor = installation.start("executor-0")?;
    let home = setup::scratch()?;
    let output = Command::new(setup::python("python")?)
        .args([
            "on_node.py",
            &flyte.client_endpoint(),
            ORGANIZATION,
            PROJECT,
        ])
        .current_dir(setup::checkout().join("acceptance/flyte/tasks"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("HOME", home.path())
        .output()
        .context("starting Flyte's client")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let told = serde_json::from_str(said.lines().last().unwrap_or_default()).with_context(|| {
        format!(
            "Flyte's client failed:\n{said}\n{}\nThe actions: {:?}\nThe pods: {}\nThe executor:\n{}",
            String::from_utf8_lossy(&output.stderr),
            project.actions(),
            kubectl.run(&["get", "pods", "-A", "-o", "wide"]).unwrap_or_default(),
            acceptance::process::tail(executor.process.log()),
        )
    })?;
    executor.stop()?;
    Ok(Told(told))
}

impl Told {
    /// A task without children returns its result.
    pub fn leaf(&self) -> Result<()> {
        self.is(
            "leaf",
            &json!({ "phase": "SUCCEEDED", "attempts": 1, "outputs": [42] }),
        )
    }

    /// A parent adds up what its children returned.
    pub fn parent(&self) -> Result<()> {
        self.is(
            "parent",
            &json!({ "phase": "SUCCEEDED", "attempts": 1, "outputs": [12] }),
        )
    }

    /// A task that fails is tried as often as it says, and its error is told.
    pub fn failing(&self) -> Result<()> {
        let told = &self.0["failing"];
        ensure!(
            told["phase"] == "FAILED" && told["attempts"] == 3,
            "the failing task: {told}"
        );
        let error = told["error"].as_str().unwrap_or_default();
        ensure!(
            error.contains("this task always fails"),
            "the error: {error}"
        );
        Ok(())
    }

    pub fn timed_out(&self) -> Result<()> {
        let told = &self.0["timed_out"];
        ensure!(told["phase"] == "TIMED_OUT", "the task without end: {told}");
        Ok(())
    }

    pub fn aborted(&self) -> Result<()> {
        let told = &self.0["aborted"];
        ensure!(told["phase"] == "ABORTED", "the aborted task: {told}");
        Ok(())
    }

    fn is(&self, run: &str, expected: &Value) -> Result<()> {
        ensure!(
            self.0[run] == *expected,
            "{run} came out as {}, not as {expected}",
            self.0[run]
        );
        Ok(())
    }
}
