//! `object-store`: signs URLs, and reads and writes structured inputs and outputs.

use super::{Component, ComponentName};
use crate::permissions::{Capability, Profile};

pub(super) const OBJECT_STORE: Component = Component {
    name: ComponentName("object-store"),
    summary: "signs URLs, and reads and writes structured inputs and outputs",
    profile: Some(Profile::Admin),
    capabilities: &[
        Capability::ReadObjects,
        Capability::WriteObjects,
        Capability::SignUrls,
    ],
    workload: None,
};
