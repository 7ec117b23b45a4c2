//! A disruption budget for a component with more than one pod.

use k8s_openapi::{
    api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec},
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use super::{Object, Running, object};
use crate::{OperatorConfig, labels};

/// For a single pod there is none: it would only stop nodes from being drained.
pub(super) fn budget(config: &OperatorConfig, component: &Running<'_>) -> Option<Object> {
    (component.settings.replicas.get() > 1).then(|| {
        Object::of(&PodDisruptionBudget {
            metadata: object::meta(config, Some(component.name()), component.name()),
            spec: Some(PodDisruptionBudgetSpec {
                max_unavailable: Some(IntOrString::Int(1)),
                selector: Some(LabelSelector {
                    match_labels: Some(labels::selector(&config.name, component.name())),
                    ..LabelSelector::default()
                }),
                ..PodDisruptionBudgetSpec::default()
            }),
            ..PodDisruptionBudget::default()
        })
    })
}
