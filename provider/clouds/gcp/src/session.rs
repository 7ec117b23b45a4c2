//! The session: the configuration, the guard that keeps us in the right project, and what is asked once: the project's
//! number (1 call, `cloudresourcemanager.projects.get`) and who is calling (1 call, `oauth2.userinfo.get`; none when a
//! service account is impersonated).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clouds::account::{AccountId, Caller, Region};
use clouds::secrets::SecretText;
use clouds::{Error, ParseError, Result};
use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::credentials::Tokens;
use crate::error::{internal, unreadable};
use crate::tags;

/// For how long what we made may still be unknown to other services.
const YOUNG: Duration = Duration::from_mins(2);

/// Where to go and as whom.
#[derive(Clone, Debug)]
pub struct Config {
    /// The project that everything is made in.
    pub project: AccountId,
    /// The region of everything that has one.
    pub region: Region,
    /// Where the credentials come from.
    pub credentials: Credentials,
    /// A service account to act as, by its e-mail address.
    pub impersonate_service_account: Option<String>,
    /// Projects that may be worked in; none means any.
    pub allowed_projects: BTreeSet<AccountId>,
    /// Endpoints other than Google's own: everything before the path of the published description.
    pub endpoints: BTreeMap<Service, String>,
    /// Name and version of the program, for the user agent.
    pub user_agent: String,
    /// How often a call is tried before its error is believed.
    pub attempts: u32,
}

/// Where credentials come from.
#[derive(Clone, Debug, Default)]
pub enum Credentials {
    /// The chain of Google's libraries: `GOOGLE_APPLICATION_CREDENTIALS`, the file of gcloud, the metadata server.
    #[default]
    Application,
    /// An access token that somebody else minted, and renews.
    Token(SecretText),
}

/// A service of Google Cloud that we call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Artifact Registry.
    ArtifactRegistry,
    /// Compute Engine, for what it has of networks.
    Compute,
    /// Kubernetes Engine.
    Container,
    /// Identity and Access Management.
    Iam,
    /// Tokens of service accounts.
    IamCredentials,
    /// Cloud Logging.
    Logging,
    /// Who the credentials are.
    Oauth2,
    /// Resource Manager.
    ResourceManager,
    /// Secret Manager.
    SecretManager,
    /// Cloud Storage.
    Storage,
}

impl Config {
    /// A configuration of nothing but a project and a region.
    pub fn new(project: AccountId, region: Region) -> Self {
        Self {
            project,
            region,
            credentials: Credentials::Application,
            impersonate_service_account: None,
            allowed_projects: BTreeSet::new(),
            endpoints: BTreeMap::new(),
            user_agent: concat!("dataplane/", env!("CARGO_PKG_VERSION")).to_owned(),
            attempts: 5,
        }
    }
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::ArtifactRegistry,
        Self::Compute,
        Self::Container,
        Self::Iam,
        Self::IamCredentials,
        Self::Logging,
        Self::Oauth2,
        Self::ResourceManager,
        Self::SecretManager,
        Self::Storage,
    ];

    /// Its name, as in `endpoints = { storage = "…" }` and in its host.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ArtifactRegistry => "artifactregistry",
            Self::Compute => "compute",
            Self::Container => "container",
            Self::Iam => "iam",
            Self::IamCredentials => "iamcredentials",
            Self::Logging => "logging",
            Self::Oauth2 => "oauth2",
            Self::ResourceManager => "cloudresourcemanager",
            Self::SecretManager => "secretmanager",
            Self::Storage => "storage",
        }
    }

    /// The host of its API, by which it is enabled.
    pub(crate) fn host(self) -> String {
        match self {
            Self::Oauth2 => "www.googleapis.com".to_owned(),
            _ => format!("{}.googleapis.com", self.as_str()),
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
        let found = Self::ALL.into_iter().find(|one| one.as_str() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            ParseError::new("service", text, format!("must be one of {names}"))
        })
    }
}

/// Where names of other objects begin.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) project: AccountId,
    pub(crate) number: String,
    pub(crate) region: Region,
}

/// What was seen of an object last, for the next change of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Which version it was, for the precondition.
    pub(crate) version: Option<String>,
    /// Labels of Google's own: a change of the labels replaces all of them.
    pub(crate) google: BTreeMap<String, String>,
    /// What people wrote into the description beside our marks.
    pub(crate) words: String,
}

pub(crate) struct Session {
    pub(crate) config: Config,
    pub(crate) tokens: Tokens,
    http: OnceCell<reqwest::Client>,
    caller: OnceCell<Caller>,
    numbers: tokio::sync::Mutex<HashMap<AccountId, String>>,
    seen: Mutex<HashMap<String, Seen>>,
    made: Mutex<HashMap<String, Instant>>,
    writers: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

#[derive(Deserialize)]
struct Project {
    name: String,
}

#[derive(Deserialize)]
struct Userinfo {
    email: String,
}

impl Seen {
    pub(crate) fn described(description: &str) -> Self {
        Self {
            words: tags::words(description),
            ..Self::default()
        }
    }

