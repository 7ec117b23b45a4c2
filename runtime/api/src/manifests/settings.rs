//! The configuration document inside the cluster, and where a pod finds its files.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use sha2::{Digest, Sha256};

use super::{Object, object};
use crate::{OperatorConfig, yaml};

/// Where the configuration is in every pod.
pub const CONFIG_FILE: &str = "/etc/dataplane/config.yaml";
/// Where the token for the control plane is in a pod that talks to it.
pub const CONTROL_PLANE_TOKEN_FILE: &str = "/var/run/secrets/dataplane/control-plane/token";
/// Port of `/healthz`, `/readyz` and `/metrics`.
pub const ADMIN_PORT: u16 = 8081;

pub(super) const CONFIG_MAP: &str = "dataplane-config";
pub(super) const CONFIG_KEY: &str = "config.yaml";

pub(super) fn config_map(config: &OperatorConfig) -> Object {
    Object::of(&ConfigMap {
        metadata: object::meta(config, None, CONFIG_MAP),
        data: Some(BTreeMap::from([(CONFIG_KEY.to_owned(), document(config))])),
        ..ConfigMap::default()
    })
}

/// Changes whenever the document does: on the pod template it makes a change of configuration roll the pods.
pub(super) fn checksum(config: &OperatorConfig) -> String {
    use std::fmt::Write as _;
    Sha256::digest(document(config))
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a String can't fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// Without the patches: they shape the objects, no component reads them, and one that changes must not restart pods.
fn document(config: &OperatorConfig) -> String {
    let config = OperatorConfig {
        patches: Vec::new(),
        ..config.clone()
    };
    yaml::to_string(&serde_json::to_value(config).expect("the keys of the configuration are text"))
}
