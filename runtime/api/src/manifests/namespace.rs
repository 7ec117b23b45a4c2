//! The operator's namespace with its Pod Security level.

use k8s_openapi::{api::core::v1::Namespace, apimachinery::pkg::apis::meta::v1::ObjectMeta};

use super::{Object, object, workspace::PodSecurity};
use crate::OperatorConfig;

pub(super) fn of_operator(config: &OperatorConfig) -> Option<Object> {
    config.create_namespace.then(|| {
        let metadata = ObjectMeta {
            namespace: None,
            ..object::meta(config, None, config.namespace.to_string())
        };
        with_level(metadata, PodSecurity::Restricted)
    })
}

/// Pods beyond `level` are refused; those beyond "restricted" are named in warnings and audit records.
pub(super) fn with_level(mut metadata: ObjectMeta, level: PodSecurity) -> Object {
    let labels = metadata.labels.get_or_insert_default();
    for (mode, level) in [
        ("enforce", level),
        ("audit", PodSecurity::Restricted),
        ("warn", PodSecurity::Restricted),
    ] {
        labels.insert(
            format!("pod-security.kubernetes.io/{mode}"),
            level.as_str().to_owned(),
        );
        labels.insert(
            format!("pod-security.kubernetes.io/{mode}-version"),
            "latest".to_owned(),
        );
    }
    Object::of(&Namespace {
        metadata,
        ..Namespace::default()
    })
}
