//! The process that holds the demo: cluster, node, emulators and control plane are its children and end with it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::Stdio,
    time::Duration,
};

use acceptance::{
    aws::{Account, Emulators, Front},
    cluster::{Cluster, Site},
    control_plane::ControlPlane,
    issuer::Issuer,
    node::{self, Archive, Node},
    operator::Operator,
    process, setup,
    terraform::Terraform,
    wait,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::{Folder, look_around, progress::Progress};

const NAMESPACE: &str = "union";

/// The name that `make image` gives the image.
const IMAGE: &str = concat!("localhost/dataplane-operator:", env!("CARGO_PKG_VERSION"));

/// Half the life of the tokens that a local operator gets.
const RENEWAL: Duration = Duration::from_mins(30);

pub fn serve(folder: &Folder) -> Result<()> {
    let image = node_image();
    if image.is_some() {
        node::network::enter()?;
    }
    let held = start(folder, image.as_ref())?;
    let text = look_around::write(folder, &held)?;
    // Written whole before it has its name: whoever sees it may read it.
    fs::write(folder.file("ready.new"), text)?;
    fs::rename(folder.file("ready.new"), folder.file("ready"))?;
    let stop = folder.file("stop");
    let stopping = || Ok(stop.exists().then_some(()));
    while wait::until("a reason to stop", RENEWAL, stopping).is_err() {
        if let Some(operator) = &held.operator {
            operator.renew_token(&held.cluster, NAMESPACE, &held.control_plane.endpoint())?;
        }
    }
    Progress::new(1).step("terraform destroy", || {
        run_terraform(
            &held.terraform,
            &["destroy", "-input=false", "-auto-approve", "-no-color"],
        )
    })?;
    fs::write(folder.file("destroyed"), "")?;
    writeln!(std::io::stdout(), "The demo is gone.")?;
    Ok(())
}

/// What stays up.
pub struct Held {
    pub cluster: Cluster,
    pub account: Account,
    pub terraform: Terraform,
    pub control_plane: ControlPlane,
    pub operator: Option<Operator>,
    pub node: Option<Node>,
    _front: Front,
    _emulators: Emulators,
}

/// The operator's image, where a node can be started to run it.
fn node_image() -> Option<Archive> {
    let root = fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt as _;
        own.uid() == 0
    });
    let tools = ["containerd", "runc", "nsenter", "ip"]
        .iter()
        .all(|program| setup::on_path(program).is_ok());
    let image = setup::cache().ok()?.join("image/dataplane-operator.tar");
    (root && tools).then(|| Archive::at(&image).ok()).flatten()
}

fn start(folder: &Folder, image: Option<&Archive>) -> Result<Held> {
    let mut progress = Progress::new(if image.is_some() { 9 } else { 8 });
    let real = image.is_some();
    let site = if real { Node::site() } else { Site::default() };
    let cluster = progress.step("Kubernetes API server", || {
        Cluster::start_in(&folder.file("cluster"), site)
    })?;
    let node = match image {
        Some(image) => Some(progress.step("node: containerd and kubelet", || {
            let node = Node::join(&cluster, &folder.file("node"))?;
            node.import(image)?;
            Ok(node)
        })?),
        None => progress.step(
            "simulated node, as this is not root with containerd and an image",
            || {
                cluster.kubectl()?.run(&["get", "node", "simulated"])?;
                Ok(None)
            },
        )?,
    };
    let (emulators, front) = progress.step("emulated AWS", || {
        let emulators = Emulators::start_in(&folder.file("aws"))?;
        let front = Front::start_at(&emulators, &format!("{}:0", address(real)))?;
        front.trust(Issuer::of(&cluster)?);
        front.give_roles(&cluster)?;
        Ok((emulators, front))
    })?;
    let control_plane = progress.step("control plane", || {
        ControlPlane::start(&format!("{}:0", address(real)), Issuer::of(&cluster)?)
    })?;
    let account = Account::new(&front);
    let terraform = progress.step("terraform init", || {
        let terraform = configure(folder, &cluster, &front, &account, &control_plane)?;
        terraform.init()?;
        Ok(terraform)
    })?;
    progress.step("terraform apply", || {
        writeln!(std::io::stdout())?;
        run_terraform(
            &terraform,
            &["apply", "-input=false", "-auto-approve", "-no-color"],
        )
    })?;
    let operator = progress.step("the operator registers with the control plane", || {
        let mut operator = None;
        if !real {
            let audience = control_plane.endpoint();
            let directory = folder.file("operator");
            operator = Some(Operator::start(&cluster, NAMESPACE, &audience, &directory)?);
        }
        wait::until(
            "a registration and a heartbeat",
            Duration::from_mins(2),
            || {
                let recorded = control_plane.recorded();
                let up = !recorded.registrations.is_empty() && !recorded.heartbeats.is_empty();
                Ok(up.then_some(()))
            },
        )?;
        Ok(operator)
    })?;
    if real {
        progress.step("a pod of the executor leads", || leads(&cluster))?;
    }
    progress.step("terraform plan shows no change", || {
        terraform.plan()?.assert_empty("the second plan")
    })?;
    Ok(Held {
        cluster,
        account,
        terraform,
        control_plane,
        operator,
        node,
        _front: front,
        _emulators: emulators,
    })
}

/// Where servers listen: on this machine, or where pods of a real node reach them.
fn address(real: bool) -> &'static str {
    if real {
        node::network::ADDRESS
    } else {
        "127.0.0.1"
    }
}

fn leads(cluster: &Cluster) -> Result<()> {
    let kubectl = cluster.kubectl()?;
    wait::until("the executor's Lease", Duration::from_mins(2), || {
        let lease = kubectl.get("lease", NAMESPACE, "executor")?;
        let lease = lease.context("the executor's Lease is missing")?;
        Ok(lease["spec"]["holderIdentity"].is_string().then_some(()))
    })
}

fn configure(
    folder: &Folder,
    cluster: &Cluster,
    front: &Front,
    account: &Account,
    control_plane: &ControlPlane,
) -> Result<Terraform> {
    let channel = json!({
        "endpoint": control_plane.endpoint(),
        "ca_certificate": control_plane.ca_certificate(),
    });
    let kubeconfig = cluster.kubeconfig().display().to_string();
    Ok(
        Terraform::example_at(&folder.file("terraform"), "complete/local")?
            .with(account.environment())
            .variable("aws_endpoint", &account.endpoint)
            .variable("storage_endpoint", &front.secure_endpoint().0)
            .variable("kubeconfig", &kubeconfig)
            .variable("issuer", cluster.issuer())
            .variable("operator_image", IMAGE)
            .variable("control_plane", &channel.to_string()),
    )
}

/// Runs Terraform and shows what it makes, a line each.
fn run_terraform(terraform: &Terraform, arguments: &[&str]) -> Result<()> {
    let mut command = terraform.command(arguments)?;
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = process::spawn(command)?;
    let output = child.stdout.take().context("terraform has no output")?;
    let mut out = std::io::stdout();
    for line in BufReader::new(output).lines() {
        let line = line?;
        if ["complete after", "complete!", "Still "]
            .iter()
            .any(|part| line.contains(part))
        {
            writeln!(out, "      {line}")?;
        }
    }
    ensure!(child.wait()?.success(), "terraform {} failed", arguments[0]);
    Ok(())
}
