//! Who changed what: a line per begin and end of an apply, each with the hash of the line before. No line has a value of an
//! attribute, or the text of an error, which may repeat one.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::{outcome::Outcome, root::Root, sha256, summary::Change, tenants::Tenant};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub at: String,
    pub run: String,
    pub actor: String,
    pub tenant: Tenant,
    pub wave: String,
    pub root: Root,
    /// The hash of the plan's file; none where there was no plan.
    pub plan: Option<String>,
    /// What the plan wanted; after `applied`, what was done.
    pub changes: Vec<Change>,
    pub outcome: Outcome,
    pub seconds: u64,
    /// The hash of the line before; none on the first.
    pub previous: Option<String>,
}

/// The journal, open for more. There is one at a time: the fleet's lock is held.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    last: Mutex<Option<String>>,
}

/// A journal whose lines follow from each other.
#[derive(Debug, Serialize)]
pub struct Verified {
    pub lines: usize,
    /// The hash of the last line: kept elsewhere, it shows when lines were cut off.
    pub head: Option<String>,
}

impl Journal {
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        let text = read(path)?;
        if !text.is_empty() && !text.ends_with('\n') {
            // A machine that died while it wrote: the rest of the line stays as it is, and the next is its own.
            append(path, "\n")?;
        }
        let last = text.lines().next_back();
        Ok(Self {
            path: path.to_path_buf(),
            last: Mutex::new(last.map(|line| sha256::of(line.as_bytes()))),
        })
    }

    /// Adds a line, which is on the disk when this returns.
    pub fn add(&self, mut record: Record) -> Result<()> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        record.previous.clone_from(&last);
        let line = serde_json::to_string(&record)?;
        append(&self.path, &format!("{line}\n"))?;
        *last = Some(sha256::of(line.as_bytes()));
        Ok(())
    }

    pub fn head(&self) -> Option<String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }
}

/// All records, the oldest first; none where there is no journal yet. What is no record is for [`verify`] to tell.
pub fn records(path: &Path) -> Result<Vec<Record>> {
    let text = read(path)?;
    let lines = text.lines();
    Ok(lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

/// That each line follows from the one before, and that there is one with the hash `head`.
pub fn verify(path: &Path, head: Option<&str>) -> Result<Verified> {
    let text = read(path)?;
    let mut previous: Option<String> = None;
    let mut seen = head.is_none();
    let mut lines = 0;
    for line in text.lines() {
        lines += 1;
        let record: Record = serde_json::from_str(line)
            .with_context(|| format!("line {lines} of {} is no record", path.display()))?;
        if record.previous != previous {
            bail!(
                "line {lines} of {} does not follow from the one before: a line was changed, taken out or put in",
                path.display()
            );
        }
        let hash = sha256::of(line.as_bytes());
        seen |= head == Some(hash.as_str());
        previous = Some(hash);
    }
    ensure!(
        seen,
        "no line of {} has the hash {}: lines were cut off, or this is another journal",
        path.display(),
        head.unwrap_or_default()
    );
    Ok(Verified {
        lines,
        head: previous,
    })
}

fn read(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

fn append(path: &Path, text: &str) -> Result<()> {
    let write = || {
        let mut file = File::options().create(true).append(true).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()
    };
    write().with_context(|| format!("writing the journal {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(tenant: &str, outcome: Outcome) -> Record {
        Record {
            at: "2026-11-22T04:00:00Z".to_owned(),
            run: "r".to_owned(),
            actor: "ci".to_owned(),
            tenant: tenant.parse().unwrap(),
            wave: "all".to_owned(),
            root: Root {
                commit: None,
                digest: "d".to_owned(),
            },
            plan: None,
            changes: Vec::new(),
            outcome,
            seconds: 1,
            previous: None,
        }
    }

    /// A journal of four lines, written by two who opened it.
    fn written() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/journal.jsonl");
        for tenant in ["acme", "globex"] {
            let journal = Journal::open(&path).unwrap();
            for outcome in [Outcome::Started, Outcome::Applied] {
                journal.add(record(tenant, outcome)).unwrap();
            }
        }
        (folder, path)
    }

    #[track_caller]
    fn tampered(change: impl Fn(Vec<String>) -> Vec<String>, head: Option<&str>) -> String {
        let (_folder, path) = written();
        let text = fs::read_to_string(&path).unwrap();
        let lines = change(text.lines().map(str::to_owned).collect());
        fs::write(&path, format!("{}\n", lines.join("\n"))).unwrap();
        verify(&path, head).unwrap_err().to_string()
    }

    #[test]
    fn what_was_written_holds() {
        let (_folder, path) = written();
        let verified = verify(&path, None).unwrap();
        assert_eq!(verified.lines, 4);
        verify(&path, verified.head.as_deref()).unwrap();
        let outcomes: Vec<Outcome> = records(&path)
            .unwrap()
            .iter()
            .map(|record| record.outcome)
            .collect();
        assert_eq!(
            outcomes,
            [
                Outcome::Started,
                Outcome::Applied,
                Outcome::Started,
                Outcome::Applied
            ]
        );
    }

    #[test]
    fn a_line_that_was_changed_taken_out_or_put_in_shows() {
        let changed = tampered(
            |mut lines| {
                lines[1] = lines[1].replace("\"ci\"", "\"me\"");
                lines
            },
            None,
        );
        assert!(changed.starts_with("line 3 "), "{changed}");
        let out = tampered(
            |mut lines| {
                lines.remove(1);
                lines
            },
            None,
        );
        assert!(out.starts_with("line 2 "), "{out}");
        let put_in = tampered(
            |mut lines| {
                lines.insert(1, lines[0].clone());
                lines
            },
            None,
        );
        assert!(put_in.starts_with("line 2 "), "{put_in}");
        let first = tampered(
            |mut lines| {
                lines.remove(0);
                lines
            },
            None,
        );
        assert!(first.starts_with("line 1 "), "{first}");
    }

    #[test]
    fn a_journal_that_was_cut_shows_beside_its_head() {
        let (_folder, path) = written();
        let head = verify(&path, None).unwrap().head;
        let cut = tampered(
            |mut lines| {
                lines.pop();
                lines
            },
            head.as_deref(),
        );
        assert!(cut.contains("lines were cut off"), "{cut}");
    }

    #[test]
    fn what_a_dead_machine_left_of_a_line_is_not_written_on() {
        let (_folder, path) = written();
        append(&path, "{\"at\":\"20").unwrap();
        let journal = Journal::open(&path).unwrap();
        journal.add(record("initech", Outcome::Started)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 6);
        let error = verify(&path, None).unwrap_err();
        assert_eq!(
            format!("{error:#}").split(" of ").next(),
            Some("line 5"),
            "{error:#}"
        );
    }
}
