//! kubectl: what looks at the cluster independently of our code.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::users::TEST;
use crate::setup::Kubernetes;

/// kubectl with one kubeconfig.
#[derive(Clone, Debug)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    /// What it learns of the API server, which would else go to the developer's home.
    cache: PathBuf,
}

impl Kubectl {
    /// With a kubeconfig of our own; the cache is beside it.
    pub fn new(kubeconfig: &Path) -> Result<Self> {
        Self::with_cache(kubeconfig, &kubeconfig.with_extension("cache"))
    }

    pub(super) fn with_cache(kubeconfig: &Path, cache: &Path) -> Result<Self> {
        Ok(Self {
            program: Kubernetes::Kubectl.path()?,
            kubeconfig: kubeconfig.to_path_buf(),
            cache: cache.to_path_buf(),
        })
    }

    /// The standard output, or an error with what it printed to standard error.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        self.run_with(arguments, "")
    }

    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let arguments = [arguments, &["-o", "json"]].concat();
        Ok(serde_json::from_str(&self.run(&arguments)?)?)
    }

    /// An object, or none where there is none.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Result<Option<Value>> {
        let text = self.run(&[
            "get",
            kind,
            name,
            "-n",
            namespace,
            "--ignore-not-found",
            "-o",
            "json",
        ])?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        Ok(Some(serde_json::from_str(&text)?))
    }

    /// The items of a list; `arguments` follow `get`.
    pub fn list(&self, arguments: &[&str]) -> Result<Vec<Value>> {
        let list = self.json(&[&["get"], arguments].concat())?;
        Ok(list["items"].as_array().cloned().unwrap_or_default())
    }

    /// A namespace of a test's own, which is removed with the test where the cluster stays.
    pub fn create_namespace(&self, name: &str) -> Result<()> {
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": { "name": name, "labels": { TEST: "true" } },
        });
        self.run_with(&["create", "-f", "-"], &namespace.to_string())
            .map(drop)
    }

    /// Plain server-side apply of manifests in YAML or JSON.
    pub fn apply(&self, manifests: &str) -> Result<String> {
        self.run_with(&["apply", "--server-side", "-f", "-"], manifests)
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Result<String> {
        let mut child = Command::new(&self.program)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--cache-dir")
            .arg(&self.cache)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", self.program.display()))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!(
                "kubectl {}: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}
