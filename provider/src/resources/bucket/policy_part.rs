//! Statements of a bucket's policy as people write them.

use std::{fmt, str::FromStr};

use clouds::policies::{PolicyDocument, Statements};

/// A statement of a bucket's policy, several, or a document with them, as JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyPart(pub(super) Statements);

impl FromStr for PolicyPart {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let json: serde_json::Value =
            serde_json::from_str(text).map_err(|e| format!("it is not JSON: {e}"))?;
        let statements = match json {
            serde_json::Value::Array(statements) => statements,
            serde_json::Value::Object(object) if object.contains_key("Statement") => {
                PolicyDocument::new(object.into())
                    .statements()
                    .as_slice()
                    .to_vec()
            }
            one => vec![one],
        };
        for statement in &statements {
            check_statement(statement)?;
        }
        Ok(Self(statements.into()))
    }
}

impl fmt::Display for PolicyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "{one}"),
            several => write!(f, "{}", serde_json::Value::from(several.to_vec())),
        }
    }
}

/// The grammar of a bucket policy's statement, which the service checks only when it is put.
fn check_statement(statement: &serde_json::Value) -> std::result::Result<(), String> {
    let Some(object) = statement.as_object() else {
        return Err(format!(
            "a statement must be a JSON object, not {statement}"
        ));
    };
    let known = [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ];
    if let Some(key) = object.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!(
            "{key:?} is no part of a statement: those are {}",
            known.join(", ")
        ));
    }
    if !matches!(
        object.get("Effect").and_then(|effect| effect.as_str()),
        Some("Allow" | "Deny")
    ) {
        return Err("a statement must have an \"Effect\" of \"Allow\" or \"Deny\"".to_owned());
    }
    for part in ["Principal", "Action", "Resource"] {
        if object.contains_key(part) == object.contains_key(&format!("Not{part}")) {
            return Err(format!(
                "a statement must have exactly one of \"{part}\" and \"Not{part}\""
            ));
        }
    }
    Ok(())
}
