//! Azure by a stand-in of our own, `acceptance/azure`: Microsoft's Go SDK, read as a description, decides which requests are
//! valid, and checks the answers. A test takes a subscription of its own, and reaches it as somebody: the owner, a person
//! with a few permissions, a pod.

mod aks;
mod caller;
mod client;
mod fault;
mod networks;
mod subscription;
mod used;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::{Value, json};

pub use self::{
    aks::AUDIENCE,
    caller::Caller,
    client::Refused,
    fault::{Answer, Fault, Gate},
    networks::Network,
    subscription::{Call, Subscription},
};
use crate::{
    cluster::{Authority, Cluster, Keys},
    issuer,
    process::{self, Process},
    setup,
    shared::{Keep, Shared},
};

/// Where the tests make things, unless they say another.
pub const LOCATION: &str = "westeurope";

/// The directory of all subscriptions.
pub const TENANT: &str = "5f1d6cbe-3b1e-4b7e-9a0d-2c7f0a9e4d10";

const START: Duration = Duration::from_mins(1);

/// Hosts of Azure's that the certificate is good for: clients may be led to the stand-in without being told of it.
const HOSTS: [&str; 7] = [
    "127.0.0.1",
    "localhost",
    "management.azure.com",
    "login.microsoftonline.com",
    "*.vault.azure.net",
    "*.blob.core.windows.net",
    "*.azurecr.io",
];

/// The running stand-in: Entra, Resource Manager and the data planes at one address, over TLS.
pub struct Azure {
    address: Address,
    _process: Process,
    /// Removed last, after the program that reads from it.
    owned: Option<tempfile::TempDir>,
}

impl Azure {
    /// The one that the tests of a binary share; each has its own subscription there, but the names of storage accounts,
    /// vaults and registries are everybody's.
    pub fn shared() -> Result<Arc<Self>> {
        static SHARED: Shared<Azure> = Shared::new();
        SHARED
            .get(Keep::ToTheEnd, Self::start)
            .context("starting the stand-in for Azure")
    }

    /// One for a test alone, for names that others use, too.
    pub fn start() -> Result<Self> {
        let owned = setup::scratch()?;
        let mut azure = Self::start_in(owned.path())?;
        azure.owned = Some(owned);
        Ok(azure)
    }

    pub fn start_in(directory: &Path) -> Result<Self> {
        let folder = directory.join("azure");
        fs::create_dir_all(&folder)?;
        let authority = Authority::new("azure")?;
        let identity = authority.server(&HOSTS)?;
        let files = ["authority.crt", "server.crt", "server.key"].map(|name| folder.join(name));
        let texts = [
            authority.certificate(),
            &identity.certificate,
            &identity.key,
        ];
        for (file, text) in files.iter().zip(texts) {
            fs::write(file, text)?;
        }
        let [authority, certificate, key] = files;
        let trusted = folder.join("trusted.crt");
        fs::write(&trusted, trusted_too(&fs::read_to_string(&authority)?))?;
        let installed = setup::azure()?;
        let mut program = process::command(installed.join("azure"));
        program
            .arg("serve")
            .arg(installed.join("description.json"))
            .args([certificate, key]);
        let log = folder.join("azure.log");
        let mut process = Process::start("azure", program, &log)?;
        let mut addresses = Value::Null;
        process.ready(START, || {
            addresses = first_line(&log);
            addresses.is_object()
        })?;
        let text = |name: &str| {
            let found = addresses[name].as_str().map(str::to_owned);
            found.with_context(|| format!("no {name} in {addresses}"))
        };
        issuer::crypto();
        let client = reqwest::Client::builder()
            .timeout(Duration::from_mins(1))
            .no_proxy()
            .build()?;
        Ok(Self {
            address: Address {
                endpoint: text("endpoint")?,
                plain: text("plain")?,
                authority,
                trusted,
                client,
            },
            _process: process,
            owned: None,
        })
    }

    /// Resource Manager and Entra; vaults, storage accounts and registries are under `/vault/NAME`, `/blob/NAME` and
    /// `/registry/NAME`.
    pub fn endpoint(&self) -> &str {
        &self.address.endpoint
    }

    /// The file with the authority that signed its certificate.
    pub fn authority(&self) -> &Path {
        &self.address.authority
    }

    /// Lets tokens of a cluster be client assertions.
    pub fn trust(&self, cluster: &Cluster) -> Result<()> {
        self.address.trust(cluster)
    }

    /// A gate for calls of any subscription.
    pub fn gate(&self) -> Gate {
        Gate::new(self.address.clone())
    }

    /// Everything so far that left the description, in whichever subscription.
    pub fn violations(&self) -> Result<Value> {
        self.address.ask(Method::GET, "_violations", &Value::Null)
    }

    /// What tests read that are told of the stand-in by their environment. The authority is one of several in
    /// `SSL_CERT_FILE`, since more than such a test may read that.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        let file = |path: &Path| path.display().to_string();
        [
            ("DATAPLANE_AZURE_ENDPOINT", self.address.endpoint.clone()),
            ("DATAPLANE_AZURE_TENANT", TENANT.to_owned()),
            ("DATAPLANE_AZURE_CA", file(&self.address.authority)),
            ("SSL_CERT_FILE", file(&self.address.trusted)),
        ]
    }
}

/// The stand-in's authority, and those that the system trusts.
fn trusted_too(authority: &str) -> String {
    let system = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
    ];
    let own = setup::variable("SSL_CERT_FILE").map(PathBuf::from);
    let known = own
        .into_iter()
        .chain(system.map(PathBuf::from))
        .find_map(|file| fs::read_to_string(file).ok());
    format!("{authority}\n{}", known.unwrap_or_default())
}

fn first_line(log: &Path) -> Value {
    let mut line = String::new();
    let read = fs::File::open(log).map(|file| BufReader::new(file).read_line(&mut line));
    match read {
        Ok(Ok(_)) => serde_json::from_str(&line).unwrap_or_default(),
        _ => Value::Null,
    }
}

/// The stand-in's addresses, and the way to what it has for tests.
#[derive(Clone, Debug)]
struct Address {
    endpoint: String,
    /// Without TLS: administration, token reviews, and a proxy to the other.
    plain: String,
    authority: PathBuf,
    trusted: PathBuf,
    client: reqwest::Client,
}

impl Address {
    fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let what = format!("{method} {path}");
        let mut request = self
            .client
            .request(method, format!("{}/{path}", self.plain));
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
            } => json!({ "keysUrl": url, "authority": ca_certificate }),
            Keys::These(keys) => json!({ "keys": serde_json::from_str::<Value>(&keys)? }),
        };
        known["issuer"] = cluster.issuer().into();
        self.ask(Method::PUT, "_issuers", &known).map(drop)
    }
}
