//! From exec to the handshake line with mutual TLS, memory when idle, the size of the binary and of the schema.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use acceptance::{setup, terraform::Terraform};
use anyhow::{Context as _, Result, ensure};

use crate::table::{self, Spread};

const RUNS: usize = 20;

/// Odd, so that the median is one of them.
const COMMAND_RUNS: usize = 9;

/// What the provider may take of a disk, in bytes, with the SDKs of all clouds in it.
const LARGEST: u64 = 60 * 1024 * 1024;

/// What go-plugin puts into the environment of a provider.
const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);

pub fn measure() -> Result<String> {
    let provider = setup::built("terraform-provider-dataplane")?;
    let certificate = client_certificate()?;
    let sockets = setup::scratch()?;
    let mut starts = Vec::new();
    let mut baseline = Vec::new();
    let mut resident = 0;
    for _ in 0..RUNS {
        let (time, memory) = handshake(&provider, &certificate, sockets.path())?;
        starts.push(time);
        resident = resident.max(memory);
        baseline.push(empty_process()?);
    }
    let (starts, baseline) = (Spread::of(starts), Spread::of(baseline));
    let size = std::fs::metadata(&provider)?.len();
    // A build for debugging is three times as large, and no measure of anything.
    let released = provider
        .parent()
        .is_some_and(|folder| folder.ends_with("release"));
    ensure!(
        size < LARGEST || !released,
        "the provider's binary has {size} bytes, more than {LARGEST}: is something linked that nobody needs?"
    );
    let schema = schema()?;
    let function = function()?;
    let rows = vec![
        vec![
            format!("exec to handshake line, mutual TLS ({RUNS} runs, min / median / max)"),
            starts.to_string(),
            format!(
                "{} times `true`, {baseline}",
                table::ratio(starts.median(), baseline.median())
            ),
            "under 15 ms".to_owned(),
        ],
        vec![
            "resident memory when idle".to_owned(),
            format!("{:.1} MB", kilobytes_to_megabytes(resident)),
            String::new(),
            "under 25 MB".to_owned(),
        ],
        vec![
            "binary, stripped, three clouds".to_owned(),
            format!("{:.1} MB", kilobytes_to_megabytes(size / 1024)),
            String::new(),
            "under 60 MB".to_owned(),
        ],
        vec![
            format!(
                "`terraform plan` of a provider's function, nothing configured (median of {COMMAND_RUNS} runs)"
            ),
            table::seconds(function.with_provider),
            format!(
                "{} times the same without a provider",
                table::ratio(function.with_provider, function.without)
            ),
            String::new(),
        ],
        vec![
            format!("`terraform providers schema -json` (median of {COMMAND_RUNS} runs)"),
            format!(
                "{}, {} kB",
                table::seconds(schema.with_provider),
                schema.bytes / 1024
            ),
            format!(
                "{} times the same without a provider",
                table::ratio(schema.with_provider, schema.without)
            ),
            String::new(),
        ],
    ];
    Ok(format!(
        "## Start\n\n{}",
        table::render(&["what", "measured", "beside", "aim"], &rows)
    ))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure of one decimal for people to read"
)]
fn kilobytes_to_megabytes(kilobytes: u64) -> f64 {
    kilobytes as f64 / 1024.0
}

/// The time until the handshake line, and the resident memory then, in kB.
fn handshake(provider: &Path, certificate: &str, sockets: &Path) -> Result<(Duration, u64)> {
    let start = Instant::now();
    let mut child = Command::new(provider)
        .env(COOKIE.0, COOKIE.1)
        .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
        .env("PLUGIN_CLIENT_CERT", certificate)
        .env("TMPDIR", sockets)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut line = String::new();
    let stdout = child.stdout.take().context("its standard output")?;
    BufReader::new(stdout).read_line(&mut line)?;
    let time = start.elapsed();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    child.kill()?;
    child.wait()?;
    ensure!(
        line.starts_with("1|6|"),
        "the provider printed {line:?} in place of a handshake"
    );
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .context("no VmRSS in its status")?;
    Ok((time, resident))
}

/// The least that starting and ending a process costs here.
fn empty_process() -> Result<Duration> {
    let start = Instant::now();
    Command::new("true").status()?;
    Ok(start.elapsed())
}

/// A certificate like those go-plugin makes: self-signed, P-521.
fn client_certificate() -> Result<String> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512)?;
    let parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()])?;
    Ok(parameters.self_signed(&key)?.pem())
}

/// A command of Terraform's with our provider, and the same without one.
struct Beside {
    with_provider: Duration,
    without: Duration,
    /// What the former prints.
    bytes: usize,
}

const PROVIDER: &str = "terraform {\n  required_providers {\n    dataplane = { source = \"dataplane/dataplane\" }\n  }\n}\n";

fn schema() -> Result<Beside> {
    Beside::of(&["providers", "schema", "-json"], PROVIDER, "")
}

/// What starting costs where there is no cloud to speak to: nothing of one may be initialised.
fn function() -> Result<Beside> {
    let prefix = |value: &str| format!("output \"prefix\" {{\n  value = {value}\n}}\n");
    let ours = prefix("provider::dataplane::object_prefix(\"acme\", \"fraud\", \"production\")");
    let with_provider = format!("{PROVIDER}{ours}");
    let without = prefix("\"acme/fraud/production\"");
    Beside::of(&["plan", "-input=false"], &with_provider, &without)
}

impl Beside {
    fn of(arguments: &[&str], with_provider: &str, without: &str) -> Result<Self> {
        let timed = |configuration: &str| -> Result<(Duration, usize)> {
            let terraform = Terraform::new()?;
            terraform.write("main.tf", configuration)?;
            terraform.init()?;
            let mut bytes = 0;
            let mut times = Vec::new();
            for _ in 0..COMMAND_RUNS {
                let start = Instant::now();
                bytes = terraform.succeed(arguments)?.len();
                times.push(start.elapsed());
            }
            Ok((Spread::of(times).median(), bytes))
        };
        let (with_provider, bytes) = timed(with_provider)?;
        let (without, _) = timed(without)?;
        Ok(Self {
            with_provider,
            without,
            bytes,
        })
    }
}
