//! The session: credentials, endpoints, the pipelines of the services, and the guard that keeps us in the right subscription.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::TokenCredential;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{
    ClientOptions, ExponentialRetryOptions, HttpClient, Pipeline, RetryOptions, Transport, Url,
};
use clouds::account::{AccountId, Region};
use clouds::clusters::ResourceGroup;
use clouds::error::Call;
use clouds::{Error, ParseError, Result};
use tokio::sync::OnceCell;

use crate::arm::{Arm, ResourceId};
use crate::credentials::Chain;
use crate::error::{from_sdk, invalid};
use crate::networks::Networks;
use crate::transport::Bounded;
use crate::vaults::Vault;

const MANAGEMENT: &str = "https://management.azure.com";
const STORAGE_SCOPE: &str = "https://storage.azure.com/.default";
/// The clouds whose management endpoint is its own audience; whatever else the endpoint is, tokens are for the public cloud.
const SOVEREIGN: [&str; 2] = [
    "management.usgovcloudapi.net",
    "management.chinacloudapi.cn",
];

/// Where to go and as whom. Credentials that are not given come from the chain that Azure's own tools use.
#[derive(Clone, Debug)]
pub struct Config {
    /// The subscription to work in.
    pub subscription: AccountId,
    /// The tenant to sign in to; none means the one of the credentials.
    pub tenant: Option<String>,
    /// The resource group of everything that we make.
    pub resource_group: ResourceGroup,
    /// The location of everything that has one.
    pub location: Region,
    /// Credentials instead of the chain's.
    pub credential: Option<Arc<dyn TokenCredential>>,
    /// What carries requests, instead of our own client.
    pub transport: Option<Arc<dyn HttpClient>>,
    /// Endpoints other than those that Azure has or tells.
    pub endpoints: BTreeMap<Service, String>,
    /// Subscriptions that may be worked in; none means any.
    pub allowed_subscriptions: BTreeSet<AccountId>,
    /// Name and version of the program, for the user agent.
    pub user_agent: String,
    /// How often a call is tried before its error is believed.
    pub attempts: u32,
}

/// An endpoint that can be another than Azure's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Azure Resource Manager: `https://management.azure.com`.
    Management,
    /// Where tokens come from: `https://login.microsoftonline.com`.
    Login,
    /// Secrets of a vault; `{vault}` stands for its name. Without it, the vault says where it is.
    Vault,
    /// Blobs of a storage account; `{account}` stands for its name. Without it, the account says where it is.
    Blob,
    /// Images of a registry; `{registry}` stands for its name. Without it, the registry says where it is.
    Registry,
}

impl Config {
    /// A configuration of nothing but a place to work in.
    pub fn new(subscription: AccountId, resource_group: ResourceGroup, location: Region) -> Self {
        Self {
            subscription,
            tenant: None,
            resource_group,
            location,
            credential: None,
            transport: None,
            endpoints: BTreeMap::new(),
            allowed_subscriptions: BTreeSet::new(),
            user_agent: concat!("dataplane-", env!("CARGO_PKG_VERSION")).to_owned(),
            attempts: 5,
        }
    }
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Management,
        Self::Login,
        Self::Vault,
        Self::Blob,
        Self::Registry,
    ];

    /// Its name, as in `endpoints = { management = "…" }`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Management => "management",
            Self::Login => "login",
            Self::Vault => "vault",
            Self::Blob => "blob",
            Self::Registry => "registry",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Service {
    type Err = ParseError;

    fn from_str(text: &str) -> std::result::Result<Self, ParseError> {
        Self::ALL
            .into_iter()
            .find(|service| service.as_str() == text)
            .ok_or_else(|| {
                let names: Vec<_> = Self::ALL.iter().map(|service| service.as_str()).collect();
                let rule = format!("must be one of {}", names.join(", "));
                ParseError::new("service", text, rule)
            })
    }
}

