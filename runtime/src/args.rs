//! The command line: a subcommand per mode, and those that print what this release is made of.

use std::{
    fs, io,
    net::{Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

use clap::{Parser, Subcommand};
use dataplane_api::{
    OperatorConfig,
    config::ConfigError,
    manifests::{ADMIN_PORT, CONFIG_FILE, CONTROL_PLANE_TOKEN_FILE},
};
use dataplane_store::Environment;

use crate::{executor, fetch_bundle, operator, printing, process};

/// The client's own log repeats, one level up, each error that it returns and that we tell of.
const DEFAULT_LOG: &str = "info,kube_client::client::builder=off";

/// The data plane's operator: one binary with a mode per component.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keep the channel to the control plane: registration, heartbeat, status.
    Operator(ConnectedArgs),
    /// Run tasks: reconcile `TaskAction` resources to pods.
    Executor(ConnectedArgs),
    /// Fetch a task's code through a signed URL, as an init container.
    FetchBundle(fetch_bundle::FetchArgs),
    /// Print the objects that Terraform would apply for a configuration, as YAML.
    Manifests(ConfigArgs),
    /// Print the custom resource definitions, as YAML.
    Crds,
    /// Print the JSON Schema of the configuration.
    ConfigSchema,
}

/// Where the configuration is.
#[derive(Debug, clap::Args)]
struct ConfigArgs {
    /// Configuration document, in YAML or JSON.
    #[arg(long, value_name = "FILE", default_value = CONFIG_FILE)]
    config: PathBuf,
}

/// What every mode has.
#[derive(Debug, clap::Args)]
struct ModeArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Address of /healthz, /readyz and /metrics.
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv6Addr::UNSPECIFIED, ADMIN_PORT)))]
    listen: SocketAddr,
    /// What is logged: a level, or levels by module.
    #[arg(
        long,
        value_name = "FILTER",
        env = "DATAPLANE_LOG",
        default_value = DEFAULT_LOG
    )]
    log: String,
}

/// What a mode has that speaks to the control plane, one pod at a time.
#[derive(Debug, clap::Args)]
struct ConnectedArgs {
    #[command(flatten)]
    mode: ModeArgs,
    /// File with the service account token for the control plane.
    #[arg(long, value_name = "FILE", default_value = CONTROL_PLANE_TOKEN_FILE)]
    control_plane_token: PathBuf,
    /// Name of this pod: by it the pod holds the Lease of its component.
    #[arg(long, value_name = "NAME", env = "POD_NAME")]
    pod_name: String,
}

impl Args {
    /// Does what the command line says, until it is done or the process is asked to end.
    pub fn run(self) -> anyhow::Result<()> {
        let Self { command } = self;
        match command {
            Command::Executor(ConnectedArgs {
                mode,
                control_plane_token: token,
                pod_name: name,
            }) => {
                let ModeArgs {
                    config: ConfigArgs { config },
                    listen,
                    log,
                } = mode;
                let config = read_config(&config)?;
                let pod = executor::Pod {
                    token,
                    name,
                    environment: Environment::read(variable),
                };
                process::run(&log, listen, async |shared| {
                    executor::run(config, pod, shared).await
                })
            }
            Command::Operator(ConnectedArgs {
                mode,
                control_plane_token,
                pod_name,
            }) => {
                let ModeArgs {
                    config: ConfigArgs { config },
                    listen,
                    log,
                } = mode;
                let config = read_config(&config)?;
                process::run(&log, listen, async |shared| {
                    operator::run(config, control_plane_token, pod_name, shared).await
                })
            }
            Command::FetchBundle(arguments) => fetch_bundle::run(arguments),
            Command::Manifests(ConfigArgs { config }) => {
                printing::manifests(&read_config(&config)?)
            }
            Command::Crds => printing::crds(),
            Command::ConfigSchema => printing::config_schema(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ReadConfigError {
    #[error("reading the configuration {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the configuration {} is not valid", path.display())]
    Parse { path: PathBuf, source: ConfigError },
}

fn read_config(path: &Path) -> Result<OperatorConfig, ReadConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ReadConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    OperatorConfig::parse(&text).map_err(|source| ReadConfigError::Parse {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use dataplane_api::components::COMPONENTS;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_component_that_is_deployed_is_a_mode() {
        let command = Args::command();
        for component in COMPONENTS
            .iter()
            .filter(|component| component.workload.is_some())
        {
            assert!(
                command.find_subcommand(component.name.as_str()).is_some(),
                "{}",
                component.name
            );
        }
    }

    #[test]
    fn a_bad_configuration_is_told_with_its_file_line_and_field() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let error = anyhow::Error::from(read_config(&path).unwrap_err());
        assert!(format!("{error:#}").contains("Cargo.toml"), "{error:#}");
        let missing =
            anyhow::Error::from(read_config(Path::new("/does/not/exist.yaml")).unwrap_err());
        assert!(
            format!("{missing:#}").contains("/does/not/exist.yaml: No such file"),
            "{missing:#}"
        );
    }
}
