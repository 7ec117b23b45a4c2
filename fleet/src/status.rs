//! `status` and `journal`: what is known without asking anybody.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use crate::{
    fleet_file::Fleet,
    journal::{self, Record},
    outcome::Outcome,
    root::{self, Root},
    sha256,
    summary::Counts,
    table,
    tenants::Tenant,
};

/// Where a tenant stands by the journal.
#[derive(Debug, Serialize)]
pub struct Status {
    pub tenant: Tenant,
    pub wave: String,
    pub now: Standing,
    /// The last line of the journal about it.
    pub last: Option<Record>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The last apply was of the root as it is now.
    Current,
    /// It was of another.
    Behind,
    /// There was none.
    Never,
    /// It did not end well, or was not seen to end.
    Broken,
    /// All that there was is gone, by the last apply.
    Destroyed,
    /// It is no tenant of the fleet any more, and was not destroyed.
    Left,
}

impl Standing {
    fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Behind => "behind",
            Self::Never => "never applied",
            Self::Broken => "broken",
            Self::Destroyed => "destroyed",
            Self::Left => "left",
        }
    }
}

pub fn status(fleet: &Fleet) -> Result<Vec<Status>> {
    let commit = root::commit(&fleet.root);
    let mut last: BTreeMap<Tenant, Record> = BTreeMap::new();
    for record in journal::records(&fleet.journal)? {
        last.insert(record.tenant.clone(), record);
    }
    let mut found = Vec::new();
    for wave in &fleet.waves {
        for tenant in &wave.tenants {
            let last = last.remove(tenant);
            let root = Root::of(fleet, tenant, commit.as_deref())?;
            found.push(Status {
                now: standing(last.as_ref(), &root),
                tenant: tenant.clone(),
                wave: wave.name.clone(),
                last,
            });
        }
    }
    // Who is in no wave any more is known to the journal alone.
    found.extend(last.into_values().map(|record| Status {
        now: match standing(Some(&record), &record.root) {
            now @ (Standing::Destroyed | Standing::Broken) => now,
            _ => Standing::Left,
        },
        tenant: record.tenant.clone(),
        wave: record.wave.clone(),
        last: Some(record),
    }));
    Ok(found)
}

fn standing(last: Option<&Record>, root: &Root) -> Standing {
    match last {
        None => Standing::Never,
        Some(record) => match record.outcome {
            Outcome::Applied | Outcome::Unchanged if record.destroy => Standing::Destroyed,
            Outcome::Applied | Outcome::Unchanged if record.root.digest == root.digest => {
                Standing::Current
            }
            Outcome::Applied | Outcome::Unchanged => Standing::Behind,
            _ => Standing::Broken,
        },
    }
}

pub fn status_table(found: &[Status]) -> String {
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|status| {
            let last = status.last.as_ref();
            let of = |text: fn(&Record) -> String| last.map(text).unwrap_or_default();
            vec![
                status.tenant.to_string(),
                status.wave.clone(),
                status.now.as_str().to_owned(),
                of(|record| record.outcome.as_str().to_owned()),
                of(|record| seconds_of(&record.at)),
                of(|record| record.actor.clone()),
                of(|record| revision(&record.root)),
            ]
        })
        .collect();
    table::render(
        &["TENANT", "WAVE", "NOW", "LAST", "AT", "BY", "ROOT"],
        &rows,
    )
}

pub fn journal_table(records: &[Record]) -> String {
    let rows: Vec<Vec<String>> = records
        .iter()
        .map(|record| {
            vec![
                seconds_of(&record.at),
                record.run.clone(),
                record.actor.clone(),
                record.tenant.to_string(),
                record.wave.clone(),
                outcome(record),
                table::counts(Counts::of(&record.changes)),
                revision(&record.root),
            ]
        })
        .collect();
    table::render(
        &[
            "AT", "RUN", "BY", "TENANT", "WAVE", "OUTCOME", "PLAN", "ROOT",
        ],
        &rows,
    )
}

/// What the record says, and whether all was to go.
fn outcome(record: &Record) -> String {
    let destroy = if record.destroy { " (destroy)" } else { "" };
    format!("{}{destroy}", record.outcome.as_str())
}

/// The commit, and the digest that also has what was not committed.
fn revision(root: &Root) -> String {
    let digest = sha256::short(&root.digest);
    match &root.commit {
        Some(commit) => format!("{} {digest}", sha256::short(commit)),
        None => digest.to_owned(),
    }
}

/// A time without its fractions.
fn seconds_of(at: &str) -> String {
    match at.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => at.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_stands_where_its_last_line_says() {
        let root = |digest: &str| Root {
            commit: None,
            digest: digest.to_owned(),
        };
        let after = |outcome, digest: &str| {
            let record = Record {
                at: "2026-11-22T04:00:00.5Z".to_owned(),
                run: "r".to_owned(),
                actor: "ci".to_owned(),
                tenant: "acme".parse().unwrap(),
                wave: "all".to_owned(),
                root: root(digest),
                plan: None,
                changes: Vec::new(),
                outcome,
                destroy: false,
                run_tenants: None,
                seconds: 1,
                previous: None,
            };
            standing(Some(&record), &root("now"))
        };
        assert_eq!(after(Outcome::Applied, "now"), Standing::Current);
        assert_eq!(after(Outcome::Unchanged, "now"), Standing::Current);
        assert_eq!(after(Outcome::Applied, "before"), Standing::Behind);
        for broken in [
            Outcome::Started,
            Outcome::Failed,
            Outcome::Interrupted,
            Outcome::Refused,
        ] {
            assert_eq!(after(broken, "now"), Standing::Broken);
        }
        assert_eq!(standing(None, &root("now")), Standing::Never);
        assert_eq!(seconds_of("2026-11-22T04:00:00.5Z"), "2026-11-22T04:00:00Z");
    }
}