pub(crate) struct Session {
    pub(crate) config: Config,
    connection: OnceCell<Connection>,
    pub(crate) tenant: OnceCell<String>,
    /// The vaults that were looked up, by name.
    pub(crate) vaults: Mutex<HashMap<String, Arc<Vault>>>,
    /// The virtual networks in which one of us works.
    pub(crate) networks: Networks,
}

/// What is made once, when the first call needs it.
struct Connection {
    options: ClientOptions,
    credential: Arc<dyn TokenCredential>,
    management: Url,
    arm: Pipeline,
    blobs: Pipeline,
    plain: Pipeline,
}

impl Session {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            connection: OnceCell::new(),
            tenant: OnceCell::new(),
            vaults: Mutex::default(),
            networks: Networks::default(),
        }
    }

    /// Resource Manager, after the guard has seen the subscription.
    pub(crate) async fn arm(&self) -> Result<Arm<'_>> {
        let connection = self.connection().await?;
        Ok(Arm {
            pipeline: &connection.arm,
            base: &connection.management,
        })
    }

    /// The pipeline to the blobs of storage accounts.
    pub(crate) async fn blobs(&self) -> Result<&Pipeline> {
        Ok(&self.connection().await?.blobs)
    }

    /// A pipeline that adds no token: for registries, which have tokens of their own.
    pub(crate) async fn plain(&self) -> Result<&Pipeline> {
        Ok(&self.connection().await?.plain)
    }

    pub(crate) async fn credential(&self) -> Result<&Arc<dyn TokenCredential>> {
        Ok(&self.connection().await?.credential)
    }

    /// What every client of Azure's SDK is made with.
    pub(crate) async fn client_options(&self) -> Result<ClientOptions> {
        Ok(self.connection().await?.options.clone())
    }

    /// The audience of Resource Manager in this cloud.
    pub(crate) async fn management_scope(&self) -> Result<String> {
        Ok(management_scope(&self.connection().await?.management))
    }

    /// The endpoint that the configuration names for this object.
    pub(crate) fn endpoint(&self, service: Service, name: &str) -> Option<String> {
        let template = self.config.endpoints.get(&service)?;
        let placeholder = format!("{{{}}}", placeholder(service));
        Some(
            template
                .replace(&placeholder, name)
                .trim_end_matches('/')
                .to_owned(),
        )
    }

    pub(crate) fn subscription(&self) -> ResourceId {
        ResourceId::new(format!("/subscriptions/{}", self.config.subscription))
    }

    pub(crate) fn group(&self) -> ResourceId {
        self.subscription()
            .child("resourceGroups", self.config.resource_group.as_str())
    }

    /// A resource of our group, by its full type.
    pub(crate) fn resource(&self, kind: &str, name: impl fmt::Display) -> ResourceId {
        self.group().child(&format!("providers/{kind}"), name)
    }

    fn guard(&self) -> Result<()> {
        let Config {
            subscription,
            allowed_subscriptions: allowed,
            ..
        } = &self.config;
        let same = |other: &AccountId| other.as_str().eq_ignore_ascii_case(subscription.as_str());
        if allowed.is_empty() || allowed.iter().any(same) {
            return Ok(());
        }
        Err(Error::WrongAccount {
            account: subscription.to_string(),
            allowed: allowed.iter().map(ToString::to_string).collect(),
        })
    }

    async fn connection(&self) -> Result<&Connection> {
        self.guard()?;
        self.connection
            .get_or_try_init(async || self.connect())
            .await
    }

    fn connect(&self) -> Result<Connection> {
        let config = &self.config;
        let call = || Call::new("connect", "Azure");
        let management = config
            .endpoints
            .get(&Service::Management)
            .map_or(MANAGEMENT, String::as_str);
        let management = Url::parse(management)
            .map_err(|error| invalid("connect", management, error.to_string()))?;
        let http: Arc<dyn HttpClient> = Arc::new(
            Bounded::new(config.transport.clone(), &config.user_agent)
                .map_err(|error| from_sdk(call(), error))?,
        );
        let cloud = config.endpoints.get(&Service::Login).map(|login| {
            let mut cloud = CustomConfiguration::default();
            cloud.authority_host.clone_from(login);
            Arc::new(cloud.into())
        });
        let options = ClientOptions {
            retry: RetryOptions::exponential(ExponentialRetryOptions {
                max_retries: config.attempts.saturating_sub(1),
                ..ExponentialRetryOptions::default()
            }),
            transport: Some(Transport::new(http.clone())),
            cloud,
            ..ClientOptions::default()
        };
        let credential = config
            .credential
            .clone()
            .unwrap_or_else(|| Arc::new(Chain::new(options.clone(), http, config.tenant.clone())));
        let pipeline = |scope: Option<String>| {
            let policies = scope.map(|scope| {
                Arc::new(BearerTokenAuthorizationPolicy::new(
                    credential.clone(),
                    [scope],
                )) as _
            });
            Pipeline::new(
                Some("dataplane"),
                Some(env!("CARGO_PKG_VERSION")),
                options.clone(),
                Vec::new(),
                policies.into_iter().collect(),
                None,
            )
        };
        Ok(Connection {
            arm: pipeline(Some(management_scope(&management))),
            blobs: pipeline(Some(STORAGE_SCOPE.to_owned())),
            plain: pipeline(None),
            management,
            options,
            credential,
        })
    }
}

