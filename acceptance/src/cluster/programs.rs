//! The programs of a cluster of our own on the loopback interface: etcd, API server, controller manager, scheduler, and
//! kwok in place of machines. Pod Security admission is on, as it is in every cluster since 1.25.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;

use super::{
    ADMIN, Authority, Kubectl, certificates, free_port,
    kubeconfig::{self, Connection},
};
use crate::{
    process::{self, Process},
    setup::{self, Kubernetes},
    wait,
};

/// How long a program may take to start on a busy machine.
const START: Duration = Duration::from_mins(2);

/// Where the cluster is reached, and by whom.
#[derive(Clone, Debug)]
pub struct Site {
    /// The address the API server binds: the loopback interface, or one that a node's network reaches.
    pub address: String,
    /// kwok stands in for machines; without it, pods wait for a real node.
    pub simulated_node: bool,
    /// Who is asked for the user of a token that is not the cluster's own: EKS asks IAM.
    pub token_review: Option<String>,
    /// The issuer of its service account tokens, where it is not one as EKS names them.
    pub issuer: Option<String>,
    /// The network namespace that its programs run in, if not ours. Its API server then binds every address there, and who is
    /// here has to bring a way to [`Self::address`].
    pub network: Option<PathBuf>,
    /// The API server's port, where it has to be known before.
    pub port: Option<u16>,
    /// Further names and addresses of its certificate.
    pub names: Vec<String>,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            address: "127.0.0.1".to_owned(),
            simulated_node: true,
            token_review: None,
            issuer: None,
            network: None,
            port: None,
            names: Vec::new(),
        }
    }
}

/// The running programs. They end when this is dropped.
pub(super) struct Programs {
    directory: PathBuf,
    site: Site,
    port: u16,
    etcd_port: u16,
    pub(super) issuer: String,
    pub(super) authority: Authority,
    processes: Mutex<BTreeMap<&'static str, Process>>,
}

impl Programs {
    /// Starts them with their files in `directory`.
    pub(super) fn start_in(directory: &Path, site: Site) -> Result<Self> {
        let port = match site.port {
            Some(port) => port,
            None => free_port()?,
        };
        let issuer = site.issuer.clone().unwrap_or_else(|| {
            let mut identifier = format!("{:x}{port:x}", std::process::id());
            identifier.make_ascii_uppercase();
            // As EKS names its issuers: a host name, a path, no port. The keys are read from the API server.
            format!("https://oidc.eks.eu-west-1.example.test/id/{identifier:0>32}")
        });
        let programs = Self {
            directory: directory.to_path_buf(),
            issuer,
            port,
            etcd_port: free_port()?,
            site,
            authority: Authority::new("kubernetes")?,
            processes: Mutex::default(),
        };
        programs.write_files()?;
        programs.start_etcd()?;
        programs.start_api_server()?;
        programs.start_controllers()?;
        if programs.site.simulated_node {
            programs.start_kwok()?;
        }
        programs.publish_keys()?;
        programs.wait_until_usable()?;
        Ok(programs)
    }

    /// Where the API server is, and the authority of its certificate.
    pub(super) fn connection(&self) -> Connection {
        Connection::new(
            &format!("https://{}:{}", self.site.address, self.port),
            self.authority.certificate(),
        )
    }

    /// Where the public keys of its tokens are.
    pub(super) fn jwks_url(&self) -> String {
        format!("https://{}:{}/openid/v1/jwks", self.site.address, self.port)
    }

    fn kubeconfig(&self) -> PathBuf {
        self.directory.join(ADMIN)
    }

    fn kubectl(&self) -> Result<Kubectl> {
        Kubectl::new(&self.kubeconfig())
    }

    /// Ends the API server as a crash would; what it stored stays.
    pub(super) fn kill_api_server(&self) -> Result<()> {
        if let Some(server) = self.processes().remove(Kubernetes::ApiServer.name()) {
            server.kill()?;
        }
        Ok(())
    }

