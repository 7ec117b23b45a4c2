//! kubelet and kube-proxy, with the node's own certificate.

use std::{fs, path::Path, time::Duration};

use anyhow::Result;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{NAME, network};
use crate::{
    cluster::{Cluster, free_port},
    process::{self, Process},
    setup::Kubernetes,
};

const START: Duration = Duration::from_mins(1);

pub fn start(cluster: &Cluster, directory: &Path, containerd: &Path) -> Result<Process> {
    let kubeconfig = directory.join("kubelet.kubeconfig");
    let user = format!("system:node:{NAME}");
    write_kubeconfig(cluster, &kubeconfig, &user, Some("system:nodes"))?;
    let file = directory.join("kubelet.json");
    let health = free_port()?;
    let configuration = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": network::ADDRESS,
        "authentication": {
            "anonymous": { "enabled": false },
            "x509": { "clientCAFile": cluster.directory().join("ca.crt") },
            "webhook": { "enabled": true },
        },
        "authorization": { "mode": "Webhook" },
        "cgroupDriver": "cgroupfs",
        "containerRuntimeEndpoint": format!("unix://{}", containerd.display()),
        "failCgroupV1": false,
        "failSwapOn": false,
        "healthzPort": health,
        // A test machine's disk may be nearly full without any harm to the pods here.
        "evictionHard": { "memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
        "imageGCHighThresholdPercent": 100,
        "syncFrequency": "5s",
    });
    fs::write(&file, configuration.to_string())?;
    let mut command = process::command(Kubernetes::Kubelet.path()?);
    command.args([
        format!("--config={}", file.display()),
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--hostname-override={NAME}"),
        format!("--node-ip={}", network::ADDRESS),
        format!("--root-dir={}", directory.join("kubelet").display()),
        format!("--cert-dir={}", directory.join("kubelet-pki").display()),
    ]);
    let mut kubelet = Process::start("kubelet", command, &directory.join("kubelet.log"))?;
    kubelet.ready(START, || listens(health))?;
    Ok(kubelet)
}

pub fn start_proxy(cluster: &Cluster, directory: &Path) -> Result<Process> {
    let kubeconfig = directory.join("kube-proxy.kubeconfig");
    write_kubeconfig(cluster, &kubeconfig, "system:kube-proxy", None)?;
    let file = directory.join("kube-proxy.json");
    let health = free_port()?;
    let configuration = json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": { "kubeconfig": kubeconfig },
        "hostnameOverride": NAME,
        "detectLocalMode": "BridgeInterface",
        "detectLocal": { "bridgeInterface": "cni0" },
        "bindAddress": network::ADDRESS,
        "healthzBindAddress": format!("127.0.0.1:{health}"),
        "metricsBindAddress": format!("127.0.0.1:{}", free_port()?),
        // The limits belong to the machine, not to this namespace.
        "conntrack": { "maxPerCore": 0 },
    });
    fs::write(&file, configuration.to_string())?;
    let mut command = process::command(Kubernetes::Proxy.path()?);
    command.arg(format!("--config={}", file.display()));
    let mut proxy = Process::start("kube-proxy", command, &directory.join("kube-proxy.log"))?;
    proxy.ready(START, || listens(health))?;
    Ok(proxy)
}

fn listens(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn write_kubeconfig(cluster: &Cluster, file: &Path, user: &str, group: Option<&str>) -> Result<()> {
    let identity = cluster.authority()?.client(user, group)?;
    let credentials: Value = json!({
        "client-certificate-data": BASE64_STANDARD.encode(identity.certificate),
        "client-key-data": BASE64_STANDARD.encode(identity.key),
    });
    cluster.write_kubeconfig(file, user, &credentials)
}