fn placeholder(service: Service) -> &'static str {
    match service {
        Service::Blob => "account",
        Service::Management | Service::Login | Service::Vault | Service::Registry => {
            service.as_str()
        }
    }
}

fn management_scope(endpoint: &Url) -> String {
    match endpoint.host_str() {
        Some(host) if SOVEREIGN.contains(&host) => format!("https://{host}/.default"),
        _ => format!("{MANAGEMENT}/.default"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session::new(Config {
            endpoints: [
                (
                    Service::Blob,
                    "https://127.0.0.1:1/blob/{account}/".to_owned(),
                ),
                (
                    Service::Vault,
                    "https://127.0.0.1:1/vault/{vault}".to_owned(),
                ),
            ]
            .into(),
            ..Config::new(
                "8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11".parse().unwrap(),
                "acme".parse().unwrap(),
                "westeurope".parse().unwrap(),
            )
        })
    }

    #[test]
    fn endpoints_hold_the_name_where_they_say_so() {
        let session = session();
        assert_eq!(
            session.endpoint(Service::Blob, "acmeprod").as_deref(),
            Some("https://127.0.0.1:1/blob/acmeprod")
        );
        assert_eq!(
            session.endpoint(Service::Vault, "acme").as_deref(),
            Some("https://127.0.0.1:1/vault/acme")
        );
        assert_eq!(session.endpoint(Service::Registry, "acme"), None);
        assert!(
            "dfs"
                .parse::<Service>()
                .unwrap_err()
                .rule()
                .contains("management")
        );
    }

    #[test]
    fn tokens_are_for_the_cloud_that_is_asked() {
        let scope = |url: &str| management_scope(&Url::parse(url).unwrap());
        assert_eq!(
            scope("https://127.0.0.1:1"),
            "https://management.azure.com/.default"
        );
        assert_eq!(
            scope("https://management.chinacloudapi.cn"),
            "https://management.chinacloudapi.cn/.default"
        );
    }

    #[test]
    fn ids_begin_with_the_group() {
        assert_eq!(
            session()
                .resource("Microsoft.Storage/storageAccounts", "acmeprod")
                .as_str(),
            "/subscriptions/8ad3f4e2-7c11-4c7b-9a26-0f5a8e6a1c11/resourceGroups/acme/providers/Microsoft.Storage/storageAccounts/acmeprod"
        );
    }
}
