//! Keys of KMS in policies.

use clouds::account::KmsKey;
use serde_json::{Value, json};

use crate::session::Scope;

/// What a statement about a key says.
pub(super) struct Named {
    pub(super) resource: String,
    /// Null where the resource says it all.
    pub(super) condition: Value,
}

/// A policy names keys by ARN; an alias can only be a condition on whatever key bears it.
pub(super) fn named(scope: &Scope, key: &KmsKey) -> Result<Named, String> {
    let text = key.as_str();
    if let Some((arn, alias)) = text.split_once(":alias/") {
        return Ok(Named {
            resource: format!("{arn}:key/*"),
            condition: bears(&format!("alias/{alias}")),
        });
    }
    if text.starts_with("alias/") {
        return Ok(Named {
            resource: arn(scope, "*"),
            condition: bears(text),
        });
    }
    let resource = if text.starts_with("arn:") {
        text.to_owned()
    } else if text.contains('/') {
        return Err(format!("{key} is not a key of AWS"));
    } else {
        arn(scope, text)
    };
    Ok(Named {
        resource,
        condition: Value::Null,
    })
}

/// A key of the account, or with `*` any of them.
pub(super) fn arn(scope: &Scope, id: &str) -> String {
    let Scope {
        partition,
        region,
        account,
    } = scope;
    format!("arn:{partition}:kms:{region}:{account}:key/{id}")
}

fn bears(alias: &str) -> Value {
    json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": alias } })
}
