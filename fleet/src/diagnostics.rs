//! What Terraform said went wrong: from the lines of `-json`, or from its text where a command has no such lines.

use serde_json::Value;

/// How clouds and their providers say that there were too many calls. Ours says the first.
const THROTTLED: [&str; 9] = [
    "was throttled",
    "Throttling",
    "ThrottledException",
    "RequestLimitExceeded",
    "TooManyRequests",
    "Too Many Requests",
    "Rate exceeded",
    "rateLimitExceeded",
    "RATE_LIMIT_EXCEEDED",
];

/// Why a command failed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The first error, in one line.
    pub text: String,
    /// There was no other reason than too many calls.
    pub throttled: bool,
}

impl Problem {
    pub fn of(log: &str) -> Self {
        let errors = errors(log);
        let throttled = |error: &String| THROTTLED.iter().any(|word| error.contains(word));
        Self {
            throttled: !errors.is_empty() && errors.iter().all(throttled),
            text: errors.into_iter().next().unwrap_or_else(|| last_words(log)),
        }
    }
}

fn errors(log: &str) -> Vec<String> {
    let structured: Vec<String> = log.lines().filter_map(structured).collect();
    if !structured.is_empty() {
        return structured;
    }
    let plain: Vec<&str> = log.lines().map(without_frame).collect();
    let starts = plain.iter().enumerate();
    starts
        .filter_map(|(at, line)| {
            let summary = line.strip_prefix("Error: ")?;
            let detail = plain[at + 1..]
                .iter()
                .take_while(|line| !line.starts_with("Error: "));
            let detail: Vec<&str> = detail.copied().filter(|line| !line.is_empty()).collect();
            Some(one_line(&format!("{summary}: {}", detail.join(" "))))
        })
        .collect()
}

/// The error in a line of `terraform … -json`.
fn structured(line: &str) -> Option<String> {
    let message: Value = serde_json::from_str(line).ok()?;
    let diagnostic = &message["diagnostic"];
    if message["type"] != "diagnostic" || diagnostic["severity"] != "error" {
        return None;
    }
    let text = |name: &str| diagnostic[name].as_str().filter(|text| !text.is_empty());
    let parts = [text("address"), text("summary"), text("detail")];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    Some(one_line(&parts.join(": ")))
}

fn without_frame(line: &str) -> &str {
    line.trim_start_matches(['╷', '│', '╵', ' ']).trim_end()
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").trim_end_matches(':').to_owned()
}

/// The last line that says anything, where nothing is marked as an error.
fn last_words(log: &str) -> String {
    let last = log.lines().rev().map(without_frame);
    let last = last.filter(|line| !line.is_empty()).map(one_line).next();
    last.unwrap_or_else(|| "it said nothing".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_told_with_its_place() {
        let log = concat!(
            r#"{"@level":"warn","type":"diagnostic","diagnostic":{"severity":"warning","summary":"soon gone"}}"#,
            "\nnot a line of JSON\n",
            r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"creating bucket","detail":"it was\nrefused","address":"a.b"}}"#,
            "\n",
            r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"later","detail":""}}"#,
        );
        let problem = Problem::of(log);
        assert_eq!(problem.text, "a.b: creating bucket: it was refused");
        assert!(!problem.throttled);
    }

    #[test]
    fn text_is_read_where_there_is_no_json() {
        let log = "Initializing the backend...\n╷\n│ Error: No such host\n│ \n│   on main.tf line 2:\n│ a.example\n╵\n";
        assert_eq!(
            Problem::of(log).text,
            "No such host: on main.tf line 2: a.example"
        );
        assert_eq!(Problem::of("oops\n\n").text, "oops");
        assert_eq!(Problem::of("").text, "it said nothing");
    }

    #[test]
    fn only_too_many_calls_are_throttled() {
        let line = |detail: &str| {
            format!(
                r#"{{"type":"diagnostic","diagnostic":{{"severity":"error","summary":"x","detail":"{detail}"}}}}"#
            )
        };
        let slow = line("CreateBucket on a was throttled, also after several attempts");
        assert!(Problem::of(&slow).throttled);
        assert!(!Problem::of(&format!("{slow}\n{}", line("denied"))).throttled);
        assert!(!Problem::of("killed").throttled);
    }
}
