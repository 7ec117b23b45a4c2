//! A subscription of a test's own: what happened in it, what goes wrong there, and who is in it.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Address, Azure, Caller, Fault, Gate, LOCATION};

/// A subscription nobody else uses, with one resource group. It must end without a violation: dropping it checks.
pub struct Subscription {
    pub id: String,
    pub resource_group: String,
    pub(super) address: Address,
    owner: Caller,
}

/// A call that a client made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    /// The action that it takes: `Microsoft.Storage/storageAccounts/write`; `token` for one of Entra.
    pub operation: String,
    pub method: String,
    pub path: String,
    pub status: u16,
    /// As Microsoft's Go SDK names it: `armstorage.AccountsClient.Create`; empty where that has no description.
    pub name: String,
    /// The version of the API.
    pub version: String,
    /// The names of what the body says: `properties.encryption.keySource`.
    pub fields: Vec<String>,
}

impl Subscription {
    /// A fresh subscription.
    pub fn new(azure: &Azure) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:08x}-0000-4000-8000-{serial:012x}", std::process::id());
        Self::named(azure, &id, "acme")
    }

    /// A subscription with this id, where that is in a configuration.
    pub fn named(azure: &Azure, id: &str, resource_group: &str) -> Result<Self> {
        let address = azure.address.clone();
        let made = address.ask(
            Method::GET,
            &format!("_subscriptions/{id}/principal"),
            &Value::Null,
        )?;
        let owner = Caller::new(&address, id, format!("owner.{id}"), &made)?;
        let subscription = Self {
            id: id.to_owned(),
            resource_group: resource_group.to_owned(),
            address,
            owner,
        };
        subscription.owner.call(
            "resource",
            "resource_groups.create_or_update",
            &json!({ "resource_group_name": resource_group, "parameters": { "location": LOCATION } }),
        )?;
        subscription.take_calls()?;
        Ok(subscription)
    }

    /// Who may do everything in the subscription, and see its secrets and blobs.
    pub fn owner(&self) -> &Caller {
        &self.owner
    }

    /// Somebody who may do what is listed and nothing else, as by a custom role that is assigned at the scopes; none means
    /// the whole subscription.
    pub fn person(
        &self,
        name: &str,
        actions: &[impl AsRef<str>],
        data_actions: &[impl AsRef<str>],
        scopes: &[impl AsRef<str>],
    ) -> Result<Caller> {
        let asked = json!({
            "name": name, "actions": texts(actions), "dataActions": texts(data_actions), "scopes": texts(scopes),
        });
        let made = self.ask(Method::POST, "callers", &asked)?;
        let token = made["token"].as_str().context("a token")?.to_owned();
        Caller::new(&self.address, &self.id, token, &made)
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

    /// How often an identity that is made from now on is not yet known to role assignments.
    pub fn set_principal_delay(&self, refusals: u32) -> Result<()> {
        self.set(&json!({ "principalDelay": refusals }))
    }

    /// How often a role that is assigned from now on is not yet known where it is needed.
    pub fn set_propagation(&self, refusals: u32) -> Result<()> {
        self.set(&json!({ "propagation": refusals }))
    }

    /// How often a role that is defined from now on is not yet known to role assignments.
    pub fn set_definition_delay(&self, refusals: u32) -> Result<()> {
        self.set(&json!({ "definitionDelay": refusals }))
    }

    /// How often a federated credential that is made from now on is not yet known to Entra.
    pub fn set_federation_delay(&self, refusals: u32) -> Result<()> {
        self.set(&json!({ "federationDelay": refusals }))
    }

    /// Which resource providers are not registered: `Microsoft.Storage`.
    pub fn unregister(&self, namespaces: &[&str]) -> Result<()> {
        self.set(&json!({ "unregistered": namespaces }))
    }

    /// How many there may be of a type: `Microsoft.Storage/storageAccounts`.
    pub fn set_quota(&self, kind: &str, most: u32) -> Result<()> {
        self.set(&json!({ "quotas": { kind: most } }))
    }

    /// In which scopes nothing is deleted.
    pub fn lock(&self, scopes: &[&str]) -> Result<()> {
        self.set(&json!({ "locks": scopes }))
    }

    /// Which types a policy forbids.
    pub fn forbid(&self, kinds: &[&str]) -> Result<()> {
        self.set(&json!({ "policyDenies": kinds }))
    }

    /// Lets ids come back in other letter cases than they were given.
    pub fn spell_ids_differently(&self) -> Result<()> {
        self.set(&json!({ "foreignCase": true }))
    }

    /// Lets answers leave the description as recorded real ones do.
    pub fn leave_the_description(&self) -> Result<()> {
        self.set(&json!({ "deviating": true }))
    }

    /// How long pages of lists are.
    pub fn set_page_size(&self, size: u32) -> Result<()> {
        self.set(&json!({ "pageSize": size }))
    }

    /// Says that images were pushed.
    pub fn push_images(&self, registry: &str, repository: &str, digests: &[&str]) -> Result<()> {
        let pushed = json!({ "registry": registry, "repository": repository, "digests": digests });
        self.ask(Method::PUT, "images", &pushed).map(drop)
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
                    operation: text("operation"),
                    method: text("method"),
                    path: text("path"),
                    name: text("name"),
                    version: text("version"),
                    fields: serde_json::from_value(call["fields"].clone()).unwrap_or_default(),
                    status: call["status"].as_u64().unwrap_or_default().try_into()?,
                })
            })
            .collect()
    }

    /// What the description refused since the last time this was asked, and wrong answers of the stand-in.
    pub fn take_violations(&self) -> Result<Vec<String>> {
        let found = self.ask(Method::DELETE, "violations", &Value::Null)?;
        Ok(serde_json::from_value(found)?)
    }

    /// `/subscriptions/ID/resourceGroups/NAME`.
    pub fn scope(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}",
            self.id, self.resource_group
        )
    }

    fn set(&self, settings: &Value) -> Result<()> {
        self.ask(Method::PUT, "settings", settings).map(drop)
    }

    pub(super) fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let path = format!("_subscriptions/{}/{path}", self.id);
        self.address.ask(method, &path, body)
    }

    fn check(&self) -> Result<()> {
        let violations = self.take_violations()?;
        ensure!(
            violations.is_empty(),
            "Azure's description does not allow what was done in {}:\n{}",
            self.id,
            violations.join("\n")
        );
        Ok(())
    }
}

fn texts(list: &[impl AsRef<str>]) -> Vec<&str> {
    list.iter().map(AsRef::as_ref).collect()
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let checked = self.check();
        // A second panic would end the process and hide the first.
        if let (Err(why), false) = (checked, std::thread::panicking()) {
            panic!("{why:#}");
        }
    }
}
