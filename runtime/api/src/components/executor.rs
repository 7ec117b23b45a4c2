//! `executor`: runs tasks: reconciles TaskAction resources to pods.

use super::{Component, ComponentName};
use crate::permissions::{Capability, Profile};

pub(super) const EXECUTOR: Component = Component {
    name: ComponentName("executor"),
    summary: "runs tasks: reconciles TaskAction resources to pods",
    profile: Some(Profile::Admin),
    capabilities: &[Capability::ReadObjects, Capability::WriteObjects],
    workload: None,
};
