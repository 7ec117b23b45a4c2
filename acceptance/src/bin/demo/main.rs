//! `make demo`: a whole data plane on this machine, left running to look around in. `demo up` starts a process of its own
//! that holds everything and ends with it; `demo down` asks that process to destroy and stop.

mod look_around;
mod progress;
mod stack;

use std::{
    fs,
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::Duration,
};

use acceptance::{setup, wait};
use anyhow::{Context as _, Result, bail};

/// Far longer than anything takes on a slow machine.
const LIMIT: Duration = Duration::from_mins(20);

/// The files of the demo.
struct Folder(PathBuf);

fn main() -> ExitCode {
    let folder = setup::cache().map(|cache| Folder(cache.join("demo")));
    let done = folder.and_then(|folder| match std::env::args().nth(1).as_deref() {
        Some("up") => up(&folder),
        Some("down") => down(&folder),
        Some("status") => status(&folder),
        Some("serve") => stack::serve(&folder),
        _ => bail!("usage: demo up | down | status"),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The reader of `demo up` is a person; nothing is left to do when standard error is closed.
            let _ = writeln!(std::io::stderr(), "demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Folder {
    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The process that holds the demo, if it is still there.
    fn process(&self) -> Option<u32> {
        let id: u32 = fs::read_to_string(self.file("pid"))
            .ok()?
            .trim()
            .parse()
            .ok()?;
        let state = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let ended = state.rsplit(')').next()?.trim_start().starts_with('Z');
        let command = fs::read(format!("/proc/{id}/cmdline")).ok()?;
        // Another program may have been given the number since. The line is empty while the kernel starts the next program of
        // the process, as it does when it enters namespaces of its own.
        let ours = command.is_empty() || command.windows(5).any(|part| part == b"serve");
        (ours && !ended).then_some(id)
    }
}

fn up(folder: &Folder) -> Result<()> {
    let ready = folder.file("ready");
    if folder.process().is_none() {
        start(folder)?;
    } else if ready.exists() {
        say("The demo is up already.")?;
        return status(folder);
    }
    follow(folder, 0, || {
        if ready.exists() {
            return Ok(true);
        }
        if folder.process().is_none() {
            bail!(
                "the demo did not come up; its logs are in {}",
                folder.0.display()
            );
        }
        Ok(false)
    })?;
    status(folder)
}

/// Starts the process that holds the demo.
fn start(folder: &Folder) -> Result<()> {
    let _ = fs::remove_dir_all(&folder.0);
    fs::create_dir_all(&folder.0)?;
    let progress = fs::File::create(folder.file("progress"))?;
    let server = Command::new(std::env::current_exe()?)
        .arg("serve")
        .stdin(Stdio::null())
        .stdout(progress.try_clone()?)
        .stderr(progress)
        // Ctrl-C in this terminal is not for what stays up: `demo up` follows it again.
        .process_group(0)
        .spawn()
        .context("starting the process that holds the demo")?;
    fs::write(folder.file("pid"), server.id().to_string()).context("writing the demo's process")
}

fn down(folder: &Folder) -> Result<()> {
    if folder.process().is_none() {
        // A demo that failed or was killed took its servers with it, not its files.
        if folder.0.exists() {
            fs::remove_dir_all(&folder.0).context("removing the demo's files")?;
        }
        return say("The demo is not up.");
    }
    let from = fs::metadata(folder.file("progress"))?.len();
    fs::write(folder.file("stop"), "")?;
    follow(folder, from, || Ok(folder.process().is_none()))?;
    if !folder.file("destroyed").exists() {
        bail!(
            "the demo stopped without destroying everything; see {}",
            folder.0.display()
        );
    }
    fs::remove_dir_all(&folder.0).context("removing the demo's files")
}

fn status(folder: &Folder) -> Result<()> {
    if folder.process().is_none() {
        return say("The demo is not up: make demo");
    }
    say(&fs::read_to_string(folder.file("ready"))
        .unwrap_or_else(|_| "The demo is starting.".to_owned()))
}

/// Shows what the demo's process prints until `done`.
fn follow(folder: &Folder, mut from: u64, mut done: impl FnMut() -> Result<bool>) -> Result<()> {
    let path = folder.file("progress");
    wait::until("the demo", LIMIT, || {
        // Asked before the last look, so that nothing printed before the end is missed.
        let finished = done();
        from += show(&path, from)?;
        Ok(finished?.then_some(()))
    })
}

fn show(path: &Path, from: u64) -> Result<u64> {
    let mut file = fs::File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut text = Vec::new();
    let read = file.read_to_end(&mut text)?;
    let mut out = std::io::stdout().lock();
    out.write_all(&text)?;
    out.flush()?;
    Ok(u64::try_from(read)?)
}

fn say(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_is_there_from_its_start_to_its_end() -> Result<()> {
        let files = setup::scratch()?;
        let folder = Folder(files.path().to_path_buf());
        assert_eq!(folder.process(), None);
        let mut server = Command::new("sh")
            .args(["-c", "read line # serve"])
            .stdin(Stdio::piped())
            .spawn()?;
        fs::write(folder.file("pid"), server.id().to_string())?;
        assert_eq!(folder.process(), Some(server.id()));
        drop(server.stdin.take());
        // Nobody has asked yet how it ended, so the kernel still knows its number.
        wait::until("its end", LIMIT, || {
            Ok(folder.process().is_none().then_some(()))
        })?;
        server.wait()?;
        assert_eq!(folder.process(), None);
        Ok(())
    }
}
