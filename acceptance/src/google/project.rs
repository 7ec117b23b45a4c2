//! A project of a test's own: what happened in it, what goes wrong there, and who is in it.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Address, Caller, Fault, Gate, Google};
use crate::setup;

/// A project nobody else uses. It must end without a violation: dropping it checks.
pub struct Project {
    pub id: String,
    /// What Google calls it in names of secrets, pools and principals.
    pub number: String,
    pub(super) address: Address,
    owner: Caller,
    directory: TempDir,
}

/// A call that a client made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    /// The method's id in the discovery document: `storage.buckets.insert`.
    pub method: String,
    pub path: String,
    /// 0 where the answer was lost before there was one.
    pub status: u16,
}

impl Project {
    /// A fresh project.
    pub fn new(google: &Google) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        Self::named(google, &format!("acceptance-{serial}"))
    }

    /// A project with this id, where that is in a configuration.
    pub fn named(google: &Google, id: &str) -> Result<Self> {
        let address = google.address.clone();
        let made = address.ask(Method::GET, &format!("_projects/{id}"), &Value::Null)?;
        let text = |name: &str| {
            let found = made[name].as_str().map(str::to_owned);
            found.with_context(|| format!("a project without {name}: {made}"))
        };
        let directory = setup::scratch()?;
        let owner = Caller::new(&address, id, text("token")?, directory.path())?;
        Ok(Self {
            id: id.to_owned(),
            number: text("number")?,
            address,
            owner,
            directory,
        })
    }

    /// Who may do everything in the project, but be somebody else.
    pub fn owner(&self) -> &Caller {
        &self.owner
    }

    /// Somebody who may do what is listed and nothing else, as by a custom role of the project's.
    pub fn person(&self, name: &str, permissions: &[impl AsRef<str>]) -> Result<Caller> {
        let permissions: Vec<&str> = permissions.iter().map(AsRef::as_ref).collect();
        let asked = json!({ "name": name, "permissions": permissions });
        let made = self.ask(Method::POST, "people", &asked)?;
        let token = made["token"].as_str().context("a token")?;
        self.caller(token.to_owned())
    }

    /// A custom role of the project's, by its full name.
    pub fn role(&self, name: &str, permissions: &[impl AsRef<str>]) -> Result<String> {
        let permissions: Vec<&str> = permissions.iter().map(AsRef::as_ref).collect();
        let asked = json!({ "name": name, "permissions": permissions });
        self.ask(Method::POST, "roles", &asked)?;
        Ok(format!("projects/{}/roles/{name}", self.id))
    }

    /// Whoever has this token.
    pub fn caller(&self, token: String) -> Result<Caller> {
        Caller::new(&self.address, &self.id, token, self.directory.path())
    }

    /// A file of this project's own.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let file = self.directory.path().join(name);
        fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
        Ok(file)
    }

    pub fn fault(&self, fault: &Fault) -> Result<()> {
        self.ask(Method::POST, "faults", &json!([fault.to_json()]))
            .map(drop)
    }

    pub fn clear_faults(&self) -> Result<()> {
        self.ask(Method::DELETE, "faults", &Value::Null).map(drop)
    }

    pub fn gate(&self) -> Gate {
        Gate::new(self.address.clone())
    }

    /// How many times an operation is asked for before it has ended; once, unless this is said.
    pub fn set_operation_polls(&self, polls: u32) -> Result<()> {
        self.set(&json!({ "operationPolls": polls }))
    }

    /// How often a service account that is made from now on is not yet known where a policy names it.
    pub fn set_account_delay(&self, refusals: u32) -> Result<()> {
        self.set(&json!({ "accountDelay": refusals }))
    }

    /// Which APIs are not enabled: `artifactregistry.googleapis.com`.
    pub fn disable(&self, hosts: &[&str]) -> Result<()> {
        self.set(&json!({ "disabled": hosts }))
    }

    /// The services whose resources an organisation's policy wants made with a key: `storage.googleapis.com`.
    pub fn require_keys(&self, hosts: &[&str]) -> Result<()> {
        self.set(&json!({ "keysRequired": hosts }))
    }

    /// Makes a network, with subnetworks and internal forwarding rules in it: `{name, subnetworks: [{name, region, range, purpose}],
    /// forwardingRules: [{name, region}]}`.
    pub fn network(&self, network: &Value) -> Result<()> {
        self.ask(Method::POST, "networks", network).map(drop)
    }

    /// Says how the connection of an endpoint of this project stands: `NEEDS_ATTENTION`.
    pub fn set_connection(&self, endpoint: &str, status: &str) -> Result<()> {
        let path = format!("connections/{endpoint}/{status}");
        self.ask(Method::POST, &path, &Value::Null).map(drop)
    }

    /// Says that an image was pushed: `projects/P/locations/L/repositories/R/dockerImages/app@sha256:1`.
    pub fn push_image(&self, name: &str) -> Result<()> {
        self.ask(Method::POST, "images", &json!({ "name": name }))
            .map(drop)
    }

    /// The calls since the last time this was asked.
    pub fn take_calls(&self) -> Result<Vec<Call>> {
        let calls = self.ask(Method::DELETE, "calls", &Value::Null)?;
        let calls = calls.as_array().context("a list of calls")?;
        calls
            .iter()
            .map(|call| {
                let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
                Ok(Call {
                    method: text("method"),
                    path: text("path"),
                    status: call["status"].as_u64().unwrap_or_default().try_into()?,
                })
            })
            .collect()
    }

    /// What a description refused since the last time this was asked, and wrong answers of the stand-in.
    pub fn take_violations(&self) -> Result<Vec<String>> {
        let found = self.ask(Method::DELETE, "violations", &Value::Null)?;
        Ok(serde_json::from_value(found)?)
    }

    fn set(&self, settings: &Value) -> Result<()> {
        self.ask(Method::PUT, "settings", settings).map(drop)
    }

    pub(super) fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let path = format!("_projects/{}/{path}", self.id);
        self.address.ask(method, &path, body)
    }

    fn check(&self) -> Result<()> {
        let violations = self.take_violations()?;
        ensure!(
            violations.is_empty(),
            "Google's descriptions do not allow what was done in {}:\n{}",
            self.id,
            violations.join("\n")
        );
        Ok(())
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let checked = self.check();
        // A second panic would end the process and hide the first.
        if let (Err(why), false) = (checked, std::thread::panicking()) {
            panic!("{why:#}");
        }
    }
}
