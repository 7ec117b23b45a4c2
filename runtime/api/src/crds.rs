//! The custom resource definitions, shared by all operators of a cluster.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube_core::CustomResourceExt;

use crate::{
    labels::{DATAPLANE, PART_OF},
    task_action::TaskAction,
};

/// All of them.
pub fn crds() -> Vec<CustomResourceDefinition> {
    [TaskAction::crd()]
        .into_iter()
        .map(|mut definition| {
            let labels = definition.metadata.labels.get_or_insert_default();
            // What the API server would fill in: so that what is read back equals what was applied.
            definition.spec.names.list_kind = Some(format!("{}List", definition.spec.names.kind));
            labels.insert(PART_OF.to_owned(), DATAPLANE.to_owned());
            definition
        })
        .collect()
}
