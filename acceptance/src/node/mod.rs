//! A real node: containerd, runc, kubelet and kube-proxy in a network namespace of our own, so that pods really run.
//! It needs root on Linux and what `acceptance/setup/install.sh node` installs.

mod containerd;
pub mod firewall;
mod image;
mod kubelet;
pub mod namespace;
pub mod network;
pub mod private_link;

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result};

use self::containerd::Containerd;
pub use self::image::Archive;
use crate::{
    cluster::{Cluster, Kubectl, Site},
    process::Process,
    wait,
};

/// The node's name in the cluster.
pub const NAME: &str = "node";

/// A running node. Its programs end when it is dropped, its pods with the namespaces of [`network::enter`].
pub struct Node {
    proxy: Process,
    kubelet: Process,
    containerd: Containerd,
}

impl Node {
    /// Where the API server of a cluster with a real node listens: inside the namespace that [`network::enter`] made.
    pub fn site() -> Site {
        Site {
            address: network::ADDRESS.to_owned(),
            simulated_node: false,
            ..Site::default()
        }
    }

    /// Joins a node to the cluster and waits until it is ready for pods.
    pub fn join(cluster: &Cluster, directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        let containerd = Containerd::start(directory)?;
        containerd.import(&image::pause(directory)?)?;
        let kubelet = kubelet::start(cluster, directory, containerd.socket())?;
        let proxy = kubelet::start_proxy(cluster, directory)?;
        let mut node = Self {
            proxy,
            kubelet,
            containerd,
        };
        node.wait_until_ready(&cluster.kubectl()?)
            .context("joining the node")?;
        Ok(node)
    }

    /// Makes the images of an OCI archive known to the node; nothing is ever pulled.
    pub fn import(&self, archive: &Archive) -> Result<()> {
        self.containerd.import(archive)
    }

    fn wait_until_ready(&mut self, kubectl: &Kubectl) -> Result<()> {
        let ready = r#"jsonpath={.status.conditions[?(@.type=="Ready")].status}"#;
        wait::until("the node to be ready", Duration::from_secs(90), || {
            self.kubelet.check()?;
            self.proxy.check()?;
            let status = kubectl.run(&["get", "node", NAME, "-o", ready]);
            Ok(status.is_ok_and(|status| status == "True").then_some(()))
        })
    }
}
