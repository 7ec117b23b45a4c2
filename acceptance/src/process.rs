//! A program that the tests start: it logs to a file, is stopped when dropped, and never outlives us.

use std::{
    ffi::OsStr,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, OnceLock, PoisonError, mpsc},
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::wait;

/// A running program.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signal {
    Interrupt,
    Terminate,
    Kill,
    /// It stands still, with all its connections, until [`Signal::Continue`].
    Stop,
    Continue,
}

/// A command that the kernel kills when we end in whatever way, also where nothing is dropped (statics, SIGKILL).
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// The same in the network namespace that a path such as `/proc/7/ns/net` names, or in ours.
pub fn command_in(network: Option<&Path>, program: impl AsRef<OsStr>) -> Command {
    let Some(network) = network else {
        return command(program);
    };
    // It becomes the program, so a signal and an end are the program's own.
    let mut command = command("nsenter");
    command
        .arg(format!("--net={}", network.display()))
        .arg("--")
        .arg(program);
    command
}

impl Process {
    /// Starts `command`; both its outputs go to the end of the file `log`.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("opening {}", log.display()))?;
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let child = spawn(command).with_context(|| format!("starting {name}"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log: log.to_path_buf(),
        })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> &Path {
        &self.log
    }

    /// An error with the end of its log when it has ended.
    pub fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!(
                "{} ended by itself ({status}); the end of {}:\n{}",
                self.name,
                self.log.display(),
                tail(&self.log)
            ),
        }
    }

    /// Waits until `ready` answers yes, or fails with the end of the log.
    pub fn ready(&mut self, limit: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
        let what = format!("{} to be ready", self.name);
        wait::until(&what, limit, || {
            self.check()?;
            Ok(ready().then_some(()))
        })
        .with_context(|| format!("the end of {}:\n{}", self.log.display(), tail(&self.log)))
    }

    /// Asks it to end, and kills it when it has not after ten seconds.
    pub fn stop(mut self) -> Result<ExitStatus> {
        signal(self.id(), Signal::Terminate)?;
        let ended = wait::until("the end of a program", Duration::from_secs(10), || {
            Ok(self.child.try_wait()?)
        });
        match ended {
            Ok(status) => Ok(status),
            Err(_) => self.kill(),
        }
    }

    pub fn kill(mut self) -> Result<ExitStatus> {
        self.child.kill()?;
        Ok(self.child.wait()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing can be done about a program that does not die, and most are gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process that we started.
pub fn signal(process: u32, signal: Signal) -> Result<()> {
    let name = match signal {
        Signal::Interrupt => "-INT",
        Signal::Terminate => "-TERM",
        Signal::Kill => "-KILL",
        Signal::Stop => "-STOP",
        Signal::Continue => "-CONT",
    };
    let status = Command::new("kill")
        .args([name, &process.to_string()])
        .stderr(Stdio::null())
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(anyhow!("process {process} is gone"))
    }
}

/// The last lines of a log.
pub fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}

struct Job {
    command: Command,
    reply: mpsc::Sender<std::io::Result<Child>>,
}

/// Spawns on one thread that lives as long as we do: the kernel's parent-death signal is sent when the spawning
/// *thread* ends, and each test has a thread of its own.
pub fn spawn(command: Command) -> Result<Child> {
    static JOBS: OnceLock<Mutex<mpsc::Sender<Job>>> = OnceLock::new();
    let jobs = JOBS.get_or_init(|| {
        let (sender, receiver) = mpsc::channel::<Job>();
        std::thread::spawn(move || {
            for mut job in receiver {
                // The asker may have panicked meanwhile; the child then dies with us.
                let _ = job.reply.send(job.command.spawn());
            }
        });
        Mutex::new(sender)
    });
    let (reply, answer) = mpsc::channel();
    jobs.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send(Job { command, reply })
        .map_err(|_| anyhow!("the spawning thread ended"))?;
    Ok(answer.recv().context("the spawning thread ended")??)
}
