//! What every mode shares as a process: logs, the admin server, and an end in good time.

use std::{
    fmt::Write as _,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    admin::{self, Readiness},
    metrics::Metrics,
};

/// Less than the pod's grace period of 30 seconds, so that what is left is ended by us and not by the kubelet.
const SHUTDOWN: Duration = Duration::from_secs(20);

/// What a mode is given.
#[derive(Clone)]
pub struct Shared {
    /// Cancelled when the process is asked to end.
    pub stop: CancellationToken,
    /// What `/readyz` answers.
    pub readiness: Readiness,
    /// What `/metrics` answers.
    pub metrics: Arc<Metrics>,
}

/// Runs a mode until it ends, or until `SIGTERM` or `SIGINT` and the mode has let go.
pub fn run<F>(log: &str, listen: SocketAddr, mode: impl FnOnce(Shared) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    start_logging(log)?;
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("a TLS provider was installed already"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let outcome = runtime.block_on(async {
        let listener = listener(listen)
            .await
            .with_context(|| format!("listening on {listen}"))?;
        info!(address = %listener.local_addr()?, version = env!("CARGO_PKG_VERSION"), "started");
        let shared = Shared {
            stop: CancellationToken::new(),
            readiness: Readiness::default(),
            metrics: Arc::new(Metrics::new()?),
        };
        let server = tokio::spawn(admin::serve(
            listener,
            shared.readiness.clone(),
            shared.metrics.clone(),
        ));
        let outcome = until_stopped(&shared, mode(shared.clone())).await;
        server.abort();
        outcome
    });
    // A task that still blocks must not hold the process beyond its grace period.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

/// `[::]` takes requests of both families; where there is no IPv6 those of the other.
async fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Err(_) if address.ip() == Ipv6Addr::UNSPECIFIED => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        bound => bound,
    }
}

async fn until_stopped(
    shared: &Shared,
    mode: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    tokio::pin!(mode);
    let name = tokio::select! {
        outcome = &mut mode => return outcome,
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    info!(signal = name, "stopping");
    shared.readiness.not_ready("it is stopping");
    shared.stop.cancel();
    if let Ok(outcome) = tokio::time::timeout(SHUTDOWN, mode).await {
        info!("stopped");
        outcome
    } else {
        warn!(
            seconds = SHUTDOWN.as_secs(),
            "gave up waiting for a clean end"
        );
        Ok(())
    }
}

/// From here on events are written, as JSON.
pub fn start_logging(filter: &str) -> anyhow::Result<()> {
    let filter: tracing_subscriber::EnvFilter = filter
        .parse()
        .with_context(|| format!("the log filter `{filter}` is not valid"))?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_env_filter(filter)
        .try_init()
        .map_err(|error| anyhow::anyhow!("starting the log: {error}"))
}

/// An error with everything that led to it, on one line. Causes that only repeat what the error before them ends with
/// are left out: some libraries print their source as well as return it.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            // Writing to a String can't fail.
            let _ = write!(text, ": {said}");
        }
        cause = error.source();
    }
    text
}

/// The error that ends the process, with everything that led to it.
#[expect(
    clippy::print_stderr,
    reason = "the log may not have been started, and nothing is done after this"
)]
pub fn report(error: &anyhow::Error) {
    let mut text = format!("error: {error}");
    for cause in error.chain().skip(1) {
        // Writing to a String can't fail.
        let _ = write!(text, "\n  {cause}");
    }
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use std::io;

    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn every_address_is_listened_on() {
        let any = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
        let listening = listener(any).await.unwrap();
        let port = listening.local_addr().unwrap().port();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
    }

    #[derive(Debug, thiserror::Error)]
    enum Outer {
        #[error("transport error: {0}")]
        Repeats(#[source] io::Error),
        #[error("connecting")]
        Plain(#[source] io::Error),
    }

    #[test]
    fn a_cause_is_told_once() {
        let refused = || io::Error::other("refused");
        assert_eq!(chain(&Outer::Plain(refused())), "connecting: refused");
        assert_eq!(
            chain(&Outer::Repeats(refused())),
            "transport error: refused"
        );
    }
}
