//! What can go wrong when the provider talks to a cluster, by meaning. The one place that reads status codes and reasons.

use std::fmt;

use super::objects::ObjectRef;

/// A failed call to a cluster.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The object is not there.
    #[error("{object} does not exist in the cluster at {host}")]
    NotFound {
        host: String,
        object: Box<ObjectRef>,
    },
    /// The API server does not know the caller.
    #[error(
        "the API server at {host} did not accept the credentials ({message}): the token has expired or belongs to another cluster; \
         renew the credentials of the `cluster` argument (for `eks`, check with `aws sts get-caller-identity` and the cluster's access entries) and run again"
    )]
    Unauthorized { host: String, message: String },
    /// The caller is known and may not do this.
    #[error(
        "not allowed to {verb} {object} in the cluster at {host}; grant the verb `{verb}` on the resource `{resource}` to the user that runs Terraform (the API server says: {message})"
    )]
    Forbidden {
        host: String,
        verb: Verb,
        resource: String,
        object: Box<ObjectRef>,
        message: String,
    },
    /// An admission rule, a quota or Pod Security turned the object down.
    #[error("{object} was refused by the cluster's admission: {message}")]
    Refused {
        object: Box<ObjectRef>,
        message: String,
    },
    /// Other field managers own fields that this apply sets.
    #[error("{object} has fields that others manage: {}", listed(.conflicts))]
    Conflict {
        object: Box<ObjectRef>,
        conflicts: Vec<FieldConflict>,
    },
    /// The object changed, or was made anew, between reading and writing.
    #[error("{object} changed while it was being written ({message}); run again")]
    Changed {
        object: Box<ObjectRef>,
        message: String,
    },
    /// The API server calls the object invalid.
    #[error("{object} is not valid: {message}")]
    Invalid {
        object: Box<ObjectRef>,
        message: String,
    },
    /// No resource of this kind is served.
    #[error(
        "the cluster at {host} does not serve {kind} ({api_version}); apply `dataplane_crds` first, or check the version of the cluster"
    )]
    NotServed {
        host: String,
        api_version: String,
        kind: String,
    },
    /// The namespace of the object is being deleted.
    #[error(
        "the namespace of {object} is being deleted; wait until `kubectl get namespace` no longer lists it and run again"
    )]
    Terminating { object: Box<ObjectRef> },
    /// Nothing answered, or not with a certificate that can be trusted.
    #[error("the API server at {host} cannot be reached from where Terraform runs: {reason}")]
    Unreachable { host: String, reason: String },
    /// The API server answered that it cannot answer now.
    #[error("the API server at {host} is not available ({code}: {message}); run again when it is")]
    Unavailable {
        host: String,
        code: u16,
        message: String,
    },
    /// The credential program, file or token is unusable.
    #[error("no credentials for the cluster at {host}: {reason}")]
    Credentials { host: String, reason: String },
    /// The cloud could not tell about the cluster.
    #[error(transparent)]
    Cloud(#[from] clouds::Error),
    /// The answer makes no sense.
    #[error("the API server at {host} gave an answer that cannot be used for {object}: {reason}")]
    Answer {
        host: String,
        object: Box<ObjectRef>,
        reason: String,
    },
}

/// A field that another manager owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldConflict {
    pub manager: String,
    pub field: String,
}

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    List,
    Patch,
    Update,
    Delete,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Patch => "patch",
            Self::Update => "update",
            Self::Delete => "delete",
        })
    }
}

