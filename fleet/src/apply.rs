//! `apply`: wave by wave, what was planned and seen; with a line in the journal before and after each.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use anyhow::{Result, bail};
use jiff::Timestamp;

use crate::{
    journal::{Journal, Record},
    look,
    outcome::{Outcome, Report},
    resume::Begun,
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
    /// Who was asked for by name; nobody where all are meant.
    pub named: Vec<Tenant>,
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
    mut wanted: Wanted,
) -> Result<(Vec<Report>, Option<String>)> {
    let (mut anew, mut run_tenants) = (BTreeSet::new(), None);
    if wanted.resume {
        let begun = Begun::read(&session.fleet, &wanted.run)?;
        anew = begun.narrow(&session, &mut waves, &mut wanted)?;
    } else {
        let all = waves.iter().flat_map(|wave| &wave.tenants);
        run_tenants = Some(all.cloned().collect());
    }
    if !wanted.replan {
        check_saved_plans(&session, &waves, wanted.destroy, &anew)?;
    }
    let run = Arc::new(Run {
        journal: Journal::open(&session.fleet.journal, run_tenants)?,
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

/// Before anybody is started: what is applied is what was seen, for all or for none.
fn check_saved_plans(
    session: &Session,
    waves: &[Wave],
    destroy: bool,
    anew: &BTreeSet<Tenant>,
) -> Result<()> {
    const SHOWN: usize = 10;
    const INSTEAD: &str = "or `apply --replan`, which plans each anew and applies it unseen";
    let (mut planned, mut unplanned, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for tenant in waves.iter().flat_map(|wave| &wave.tenants) {
        match SavedPlan::read(&session.folder_of(tenant))? {
            None if anew.contains(tenant) => {}
            None => unplanned.push(tenant),
            Some(saved) => {
                planned.push(tenant);
                let check = saved.check(session, tenant, destroy);
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
    match (planned.first(), unplanned.first()) {
        (_, None) => Ok(()),
        (Some(planned), Some(unplanned)) => bail!(
            "there is a saved plan of {planned}, and none of {unplanned}: plan both, or name who is meant (--tenant, --wave), or go on with a run that was stopped (--resume), {INSTEAD}"
        ),
        (None, Some(first)) => bail!(
            "there is no saved plan of {first}{}; each is applied once: run `plan` first, {INSTEAD}",
            match unplanned.len() - 1 {
                0 => String::new(),
                more => format!(", nor of {more} more"),
            }
        ),
    }
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
            destroy: self.wanted.destroy,
            run_tenants: None,
            seconds: begun.elapsed().as_secs(),
            previous: None,
        })
    }
}
