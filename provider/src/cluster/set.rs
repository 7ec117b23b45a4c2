//! The objects of one resource as a set: how they are marked, kept in state, found in a cluster, and in which order they go.

use std::collections::BTreeMap;

use framework::{Diagnostic, Result};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::{
    error::{Error, Optional},
    objects::{Kind, Object, ObjectRef, Objects},
    ownership::Marks,
    projection,
};

/// What picks our objects in lists.
pub const OURS: &str = "app.kubernetes.io/managed-by=dataplane";

/// How many calls to one API server are under way at once.
pub const CONCURRENT: usize = 8;

/// The state of a set: the canonical text of each object by `Kind/namespace/name`.
pub type Texts = BTreeMap<String, String>;

/// The rendered objects as they are applied: with our marks, without what only the cluster knows.
pub fn wanted(rendered: &[dataplane_api::manifests::Object], marks: &Marks) -> Vec<Object> {
    rendered
        .iter()
        .map(|object| projection::desired(&marks.put(Object(object.body.clone()))))
        .collect()
}

/// What state keeps of the objects.
pub fn texts(objects: &[Object]) -> Texts {
    objects
        .iter()
        .map(|object| (object.reference().key(), text(object)))
        .collect()
}

/// What state keeps of one object: never the content of a Secret.
pub fn text(object: &Object) -> String {
    let mut object = object.clone();
    if object.text("/kind") == "Secret"
        && let Some(members) = object.0.as_object_mut()
    {
        members.retain(|name, _| !matches!(name.as_str(), "data" | "stringData"));
    }
    projection::canonical(&object)
}

/// The objects that state keeps.
pub fn parsed(texts: &Texts) -> Result<Vec<Object>> {
    texts
        .iter()
        .map(|(key, text)| {
            serde_json::from_str::<Value>(text).map(Object).map_err(|error| {
                Diagnostic::error(
                    "the state is damaged",
                    format!("`objects[{key:?}]` in the state is not the JSON that this provider wrote: {error}"),
                )
                .into()
            })
        })
        .collect()
}

/// When an object is applied; removal goes backwards. What others refer to comes first: an API server checks that a role
/// exists, and grants no more than the caller has, when it is bound.
pub fn stage(kind: &Kind) -> u8 {
    match kind.kind.as_str() {
        "Namespace" => 0,
        "RoleBinding" | "ClusterRoleBinding" | "ValidatingAdmissionPolicyBinding" => 2,
        "Deployment" | "DaemonSet" | "StatefulSet" | "Job" | "CronJob" => 3,
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => 4,
        _ => 1,
    }
}

/// Objects that the cluster makes by itself: we add fields, and never delete them.
pub fn is_made_by_cluster(object: &ObjectRef) -> bool {
    object.kind.kind == "ServiceAccount" && object.name == "default"
}

/// The live objects of these names. Several of one kind and namespace are listed in one call.
pub async fn fetch(
    objects: &dyn Objects,
    names: &[ObjectRef],
) -> std::result::Result<BTreeMap<ObjectRef, Object>, Error> {
    let mut groups: BTreeMap<(&Kind, Option<&str>), Vec<&ObjectRef>> = BTreeMap::new();
    for name in names {
        groups
            .entry((&name.kind, name.namespace.as_deref()))
            .or_default()
            .push(name);
    }
    let calls: Vec<_> = groups
        .iter()
        .map(|((kind, namespace), names)| of_group(objects, kind, *namespace, names))
        .collect();
    let found: Vec<Vec<Object>> = stream::iter(calls)
        .buffer_unordered(CONCURRENT)
        .try_collect()
        .await?;
    Ok(found
        .into_iter()
        .flatten()
        .map(|object| (object.reference(), object))
        .collect())
}

async fn of_group(
    objects: &dyn Objects,
    kind: &Kind,
    namespace: Option<&str>,
    names: &[&ObjectRef],
) -> std::result::Result<Vec<Object>, Error> {
    let listed = match names.len() {
        1 => Vec::new(),
        _ => objects
            .list(kind, namespace, OURS)
            .await
            .optional()?
            .unwrap_or_default(),
    };
    let mut found = Vec::new();
    for name in names {
        match listed.iter().find(|live| live.name() == name.name) {
            Some(live) => found.push(live.clone()),
            // Not in the list may also mean that somebody took our label away.
            None => found.extend(objects.get(name).await.optional()?),
        }
    }
    Ok(found)
}

/// A look at the cluster.
pub struct Seen {
    /// What state shall keep: each object on the paths that it had, those that are gone left out.
    pub texts: Texts,
    /// The live objects.
    pub live: BTreeMap<ObjectRef, Object>,
}

/// Looks at the objects that state keeps.
pub async fn look(objects: &dyn Objects, texts: &Texts) -> Result<Seen> {
    let known = parsed(texts)?;
    let names: Vec<_> = known.iter().map(Object::reference).collect();
    let mut live = fetch(objects, &names).await?;
    // An object on its way out is as good as gone, or the plan would mend what nobody can.
    live.retain(|_, live| !live.is_deleting());
    let projected: Vec<Object> = known
        .iter()
        .filter_map(|known| Some(projection::project(known, live.get(&known.reference())?)))
        .collect();
    Ok(Seen {
        texts: self::texts(&projected),
        live,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_keeps_its_content_out_of_state() {
        let secret = Object(
            json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "a", "namespace": "b" }, "stringData": { "token": "hidden" } }),
        );
        let texts = texts(std::slice::from_ref(&secret));
        assert!(!texts["Secret/b/a"].contains("hidden"));
        assert_eq!(parsed(&texts).unwrap()[0].reference(), secret.reference());
    }

    #[test]
    fn damaged_state_is_an_error_with_the_key() {
        let error =
            parsed(&Texts::from([("ConfigMap/a/b".to_owned(), "{".to_owned())])).unwrap_err();
        assert!(format!("{error:?}").contains("ConfigMap/a/b"));
    }
}
