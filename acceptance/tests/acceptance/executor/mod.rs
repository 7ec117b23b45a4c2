//! The executor as a process, on a real API server: pods are played, the control plane is a stand-in that Flyte's message
//! descriptors drive, and what lies between can be cut.

mod bad_input;
mod cache;
mod children;
mod code;
mod conditions;
mod control_plane;
mod crashes;
mod faults;
mod fencing;
mod layout;
mod phases;
mod pod_templates;
mod recovery;
mod retries;
mod substrate;

use std::{sync::Arc, time::Duration};

use acceptance::{
    cluster::{Cluster, Kubectl},
    flyte::{Action, ApiFront, Executor, ExecutorSite, Flyte, Installation, Project, Task, Wire},
    wait,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// How long something may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(45);

/// What one test has: a project, and an executor for that alone.
struct World {
    project: Project,
    installation: Installation,
    front: ApiFront,
    wire: Wire,
    kubectl: Kubectl,
    cluster: Arc<Cluster>,
    flyte: Arc<Flyte>,
}

impl World {
    fn new() -> Result<Self> {
        Self::with(&json!({}))
    }

    /// With settings of `components.executor`.
    fn with(settings: &Value) -> Result<Self> {
        Self::on(Flyte::shared()?, settings)
    }

    /// On a cluster that the test may hurt.
    fn alone(settings: &Value) -> Result<Self> {
        let cluster = Arc::new(Cluster::start()?);
        Self::on(Arc::new(Flyte::on(cluster)?), settings)
    }

    fn on(flyte: Arc<Flyte>, settings: &Value) -> Result<Self> {
        let cluster = Arc::clone(&flyte.world()?.cluster);
        let kubectl = cluster.kubectl()?;
        let project = Project::new(&flyte);
        let namespace = project.namespace();
        kubectl.create_namespace(&namespace)?;
        wait::until("the default service account", LIMIT, || {
            kubectl.get("serviceaccount", &namespace, "default")
        })?;
        let front = ApiFront::to(&cluster)?;
        let wire = Wire::to(&flyte.secure_endpoint())?;
        let mut own = settings.clone();
        own["namespaces"] = json!([namespace]);
        let site = ExecutorSite {
            control_plane: wire.endpoint(),
            front: Some(&front),
            ..ExecutorSite::of(&cluster, &flyte)
        };
        let installation = Installation::new(&site, &format!("executor-{}", project.name), &own)?;
        Ok(Self {
            project,
            installation,
            front,
            wire,
            kubectl,
            cluster,
            flyte,
        })
    }

    /// The only executor of most tests.
    fn executor(&self) -> Result<Executor> {
        self.installation.start("executor-0")
    }

    fn resource(&self, name: &str) -> Result<Option<Value>> {
        self.kubectl
            .get("taskaction", &self.project.namespace(), name)
    }

    fn pod(&self, name: &str) -> Result<Option<Value>> {
        self.kubectl.get("pod", &self.project.namespace(), name)
    }

    fn pods(&self) -> Result<Vec<Value>> {
        self.kubectl
            .list(&["pods", "-n", &self.project.namespace()])
    }

    /// Waits until neither a resource nor a pod of it is left.
    fn until_gone(&self, name: &str) -> Result<()> {
        wait::until(&format!("the end of {name}"), LIMIT, || {
            let pods = self.pods()?;
            let has_pod = pods.iter().any(|pod| {
                pod["metadata"]["name"]
                    .as_str()
                    .is_some_and(|pod| pod.starts_with(name))
            });
            Ok((!has_pod && self.resource(name)?.is_none()).then_some(()))
        })
    }

    /// Runs a task to its end with an executor of its own.
    fn run(&self, run: &str, task: &Task) -> Result<Action> {
        let _executor = self.executor()?;
        self.project.run(run, task)?;
        self.project.ended(run, LIMIT)
    }

    /// Makes the resource of a run's root without asking the control plane, with `spec` over the usual one; null leaves
    /// a field out.
    fn make_raw(&self, run: &str, spec: &Value) -> Result<()> {
        let project = &self.project.name;
        let mut whole = json!({
            "runName": run, "project": project, "domain": "development", "actionName": "a0", "taskType": "python",
            "inputUri": format!("s3://executor-metadata/acme/{project}/development/{run}/inputs"),
            "runOutputBase": format!("s3://executor-metadata/acme/{project}/development/{run}/"),
            "taskTemplate": self.flyte.template(&Task::succeeding("raw"))?,
        });
        for (name, value) in spec.as_object().context("an object")? {
            whole[name] = value.clone();
        }
        if let Some(fields) = whole.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        let resource = json!({
            "apiVersion": "flyte.org/v1", "kind": "TaskAction",
            "metadata": { "name": format!("{run}-a0"), "namespace": self.project.namespace() },
            "spec": whole,
        });
        self.kubectl.apply(&resource.to_string()).map(drop)
    }

    fn assert_no_pod_was_made_twice(&self) -> Result<()> {
        let mut pods = self.project.pods_played()?;
        let all = pods.len();
        pods.sort();
        pods.dedup();
        ensure!(
            pods.len() == all,
            "of {all} pods are {} names: {pods:?}",
            pods.len()
        );
        Ok(())
    }
}

/// An action whose events are exactly these.
fn assert_history(action: &Action, expected: &[&str]) -> Result<()> {
    let history = action.history();
    ensure!(
        history == expected,
        "{}/{} was told as {history:?}, not {expected:?}: {:?}",
        action.run,
        action.action,
        action.events
    );
    Ok(())
}

/// The same but for what a pod is in between, which may be over before anybody looked.
fn assert_told(action: &Action, expected: &[&str]) -> Result<()> {
    let history: Vec<String> = action
        .history()
        .into_iter()
        .filter(|told| !told.ends_with("INITIALIZING") && !told.ends_with("RUNNING"))
        .collect();
    ensure!(
        history == expected,
        "{}/{} was told as {:?}, not {expected:?}: {:?}",
        action.run,
        action.action,
        action.history(),
        action.events
    );
    Ok(())
}

/// The message of the error in the last event.
fn error_of(action: &Action) -> &str {
    let last = action.events.last();
    last.and_then(|event| event.json["errorInfo"]["message"].as_str())
        .unwrap_or_default()
}

fn condition<'a>(resource: &'a Value, kind: &str) -> &'a Value {
    resource["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == kind)
        .unwrap_or(&Value::Null)
}
