//! The namespaces that hold a cluster and its node: a bridge with the node's address and no way out, and mounts and
//! processes of their own, so that nothing of them outlives the program.

use std::{os::unix::process::CommandExt as _, process::Command};

use anyhow::{Context as _, Result};

use super::namespace;
use crate::setup;

/// The address of node and API server inside the namespace.
pub const ADDRESS: &str = "10.250.0.1";

/// The addresses of pods.
pub const PODS: &str = "10.244.0.0/24";

const INSIDE: &str = "DATAPLANE_INSIDE_NETWORK";

/// Starts this program anew inside namespaces that end with it, and sets the network up. Call it first in `main`,
/// before there is a second thread.
pub fn enter() -> Result<()> {
    if setup::variable(INSIDE).is_none() {
        // Not `ip netns exec`, which hides the cgroups that the kubelet needs.
        let error = Command::new("unshare")
            .args([
                "--net",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "--",
            ])
            .arg(std::env::current_exe()?)
            .args(std::env::args_os().skip(1))
            .env(INSIDE, "1")
            .exec();
        return Err(error).context("entering namespaces by unshare (util-linux), which needs root");
    }
    ip(&["link", "set", "lo", "up"])?;
    ip(&["link", "add", "dataplane0", "type", "bridge"])?;
    ip(&[
        "address",
        "add",
        &format!("{ADDRESS}/24"),
        "dev",
        "dataplane0",
    ])?;
    ip(&["link", "set", "dataplane0", "up"])?;
    // Kubernetes looks its own address up by the default route. It leads to the bridge, where nobody listens.
    ip(&["route", "add", "default", "dev", "dataplane0"])?;
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").context("turning forwarding on")
}

fn ip(arguments: &[&str]) -> Result<()> {
    namespace::run(None, "ip", arguments).map(drop)
}
