//! The service accounts that a role's trust policy names.

use std::fmt;

use crate::{
    components::{COMPONENTS, ComponentName},
    names::{Namespace, ServiceAccountName},
    permissions::Profile,
};

/// A service account of a namespace. It can't hold a wildcard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Its namespace.
    pub namespace: Namespace,
    /// Its name.
    pub service_account: ServiceAccountName,
}

impl fmt::Display for Subject {
    /// The `sub` claim of the service account's tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "system:serviceaccount:{}:{}",
            self.namespace, self.service_account
        )
    }
}

/// The service accounts of `components` in `namespace`, so that roles can be made before the operator.
pub fn service_accounts(namespace: &Namespace, components: &[ComponentName]) -> Vec<Subject> {
    components
        .iter()
        .map(|component| Subject {
            namespace: namespace.clone(),
            service_account: component.service_account(),
        })
        .collect()
}

/// The service accounts of the operator's namespace that have the role `profile`; none for `user`, whose pods are in
/// the workspaces (see [`workspace`]).
pub fn of_profile(namespace: &Namespace, profile: Profile) -> Vec<Subject> {
    let components: Vec<ComponentName> = COMPONENTS
        .iter()
        .filter(|component| component.profile == Some(profile))
        .map(|component| component.name)
        .collect();
    service_accounts(namespace, &components)
}

/// The service account under which the tasks of a workspace run.
pub fn workspace(namespace: &Namespace) -> Subject {
    Subject {
        namespace: namespace.clone(),
        service_account: "default".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_admin_roles_subjects_are_the_platform_services() {
        let subjects: Vec<String> = of_profile(&Namespace::default(), Profile::Admin)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            subjects,
            [
                "system:serviceaccount:union:executor",
                "system:serviceaccount:union:object-store",
                "system:serviceaccount:union:logs",
                "system:serviceaccount:union:secrets",
            ]
        );
        assert!(of_profile(&Namespace::default(), Profile::User).is_empty());
    }
}
