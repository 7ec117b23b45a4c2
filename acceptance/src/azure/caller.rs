//! Somebody who calls Azure: by Microsoft's Python clients, or by whatever reads Azure's variables.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::{Address, TENANT, client};

/// A caller, by their access token.
#[derive(Clone, Debug)]
pub struct Caller {
    pub subscription: String,
    pub endpoint: String,
    pub token: String,
    /// The object id in the directory.
    pub principal: String,
    /// The id of the application.
    pub client: String,
    pub(super) proxy: String,
    pub(super) authority: PathBuf,
    trusted: PathBuf,
}

impl Caller {
    pub(super) fn new(
        address: &Address,
        subscription: &str,
        token: String,
        said: &Value,
    ) -> Result<Self> {
        let text = |name: &str| {
            let found = said[name].as_str().map(str::to_owned);
            found.with_context(|| format!("no {name} in {said}"))
        };
        Ok(Self {
            subscription: subscription.to_owned(),
            endpoint: address.endpoint.clone(),
            token,
            principal: text("principalId")?,
            client: text("clientId")?,
            proxy: address.plain.clone(),
            authority: address.authority.clone(),
            trusted: address.trusted.clone(),
        })
    }

    /// A call by Microsoft's Python clients: `("storage", "storage_accounts.get_properties", {"resource_group_name": "acme",
    /// "account_name": "x"})`. Services are `authorization`, `containerregistry`, `containerservice`, `keyvault`,
    /// `loganalytics`, `msi`, `resource`, `storage`; `secrets/VAULT`, `blob/ACCOUNT` and `blob/ACCOUNT/CONTAINER`.
    pub fn call(&self, service: &str, method: &str, parameters: &Value) -> Result<Value> {
        client::call(self, service, method, parameters)
    }

    /// The same, where the answer is expected to be a refusal: its code.
    pub fn refused(&self, service: &str, method: &str, parameters: &Value) -> Result<String> {
        match self.call(service, method, parameters) {
            Ok(answer) => bail!("{service} {method} {parameters} was allowed: {answer}"),
            Err(error) => Ok(error.downcast::<client::Refused>()?.code),
        }
    }

    /// What Azure's own tools find credentials by, and nothing of the developer's own. Where Azure is, is in no variable: it
    /// is told by [`Caller::endpoints`] or [`Caller::by_proxy`].
    pub fn environment(&self) -> Vec<(String, String)> {
        let trusted = self.trusted.display().to_string();
        [
            ("AZURE_TENANT_ID", TENANT),
            ("AZURE_CLIENT_ID", &self.client),
            // The token stands for the secret of an application.
            ("AZURE_CLIENT_SECRET", &self.token),
            ("SSL_CERT_FILE", &trusted),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// The variable that leads clients to the stand-in which are given no endpoints.
    pub fn by_proxy(&self) -> (String, String) {
        ("HTTPS_PROXY".to_owned(), self.proxy.clone())
    }

    /// The provider's `endpoints`.
    pub fn endpoints(&self) -> Value {
        let endpoint = &self.endpoint;
        json!({
            "management": endpoint, "login": endpoint, "vault": format!("{endpoint}/vault/{{vault}}"),
            "blob": format!("{endpoint}/blob/{{account}}"), "registry": format!("{endpoint}/registry/{{registry}}"),
        })
    }
}
