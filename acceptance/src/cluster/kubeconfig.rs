//! Kubeconfig files: those that we write, and the one that the user has.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::Kubectl;

/// How a cluster is reached, whoever one is.
#[derive(Clone, Debug)]
pub(super) struct Connection(Value);

impl Connection {
    pub(super) fn new(endpoint: &str, ca_certificate: &str) -> Self {
        Self(json!({
            "server": endpoint,
            "certificate-authority-data": BASE64_STANDARD.encode(ca_certificate),
        }))
    }

    pub(super) fn endpoint(&self) -> &str {
        self.0["server"].as_str().unwrap_or_default()
    }
}

/// Writes a kubeconfig with one context for `user` who proves itself by `credentials`.
pub(super) fn write(
    file: &Path,
    connection: &Connection,
    user: &str,
    credentials: &Value,
) -> Result<()> {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": user,
        "clusters": [{ "name": "acceptance", "cluster": connection.0 }],
        "users": [{ "name": user, "user": credentials }],
        "contexts": [{ "name": user, "context": { "cluster": "acceptance", "user": user } }],
    });
    fs::write(file, config.to_string()).with_context(|| format!("writing {}", file.display()))
}

/// Writes the current context of the user's kubeconfig, with all that it refers to, as a file of its own.
pub(super) fn copy_current_context(from: &Path, to: &Path) -> Result<Connection> {
    let from = fs::canonicalize(from)
        .with_context(|| format!("DATAPLANE_KUBECONFIG names {}", from.display()))?;
    let shown = Kubectl::with_cache(&from, &to.with_extension("cache"))?
        .json(&["config", "view", "--minify", "--flatten", "--raw"])
        .with_context(|| format!("the current context of {}", from.display()))?;
    let (connection, user) =
        read(&shown).with_context(|| format!("DATAPLANE_KUBECONFIG names {}", from.display()))?;
    write(to, &connection, "admin", &user)?;
    Ok(connection)
}

/// The cluster and the user of a kubeconfig with one context.
fn read(shown: &Value) -> Result<(Connection, Value)> {
    let (cluster, user) = (&shown["clusters"][0]["cluster"], &shown["users"][0]["user"]);
    if cluster["server"].as_str().is_none_or(str::is_empty) || user.is_null() {
        bail!(
            "its current context has no cluster or no user: `kubectl config use-context` sets it"
        );
    }
    if !user["exec"].is_null() || !user["auth-provider"].is_null() {
        bail!(
            "its user gets credentials from a program, which Terraform under test, with an empty environment, cannot run: \
             use a kubeconfig with a token or a client certificate"
        );
    }
    Ok((Connection(cluster.clone()), user.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(user: &Value) -> Value {
        json!({
            "clusters": [{ "name": "kind", "cluster": { "server": "https://127.0.0.1:6443", "tls-server-name": "kind" } }],
            "users": [{ "name": "kind", "user": user }],
        })
    }

    #[test]
    fn all_that_a_connection_needs_is_kept() {
        let (connection, user) = read(&shown(&json!({ "token": "x" }))).unwrap();
        assert_eq!(connection.endpoint(), "https://127.0.0.1:6443");
        assert_eq!(connection.0["tls-server-name"], "kind");
        assert_eq!(user, json!({ "token": "x" }));
    }

    #[test]
    fn credentials_that_terraform_cannot_get_are_refused() {
        let refused = read(&shown(&json!({ "exec": { "command": "aws" } }))).unwrap_err();
        assert!(refused.to_string().contains("client certificate"));
        let nobody = read(&shown(&Value::Null)).unwrap_err();
        assert!(nobody.to_string().contains("use-context"));
    }
}
