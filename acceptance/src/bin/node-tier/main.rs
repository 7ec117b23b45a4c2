//! The node tier of `make acceptance`: the real `terraform` puts a whole data plane up, and the operator's image runs as
//! pods on a real kubelet under Pod Security "restricted". Then Flyte's own client runs tasks there. It needs root on Linux and
//! fails without. Parts that are named on the command line (`operator`, `tasks`, `code`, `private`) are run alone; the last needs no node.

mod private;
mod tasks;

use std::{
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use acceptance::{
    aws::{Account, Emulators, Front},
    cluster::{Cluster, Kubectl},
    control_plane::ControlPlane,
    forwarder,
    issuer::{self, Issuer},
    node::{self, Archive, Node},
    setup,
    terraform::Terraform,
    wait,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use self::tasks::DataPlane;

const NAMESPACE: &str = "union";

/// The name that `make image` gives the image.
const IMAGE: &str = concat!("localhost/dataplane-operator:", env!("CARGO_PKG_VERSION"));

const LIMIT: Duration = Duration::from_mins(2);

/// A part that takes longer hangs: none takes a third of it on a busy machine.
const PATIENCE: Duration = Duration::from_mins(15);

fn main() -> Result<()> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    // What this program is for itself, in a namespace of a party of `private`.
    match &asked.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["forward", from, to] => return forwarder::run(&from.parse()?, &to.parse()?),
        ["reach", address] => {
            writeln!(std::io::stdout(), "{}", private::reach(address)?)?;
            return Ok(());
        }
        _ => {}
    }
    node::network::enter()?;
    let (progress, news) = mpsc::unbounded_channel();
    end_when_told_or_stuck(news);
    let is_asked = |part: &str| asked.is_empty() || asked.iter().any(|asked| asked == part);
    let directory = setup::scratch()?;
    let mut tests = 0;
    let mut passed = |what: &str, since: Instant| -> Result<()> {
        tests += 1;
        // Nobody hears it where there is no more to end.
        let _ = progress.send(());
        let mut out = std::io::stdout().lock();
        writeln!(out, "ok: {what} ({:.1} s)", since.elapsed().as_secs_f64())?;
        Ok(())
    };

    if is_asked("private") {
        private::prove(&directory.path().join("private"), &mut passed)?;
    }
    if ["operator", "tasks", "code"].into_iter().any(is_asked) {
        let start = Instant::now();
        let stack = Stack::start(directory.path())?;
        passed(
            "a node joined the cluster and knows the operator's image",
            start,
        )?;
        if is_asked("operator") {
            stack.operator(&mut passed)?;
        }
        if is_asked("tasks") || is_asked("code") {
            let data_plane = DataPlane::apply(&directory.path().join("tasks"), &stack)?;
            if is_asked("tasks") {
                data_plane.tasks(&mut passed)?;
            }
            if is_asked("code") {
                data_plane.signed_code(&mut passed)?;
            }
            data_plane.destroy()?;
        }
    }
    writeln!(std::io::stdout().lock(), "{tests} passed, 0 failed")?;
    Ok(())
}

/// Ctrl-C and a request to end are heard, which the first process of its namespace would else not hear, and so is a part that never
/// ends. With it everything ends: its processes, and with them the networks that they hold.
fn end_when_told_or_stuck(mut news: mpsc::UnboundedReceiver<()>) {
    use tokio::signal::unix::{SignalKind, signal};
    issuer::runtime().spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        ) else {
            return;
        };
        tokio::select! {
            _ = interrupt.recv() => std::process::exit(130),
            _ = terminate.recv() => std::process::exit(130),
            () = stuck(&mut news, PATIENCE) => {
                let minutes = PATIENCE.as_secs() / 60;
                let _ = writeln!(std::io::stderr(), "the part after the last \"ok\" did not end in {minutes} minutes");
                std::process::exit(1);
            }
        }
    });
}

/// Comes back when there was no news for so long.
async fn stuck(news: &mut mpsc::UnboundedReceiver<()>, patience: Duration) {
    while let Ok(told) = tokio::time::timeout(patience, news.recv()).await {
        if told.is_none() {
            // All parts have ended.
            std::future::pending::<()>().await;
        }
    }
}

