//! A Kubernetes cluster: one of our own on the loopback interface, or the user's.

mod certificates;
mod kubeconfig;
mod kubectl;
mod ports;
mod programs;
mod users;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

pub use self::{
    certificates::{Authority, Identity},
    kubectl::Kubectl,
    ports::free as free_port,
    programs::Site,
};
use self::{kubeconfig::Connection, programs::Programs, users::Reserved};
use crate::{
    setup,
    shared::{Keep, Shared},
};

/// The kubeconfig of a cluster's administrator, in the cluster's directory.
const ADMIN: &str = "admin.kubeconfig";

/// What a test needs of its cluster, where the user's may be there to run it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Needs {
    /// The API server and its controllers.
    Objects,
    /// Pods that become ready, although their images are nowhere: only a simulated node does that.
    Pods,
}

/// A cluster that is up. One of our own ends when it is dropped; from the user's, what tests made is removed.
pub struct Cluster {
    directory: PathBuf,
    kind: Kind,
    /// Removed last, after the programs that write to it.
    owned: Option<tempfile::TempDir>,
}

enum Kind {
    Ours(Box<Programs>),
    Users(Reserved),
}

/// Where the public keys of a cluster's tokens come from.
pub enum Keys {
    /// Anybody may read them there.
    At {
        url: String,
        ca_certificate: String,
    },
    These(String),
}

impl Cluster {
    /// The cluster that the tests of one binary share; they keep apart by namespaces of their own. The user's, where
    /// `DATAPLANE_KUBECONFIG` names one that has what the test needs.
    pub fn shared(needs: Needs) -> Result<Arc<Self>> {
        static USERS: Shared<Cluster> = Shared::new();
        if let Some(kubeconfig) = setup::kubeconfig() {
            let users = USERS.get(Keep::WhileUsed, || Self::connect(&kubeconfig))?;
            if users.has(needs)? {
                return Ok(users);
            }
        }
        Self::shared_own()
    }

    /// The shared cluster that we started, for tests that need its keys.
    pub fn shared_own() -> Result<Arc<Self>> {
        static OWN: Shared<Cluster> = Shared::new();
        OWN.get(Keep::ToTheEnd, Self::start)
            .context("starting the shared cluster")
    }

    /// A cluster for one test: fixed names of its examples meet nobody else's.
    pub fn exclusive(needs: Needs) -> Result<Self> {
        if let Some(kubeconfig) = setup::kubeconfig() {
            let users = Self::connect(&kubeconfig)?;
            if users.has(needs)? {
                return Ok(users);
            }
        }
        Self::start()
    }

    /// A cluster of one's own, for tests that stop it, hurt it or look into it.
    pub fn start() -> Result<Self> {
        Self::start_on(Site::default())
    }

    pub fn start_on(site: Site) -> Result<Self> {
        let owned = setup::scratch()?;
        let mut cluster = Self::start_in(owned.path(), site)?;
        cluster.owned = Some(owned);
        Ok(cluster)
    }

    /// A cluster whose files are in `directory`.
    pub fn start_in(directory: &Path, site: Site) -> Result<Self> {
        Ok(Self {
            directory: directory.to_path_buf(),
            kind: Kind::Ours(Box::new(Programs::start_in(directory, site)?)),
            owned: None,
        })
    }

    fn connect(kubeconfig: &Path) -> Result<Self> {
        let owned = setup::scratch()?;
        Ok(Self {
            directory: owned.path().to_path_buf(),
            kind: Kind::Users(Reserved::connect(kubeconfig, owned.path())?),
            owned: Some(owned),
        })
    }

    fn has(&self, needs: Needs) -> Result<bool> {
        match (&self.kind, needs) {
            (Kind::Users(users), Needs::Pods) => users.simulates_pods(),
            _ => Ok(true),
        }
    }

    /// `https://address:port` of the API server.
    pub fn endpoint(&self) -> String {
        self.connection().endpoint().to_owned()
    }

    fn connection(&self) -> Connection {
        match &self.kind {
            Kind::Ours(programs) => programs.connection(),
            Kind::Users(users) => users.connection.clone(),
        }
    }

    /// The issuer of the cluster's service account tokens.
    pub fn issuer(&self) -> &str {
        match &self.kind {
            Kind::Ours(programs) => &programs.issuer,
            Kind::Users(users) => &users.issuer,
        }
    }

    pub fn keys(&self) -> Result<Keys> {
        Ok(match &self.kind {
            Kind::Ours(programs) => Keys::At {
                url: programs.jwks_url(),
                ca_certificate: programs.authority.certificate().to_owned(),
            },
            Kind::Users(users) => Keys::These(users.keys()?),
        })
    }

    /// A kubeconfig of a cluster administrator with one context, `admin`.
    pub fn kubeconfig(&self) -> PathBuf {
        self.directory.join(ADMIN)
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// kubectl as the administrator.
    pub fn kubectl(&self) -> Result<Kubectl> {
        Kubectl::new(&self.kubeconfig())
    }

    /// A token of a service account, issued by the API server for one audience.
    pub fn token(&self, namespace: &str, service_account: &str, audience: &str) -> Result<String> {
        self.token_with(namespace, service_account, &["--audience", audience])
    }

    fn token_with(&self, namespace: &str, account: &str, arguments: &[&str]) -> Result<String> {
        let create = ["create", "token", account, "-n", namespace];
        let token = self.kubectl()?.run(&[&create, arguments].concat())?;
        Ok(token.trim().to_owned())
    }

    /// A kubeconfig that holds a service account's own token, with one context named after the account.
    pub fn kubeconfig_of(&self, namespace: &str, service_account: &str) -> Result<PathBuf> {
        let token = self.token_with(namespace, service_account, &[])?;
        let file = self
            .directory
            .join(format!("{namespace}.{service_account}.kubeconfig"));
        let credentials = json!({ "token": token });
        self.write_kubeconfig(&file, service_account, &credentials)?;
        Ok(file)
    }

    /// A kubeconfig with one context for `user` who proves itself by `credentials`.
    pub fn write_kubeconfig(&self, file: &Path, user: &str, credentials: &Value) -> Result<()> {
        kubeconfig::write(file, &self.connection(), user, credentials)
    }

    /// Signs certificates that the cluster trusts, the API server's own among them.
    pub fn authority(&self) -> Result<&Authority> {
        Ok(&self.ours()?.authority)
    }

    /// Ends the API server as a crash would; what it stored stays.
    pub fn kill_api_server(&self) -> Result<()> {
        self.ours()?.kill_api_server()
    }

    /// Starts the API server, on the same port as before, and waits until it is ready.
    pub fn start_api_server(&self) -> Result<()> {
        self.ours()?.start_api_server()
    }

    pub fn restart_api_server(&self) -> Result<()> {
        self.kill_api_server()?;
        self.start_api_server()
    }

    /// Whether we started it: what only we may do to a cluster is done to ours.
    pub fn is_ours(&self) -> bool {
        matches!(self.kind, Kind::Ours(_))
    }

    fn ours(&self) -> Result<&Programs> {
        match &self.kind {
            Kind::Ours(programs) => Ok(programs),
            Kind::Users(_) => bail!("the cluster of DATAPLANE_KUBECONFIG is not ours to touch"),
        }
    }
}
