//! What somebody's calls took.

use std::collections::BTreeSet;

use anyhow::Result;
use reqwest::Method;
use serde_json::Value;

use super::Subscription;

impl Subscription {
    /// The actions and data actions that the calls of a person took so far, in this subscription and in others.
    pub fn used_by(&self, person: &str) -> Result<BTreeSet<String>> {
        let found = self.ask(Method::GET, &format!("callers/{person}"), &Value::Null)?;
        Ok(serde_json::from_value(found)?)
    }
}