struct Stack {
    control_plane: ControlPlane,
    front: Front,
    node: Node,
    cluster: Cluster,
    _emulators: Emulators,
}

impl Stack {
    fn start(directory: &Path) -> Result<Self> {
        let image = Archive::at(&setup::cache()?.join("image/dataplane-operator.tar"))?;
        let cluster = Cluster::start_in(&directory.join("cluster"), Node::site())?;
        let node = Node::join(&cluster, &directory.join("node"))?;
        node.import(&image)?;
        let emulators = Emulators::start_in(&directory.join("aws"))?;
        // Where pods reach it.
        let front = Front::start_at(&emulators, &format!("{}:0", node::network::ADDRESS))?;
        front.trust(Issuer::of(&cluster)?);
        front.give_roles(&cluster)?;
        let control_plane = ControlPlane::start(
            &format!("{}:0", node::network::ADDRESS),
            Issuer::of(&cluster)?,
        )?;
        Ok(Self {
            control_plane,
            front,
            node,
            cluster,
            _emulators: emulators,
        })
    }

    /// The operator as Terraform deploys it, from its first pod to the last trace.
    fn operator(&self, passed: &mut dyn FnMut(&str, Instant) -> Result<()>) -> Result<()> {
        let start = Instant::now();
        let control_plane = json!({
            "endpoint": self.control_plane.endpoint(),
            "ca_certificate": self.control_plane.ca_certificate(),
        });
        let terraform = self.example(&Account::new(&self.front), &control_plane)?;
        terraform.init()?;
        terraform.apply_then_empty_plan()?;
        passed(
            "a whole data plane was applied, and the second plan is empty",
            start,
        )?;

        let start = Instant::now();
        let kubectl = self.cluster.kubectl()?;
        runs_under_restricted(&kubectl)?;
        passed(
            "the operator's and the executor's pods run, ready, under Pod Security \"restricted\"",
            start,
        )?;

        let start = Instant::now();
        self.channel_is_up()?;
        passed(
            "the operator registered with its own token and its heart beats",
            start,
        )?;

        let start = Instant::now();
        comes_back(&kubectl)?;
        passed("a deleted pod is replaced and ready again", start)?;

        let start = Instant::now();
        self.survives_an_outage()?;
        passed(
            "the operator stays ready while the control plane is away, and comes back to it",
            start,
        )?;

        let start = Instant::now();
        terraform.destroy()?;
        nothing_is_left(&kubectl)?;
        passed("destroy left nothing", start)?;
        Ok(())
    }

    /// The example that `make demo` runs, with a real image.
    fn example(&self, account: &Account, control_plane: &Value) -> Result<Terraform> {
        let kubeconfig = self.cluster.kubeconfig().display().to_string();
        Ok(Terraform::example("complete/local")?
            .with(account.environment())
            .variable("aws_endpoint", &self.front.endpoint())
            .variable("storage_endpoint", &self.front.secure_endpoint().0)
            .variable("kubeconfig", &kubeconfig)
            .variable("issuer", self.cluster.issuer())
            .variable("operator_image", IMAGE)
            .variable("control_plane", &control_plane.to_string()))
    }

    fn channel_is_up(&self) -> Result<()> {
        let recorded = wait::until("a registration and heartbeats", LIMIT, || {
            let recorded = self.control_plane.recorded();
            let up = !recorded.registrations.is_empty() && recorded.heartbeats.len() >= 2;
            Ok(up.then_some(recorded))
        })?;
        let expected = format!("system:serviceaccount:{NAMESPACE}:operator");
        let (_, (_, subject)) = recorded
            .registrations
            .first_key_value()
            .context("no registration")?;
        ensure!(
            *subject == expected,
            "the operator registered as {subject}, not as {expected}"
        );
        ensure!(
            recorded.refusals.is_empty(),
            "tokens were refused: {:?}",
            recorded.refusals
        );
        Ok(())
    }

