//! Places in commands and arguments that are filled in for each attempt, such as `{{.outputPrefix}}`.

/// Longest name of a placeholder. Without a bound an argument of many open braces would be searched to its end for each.
const LONGEST: usize = 256;

/// A piece of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    Placeholder(Placeholder<'a>),
}

/// What is filled in. Names are read whatever their case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder<'a> {
    Input,
    InputPrefix,
    OutputPrefix,
    RawOutputDataPrefix,
    CheckpointOutputPrefix,
    PrevCheckpointPrefix,
    PerRetryUniqueKey,
    Namespace,
    TaskTemplatePath,
    /// The value of an input.
    InputValue(&'a str),
}

/// Divides an argument. What looks like a placeholder and is none of ours stays text: `{{.runName}}` and `{{.actionName}}` are
/// for the SDK, and anything else may mean something to the program.
pub fn pieces(argument: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut text_from = 0;
    let mut from = 0;
    while let Some(found) = argument[from..].find("{{") {
        let start = from + found;
        let Some((placeholder, length)) = placeholder(&argument[start..]) else {
            from = start + 1;
            continue;
        };
        if text_from < start {
            pieces.push(Piece::Text(&argument[text_from..start]));
        }
        pieces.push(Piece::Placeholder(placeholder));
        from = start + length;
        text_from = from;
    }
    if text_from < argument.len() {
        pieces.push(Piece::Text(&argument[text_from..]));
    }
    pieces
}

/// The inputs whose values an argument asks for.
pub fn inputs(argument: &str) -> impl Iterator<Item = &str> {
    pieces(argument)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Placeholder(Placeholder::InputValue(name)) => Some(name),
            Piece::Text(_) | Piece::Placeholder(_) => None,
        })
}

/// The placeholder that `text` begins with, and its length.
fn placeholder(text: &str) -> Option<(Placeholder<'_>, usize)> {
    let inside = text.strip_prefix("{{")?.trim_start();
    let inside = inside.strip_prefix(['.', '$'])?;
    let end = inside[..inside.floor_char_boundary(LONGEST)]
        .find(|c: char| matches!(c, '{' | '}') || c.is_whitespace())?;
    let (name, rest) = inside.split_at(end);
    let rest = rest.trim_start().strip_prefix("}}")?;
    Some((named(name)?, text.len() - rest.len()))
}

fn named(name: &str) -> Option<Placeholder<'_>> {
    const INPUTS: &str = "inputs.";
    if let (Some(prefix), Some(input)) = (name.get(..INPUTS.len()), name.get(INPUTS.len()..))
        && prefix.eq_ignore_ascii_case(INPUTS)
        && !input.is_empty()
    {
        return Some(Placeholder::InputValue(input));
    }
    Some(match name.to_ascii_lowercase().as_str() {
        "input" => Placeholder::Input,
        "inputprefix" => Placeholder::InputPrefix,
        "outputprefix" => Placeholder::OutputPrefix,
        "rawoutputdataprefix" => Placeholder::RawOutputDataPrefix,
        "checkpointoutputprefix" => Placeholder::CheckpointOutputPrefix,
        "prevcheckpointprefix" => Placeholder::PrevCheckpointPrefix,
        "perretryuniquekey" => Placeholder::PerRetryUniqueKey,
        "namespace" => Placeholder::Namespace,
        "tasktemplatepath" => Placeholder::TaskTemplatePath,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn one(argument: &str, expected: Placeholder<'_>) {
        assert_eq!(pieces(argument), [Piece::Placeholder(expected)]);
    }

    #[test]
    fn names_are_read_whatever_their_case_and_spaces() {
        one("{{.input}}", Placeholder::Input);
        one("{{ .Input }}", Placeholder::Input);
        one("{{$INPUT}}", Placeholder::Input);
        one("{{.inputPrefix}}", Placeholder::InputPrefix);
        one("{{.OutputPrefix}}", Placeholder::OutputPrefix);
        one("{{.rawOutputDataPrefix}}", Placeholder::RawOutputDataPrefix);
        one(
            "{{.checkpointOutputPrefix}}",
            Placeholder::CheckpointOutputPrefix,
        );
        one(
            "{{.prevCheckpointPrefix}}",
            Placeholder::PrevCheckpointPrefix,
        );
        one("{{.perRetryUniqueKey}}", Placeholder::PerRetryUniqueKey);
        one("{{.namespace}}", Placeholder::Namespace);
        one("{{.taskTemplatePath}}", Placeholder::TaskTemplatePath);
        one("{{.Inputs.my_Name}}", Placeholder::InputValue("my_Name"));
    }

    #[test]
    fn what_is_not_ours_stays() {
        for text in [
            "",
            "plain",
            "{{.runName}}",
            "{{.actionName}}",
            "{{.runStartTime}}",
            "{{input}}",
            "{{.input",
            "{{.input}",
            "{{. input}}",
            "{{.inputs.}}",
            "{.input}",
            "{{{{",
        ] {
            let joined: String = pieces(text)
                .into_iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text,
                    Piece::Placeholder(_) => "?",
                })
                .collect();
            assert_eq!(joined, text);
        }
    }

    #[test]
    fn an_argument_of_open_braces_takes_no_time() {
        for part in ["{{.", "{{ .", "{{$a", "{{.inputs.é"] {
            let argument = part.repeat((1 << 20) / part.len());
            let began = std::time::Instant::now();
            assert_eq!(pieces(&argument), [Piece::Text(&argument)]);
            let took = began.elapsed();
            // Searched to the end for each of them it is minutes.
            assert!(took < std::time::Duration::from_secs(5), "{took:?}");
        }
        let longest = "é".repeat(100);
        one(
            &format!("{{{{.inputs.{longest}}}}}"),
            Placeholder::InputValue(&longest),
        );
    }

    #[test]
    fn text_around_is_kept() {
        assert_eq!(
            pieces("--in={{{.input}}/x {{.inputs.a}}-{{.inputs.é}}"),
            [
                Piece::Text("--in={"),
                Piece::Placeholder(Placeholder::Input),
                Piece::Text("/x "),
                Piece::Placeholder(Placeholder::InputValue("a")),
                Piece::Text("-"),
                Piece::Placeholder(Placeholder::InputValue("é")),
            ]
        );
        assert_eq!(
            inputs("{{.inputs.a}}{{.input}}{{.inputs.b}}").collect::<Vec<_>>(),
            ["a", "b"]
        );
    }
}