impl Error {
    /// Whether the object, or the kind of it, is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::NotServed { .. })
    }

    /// Whether a later attempt may succeed without anyone doing something.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Unavailable { .. })
    }

    /// The meaning of an API server's `Status`.
    pub fn from_status(
        status: &kube::core::Status,
        host: &str,
        verb: Verb,
        object: &ObjectRef,
        resource: &str,
    ) -> Self {
        let message = one_line(&status.message);
        let object = Box::new(object.clone());
        let host = host.to_owned();
        let causes = status.details.iter().flat_map(|details| &details.causes);
        match status.code {
            401 => Self::Unauthorized { host, message },
            403 if causes
                .clone()
                .any(|cause| cause.reason == "NamespaceTerminating") =>
            {
                Self::Terminating { object }
            }
            // RBAC always words it like this; what is left of 403 comes from admission.
            403 if message.contains(" cannot ") && message.contains("is forbidden: User ") => {
                Self::Forbidden {
                    host,
                    verb,
                    resource: resource.to_owned(),
                    object,
                    message,
                }
            }
            403 => Self::Refused { object, message },
            // What is written into a namespace that does not exist is not what is missing.
            404 => Self::NotFound {
                object: missing_namespace(status, &object).unwrap_or(object),
                host,
            },
            409 => {
                let conflicts: Vec<_> = causes
                    .filter(|cause| cause.reason == "FieldManagerConflict")
                    .map(|cause| FieldConflict {
                        manager: quoted(&cause.message),
                        field: cause.field.clone(),
                    })
                    .collect();
                if conflicts.is_empty() {
                    Self::Changed { object, message }
                } else {
                    Self::Conflict { object, conflicts }
                }
            }
            429 | 500..=599 => Self::Unavailable {
                host,
                code: status.code,
                message,
            },
            _ => Self::Invalid { object, message },
        }
    }
}

/// The object's namespace, when the API server says that it is what does not exist.
fn missing_namespace(status: &kube::core::Status, object: &ObjectRef) -> Option<Box<ObjectRef>> {
    let details = status.details.as_ref()?;
    let namespace = object.namespace.as_ref()?;
    (details.kind == "namespaces" && details.name == *namespace)
        .then(|| Box::new(ObjectRef::namespace(namespace)))
}

/// The first quoted word of `conflict with "kubectl" using apps/v1`.
fn quoted(message: &str) -> String {
    message.split('"').nth(1).unwrap_or(message).to_owned()
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn listed(conflicts: &[FieldConflict]) -> String {
    conflicts
        .iter()
        .map(|conflict| format!("`{}` by \"{}\"", conflict.field, conflict.manager))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Turns "not there" into `None`, in one place.
pub trait Optional<T> {
    fn optional(self) -> Result<Option<T>, Error>;
}

impl<T> Optional<T> for Result<T, Error> {
    fn optional(self) -> Result<Option<T>, Error> {
        match self {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(status: serde_json::Value) -> Error {
        let status: kube::core::Status = serde_json::from_value(status).unwrap();
        let object = ObjectRef::new("apps/v1", "Deployment", Some("union"), "executor");
        Error::from_status(
            &status,
            "https://k8s.example",
            Verb::Patch,
            &object,
            "deployments.apps",
        )
    }

    #[test]
    fn a_conflict_names_managers_and_fields() {
        let error = meaning(serde_json::json!({
            "code": 409, "reason": "Conflict", "message": "Apply failed with 1 conflict",
            "details": { "causes": [{ "reason": "FieldManagerConflict", "field": ".spec.replicas", "message": "conflict with \"kubectl\" using apps/v1" }] }
        }));
        assert_eq!(
            error.to_string(),
            "Deployment union/executor has fields that others manage: `.spec.replicas` by \"kubectl\""
        );
    }

    #[test]
    fn a_missing_permission_names_verb_and_resource() {
        let error = meaning(serde_json::json!({
            "code": 403, "reason": "Forbidden",
            "message": "deployments.apps \"executor\" is forbidden: User \"ci\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"union\""
        }));
        assert!(
            matches!(
                error,
                Error::Forbidden {
                    verb: Verb::Patch,
                    ..
                }
            ),
            "{error:?}"
        );
        assert!(
            error
                .to_string()
                .contains("grant the verb `patch` on the resource `deployments.apps`")
        );
    }

    #[test]
    fn pod_security_is_not_a_missing_permission() {
        let error = meaning(serde_json::json!({
            "code": 403, "reason": "Forbidden", "message": "pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": privileged"
        }));
        assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    }

    #[test]
    fn a_missing_namespace_is_not_a_missing_object() {
        let error = meaning(serde_json::json!({
            "code": 404, "reason": "NotFound", "message": "namespaces \"union\" not found", "details": { "name": "union", "kind": "namespaces" }
        }));
        assert!(
            error
                .to_string()
                .starts_with("Namespace union does not exist"),
            "{error}"
        );
    }

    #[test]
    fn a_stale_version_is_not_a_field_conflict() {
        let error = meaning(
            serde_json::json!({ "code": 409, "reason": "Conflict", "message": "the object has been modified" }),
        );
        assert!(matches!(error, Error::Changed { .. }), "{error:?}");
    }
}
