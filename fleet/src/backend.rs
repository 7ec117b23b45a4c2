//! Whether a root keeps its state where `backend_config` says. Without a `backend` block Terraform only warns, and has one state
//! for all.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde_json::Value;

const WORD: &str = "backend";

/// Whether a file of the root has a `backend` block.
pub fn is_declared(root: &Path) -> Result<bool> {
    let reading = || format!("reading {}", root.display());
    for entry in fs::read_dir(root).with_context(reading)? {
        let path = entry.with_context(reading)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ends = |endings: [&str; 2]| endings.iter().any(|ending| name.ends_with(ending));
        let (json, hcl) = (ends([".tf.json", ".tofu.json"]), ends([".tf", ".tofu"]));
        if name.starts_with('.') || !(json || hcl) {
            continue;
        }
        let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let found = if json {
            in_json(&text)
        } else {
            in_hcl(&String::from_utf8_lossy(&text))
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether what `init` left in a data folder has these settings of the backend.
pub fn is_configured(data: &Path, settings: &[(String, String)]) -> bool {
    if settings.is_empty() {
        return true;
    }
    let Ok(text) = fs::read(data.join("terraform.tfstate")) else {
        return false;
    };
    let state: Value = serde_json::from_slice(&text).unwrap_or_default();
    let config = &state["backend"]["config"];
    settings
        .iter()
        .all(|(name, value)| config[name].as_str() == Some(value))
}

fn in_json(text: &[u8]) -> bool {
    let document: Value = serde_json::from_slice(text).unwrap_or_default();
    match &document["terraform"] {
        Value::Array(blocks) => blocks.iter().any(|block| block.get(WORD).is_some()),
        block => block.get(WORD).is_some(),
    }
}

/// The word, a label and an opening brace; blocks of resources that are called like it have no label.
fn in_hcl(text: &str) -> bool {
    let text = without_comments(text);
    text.match_indices(WORD).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let label = text[at + WORD.len()..].trim_start();
        let after = label.trim_start_matches(|letter: char| {
            letter.is_alphanumeric() || matches!(letter, '"' | '-' | '_')
        });
        before.is_none_or(|before| before.is_whitespace() || before == '{')
            && after.len() < label.len()
            && after.trim_start().starts_with('{')
    })
}

fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if first == '#' || rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            let length = if first == '"' {
                quoted(rest)
            } else {
                first.len_utf8()
            };
            kept.push_str(&rest[..length]);
            length
        };
        rest = &rest[length..];
    }
    kept
}

/// How long the quoted text is that this begins with; it ends with its line.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, letter)| {
        let ends = matches!(letter, '"' | '\n') && !escaped;
        escaped = *letter == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_found_as_terraform_finds_it() {
        for text in [
            "terraform {\n  backend \"s3\" {}\n}",
            "terraform { backend \"local\" { path = \"x\" } }",
            "terraform {\n  backend s3 {\n  }\n}",
            "locals { url = \"http://x\" }\nterraform {\n  /* where */\n  backend \"gcs\" {}\n}",
        ] {
            assert!(in_hcl(text), "{text}");
        }
        for text in [
            "",
            "# backend \"s3\" {}",
            "// backend \"s3\" {}",
            "/* terraform {\n  backend \"s3\" {}\n} */",
            "resource \"google_compute_backend_service\" \"backend\" {\n  backend {\n  }\n}",
            "locals {\n  backend = { a = 1 }\n}",
            "resource \"x\" \"y\" {\n  text = \"backend {\"\n}",
        ] {
            assert!(!in_hcl(text), "{text}");
        }
        assert!(in_json(br#"{ "terraform": { "backend": { "s3": {} } } }"#));
        assert!(in_json(
            br#"{ "terraform": [{ "backend": { "s3": {} } }] }"#
        ));
        assert!(!in_json(br#"{ "terraform": { "required_version": "1" } }"#));
    }

    #[test]
    fn a_file_that_terraform_does_not_read_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let block = "terraform {\n  backend \"s3\" {}\n}";
        for file in ["README.md", ".old.tf", "main.tf.bak"] {
            fs::write(folder.path().join(file), block).unwrap();
        }
        assert!(!is_declared(folder.path()).unwrap());
        fs::write(folder.path().join("versions.tf"), block).unwrap();
        assert!(is_declared(folder.path()).unwrap());
    }

    #[test]
    fn what_init_took_is_what_was_meant() {
        let folder = tempfile::tempdir().unwrap();
        let settings = [("path".to_owned(), "states/a.tfstate".to_owned())];
        assert!(is_configured(folder.path(), &[]));
        assert!(!is_configured(folder.path(), &settings));
        let file = folder.path().join("terraform.tfstate");
        let state = r#"{"version":3,"backend":{"type":"local","config":{"path":"states/a.tfstate","workspace_dir":null}}}"#;
        fs::write(&file, state).unwrap();
        assert!(is_configured(folder.path(), &settings));
        fs::write(&file, state.replace("/a.", "/b.")).unwrap();
        assert!(!is_configured(folder.path(), &settings));
        fs::write(&file, "half of").unwrap();
        assert!(!is_configured(folder.path(), &settings));
    }
}
