//! Looking at managed objects.

use dataplane_proto::tfplugin6::read_resource as rpc;

use super::{Service, identity, left_unknown, received, sent, summary};
use crate::{Cty, Provider, Result, Verb, plan};

impl<P: Provider> Service<P> {
    pub(super) async fn read_resource(&self, request: rpc::Request) -> Result<rpc::Response> {
        let resource = self.resource(&request.type_name)?;
        let (schema, names) = (resource.schema(), resource.identity());
        let prior = received(schema, request.current_state.as_ref())?;
        let summary = summary(
            Verb::Read,
            &request.type_name,
            resource.label(&prior).as_deref(),
        );
        let cx = self.context(Verb::Read, &request.private)?;
        if cx.client_if_known().is_none() || prior.is_null() {
            tracing::info!(
                "the provider's configuration is not known yet, so the state stays as it is"
            );
            return Ok(rpc::Response {
                new_state: request.current_state,
                private: request.private,
                new_identity: request.current_identity,
                ..rpc::Response::default()
            });
        }
        let found = cx
            .unless_stopped(resource.read(&cx, prior.clone()))
            .await
            .map_err(|wrong| wrong.summarize(&summary))?;
        let state = match found {
            Some(found) => plan::respell(schema, plan::without_write_only(schema, found), &prior),
            None => Cty::Null,
        };
        if let Some(unknown) = left_unknown(&state, &request.type_name, "After a read") {
            return Err(unknown.into());
        }
        let before = identity::decode(schema, names, request.current_identity.as_ref())?;
        let identity = identity::of_state(schema, names, &state);
        identity::check_unchanged(&request.type_name, &before, identity.as_ref())?;
        Ok(rpc::Response {
            new_state: Some(sent(schema, &state)?),
            private: cx.private().encode(),
            new_identity: identity::encode(schema, names, identity.as_ref())?,
            diagnostics: cx.warnings().to_proto(),
            ..rpc::Response::default()
        })
    }
}
