//! containerd with a root, a state and a socket of its own, beside any that the machine runs already.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use super::{Archive, image, network};
use crate::{
    process::{self, Process},
    setup,
};

const START: Duration = Duration::from_mins(1);

pub struct Containerd {
    _process: Process,
    socket: PathBuf,
}

impl Containerd {
    pub fn start(directory: &Path) -> Result<Self> {
        let plugins = ["/usr/lib/cni", "/opt/cni/bin"]
            .into_iter()
            .find(|folder| Path::new(folder).join("bridge").is_file())
            .context("the CNI plugins are missing: run acceptance/setup/install.sh node")?;
        let networks = directory.join("cni");
        fs::create_dir_all(&networks)?;
        fs::write(
            networks.join("10-bridge.conflist"),
            bridge(directory).to_string(),
        )?;

        let socket = directory.join("containerd.sock");
        let file = directory.join("containerd.toml");
        fs::write(&file, configuration(directory, &socket, plugins, &networks))?;
        let mut command = process::command(setup::on_path("containerd")?);
        command.arg("--config").arg(&file);
        let mut process = Process::start("containerd", command, &directory.join("containerd.log"))?;
        process.ready(START, || ctr(&socket, &["version"]).is_ok())?;
        Ok(Self {
            _process: process,
            socket,
        })
    }

    pub fn socket(&self) -> &Path {
        &self.socket
    }

    pub fn import(&self, archive: &Archive) -> Result<()> {
        let path = archive.path().display().to_string();
        ctr(&self.socket, &["images", "import", &path]).with_context(|| format!("importing {path}"))
    }
}

fn ctr(socket: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new("ctr")
        .arg("--address")
        .arg(socket)
        .args(["--namespace", "k8s.io"])
        .args(arguments)
        .output()
        .context("starting ctr, which comes with containerd")?;
    if !output.status.success() {
        bail!(
            "ctr {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

fn configuration(directory: &Path, socket: &Path, plugins: &str, networks: &Path) -> String {
    let directory = directory.display();
    let socket = socket.display();
    let networks = networks.display();
    let pause = image::PAUSE;
    // Root in a container may lack CAP_SYS_RESOURCE, which lowering an OOM score needs. Network namespaces of pods would else
    // be files in /run/netns, and stay there when our mounts of them are gone.
    format!(
        r#"version = 2
root = "{directory}/containerd"
state = "{directory}/containerd-state"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "{pause}"
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{networks}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
"#
    )
}

fn bridge(directory: &Path) -> serde_json::Value {
    json!({
        "cniVersion": "0.4.0",
        "name": "bridge",
        "plugins": [
            {
                "type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
                "ipam": {
                    "type": "host-local", "dataDir": directory.join("addresses"),
                    "ranges": [[{ "subnet": network::PODS }]],
                    "routes": [{ "dst": "0.0.0.0/0" }],
                },
            },
            { "type": "portmap", "capabilities": { "portMappings": true } },
        ],
    })
}
