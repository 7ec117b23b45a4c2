//! Each cloud as one resource meets it: an account nobody else uses, and who counts the calls that reach it.

use acceptance::{
    aws::{Account, Emulators, Front},
    azure::{Azure, LOCATION, Subscription, TENANT},
    google::{self, Google, Project},
};
use anyhow::Result;
use serde_json::json;

use super::networks::{self, Names};

/// A fresh account of one cloud.
pub trait Substrate {
    /// The credentials, as the cloud's own variables.
    fn environment(&self) -> Vec<(String, String)>;

    /// The cloud's block of the provider.
    fn block(&self) -> String;

    /// Puts what only this account has into a configuration.
    fn fill(&self, text: &str) -> String;

    /// The names of the calls since the last time this was asked, without those that any process makes once to sign in.
    fn take_calls(&self) -> Result<Vec<String>>;

    /// Makes a network with what can be published in it and what somebody offers to it: by what names a configuration has them.
    fn network(&self) -> Result<Names>;

    /// Arguments of an endpoint that say where it is, by those names.
    fn place(&self) -> &'static str;

    /// Who this is, where a service says who may ask for a connection.
    fn principal(&self) -> Option<String>;

    /// Waits for somebody who asks for a connection to a service of this account: what is to be accepted.
    fn asked(&self, service: &str) -> Result<String>;
}

/// A configuration of these resources.
pub fn configuration(substrate: &dyn Substrate, resources: &str) -> String {
    format!(
        "{}\n{}",
        provider(substrate),
        substrate.fill(resources).trim_start()
    )
}

/// The provider alone, as an example's is replaced by it.
pub fn provider(substrate: &dyn Substrate) -> String {
    format!(
        "terraform {{\n  required_providers {{\n    dataplane = {{ source = \"dataplane/dataplane\" }}\n  }}\n}}\n\n\
         provider \"dataplane\" {{\n  owner = \"bench\"\n{}}}\n",
        substrate.block()
    )
}

pub struct OnAws {
    pub account: Account,
    front: Front,
}

impl OnAws {
    pub fn fresh() -> Result<Self> {
        let front = Front::start(Emulators::shared()?)?;
        Ok(Self {
            account: Account::new(&front),
            front,
        })
    }
}

impl Substrate for OnAws {
    fn environment(&self) -> Vec<(String, String)> {
        self.account.environment()
    }

    fn block(&self) -> String {
        let services = [
            "ec2",
            "ecr",
            "eks",
            "iam",
            "logs",
            "s3",
            "secretsmanager",
            "sts",
        ];
        let endpoints = services
            .map(|service| format!("      {service} = \"{}\"\n", self.account.endpoint))
            .concat();
        format!(
            "  aws = {{\n    region = \"{}\"\n    endpoints = {{\n{endpoints}    }}\n  }}\n",
            self.account.region
        )
    }

    fn fill(&self, text: &str) -> String {
        text.replace("000000000000", &self.account.id)
    }

    fn take_calls(&self) -> Result<Vec<String>> {
        let calls = self.front.take_calls().into_iter();
        let names = calls.map(|call| call.operation);
        Ok(names.filter(|name| name != "GetCallerIdentity").collect())
    }

    fn network(&self) -> Result<Names> {
        networks::of_account(&self.account)
    }

    fn place(&self) -> &'static str {
        "  network = \"<network>\"\n  subnets = [\"<subnet>\"]\n  security_groups = [\"<group>\"]\n"
    }

    fn principal(&self) -> Option<String> {
        Some(format!("arn:aws:iam::{}:root", self.account.id))
    }

    fn asked(&self, service: &str) -> Result<String> {
        networks::asked_of_account(&self.account, service)
    }
}

pub struct OnGoogle {
    pub project: Project,
}

impl OnGoogle {
    pub fn fresh() -> Result<Self> {
        Ok(Self {
            project: Project::new(&*Google::shared()?)?,
        })
    }
}

