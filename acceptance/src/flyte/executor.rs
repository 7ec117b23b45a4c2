//! The operator's binary in its mode `executor`, as a local process with a service account's own rights.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{ApiFront, BUCKET, Flyte, Layout, ORGANIZATION};
use crate::{
    aws::REGION,
    cluster::{Cluster, Kubectl, free_port},
    issuer,
    node::namespace,
    process::{self, Process},
    setup, wait,
};

const START: Duration = Duration::from_mins(1);

/// The account of executors that tests start.
const ACCOUNT: &str = "executor";

/// What an executor is told and who it is; several processes may be of one.
pub struct Installation {
    directory: TempDir,
    namespace: String,
    environment: Vec<(String, String)>,
    kubectl: Kubectl,
    network: Option<PathBuf>,
}

/// A running executor. It is killed when dropped.
pub struct Executor {
    pub process: Process,
    port: u16,
}

/// Where things are and how an executor gets there.
pub struct Site<'a> {
    pub cluster: &'a Cluster,
    /// `host:port` of the control plane.
    pub control_plane: String,
    /// The authority of its certificate, PEM.
    pub ca_certificate: String,
    /// URL of the object store.
    pub store: String,
    /// Of what is in it.
    pub layout: Layout,
    /// With the credentials for it.
    pub environment: Vec<(String, String)>,
    /// What stands before the API server, if anything.
    pub front: Option<&'a ApiFront>,
    /// The network namespace to run in, if not ours.
    pub network: Option<&'a Path>,
}

impl<'a> Site<'a> {
    /// With a stand-in's control plane and store.
    pub fn of(cluster: &'a Cluster, flyte: &Flyte) -> Self {
        Self {
            cluster,
            control_plane: flyte.secure_endpoint(),
            ca_certificate: flyte.ca_certificate().to_owned(),
            store: flyte.account().endpoint.clone(),
            layout: flyte.layout(),
            environment: flyte.account().environment(),
            front: None,
            network: None,
        }
    }
}

impl Installation {
    /// Makes the executor's namespace and account, with the rights that Flyte's executor has. `settings` go over those of
    /// `components.executor`.
    pub fn new(site: &Site<'_>, namespace: &str, settings: &Value) -> Result<Self> {
        let kubectl = site.cluster.kubectl()?;
        kubectl.create_namespace(namespace)?;
        kubectl.apply(&rights(namespace).to_string())?;
        let directory = setup::scratch()?;
        let endpoint = format!("https://{}", site.control_plane);
        let mut executor = json!({
            "tasks": {
                "node_selector": { "acceptance.test/pods": "played" },
                "tolerations": [{ "key": "acceptance.test/played", "value": "true", "effect": "NoSchedule" }],
            },
        });
        for (name, value) in settings.as_object().into_iter().flatten() {
            executor[name] = value.clone();
        }
        let config = json!({
            "namespace": namespace,
            "organization": ORGANIZATION,
            "cluster_name": "tests",
            "image": "localhost/dataplane-operator:1",
            "control_plane": { "endpoint": endpoint, "ca_certificate": site.ca_certificate },
            "storage": {
                "metadata": format!("s3://{BUCKET}"), "fast_registration": format!("s3://{BUCKET}"),
                "region": REGION, "endpoint": site.store, "layout": site.layout.name(),
            },
            "components": { "executor": executor },
        });
        let file = |name: &str, text: &str| {
            let file = directory.path().join(name);
            fs::write(&file, text).with_context(|| format!("writing {}", file.display()))
        };
        file("config.yaml", &config.to_string())?;
        file("token", &site.cluster.token(namespace, ACCOUNT, &endpoint)?)?;
        let own = site.cluster.kubeconfig_of(namespace, ACCOUNT)?;
        let mut kubeconfig: Value = serde_json::from_slice(&fs::read(own)?)?;
        if let Some(front) = site.front {
            kubeconfig["clusters"][0]["cluster"] = json!({ "server": front.endpoint() });
        }
        file("kubeconfig", &kubeconfig.to_string())?;
        Ok(Self {
            directory,
            namespace: namespace.to_owned(),
            environment: site.environment.clone(),
            kubectl,
            network: site.network.map(Path::to_path_buf),
        })
    }

