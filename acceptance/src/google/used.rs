//! What somebody's calls took.

use std::collections::BTreeSet;

use anyhow::Result;
use reqwest::Method;
use serde_json::Value;

use super::Project;

impl Project {
    /// The permissions that the calls of a person took so far.
    pub fn used_by(&self, person: &str) -> Result<BTreeSet<String>> {
        let path = format!("_projects/{}/people/{person}", self.id);
        let found = self.address.ask(Method::GET, &path, &Value::Null)?;
        Ok(serde_json::from_value(found)?)
    }
}
