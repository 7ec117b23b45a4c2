//! Who changed what: a line per begin and end of an apply, each with the hash of the line before. No line has a value of an
//! attribute, or the text of an error, which may repeat one.

use std::{
    fs::{self, File, TryLockError},
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
    /// All that the tenant has was to go.
    #[serde(default)]
    pub destroy: bool,
    /// On the first line of a run only: whom it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_tenants: Option<Vec<Tenant>>,
    pub seconds: u64,
    /// The hash of the line before; none on the first.
    pub previous: Option<String>,
}

/// The journal, open for more, by one process at a time.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    end: Mutex<End>,
    /// Keeps another fleet out that writes to the same file.
    _locked: File,
}

#[derive(Debug)]
struct End {
    /// What the next line has as `previous`.
    hash: Option<String>,
    /// Whom the run is for, until a line says it.
    run_tenants: Option<Vec<Tenant>>,
}

/// What the next line follows from: the last record, with the halves of lines that were written after it.
#[derive(Debug, Default)]
struct Chain(Option<String>);

/// A journal whose lines follow from each other.
#[derive(Debug, Serialize)]
pub struct Verified {
    pub lines: usize,
    /// Lines that a machine wrote which died over it; each is attested by the line after it.
    pub halves: Vec<usize>,
    /// The hash of the last line: kept elsewhere, it shows when lines were cut off.
    pub head: Option<String>,
}

impl Chain {
    fn hash(&self) -> Option<String> {
        let text = self.0.as_deref();
        text.map(|text| sha256::of(text.as_bytes()))
    }

    fn add_record(&mut self, line: &str) {
        self.0 = Some(line.to_owned());
    }

    fn add_half(&mut self, line: &str) {
        let before = self.0.take().map(|before| before + "\n");
        self.0 = Some(before.unwrap_or_default() + line);
    }
}

impl Journal {
    /// Opens it for a run; for these tenants, unless the journal has that already.
    pub fn open(path: &Path, run_tenants: Option<Vec<Tenant>>) -> Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        let locked = lock(path)?;
        let text = read(path)?;
        if !text.is_empty() && !text.ends_with('\n') {
            // A machine that died while it wrote: the rest of the line stays as it is, and the next is its own.
            append(path, "\n")?;
        }
        let mut chain = Chain::default();
        for line in text.lines() {
            match serde_json::from_str::<Record>(line) {
                Ok(_) => chain.add_record(line),
                Err(_) => chain.add_half(line),
            }
        }
        Ok(Self {
            path: path.to_path_buf(),
            end: Mutex::new(End {
                hash: chain.hash(),
                run_tenants,
            }),
            _locked: locked,
        })
    }

    /// Adds a line, which is on the disk when this returns.
    pub fn add(&self, mut record: Record) -> Result<()> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        record.previous.clone_from(&end.hash);
        record.run_tenants.clone_from(&end.run_tenants);
        let line = serde_json::to_string(&record)?;
        append(&self.path, &format!("{line}\n"))?;
        *end = End {
            hash: Some(sha256::of(line.as_bytes())),
            run_tenants: None,
        };
        Ok(())
    }

    pub fn head(&self) -> Option<String> {
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        end.hash.clone()
    }
}

/// All records, the oldest first; none where there is no journal yet. That lines are no records is told.
pub fn records(path: &Path) -> Result<Vec<Record>> {
    let text = read(path)?;
    let lines = text.lines();
    let records: Vec<Record> = lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let others = text.lines().count() - records.len();
    if others > 0 {
        // A closed standard error is no reason to stop.
        let _ = writeln!(
            std::io::stderr().lock(),
            "dataplane-fleet: {others} lines of {} are no records, or a newer version's: `journal --verify` says more",
            path.display()
        );
    }
    Ok(records)
}

