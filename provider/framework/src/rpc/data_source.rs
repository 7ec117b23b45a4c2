//! Reading data sources.

use dataplane_proto::tfplugin6::read_data_source as rpc;

use super::{Service, left_unknown, named, received, sent, summary};
use crate::{Provider, Result, Verb, plan};

impl<P: Provider> Service<P> {
    pub(super) async fn read_data_source(&self, request: rpc::Request) -> Result<rpc::Response> {
        let source = named(&self.data_sources, &request.type_name, "data source")?;
        let schema = source.schema();
        let config = received(schema, request.config.as_ref())?;
        let summary = summary(Verb::Read, &request.type_name, None);
        let cx = self.context(Verb::Read, &[])?;
        let result = cx
            .unless_stopped(source.read(&cx, config.clone()))
            .await
            .map_err(|wrong| wrong.summarize(&summary))?;
        let state = plan::respell(schema, result, &config);
        if let Some(unknown) = left_unknown(&state, &request.type_name, "After a read") {
            return Err(unknown.into());
        }
        Ok(rpc::Response {
            state: Some(sent(schema, &state)?),
            diagnostics: cx.warnings().to_proto(),
            ..rpc::Response::default()
        })
    }
}
