//! A cluster of the user's, named by `DATAPLANE_KUBECONFIG`. Names in examples are fixed, and definitions are the
//! cluster's, so one test at a time has it, in whatever process, and what tests made there goes when they end.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{
    ADMIN, Kubectl,
    kubeconfig::{self, Connection},
};
use crate::setup;

/// What tests make that is in no namespace, in the order in which it can go.
const KINDS: [&str; 5] = [
    "namespaces",
    "customresourcedefinitions",
    "clusterrolebindings",
    "clusterroles",
    "priorityclasses",
];

/// The label of namespaces that tests make themselves.
pub(super) const TEST: &str = "dataplane.dev/test";

/// The user's cluster, reserved for one test.
pub(super) struct Reserved {
    pub(super) connection: Connection,
    pub(super) issuer: String,
    kubectl: Kubectl,
    /// Held until everything is removed.
    _lock: File,
}

impl Reserved {
    /// Waits for its turn, then copies the kubeconfig into `directory`.
    pub(super) fn connect(kubeconfig: &Path, directory: &Path) -> Result<Self> {
        let lock = setup::cache()?.join("kubeconfig.lock");
        let lock = File::create(&lock).with_context(|| format!("opening {}", lock.display()))?;
        lock.lock()?;
        fs::create_dir_all(directory)?;
        let copy = directory.join(ADMIN);
        let connection = kubeconfig::copy_current_context(kubeconfig, &copy)?;
        let kubectl = Kubectl::new(&copy)?;
        let account = kubectl.get("serviceaccount", "default", "default")?;
        ensure!(
            account.is_some(),
            "the cluster at {} has no default service account: it needs a controller manager beside its API server",
            connection.endpoint()
        );
        let taken = marked(&kubectl)?;
        ensure!(
            taken.is_empty(),
            "the cluster at {} holds a data plane already, or the rest of an ended test: {}. Remove it, or name \
             another cluster by DATAPLANE_KUBECONFIG",
            connection.endpoint(),
            taken.join(", ")
        );
        let discovered: Value = serde_json::from_str(&kubectl.run(&[
            "get",
            "--raw",
            "/.well-known/openid-configuration",
        ])?)?;
        let issuer = discovered["issuer"]
            .as_str()
            .context("the cluster says no issuer")?
            .to_owned();
        Ok(Self {
            connection,
            issuer,
            kubectl,
            _lock: lock,
        })
    }

    /// The public keys of its tokens, as the administrator reads them: nobody else may, in most clusters.
    pub(super) fn keys(&self) -> Result<String> {
        self.kubectl.run(&["get", "--raw", "/openid/v1/jwks"])
    }

    /// Whether pods of images that are nowhere become ready: kwok answers for every node.
    pub(super) fn simulates_pods(&self) -> Result<bool> {
        let nodes = self.kubectl.list(&["nodes"])?;
        let simulated =
            |node: &Value| !node["metadata"]["annotations"]["kwok.x-k8s.io/node"].is_null();
        Ok(!nodes.is_empty() && nodes.iter().all(simulated))
    }

    fn clean_up(&self) -> Result<()> {
        for object in marked(&self.kubectl)? {
            self.kubectl
                .run(&["delete", &object, "--ignore-not-found", "--timeout=120s"])?;
        }
        Ok(())
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if let Err(error) = self.clean_up() {
            // The next test that is given the cluster fails by it, so it need not fail here.
            let _ = writeln!(
                std::io::stderr(),
                "cleaning up the cluster of DATAPLANE_KUBECONFIG: {error:#}"
            );
        }
    }
}

/// `kind/name` of what tests and the provider made: it carries a label or an annotation of theirs.
fn marked(kubectl: &Kubectl) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for kind in KINDS {
        let items = kubectl.list(&[kind])?;
        let ours = items.iter().filter(|item| is_marked(&item["metadata"]));
        found.extend(ours.filter_map(|item| {
            let name = item["metadata"]["name"].as_str()?;
            Some(format!("{kind}/{name}"))
        }));
    }
    Ok(found)
}

fn is_marked(metadata: &Value) -> bool {
    metadata["labels"]["app.kubernetes.io/managed-by"] == "dataplane"
        || !metadata["labels"][TEST].is_null()
        || !metadata["annotations"]["dataplane.dev/owner"].is_null()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_says_whose_it_is_is_removed() {
        for ours in [
            json!({ "labels": { "app.kubernetes.io/managed-by": "dataplane" } }),
            json!({ "labels": { TEST: "true" } }),
            json!({ "annotations": { "dataplane.dev/owner": "acceptance" } }),
        ] {
            assert!(is_marked(&ours), "{ours}");
        }
        for theirs in [
            json!({ "name": "union" }),
            json!({ "labels": { "app.kubernetes.io/managed-by": "Helm" } }),
        ] {
            assert!(!is_marked(&theirs), "{theirs}");
        }
    }
}
