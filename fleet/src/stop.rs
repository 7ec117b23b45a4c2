//! Interrupts: after the first nobody new starts and those who run are asked to end, the second kills.

use std::io::Write as _;

use anyhow::{Context as _, Result};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    Going,
    Interrupted,
    Killed,
}

/// What was asked of us so far.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Level>);

impl Stop {
    /// Listens for Ctrl-C, and for what a CI sends when a job is cancelled.
    pub fn on_signals() -> Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
        let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
        let (sender, receiver) = watch::channel(Level::Going);
        tokio::spawn(async move {
            for (level, what) in [
                (
                    Level::Interrupted,
                    "interrupted: nobody new is started, and those who run are asked to end. Once more kills them",
                ),
                (
                    Level::Killed,
                    "killed: what was under way is in no state; look at `status`, and plan those again",
                ),
            ] {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                // A terminal that is gone is no reason to go on.
                let _ = writeln!(std::io::stderr().lock(), "dataplane-fleet: {what}");
                sender.send_replace(level);
            }
            sender.closed().await;
        });
        Ok(Self(receiver))
    }

    pub fn level(&self) -> Level {
        *self.0.borrow()
    }

    /// Waits until more is asked than `seen`; for ever when that never comes.
    pub async fn beyond(&mut self, seen: Level) -> Level {
        let asked = self.0.wait_for(|level| *level > seen).await;
        let asked = asked.map(|level| *level).ok();
        match asked {
            Some(level) => level,
            None => std::future::pending().await,
        }
    }
}
