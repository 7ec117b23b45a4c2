//! Google Cloud by a stand-in of our own, `acceptance/google`: Google's discovery documents decide which requests are valid,
//! and check the answers. A test takes a project of its own, and reaches it as somebody: the owner, a person with a few
//! permissions, a pod.

mod caller;
mod client;
mod fault;
mod gke;
mod project;
mod used;

use std::{
    net::TcpStream,
    path::Path,
    sync::{Arc, Once},
    time::Duration,
};

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::{Value, json};

pub use self::{
    caller::Caller,
    client::Refused,
    fault::{Answer, Fault, Gate},
    project::{Call, Project},
};
use crate::{
    cluster::{Cluster, Keys, free_port},
    issuer,
    process::{self, Process},
    setup,
    shared::{Keep, Shared},
};

/// Where the tests make things, unless they say another.
pub const REGION: &str = "europe-west1";

const START: Duration = Duration::from_mins(1);

/// The running stand-in: all services at one address, each under its name.
pub struct Google {
    address: Address,
    _process: Process,
    /// Removed last, after the program that writes to it.
    owned: Option<tempfile::TempDir>,
}

impl Google {
    /// The one that the tests of a binary share; each has its own project there, but the names of buckets are everybody's.
    pub fn shared() -> Result<Arc<Self>> {
        static SHARED: Shared<Google> = Shared::new();
        SHARED
            .get(Keep::ToTheEnd, Self::start)
            .context("starting the stand-in for Google Cloud")
    }

    /// One for a test alone, for names that others use, too.
    pub fn start() -> Result<Self> {
        let owned = setup::scratch()?;
        let mut google = Self::start_in(owned.path())?;
        google.owned = Some(owned);
        Ok(google)
    }

    pub fn start_in(directory: &Path) -> Result<Self> {
        let port = free_port()?;
        let mut program = process::command(setup::python("python")?);
        program
            .arg(setup::checkout().join("acceptance/google"))
            .arg(port.to_string())
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let mut process = Process::start("google", program, &directory.join("google.log"))?;
        process.ready(START, || TcpStream::connect(("127.0.0.1", port)).is_ok())?;
        Ok(Self {
            address: Address::at(port)?,
            _process: process,
            owned: None,
        })
    }

    /// Where all services are, each under its name: `http://127.0.0.1:1/iam`.
    pub fn endpoint(&self) -> &str {
        &self.address.endpoint
    }

    /// Lets the security token service fetch the keys of a cluster's tokens.
    pub fn trust(&self, cluster: &Cluster) -> Result<()> {
        self.address.trust(cluster)
    }

    /// Says how late it is for tokens and conditions: `2026-03-01T08:00:00Z`.
    pub fn set_clock(&self, now: &str) -> Result<()> {
        let asked = json!({ "now": now });
        self.address.ask(Method::POST, "_clock", &asked).map(drop)
    }

    /// A token of an issuer that is nobody's but the test's, and whose keys this publishes.
    pub fn token(&self, issuer: &str, claims: &Value) -> Result<String> {
        let asked = json!({ "issuer": issuer, "claims": claims });
        let made = self.address.ask(Method::POST, "_tokens", &asked)?;
        let token = made["token"].as_str().map(str::to_owned);
        token.with_context(|| format!("no token: {made}"))
    }

    /// A gate for calls of any project.
    pub fn gate(&self) -> Gate {
        Gate::new(self.address.clone())
    }

    /// Every request so far that a description refused, of whichever project.
    pub fn violations(&self) -> Result<Value> {
        self.address.ask(Method::GET, "_violations", &Value::Null)
    }
}

/// The stand-in's address, and the way to what it has for tests.
#[derive(Clone, Debug)]
struct Address {
    endpoint: String,
    client: reqwest::Client,
}

impl Address {
    fn at(port: u16) -> Result<Self> {
        static CRYPTO: Once = Once::new();
        CRYPTO.call_once(issuer::crypto);
        let client = reqwest::Client::builder()
            .timeout(Duration::from_mins(1))
            .no_proxy()
            .build()?;
        Ok(Self {
            endpoint: format!("http://127.0.0.1:{port}"),
            client,
        })
    }

    fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let what = format!("{method} {path}");
        let mut request = self
            .client
            .request(method, format!("{}/{path}", self.endpoint));
        if !body.is_null() {
            request = request.json(body);
        }
        issuer::runtime()
            .block_on(async { request.send().await?.error_for_status()?.json().await })
            .with_context(|| format!("asking the stand-in for {what}"))
    }

    fn trust(&self, cluster: &Cluster) -> Result<()> {
        let mut known = match cluster.keys()? {
            Keys::At {
                url,
                ca_certificate,
            } => json!({ "jwksUri": url, "certificateAuthority": ca_certificate }),
            Keys::These(keys) => json!({ "keys": serde_json::from_str::<Value>(&keys)? }),
        };
        known["issuer"] = cluster.issuer().into();
        self.ask(Method::POST, "_issuers", &known).map(drop)
    }
}