    fn survives_an_outage(&self) -> Result<()> {
        let kubectl = self.cluster.kubectl()?;
        self.control_plane.stop();
        let restarts_before = restarts(&kubectl)?;
        // Longer than the readiness probe needs to give a pod up.
        let until = Instant::now() + Duration::from_secs(15);
        wait::until("the end of the outage", LIMIT, || {
            ensure!(
                ready_pods(&kubectl)?.1,
                "an operator pod is not ready while the control plane is away"
            );
            Ok((Instant::now() > until).then_some(()))
        })?;
        self.control_plane.restart()?;
        self.channel_is_up()?;
        ensure!(
            restarts(&kubectl)? == restarts_before,
            "an operator pod restarted for the control plane's outage"
        );
        Ok(())
    }
}

fn pods(kubectl: &Kubectl) -> Result<Vec<Value>> {
    kubectl.list(&[
        "pods",
        "-n",
        NAMESPACE,
        "-l",
        "app.kubernetes.io/part-of=dataplane",
    ])
}

/// The pods, and whether there are any and all of them are ready.
fn ready_pods(kubectl: &Kubectl) -> Result<(Vec<Value>, bool)> {
    let pods = pods(kubectl)?;
    let ready = |pod: &Value| {
        pod["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    };
    let all = !pods.is_empty() && pods.iter().all(ready);
    Ok((pods, all))
}

fn restarts(kubectl: &Kubectl) -> Result<i64> {
    Ok(pods(kubectl)?
        .iter()
        .filter_map(|pod| pod["status"]["containerStatuses"][0]["restartCount"].as_i64())
        .sum())
}

fn runs_under_restricted(kubectl: &Kubectl) -> Result<()> {
    let namespace = kubectl
        .get("namespace", "", NAMESPACE)?
        .context("the namespace is missing")?;
    let level = &namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"];
    ensure!(level == "restricted", "the namespace enforces {level}");
    let (pods, ready) = ready_pods(kubectl)?;
    ensure!(ready, "the operator's pods are not ready: {pods:?}");
    for pod in &pods {
        ensure!(
            pod["spec"]["nodeName"] == node::NAME,
            "a pod runs elsewhere"
        );
        ensure!(
            pod["spec"]["containers"][0]["image"] == IMAGE,
            "a pod runs another image"
        );
        ensure!(
            pod["spec"]["securityContext"]["runAsNonRoot"] == true,
            "a pod may run as root"
        );
        let name = pod["metadata"]["name"]
            .as_str()
            .context("a pod without a name")?;
        kubectl
            .run(&["logs", name, "-n", NAMESPACE])
            .with_context(|| format!("reading the log of {name}"))?;
    }
    Ok(())
}

fn comes_back(kubectl: &Kubectl) -> Result<()> {
    let before: Vec<Value> = pods(kubectl)?
        .iter()
        .map(|pod| pod["metadata"]["uid"].clone())
        .collect();
    kubectl.run(&[
        "delete",
        "pods",
        "-n",
        NAMESPACE,
        "-l",
        "app.kubernetes.io/part-of=dataplane",
        "--wait=true",
        "--timeout=60s",
    ])?;
    wait::until("new pods to be ready", LIMIT, || {
        let (pods, ready) = ready_pods(kubectl)?;
        let fresh = pods
            .iter()
            .all(|pod| !before.contains(&pod["metadata"]["uid"]));
        Ok((ready && fresh).then_some(()))
    })
}

fn nothing_is_left(kubectl: &Kubectl) -> Result<()> {
    for kind in [
        "namespaces",
        "clusterroles",
        "clusterrolebindings",
        "customresourcedefinitions",
    ] {
        let left = wait::until("the end of what was destroyed", LIMIT, || {
            let left = kubectl.list(&[kind, "-l", "app.kubernetes.io/managed-by=dataplane"])?;
            Ok(left.is_empty().then_some(left))
        });
        left.with_context(|| format!("{kind} of the data plane are left"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_stuck_when_there_is_no_news_of_it_and_none_is_after_the_end() {
        let (patience, longer) = (Duration::from_millis(50), Duration::from_secs(1));
        let (progress, mut news) = mpsc::unbounded_channel();
        progress.send(()).unwrap();
        let mut within = |limit| {
            let waits = async { tokio::time::timeout(limit, stuck(&mut news, patience)).await };
            issuer::runtime().block_on(waits).is_ok()
        };
        assert!(within(longer));
        drop(progress);
        assert!(!within(longer));
    }
}
