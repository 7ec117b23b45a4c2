//! Runs tenants as their schedule says, tells of each as it ends, and collects what they report.

use std::{collections::BTreeMap, io::Write as _};

use anyhow::{Context as _, Result};
use jiff::{Timestamp, tz::TimeZone};
use tokio::task::JoinSet;

use crate::{
    outcome::{Outcome, Report},
    stop::{Level, Stop},
    summary::Counts,
    table,
    tenants::Tenant,
    waves::{End, OnFailure, Schedule, Wave},
};

/// The report of each tenant of the waves, in their order.
pub async fn run<W, F>(
    waves: Vec<Wave>,
    on_failure: OnFailure,
    mut stop: Stop,
    work: W,
) -> Result<Vec<Report>>
where
    W: Fn(Tenant, String) -> F,
    F: Future<Output = Report> + Send + 'static,
{
    let mut schedule = Schedule::new(waves.clone(), on_failure);
    let mut reports: BTreeMap<Tenant, Report> = BTreeMap::new();
    let mut running = JoinSet::new();
    let mut level = Level::Going;
    loop {
        while let Some((tenant, wave)) = schedule.start() {
            running.spawn(work(tenant, wave));
        }
        if running.is_empty() {
            break;
        }
        tokio::select! {
            Some(ended) = running.join_next() => {
                let report = ended.context("a tenant's turn did not end by itself")?;
                tell(&report);
                schedule.ended(&report.tenant, report.end());
                reports.insert(report.tenant.clone(), report);
            }
            asked = stop.beyond(level) => {
                level = asked;
                schedule.stop();
            }
        }
    }
    let all = waves.iter().flat_map(|wave| {
        let tenants = wave.tenants.iter();
        tenants.map(|tenant| (tenant, wave.name.as_str()))
    });
    let report = |(tenant, wave): (&Tenant, &str)| {
        let report = reports.remove(tenant);
        report.unwrap_or_else(|| Report::new(tenant, wave, Outcome::NotStarted))
    };
    Ok(all.map(report).collect())
}

/// A line as soon as somebody is through, for who waits.
fn tell(report: &Report) {
    let again = match report.end() {
        End::Throttled => ", to be tried again",
        _ => "",
    };
    // A closed standard error is no reason to stop.
    let _ = writeln!(
        std::io::stderr().lock(),
        "{} {} {} {}{again} ({}, {} s)",
        Timestamp::now()
            .to_zoned(TimeZone::UTC)
            .strftime("%H:%M:%S"),
        report.wave,
        report.tenant,
        report.outcome.as_str(),
        table::counts(Counts::of(&report.changes)),
        report.seconds,
    );
}