impl Substrate for OnGoogle {
    fn environment(&self) -> Vec<(String, String)> {
        self.project.owner().environment()
    }

    fn block(&self) -> String {
        let services = [
            "artifactregistry",
            "cloudresourcemanager",
            "compute",
            "container",
            "iam",
            "iamcredentials",
            "logging",
            "oauth2",
            "secretmanager",
            "storage",
        ];
        let owner = self.project.owner();
        let endpoints = services
            .map(|service| format!("      {service} = \"{}\"\n", owner.endpoint_of(service)))
            .concat();
        format!(
            "  gcp = {{\n    project = \"{}\"\n    region = \"{}\"\n    endpoints = {{\n{endpoints}    }}\n  }}\n",
            self.project.id,
            google::REGION
        )
    }

    fn fill(&self, text: &str) -> String {
        text.replace("000000000000", &self.project.number)
    }

    fn take_calls(&self) -> Result<Vec<String>> {
        let calls = self.project.take_calls()?.into_iter();
        let names = calls.map(|call| call.method);
        Ok(names.filter(|name| !name.starts_with("oauth2.")).collect())
    }

    fn network(&self) -> Result<Names> {
        networks::of_project(&self.project)
    }

    fn place(&self) -> &'static str {
        "  network = \"<network>\"\n  subnets = [\"<subnet>\"]\n"
    }

    /// Google Cloud lets everybody ask.
    fn principal(&self) -> Option<String> {
        None
    }

    fn asked(&self, service: &str) -> Result<String> {
        networks::asked_of_project(&self.project, service)
    }
}

pub struct OnAzure {
    pub subscription: Subscription,
    /// A vault with RBAC: the provider makes secrets, not vaults.
    pub vault: String,
    /// For clusters that ask it who a token is.
    pub azure: std::sync::Arc<Azure>,
}

impl OnAzure {
    pub fn fresh() -> Result<Self> {
        let azure = Azure::shared()?;
        let subscription = Subscription::new(&azure)?;
        let serial = subscription.id.rsplit('-').next().unwrap_or_default();
        let vault = format!("calls-{serial}");
        let properties = json!({
            "tenantId": TENANT, "sku": { "family": "A", "name": "standard" }, "enableRbacAuthorization": true,
        });
        subscription.owner().call(
            "keyvault",
            "vaults.begin_create_or_update",
            &json!({
                "resource_group_name": subscription.resource_group, "vault_name": vault,
                "parameters": { "location": LOCATION, "properties": properties },
            }),
        )?;
        Ok(Self {
            subscription,
            vault,
            azure,
        })
    }
}

impl Substrate for OnAzure {
    fn environment(&self) -> Vec<(String, String)> {
        self.subscription.owner().environment()
    }

    fn block(&self) -> String {
        format!(
            "  azure = {{\n    subscription_id = \"{}\"\n    resource_group = \"{}\"\n    location = \"{}\"\n    endpoints = {}\n  }}\n",
            self.subscription.id,
            self.subscription.resource_group,
            LOCATION,
            self.subscription.owner().endpoints()
        )
    }

    fn fill(&self, text: &str) -> String {
        text.replace("VAULT", &self.vault)
    }

    fn take_calls(&self) -> Result<Vec<String>> {
        let calls = self.subscription.take_calls()?.into_iter();
        let names = calls.map(|call| call.operation.trim_start_matches("Microsoft.").to_owned());
        Ok(names.filter(|name| name != "token").collect())
    }

    fn network(&self) -> Result<Names> {
        networks::of_subscription(&self.subscription)
    }

    fn place(&self) -> &'static str {
        "  subnets = [\"<subnet>\"]\n"
    }

    fn principal(&self) -> Option<String> {
        Some(self.subscription.id.clone())
    }

    fn asked(&self, service: &str) -> Result<String> {
        self.subscription.asked(service)
    }
}
