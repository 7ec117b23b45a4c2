//! Which nodes a pod may run on.

use std::collections::BTreeSet;

use dataplane_api::config::{TaskDefaults, Toleration as Tolerated};
use k8s_openapi::api::core::v1::{
    Affinity, NodeAffinity, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Toleration,
};

use super::Attempt;
use crate::executor::template::{Accelerator, Partition};

/// Puts the settings' nodes around what the template asks for; the template's own selector goes before the default one.
pub(super) fn place(spec: &mut PodSpec, attempt: &Attempt<'_>) {
    let TaskDefaults {
        node_selector,
        tolerations,
        interruptible_node_selector,
        interruptible_tolerations,
        ..
    } = &attempt.settings.executor.tasks;
    let mut selector = spec.node_selector.take().unwrap_or_default();
    for (key, value) in node_selector {
        selector
            .entry(key.to_string())
            .or_insert_with(|| value.to_string());
    }
    if attempt.interruptible {
        for (key, value) in interruptible_node_selector {
            selector.insert(key.to_string(), value.to_string());
        }
        for tolerated in interruptible_tolerations {
            tolerate(spec, toleration(tolerated));
        }
    }
    for tolerated in tolerations {
        tolerate(spec, toleration(tolerated));
    }
    spec.node_selector = (!selector.is_empty()).then_some(selector);
    if let Some(accelerator) = &attempt.template.accelerator {
        let cloud = attempt.settings.storage.metadata.cloud();
        if asks_for(spec, accelerator.resource()) {
            place_on_device(spec, accelerator, cloud);
        }
    }
    // Nodes with devices are commonly tainted with the device's name, so that only those who need it come.
    let mut devices = devices(spec);
    for toleration in spec.tolerations.iter().flatten() {
        if let Some(key) = &toleration.key
            && *toleration == any_taint_of(key.clone())
        {
            devices.remove(key);
        }
    }
    if !devices.is_empty() {
        let tolerations = spec.tolerations.get_or_insert_default();
        tolerations.extend(devices.into_iter().map(any_taint_of));
    }
}

fn any_taint_of(device: String) -> Toleration {
    Toleration {
        key: Some(device),
        operator: Some("Exists".to_owned()),
        effect: Some("NoSchedule".to_owned()),
        ..Toleration::default()
    }
}

fn place_on_device(
    spec: &mut PodSpec,
    accelerator: &Accelerator,
    cloud: dataplane_api::identity::Cloud,
) {
    if !accelerator.device.is_empty() {
        let label = accelerator.device_label(cloud);
        require(spec, &one_of(label, &accelerator.device));
        tolerate(spec, tainted(label, &accelerator.device));
    }
    let label = accelerator.partition_label(cloud);
    match &accelerator.partition {
        Some(Partition::Whole) => require(
            spec,
            &NodeSelectorRequirement {
                key: label.to_owned(),
                operator: "DoesNotExist".to_owned(),
                values: None,
            },
        ),
        Some(Partition::Part(size)) => {
            require(spec, &one_of(label, size));
            tolerate(spec, tainted(label, size));
        }
        None => {}
    }
}

/// Adds a requirement to each of the alternatives, since nodes need to satisfy only one of them.
fn require(spec: &mut PodSpec, requirement: &NodeSelectorRequirement) {
    let terms = &mut spec
        .affinity
        .get_or_insert_with(Affinity::default)
        .node_affinity
        .get_or_insert_with(NodeAffinity::default)
        .required_during_scheduling_ignored_during_execution
        .get_or_insert_default()
        .node_selector_terms;
    if terms.is_empty() {
        terms.push(NodeSelectorTerm::default());
    }
    for term in terms {
        let expressions = term.match_expressions.get_or_insert_default();
        if !expressions.contains(requirement) {
            expressions.push(requirement.clone());
        }
    }
}

fn one_of(label: &str, value: &str) -> NodeSelectorRequirement {
    NodeSelectorRequirement {
        key: label.to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![value.to_owned()]),
    }
}

fn tainted(label: &str, value: &str) -> Toleration {
    Toleration {
        key: Some(label.to_owned()),
        operator: Some("Equal".to_owned()),
        value: Some(value.to_owned()),
        effect: Some("NoSchedule".to_owned()),
        toleration_seconds: None,
    }
}

fn toleration(tolerated: &Tolerated) -> Toleration {
    let Tolerated { key, value, effect } = tolerated;
    Toleration {
        key: Some(key.to_string()),
        operator: Some(if value.is_some() { "Equal" } else { "Exists" }.to_owned()),
        value: value.as_ref().map(ToString::to_string),
        effect: effect.map(|effect| effect.as_str().to_owned()),
        toleration_seconds: None,
    }
}

fn tolerate(spec: &mut PodSpec, toleration: Toleration) {
    let tolerations = spec.tolerations.get_or_insert_default();
    if !tolerations.contains(&toleration) {
        tolerations.push(toleration);
    }
}

fn asks_for(spec: &PodSpec, resource: &str) -> bool {
    limits(spec).any(|name| name == resource)
}

/// Devices that containers ask for: resources of a vendor's name.
fn devices(spec: &PodSpec) -> BTreeSet<String> {
    limits(spec)
        .filter(|name| name.contains('/') && !name.contains("kubernetes.io/"))
        .cloned()
        .collect()
}

fn limits(spec: &PodSpec) -> impl Iterator<Item = &String> {
    spec.containers
        .iter()
        .chain(spec.init_containers.iter().flatten())
        .filter_map(|container| container.resources.as_ref()?.limits.as_ref())
        .flat_map(|limits| limits.keys())
}
