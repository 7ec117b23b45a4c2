//! `service_accounts`: the service accounts that each role must trust, known before there is an operator.

use dataplane_api::{
    components::{COMPONENTS, ComponentName},
    names::Namespace,
    permissions::Profile,
    subjects,
};
use framework::{Function, FunctionError, Model, Set, Text, Value};

/// The function.
pub struct ServiceAccounts;

/// Arguments.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct Arguments {
    /// Namespace of the operator.
    #[attr(required)]
    pub namespace: Value<Text<Namespace>>,
    /// Names of the components whose service accounts are wanted; all of them when it is empty.
    #[attr(required)]
    pub components: Value<Vec<String>>,
}

/// The service accounts by the profile of their role.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct ByProfile {
    /// Those of the platform services.
    #[attr(computed)]
    pub admin: Value<Set<SubjectModel>>,
    /// Those of the image builder.
    #[attr(computed)]
    pub builder: Value<Set<SubjectModel>>,
    /// Those of the log shipper.
    #[attr(computed)]
    pub log_writer: Value<Set<SubjectModel>>,
}

/// A service account.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct SubjectModel {
    /// Its namespace.
    #[attr(computed)]
    pub namespace: Value<String>,
    /// Its name.
    #[attr(computed)]
    pub service_account: Value<String>,
}

impl Function for ServiceAccounts {
    const NAME: &'static str = "service_accounts";
    const SUMMARY: &'static str =
        "The service accounts of an operator's components, by the role that they need";
    const DESCRIPTION: &'static str = "Yields the service accounts of these components in this namespace as an object with the attributes `admin`, `builder` and \
        `log_writer`, each a set for the `subjects` of a `dataplane_role` of that profile, so that roles can be made before the operator. \
        Components without a role in the cloud are in none of them. The user role has its subjects in the workspaces: the service account `default` of each.";
    type Arguments = Arguments;
    type Output = ByProfile;

    fn call(&self, arguments: Arguments) -> Result<ByProfile, FunctionError> {
        let namespace = arguments
            .namespace
            .known()
            .ok_or_else(|| FunctionError::argument(0, "the namespace is null"))?;
        let mut wanted = Vec::new();
        for name in arguments.components.known().into_iter().flatten() {
            let name: ComponentName = name.parse().map_err(|error: dataplane_api::Invalid| {
                FunctionError::argument(1, error.to_string())
            })?;
            wanted.push(name);
        }
        let of = |profile: Profile| -> Value<Set<SubjectModel>> {
            let components: Vec<ComponentName> = COMPONENTS
                .iter()
                .filter(|component| {
                    component.profile == Some(profile)
                        && (wanted.is_empty() || wanted.contains(&component.name))
                })
                .map(|component| component.name)
                .collect();
            let subjects = subjects::service_accounts(namespace, &components);
            let models = subjects.into_iter().map(|subject| SubjectModel {
                namespace: subject.namespace.to_string().into(),
                service_account: subject.service_account.to_string().into(),
            });
            Value::Known(models.collect())
        };
        Ok(ByProfile {
            admin: of(Profile::Admin),
            builder: of(Profile::Builder),
            log_writer: of(Profile::LogWriter),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(subjects: &Value<Set<SubjectModel>>) -> Vec<String> {
        subjects
            .known()
            .unwrap()
            .iter()
            .map(|subject| subject.service_account.known().unwrap().clone())
            .collect()
    }

    fn call(components: &[&str]) -> Result<ByProfile, FunctionError> {
        ServiceAccounts.call(Arguments {
            namespace: Value::Known("union".parse().unwrap()),
            components: components
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
                .into(),
        })
    }

    #[test]
    fn each_role_trusts_what_needs_it() {
        let all = call(&[]).unwrap();
        assert_eq!(
            names(&all.admin),
            ["executor", "object-store", "logs", "secrets"]
        );
        assert_eq!(names(&all.builder), ["image-builder"]);
        let some = call(&["operator", "logs"]).unwrap();
        assert_eq!(names(&some.admin), ["logs"]);
        assert!(names(&some.builder).is_empty());
    }

    #[test]
    fn an_unknown_component_is_answered_with_the_known() {
        let error = call(&["exekutor"]).unwrap_err();
        assert_eq!(error.argument, Some(1));
        assert!(error.text.contains("executor"), "{}", error.text);
    }
}
