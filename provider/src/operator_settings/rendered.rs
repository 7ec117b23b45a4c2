//! The objects of an operator with our marks, and the configuration that a cluster keeps of it.

use dataplane_api::{
    OperatorConfig,
    manifests::{self, PatchError},
};
use framework::{AttributePath, Diagnostic, Diagnostics, Result};

use crate::{
    client::Client,
    cluster::{Marks, Object, set},
};

/// Annotation of the configuration's ConfigMap: the patches, which the document itself leaves out, so that an import finds them.
const PATCHES: &str = "dataplane.dev/patches";

/// Name and key of the configuration document in the operator's namespace.
pub const CONFIG_MAP: &str = "dataplane-config";
const CONFIG_KEY: &str = "/data/config.yaml";

/// The marks of one operator's objects.
pub fn marks(client: &Client, config: &OperatorConfig) -> Marks {
    Marks::new(
        &client.owner,
        &format!("dataplane_operator/{}/{}", config.namespace, config.name),
    )
}

/// The objects of an operator as they are applied.
pub fn objects(client: &Client, config: &OperatorConfig) -> Result<Vec<Object>> {
    let rendered = manifests::render(config).map_err(|error| patch_error(&error))?;
    let mut objects = set::wanted(&rendered, &marks(client, config));
    if !config.patches.is_empty() {
        let patches = serde_json::to_string(&config.patches)?;
        let holders = objects
            .iter_mut()
            .filter(|object| object.text("/kind") == "ConfigMap" && object.name() == CONFIG_MAP);
        holders.for_each(|object| object.annotate(PATCHES, &patches));
    }
    Ok(objects)
}

/// The configuration that a cluster keeps of an operator.
pub fn config_in(config_map: &Object) -> Result<OperatorConfig> {
    let mut config = OperatorConfig::parse(config_map.text(CONFIG_KEY)).map_err(|error| {
        Diagnostic::error(
            "the operator's configuration in the cluster cannot be read",
            format!(
                "{} holds a document that this release does not read: {error}",
                config_map.reference()
            ),
        )
    })?;
    if let Some(patches) = config_map.annotation(PATCHES) {
        config.patches = serde_json::from_str(patches)?;
    }
    Ok(config)
}

/// Reports a patch that fits nothing at `patches`.
pub fn patch_error(error: &PatchError) -> Diagnostics {
    Diagnostic::error("a patch cannot be applied", error.to_string())
        .at(AttributePath::root().attribute("patches"))
        .into()
}
