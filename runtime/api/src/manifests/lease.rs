//! The Lease by which the pods of a component agree on one of them.

use k8s_openapi::api::coordination::v1::Lease;

use super::{Object, Running, object};
use crate::OperatorConfig;

/// Made here, so that a pod needs no right to make any, and it goes with the rest. What holds it is the pods' own business.
pub(super) fn of_component(config: &OperatorConfig, component: &Running<'_>) -> Option<Object> {
    component.workload.one_leads.then(|| {
        Object::of(&Lease {
            metadata: object::meta(config, Some(component.name()), component.name()),
            spec: None,
        })
    })
}
