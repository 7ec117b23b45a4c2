//! How much memory the programs that we started have resident together, at most.

use std::{
    collections::BTreeMap,
    fs,
    sync::mpsc::{self, RecvTimeoutError},
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Result, anyhow};

const BETWEEN: Duration = Duration::from_millis(100);

/// As the kernel cuts their names.
const PROGRAMS: [&str; 3] = ["terraform", "terraform-provi", "dataplane-fleet"];

/// A thread that looks again and again.
pub struct Watched {
    end: mpsc::Sender<()>,
    looking: JoinHandle<u64>,
}

impl Watched {
    pub fn start() -> Self {
        let (end, ended) = mpsc::channel();
        let looking = std::thread::spawn(move || {
            let mut peak = 0;
            while ended.recv_timeout(BETWEEN) == Err(RecvTimeoutError::Timeout) {
                peak = peak.max(resident());
            }
            peak
        });
        Self { end, looking }
    }

    /// The most there was, in bytes.
    pub fn peak(self) -> Result<u64> {
        let Self { end, looking } = self;
        drop(end);
        looking
            .join()
            .map_err(|_| anyhow!("the thread that looks at memory ended"))
    }
}

/// The bytes of all such programs below this process. One that ends meanwhile has none.
fn resident() -> u64 {
    let processes: BTreeMap<u32, (String, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let id = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            let (before, after) = stat.rsplit_once(") ")?;
            let name = before.split_once('(')?.1.to_owned();
            let parent = after.split(' ').nth(1)?.parse().ok()?;
            Some((id, (name, parent)))
        })
        .collect();
    let ours = |mut id: u32| {
        while let Some((_, parent)) = processes.get(&id) {
            if *parent == std::process::id() {
                return true;
            }
            id = *parent;
        }
        false
    };
    let programs = processes
        .iter()
        .filter(|(id, (name, _))| PROGRAMS.contains(&name.as_str()) && ours(**id));
    programs.filter_map(|(id, _)| kilobytes(*id)).sum::<u64>() * 1024
}

fn kilobytes(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
