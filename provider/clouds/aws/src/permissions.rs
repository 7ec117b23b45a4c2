//! The permission tables: which actions of IAM each capability of a role takes, and which our own calls take.

mod caller;
mod calls;
mod capabilities;
mod keys;
mod modules;

use clouds::policies::PolicyDocument;
use serde_json::{Value, json};

pub(crate) use caller::{granted, required};
pub use capabilities::ROLE_ACTIONS;
pub(crate) use capabilities::policy;
pub(crate) use modules::made_by;

fn document(statements: &[Value]) -> PolicyDocument {
    PolicyDocument::new(json!({ "Version": "2012-10-17", "Statement": statements }))
}

/// As IAM counts it for its limits: in characters without spaces.
pub(crate) fn length(policy: &PolicyDocument) -> usize {
    policy
        .to_string()
        .chars()
        .filter(|c| !c.is_whitespace())
        .count()
}

#[cfg(test)]
mod tests {
    use crate::session::Scope;

    pub(super) fn scope() -> Scope {
        Scope {
            partition: "aws",
            region: "eu-west-1".parse().unwrap(),
            account: "123456789012".parse().unwrap(),
        }
    }
}
