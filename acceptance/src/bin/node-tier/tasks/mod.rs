//! Flyte's own client runs tasks in a data plane that Terraform put up: the stand-in for its control plane makes the resources, the
//! deployed executor runs them as pods of an image with Flyte's entrypoint, and the client prints what came of it. Executor and
//! tasks reach the buckets by the roles that the cloud lends to their tokens; there is no key anywhere.

mod evictions;
mod signed_code;
mod told;

use std::{
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use acceptance::{
    aws::Account,
    cluster::Kubectl,
    flyte::{Flyte, Layout, ORGANIZATION, Project, Site},
    node::{Archive, network},
    setup,
    terraform::Terraform,
    wait,
};
use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value, json};

use self::told::Told;
use crate::{NAMESPACE, Stack};

/// A workspace of the example is its domain `development`.
const PROJECT: &str = "fraud";

/// Where its resources and pods are.
const WORKSPACE: &str = "fraud-development";

/// The metadata bucket of the example.
const BUCKET: &str = "demo-metadata";

const LIMIT: Duration = Duration::from_mins(1);

/// What says that a part of the tests passed.
type Passed<'a> = &'a mut dyn FnMut(&str, Instant) -> Result<()>;

/// The example, applied, with Flyte's control plane.
pub struct DataPlane {
    directory: PathBuf,
    terraform: Terraform,
    kubectl: Kubectl,
    flyte: Flyte,
    account: Account,
}

impl DataPlane {
    /// Runs all of `acceptance/flyte/tasks/on_node.py`, while somebody evicts one of the pods.
    pub fn tasks(&self, passed: Passed<'_>) -> Result<()> {
        let start = Instant::now();
        let (runs, evicted) = thread::scope(|scope| {
            let evicting = scope.spawn(|| evictions::evict(&self.kubectl, &self.directory));
            let runs = self.client(&[])?;
            let evicted = evicting.join();
            anyhow::Ok((
                runs,
                evicted.map_err(|_| anyhow!("the eviction panicked"))??,
            ))
        })?;
        have_the_admin_role(&executors(&self.kubectl)?)?;
        let told = Told {
            runs,
            evicted: self.action(&evicted)?,
            account: self.account.id.clone(),
        };
        told.check()?;
        passed(
            "Flyte's client ran tasks by the executor that Terraform deployed, without a key: a leaf, a parent with children, \
             a sidecar, retries, a timeout, an abort, conditions, deployed tasks, a recovery, too much memory and disk, an eviction",
            start,
        )
    }

    /// Runs a leaf and a parent, whose code comes by signed URLs.
    pub fn signed_code(&self, passed: Passed<'_>) -> Result<()> {
        let start = Instant::now();
        signed_code::run(self)?;
        passed(
            "code came by signed URLs that pods do not show, to a parent and to its children",
            start,
        )
    }

    pub fn destroy(self) -> Result<()> {
        self.terraform.destroy().map(drop)
    }

    pub fn apply(directory: &Path, stack: &Stack) -> Result<Self> {
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
                layout: Layout::Spec,
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
        Ok(Self {
            directory: directory.to_path_buf(),
            terraform,
            kubectl,
            flyte,
            account,
        })
    }

    /// Runs what `on_node.py` has by these names, or all of it.
    fn client(&self, names: &[&str]) -> Result<Value> {
        let home = setup::scratch()?;
        let bundle = self.account.bundle().context("the front's authority")?;
        let output = Command::new(setup::python("python")?)
            .args([
                "on_node.py",
                &self.flyte.client_endpoint(),
                ORGANIZATION,
                PROJECT,
            ])
            .args(names)
            .current_dir(setup::checkout().join("acceptance/flyte/tasks"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // It uploads code to a signed URL of the bucket.
            .env("SSL_CERT_FILE", bundle)
            .env("HOME", home.path())
            .output()
            .context("starting Flyte's client")?;
        let said = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(said.lines().last().unwrap_or_default()).with_context(|| {
            format!(
                "Flyte's client failed:\n{said}\n{}\nThe actions: {:?}\nThe pods: {}\nThe executor:\n{}",
                String::from_utf8_lossy(&output.stderr),
                self.project().actions(),
                self.kubectl.run(&["get", "pods", "-A", "-o", "wide"]).unwrap_or_default(),
                logs(&self.kubectl),
            )
        })
    }

    fn project(&self) -> Project {
        Project::named(&self.flyte, PROJECT)
    }

    /// The resource of a run's root, which is there for an hour after its end.
    fn action(&self, run: &str) -> Result<Value> {
        let name = format!("{run}-a0");
        let resource = self.kubectl.get("taskaction", WORKSPACE, &name)?;
        resource.with_context(|| format!("there is no {name}"))
    }
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
