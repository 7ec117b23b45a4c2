//! Where the programs are that `acceptance/setup/install.sh` installed, and the binaries under test.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::{Context as _, Result, anyhow, bail};
use tempfile::TempDir;

/// Kubernetes' own programs, by the names of their binaries.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub enum Kubernetes {
    Etcd,
    ApiServer,
    ControllerManager,
    Scheduler,
    Kubectl,
    Kubelet,
    Proxy,
}

impl Kubernetes {
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kubectl => "kubectl",
            Self::Kubelet => "kubelet",
            Self::Proxy => "kube-proxy",
        }
    }

    /// The user's own test assets first (`KUBEBUILDER_ASSETS`, as Go's envtest has them), then what the set-up built.
    pub fn path(self) -> Result<PathBuf> {
        if let Some(own) = variable("KUBEBUILDER_ASSETS") {
            let own = Path::new(&own).join(self.name());
            if own.is_file() {
                return Ok(own);
            }
        }
        Ok(installed("DATAPLANE_CLUSTER_BIN")?.join(self.name()))
    }
}

/// The kubeconfig of a cluster of the user's, whose current context the tests use in place of clusters of their own.
pub fn kubeconfig() -> Option<PathBuf> {
    variable("DATAPLANE_KUBECONFIG").map(PathBuf::from)
}

/// kwok, which answers for the nodes and pods of a cluster without machines.
pub fn kwok() -> Result<PathBuf> {
    installed("DATAPLANE_KWOK")
}

/// The folder of the stand-in for Azure: `azure`, and the `description.json` that it read.
pub fn azure() -> Result<PathBuf> {
    installed("DATAPLANE_AZURE")
}

/// A mirror with the providers of others, as far as their schemas go: `acceptance/schemas`.
pub fn schemas() -> Result<PathBuf> {
    installed("DATAPLANE_SCHEMAS")
}

/// azurite's server of blobs.
pub fn azurite() -> Result<PathBuf> {
    installed("DATAPLANE_AZURITE")
}

/// A program of the Python environment: `ministack`, `aws`, `python`.
pub fn python(program: &str) -> Result<PathBuf> {
    Ok(installed("DATAPLANE_PYTHON_BIN")?.join(program))
}

/// The image of Flyte's tasks, which only `install.sh node` makes.
pub fn task_image() -> Result<PathBuf> {
    installed("DATAPLANE_TASK_IMAGE").context("run acceptance/setup/install.sh node")
}

/// The Terraform CLI on PATH.
pub fn terraform() -> Result<PathBuf> {
    on_path("terraform").context(
        "install Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install",
    )
}

/// Google's own command line on PATH.
pub fn gcloud() -> Result<PathBuf> {
    on_path("gcloud")
        .context("install the Google Cloud CLI: https://cloud.google.com/sdk/docs/install")
}

/// `terraform-provider-dataplane` or `dataplane-operator`, as cargo last built it beside this program, or from the folder
/// that `DATAPLANE_BINARIES` names: the release build is what gets measured.
pub fn built(binary: &str) -> Result<PathBuf> {
    if let Some(folder) = variable("DATAPLANE_BINARIES") {
        let path = Path::new(&folder).join(binary);
        return path
            .is_file()
            .then_some(path)
            .with_context(|| format!("{binary} is not in DATAPLANE_BINARIES"));
    }
    let ours = std::env::current_exe().context("asking for the path of this program")?;
    let path = ours
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(binary))
        .find(|path| path.is_file());
    path.with_context(|| {
        format!(
            "{binary} is not beside {}: run `cargo build --workspace` first, as `make test` does",
            ours.display()
        )
    })
}

/// The folder that outlives the checkout.
pub fn cache() -> Result<PathBuf> {
    if let Some(own) = variable("DATAPLANE_CACHE") {
        return Ok(own.into());
    }
    if let Some(cache) = variable("XDG_CACHE_HOME") {
        return Ok(Path::new(&cache).join("dataplane"));
    }
    let home = variable("HOME").context("neither DATAPLANE_CACHE nor HOME is set")?;
    Ok(Path::new(&home).join(".cache/dataplane"))
}

/// A folder for files of this process. It goes when it is dropped, or, where nothing is dropped (statics, SIGKILL), when
/// the next process of the harness asks for one.
pub fn scratch() -> Result<TempDir> {
    static OWN: OnceLock<std::result::Result<(PathBuf, File), String>> = OnceLock::new();
    let own = OWN.get_or_init(|| own_scratch().map_err(|error| format!("{error:#}")));
    let (folder, _) = own.as_ref().map_err(|error| anyhow!("{error}"))?;
    TempDir::new_in(folder).with_context(|| format!("making a folder in {}", folder.display()))
}

/// The folder of this process, locked as long as it lives, after those of ended processes are removed.
fn own_scratch() -> Result<(PathBuf, File)> {
    let all = cache()?.join("scratch");
    fs::create_dir_all(&all).with_context(|| format!("making {}", all.display()))?;
    let registry = File::create(all.join("lock"))?;
    registry.lock()?;
    for entry in fs::read_dir(&all)? {
        let folder = entry?.path();
        let ended = File::open(folder.join("lock")).is_ok_and(|lock| lock.try_lock().is_ok());
        if ended {
            // Another user's, perhaps: then it is theirs to remove.
            let _ = fs::remove_dir_all(&folder);
        }
    }
    let own = TempDir::new_in(&all)?.keep();
    let lock = File::create(own.join("lock"))?;
    lock.lock()?;
    Ok((own, lock))
}

/// The root of the checkout.
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("/"))
}

/// The path of a program on PATH. Who looks around in the demo has its commands first there; they reach the demo and
/// nothing else.
pub fn on_path(program: &str) -> Result<PathBuf> {
    let path = variable("PATH").context("PATH is not set")?;
    let demo = cache()?.join("demo/bin");
    std::env::split_paths(&path)
        .filter(|folder| *folder != demo)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
        .with_context(|| format!("{program} is not on PATH"))
}

/// A variable of our own environment. Nothing but this file reads it.
#[expect(
    clippy::disallowed_methods,
    reason = "where the tools are is said by the environment, and read here only"
)]
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn installed(name: &str) -> Result<PathBuf> {
    let file = cache()?.join("env");
    let text = fs::read_to_string(&file).with_context(|| {
        format!(
            "reading {}: run acceptance/setup/install.sh first, as `make test` does",
            file.display()
        )
    })?;
    let paths: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    let Some(path) = paths
        .get(name)
        .map(PathBuf::from)
        .filter(|path| path.exists())
    else {
        bail!(
            "{name} is missing or stale in {}: run acceptance/setup/install.sh again",
            file.display()
        );
    };
    Ok(path)
}
