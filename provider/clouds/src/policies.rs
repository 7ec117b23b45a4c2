//! Policy documents as text that two spellings of may mean the same.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::names::ParseError;

/// A policy in the cloud's own JSON. Written canonically; equal to any document that means the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDocument(Value);

/// Statements of a policy, without order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statements(Vec<Value>);

impl PolicyDocument {
    /// The canonical form of a document.
    pub fn new(document: Value) -> Self {
        let form = match document.get("Statement") {
            Some(_) => Form::Iam,
            None => Form::Plain,
        };
        Self(canonical(document, form))
    }

    /// The canonical document.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Its statements.
    pub fn statements(&self) -> Statements {
        match &self.0["Statement"] {
            Value::Array(statements) => Statements::from(statements.clone()),
            Value::Null => Statements::default(),
            one => Statements::from(vec![one.clone()]),
        }
    }
}

impl Statements {
    /// The statements, canonical and sorted.
    pub fn as_slice(&self) -> &[Value] {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<Value>> for Statements {
    fn from(statements: Vec<Value>) -> Self {
        let mut statements: Vec<_> = statements
            .into_iter()
            .map(|statement| canonical(statement, Form::Iam))
            .collect();
        statements.sort_by_key(ToString::to_string);
        Self(statements)
    }
}

impl FromStr for PolicyDocument {
    type Err = ParseError;

    fn from_str(text: &str) -> std::result::Result<Self, ParseError> {
        let refuse = |rule: String| ParseError::new("policy document", text, rule);
        let document: Value =
            serde_json::from_str(text).map_err(|error| refuse(format!("is not JSON: {error}")))?;
        if document.is_object() {
            Ok(Self::new(document))
        } else {
            Err(refuse("must be a JSON object".into()))
        }
    }
}

impl fmt::Display for PolicyDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Whose language a document is in.
#[derive(Clone, Copy)]
enum Form {
    /// AWS's, which takes the one for a list of one, and text for truth and numbers.
    Iam,
    /// That of the other clouds, whose tools want a list to be one.
    Plain,
}

/// Keys sorted, lists sorted without repeats, and what else the language does not tell apart.
fn canonical(value: Value, form: Form) -> Value {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object
                .into_iter()
                .map(|(key, value)| (key, canonical(value, form)))
                .collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            // `Statement` stays a list: that is how people write it.
            let listed = |(key, value): (String, Value)| match value {
                statement @ Value::Object(_) if key == "Statement" => {
                    (key, Value::Array(vec![statement]))
                }
                value => (key, value),
            };
            Value::Object(entries.into_iter().map(listed).collect::<Map<_, _>>())
        }
        Value::Array(list) => {
            let mut list: Vec<_> = list
                .into_iter()
                .map(|value| canonical(value, form))
                .collect();
            list.sort_by_key(ToString::to_string);
            list.dedup();
            match (form, list.len()) {
                (Form::Iam, 1) => list.remove(0),
                _ => Value::Array(list),
            }
        }
        // IAM answers booleans and numbers of conditions as the text they were given as, or not.
        Value::Bool(truth) if matches!(form, Form::Iam) => Value::String(truth.to_string()),
        Value::Number(number) if matches!(form, Form::Iam) => Value::String(number.to_string()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_does_not_count() {
        let a: PolicyDocument = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["b","a"],
            "Condition":{"Bool":{"aws:SecureTransport":true}}}}"#
            .parse()
            .unwrap();
        let b: PolicyDocument =
            r#"{"Statement":[{"Resource":["a","b","a"],"Action":"s3:GetObject","Effect":"Allow",
            "Condition":{"Bool":{"aws:SecureTransport":["true"]}}}],"Version":"2012-10-17"}"#
                .parse()
                .unwrap();
        assert_eq!(a, b);
        assert_eq!(a.to_string(), b.to_string());
        assert_eq!(a.statements().as_slice().len(), 1);
    }

    #[test]
    fn documents_of_other_clouds_keep_their_lists() {
        let role = PolicyDocument::new(
            serde_json::json!({ "Actions": ["b", "a", "a"], "AssignableScopes": ["/subscriptions/s"], "IsCustom": true }),
        );
        assert_eq!(
            role.to_string(),
            r#"{"Actions":["a","b"],"AssignableScopes":["/subscriptions/s"],"IsCustom":true}"#
        );
    }

    #[test]
    fn meaning_does() {
        let a = PolicyDocument::new(serde_json::json!({"Statement": [{"Effect": "Allow"}]}));
        let b = PolicyDocument::new(serde_json::json!({"Statement": [{"Effect": "Deny"}]}));
        assert_ne!(a, b);
    }

    #[test]
    fn text_that_is_no_document_is_refused() {
        assert!(
            "[]".parse::<PolicyDocument>()
                .unwrap_err()
                .to_string()
                .contains("JSON object")
        );
        assert!(
            "{".parse::<PolicyDocument>()
                .unwrap_err()
                .to_string()
                .contains("not JSON")
        );
    }
}
