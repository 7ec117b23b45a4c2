//! `--debug`: a plugin that stays up on its own and serves every Terraform that is told where it listens; and what
//! signals mean to a plugin in either mode.

use std::io;

use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use super::connection::Connections;
use super::environment::Environment;
use super::listen::Listener;
use super::{About, handshake, serve};

/// Serves until an interrupt. There is no TLS, for nobody hands over certificates.
pub(super) async fn run(
    about: About,
    environment: &Environment,
    routes: Routes,
    stop: CancellationToken,
) -> io::Result<()> {
    let mut interrupts = Interrupts::new()?;
    let listener = Listener::bind(environment)?;
    handshake::announce_reattach(about, listener.socket())?;
    let mut connections = Connections::accept(listener, None);
    let end = stop.clone();
    tokio::spawn(async move {
        interrupts.next().await;
        end.cancel();
    });
    // Whoever started it ends it, not a Terraform that is done while others may come.
    let unheeded = CancellationToken::new();
    let outcome = serve(routes, connections.incoming(), stop, unheeded).await;
    connections.close().await;
    outcome
}

/// Takes interrupts without ending. Ctrl-C reaches the whole process group; Terraform then tells its providers what to
/// do by `StopProvider`, and what is half made is lost if they end before.
pub(super) fn ignore_interrupts() -> io::Result<()> {
    let mut interrupts = Interrupts::new()?;
    tokio::spawn(async move {
        loop {
            interrupts.next().await;
            tracing::debug!("the plugin received an interrupt and leaves it to Terraform");
        }
    });
    Ok(())
}

#[cfg(unix)]
struct Interrupts {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Interrupts {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Interrupts {
    interrupt: tokio::signal::windows::CtrlC,
    terminate: tokio::signal::windows::CtrlBreak,
}

#[cfg(windows)]
impl Interrupts {
    fn new() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c};
        Ok(Self {
            interrupt: ctrl_c()?,
            terminate: ctrl_break()?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
