//! A type per kind of name, each with its rule.

use std::{fmt, str::FromStr};

use crate::textual::Invalid;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $max:literal, $accepts:ident, $rule:literal, $pattern:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(String);

        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                if text.is_empty() || text.len() > $max || !$accepts(text) {
                    return Err(Invalid::new($what, text, concat!($rule, ", 1 to ", $max, " characters")));
                }
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }

        textual!($type, { "type": "string", "minLength": 1, "maxLength": $max, "pattern": $pattern });
    };
}

name!(
    /// A Kubernetes namespace.
    Namespace, "a namespace", 63, is_label,
    "lower-case letters, digits and `-`, beginning and ending with a letter or digit", "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
);
name!(
    /// A Kubernetes service account.
    ServiceAccountName, "a service account name", 253, is_subdomain,
    "lower-case letters, digits, `-` and `.`, no wildcard, beginning and ending with a letter or digit",
    "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"
);
name!(
    /// A Kubernetes Secret.
    SecretName, "a secret name", 253, is_subdomain,
    "lower-case letters, digits, `-` and `.`, beginning and ending with a letter or digit",
    "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"
);
name!(
    /// One operator of a cluster: names its cluster-wide objects, so it is unique per namespace.
    OperatorName, "an operator name", 40, is_label,
    "lower-case letters, digits and `-`, beginning and ending with a letter or digit", "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
);
name!(
    /// What the control plane calls this cluster.
    ClusterName, "a cluster name", 63, is_label,
    "lower-case letters, digits and `-`, beginning and ending with a letter or digit", "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
);
name!(
    /// The organisation that owns the data plane: the first segment of the object layout.
    Organization, "an organization", 63, is_label,
    "lower-case letters, digits and `-`, beginning and ending with a letter or digit", "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
);
name!(
    /// A project.
    Project, "a project", 63, is_label,
    "lower-case letters, digits and `-`, beginning and ending with a letter or digit", "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
);
name!(
    /// A domain of a project: development, staging, production.
    Domain, "a domain", 63, is_label,
    "lower-case letters, digits and `-`, beginning and ending with a letter or digit", "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
);
name!(
    /// A run of a workflow, as `spec.runName` of a `TaskAction`.
    RunName, "a run name", 30, is_label,
    "lower-case letters, digits and `-`, beginning and ending with a letter or digit", "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
);
name!(
    /// An action of a run, as `spec.actionName` of a `TaskAction`.
    ActionName, "an action name", 30, is_label,
    "lower-case letters, digits and `-`, beginning and ending with a letter or digit", "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
);

impl Default for Namespace {
    /// The namespace that the reviewer's commands look into.
    fn default() -> Self {
        Self("union".to_owned())
    }
}

impl Default for OperatorName {
    /// One operator per cluster needs no name of its own.
    fn default() -> Self {
        Self("dataplane".to_owned())
    }
}

impl Namespace {
    /// The namespace of a workspace, `<project>-<domain>`.
    ///
    /// # Errors
    /// When the two together are longer than a namespace may be.
    pub fn of_workspace(project: &Project, domain: &Domain) -> Result<Self, Invalid> {
        format!("{project}-{domain}").parse()
    }
}

impl From<&'static str> for ServiceAccountName {
    /// For the names that are constants of this crate; `components::tests` parses every one of them.
    fn from(name: &'static str) -> Self {
        Self(name.to_owned())
    }
}

pub(crate) fn is_label(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(alphanumeric)
        && text.ends_with(alphanumeric)
        && text.chars().all(|c| alphanumeric(c) || c == '-')
}

pub(crate) fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_held_to_its_rule() {
        assert!("union".parse::<Namespace>().is_ok());
        for bad in ["", "Union", "-union", "union-", "uni.on", &"u".repeat(64)] {
            assert!(bad.parse::<Namespace>().is_err(), "{bad}");
        }
        assert!("operator.system".parse::<ServiceAccountName>().is_ok());
        let error = "team-*".parse::<ServiceAccountName>().unwrap_err();
        assert!(error.to_string().contains("no wildcard"), "{error}");
    }

    #[test]
    fn a_workspace_is_named_after_project_and_domain() {
        let namespace =
            Namespace::of_workspace(&"fraud".parse().unwrap(), &"staging".parse().unwrap())
                .unwrap();
        assert_eq!(namespace.as_str(), "fraud-staging");
        let long: Project = "p".repeat(60).parse().unwrap();
        assert!(Namespace::of_workspace(&long, &"staging".parse().unwrap()).is_err());
    }
}
