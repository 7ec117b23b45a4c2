//! Removing a set of objects: backwards, only what is ours, and never waiting for ever.

use framework::{
    Diagnostic, Result,
    wait::{self, Deadline, Poll, Stoppable},
};
use serde_json::json;

use super::{
    error::Optional,
    objects::{Kind, Object, ObjectRef, Objects},
    ownership::Marks,
    set::{self, Texts},
};

/// Deletes the objects that state keeps and waits until they are gone. What carries the marks of others stays.
pub async fn remove(
    stop: &impl Stoppable,
    deadline: Deadline,
    objects: &dyn Objects,
    marks: &Marks,
    texts: &Texts,
) -> Result<()> {
    let mut names: Vec<_> = set::parsed(texts)?.iter().map(Object::reference).collect();
    names.retain(|name| !set::is_made_by_cluster(name));
    names.sort_by_key(|name| std::cmp::Reverse(set::stage(&name.kind)));
    let live = set::fetch(objects, &names).await?;
    let mut leaving = Vec::new();
    for name in &names {
        let Some(live) = live.get(name) else { continue };
        if !marks.are_on(live) {
            tracing::warn!(object = %name, "left alone: it does not carry the marks of this resource any more");
            continue;
        }
        if !live.is_deleting() {
            objects.delete(name, live.uid()).await.optional()?;
        }
        leaving.push(name.clone());
    }
    gone(stop, deadline, objects, &leaving).await
}

/// Waits until none of these objects is there.
pub async fn gone(
    stop: &impl Stoppable,
    deadline: Deadline,
    objects: &dyn Objects,
    names: &[ObjectRef],
) -> Result<()> {
    wait::until(
        stop,
        deadline,
        "the deleted objects to be gone",
        || async move {
            let live = set::fetch(objects, names).await?;
            Ok(match live.values().find(|live| live.is_deleting()) {
                Some(leaving) => Poll::Pending(held(leaving)),
                // What is there and not being deleted was made anew by somebody else.
                None => Poll::Ready(()),
            })
        },
    )
    .await
}

/// Why an object is still there.
fn held(object: &Object) -> String {
    let conditions: Vec<&str> = object
        .items("/status/conditions")
        .iter()
        .filter(|condition| condition["status"] == "True")
        .filter_map(|condition| condition["message"].as_str())
        .collect();
    let mut reasons = vec![format!("{} is still being deleted", object.reference())];
    let finalizers = object.finalizers();
    if !finalizers.is_empty() {
        reasons.push(format!("its finalizers are {}", finalizers.join(", ")));
    }
    if !conditions.is_empty() {
        reasons.push(format!("the API server says: {}", conditions.join(" ")));
    }
    reasons.join("; ")
}

/// Takes the finalizers off what is being deleted: for when nothing runs any more that would.
pub async fn release(objects: &dyn Objects, names: &[ObjectRef]) -> Result<()> {
    for name in names {
        let Some(mut live) = objects.get(name).await.optional()? else {
            continue;
        };
        if live.is_deleting() && !live.finalizers().is_empty() {
            live.0["metadata"]["finalizers"] = json!([]);
            objects.replace(&live).await.optional()?;
        }
    }
    Ok(())
}

/// Kinds in which people keep things, looked at before a namespace is deleted.
const KEPT: &[(&str, &str)] = &[
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "PersistentVolumeClaim"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
];

/// Refuses to delete namespaces of this set that hold what it did not make, and says what that is.
pub async fn check_namespaces(objects: &dyn Objects, marks: &Marks, texts: &Texts) -> Result<()> {
    for namespace in set::parsed(texts)?
        .iter()
        .map(Object::reference)
        .filter(|name| name.kind.kind == "Namespace")
    {
        let mut others = Vec::new();
        for (api_version, kind) in KEPT {
            let found = objects
                .list(&Kind::new(api_version, kind), Some(&namespace.name), "")
                .await
                .optional()?;
            others.extend(
                found
                    .unwrap_or_default()
                    .iter()
                    .filter(|live| !marks.are_on(live) && !is_made_along(live))
                    .map(|live| live.reference().to_string()),
            );
        }
        if !others.is_empty() {
            let shown = others
                .iter()
                .take(5)
                .cloned()
                .collect::<Vec<_>>()
                .join(", ");
            let more = others.len().saturating_sub(5);
            let more = if more == 0 {
                String::new()
            } else {
                format!(" and {more} more")
            };
            return Err(Diagnostic::error(
                format!("the namespace {} holds objects that Terraform did not make", namespace.name),
                format!(
                    "Deleting it would delete {} of others with it: {shown}{more}. Nothing was deleted. Move them, delete them, or set \
                     `force_destroy = true`, apply, and destroy again.",
                    others.len()
                ),
            )
            .into());
        }
    }
    Ok(())
}

/// What a cluster puts into a namespace by itself, or what goes with its owner.
fn is_made_along(live: &Object) -> bool {
    let owned = !live.items("/metadata/ownerReferences").is_empty();
    owned
        || live.name() == "kube-root-ca.crt"
        || live.text("/type") == "kubernetes.io/service-account-token"
}
