//! A test's own place on Azure: a stand-in and a subscription in it, and Terraform's way to them.

use acceptance::{
    azure::{Azure, Caller, LOCATION, Subscription, TENANT},
    cluster::{Cluster, Kubectl},
    terraform::Terraform,
};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::bench::OWNER;

/// The resource group of the examples.
pub const GROUP: &str = "acme-prod";

const SUBSCRIPTION: &str = "0a2b4c6d-0000-4000-8000-000000000001";

const ANOTHER: &str = "99999999-0000-4000-8000-000000000001";

/// Names in examples are fixed, and many are everybody's in Azure, so each test has a stand-in of its own.
pub struct Bench {
    pub subscription: Subscription,
    /// What examples leave to whoever runs them.
    variables: Vec<(&'static str, String)>,
    cluster: Option<Cluster>,
    azure: Azure,
}

impl Bench {
    pub fn azure() -> Result<Self> {
        let azure = Azure::start()?;
        Ok(Self {
            subscription: Subscription::named(&azure, SUBSCRIPTION, GROUP)?,
            variables: Vec::new(),
            cluster: None,
            azure,
        })
    }

    /// With a network, something to publish in it, and a service of somebody else who lets in.
    pub fn connected() -> Result<Self> {
        let bench = Self::azure()?;
        let network = bench.subscription.network()?;
        let other = bench.another_subscription()?;
        other.network()?;
        let us = [bench.subscription.id.as_str()];
        let [frontend, _] = network.frontends;
        let variables = vec![
            ("frontend", frontend),
            ("subnet", network.link),
            ("service_name", other.publish("offered", &us, &us)?),
        ];
        bench.subscription.take_calls()?;
        Ok(Self { variables, ..bench })
    }

    /// With a cluster that AKS knows as `prod`. It is always one of ours, as its API server has to ask Azure who a token is.
    pub fn on_aks() -> Result<Self> {
        let bench = Self::azure()?;
        let cluster = Cluster::start_on(bench.azure.aks_site())?;
        bench.subscription.host_on_aks("prod", &cluster)?;
        Ok(Self {
            cluster: Some(cluster),
            ..bench
        })
    }

    pub fn owner(&self) -> &Caller {
        self.subscription.owner()
    }

    /// One of somebody else, in the same Azure.
    pub fn another_subscription(&self) -> Result<Subscription> {
        Subscription::named(&self.azure, ANOTHER, GROUP)
    }

    pub fn cluster(&self) -> Result<&Cluster> {
        self.cluster.as_ref().context("this test has no cluster")
    }

    pub fn kubectl(&self) -> Result<Kubectl> {
        self.cluster()?.kubectl()
    }

    /// A call of the owner's by Microsoft's clients, with the resource group.
    pub fn call(&self, service: &str, method: &str, parameters: Value) -> Result<Value> {
        self.owner().call(service, method, &within(parameters))
    }

    /// Whether such a call finds what it names.
    pub fn finds(&self, service: &str, method: &str, parameters: Value) -> Result<bool> {
        match self.call(service, method, parameters) {
            Ok(_) => Ok(true),
            Err(error) => match error.downcast_ref::<acceptance::azure::Refused>() {
                Some(refused) if refused.code.ends_with("NotFound") => Ok(false),
                _ => Err(error),
            },
        }
    }

    /// The names of what such a call lists.
    pub fn names(&self, service: &str, method: &str) -> Result<Vec<String>> {
        let list = self.call(service, method, json!({}))?;
        let items = list
            .as_array()
            .with_context(|| format!("no list: {list}"))?;
        let name = |item: &Value| item["name"].as_str().map(str::to_owned);
        items
            .iter()
            .map(|item| name(item).with_context(|| format!("no name: {item}")))
            .collect()
    }

    /// A vault that takes its permissions by RBAC, as every example wants it.
    pub fn make_vault(&self, name: &str) -> Result<()> {
        self.make_vault_in(GROUP, name)
    }

    /// The same, in a resource group that need not be ours.
    pub fn make_vault_in(&self, group: &str, name: &str) -> Result<()> {
        let properties = json!({
            "tenantId": TENANT, "sku": { "family": "A", "name": "standard" }, "enableRbacAuthorization": true,
        });
        let vault = json!({
            "resource_group_name": group, "vault_name": name, "parameters": { "location": LOCATION, "properties": properties },
        });
        self.owner()
            .call("keyvault", "vaults.begin_create_or_update", &vault)
            .map(drop)
    }

    /// A storage account with the container `data`, which Terraform knows nothing of.
    pub fn make_account(&self, name: &str) -> Result<()> {
        let account =
            json!({ "sku": { "name": "Standard_LRS" }, "kind": "StorageV2", "location": LOCATION });
        let account = json!({ "account_name": name, "parameters": account });
        self.call("storage", "storage_accounts.begin_create", account)?;
        let container =
            json!({ "account_name": name, "container_name": "data", "blob_container": {} });
        self.call("storage", "blob_containers.create", container)
            .map(drop)
    }

    /// A copy of an example of one resource, with the provider block that such an example leaves out.
    pub fn example(&self, path: &str) -> Result<Terraform> {
        self.prepared(Terraform::example(path)?, self.owner())
    }

    /// A configuration of the test's own, with a provider block.
    pub fn configuration(&self, text: &str) -> Result<Terraform> {
        self.configuration_as(self.owner(), text)
    }

    /// The same, run by somebody else.
    pub fn configuration_as(&self, caller: &Caller, text: &str) -> Result<Terraform> {
        let terraform = self.prepared(Terraform::new()?, caller)?;
        terraform.write("main.tf", text)?;
        Ok(terraform)
    }

    /// An example, run by somebody else.
    pub fn example_as(&self, caller: &Caller, path: &str) -> Result<Terraform> {
        self.prepared(Terraform::example(path)?, caller)
    }

    fn prepared(&self, terraform: Terraform, caller: &Caller) -> Result<Terraform> {
        let mut terraform = terraform.with(caller.environment());
        for (name, value) in &self.variables {
            terraform = terraform.variable(name, value);
        }
        terraform.write("provider.tf", &self.provider(""))?;
        Ok(terraform)
    }

    /// The provider's configuration, with further arguments of `azure`.
    pub fn provider(&self, azure: &str) -> String {
        provider(&self.subscription, azure)
    }
}

/// The configuration of a provider that works in this subscription.
pub fn provider(subscription: &Subscription, azure: &str) -> String {
    format!(
        "terraform {{
  required_providers {{
    dataplane = {{ source = \"dataplane/dataplane\" }}
  }}
}}

provider \"dataplane\" {{
  owner = \"{OWNER}\"
  azure = {{
    subscription_id = \"{}\"
    resource_group  = \"{GROUP}\"
    location        = \"{LOCATION}\"
    endpoints       = {}
    {azure}
  }}
}}
",
        subscription.id,
        subscription.owner().endpoints(),
    )
}

/// Parameters with the resource group. Vaults' secrets and blobs know none, and are called as the owner.
fn within(mut parameters: Value) -> Value {
    parameters["resource_group_name"] = GROUP.into();
    parameters
}