    /// Starts the API server, on the same port as before, and waits until it is ready.
    pub(super) fn start_api_server(&self) -> Result<()> {
        let path = |name: &str| self.directory.join(name).display().to_string();
        let mut command = self.command(Kubernetes::ApiServer.path()?);
        command.args([
            format!("--etcd-servers=http://127.0.0.1:{}", self.etcd_port),
            format!("--bind-address={}", self.bound()),
            format!("--secure-port={}", self.port),
            format!("--advertise-address={}", self.site.address),
            format!("--tls-cert-file={}", path("server.crt")),
            format!("--tls-private-key-file={}", path("server.key")),
            format!("--client-ca-file={}", path("ca.crt")),
            format!("--service-account-issuer={}", self.issuer),
            format!("--service-account-jwks-uri={}", self.jwks_url()),
            format!("--service-account-key-file={}", path("token.key")),
            format!("--service-account-signing-key-file={}", path("token.key")),
            format!(
                "--api-audiences={},https://kubernetes.default.svc",
                self.connection().endpoint()
            ),
            "--authorization-mode=Node,RBAC".to_owned(),
            "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
            "--allow-privileged=true".to_owned(),
            "--shutdown-delay-duration=0s".to_owned(),
        ]);
        if self.site.simulated_node {
            // No Endpoints object may name a loopback address.
            command.arg("--endpoint-reconciler-type=none");
        } else {
            self.prefer_node_addresses(&mut command);
        }
        if let Some(url) = &self.site.token_review {
            let review = json!({
                "apiVersion": "v1", "kind": "Config", "current-context": "review",
                "clusters": [{ "name": "review", "cluster": { "server": url } }],
                "users": [{ "name": "review", "user": {} }],
                "contexts": [{ "name": "review", "context": { "cluster": "review", "user": "review" } }],
            });
            let file = self.directory.join("token-review.kubeconfig");
            fs::write(&file, review.to_string())?;
            command.args([
                format!(
                    "--authentication-token-webhook-config-file={}",
                    file.display()
                ),
                "--authentication-token-webhook-version=v1".to_owned(),
            ]);
        }
        let kubectl = self.kubectl()?;
        self.run(Kubernetes::ApiServer.name(), command, || {
            kubectl.run(&["get", "--raw", "/readyz"]).is_ok()
        })
    }

    fn prefer_node_addresses(&self, command: &mut Command) {
        let path = |name: &str| self.directory.join(name).display().to_string();
        command.args([
            "--kubelet-preferred-address-types=InternalIP".to_owned(),
            format!(
                "--kubelet-client-certificate={}",
                path("kubelet-client.crt")
            ),
            format!("--kubelet-client-key={}", path("kubelet-client.key")),
        ]);
    }

    fn start_etcd(&self) -> Result<()> {
        let client = format!("http://127.0.0.1:{}", self.etcd_port);
        let peer = format!("http://127.0.0.1:{}", free_port()?);
        let config = json!({
            "name": "default",
            "data-dir": self.directory.join("etcd"),
            "listen-client-urls": &client,
            "advertise-client-urls": &client,
            "listen-peer-urls": &peer,
            "initial-advertise-peer-urls": &peer,
            "initial-cluster": format!("default={peer}"),
            "unsafe-no-fsync": true,
            "log-level": "warn",
        });
        let file = self.directory.join("etcd.yaml");
        fs::write(&file, config.to_string())?;
        let mut command = self.command(Kubernetes::Etcd.path()?);
        command.arg("--config-file").arg(&file);
        let port = self.etcd_port;
        // In a namespace of its own nobody here reaches it; the API server waits for it.
        let unseen = self.site.network.is_some();
        self.run(Kubernetes::Etcd.name(), command, || {
            unseen || TcpStream::connect(("127.0.0.1", port)).is_ok()
        })
    }

    fn start_controllers(&self) -> Result<()> {
        let path = |name: &str| self.directory.join(name).display().to_string();
        let kubeconfig = format!("--kubeconfig={}", self.kubeconfig().display());
        let mut controllers = self.command(Kubernetes::ControllerManager.path()?);
        controllers.args([
            kubeconfig.clone(),
            format!("--service-account-private-key-file={}", path("token.key")),
            format!("--root-ca-file={}", path("ca.crt")),
            "--leader-elect=false".to_owned(),
            "--secure-port=0".to_owned(),
            "--use-service-account-credentials=true".to_owned(),
            // A node's pods get their addresses from its own bridge.
            "--allocate-node-cidrs=false".to_owned(),
        ]);
        self.run(Kubernetes::ControllerManager.name(), controllers, || true)?;
        let mut scheduler = self.command(Kubernetes::Scheduler.path()?);
        scheduler.args([
            kubeconfig,
            "--leader-elect=false".to_owned(),
            "--secure-port=0".to_owned(),
            // Its own limit is two dozen pods a second, and would be what the bench measures.
            "--kube-api-qps=1000".to_owned(),
            "--kube-api-burst=2000".to_owned(),
        ]);
        self.run(Kubernetes::Scheduler.name(), scheduler, || true)?;
        Ok(())
    }

