//! `plan` and `drift`: what would change, and what was changed by others, for each tenant. Nothing is changed by looking.

use std::{fs, io::Write as _, sync::Arc, time::Instant};

use anyhow::Result;
use jiff::Timestamp;

use crate::{
    outcome::{Outcome, Report},
    root::Root,
    running,
    saved_plan::{PLAN, SavedPlan},
    summary::{Allowed, Summary},
    tenants::Tenant,
    waves::{OnFailure, Wave},
    workspace::{Failure, Mode, Session, hash},
};

/// Plans each tenant, and leaves the plans to `apply`.
pub async fn plan(
    session: Arc<Session>,
    waves: Vec<Wave>,
    mode: Mode,
    allowed: Vec<Allowed>,
) -> Result<Vec<Report>> {
    let allowed = Arc::new(allowed);
    let reports = running::run(waves, OnFailure::GoOn, session.stop(), |tenant, wave| {
        let (session, allowed) = (Arc::clone(&session), Arc::clone(&allowed));
        async move {
            timed(&tenant, &wave, async |report| {
                SavedPlan::remove(&session.folder_of(&tenant));
                match plan_one(&session, &tenant, mode, &allowed, report).await {
                    Ok(root) => Ok(save(&session, &tenant, mode, root, report.outcome)?),
                    Err(failure) => {
                        // What failed is known as such, so that nobody plans it again unseen.
                        failure.tell(report);
                        Ok(save(
                            &session,
                            &tenant,
                            mode,
                            session.root_of(&tenant)?,
                            report.outcome,
                        )?)
                    }
                }
            })
            .await
        }
    })
    .await?;
    if mode == Mode::Usual {
        tell_what_protects_nothing(&session, &reports);
    }
    Ok(reports)
}

/// A type that is in no plan at all may be spelt wrongly, and its resources would go without a word.
fn tell_what_protects_nothing(session: &Session, reports: &[Report]) {
    let planned = |report: &Report| report.outcome.is_well() || report.outcome == Outcome::Refused;
    if !reports.iter().all(planned) {
        return;
    }
    let nowhere = |kind: &&String| !reports.iter().any(|report| report.types.contains(*kind));
    for kind in session.fleet.protect.iter().filter(nowhere) {
        // A closed standard error is no reason to stop.
        let _ = writeln!(
            std::io::stderr().lock(),
            "dataplane-fleet: `protect` names {kind}, and none of these plans has a resource of that type: is it spelt so?"
        );
    }
}

/// Looks for what was changed outside of Terraform.
pub async fn drift(session: Arc<Session>, waves: Vec<Wave>) -> Result<Vec<Report>> {
    running::run(waves, OnFailure::GoOn, session.stop(), |tenant, wave| {
        let session = Arc::clone(&session);
        async move {
            timed(&tenant, &wave, async |report| {
                let workspace = session.workspace(&tenant)?;
                workspace.init().await?;
                let file = workspace.file("drift");
                let summary = match workspace.plan(Mode::RefreshOnly, &file).await {
                    Ok(_) => workspace.show(&file).await,
                    Err(failure) => Err(failure),
                };
                // It would be applied by nobody, and has values in it; Terraform also saves a plan that failed.
                let _ = fs::remove_file(&file);
                let summary = summary?;
                report.outcome = if summary.drift.is_empty() {
                    Outcome::Unchanged
                } else {
                    Outcome::Drifted
                };
                report.drift = summary.drift;
                Ok(())
            })
            .await
        }
    })
    .await
}

/// Plans one tenant; the report says what the plan would do. The root is as it was before: what changes meanwhile is newer.
pub async fn plan_one(
    session: &Session,
    tenant: &Tenant,
    mode: Mode,
    allowed: &[Allowed],
    report: &mut Report,
) -> Result<Root, Failure> {
    let workspace = session.workspace(tenant)?;
    workspace.init().await?;
    let root = session.root_of(tenant)?;
    let file = workspace.file(PLAN);
    let differs = workspace.plan(mode, &file).await?;
    let summary = workspace.show(&file).await?;
    report.outcome = judge(session, tenant, &summary, differs, allowed, report);
    Ok(root)
}

/// Tells what a plan would do, and whether it may.
pub fn judge(
    session: &Session,
    tenant: &Tenant,
    summary: &Summary,
    differs: bool,
    allowed: &[Allowed],
    report: &mut Report,
) -> Outcome {
    report.changes.clone_from(&summary.changes);
    report.drift.clone_from(&summary.drift);
    report.outputs = summary.outputs;
    report.types.clone_from(&summary.types);
    report.refused = summary.refused(tenant, &session.fleet.protect, allowed);
    if !report.refused.is_empty() {
        Outcome::Refused
    } else if differs || summary.changes_anything() {
        Outcome::Changed
    } else if !summary.drift.is_empty() {
        Outcome::Drifted
    } else {
        Outcome::Unchanged
    }
}

fn save(
    session: &Session,
    tenant: &Tenant,
    mode: Mode,
    root: Root,
    outcome: Outcome,
) -> Result<()> {
    let folder = session.folder_of(tenant);
    let planned = outcome.is_well() || outcome == Outcome::Refused;
    SavedPlan {
        at: Timestamp::now().to_string(),
        root,
        destroy: mode == Mode::Destroy,
        outcome,
        plan: planned.then(|| hash(&folder.join(PLAN))).transpose()?,
    }
    .write(&folder)
}

/// A turn with its report and how long it took.
pub async fn timed(
    tenant: &Tenant,
    wave: &str,
    work: impl AsyncFnOnce(&mut Report) -> Result<(), Failure>,
) -> Report {
    let begun = Instant::now();
    let mut report = Report::new(tenant, wave, Outcome::Failed);
    if let Err(failure) = work(&mut report).await {
        failure.tell(&mut report);
    }
    report.seconds = begun.elapsed().as_secs();
    report
}
