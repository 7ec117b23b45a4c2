//! `object_prefix`: the prefix of all objects of an organization, a project or a domain.

use dataplane_api::{
    Invalid, layout,
    names::{Domain, Organization, Project},
};
use framework::{Function, FunctionError, Model, Text, Value};

/// The function.
pub struct ObjectPrefix;

/// Arguments.
#[derive(Model, Clone, Debug, Default, PartialEq)]
pub struct Arguments {
    /// Organization that owns the data plane.
    #[attr(required)]
    pub organization: Value<Text<Organization>>,
    /// Project, and after it domain, to narrow the prefix down.
    #[attr(required, variadic)]
    pub within: Value<Vec<String>>,
}

impl Function for ObjectPrefix {
    const NAME: &'static str = "object_prefix";
    const SUMMARY: &'static str =
        "The prefix of all objects of an organization, a project or a domain";
    const DESCRIPTION: &'static str = "Yields `org/`, `org/project/` or `org/project/domain/`: the beginning of the keys of everything that is stored for it in the metadata bucket \
        (with the layout `spec`) and in the bucket for code bundles, for prefix conditions of policies and for lifecycle rules.";
    type Arguments = Arguments;
    type Output = String;

    fn call(&self, arguments: Arguments) -> Result<String, FunctionError> {
        let organization = arguments
            .organization
            .known()
            .ok_or_else(|| FunctionError::argument(0, "the organization is null"))?;
        let within = arguments
            .within
            .known()
            .map(Vec::as_slice)
            .unwrap_or_default();
        if within.len() > 2 {
            return Err(FunctionError::argument(
                3,
                "a prefix has an organization, a project and a domain at most",
            ));
        }
        let at = |position: usize| {
            move |error: Invalid| FunctionError::argument(position, error.to_string())
        };
        let project: Option<Project> = within
            .first()
            .map(|text| text.parse())
            .transpose()
            .map_err(at(1))?;
        let domain: Option<Domain> = within
            .get(1)
            .map(|text| text.parse())
            .transpose()
            .map_err(at(2))?;
        Ok(layout::object_prefix(
            organization,
            project.as_ref(),
            domain.as_ref(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(within: &[&str]) -> Result<String, FunctionError> {
        ObjectPrefix.call(Arguments {
            organization: Value::Known("acme".parse().unwrap()),
            within: within
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
                .into(),
        })
    }

    #[test]
    fn a_prefix_ends_with_a_slash() {
        assert_eq!(call(&[]).unwrap(), "acme/");
        assert_eq!(call(&["fraud"]).unwrap(), "acme/fraud/");
        assert_eq!(call(&["fraud", "staging"]).unwrap(), "acme/fraud/staging/");
    }

    #[test]
    fn what_is_wrong_is_the_argument_that_is() {
        assert_eq!(call(&["Fraud"]).unwrap_err().argument, Some(1));
        assert_eq!(call(&["fraud", "a/b"]).unwrap_err().argument, Some(2));
        assert_eq!(call(&["a", "b", "c"]).unwrap_err().argument, Some(3));
    }
}