/// That each line follows from the one before, and that there is one with the hash `head`.
pub fn verify(path: &Path, head: Option<&str>) -> Result<Verified> {
    let text = read(path)?;
    let mut chain = Chain::default();
    let mut seen = head.is_none();
    let (mut lines, mut halves) = (0, Vec::new());
    for line in text.lines() {
        lines += 1;
        let Ok(record) = serde_json::from_str::<Record>(line) else {
            // Who put it there is told by the next line, which has its hash.
            chain.add_half(line);
            halves.push(lines);
            continue;
        };
        if record.previous != chain.hash() {
            bail!(
                "line {lines} of {} does not follow from the one before: a line was changed, taken out or put in",
                path.display()
            );
        }
        chain.add_record(line);
        seen |= head == chain.hash().as_deref();
    }
    ensure!(
        seen,
        "no line of {} has the hash {}: lines were cut off, or this is another journal",
        path.display(),
        head.unwrap_or_default()
    );
    Ok(Verified {
        lines,
        halves,
        head: chain.hash(),
    })
}

fn lock(path: &Path) -> Result<File> {
    let doing = || format!("opening the journal {}", path.display());
    let file = File::options().create(true).append(true).open(path);
    let file = file.with_context(doing)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "a dataplane-fleet of another folder writes to the journal {}: wait for its end",
            path.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(doing),
    }
}

fn read(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// Adds a text as a whole, or nothing of it.
fn append(path: &Path, text: &str) -> Result<()> {
    let write = || {
        let mut file = File::options().create(true).append(true).open(path)?;
        let before = file.metadata()?.len();
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_data());
        if written.is_err() {
            // On a disk that is full the next line would be written onto the half of this one.
            let _ = file.set_len(before);
        }
        written
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
            destroy: false,
            run_tenants: None,
            seconds: 1,
            previous: None,
        }
    }

    /// A journal of four lines, written by two who opened it.
    fn written() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/journal.jsonl");
        for tenant in ["acme", "globex"] {
            let journal = Journal::open(&path, None).unwrap();
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
    fn two_fleets_do_not_write_to_one_journal_at_once() {
        let (_folder, path) = written();
        let first = Journal::open(&path, None).unwrap();
        let error = Journal::open(&path, None).unwrap_err().to_string();
        assert!(error.contains("writes to the journal"), "{error}");
        drop(first);
        Journal::open(&path, None).unwrap();
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
    fn what_a_dead_machine_left_of_a_line_is_told_and_no_crime() {
        let (_folder, path) = written();
        let halves = || verify(&path, None).unwrap().halves;
        append(&path, "{\"at\":\"20").unwrap();
        assert_eq!(halves(), [5]);
        for tenant in ["initech", "hooli"] {
            let journal = Journal::open(&path, None).unwrap();
            journal.add(record(tenant, Outcome::Started)).unwrap();
            drop(journal);
            // Twice, as on a machine that dies over every line.
            append(&path, "{\"at\":\"20").unwrap();
            drop(Journal::open(&path, None).unwrap());
            append(&path, "{\"at\":\"21").unwrap();
        }
        assert_eq!(halves(), [5, 7, 8, 10, 11]);
        assert_eq!(records(&path).unwrap().len(), 6);
        // What follows attests the half, and the line before it.
        let text = fs::read_to_string(&path).unwrap();
        for (from, to) in [
            ("{\"at\":\"20\n", "{\"at\":\"22\n"),
            ("\"initech\"", "\"other\""),
        ] {
            assert!(text.contains(from));
            fs::write(&path, text.replacen(from, to, 1)).unwrap();
            let error = verify(&path, None).unwrap_err().to_string();
            assert!(error.contains(" does not follow from "), "{error}");
        }
    }

    #[test]
    fn the_first_line_of_a_run_says_whom_it_is_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let tenants = vec!["acme".parse().unwrap()];
        let journal = Journal::open(&path, Some(tenants.clone())).unwrap();
        for outcome in [Outcome::Started, Outcome::Applied] {
            journal.add(record("acme", outcome)).unwrap();
        }
        let found = records(&path).unwrap();
        assert_eq!(found[0].run_tenants, Some(tenants));
        assert_eq!(found[1].run_tenants, None);
    }

    #[test]
    fn lines_of_before_there_were_more_fields_read() {
        let mut value = serde_json::to_value(record("acme", Outcome::Applied)).unwrap();
        value.as_object_mut().unwrap().remove("destroy");
        let read: Record = serde_json::from_value(value).unwrap();
        assert!(!read.destroy && read.run_tenants.is_none());
    }
}
