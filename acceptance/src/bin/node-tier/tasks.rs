//! Flyte's own client runs tasks in a data plane that Terraform put up: the stand-in for its control plane makes the resources, the
//! deployed executor runs them as pods of an image with Flyte's entrypoint, and the client prints what came of it. Executor and
//! tasks reach the buckets by the roles that the cloud lends to their tokens; there is no key anywhere.

use std::{path::Path, process::Command, time::Duration};

use acceptance::{
    aws::Account,
    cluster::Kubectl,
    flyte::{Flyte, ORGANIZATION, Project, Site},
    node::{Archive, network},
    setup, wait,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{NAMESPACE, Stack};

/// A workspace of the example is its domain `development`.
const PROJECT: &str = "fraud";

/// The metadata bucket of the example.
const BUCKET: &str = "demo-metadata";

const LIMIT: Duration = Duration::from_mins(1);

/// What became of the runs, as the client says it.
pub struct Told {
    runs: Value,
    account: String,
}

/// Applies the example, runs all of `acceptance/flyte/tasks/on_node.py`, and destroys what was applied.
pub fn run(directory: &Path, stack: &Stack) -> Result<Told> {
    stack.node.import(&Archive::at(&setup::task_image()?)?)?;
    // The policies of the buckets ask for TLS.
    let account = Account::new(&stack.front).over_tls();
    std::fs::create_dir_all(directory)?;
    let flyte = Flyte::start_in(
        directory,
        &Site {
            cluster: &stack.cluster,
            account: &account,
            address: network::ADDRESS,
            plays_pods: false,
            data_plane: Some(BUCKET),
        },
    )?;
    let control_plane = json!({
        "endpoint": format!("https://{}", flyte.secure_endpoint()),
        "ca_certificate": flyte.ca_certificate(),
    });
    // Flyte's client cannot be told an authority of the control plane's own.
    let environment =
        json!({ "_U_EP_OVERRIDE": flyte.client_endpoint(), "_U_INSECURE": "1" }).to_string();
    let terraform = stack
        .example(&account, &control_plane)?
        .variable("task_environment", &environment);
    terraform.init()?;
    terraform.apply()?;
    let kubectl = stack.cluster.kubectl()?;
    is_led_by_a_pod(&kubectl)?;

    let home = setup::scratch()?;
    let bundle = account.bundle().context("the front's authority")?;
    let output = Command::new(setup::python("python")?)
        .args([
            "on_node.py",
            &flyte.client_endpoint(),
            ORGANIZATION,
            PROJECT,
        ])
        .current_dir(setup::checkout().join("acceptance/flyte/tasks"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // It uploads code to a signed URL of the bucket.
        .env("SSL_CERT_FILE", bundle)
        .env("HOME", home.path())
        .output()
        .context("starting Flyte's client")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let runs = serde_json::from_str(said.lines().last().unwrap_or_default()).with_context(|| {
        format!(
            "Flyte's client failed:\n{said}\n{}\nThe actions: {:?}\nThe pods: {}\nThe executor:\n{}",
            String::from_utf8_lossy(&output.stderr),
            Project::named(&flyte, PROJECT).actions(),
            kubectl.run(&["get", "pods", "-A", "-o", "wide"]).unwrap_or_default(),
            logs(&kubectl),
        )
    })?;
    have_the_admin_role(&executors(&kubectl)?)?;
    terraform.destroy()?;
    Ok(Told {
        runs,
        account: account.id,
    })
}

fn executors(kubectl: &Kubectl) -> Result<Vec<Value>> {
    let label = "app.kubernetes.io/component=executor";
    kubectl.list(&["pods", "-n", NAMESPACE, "-l", label])
}

/// The Lease is held by a pod of the Deployment: nobody else runs the tasks.
fn is_led_by_a_pod(kubectl: &Kubectl) -> Result<()> {
    wait::until("a pod of the executor to lead", LIMIT, || {
        let lease = kubectl.get("lease", NAMESPACE, "executor")?;
        let holder = lease.context("the executor's Lease")?["spec"]["holderIdentity"].clone();
        let pods = executors(kubectl)?;
        let leads = pods.iter().any(|pod| pod["metadata"]["name"] == holder);
        Ok(leads.then_some(()))
    })
    .with_context(|| logs(kubectl))
}

fn logs(kubectl: &Kubectl) -> String {
    let label = "app.kubernetes.io/component=executor";
    let shown = kubectl.run(&["logs", "-n", NAMESPACE, "-l", label, "--tail=60"]);
    shown.unwrap_or_else(|error| format!("{error:#}"))
}

/// Pods have the role by a token of their own, and no key.
fn have_the_admin_role(pods: &[Value]) -> Result<()> {
    ensure!(!pods.is_empty(), "no pod of the executor is there any more");
    for pod in pods {
        let spec = pod["spec"].to_string();
        ensure!(
            spec.contains(":role/adminflyterole\"") && spec.contains("AWS_WEB_IDENTITY_TOKEN_FILE"),
            "the executor has not its role: {spec}"
        );
        ensure!(!spec.contains("ACCESS_KEY"), "a static key in {spec}");
    }
    Ok(())
}

impl Told {
    /// A task without children returns its result.
    pub fn leaf(&self) -> Result<()> {
        self.succeeded("leaf", 1, &json!([42]))
    }

    /// The pods of tasks have the user role, and no key.
    pub fn role(&self) -> Result<()> {
        let role = format!("arn:aws:iam::{}:role/userflyterole", self.account);
        self.succeeded("role", 1, &json!([role]))
    }

    /// A parent adds up what its children returned.
    pub fn parent(&self) -> Result<()> {
        self.succeeded("parent", 1, &json!([12]))
    }

    /// The pod of a template runs whole, and ends with its primary container.
    pub fn sidecar(&self) -> Result<()> {
        self.succeeded("sidecar", 1, &json!(["hello from beside"]))
    }

    /// A task that fails once is tried again, and then returns its result.
    pub fn flaky(&self) -> Result<()> {
        self.succeeded("flaky", 2, &json!([1]))
    }

    /// A task that fails is tried as often as it says, and its error is told.
    pub fn failing(&self) -> Result<()> {
        let told = &self.runs["failing"];
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
        let told = &self.runs["timed_out"];
        ensure!(told["phase"] == "TIMED_OUT", "the task without end: {told}");
        Ok(())
    }

    pub fn aborted(&self) -> Result<()> {
        let told = &self.runs["aborted"];
        ensure!(told["phase"] == "ABORTED", "the aborted task: {told}");
        Ok(())
    }

    fn succeeded(&self, run: &str, attempts: u32, outputs: &Value) -> Result<()> {
        let expected = json!({ "phase": "SUCCEEDED", "attempts": attempts, "outputs": outputs });
        ensure!(
            self.runs[run] == expected,
            "{run} came out as {}, not as {expected}",
            self.runs[run]
        );
        Ok(())
    }
}
