//! `logs`: serves the logs of running and finished tasks.

use super::{Component, ComponentName};
use crate::permissions::{Capability, Profile};

pub(super) const LOGS: Component = Component {
    name: ComponentName("logs"),
    summary: "serves the logs of running and finished tasks",
    profile: Some(Profile::Admin),
    capabilities: &[Capability::ReadLogs],
    workload: None,
};
