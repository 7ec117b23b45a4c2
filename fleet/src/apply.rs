//! `apply`: wave by wave, what was planned and seen; with a line in the journal before and after each.

use std::{collections::BTreeSet, io::Write as _, sync::Arc, time::Instant};

use anyhow::{Result, bail, ensure};
use jiff::Timestamp;

use crate::{
    journal::{self, Journal, Record},
    look,
    outcome::{Outcome, Report},
    root::Root,
    running,
    saved_plan::{PLAN, SavedPlan},
    summary::Allowed,
    tenants::Tenant,
    waves::{OnFailure, Wave},
    workspace::{Failure, Mode, Session, hash},
};

/// How a run is to be done.
#[derive(Debug)]
pub struct Wanted {
    pub run: String,
    pub actor: String,
    /// The run was begun before: who is done in it is not done again.
    pub resume: bool,
    /// Saved plans do not count.
    pub replan: bool,
    pub destroy: bool,
    pub allowed: Vec<Allowed>,
}

struct Run {
    session: Arc<Session>,
    journal: Journal,
    wanted: Wanted,
}

/// What a tenant's plan is, as far as there was one.
#[derive(Debug, Default)]
struct MadeOf {
    root: Option<Root>,
    plan: Option<String>,
}

/// The reports, and the hash of the journal's last line.
pub async fn apply(
    session: Arc<Session>,
    mut waves: Vec<Wave>,
    wanted: Wanted,
) -> Result<(Vec<Report>, Option<String>)> {
    if wanted.resume {
        leave_out_who_is_done(&session, &mut waves, &wanted.run)?;
    }
    if !wanted.replan {
        check_saved_plans(&session, &waves, &wanted)?;
    }
    let run = Arc::new(Run {
        journal: Journal::open(&session.fleet.journal)?,
        session: Arc::clone(&session),
        wanted,
    });
    let reports = running::run(waves, OnFailure::Stop, session.stop(), |tenant, wave| {
        let run = Arc::clone(&run);
        async move { run.turn(&tenant, &wave).await }
    })
    .await?;
    Ok((reports, run.journal.head()))
}

fn leave_out_who_is_done(session: &Session, waves: &mut [Wave], run: &str) -> Result<()> {
    let mut runs: Vec<String> = Vec::new();
    let mut done: BTreeSet<Tenant> = BTreeSet::new();
    for record in journal::records(&session.fleet.journal)? {
        if record.run == run {
            let well = matches!(record.outcome, Outcome::Applied | Outcome::Unchanged);
            // For the root as it is now: another one is another upgrade.
            if well && session.root_of(&record.tenant)?.digest == record.root.digest {
                done.insert(record.tenant);
            } else {
                done.remove(&record.tenant);
            }
        }
        if runs.last() != Some(&record.run) {
            runs.push(record.run);
        }
    }
    ensure!(
        runs.iter().any(|known| known == run),
        "there is no run {run} in {}; the last is {}",
        session.fleet.journal.display(),
        runs.last().map_or("none", String::as_str)
    );
    for wave in waves {
        wave.tenants.retain(|tenant| !done.contains(tenant));
    }
    // A closed standard error is no reason to stop.
    let _ = writeln!(
        std::io::stderr().lock(),
        "dataplane-fleet: {} tenants are done in run {run}",
        done.len()
    );
    Ok(())
}

/// Before anybody is started: what is applied is what was seen, for all or for none.
fn check_saved_plans(session: &Session, waves: &[Wave], wanted: &Wanted) -> Result<()> {
    const SHOWN: usize = 10;
    let (mut planned, mut unplanned, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for tenant in waves.iter().flat_map(|wave| &wave.tenants) {
        match SavedPlan::read(&session.folder_of(tenant))? {
            None => unplanned.push(tenant),
            Some(saved) => {
                planned.push(tenant);
                let check = saved.check(session, tenant, wanted.destroy);
                wrong.extend(check.err().map(|error| format!("{error:#}")));
            }
        }
    }
    if !wrong.is_empty() {
        let more = match wrong.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!("\n  and {more} more"),
        };
        bail!(
            "nothing was started:\n  {}{more}",
            wrong[..wrong.len().min(SHOWN)].join("\n  ")
        );
    }
    if let (Some(planned), Some(unplanned)) = (planned.first(), unplanned.first())
        && !wanted.resume
    {
        bail!(
            "there is a saved plan of {planned}, and none of {unplanned}: plan both, or name who is meant (--tenant, --wave), or go on with a run that was stopped (--resume), or `apply --replan`, which plans each anew and applies it unseen"
        );
    }
    Ok(())
}

impl Run {
    async fn turn(&self, tenant: &Tenant, wave: &str) -> Report {
        let begun = Instant::now();
        let mut made_of = MadeOf::default();
        let mut report = look::timed(tenant, wave, async |report| {
            self.change(tenant, report, &mut made_of).await
        })
        .await;
        if let Err(error) = self.record(&report, report.outcome, &made_of, begun) {
            Failure::from(error).tell(&mut report);
        }
        report
    }

    /// Plans where nobody did, judges the plan again, and applies it.
    async fn change(
        &self,
        tenant: &Tenant,
        report: &mut Report,
        made_of: &mut MadeOf,
    ) -> Result<(), Failure> {
        let Wanted {
            replan,
            destroy,
            allowed,
            ..
        } = &self.wanted;
        let folder = self.session.folder_of(tenant);
        let saved = if *replan {
            None
        } else {
            SavedPlan::read(&folder)?
        };
        let workspace = self.session.workspace(tenant)?;
        let file = workspace.file(PLAN);
        if let Some(saved) = saved {
            saved.check(&self.session, tenant, *destroy)?;
            // What was seen says nothing of what is in the file.
            let summary = workspace.show(&file).await?;
            let differs = saved.outcome == Outcome::Changed;
            report.outcome = look::judge(&self.session, tenant, &summary, differs, allowed, report);
            made_of.root = Some(saved.root);
        } else {
            SavedPlan::remove(&folder);
            let mode = Mode::changing(*destroy);
            let root = look::plan_one(&self.session, tenant, mode, allowed, report).await?;
            made_of.root = Some(root);
        }
        made_of.plan = Some(hash(&file)?);
        match report.outcome {
            Outcome::Changed => {}
            Outcome::Refused => return Ok(()),
            _ => {
                report.outcome = Outcome::Unchanged;
                SavedPlan::remove(&folder);
                return Ok(());
            }
        }
        self.record(report, Outcome::Started, made_of, Instant::now())?;
        let applied = workspace.apply(&file).await;
        SavedPlan::remove(&folder);
        applied?;
        report.outcome = Outcome::Applied;
        Ok(())
    }

    fn record(
        &self,
        report: &Report,
        outcome: Outcome,
        made_of: &MadeOf,
        begun: Instant,
    ) -> Result<()> {
        let root = match &made_of.root {
            Some(root) => root.clone(),
            None => self.session.root_of(&report.tenant)?,
        };
        self.journal.add(Record {
            at: Timestamp::now().to_string(),
            run: self.wanted.run.clone(),
            actor: self.wanted.actor.clone(),
            tenant: report.tenant.clone(),
            wave: report.wave.clone(),
            root,
            plan: made_of.plan.clone(),
            changes: report.changes.clone(),
            outcome,
            seconds: begun.elapsed().as_secs(),
            previous: None,
        })
    }
}
