//! AWS by emulators: ministack, which enforces policies, and moto for what ministack lacks. A test takes an account of its
//! own, and reaches both through a [`Front`].

pub mod actions;
mod boto;
mod ec2;
mod eks;
mod fault;
mod front;
mod identity_providers;
mod irsa;
mod parameters;
mod web_identity;

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

pub use self::{
    boto::Refused,
    ec2::Ec2Control,
    fault::{Answer, Fault, Gate},
    front::{Call, Front},
};
use crate::{
    cluster::free_port,
    process::{self, Process},
    setup,
};

/// The region of the tests, unless they say another.
pub const REGION: &str = "eu-west-1";

/// The services the emulator starts; the rest of its hundred would only listen on more ports.
const SERVICES: &str = "s3,iam,sts,ecr,logs,secretsmanager,kms,eks,ec2";

const START: Duration = Duration::from_mins(1);

/// The two emulators.
pub struct Emulators {
    ministack: u16,
    moto: u16,
    _processes: [Process; 2],
    /// Removed last, after the programs that write to it.
    owned: Option<tempfile::TempDir>,
}

/// An account nobody else uses, reached through one front, by one set of credentials.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: String,
    pub endpoint: String,
    pub region: String,
    pub credentials: Credentials,
    secure: (String, PathBuf),
    bundle: Option<PathBuf>,
    moto: String,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Credentials {
    pub access_key: String,
    pub secret_key: String,
    pub session_token: Option<String>,
}

impl Credentials {
    /// Those in an answer of STS.
    fn of(answer: &Value) -> Result<Self> {
        let text = |name: &str| {
            answer["Credentials"][name]
                .as_str()
                .map(str::to_owned)
                .with_context(|| format!("no {name} in {answer}"))
        };
        Ok(Self {
            access_key: text("AccessKeyId")?,
            secret_key: text("SecretAccessKey")?,
            session_token: Some(text("SessionToken")?),
        })
    }
}

