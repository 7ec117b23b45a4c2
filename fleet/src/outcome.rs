//! How it went with a tenant, and what it is called in summary and journal.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{summary::Change, tenants::Tenant, waves::End};

#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing differs.
    Unchanged,
    /// The plan has changes.
    Changed,
    /// Something was changed outside of Terraform, and nothing is planned.
    Drifted,
    Applied,
    /// The plan deletes or replaces what is protected.
    Refused,
    Failed,
    Interrupted,
    /// Its turn never came.
    NotStarted,
    /// In the journal only: an apply has begun.
    Started,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
            Self::Drifted => "drifted",
            Self::Applied => "applied",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::NotStarted => "not started",
            Self::Started => "started",
        }
    }

    /// Whether the tenant is as it is wanted, or was looked at without harm.
    pub fn is_well(self) -> bool {
        matches!(
            self,
            Self::Unchanged | Self::Changed | Self::Drifted | Self::Applied
        )
    }

    /// Whether there is something to do.
    pub fn differs(self) -> bool {
        matches!(self, Self::Changed | Self::Drifted)
    }
}

/// A tenant's line of the summary.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub tenant: Tenant,
    pub wave: String,
    pub outcome: Outcome,
    pub changes: Vec<Change>,
    /// Outputs of the root that change.
    pub outputs: usize,
    /// What was changed outside of Terraform.
    pub drift: Vec<Change>,
    /// Addresses of what is protected and would go.
    pub refused: Vec<String>,
    /// The types of all resources that the plan knows.
    #[serde(skip)]
    pub types: BTreeSet<String>,
    pub error: Option<String>,
    pub seconds: u64,
    /// The cloud had too many calls.
    pub throttled: bool,
}

impl Report {
    pub fn new(tenant: &Tenant, wave: &str, outcome: Outcome) -> Self {
        Self {
            tenant: tenant.clone(),
            wave: wave.to_owned(),
            outcome,
            changes: Vec::new(),
            outputs: 0,
            drift: Vec::new(),
            refused: Vec::new(),
            types: BTreeSet::new(),
            error: None,
            seconds: 0,
            throttled: false,
        }
    }

    /// What it means for the schedule.
    pub fn end(&self) -> End {
        match self.outcome {
            outcome if outcome.is_well() => End::Well,
            Outcome::Failed if self.throttled => End::Throttled,
            _ => End::Failed,
        }
    }
}
