//! A run that stopped, by its lines in the journal: whom it was for, who is done, who is planned anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    apply::Wanted,
    fleet_file::Fleet,
    journal::{self, Record},
    outcome::Outcome,
    root::Root,
    saved_plan::SavedPlan,
    tenants::Tenant,
    waves::Wave,
    workspace::Session,
};

/// What the journal has of it.
#[derive(Debug)]
pub struct Begun {
    run: String,
    tenants: BTreeSet<Tenant>,
    destroy: bool,
    last: BTreeMap<Tenant, Record>,
}

impl Begun {
    pub fn read(fleet: &Fleet, run: &str) -> Result<Self> {
        let mut runs: Vec<String> = Vec::new();
        let mut tenants: Option<Vec<Tenant>> = None;
        let mut destroy = false;
        let mut last = BTreeMap::new();
        for record in journal::records(&fleet.journal)? {
            if runs.last() != Some(&record.run) {
                runs.push(record.run.clone());
            }
            if record.run == run {
                tenants = tenants.or_else(|| record.run_tenants.clone());
                destroy |= record.destroy;
                last.insert(record.tenant.clone(), record);
            }
        }
        ensure!(
            runs.iter().any(|known| known == run),
            "there is no run {run} in {}; the last is {}",
            fleet.journal.display(),
            runs.last().map_or("none", String::as_str)
        );
        let tenants = tenants.with_context(|| {
            format!("no line of run {run} says whom it was for: plan and apply those who are left")
        })?;
        Ok(Self {
            run: run.to_owned(),
            tenants: tenants.into_iter().collect(),
            destroy,
            last,
        })
    }

    /// Goes on for whom the run was for, in the way in which it was begun; who is done is left out. Returns who is planned
    /// anew, because the run used up the plan that was seen.
    pub fn narrow(
        &self,
        session: &Session,
        waves: &mut [Wave],
        wanted: &mut Wanted,
    ) -> Result<BTreeSet<Tenant>> {
        let run = &self.run;
        ensure!(
            self.destroy || !wanted.destroy,
            "run {run} did not destroy anything: --destroy is another run"
        );
        wanted.destroy = self.destroy;
        for tenant in &wanted.named {
            ensure!(
                self.tenants.contains(tenant),
                "run {run} was not for tenant {tenant}: who is new in it has a run of its own"
            );
        }
        let (mut done, mut anew) = (BTreeSet::new(), BTreeSet::new());
        for wave in waves {
            wave.tenants.retain(|tenant| self.tenants.contains(tenant));
            for tenant in &wave.tenants {
                let Some(last) = self.last.get(tenant) else {
                    continue;
                };
                let root = session.root_of(tenant)?;
                match standing(last, &root) {
                    Standing::Done => {
                        done.insert(tenant.clone());
                    }
                    Standing::Undone => {
                        anew.insert(tenant.clone());
                        forget_a_plan_that_was_begun(session, tenant, last)?;
                    }
                    Standing::OfAnotherRoot => {}
                }
            }
            wave.tenants.retain(|tenant| !done.contains(tenant));
        }
        self.tell(&session.fleet, done.len());
        Ok(anew)
    }

    fn tell(&self, fleet: &Fleet, done: usize) {
        let all = || fleet.waves.iter().flat_map(|wave| &wave.tenants);
        let left = self.tenants.iter();
        let left: Vec<&str> = left
            .filter(|tenant| !all().any(|known| known == *tenant))
            .map(Tenant::as_str)
            .collect();
        let left = match &left[..] {
            [] => String::new(),
            left => format!("; {} left the fleet since", left.join(", ")),
        };
        // A closed standard error is no reason to stop.
        let _ = writeln!(
            std::io::stderr().lock(),
            "dataplane-fleet: {done} tenants are done in run {}{left}",
            self.run
        );
    }
}

enum Standing {
    Done,
    /// It was done for a root that is no more the root: another one is another upgrade.
    OfAnotherRoot,
    Undone,
}

fn standing(last: &Record, root: &Root) -> Standing {
    match last.outcome {
        Outcome::Applied | Outcome::Unchanged if last.root.digest == root.digest => Standing::Done,
        Outcome::Applied | Outcome::Unchanged => Standing::OfAnotherRoot,
        _ => Standing::Undone,
    }
}

/// Where an apply was not seen to end, its plan is stale, although it is still there.
fn forget_a_plan_that_was_begun(session: &Session, tenant: &Tenant, last: &Record) -> Result<()> {
    let folder = session.folder_of(tenant);
    let saved = SavedPlan::read(&folder)?;
    if last.outcome == Outcome::Started && saved.is_some_and(|saved| saved.plan == last.plan) {
        SavedPlan::remove(&folder);
    }
    Ok(())
}
