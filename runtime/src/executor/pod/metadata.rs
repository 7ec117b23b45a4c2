//! Name, labels, annotations and owner of a pod.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::{Attempt, BuildError, secrets};
use crate::executor::template::{Partition, TaskKind};

/// On every pod of an executor, with the value `true`.
pub(super) const MANAGED_LABEL: &str = "flyte.org/managed";
/// The container that the task is.
pub const PRIMARY_CONTAINER_ANNOTATION: &str = "primary_container_name";

/// An autoscaler must not take a task's node away to save one: the attempt would be lost.
const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";
/// What `kubectl apply` leaves on a resource; it is large, and means nothing on a pod.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Parts of a divided GPU that a pod uses, for those who account for them.
const PARTITION_SLICES: &str = "platform.union.ai/gpu-partition-slices";

pub(super) fn of_pod(
    attempt: &Attempt<'_>,
    name: &str,
    primary: &str,
) -> Result<ObjectMeta, BuildError> {
    let secrets = secrets::annotations(&attempt.template.secrets)?;
    Ok(ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(attempt.action.namespace.clone()),
        labels: Some(labels(attempt, !secrets.is_empty())),
        annotations: Some(annotations(attempt, primary, secrets)),
        owner_references: Some(vec![owner(attempt)]),
        ..ObjectMeta::default()
    })
}

/// What is made for an action goes with it.
pub(super) fn owner(attempt: &Attempt<'_>) -> OwnerReference {
    OwnerReference {
        api_version: "flyte.org/v1".to_owned(),
        kind: "TaskAction".to_owned(),
        name: attempt.action.name.clone(),
        uid: attempt.action.uid.clone(),
        controller: Some(true),
        block_owner_deletion: None,
    }
}

/// Later ones go before earlier ones, so that nothing that a user writes takes a pod out of the executor's sight.
fn labels(attempt: &Attempt<'_>, has_secrets: bool) -> BTreeMap<String, String> {
    let action = attempt.action;
    let mut labels: BTreeMap<String, String> = attempt
        .settings
        .executor
        .tasks
        .labels
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .collect();
    if let TaskKind::Pod(task) = &attempt.template.kind {
        labels.extend(task.labels.clone());
    }
    labels.extend(action.labels.clone());
    if let Some(slices) = partition_slices(attempt) {
        labels.insert(PARTITION_SLICES.to_owned(), slices);
    }
    let number = attempt.number.to_string();
    let ours = [
        (MANAGED_LABEL, "true"),
        ("organization", action.id.organization.as_str()),
        ("project", action.id.project.as_str()),
        ("domain", action.id.domain.as_str()),
        ("run", action.id.run.as_str()),
        ("action", action.id.action.as_str()),
        ("attempt", &number),
    ];
    labels.extend(ours.map(|(key, value)| (key.to_owned(), value.to_owned())));
    if let Some(task) = label_value(&attempt.template.task.name) {
        labels.insert("task-name".to_owned(), task);
    }
    if has_secrets {
        labels.insert(secrets::INJECT_LABEL.to_owned(), "true".to_owned());
    }
    labels
}

fn annotations(
    attempt: &Attempt<'_>,
    primary: &str,
    secrets: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut annotations = BTreeMap::from([(SAFE_TO_EVICT.to_owned(), "false".to_owned())]);
    annotations.extend(attempt.settings.executor.tasks.annotations.clone());
    if let TaskKind::Pod(task) = &attempt.template.kind {
        annotations.extend(task.annotations.clone());
    }
    annotations.extend(attempt.action.annotations.clone());
    annotations.remove(LAST_APPLIED);
    // Only the template's own secrets are put into the pod, whatever annotations came with the action.
    annotations.retain(|key, _| !key.starts_with(secrets::ANNOTATION_PREFIX));
    annotations.extend(secrets);
    annotations.insert(PRIMARY_CONTAINER_ANNOTATION.to_owned(), primary.to_owned());
    annotations
}

/// `3` of the size `3g.20gb`.
fn partition_slices(attempt: &Attempt<'_>) -> Option<String> {
    let Some(Partition::Part(size)) = &attempt.template.accelerator.as_ref()?.partition else {
        return None;
    };
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let (slices, memory) = size.split_once("g.")?;
    let memory = memory.strip_suffix("gb")?;
    (digits(slices) && digits(memory)).then(|| slices.to_owned())
}

/// As much of a name as a label may hold.
fn label_value(name: &str) -> Option<String> {
    let allowed: String = name
        .chars()
        .take(63)
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' => c,
            _ => '-',
        })
        .collect();
    let trimmed = allowed.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_to_what_a_label_holds() {
        assert_eq!(
            label_value("env.train_all").as_deref(),
            Some("env.train_all")
        );
        assert_eq!(label_value("naïve task!").as_deref(), Some("na-ve-task"));
        let long = format!("{}.{}", "a".repeat(62), "b".repeat(9));
        assert_eq!(label_value(&long).unwrap(), "a".repeat(62));
        assert_eq!(label_value("!!"), None);
    }
}
