//! azurite: blobs of one storage account of Azure, over TLS, for the operator's store. It checks the claims of tokens and the
//! signatures that are made in the name of an identity.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};

use crate::{
    cluster::free_port,
    process::{self, Process},
    setup,
};

/// The account, and a key that nobody uses.
const ACCOUNTS: &str = "acmeprod:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

const START: Duration = Duration::from_mins(1);

pub struct Azurite {
    port: u16,
    certificate: PathBuf,
    _process: Process,
}

impl Azurite {
    pub fn start_in(directory: &Path) -> Result<Self> {
        let folder = directory.join("azurite");
        fs::create_dir_all(&folder)?;
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])
            .context("making a certificate for azurite")?;
        let (certificate, key) = (folder.join("azurite.crt"), folder.join("azurite.key"));
        fs::write(&certificate, made.cert.pem())?;
        fs::write(&key, made.signing_key.serialize_pem())?;
        let port = free_port()?;
        let mut command = process::command(setup::azurite()?);
        command
            .args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()])
            .args([
                "--oauth",
                "basic",
                "--skipApiVersionCheck",
                "--disableTelemetry",
            ])
            .arg("--location")
            .arg(folder.join("blobs"))
            .arg("--cert")
            .arg(&certificate)
            .arg("--key")
            .arg(&key)
            .env("AZURITE_ACCOUNTS", ACCOUNTS);
        let mut process = Process::start("azurite", command, &directory.join("azurite.log"))?;
        process.ready(START, || TcpStream::connect(("127.0.0.1", port)).is_ok())?;
        Ok(Self {
            port,
            certificate,
            _process: process,
        })
    }

    /// What the tests of the operator's store read.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [
            (
                "DATAPLANE_AZURITE_ENDPOINT",
                format!("https://127.0.0.1:{}", self.port),
            ),
            (
                "DATAPLANE_AZURITE_CA",
                self.certificate.display().to_string(),
            ),
        ]
    }
}
