//! The work in a cluster that a destroy must not cut off: `TaskAction`s, which only a running executor can end.

use std::{collections::BTreeMap, time::Duration};

use framework::{
    Diagnostic, Result,
    wait::{Deadline, Stoppable},
};

use super::{
    error::Optional,
    objects::{Kind, Object, ObjectRef, Objects},
    removal,
};

/// How long an executor may take to clean up: it needs seconds when it runs at all.
const EXECUTOR: Duration = Duration::from_mins(1);

/// The unfinished ones in these namespaces.
pub async fn unfinished(objects: &dyn Objects, namespaces: &[String]) -> Result<Vec<ObjectRef>> {
    Ok(all(objects, namespaces)
        .await?
        .iter()
        .filter(|action| !is_finished(action))
        .map(Object::reference)
        .collect())
}

async fn all(objects: &dyn Objects, namespaces: &[String]) -> Result<Vec<Object>> {
    if namespaces.is_empty() {
        return Ok(Vec::new());
    }
    let everywhere = namespaces.len() > 1;
    let namespace = if everywhere {
        None
    } else {
        namespaces.first().map(String::as_str)
    };
    let kind = Kind::new("flyte.org/v1", "TaskAction");
    // Without the definition there are none.
    let mut found = objects
        .list(&kind, namespace, "")
        .await
        .optional()?
        .unwrap_or_default();
    found.retain(|action| {
        namespaces
            .iter()
            .any(|namespace| action.text("/metadata/namespace") == namespace)
    });
    Ok(found)
}

fn is_finished(action: &Object) -> bool {
    action.items("/status/conditions").iter().any(|condition| {
        (condition["type"] == "Succeeded" || condition["type"] == "Failed")
            && condition["status"] == "True"
    })
}

/// The error for a destroy while there are unfinished ones.
pub fn refusal(what: &str, actions: &[ObjectRef]) -> Diagnostic {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for action in actions {
        *counts
            .entry(action.namespace.as_deref().unwrap_or_default())
            .or_default() += 1;
    }
    let places: Vec<String> = counts
        .iter()
        .map(|(namespace, count)| format!("{count} in {namespace}"))
        .collect();
    Diagnostic::error(
        format!(
            "{what} still has work: {} unfinished TaskActions",
            actions.len()
        ),
        format!(
            "There are {}. Nothing was deleted. Wait until they end or abort their runs (kubectl get taskactions -A shows them), or set \
             `force_destroy = true`, apply, and destroy again: then they are deleted and their runs fail.",
            places.join(", ")
        ),
    )
}

/// Deletes all of them, and waits for the executor to clean up after each. Where none does, their finalizers are taken off, so that
/// nothing is stuck for ever.
pub async fn abort(
    stop: &impl Stoppable,
    deadline: Deadline,
    objects: &dyn Objects,
    namespaces: &[String],
) -> Result<()> {
    let actions = all(objects, namespaces).await?;
    let mut names = Vec::new();
    for action in &actions {
        let name = action.reference();
        if !action.is_deleting() {
            objects.delete(&name, action.uid()).await.optional()?;
        }
        names.push(name);
    }
    let patience = Deadline::after(EXECUTOR.min(deadline.remaining() / 2));
    if let Err(late) = removal::gone(stop, patience, objects, &names).await {
        if stop.stopped().is_cancelled() {
            return Err(late);
        }
        tracing::warn!("nothing clears the finalizers of the TaskActions: taking them off");
        removal::release(objects, &names).await?;
    }
    Ok(())
}