    fn start_kwok(&self) -> Result<()> {
        let node = json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {
                "name": "simulated",
                "annotations": { "kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0" },
                "labels": { "kubernetes.io/hostname": "simulated", "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" },
            },
            "status": {
                "allocatable": { "cpu": "64", "memory": "256Gi", "pods": "500", "ephemeral-storage": "1Ti" },
                "capacity": { "cpu": "64", "memory": "256Gi", "pods": "500", "ephemeral-storage": "1Ti" },
            },
        });
        let kubectl = self.kubectl()?;
        kubectl.apply(&node.to_string())?;
        let program = setup::kwok()?;
        let mut command = self.command(&program);
        command.args([
            format!(
                "--config={}",
                program.with_file_name("stages.yaml").display()
            ),
            "--node-lease-duration-seconds=40".to_owned(),
            format!("--kubeconfig={}", self.kubeconfig().display()),
            format!("--server-address=127.0.0.1:{}", free_port()?),
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake".to_owned(),
            "--cidr=10.244.0.0/16".to_owned(),
        ]);
        command.env("HOME", &self.directory);
        self.run("kwok", command, || true)
    }

    /// Waits for what the controllers do first, so that pods can be made at once.
    fn wait_until_usable(&self) -> Result<()> {
        let kubectl = self.kubectl()?;
        let ready = r#"jsonpath={.status.conditions[?(@.type=="Ready")].status}"#;
        wait::until("the default service account and the node", START, || {
            self.check()?;
            let account = kubectl.get("serviceaccount", "default", "default");
            let usable = account.is_ok_and(|account| account.is_some())
                && (!self.site.simulated_node
                    || kubectl
                        .run(&["get", "node", "simulated", "-o", ready])
                        .is_ok_and(|ready| ready == "True"));
            Ok(usable.then_some(()))
        })
    }

    /// Anybody may read the keys, as with EKS's public issuer.
    fn publish_keys(&self) -> Result<()> {
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": { "name": "public-issuer" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:service-account-issuer-discovery" },
            "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:unauthenticated" }],
        });
        self.kubectl()?.apply(&binding.to_string())?;
        Ok(())
    }

    fn write_files(&self) -> Result<()> {
        fs::create_dir_all(&self.directory)?;
        let write = |name: &str, text: &str| {
            let file = self.directory.join(name);
            fs::write(&file, text).with_context(|| format!("writing {}", file.display()))
        };
        let mut names = vec![
            "localhost",
            "127.0.0.1",
            &self.site.address,
            "10.96.0.1",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
        ];
        names.extend(self.site.names.iter().map(String::as_str));
        let server = self.authority.server(&names)?;
        let kubelet = self
            .authority
            .client("kube-apiserver", Some("system:masters"))?;
        write("ca.crt", self.authority.certificate())?;
        write("server.crt", &server.certificate)?;
        write("server.key", &server.key)?;
        write("kubelet-client.crt", &kubelet.certificate)?;
        write("kubelet-client.key", &kubelet.key)?;
        write("token.key", &certificates::token_key()?)?;
        let admin = self.authority.client("admin", Some("system:masters"))?;
        kubeconfig::write(
            &self.kubeconfig(),
            &self.connection(),
            "admin",
            &json!({
                "client-certificate-data": BASE64_STANDARD.encode(admin.certificate),
                "client-key-data": BASE64_STANDARD.encode(admin.key),
            }),
        )
    }

    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        process::command_in(self.site.network.as_deref(), program)
    }

    fn bound(&self) -> &str {
        match self.site.network {
            Some(_) => "0.0.0.0",
            None => &self.site.address,
        }
    }

    fn run(&self, name: &'static str, command: Command, ready: impl FnMut() -> bool) -> Result<()> {
        let log = self.directory.join(format!("{name}.log"));
        let mut started = Process::start(name, command, &log)?;
        started.ready(START, ready)?;
        self.processes().insert(name, started);
        Ok(())
    }

    fn check(&self) -> Result<()> {
        self.processes().values_mut().try_for_each(Process::check)
    }

    fn processes(&self) -> MutexGuard<'_, BTreeMap<&'static str, Process>> {
        self.processes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
