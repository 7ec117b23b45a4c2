//! Taking existing objects into the state, by id or by identity.

use dataplane_proto::tfplugin6::import_resource_state as rpc;

use super::{Service, identity, left_unknown, summary};
use crate::schema::{Schema, field};
use crate::{Cty, Diagnostic, Provider, Result, Verb, plan, wire};

impl<P: Provider> Service<P> {
    pub(super) async fn import_resource_state(
        &self,
        request: rpc::Request,
    ) -> Result<rpc::Response> {
        let resource = self.resource(&request.type_name)?;
        let (schema, names) = (resource.schema(), resource.identity());
        let given = identity::decode(schema, names, request.identity.as_ref())?;
        let cx = self.context(Verb::Import, &[])?;
        let label = if given.is_null() {
            Some(request.id.clone())
        } else {
            resource.label(&given)
        };
        let summary = summary(Verb::Import, &request.type_name, label.as_deref());
        let imported = if !given.is_null() {
            let given = with_all_attributes(schema, &given);
            cx.unless_stopped(resource.import_identity(&cx, given))
                .await
        } else if request.id.is_empty() {
            Err(Diagnostic::error("", "the id to import is empty").into())
        } else {
            cx.unless_stopped(resource.import(&cx, &request.id)).await
        };
        let imported = imported.map_err(|wrong| wrong.summarize(&summary))?;
        let state = plan::without_write_only(schema, imported);
        if let Some(unknown) = left_unknown(&state, &request.type_name, "After an import") {
            return Err(unknown.into());
        }
        let identity = identity::of_state(schema, names, &state);
        Ok(rpc::Response {
            imported_resources: vec![rpc::ImportedResource {
                type_name: request.type_name,
                state: Some(wire::encode(&state, schema.object_type())?),
                private: cx.private().encode(),
                identity: identity::encode(schema, names, identity.as_ref())?,
            }],
            diagnostics: cx.warnings().to_proto(),
            ..rpc::Response::default()
        })
    }
}

/// An object with the given attributes and null for all others.
fn with_all_attributes(schema: &Schema, given: &Cty) -> Cty {
    schema
        .attributes
        .iter()
        .map(|attribute| (attribute.name, field(given, attribute.name).clone()))
        .collect()
}
