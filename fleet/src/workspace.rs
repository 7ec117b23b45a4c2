//! A tenant's folder below `.fleet/tenants`, and the commands of Terraform that run in it. All of it can be deleted at any time.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, Result, anyhow};
use tokio::{process::Command, sync::Mutex};

use crate::{
    backend,
    diagnostics::Problem,
    fleet_file::Fleet,
    outcome::{Outcome, Report},
    providers,
    root::{self, Root},
    sha256,
    stop::Stop,
    summary::Summary,
    tenants::Tenant,
    terraform::{self, Ended},
};

/// What is run, and where it keeps the providers that all tenants share.
#[derive(Clone, Debug, clap::Args)]
pub struct Programs {
    /// The program that is run for each tenant: terraform, or tofu.
    #[arg(
        long,
        global = true,
        env = "FLEET_TERRAFORM",
        value_name = "PROGRAM",
        default_value = "terraform"
    )]
    terraform: PathBuf,
    /// Where the providers of all tenants are kept. By default .fleet/plugins
    #[arg(
        long,
        global = true,
        env = "TF_PLUGIN_CACHE_DIR",
        value_name = "FOLDER"
    )]
    plugin_cache: Option<PathBuf>,
}

/// What all tenants of one call share.
#[derive(Debug)]
pub struct Session {
    pub fleet: Fleet,
    pub folder: PathBuf,
    /// Below it, each has a folder of its name.
    tenants: PathBuf,
    pub commit: Option<String>,
    programs: Programs,
    stop: Stop,
    /// Whether an `init` went well: the first fills the cache of providers and writes the lock file, alone.
    prepared: Mutex<bool>,
}

/// Why a tenant's turn ended early.
#[derive(Debug)]
pub enum Failure {
    Failed(Problem),
    Interrupted,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    Usual,
    Destroy,
    RefreshOnly,
}

impl Mode {
    pub fn changing(destroy: bool) -> Self {
        if destroy { Self::Destroy } else { Self::Usual }
    }
}

pub struct Workspace<'a> {
    session: &'a Session,
    tenant: &'a Tenant,
    folder: PathBuf,
}

impl Session {
    pub fn new(fleet: Fleet, mut programs: Programs, stop: Stop) -> Result<Self> {
        let folder = fleet.folder.join(".fleet");
        private_folder(&folder)?;
        let tenants = folder.join("tenants");
        private_folder(&tenants)?;
        // Plans have values in them, and are not for anybody's repository.
        let ignored = folder.join(".gitignore");
        fs::write(&ignored, "*\n").with_context(|| format!("writing {}", ignored.display()))?;
        // A path is from where we were called, and Terraform runs in the root.
        let cache = programs.plugin_cache.take();
        let cache = std::path::absolute(cache.unwrap_or_else(|| folder.join("plugins")))?;
        fs::create_dir_all(&cache).with_context(|| format!("making {}", cache.display()))?;
        programs.plugin_cache = Some(cache);
        // A name is looked up.
        if programs.terraform.components().count() > 1 {
            programs.terraform = std::path::absolute(&programs.terraform)?;
        }
        Ok(Self {
            commit: root::commit(&fleet.root),
            fleet,
            folder,
            tenants,
            programs,
            stop,
            prepared: Mutex::default(),
        })
    }

    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    pub fn root_of(&self, tenant: &Tenant) -> Result<Root> {
        Root::of(&self.fleet, tenant, self.commit.as_deref())
    }

    pub fn folder_of(&self, tenant: &Tenant) -> PathBuf {
        self.tenants.join(tenant.as_str())
    }

    pub fn workspace<'a>(&'a self, tenant: &'a Tenant) -> Result<Workspace<'a>> {
        let folder = self.folder_of(tenant);
        private_folder(&folder)?;
        Ok(Workspace {
            session: self,
            tenant,
            folder,
        })
    }
}

