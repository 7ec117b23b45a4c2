//! The plan that `plan` left for `apply`: what it was made of, so that nothing else is applied than what somebody saw.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    outcome::Outcome,
    root::Root,
    sha256,
    tenants::Tenant,
    workspace::{Session, hash},
};

/// The plan, and what is known of it, in the tenant's folder.
pub const PLAN: &str = "plan";
const RECORD: &str = "plan.json";

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SavedPlan {
    pub at: String,
    pub root: Root,
    pub destroy: bool,
    pub outcome: Outcome,
    /// The hash of the plan's file; none where planning failed.
    pub plan: Option<String>,
}

impl SavedPlan {
    pub fn write(&self, folder: &Path) -> Result<()> {
        let file = folder.join(RECORD);
        let text = serde_json::to_string(self)?;
        fs::write(&file, text).with_context(|| format!("writing {}", file.display()))
    }

    /// None where nobody planned.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let file = folder.join(RECORD);
        match fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .with_context(|| format!("{} does not read: plan again", file.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {}", file.display())),
        }
    }

    /// A plan is used once: what it was made for is not there afterwards.
    pub fn remove(folder: &Path) {
        for file in [RECORD, PLAN] {
            let _ = fs::remove_file(folder.join(file));
        }
    }

    /// Whether it may be applied, else why not.
    pub fn check(&self, session: &Session, tenant: &Tenant, destroy: bool) -> Result<()> {
        const REPLAN: &str = "or `apply --replan`, which plans each anew and applies it unseen";
        let Some(plan) = &self.plan else {
            bail!(
                "the last plan of {tenant} is {}: run `plan` again, {REPLAN}",
                self.outcome.as_str()
            );
        };
        ensure!(
            self.destroy == destroy,
            "{}",
            if self.destroy {
                format!(
                    "the saved plan of {tenant} destroys all: apply it with --destroy, or run `plan` again"
                )
            } else {
                format!(
                    "the saved plan of {tenant} is not one that destroys: run `plan --destroy --tenant {tenant}` first"
                )
            }
        );
        let root = session.root_of(tenant)?;
        ensure!(
            self.root.digest == root.digest,
            "the plan of {tenant} is older than the root: it was made at {} of {}, and now there is {}. Run `plan` again, {REPLAN}",
            self.at,
            sha256::short(&self.root.digest),
            sha256::short(&root.digest)
        );
        ensure!(
            hash(&session.folder_of(tenant).join(PLAN)).is_ok_and(|found| found == *plan),
            "the plan file of {tenant} is not the one that was saved: run `plan` again, {REPLAN}"
        );
        Ok(())
    }
}
