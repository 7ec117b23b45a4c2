//! Statements of a bucket's policy as people write them.

use std::{fmt, str::FromStr};

use clouds::policies::{PolicyDocument, Statements};
use framework::Text;

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

/// Refuses statements that the service would refuse when the policy is put, or that would be taken for ours.
#[expect(
    clippy::ptr_arg,
    reason = "validators get a reference to the attribute's own type"
)]
pub fn check(parts: &Vec<Text<PolicyPart>>) -> std::result::Result<(), String> {
    parts
        .iter()
        .flat_map(|part| part.0.as_slice())
        .try_for_each(check_statement)
}

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
    // By these names the bucket's own statements are told from the customer's.
    if let Some(sid) = object
        .get("Sid")
        .and_then(|sid| sid.as_str())
        .filter(|sid| sid.starts_with("Dataplane"))
    {
        return Err(format!(
            "the \"Sid\" {sid:?} begins with \"Dataplane\", which is kept for the statements that protect every bucket"
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
