//! What the configured cloud does not take of an argument, said at the argument: in the plan, and once more before the first call.

use std::str::FromStr;

use clouds::{ParseError, Refusal, account::Region};
use framework::{Cty, Diagnostic, Diagnostics, Model, Result, Text, Value, path};

use crate::client::Client;

/// What is asked about in place of a name that only the apply tells.
pub const STAND_IN: &str = "not-known-yet";

/// The name, or while it is unknown a stand-in, so that the rest of its object is looked at in the plan.
pub fn named<T: FromStr<Err = ParseError> + Clone>(
    name: &Value<Text<T>>,
    stand_in: &str,
) -> Result<Value<Text<T>>> {
    Ok(match name {
        Value::Unknown => Value::Known(stand_in.parse()?),
        told => told.clone(),
    })
}

/// What a plan holds once its object was `checked`. Where both are refused, both are said.
pub fn along<T>(checked: Result<()>, planned: Result<T>) -> Result<T> {
    match (checked, planned) {
        (Ok(()), planned) => planned,
        (Err(said), Ok(_)) => Err(said),
        (Err(mut said), Err(more)) => {
            said.extend(more);
            Err(said)
        }
    }
}

/// An error at each argument that was refused. `renamed` are the fields of the capability's types that are another argument.
pub fn none(
    refused: impl IntoIterator<Item = Refusal>,
    renamed: &[(&str, &'static str)],
) -> Result<()> {
    // Two capabilities of a role may be refused for the same argument.
    let mut different: Vec<Refusal> = Vec::new();
    for refusal in refused {
        if !different.contains(&refusal) {
            different.push(refusal);
        }
    }
    let said: Diagnostics = different
        .into_iter()
        .map(|Refusal { field, reason }| {
            let argument = argument(field, renamed);
            Diagnostic::error(format!("Invalid value of {argument}"), reason).at(path!(argument))
        })
        .collect();
    said.into_result(())
}

/// The same for what is wanted of an object: nothing is said of an argument that is unknown, for nobody could look at it yet, nor
/// of one that is as it was in the `prior` state, for the cloud took it.
pub fn none_of<M: Model>(
    refused: Vec<Refusal>,
    renamed: &[(&str, &'static str)],
    prior: Option<&M>,
    wanted: &M,
) -> Result<()> {
    let (before, after) = (prior.map(M::encode), wanted.encode());
    let asked = refused.into_iter().filter(|Refusal { field, .. }| {
        let argument = argument(field, renamed);
        let value = after.get(argument);
        value.is_none_or(Cty::is_wholly_known)
            && before
                .as_ref()
                .is_none_or(|before| before.get(argument) != value)
    });
    none(asked, renamed)
}

/// A stand-in for what lies in the region that is worked in, which it has as `*`.
pub fn here(client: &Client, stand_in: &str) -> String {
    let region = client.region.as_ref();
    stand_in.replace('*', region.map_or("eu-west-1", Region::as_str))
}

/// What is refused whatever the values of these `fields` will be that only the apply tells: each of `asked` was asked with other
/// stand-ins for them. Those that are of another cloud say nothing about this one.
pub fn whatever(fields: &[&str], asked: &[Vec<Refusal>]) -> Vec<Refusal> {
    let refuses = |refused: &[Refusal], field: &str| refused.iter().any(|one| one.field == field);
    let takes = |refused: &&Vec<Refusal>| !fields.iter().any(|field| refuses(refused, field));
    let mut telling: Vec<_> = asked.iter().filter(takes).collect();
    if telling.is_empty() {
        telling = asked.iter().collect();
    }
    let Some((first, rest)) = telling.split_first() else {
        return Vec::new();
    };
    let always = |one: &&Refusal| rest.iter().all(|other| refuses(other, one.field));
    first.iter().filter(always).cloned().collect()
}

/// The argument that a field of the capability's types is.
pub fn argument(field: &'static str, renamed: &[(&str, &'static str)]) -> &'static str {
    let argument = renamed.iter().find(|(name, _)| *name == field);
    argument.map_or(field, |(_, argument)| *argument)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_said_at_its_argument() {
        let refused =
            ["path", "max_session", "path"].map(|field| Refusal::new(field, "Leave it out."));
        let said = none(refused, &[("max_session", "max_session_duration")]).unwrap_err();
        let at: Vec<_> = said.iter().map(|one| one.path.clone()).collect();
        assert_eq!(
            at,
            [Some(path!("path")), Some(path!("max_session_duration"))]
        );
        assert!(said.to_string().contains("Leave it out."), "{said}");
        assert!(none([], &[]).is_ok());
    }

    #[test]
    fn what_hangs_on_an_unknown_value_is_not_said() {
        let refused = |fields: &[&'static str]| -> Vec<Refusal> {
            fields
                .iter()
                .map(|field| Refusal::new(field, "No."))
                .collect()
        };
        let foreign = refused(&["service", "subnets"]);
        let fields = |asked: &[Vec<Refusal>]| -> Vec<_> {
            whatever(&["service"], asked)
                .iter()
                .map(|one| one.field)
                .collect()
        };
        let own = [refused(&["groups", "subnets"]), refused(&["groups"])];
        assert_eq!(
            fields(&[&own[..], std::slice::from_ref(&foreign)].concat()),
            ["groups"]
        );
        assert_eq!(fields(&[foreign.clone(), foreign]), ["service", "subnets"]);
        assert_eq!(fields(&[]), [""; 0]);
    }
}
