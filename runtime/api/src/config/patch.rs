//! Changes to rendered objects, for what no option covers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A JSON merge patch (RFC 7386) of one rendered object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// The object.
    pub target: Target,
    /// What is merged into it: objects are merged, lists and other values replaced, null removes.
    pub merge: serde_json::Map<String, serde_json::Value>,
}

/// A rendered object. A target that matches none is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}
