//! Running `terraform`: in a group of its own, so that an interrupt reaches it once, by us, and a kill its providers too.

use std::process::{Output, Stdio};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::Command;

use crate::stop::{Level, Stop};

/// How a command ended.
pub struct Ended {
    /// None where a signal ended it.
    pub code: Option<i32>,
    /// What it printed, where that was asked for.
    pub printed: Vec<u8>,
    /// We were asked to stop while it ran.
    pub interrupted: bool,
}

/// Runs a command to its end; nothing where we were asked to stop before.
pub async fn run(mut command: Command, stop: &Stop) -> Result<Option<Ended>> {
    if stop.level() > Level::Going {
        return Ok(None);
    }
    command.stdin(Stdio::null()).process_group(0);
    let child = command.spawn().with_context(|| {
        let program = command.as_std().get_program();
        format!(
            "starting {}: --terraform says where it is",
            program.display()
        )
    })?;
    let process = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    let mut stop = stop.clone();
    let mut level = Level::Going;
    // Its number is nobody else's meanwhile: nobody else waits for it, and where it has ended, what holds its output open is of
    // its group.
    let mut ending = std::pin::pin!(child.wait_with_output());
    let Output { status, stdout, .. } = loop {
        tokio::select! {
            output = &mut ending => break output.context("waiting for terraform")?,
            asked = stop.beyond(level) => {
                level = asked;
                if let Some(process) = process {
                    // It may have ended at this very moment.
                    let _ = match level {
                        Level::Killed => kill_process_group(process, Signal::KILL),
                        _ => kill_process(process, Signal::INT),
                    };
                }
            }
        }
    };
    Ok(Some(Ended {
        code: status.code(),
        printed: stdout,
        interrupted: level > Level::Going,
    }))
}
