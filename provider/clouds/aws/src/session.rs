//! The session: credentials, endpoints, the clients of the services, and the guard that keeps us in the right account.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_types::region::Region as SdkRegion;
use clouds::account::{AccountId, Caller, Region};
use clouds::{Error, ParseError, Result};
use tokio::sync::OnceCell;

use crate::assumed_role::{AssumeRole, AssumedRole};
use crate::error::Classify;

/// Where to go and as whom. What is not said comes from the SDK's own chain: environment, profiles, SSO, instance.
#[derive(Clone, Debug)]
pub struct Config {
    /// The region of everything that has one.
    pub region: Region,
    /// A profile of the shared configuration files.
    pub profile: Option<String>,
    /// Credentials to begin with, instead of the chain's.
    pub credentials: Option<SharedCredentialsProvider>,
    /// A role to take on first.
    pub assume_role: Option<AssumeRole>,
    /// Endpoints other than AWS's own.
    pub endpoints: BTreeMap<Service, String>,
    /// Accounts that may be worked in; none means any.
    pub allowed_account_ids: BTreeSet<AccountId>,
    /// Name and version of the program, for the user agent.
    pub user_agent: String,
    /// How often a call is tried before its error is believed.
    pub attempts: u32,
}

/// A service of AWS that we call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Elastic Compute Cloud, of which we call what is about private connectivity.
    Ec2,
    /// Elastic Container Registry.
    Ecr,
    /// Elastic Kubernetes Service.
    Eks,
    /// Identity and Access Management.
    Iam,
    /// `CloudWatch` Logs.
    Logs,
    /// Simple Storage Service.
    S3,
    /// Secrets Manager.
    SecretsManager,
    /// Security Token Service.
    Sts,
}

impl Config {
    /// A configuration of nothing but a region.
    pub fn new(region: Region) -> Self {
        Self {
            region,
            profile: None,
            credentials: None,
            assume_role: None,
            endpoints: BTreeMap::new(),
            allowed_account_ids: BTreeSet::new(),
            user_agent: concat!("dataplane-", env!("CARGO_PKG_VERSION")).to_owned(),
            attempts: 5,
        }
    }
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Ec2,
        Self::Ecr,
        Self::Eks,
        Self::Iam,
        Self::Logs,
        Self::S3,
        Self::SecretsManager,
        Self::Sts,
    ];

    /// Its name, as in `endpoints = { s3 = "…" }`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::Ecr => "ecr",
            Self::Eks => "eks",
            Self::Iam => "iam",
            Self::Logs => "logs",
            Self::S3 => "s3",
            Self::SecretsManager => "secretsmanager",
            Self::Sts => "sts",
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
                ParseError::new(
                    "service",
                    text,
                    format!("must be one of {}", names.join(", ")),
                )
            })
    }
}

/// Where names of other objects begin: `arn:<partition>:<service>:<region>:<account>:`.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) partition: &'static str,
    pub(crate) region: Region,
    pub(crate) account: AccountId,
}

/// The account that a configuration leads to, as whom, and what all clients of its services share.
pub struct Session {
    pub(crate) config: Config,
    sdk: OnceCell<SdkConfig>,
    caller: OnceCell<Caller>,
    regional_s3: Mutex<HashMap<Region, aws_sdk_s3::Client>>,
    regional_eks: Mutex<HashMap<Region, aws_sdk_eks::Client>>,
    iam: OnceCell<aws_sdk_iam::Client>,
    ecr: OnceCell<aws_sdk_ecr::Client>,
    logs: OnceCell<aws_sdk_cloudwatchlogs::Client>,
    secrets: OnceCell<aws_sdk_secretsmanager::Client>,
    /// Where each bucket lies, once it was asked.
    pub(crate) bucket_regions: Mutex<HashMap<String, Region>>,
}

