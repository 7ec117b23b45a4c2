//! Flyte's control plane by a stand-in of our own, `acceptance/flyte`: Flyte's message descriptors and the rules in them decide
//! which calls and events are valid. It makes the TaskAction resources, is told the events, and can play the pods that come of
//! them. A test takes a project of its own.

mod address;
mod api_front;
mod caller;
mod executor;
mod fault;
mod halt;
mod project;
mod store_front;
mod task;
mod wire;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::{Value, json};

use self::address::Address;
pub use self::{
    api_front::{ApiAnswer, ApiFault, ApiFront, Request},
    executor::{Executor, Installation, Site as ExecutorSite, define},
    fault::{Answer, Fault, Phase},
    halt::{Halt, HaltedCall, Side},
    project::{Action, Event, Project, Signal},
    store_front::StoreFront,
    task::Task,
    wire::Wire,
};
use crate::{
    aws::{Account, Emulators, Front},
    cluster::{Authority, Cluster, free_port},
    process::{self, Process},
    setup,
    shared::{Keep, Shared},
};

/// Whose actions they all are.
pub const ORGANIZATION: &str = "acme";

/// The bucket of inputs, outputs and code.
pub const BUCKET: &str = "executor-metadata";

/// The order of the segments of the keys that attempts write, which executor and control plane share.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Layout {
    #[default]
    Spec,
    /// Flyte's own executor's: a shard before everything.
    Flyte,
}

impl Layout {
    /// As settings have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spec => "spec",
            Self::Flyte => "flyte",
        }
    }
}

/// The node whose pods are played. Only what tolerates its taint comes there.
pub const PLAYED: &str = "played";

const START: Duration = Duration::from_mins(1);

/// What a stand-in stands on.
pub struct Site<'a> {
    pub cluster: &'a Cluster,
    pub account: &'a Account,
    /// Where it listens.
    pub address: &'a str,
    /// Whether it plays the pods of the node [`PLAYED`].
    pub plays_pods: bool,
    /// The metadata bucket of a data plane that is still to come, with the definitions; without one both are made here.
    pub data_plane: Option<&'a str>,
    pub layout: Layout,
}

/// The running stand-in.
pub struct Flyte {
    address: Address,
    authority: Authority,
    account: Account,
    port: u16,
    secure_port: u16,
    host: String,
    layout: Layout,
    settings: PathBuf,
    _process: Process,
    /// Ends after the stand-in that uses it.
    world: Option<World>,
    /// Removed last, after the program that writes to it.
    owned: Option<tempfile::TempDir>,
}

/// The cluster and the store of a stand-in that is shared.
pub struct World {
    pub cluster: Arc<Cluster>,
    _store: Arc<(Front, Account)>,
}

impl Site<'_> {
    fn make_bucket(&self) -> Result<()> {
        let bucket = json!({
            "Bucket": BUCKET, "CreateBucketConfiguration": { "LocationConstraint": self.account.region },
        });
        if let Err(error) = self.account.call("s3", "create_bucket", &bucket) {
            let there = self
                .account
                .call("s3", "head_bucket", &json!({ "Bucket": BUCKET }));
            there.map_err(|_| error)?;
        }
        Ok(())
    }
}

impl Flyte {
    /// The one that the tests of a binary share, with the shared cluster, on which its definitions are.
    pub fn shared() -> Result<Arc<Self>> {
        static SHARED: Shared<Flyte> = Shared::new();
        SHARED
            .get(Keep::ToTheEnd, || Self::on(Cluster::shared_own()?))
            .context("starting the stand-in for Flyte's control plane")
    }

    /// One for a test alone, on a cluster that it may hurt.
    pub fn on(cluster: Arc<Cluster>) -> Result<Self> {
        Self::on_with(cluster, Layout::Spec)
    }

    /// The same with another layout.
    pub fn on_with(cluster: Arc<Cluster>, layout: Layout) -> Result<Self> {
        // One account for all: the name of its bucket is everybody's.
        static STORE: Shared<(Front, Account)> = Shared::new();
        let store = STORE.get(Keep::ToTheEnd, || {
            let front = Front::start(Emulators::shared()?)?;
            let account = Account::new(&front);
            Ok((front, account))
        })?;
        let owned = setup::scratch()?;
        let site = Site {
            cluster: &cluster,
            account: &store.1,
            address: "127.0.0.1",
            plays_pods: true,
            data_plane: None,
            layout,
        };
        let mut flyte = Self::start_in(owned.path(), &site)?;
        flyte.owned = Some(owned);
        flyte.world = Some(World {
            cluster,
            _store: store,
        });
        Ok(flyte)
    }

