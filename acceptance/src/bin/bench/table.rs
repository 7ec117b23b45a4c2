//! Markdown tables and the figures in them.

use std::time::Duration;

/// A table with a header row.
pub fn render(header: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let header: Vec<String> = header.iter().map(|&cell| cell.to_owned()).collect();
    let rule: Vec<String> = header.iter().map(|_| "---".to_owned()).collect();
    let body: String = rows.iter().map(|row| line(row)).collect();
    format!("{}{}{body}", line(&header), line(&rule))
}

/// Minimum, median and maximum of several runs.
pub struct Spread(Vec<Duration>);

impl Spread {
    pub fn of(mut runs: Vec<Duration>) -> Self {
        runs.sort();
        Self(runs)
    }

    pub fn median(&self) -> Duration {
        self.0.get(self.0.len() / 2).copied().unwrap_or_default()
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let edge = |run: Option<&Duration>| milliseconds(run.copied().unwrap_or_default());
        write!(
            f,
            "{} / {} / {} ms",
            edge(self.0.first()),
            milliseconds(self.median()),
            edge(self.0.last())
        )
    }
}

pub fn milliseconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1000.0)
}

pub fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// How many times as long one thing takes as another.
pub fn ratio(time: Duration, other: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() / other.as_secs_f64())
}