    pub(crate) fn version(version: Option<&str>) -> Option<Self> {
        Some(Self {
            version: Some(version?.to_owned()),
            ..Self::default()
        })
    }
}

impl Session {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            tokens: Tokens::default(),
            http: OnceCell::new(),
            caller: OnceCell::new(),
            numbers: tokio::sync::Mutex::default(),
            seen: Mutex::default(),
            made: Mutex::default(),
            writers: Mutex::default(),
        }
    }

    /// Refuses a project that was not allowed, before anything is called.
    pub(crate) fn guard(&self) -> Result<()> {
        let (project, allowed) = (&self.config.project, &self.config.allowed_projects);
        if allowed.is_empty() || allowed.contains(project) {
            return Ok(());
        }
        Err(Error::WrongAccount {
            account: project.to_string(),
            allowed: allowed.iter().map(ToString::to_string).collect(),
        })
    }

    /// Who is calling. That nobody says who it is, is no reason to fail: the project is what counts.
    pub(crate) async fn caller(&self) -> Result<&Caller> {
        self.guard()?;
        let ask = async || {
            let principal = match &self.config.impersonate_service_account {
                Some(email) => email.clone(),
                None => self.ask_email().await?,
            };
            Ok(Caller {
                account: self.config.project.clone(),
                principal,
            })
        };
        self.caller.get_or_try_init(ask).await
    }

    async fn ask_email(&self) -> Result<String> {
        let call = ("oauth2.userinfo.get", "the caller");
        let asked = self.get(Service::Oauth2, "oauth2/v2/userinfo", call);
        match asked.answer::<Userinfo>().await {
            Ok(info) => Ok(info.email),
            Err(error @ (Error::Unauthenticated(_) | Error::Expired(_)))
                if error
                    .call()
                    .is_some_and(|call| call.request_id.is_none() && call.code.is_none()) =>
            {
                Err(error)
            }
            Err(_) => Ok("a caller whose credentials do not tell its name".to_owned()),
        }
    }

    /// The number of a project, which conditions and pools are written with.
    pub(crate) async fn number(&self, project: &AccountId) -> Result<String> {
        let mut known = self.numbers.lock().await;
        if let Some(number) = known.get(project) {
            return Ok(number.clone());
        }
        let call = ("resourcemanager.projects.get", project);
        let path = format!("v3/projects/{project}");
        let found: Project = self
            .get(Service::ResourceManager, path, call)
            .answer()
            .await?;
        let number = found.name.strip_prefix("projects/");
        let number = number
            .ok_or_else(|| unreadable(call, "its name has no number"))?
            .to_owned();
        known.insert(project.clone(), number.clone());
        Ok(number)
    }

    pub(crate) async fn scope(&self) -> Result<Scope> {
        Ok(Scope {
            project: self.config.project.clone(),
            number: self.number(&self.config.project).await?,
            region: self.config.region.clone(),
        })
    }

    /// `projects/…/locations/…` of the configured region.
    pub(crate) fn location(&self) -> String {
        format!(
            "projects/{}/locations/{}",
            self.config.project, self.config.region
        )
    }

    /// Everything before the path of the published description.
    pub(crate) fn endpoint(&self, service: Service) -> String {
        let own = self.config.endpoints.get(&service);
        own.map_or_else(
            || format!("https://{}", service.host()),
            |own| own.trim_end_matches('/').to_owned(),
        )
    }

    pub(crate) async fn http(&self) -> Result<&reqwest::Client> {
        let build = async || {
            let built = reqwest::Client::builder()
                .connect_timeout(Duration::from_secs(10))
                .timeout(Duration::from_mins(1))
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(&self.config.user_agent)
                .build();
            built.map_err(|error| internal("the HTTP client", error))
        };
        self.http.get_or_try_init(build).await
    }

    /// Notes what was seen of an object; nothing where it has to be looked at again.
    pub(crate) fn saw(&self, object: &str, seen: Option<Seen>) {
        let mut all = lock(&self.seen);
        match seen {
            Some(seen) => all.insert(object.to_owned(), seen),
            None => all.remove(object),
        };
    }

    pub(crate) fn seen(&self, object: &str) -> Option<Seen> {
        lock(&self.seen).get(object).cloned()
    }

    /// The same, after a `look` where nothing was seen yet.
    pub(crate) async fn seen_by<T>(
        &self,
        object: &str,
        look: impl Future<Output = Result<T>>,
    ) -> Result<Seen> {
        if let Some(seen) = self.seen(object) {
            return Ok(seen);
        }
        look.await?;
        Ok(self.seen(object).unwrap_or_default())
    }

    /// Notes that we made this a moment ago, or removed it.
    pub(crate) fn made(&self, object: &str, exists: bool) {
        let mut made = lock(&self.made);
        if exists {
            made.insert(object.to_owned(), Instant::now());
        } else {
            made.remove(object);
        }
    }

    /// What was made a moment ago is not seen everywhere yet: services say then that it does not exist, or that we may not.
    pub(crate) fn settling<T>(&self, object: &str, result: Result<T>) -> Result<T> {
        let young = lock(&self.made)
            .get(object)
            .is_some_and(|since| since.elapsed() < YOUNG);
        match result {
            Err(Error::NotFound(call) | Error::Denied { call, .. }) if young => {
                Err(Error::NotReady(call))
            }
            other => other,
        }
    }

    /// The turn of one writer of a policy: those of this process would only make each other read again.
    pub(crate) fn writer(&self, object: &str) -> Arc<tokio::sync::Mutex<()>> {
        lock(&self.writers)
            .entry(object.to_owned())
            .or_default()
            .clone()
    }
}

/// A panic of one thread leaves what is noted here as good as it was.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_named_as_their_hosts() {
        for service in Service::ALL {
            assert_eq!(service.as_str().parse::<Service>().unwrap(), service);
        }
        assert_eq!(
            Service::ResourceManager.host(),
            "cloudresourcemanager.googleapis.com"
        );
        let said = "s3".parse::<Service>().unwrap_err().to_string();
        assert!(
            said.contains("artifactregistry, compute, container"),
            "{said}"
        );
    }

    #[test]
    fn a_token_is_in_no_debug_text() {
        let mut config = Config::new(
            "acme-prod".parse().unwrap(),
            "europe-west4".parse().unwrap(),
        );
        config.credentials = Credentials::Token("ya29.secret".to_owned().into());
        assert!(!format!("{config:?}").contains("ya29"));
    }
}
