//! `secrets`: keeps users' secrets in the cloud's store and hands them to pods.

use super::{Component, ComponentName};
use crate::permissions::{Capability, Profile};

pub(super) const SECRETS: Component = Component {
    name: ComponentName("secrets"),
    summary: "keeps users' secrets in the cloud's store and hands them to pods",
    profile: Some(Profile::Admin),
    capabilities: &[Capability::ReadSecrets, Capability::WriteSecrets],
    workload: None,
};