impl Emulators {
    pub fn shared() -> Result<&'static Self> {
        static SHARED: OnceLock<std::result::Result<Emulators, String>> = OnceLock::new();
        SHARED
            .get_or_init(|| {
                let start = || {
                    let owned = setup::scratch()?;
                    let mut emulators = Self::start_in(owned.path())?;
                    emulators.owned = Some(owned);
                    anyhow::Ok(emulators)
                };
                start().map_err(|error| format!("{error:#}"))
            })
            .as_ref()
            .map_err(|error| anyhow::anyhow!("starting the emulators of AWS: {error}"))
    }

    pub fn start_in(directory: &Path) -> Result<Self> {
        let folder = |name: &str| -> Result<PathBuf> {
            let folder = directory.join(name);
            fs::create_dir_all(&folder)?;
            Ok(folder)
        };
        let (ministack, moto) = (free_port()?, free_port()?);
        // ministack, with what its evaluator lacks.
        let mut enforcing = process::command(setup::python("python")?);
        enforcing
            .arg(setup::checkout().join("acceptance/iam"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .envs([
                ("AUTH", "true"),
                ("BIND_HOST", "127.0.0.1"),
                ("IOT_MTLS_ENABLED", "0"),
                ("SFTP_ENABLED", "0"),
                ("SERVICES", SERVICES),
                ("MINISTACK_REGION", REGION),
            ])
            .env("GATEWAY_PORT", ministack.to_string())
            .env("TMPDIR", folder("ministack")?)
            .env("S3_DATA_DIR", folder("ministack/s3")?)
            .env("STATE_DIR", folder("ministack/state")?);
        // moto, with what it lacks of EC2.
        let mut broad = process::command(setup::python("python")?);
        broad
            .arg(setup::checkout().join("acceptance/ec2"))
            .arg(moto.to_string())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            .env("TMPDIR", folder("moto")?);
        let mut processes = [
            Process::start("ministack", enforcing, &directory.join("ministack.log"))?,
            Process::start("moto", broad, &directory.join("moto.log"))?,
        ];
        for (process, port) in processes.iter_mut().zip([ministack, moto]) {
            process.ready(START, || TcpStream::connect(("127.0.0.1", port)).is_ok())?;
        }
        Ok(Self {
            ministack,
            moto,
            _processes: processes,
            owned: None,
        })
    }

    /// Where the enforcing emulator is.
    pub fn ministack(&self) -> String {
        format!("http://127.0.0.1:{}", self.ministack)
    }

    pub fn moto(&self) -> String {
        format!("http://127.0.0.1:{}", self.moto)
    }
}

impl Account {
    /// A fresh account behind `front`, as its root user.
    pub fn new(front: &Front) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(100_000_000_001);
        let id = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        Self {
            endpoint: front.endpoint(),
            secure: front.secure_endpoint(),
            bundle: None,
            moto: front.moto().to_owned(),
            region: REGION.to_owned(),
            // The emulator takes a key that is an account's number for that account's root.
            credentials: Credentials {
                access_key: id.clone(),
                secret_key: "test".to_owned(),
                session_token: None,
            },
            id,
        }
    }

    /// The same account as somebody else.
    #[must_use]
    pub fn with(&self, credentials: Credentials) -> Self {
        Self {
            credentials,
            ..self.clone()
        }
    }

    /// The same through TLS.
    #[must_use]
    pub fn over_tls(&self) -> Self {
        let (endpoint, bundle) = self.secure.clone();
        Self {
            endpoint,
            bundle: Some(bundle),
            ..self.clone()
        }
    }

    /// The file with the authority to trust, where the endpoint speaks TLS.
    pub fn bundle(&self) -> Option<&Path> {
        self.bundle.as_deref()
    }

    /// A call by boto3: `("s3", "head_bucket", {"Bucket": "x"})`.
    pub fn call(&self, service: &str, operation: &str, parameters: &Value) -> Result<Value> {
        boto::call(self, service, operation, parameters)
    }

    /// The same, where the answer is expected to be a refusal: its code.
    pub fn refused(&self, service: &str, operation: &str, parameters: &Value) -> Result<String> {
        match self.call(service, operation, parameters) {
            Ok(answer) => bail!("{service} {operation} {parameters} was allowed: {answer}"),
            Err(error) => Ok(error.downcast::<Refused>()?.code),
        }
    }

    /// The aws command line with these arguments, as a person would type them.
    pub fn cli(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new(setup::python("aws")?)
            .args(arguments)
            .envs(self.environment())
            .output()
            .context("starting the aws command line")?;
        if !output.status.success() {
            bail!(
                "aws {}: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The credentials of a role's session, by a service account token; they are used over TLS, as in a pod.
    pub fn assume_by_token(&self, role_arn: &str, token: &str) -> Result<Self> {
        let answer = self.call(
            "sts",
            "assume_role_with_web_identity",
            &serde_json::json!({
                "RoleArn": role_arn, "RoleSessionName": "acceptance", "WebIdentityToken": token,
            }),
        )?;
        Ok(self.over_tls().with(Credentials::of(&answer)?))
    }

    /// What AWS clients read, and nothing of the developer's own.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut variables = vec![
            ("AWS_ACCESS_KEY_ID", self.credentials.access_key.as_str()),
            ("AWS_SECRET_ACCESS_KEY", &self.credentials.secret_key),
            ("AWS_REGION", &self.region),
            ("AWS_DEFAULT_REGION", &self.region),
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_PAGER", ""),
        ];
        let bundle = self.bundle.as_ref().map(|path| path.display().to_string());
        if let Some(bundle) = &bundle {
            variables.push(("AWS_CA_BUNDLE", bundle));
            // What the provider reads.
            variables.push(("SSL_CERT_FILE", bundle));
        }
        if let Some(token) = &self.credentials.session_token {
            variables.push(("AWS_SESSION_TOKEN", token));
        }
        variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}
