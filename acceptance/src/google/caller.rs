//! Somebody who calls Google Cloud: by Google's Python clients, by gcloud, or by whatever reads credential files.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::{Address, client};
use crate::setup;

/// The services of gcloud's overrides that have no path of their own.
const SERVICES: [&str; 8] = [
    "artifactregistry",
    "cloudresourcemanager",
    "container",
    "iam",
    "iamcredentials",
    "logging",
    "secretmanager",
    "serviceusage",
];

/// A caller, by their access token.
#[derive(Clone, Debug)]
pub struct Caller {
    pub project: String,
    pub endpoint: String,
    pub token: String,
    /// Has `credentials.json`, `token`, and what gcloud writes.
    directory: PathBuf,
}

impl Caller {
    pub(super) fn new(
        address: &Address,
        project: &str,
        token: String,
        directory: &Path,
    ) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory = directory.join(format!("caller{serial}"));
        fs::create_dir_all(&directory)?;
        fs::write(directory.join("token"), &token)?;
        let credentials = json!({
            "type": "authorized_user", "client_id": "acceptance", "client_secret": "acceptance", "refresh_token": token,
            "token_uri": format!("{}/_oauth/token", address.endpoint),
        });
        fs::write(directory.join("credentials.json"), credentials.to_string())?;
        Ok(Self {
            project: project.to_owned(),
            endpoint: address.endpoint.clone(),
            token,
            directory,
        })
    }

    /// A call by Google's Python client: `("secretmanager.v1", "projects.secrets.get", {"name": "projects/p/secrets/s"})`. The
    /// content of an object goes in as `content`, and comes back by `get_media`.
    pub fn call(&self, service: &str, method: &str, parameters: &Value) -> Result<Value> {
        client::call(self, service, method, parameters)
    }

    /// The same, where the answer is expected to be a refusal: its status.
    pub fn refused(&self, service: &str, method: &str, parameters: &Value) -> Result<u16> {
        match self.call(service, method, parameters) {
            Ok(answer) => bail!("{service} {method} {parameters} was allowed: {answer}"),
            Err(error) => Ok(error.downcast::<client::Refused>()?.code),
        }
    }

    /// gcloud with these arguments, as a person would type them.
    pub fn gcloud(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new(setup::gcloud()?)
            .args(arguments)
            .envs(self.gcloud_environment())
            .output()
            .context("starting gcloud")?;
        if !output.status.success() {
            bail!(
                "gcloud {}: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// What application default credentials are found by, and nothing of the developer's own. The services' addresses are in
    /// no variable: they are the provider's `endpoints`.
    pub fn environment(&self) -> Vec<(String, String)> {
        let file = |name: &str| self.directory.join(name).display().to_string();
        vec![
            (
                "GOOGLE_APPLICATION_CREDENTIALS".to_owned(),
                file("credentials.json"),
            ),
            ("CLOUDSDK_CONFIG".to_owned(), file("gcloud")),
        ]
    }

    /// Where one service is.
    pub fn endpoint_of(&self, service: &str) -> String {
        format!("{}/{service}", self.endpoint)
    }

    fn gcloud_environment(&self) -> Vec<(String, String)> {
        let mut variables = self.environment();
        let mut set = |name: &str, value: String| variables.push((name.to_owned(), value));
        let token = self.directory.join("token").display().to_string();
        set("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", token);
        set("CLOUDSDK_CORE_PROJECT", self.project.clone());
        set("CLOUDSDK_CORE_DISABLE_PROMPTS", "1".to_owned());
        set("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true".to_owned());
        set(
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK",
            "true".to_owned(),
        );
        for service in SERVICES {
            let name = service.to_uppercase();
            let address = format!("{}/", self.endpoint_of(service));
            set(&format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}"), address);
        }
        // These have their paths in the override.
        let storage = format!("{}/storage/v1/", self.endpoint);
        set("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", storage);
        let compute = format!("{}/compute/v1/", self.endpoint_of("compute"));
        set("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", compute);
        variables
    }
}