    /// Starts a process, and waits until it listens. `name` is that of its pod.
    pub fn start(&self, name: &str) -> Result<Executor> {
        let port = free_port()?;
        let file = |name: &str| self.directory.path().join(name);
        let network = self.network.as_deref();
        let mut command = process::command_in(network, setup::built("dataplane-operator")?);
        command
            .arg("executor")
            .arg("--config")
            .arg(file("config.yaml"))
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .arg("--control-plane-token")
            .arg(file("token"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("KUBECONFIG", file("kubeconfig"))
            .env("POD_NAME", name);
        let mut process = Process::start("executor", command, &self.log(name))?;
        process.ready(START, || namespace::takes_at_home(network, port))?;
        Ok(Executor { process, port })
    }

    /// The log of the processes with this name.
    pub fn log(&self, name: &str) -> PathBuf {
        self.directory.path().join(format!("{name}.log"))
    }

    /// The pod that holds the Lease.
    pub fn leader(&self) -> Result<Option<String>> {
        let lease = self.kubectl.get("lease", &self.namespace, "executor")?;
        let holder = lease
            .as_ref()
            .and_then(|lease| lease["spec"]["holderIdentity"].as_str());
        Ok(holder
            .filter(|holder| !holder.is_empty())
            .map(str::to_owned))
    }

    pub fn until_led_by(&self, name: &str) -> Result<()> {
        wait::until(&format!("{name} to lead"), START, || {
            Ok(self
                .leader()?
                .filter(|leader| leader.starts_with(name))
                .map(drop))
        })
    }
}

impl Executor {
    /// A metric's lines, without comments.
    pub fn metrics(&self) -> Result<Vec<String>> {
        let url = format!("http://127.0.0.1:{}/metrics", self.port);
        let text = issuer::runtime().block_on(async {
            let client = reqwest::Client::builder().no_proxy().build()?;
            let answer = client.get(url).send().await?.error_for_status()?;
            answer.text().await
        })?;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Ok(lines.map(str::to_owned).collect())
    }

    /// The sum of a metric over all its labels.
    pub fn metric(&self, name: &str) -> Result<f64> {
        let lines = self.metrics()?;
        let values = lines
            .iter()
            .filter(|line| line.split(['{', ' ']).next() == Some(name))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        Ok(values.sum())
    }

    /// Bytes of memory that are really there.
    pub fn resident_memory(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .context("no VmRSS")?;
        let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kibibytes * 1024)
    }

    /// Ends it as a crash would.
    pub fn kill(self) -> Result<()> {
        self.process.kill().map(drop)
    }

    /// Asks it to end; it must do so by itself and say that all is well.
    pub fn stop(self) -> Result<()> {
        let status = self.process.stop()?;
        ensure!(status.success(), "the executor ended with {status}");
        Ok(())
    }
}

/// The definitions of the resources, as the operator's binary prints them.
pub fn define(kubectl: &Kubectl) -> Result<()> {
    let output = Command::new(setup::built("dataplane-operator")?)
        .arg("crds")
        .output()
        .context("starting the operator's binary")?;
    ensure!(output.status.success(), "printing the definitions failed");
    kubectl.apply(&String::from_utf8(output.stdout)?)?;
    let established = ["wait", "--for=condition=Established", "--timeout=60s"];
    kubectl.run(&[&established[..], &["crd/taskactions.flyte.org"]].concat())?;
    Ok(())
}

/// What Flyte's executor may do, and the Leases of the namespace.
fn rights(namespace: &str) -> Value {
    let rule = |group: &str, resources: &[&str], verbs: &[&str]| json!({ "apiGroups": [group], "resources": resources, "verbs": verbs });
    let all = [
        "get", "list", "watch", "create", "update", "patch", "delete",
    ];
    let name = format!("{namespace}-executor");
    let subject = json!([{ "kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace }]);
    let items = json!([
        { "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": ACCOUNT, "namespace": namespace } },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": name },
            "rules": [
                rule("flyte.org", &["taskactions"], &all),
                rule("flyte.org", &["taskactions/status"], &["get", "update", "patch"]),
                rule("flyte.org", &["taskactions/finalizers"], &["update"]),
                rule("", &["pods"], &all),
            ],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": name },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name }, "subjects": subject,
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": ACCOUNT, "namespace": namespace },
            "rules": [rule("coordination.k8s.io", &["leases"], &["get", "update", "patch"])],
        },
        { "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": { "name": "executor", "namespace": namespace } },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": { "name": ACCOUNT, "namespace": namespace },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ACCOUNT }, "subjects": subject,
        },
    ]);
    json!({ "apiVersion": "v1", "kind": "List", "items": items })
}
