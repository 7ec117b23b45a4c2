//! One at a time: two fleets on the same folder would take each other's plans.

use std::{
    fs::{File, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use rustix::{
    io::{FdFlags, fcntl_setfd},
    process::{Pid, test_kill_process},
};

/// What the file says of its holder, before the number.
const PROCESS: &str = "process ";

/// Held as long as it lives, and where the process is killed, until the last terraform is gone that it started: they have the
/// open file too. The kernel gives it back then.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    pub fn take(folder: &Path) -> Result<Self> {
        let path = folder.join("lock");
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("opening {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who holds it is only told.
                let _ = file.read_to_string(&mut holder);
                let (holder, folder) = (holder.trim(), folder.display());
                if is_gone(holder) {
                    bail!(
                        "a terraform that another dataplane-fleet ({holder}) started before it was killed still works in {folder}: wait for its end, then look at `status`"
                    );
                }
                bail!("another dataplane-fleet ({holder}) works in {folder}: wait for its end");
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("locking {}", path.display()));
            }
        }
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{PROCESS}{}", std::process::id())?;
        fcntl_setfd(&file, FdFlags::empty())
            .with_context(|| format!("handing {} on", path.display()))?;
        Ok(Self(file))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // All of ours have ended; what one of them left behind in the background does not count.
        let _ = self.0.unlock();
    }
}

/// Whether who wrote this has ended.
fn is_gone(holder: &str) -> bool {
    let number = holder.strip_prefix(PROCESS);
    let process = number.and_then(|number| Pid::from_raw(number.parse().ok()?));
    process.is_some_and(|process| test_kill_process(process) == Err(rustix::io::Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_is_first() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        let error = Lock::take(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains(&format!("(process {})", std::process::id())),
            "{error}"
        );
        drop(first);
        Lock::take(folder.path()).unwrap();
    }
}
