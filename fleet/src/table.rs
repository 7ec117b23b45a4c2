//! What people read in a terminal: columns, and a line that counts.

use std::collections::BTreeMap;

use crate::{
    outcome::{Outcome, Report},
    summary::Counts,
};

/// The longest note on a tenant's line; the whole is in its log and in `--json`.
const LONGEST_NOTE: usize = 160;

/// Rows below a header, in columns as wide as they need to be.
pub fn render(header: &[&str], rows: &[Vec<String>]) -> String {
    let header: Vec<String> = header.iter().map(ToString::to_string).collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| printable(cell)).collect())
        .collect();
    let width = |column: usize| {
        let cells = rows
            .iter()
            .chain([&header])
            .filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let mut text = String::new();
    for row in std::iter::once(&header).chain(&rows) {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// What somebody else wrote neither forges a row nor moves the cursor.
fn printable(cell: &str) -> String {
    let letters = cell.chars();
    letters
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

/// `+1 ~2 -3 ±4`: created, changed, deleted, replaced.
pub fn counts(counts: Counts) -> String {
    let Counts {
        create,
        change,
        delete,
        replace,
    } = counts;
    format!("+{create} ~{change} -{delete} ±{replace}")
}

/// A line per tenant, and one that counts them.
pub fn summary(reports: &[Report]) -> String {
    let rows: Vec<Vec<String>> = reports.iter().map(row).collect();
    let header = ["TENANT", "WAVE", "OUTCOME", "PLAN", "DRIFT", "NOTE"];
    format!("{}\n{}\n", render(&header, &rows), totals(reports))
}

fn row(report: &Report) -> Vec<String> {
    let drift = match report.drift.len() {
        0 => String::new(),
        drifted => drifted.to_string(),
    };
    let plan = match report.outcome {
        Outcome::NotStarted => String::new(),
        _ => counts(Counts::of(&report.changes)),
    };
    vec![
        report.tenant.to_string(),
        report.wave.clone(),
        report.outcome.as_str().to_owned(),
        plan,
        drift,
        note(report),
    ]
}

fn note(report: &Report) -> String {
    let mut notes = Vec::new();
    notes.extend(report.error.clone());
    if !report.refused.is_empty() {
        notes.push(format!("protected: {}", report.refused.join(", ")));
    }
    if report.outcome == Outcome::Drifted {
        let addresses: Vec<&str> = report
            .drift
            .iter()
            .map(|change| change.address.as_str())
            .collect();
        notes.push(addresses.join(", "));
    }
    if report.outputs > 0 {
        notes.push(format!("{} outputs", report.outputs));
    }
    let note = notes.join("; ");
    match note.char_indices().nth(LONGEST_NOTE) {
        Some((end, _)) => format!("{}…", &note[..end]),
        None => note,
    }
}

fn totals(reports: &[Report]) -> String {
    let mut outcomes: BTreeMap<Outcome, usize> = BTreeMap::new();
    for report in reports {
        *outcomes.entry(report.outcome).or_default() += 1;
    }
    let outcomes: Vec<String> = outcomes
        .iter()
        .map(|(outcome, count)| format!("{count} {}", outcome.as_str()))
        .collect();
    let noun = if reports.len() == 1 {
        "tenant"
    } else {
        "tenants"
    };
    format!("{} {noun}: {}", reports.len(), outcomes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_line_and_no_escape() {
        let forged = "me\n2026 ci \u{1b}[2Jacme\u{9b}1m";
        let text = render(&["BY", "X"], &[vec![forged.to_owned(), "x".to_owned()]]);
        assert_eq!(text.lines().count(), 2);
        assert!(text.contains("me 2026 ci  [2Jacme 1m  x"), "{text}");
    }
    use crate::summary::{Action, Change};

    #[test]
    fn a_tenant_is_a_line_with_what_a_person_asks_first() {
        let report = |name: &str, outcome| Report::new(&name.parse().unwrap(), "all", outcome);
        let change = |address: &str, actions: &[Action]| Change {
            address: address.to_owned(),
            actions: actions.to_vec(),
        };
        let mut refused = report("acme", Outcome::Refused);
        refused.changes = vec![
            change("a.b", &[Action::Delete, Action::Create]),
            change("a.c", &[Action::Update]),
        ];
        refused.refused = vec!["a.b".to_owned()];
        let mut drifted = report("globex", Outcome::Drifted);
        drifted.drift = vec![change("a.d", &[Action::Update])];
        let mut failed = report("initech-europe", Outcome::Failed);
        failed.error = Some("x".repeat(500));
        let reports = [refused, drifted, failed, report("z", Outcome::NotStarted)];
        let text = summary(&reports);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..3],
            [
                "TENANT          WAVE  OUTCOME      PLAN         DRIFT  NOTE",
                "acme            all   refused      +0 ~1 -0 ±1         protected: a.b",
                "globex          all   drifted      +0 ~0 -0 ±0  1      a.d",
            ]
        );
        assert!(lines[3].ends_with("x…") && lines[3].chars().count() < 240);
        assert_eq!(lines[4], "z               all   not started");
        assert_eq!(
            lines[6],
            "4 tenants: 1 drifted, 1 refused, 1 failed, 1 not started"
        );
    }
}
