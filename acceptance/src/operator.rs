//! The operator's binary as a local process with its own service account's credentials, where no node can run its pod.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};

use crate::{
    cluster::{Cluster, free_port},
    node::namespace as network_namespace,
    process::{self, Process},
    setup, wait,
};

const START: Duration = Duration::from_mins(1);

/// A running operator.
pub struct Operator {
    pub process: Process,
    port: u16,
    token: PathBuf,
}

impl Operator {
    /// Starts mode `operator` with the configuration that Terraform put into the namespace, and waits until it listens.
    pub fn start(
        cluster: &Cluster,
        namespace: &str,
        audience: &str,
        directory: &Path,
    ) -> Result<Self> {
        Self::start_in(None, cluster, namespace, audience, directory)
    }

    /// The same in a network namespace.
    pub fn start_in(
        network: Option<&Path>,
        cluster: &Cluster,
        namespace: &str,
        audience: &str,
        directory: &Path,
    ) -> Result<Self> {
        fs::create_dir_all(directory)?;
        let settings = cluster.kubectl()?.list(&["configmaps", "-n", namespace])?;
        let config = settings
            .iter()
            .find_map(|map| map["data"]["config.yaml"].as_str())
            .with_context(|| format!("no operator configuration in the namespace {namespace}"))?;
        let file = directory.join("config.yaml");
        fs::write(&file, config)?;
        let token = directory.join("token");
        fs::write(&token, cluster.token(namespace, "operator", audience)?)?;
        let port = free_port()?;
        let mut command = process::command_in(network, setup::built("dataplane-operator")?);
        command
            .arg("operator")
            .arg("--config")
            .arg(&file)
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .arg("--control-plane-token")
            .arg(&token)
            .env("KUBECONFIG", cluster.kubeconfig_of(namespace, "operator")?)
            .env("POD_NAME", "operator-0");
        let mut process = Process::start("operator", command, &directory.join("operator.log"))?;
        process.ready(START, || network_namespace::takes_at_home(network, port))?;
        Ok(Self {
            process,
            port,
            token,
        })
    }

    /// Waits until it, or its like in a pod, holds the Lease.
    pub fn until_leading(&mut self, cluster: &Cluster, namespace: &str) -> Result<()> {
        let kubectl = cluster.kubectl()?;
        wait::until("the operator to take its lease", START, || {
            self.process.check()?;
            let lease = kubectl.get("lease", namespace, "operator")?;
            Ok(lease.filter(|lease| lease["spec"]["holderIdentity"].is_string()))
        })?;
        Ok(())
    }

    /// `http://127.0.0.1:port` of its health and metrics.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Replaces its token, as the kubelet does before the old one expires.
    pub fn renew_token(&self, cluster: &Cluster, namespace: &str, audience: &str) -> Result<()> {
        fs::write(&self.token, cluster.token(namespace, "operator", audience)?)
            .context("renewing the operator's token")
    }
}
