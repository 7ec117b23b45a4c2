//! One log line as go-plugin parses it. What it cannot parse it shows as plain text, or, worse, crashes on.

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

/// go-plugin reads lines into a buffer of this size and takes the rest for another line.
const LONGEST: usize = 64 * 1024 - 1;

/// The longest text that is kept whole when a line is too long. Escaped it may need six times as much.
const KEPT: usize = 8 * 1024;

/// The line with its newline. `@message`, `@level`, `@module` and `@timestamp` are strings: Terraform 1.11 panics on a
/// number there, and takes only timestamps with exactly six digits of fraction.
pub(super) fn render(
    level: &str,
    module: &str,
    message: &str,
    fields: Map<String, Json>,
) -> String {
    let timestamp = Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%6fZ")
        .to_string();
    let with = |message: &str, mut fields: Map<String, Json>| {
        fields.insert("@level".to_owned(), level.into());
        fields.insert("@message".to_owned(), message.into());
        fields.insert("@module".to_owned(), module.into());
        fields.insert("@timestamp".to_owned(), timestamp.as_str().into());
        Json::Object(fields).to_string() + "\n"
    };
    let whole = with(message, fields.clone());
    if whole.len() <= LONGEST {
        return whole;
    }
    let message = shortened(message);
    let shorter = with(
        &message,
        fields
            .into_iter()
            .map(|(name, value)| (name, shortened_field(value)))
            .collect(),
    );
    if shorter.len() <= LONGEST {
        return shorter;
    }
    with(
        &message,
        Map::from_iter([("fields".to_owned(), "(left out, too long)".into())]),
    )
}

fn shortened_field(value: Json) -> Json {
    match value {
        Json::String(text) => shortened(&text).into(),
        other => other,
    }
}

fn shortened(text: &str) -> String {
    if text.len() <= KEPT {
        return text.to_owned();
    }
    let kept = text.floor_char_boundary(KEPT);
    let (head, tail) = text.split_at(kept);
    format!("{head}… ({} bytes left out)", tail.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_longer_than_go_plugin_reads() {
        for (text, count) in [("x", 100_000), ("\u{1}", 100_000), ("é", 60_000)] {
            let long = text.repeat(count);
            for fields in [0, 1, 20] {
                let fields = (0..fields)
                    .map(|n| (format!("f{n}"), long.as_str().into()))
                    .collect();
                let line = render("info", "provider.x", &long, fields);
                assert!(line.len() <= LONGEST, "{text:?}: {}", line.len());
                let parsed: Json = serde_json::from_str(&line).unwrap();
                assert!(
                    parsed["@message"]
                        .as_str()
                        .unwrap()
                        .contains("bytes left out")
                );
            }
        }
    }
}
