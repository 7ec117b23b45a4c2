//! `fluent-bit`: ships the logs of finished tasks to the cloud's log store.

use super::{Component, ComponentName};
use crate::permissions::{Capability, Profile};

pub(super) const FLUENT_BIT: Component = Component {
    name: ComponentName("fluent-bit"),
    summary: "ships the logs of finished tasks to the cloud's log store",
    profile: Some(Profile::LogWriter),
    capabilities: &[Capability::WriteLogs],
    workload: None,
};
