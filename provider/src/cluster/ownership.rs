//! The marks on objects in a cluster: whose they are, as what they were made, and whether that is still going on.

use super::objects::{Object, ObjectRef};

/// Annotation: the provider's `owner`.
const OWNER: &str = "dataplane.dev/owner";
/// Annotation: type and name of the resource that made the object.
const RESOURCE: &str = "dataplane.dev/resource";
/// Annotation of the first object of a resource while its create goes on.
const CREATING: &str = "dataplane.dev/creating";

/// The marks of one resource's objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    owner: String,
    resource: String,
}

/// What an object that exists already is to a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Made by this resource.
    Ours,
    /// Made by this resource in a create that did not end.
    HalfMade,
    /// Somebody else's, with whatever its marks say.
    Foreign(String),
}

impl Marks {
    /// `resource` is the type and the name: `dataplane_operator/union/dataplane`.
    pub fn new(owner: &impl ToString, resource: &str) -> Self {
        Self {
            owner: owner.to_string(),
            resource: resource.to_owned(),
        }
    }

    /// The object with our marks.
    pub fn put(&self, mut object: Object) -> Object {
        object.annotate(OWNER, &self.owner);
        object.annotate(RESOURCE, &self.resource);
        object
    }

    /// The object with our marks and the one of a create that goes on.
    pub fn put_creating(&self, object: &Object) -> Object {
        let mut object = self.put(object.clone());
        object.annotate(CREATING, "true");
        object
    }

    /// Whose an object is.
    pub fn standing(&self, live: &Object) -> Standing {
        match (live.annotation(OWNER), live.annotation(RESOURCE)) {
            (Some(owner), Some(resource)) if owner == self.owner && resource == self.resource => {
                if live.annotation(CREATING).is_some() {
                    Standing::HalfMade
                } else {
                    Standing::Ours
                }
            }
            (Some(owner), resource) => Standing::Foreign(format!(
                "it belongs to the owner {owner:?} ({})",
                resource.unwrap_or("of no known resource")
            )),
            (None, _) => Standing::Foreign(match live.label("app.kubernetes.io/managed-by") {
                Some(manager) => format!(
                    "it was not made by this provider; its label says that it is managed by {manager:?}"
                ),
                None => "it was not made by this provider".to_owned(),
            }),
        }
    }

    pub fn are_on(&self, live: &Object) -> bool {
        !matches!(self.standing(live), Standing::Foreign(_))
    }
}

/// An object that is in the way of a create.
#[derive(Debug, thiserror::Error)]
#[error("{object} exists already: {whose}. {advice}")]
pub struct Taken {
    pub object: ObjectRef,
    pub whose: String,
    pub advice: String,
}

impl Taken {
    pub fn new(object: &ObjectRef, whose: String, import: &str) -> Self {
        let advice = if object.kind.kind == "Namespace" {
            format!(
                "Nothing was changed. To run in a namespace that others made, set `create_namespace = false`; \
                 to have one of its own, choose another `namespace`. If it is this resource's, {import}"
            )
        } else {
            format!(
                "Nothing was changed. Choose another name, or delete it if nobody needs it. If it is this resource's, {import}"
            )
        };
        Self {
            object: object.clone(),
            whose,
            advice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_marks_tell_whose_an_object_is() {
        let marks = Marks::new(&"acme", "dataplane_operator/union/a");
        let bare = Object(
            json!({ "metadata": { "name": "x", "labels": { "app.kubernetes.io/managed-by": "Helm" } } }),
        );
        assert!(matches!(marks.standing(&bare), Standing::Foreign(why) if why.contains("Helm")));
        assert_eq!(marks.standing(&marks.put(bare.clone())), Standing::Ours);
        assert_eq!(
            marks.standing(&marks.put_creating(&bare)),
            Standing::HalfMade
        );
        let other = Marks::new(&"acme", "dataplane_operator/union/b");
        assert!(!other.are_on(&marks.put(bare)));
    }
}
