//! The first words: the plugin checks who started it, then prints where it listens and whom to trust.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::environment::Environment;
use super::{About, stdout};

/// The value of `TF_PLUGIN_MAGIC_COOKIE` by which Terraform shows that it is the one who starts the process.
const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// The version of go-plugin's own protocol.
const CORE_VERSION: u32 = 1;

/// The version of Terraform's plugin protocol.
pub(super) const PROTOCOL_VERSION: u32 = 6;

/// Where a plugin listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Socket {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

impl Socket {
    pub(super) fn network(&self) -> &'static str {
        match self {
            Self::Unix(_) => "unix",
            Self::Tcp(_) => "tcp",
        }
    }
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            Self::Tcp(address) => address.fmt(f),
        }
    }
}

/// Whether the process was started by a Terraform that can use it; otherwise a sentence for the person who did it.
pub(super) fn check(about: About, environment: &Environment) -> Result<(), String> {
    let About { name, address, .. } = about;
    if environment.cookie.as_deref() != Some(COOKIE.as_ref()) {
        return Err(format!(
            "This program is a Terraform provider and is not meant to be started by hand: Terraform starts it when a \
             configuration asks for {address}. To use it, put that source into `required_providers` and run `terraform \
             init`. To attach a debugger, start it with --debug; --help says more."
        ));
    }
    let Some(offered) = &environment.protocol_versions else {
        return Ok(());
    };
    // The order is random: this is a set.
    if offered
        .split(',')
        .any(|version| version.trim().parse() == Ok(PROTOCOL_VERSION))
    {
        return Ok(());
    }
    Err(format!(
        "The {name} provider speaks plugin protocol {PROTOCOL_VERSION}, and the program that started it only {offered}: \
         use Terraform 1.11 or later."
    ))
}

/// Prints the one line that the host waits for. The socket must be listening by then.
pub(super) fn announce(socket: &Socket, server_certificate: Option<&[u8]>) -> io::Result<()> {
    stdout::line(&line(socket, server_certificate))
}

fn line(socket: &Socket, server_certificate: Option<&[u8]>) -> String {
    // Padding would make the host reject the certificate.
    let certificate = server_certificate
        .map(|der| STANDARD_NO_PAD.encode(der))
        .unwrap_or_default();
    format!(
        "{CORE_VERSION}|{PROTOCOL_VERSION}|{}|{socket}|grpc|{certificate}",
        socket.network()
    )
}

/// Prints the environment variable by which Terraform finds a plugin that it did not start.
pub(super) fn announce_reattach(about: About, socket: &Socket) -> io::Result<()> {
    stdout::line(&format!(
        "Provider started. To use it, set this in the environment of Terraform:\n\n\tTF_REATTACH_PROVIDERS='{}'",
        reattach(about, socket, std::process::id())
    ))
}

fn reattach(about: About, socket: &Socket, pid: u32) -> String {
    serde_json::json!({ about.address: {
        "Protocol": "grpc",
        "ProtocolVersion": PROTOCOL_VERSION,
        "Pid": pid,
        // Without it Terraform takes the negotiated version, which it has not got, and panics.
        "Test": true,
        "Addr": { "Network": socket.network(), "String": socket.to_string() },
    }})
    .to_string()
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;

    use super::*;

    const ABOUT: About = About {
        name: "x",
        address: "registry.terraform.io/acme/x",
        version: "1.2.3",
    };

    fn environment(cookie: Option<&str>, versions: Option<&str>) -> Environment {
        Environment {
            cookie: cookie.map(Into::into),
            protocol_versions: versions.map(Into::into),
            client_certificate: None,
            socket_dir: PathBuf::new(),
            ports: 1..=2,
            tcp: false,
            log_level: LevelFilter::OFF,
        }
    }

    #[test]
    fn versions_are_a_set() {
        for offered in ["5,6", "6,5", "6", " 6 ,7"] {
            assert_eq!(
                check(ABOUT, &environment(Some(COOKIE), Some(offered))),
                Ok(()),
                "{offered}"
            );
        }
        assert_eq!(check(ABOUT, &environment(Some(COOKIE), None)), Ok(()));
        let refused = check(ABOUT, &environment(Some(COOKIE), Some("5,66"))).unwrap_err();
        assert!(
            refused.contains("plugin protocol 6") && refused.contains("only 5,66"),
            "{refused}"
        );
    }

    #[test]
    fn people_are_told_what_the_program_is() {
        for cookie in [None, Some("wrong")] {
            let sentence = check(ABOUT, &environment(cookie, Some("6"))).unwrap_err();
            assert!(
                sentence.contains("registry.terraform.io/acme/x")
                    && sentence.contains("terraform init")
            );
        }
    }

    #[test]
    fn the_line_has_six_fields_and_no_padding() {
        let socket = Socket::Unix("/run/x/s".into());
        assert_eq!(
            line(&socket, Some(&[0, 1, 2, 3])),
            "1|6|unix|/run/x/s|grpc|AAECAw"
        );
        assert_eq!(
            line(&Socket::Tcp(([127, 0, 0, 1], 10_000).into()), None),
            "1|6|tcp|127.0.0.1:10000|grpc|"
        );
    }

    #[test]
    fn reattaching_is_marked_as_a_test() {
        let json: serde_json::Value =
            serde_json::from_str(&reattach(ABOUT, &Socket::Unix("/s".into()), 42)).unwrap();
        let entry = &json["registry.terraform.io/acme/x"];
        assert_eq!(entry["Test"], true);
        assert_eq!(entry["ProtocolVersion"].to_string(), "6");
        assert_eq!(entry["Addr"]["Network"], "unix");
    }
}
