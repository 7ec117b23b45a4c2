//! Interrupts: after the first nobody new starts and those who run are asked to end, the second kills.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// CIs and terminals send another signal some seconds after the first, which asks for nothing that the first did not.
const REPEATED: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    Going,
    Interrupted,
    Killed,
}

/// Who asks: a person at a terminal, a CI that cancels a job, a terminal that is gone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Asked {
    Interrupt,
    Terminate,
    HangUp,
}

/// What was asked of us so far.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Level>);

impl Stop {
    /// Listens for Ctrl-C, for what a CI sends when a job is cancelled, and for the end of the terminal.
    pub fn on_signals() -> Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
        let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
        let mut hang_up = signal(SignalKind::hangup()).context("listening for SIGHUP")?;
        let (sender, receiver) = watch::channel(Level::Going);
        tokio::spawn(async move {
            let mut before: Vec<Asked> = Vec::new();
            let mut first = Instant::now();
            while *sender.borrow() < Level::Killed {
                let asked = tokio::select! {
                    _ = interrupt.recv() => Asked::Interrupt,
                    _ = terminate.recv() => Asked::Terminate,
                    _ = hang_up.recv() => Asked::HangUp,
                };
                if before.is_empty() {
                    first = Instant::now();
                    tell(
                        "interrupted: nobody new is started, and those who run are asked to end. Ctrl-C once more kills them",
                    );
                    sender.send_replace(Level::Interrupted);
                } else if asked.kills(&before, first.elapsed()) {
                    tell(
                        "killed: what was under way is in no state; look at `status`, and plan those again",
                    );
                    sender.send_replace(Level::Killed);
                } else {
                    tell(&format!(
                        "{} so soon after the interrupt is part of it and kills nobody",
                        asked.as_str()
                    ));
                }
                before.push(asked);
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

impl Asked {
    fn as_str(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::HangUp => "SIGHUP",
        }
    }

    /// Whether it is a second one, so long after the first of those before.
    fn kills(self, before: &[Self], since: Duration) -> bool {
        since >= REPEATED
            || match self {
                // Nobody but a person sends it after something else.
                Self::Interrupt => true,
                Self::Terminate => before.contains(&Self::Terminate),
                // The shell and the kernel both send it when a terminal goes.
                Self::HangUp => false,
            }
    }
}

fn tell(what: &str) {
    // A terminal that is gone is no reason to go on.
    let _ = writeln!(std::io::stderr().lock(), "dataplane-fleet: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ci_that_cancels_does_not_kill_and_a_person_does() {
        use Asked::{HangUp, Interrupt, Terminate};
        let soon = Duration::from_millis(7500);
        for (asked, before, kills) in [
            (Interrupt, &[Interrupt][..], true),
            (Interrupt, &[Terminate], true),
            (Terminate, &[Interrupt], false),
            (Terminate, &[Interrupt, Terminate], true),
            (Terminate, &[Terminate], true),
            (Terminate, &[HangUp], false),
            (HangUp, &[HangUp], false),
            (HangUp, &[Terminate], false),
        ] {
            assert_eq!(asked.kills(before, soon), kills, "{asked:?} {before:?}");
            assert!(asked.kills(before, REPEATED), "{asked:?} {before:?}");
        }
    }
}
