//! Commands and arguments, filled in for an attempt.

use super::{Attempt, BuildError, room::Room};
use crate::executor::template::placeholder::{self, Piece, Placeholder};

const CHECKPOINTS: &str = "_flytecheckpoints";
const INPUTS: &str = "inputs.pb";

pub(super) fn read_inputs<'a>(arguments: impl Iterator<Item = &'a String>) -> bool {
    let mut arguments = arguments;
    arguments.any(|argument| placeholder::inputs(argument).next().is_some())
}

/// A placeholder of a few bytes stands for a value of any length: the room ends before the memory does.
pub(super) fn fill(
    arguments: &mut [String],
    attempt: &Attempt<'_>,
    room: &mut Room,
) -> Result<(), BuildError> {
    for argument in arguments {
        if argument.contains("{{") {
            *argument = filled(argument, attempt, room)?;
        } else {
            room.take(argument.len())?;
        }
    }
    Ok(())
}

fn filled(argument: &str, attempt: &Attempt<'_>, room: &mut Room) -> Result<String, BuildError> {
    let mut filled = String::with_capacity(argument.len());
    for piece in placeholder::pieces(argument) {
        match piece {
            Piece::Text(text) => {
                room.take(text.len())?;
                filled.push_str(text);
            }
            Piece::Placeholder(placeholder) => {
                let value = value(placeholder, attempt)?;
                room.take(value.len())?;
                filled.push_str(&value);
            }
        }
    }
    Ok(filled)
}

fn value(placeholder: Placeholder<'_>, attempt: &Attempt<'_>) -> Result<String, BuildError> {
    Ok(match placeholder {
        Placeholder::Input => format!("{}/{INPUTS}", input_prefix(attempt)),
        Placeholder::InputPrefix => input_prefix(attempt).to_owned(),
        Placeholder::OutputPrefix | Placeholder::RawOutputDataPrefix => {
            attempt.output_prefix.clone()
        }
        Placeholder::CheckpointOutputPrefix => format!("{}/{CHECKPOINTS}", attempt.output_prefix),
        Placeholder::PrevCheckpointPrefix => previous_checkpoints(attempt),
        Placeholder::PerRetryUniqueKey => unique_key(&attempt.pod_name()),
        Placeholder::Namespace => attempt.action.namespace.clone(),
        // The template is in the resource and not in the store; this is what Flyte's executor says of it.
        Placeholder::TaskTemplatePath => "inline://taskTemplate".to_owned(),
        Placeholder::InputValue(name) => attempt.inputs.text(name)?,
    })
}

/// The URI may name the file or the prefix that it is under.
fn input_prefix<'a>(attempt: &'a Attempt<'_>) -> &'a str {
    let uri = attempt.action.inputs.as_str();
    uri.strip_suffix(INPUTS)
        .filter(|prefix| prefix.ends_with('/'))
        .unwrap_or(uri)
        .trim_end_matches('/')
}

/// The first attempt has no previous one, which the SDK is told by two quotation marks.
fn previous_checkpoints(attempt: &Attempt<'_>) -> String {
    let previous = attempt.number.get() - 1;
    std::num::NonZeroU32::new(previous).map_or_else(
        || "\"\"".to_owned(),
        |previous| format!("{}/{CHECKPOINTS}", attempt.action.output_prefix(previous)),
    )
}

/// The pod's name as an identifier: it begins with a letter, and has only letters, digits and underscores.
fn unique_key(name: &str) -> String {
    let rest = name.trim_start_matches(|c: char| !(c.is_ascii_alphabetic() || c == '_'));
    let mut key = String::with_capacity(name.len() + 1);
    if rest.len() < name.len() {
        key.push('a');
    }
    let mut gap = false;
    for c in rest.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            key.push(c);
            gap = false;
        } else if !gap {
            key.push('_');
            gap = true;
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unique_key_is_an_identifier() {
        for (name, key) in [
            ("r7-a0-0", "r7_a0_0"),
            ("7r--a0-1", "ar_a0_1"),
            ("_x.y", "_x_y"),
        ] {
            assert_eq!(unique_key(name), key);
        }
    }
}
