//! `dataplane_manifests`: exactly the objects of `dataplane_operator`, for those who apply them by other means.

use std::collections::BTreeMap;

use framework::{Context, DataSource, Diagnostic, Diagnostics, Result, Value};

use crate::{
    client::Client,
    cluster::set,
    operator_settings::{self, config_of, operator_model},
    resources::operator,
};

/// The data source.
pub struct Manifests;

operator_model! {
    /// Exactly the objects that `dataplane_operator` applies for the same arguments, for Argo CD, Flux or kubectl. Nothing is asked of a
    /// cluster. What was applied this way can be imported as a `dataplane_operator` later.
    ManifestsModel {
        /// All objects as one YAML stream, in the order in which they are applied.
        #[attr(computed)]
        pub yaml: Value<String>,
        /// Each object as a YAML document, in the order in which they are applied.
        #[attr(computed)]
        pub documents: Value<Vec<String>>,
        /// Each object as JSON, by `Kind/namespace/name`, as in the `objects` of `dataplane_operator`.
        #[attr(computed)]
        pub objects: Value<BTreeMap<String, String>>,
    }
}

impl DataSource for Manifests {
    const NAME: &'static str = "dataplane_manifests";
    type Client = Client;
    type Model = ManifestsModel;

    fn validate(&self, config: &ManifestsModel, diagnostics: &mut Diagnostics) {
        operator::check(config, diagnostics);
    }

    async fn read(&self, cx: &Context<Client>, config: ManifestsModel) -> Result<ManifestsModel> {
        let client = cx.client()?;
        let document = config_of(&config)?.ok_or_else(|| {
            Diagnostic::error(
                "",
                "an argument is still unknown; this is a bug in the provider",
            )
        })?;
        let objects = operator_settings::objects(client, &document)?;
        let documents: Vec<String> = objects
            .iter()
            .map(|object| dataplane_api::yaml::to_string(&object.0))
            .collect();
        Ok(ManifestsModel {
            yaml: dataplane_api::yaml::documents(objects.iter().map(|object| &object.0)).into(),
            documents: documents.into(),
            objects: set::texts(&objects).into(),
            ..config
        })
    }
}
