//! The environment variables of go-plugin and Terraform, read once.

use std::ffi::OsString;
use std::path::PathBuf;

use tracing_subscriber::filter::LevelFilter;

use crate::logging;

/// What the host told the plugin when it started it.
#[derive(Debug)]
pub(super) struct Environment {
    /// Proof that Terraform started the process and not a person.
    pub(super) cookie: Option<OsString>,
    /// The plugin protocol versions that the host speaks, as it lists them.
    pub(super) protocol_versions: Option<String>,
    /// The host's certificate in PEM; none where the user turned TLS off.
    pub(super) client_certificate: Option<String>,
    /// Where to put the unix socket, else the system's directory for temporary files.
    pub(super) socket_dir: PathBuf,
    /// The ports that may be used for TCP.
    pub(super) ports: std::ops::RangeInclusive<u16>,
    /// Whether to listen on TCP: always where there are no unix sockets, else when `PLUGIN_NETWORK=tcp` asks.
    pub(super) tcp: bool,
    /// How much to log.
    pub(super) log_level: LevelFilter,
}

impl Environment {
    pub(super) fn read(provider: &str) -> Self {
        let port = |name, default| {
            text(name)
                .and_then(|port| port.parse().ok())
                .unwrap_or(default)
        };
        let specific = format!(
            "TF_LOG_PROVIDER_{}",
            provider.to_uppercase().replace('-', "_")
        );
        let [specific, providers, everything] =
            [specific.as_str(), "TF_LOG_PROVIDER", "TF_LOG"].map(text);
        Self {
            cookie: variable("TF_PLUGIN_MAGIC_COOKIE"),
            protocol_versions: text("PLUGIN_PROTOCOL_VERSIONS"),
            client_certificate: text("PLUGIN_CLIENT_CERT").filter(|pem| !pem.is_empty()),
            socket_dir: variable("PLUGIN_UNIX_SOCKET_DIR")
                .map_or_else(std::env::temp_dir, PathBuf::from),
            ports: port("PLUGIN_MIN_PORT", 10_000)..=port("PLUGIN_MAX_PORT", 25_000),
            tcp: cfg!(not(unix)) || text("PLUGIN_NETWORK").as_deref() == Some("tcp"),
            log_level: logging::level(
                specific.as_deref(),
                providers.as_deref(),
                everything.as_deref(),
            ),
        }
    }
}

/// A variable that is text; one that is not is as good as unset.
fn text(name: &str) -> Option<String> {
    variable(name)?.into_string().ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the plugin's environment is read here, once"
)]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
