//! Mode `fetch-bundle`: an init container of a task's pod fetches the task's code through a signed URL, so that the pod needs no
//! right to the bucket. The URL is a secret: it comes in a file, and neither the log nor an error shows it.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use dataplane_store::download::{Limits, download};
use tracing::info;

use crate::process;

/// Longer is no URL that a cloud signs.
const LONGEST_URL: u64 = 16 << 10;
/// What these write while they are looked into may hold the URL.
const QUIET: &str = "h2=off,hyper=off,hyper_util=off,reqwest=off";
/// With growing pauses these last for about a minute.
const TRIES: u32 = 10;

/// Where from, where to, and how much.
#[derive(Debug, clap::Args)]
pub struct FetchArgs {
    /// File that holds the signed URL of the bundle.
    #[arg(long, value_name = "FILE")]
    url_file: PathBuf,
    /// File to write. It is there whole or not at all.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Most bytes to fetch.
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 30)]
    max_bytes: u64,
    /// Most seconds to take, tries and pauses included.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    /// What is logged: a level, or levels by module.
    #[arg(
        long,
        value_name = "FILTER",
        env = "DATAPLANE_LOG",
        default_value = "info"
    )]
    log: String,
}

/// Fetches, and ends.
pub fn run(arguments: FetchArgs) -> anyhow::Result<()> {
    let FetchArgs {
        url_file,
        output,
        max_bytes,
        timeout,
        log,
    } = arguments;
    process::start_logging(&format!("{log},{QUIET}"))?;
    let limits = Limits {
        bytes: max_bytes,
        time: Duration::from_secs(timeout),
        tries: TRIES,
    };
    let url = read_url(&url_file)
        .with_context(|| format!("reading the signed URL in {}", url_file.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let bytes = runtime
        .block_on(download(&url, &output, limits))
        .context("fetching the task's code")?;
    info!(bytes, file = %output.display(), "fetched the task's code");
    Ok(())
}

fn read_url(file: &Path) -> io::Result<String> {
    let mut url = String::new();
    File::open(file)?
        .take(LONGEST_URL)
        .read_to_string(&mut url)?;
    Ok(url)
}