impl Session {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            sdk: OnceCell::new(),
            caller: OnceCell::new(),
            regional_s3: Mutex::default(),
            regional_eks: Mutex::default(),
            iam: OnceCell::new(),
            ecr: OnceCell::new(),
            logs: OnceCell::new(),
            secrets: OnceCell::new(),
            bucket_regions: Mutex::default(),
        }
    }

    /// Where everything is made that has a region.
    pub fn region(&self) -> &Region {
        &self.config.region
    }

    /// The account behind the credentials: asked once, checked against the allowed ones every time.
    pub(crate) async fn caller(&self) -> Result<&Caller> {
        let caller = self.caller.get_or_try_init(|| self.ask_caller()).await?;
        let allowed = &self.config.allowed_account_ids;
        if allowed.is_empty() || allowed.contains(&caller.account) {
            return Ok(caller);
        }
        Err(Error::WrongAccount {
            account: caller.account.to_string(),
            allowed: allowed.iter().map(ToString::to_string).collect(),
        })
    }

    pub(crate) async fn scope(&self) -> Result<Scope> {
        Ok(Scope {
            partition: crate::regions::partition(&self.config.region),
            region: self.config.region.clone(),
            account: self.caller().await?.account.clone(),
        })
    }

    async fn ask_caller(&self) -> Result<Caller> {
        let mut config = aws_sdk_sts::config::Builder::from(self.sdk().await);
        if let Some(endpoint) = self.endpoint(Service::Sts) {
            config.set_endpoint_url(Some(endpoint));
        }
        let sts = aws_sdk_sts::Client::from_conf(config.build());
        let call = ("sts:GetCallerIdentity", "the caller");
        let answer = sts
            .get_caller_identity()
            .send()
            .await
            .classify(call.0, call.1)?;
        let account = answer
            .account()
            .unwrap_or_default()
            .parse::<AccountId>()
            .classify(call.0, call.1)?;
        Ok(Caller {
            account,
            principal: answer.arn().unwrap_or_default().to_owned(),
        })
    }

    /// S3 in a region: buckets may lie in another than ours.
    pub(crate) async fn s3(&self, region: &Region) -> Result<aws_sdk_s3::Client> {
        let sdk = self.guarded().await?;
        let mut known = self
            .regional_s3
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let client = known.entry(region.clone()).or_insert_with(|| {
            let endpoint = self.endpoint(Service::S3);
            let config =
                aws_sdk_s3::config::Builder::from(sdk).region(SdkRegion::new(region.to_string()));
            // A bucket as the first label of a host name works with AWS's own hosts only.
            let elsewhere = endpoint.is_some() || sdk.endpoint_url().is_some();
            let mut config = config.force_path_style(elsewhere);
            if let Some(endpoint) = endpoint {
                config.set_endpoint_url(Some(endpoint));
            }
            aws_sdk_s3::Client::from_conf(config.build())
        });
        Ok(client.clone())
    }

    pub(crate) async fn eks(&self, region: &Region) -> Result<aws_sdk_eks::Client> {
        let sdk = self.guarded().await?;
        let mut known = self
            .regional_eks
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let client = known.entry(region.clone()).or_insert_with(|| {
            let mut config =
                aws_sdk_eks::config::Builder::from(sdk).region(SdkRegion::new(region.to_string()));
            if let Some(endpoint) = self.endpoint(Service::Eks) {
                config.set_endpoint_url(Some(endpoint));
            }
            aws_sdk_eks::Client::from_conf(config.build())
        });
        Ok(client.clone())
    }

    pub(crate) async fn iam(&self) -> Result<&aws_sdk_iam::Client> {
        let sdk = self.guarded().await?;
        let client = async || {
            let mut config = aws_sdk_iam::config::Builder::from(sdk);
            if let Some(endpoint) = self.endpoint(Service::Iam) {
                config.set_endpoint_url(Some(endpoint));
            }
            aws_sdk_iam::Client::from_conf(config.build())
        };
        Ok(self.iam.get_or_init(client).await)
    }

    pub(crate) async fn ecr(&self) -> Result<&aws_sdk_ecr::Client> {
        let sdk = self.guarded().await?;
        let client = async || {
            let mut config = aws_sdk_ecr::config::Builder::from(sdk);
            if let Some(endpoint) = self.endpoint(Service::Ecr) {
                config.set_endpoint_url(Some(endpoint));
            }
            aws_sdk_ecr::Client::from_conf(config.build())
        };
        Ok(self.ecr.get_or_init(client).await)
    }

    pub(crate) async fn logs(&self) -> Result<&aws_sdk_cloudwatchlogs::Client> {
        let sdk = self.guarded().await?;
        let client = async || {
            let mut config = aws_sdk_cloudwatchlogs::config::Builder::from(sdk);
            if let Some(endpoint) = self.endpoint(Service::Logs) {
                config.set_endpoint_url(Some(endpoint));
            }
            aws_sdk_cloudwatchlogs::Client::from_conf(config.build())
        };
        Ok(self.logs.get_or_init(client).await)
    }

    pub(crate) async fn secrets(&self) -> Result<&aws_sdk_secretsmanager::Client> {
        let sdk = self.guarded().await?;
        let client = async || {
            let mut config = aws_sdk_secretsmanager::config::Builder::from(sdk);
            if let Some(endpoint) = self.endpoint(Service::SecretsManager) {
                config.set_endpoint_url(Some(endpoint));
            }
            aws_sdk_secretsmanager::Client::from_conf(config.build())
        };
        Ok(self.secrets.get_or_init(client).await)
    }

    /// The endpoint that the configuration names. Without one, what the SDK found in the environment or the profile holds.
    pub fn endpoint(&self, service: Service) -> Option<String> {
        self.config.endpoints.get(&service).cloned()
    }

    /// What all clients share, after the guard has seen the account. Without allowed accounts nothing is asked.
    pub async fn guarded(&self) -> Result<&SdkConfig> {
        if !self.config.allowed_account_ids.is_empty() {
            self.caller().await?;
        }
        Ok(self.sdk().await)
    }

    async fn sdk(&self) -> &SdkConfig {
        self.sdk.get_or_init(|| self.load()).await
    }

    async fn load(&self) -> SdkConfig {
        let config = &self.config;
        let timeouts = TimeoutConfig::builder()
            .read_timeout(Duration::from_secs(30))
            .operation_attempt_timeout(Duration::from_mins(1));
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(SdkRegion::new(config.region.to_string()))
            .retry_config(RetryConfig::adaptive().with_max_attempts(config.attempts))
            .timeout_config(timeouts.build());
        if let Some(profile) = &config.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(credentials) = &config.credentials {
            loader = loader.credentials_provider(credentials.clone());
        }
        let name: String = config
            .user_agent
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '.' {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        if let Ok(name) = AppName::new(name) {
            loader = loader.app_name(name);
        }
        let sdk = loader.load().await;
        let Some(assume) = &config.assume_role else {
            return sdk;
        };
        let mut own = aws_sdk_sts::config::Builder::from(&sdk);
        if let Some(endpoint) = self.endpoint(Service::Sts) {
            own.set_endpoint_url(Some(endpoint));
        }
        let credentials = SharedCredentialsProvider::new(AssumedRole {
            sts: aws_sdk_sts::Client::from_conf(own.build()),
            role: assume.clone(),
        });
        sdk.into_builder().credentials_provider(credentials).build()
    }
}
