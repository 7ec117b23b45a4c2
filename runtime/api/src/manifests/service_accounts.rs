//! A service account per component that runs, and per component whose cloud role is configured.

use k8s_openapi::{api::core::v1::ServiceAccount, apimachinery::pkg::apis::meta::v1::ObjectMeta};

use super::{Object, object};
use crate::{
    OperatorConfig,
    components::{COMPONENTS, Component},
    identity::Identity,
};

pub(super) fn all(config: &OperatorConfig) -> Vec<Object> {
    COMPONENTS
        .iter()
        .filter_map(|component| {
            let identity = component.identity(&config.roles);
            let runs = component
                .workload
                .as_ref()
                .is_some_and(|workload| (workload.settings)(config).is_some());
            (runs || identity.is_some()).then(|| of_component(config, component, identity))
        })
        .collect()
}

fn of_component(
    config: &OperatorConfig,
    component: &Component,
    identity: Option<&Identity>,
) -> Object {
    let metadata = object::meta(
        config,
        Some(component.name.as_str()),
        component.name.as_str(),
    );
    Object::of(&with_identity(metadata, identity))
}

/// Pods ask for a token of the API where they need one, so none is mounted by default.
pub(super) fn with_identity(metadata: ObjectMeta, identity: Option<&Identity>) -> ServiceAccount {
    let annotations = identity
        .map(Identity::service_account_annotations)
        .filter(|annotations| !annotations.is_empty());
    ServiceAccount {
        metadata: ObjectMeta {
            annotations,
            ..metadata
        },
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}