    /// Starts with its files in `directory`.
    pub fn start_in(directory: &Path, site: &Site<'_>) -> Result<Self> {
        if site.data_plane.is_none() {
            site.make_bucket()?;
            define(&site.cluster.kubectl()?)?;
        }
        let bucket = site.data_plane.unwrap_or(BUCKET);
        let authority = Authority::new("flyte")?;
        let server = authority.server(&["localhost", "127.0.0.1", site.address])?;
        let file = |name: &str, text: &str| -> Result<PathBuf> {
            let file = directory.join(name);
            fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
            Ok(file)
        };
        let (port, secure_port) = (free_port()?, free_port()?);
        let settings = json!({
            "address": site.address,
            "port": port,
            "securePort": secure_port,
            "certificate": file("server.crt", &server.certificate)?,
            "key": file("server.key", &server.key)?,
            "authority": file("authority.crt", authority.certificate())?,
            "kubeconfig": site.cluster.kubeconfig(),
            "store": {
                "endpoint": site.account.endpoint,
                "accessKey": site.account.credentials.access_key,
                "secretKey": site.account.credentials.secret_key,
                "region": site.account.region,
                "prefix": format!("s3://{bucket}/{ORGANIZATION}"),
            },
            "layout": site.layout.name(),
            "organization": ORGANIZATION,
            "driveNode": site.plays_pods.then_some(PLAYED),
        });
        let settings = file("settings.json", &settings.to_string())?;
        let mut program = process::command(setup::python("python")?);
        program
            .arg(setup::checkout().join("acceptance/flyte"))
            .arg(&settings)
            .envs(site.account.bundle().map(|file| ("AWS_CA_BUNDLE", file)))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let mut process = Process::start("flyte", program, &directory.join("flyte.log"))?;
        let address = Address::at(&format!("http://{}:{port}", site.address))?;
        process.ready(START, || {
            address.ask(Method::GET, "_ready", &Value::Null).is_ok()
        })?;
        Ok(Self {
            address,
            authority,
            account: site.account.clone(),
            port,
            secure_port,
            host: site.address.to_owned(),
            layout: site.layout,
            settings,
            _process: process,
            world: None,
            owned: None,
        })
    }

    /// The cluster and the store, where they are this stand-in's own.
    pub fn world(&self) -> Result<&World> {
        self.world.as_ref().context("they were given to it")
    }

    /// `host:port` for Flyte's client, without TLS.
    pub fn client_endpoint(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// `host:port` for gRPC over TLS.
    pub fn secure_endpoint(&self) -> String {
        format!("{}:{}", self.host, self.secure_port)
    }

    /// The authority of its certificate, PEM.
    pub fn ca_certificate(&self) -> &str {
        self.authority.certificate()
    }

    /// The layout that its executor is to have, too.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The account whose bucket it uses.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The file with its settings, for programs that play a part beside it.
    pub fn settings(&self) -> &Path {
        &self.settings
    }

    /// Lets the pods that wait at a gate go on, now and later.
    pub fn open_gate(&self, name: &str) -> Result<()> {
        let path = format!("_gates/{name}");
        self.address
            .ask(Method::POST, &path, &Value::Null)
            .map(drop)
    }

    /// Whether a pod has come to a gate.
    pub fn is_waited_at(&self, name: &str) -> Result<bool> {
        let path = format!("_gates/{name}");
        let answer = self.address.ask(Method::GET, &path, &Value::Null)?;
        Ok(answer["waiting"] == true)
    }

    /// The bytes of a task template, in base64, as a resource has them.
    pub fn template(&self, task: &Task) -> Result<String> {
        let answer = self
            .address
            .ask(Method::POST, "_templates", &task.template())?;
        answer["bytes"]
            .as_str()
            .map(str::to_owned)
            .context("the bytes of a template")
    }
}
