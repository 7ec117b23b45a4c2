//! `image-builder`: builds images in the cluster and pushes them to the customer's registry.

use super::{Component, ComponentName};
use crate::permissions::{Capability, Profile};

pub(super) const IMAGE_BUILDER: Component = Component {
    name: ComponentName("image-builder"),
    summary: "builds images in the cluster and pushes them to the customer's registry",
    profile: Some(Profile::Builder),
    capabilities: &[Capability::PushImages],
    workload: None,
};