impl Workspace<'_> {
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Initialises the tenant's data, unless nothing of what it depends on has changed since.
    pub async fn init(&self) -> Result<(), Failure> {
        // Inside of what it speaks of: it goes with that.
        let stamp = self.file("data/initialised");
        let own_backend = self.session.fleet.own_backend(self.tenant);
        let has_its_state = || backend::is_configured(&self.file("data"), &own_backend);
        let fresh = |stamp: &Path| -> Result<bool> {
            let wanted = self.session.root_of(self.tenant)?.digest;
            Ok(fs::read_to_string(stamp).is_ok_and(|found| found == wanted))
        };
        let has_providers = || providers::are_there(&self.file("data/providers"));
        if fresh(&stamp)? && has_its_state() && has_providers() {
            return Ok(());
        }
        let mut arguments = vec!["init".to_owned(), "-input=false".into(), "-no-color".into()];
        if let Some(backend) = self.session.fleet.backend(self.tenant) {
            // In a file: others see the arguments of processes.
            let file = self.file("backend.json");
            private_file(&file)?;
            fs::write(&file, backend).with_context(|| format!("writing {}", file.display()))?;
            arguments.push(format!("-backend-config={}", file.display()));
        }
        // Which workspace was selected last: `init` fails where that is not there, as after the backend was emptied.
        let _ = fs::remove_file(self.file("data/environment"));
        let mut prepared = self.session.prepared.lock().await;
        if *prepared {
            drop(prepared);
            self.prepare("init", &arguments).await?;
        } else {
            self.prepare("init", &arguments).await?;
            *prepared = true;
        }
        if !has_its_state() {
            // Whatever it said: with another tenant's state, each would undo what the other has.
            return Err(anyhow!(
                "`init` did not take backend_config, and all tenants would share one state: what the root's `backend` block is, and what it said is in {}",
                self.log_file("init").display()
            )
            .into());
        }
        if let Some(name) = self.session.fleet.workspace(self.tenant) {
            let arguments = ["workspace", "select", "-or-create", "-no-color", &name];
            self.prepare("workspace", &arguments.map(str::to_owned))
                .await?;
        }
        let digest = self.session.root_of(self.tenant)?.digest;
        // A root with neither providers nor backend has no data.
        private_folder(&self.file("data"))?;
        fs::write(&stamp, digest).with_context(|| format!("writing {}", stamp.display()))?;
        Ok(())
    }

    /// Saves a plan; whether it does anything.
    pub async fn plan(&self, mode: Mode, file: &Path) -> Result<bool, Failure> {
        private_file(file)?;
        let mut arguments = vec![
            "plan".to_owned(),
            "-input=false".into(),
            "-json".into(),
            "-detailed-exitcode".into(),
            format!("-out={}", file.display()),
        ];
        for file in self.session.fleet.var_files(self.tenant) {
            arguments.push(format!("-var-file={}", file.display()));
        }
        match mode {
            Mode::Usual => {}
            Mode::Destroy => arguments.push("-destroy".into()),
            Mode::RefreshOnly => arguments.push("-refresh-only".into()),
        }
        let code = self.logged("plan", &arguments, &[0, 2]).await?;
        Ok(code == 2)
    }

    pub async fn show(&self, plan: &Path) -> Result<Summary, Failure> {
        let arguments = [
            "show".to_owned(),
            "-json".into(),
            plan.display().to_string(),
        ];
        let mut command = self.command(&arguments);
        // Values are in it: they stay in memory.
        command.stdout(Stdio::piped());
        command.stderr(self.log("show")?);
        let ended = self.ended("show", &[0], command).await?;
        Ok(Summary::read(&ended.printed)?)
    }

    pub async fn apply(&self, plan: &Path) -> Result<(), Failure> {
        let arguments = [
            "apply".to_owned(),
            "-input=false".into(),
            "-json".into(),
            plan.display().to_string(),
        ];
        self.logged("apply", &arguments, &[0]).await.map(drop)
    }

    /// Runs a command that comes before there is a workspace.
    async fn prepare(&self, verb: &str, arguments: &[String]) -> Result<(), Failure> {
        let mut command = self.command(arguments);
        command.env_remove("TF_WORKSPACE");
        self.run_logged(verb, command, &[0]).await.map(drop)
    }

    async fn logged(&self, verb: &str, arguments: &[String], good: &[i32]) -> Result<i32, Failure> {
        self.run_logged(verb, self.command(arguments), good).await
    }

    /// Runs a command whose outputs go to the log of its name.
    async fn run_logged(
        &self,
        verb: &str,
        mut command: Command,
        good: &[i32],
    ) -> Result<i32, Failure> {
        let log = self.log(verb)?;
        command.stdout(log.try_clone().context("a second handle of a log")?);
        command.stderr(log);
        let ended = self.ended(verb, good, command).await?;
        Ok(ended.code.unwrap_or_default())
    }

    async fn ended(&self, verb: &str, good: &[i32], command: Command) -> Result<Ended, Failure> {
        let ended = terraform::run(command, &self.session.stop).await?;
        let ended = ended.ok_or(Failure::Interrupted)?;
        if ended.code.is_some_and(|code| good.contains(&code)) {
            return Ok(ended);
        }
        if ended.interrupted {
            return Err(Failure::Interrupted);
        }
        let log = fs::read(self.log_file(verb)).unwrap_or_default();
        Err(Failure::Failed(Problem::of(&String::from_utf8_lossy(&log))))
    }

    fn command(&self, arguments: &[String]) -> Command {
        let fleet = &self.session.fleet;
        let mut command = Command::new(&self.session.programs.terraform);
        command
            .arg(format!("-chdir={}", fleet.root.display()))
            .args(arguments)
            .envs(
                self.session
                    .programs
                    .plugin_cache
                    .iter()
                    .map(|cache| ("TF_PLUGIN_CACHE_DIR", cache)),
            )
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .envs(fleet.env(self.tenant))
            .env("TF_DATA_DIR", self.file("data"))
            .env_remove("TF_WORKSPACE")
            .envs(
                fleet
                    .workspace(self.tenant)
                    .map(|name| ("TF_WORKSPACE", name)),
            );
        command
    }

    fn log_file(&self, verb: &str) -> PathBuf {
        self.file(&format!("{verb}.log"))
    }

    fn log(&self, verb: &str) -> Result<File> {
        let file = self.log_file(verb);
        private_file(&file)?;
        File::options()
            .append(true)
            .open(&file)
            .with_context(|| format!("opening {}", file.display()))
    }
}

impl Failure {
    pub fn tell(self, report: &mut Report) {
        match self {
            Self::Interrupted => report.outcome = Outcome::Interrupted,
            Self::Failed(Problem { text, throttled }) => {
                report.outcome = Outcome::Failed;
                report.error = Some(text);
                report.throttled = throttled;
            }
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(Problem {
            text: format!("{error:#}"),
            throttled: false,
        })
    }
}

/// The hash of a file's content.
pub fn hash(file: &Path) -> Result<String> {
    let content = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    Ok(sha256::of(&content))
}

/// A folder that nobody else can look into, also where a CI put it back from its cache: plans have values in them.
fn private_folder(folder: &Path) -> Result<()> {
    const PRIVATE: u32 = 0o700;
    DirBuilder::new()
        .recursive(true)
        .mode(PRIVATE)
        .create(folder)
        .with_context(|| format!("making {}", folder.display()))?;
    fs::set_permissions(folder, Permissions::from_mode(PRIVATE))
        .with_context(|| format!("closing {} to others", folder.display()))
}

/// An empty file that nobody else can read, in place of what was there.
fn private_file(file: &Path) -> Result<()> {
    let _ = fs::remove_file(file);
    File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map(drop)
        .with_context(|| format!("making {}", file.display()))
}
