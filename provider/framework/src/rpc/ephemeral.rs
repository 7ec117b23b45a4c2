//! Opening, renewing and closing ephemeral resources.

use dataplane_proto::tfplugin6::{
    close_ephemeral_resource, open_ephemeral_resource, renew_ephemeral_resource,
};

use super::{Service, left_unknown, named, received, sent, summary};
use crate::{AnyEphemeralResource, Opened, Provider, Result, Verb, plan};

impl<P: Provider> Service<P> {
    fn ephemeral(&self, name: &str) -> Result<&dyn AnyEphemeralResource<P::Client>> {
        named(&self.ephemeral_resources, name, "ephemeral resource")
    }

    pub(super) async fn open_ephemeral_resource(
        &self,
        request: open_ephemeral_resource::Request,
    ) -> Result<open_ephemeral_resource::Response> {
        let ephemeral = self.ephemeral(&request.type_name)?;
        let schema = ephemeral.schema();
        let config = received(schema, request.config.as_ref())?;
        let summary = summary(Verb::Open, &request.type_name, None);
        let cx = self.context(Verb::Open, &[])?;
        let opened = cx
            .unless_stopped(ephemeral.open(&cx, config.clone()))
            .await
            .map_err(|wrong| wrong.summarize(&summary))?;
        let Opened { result, renew_at } = opened;
        let result = plan::respell(schema, result, &config);
        if let Some(unknown) = left_unknown(&result, &request.type_name, "After opening") {
            return Err(unknown.into());
        }
        Ok(open_ephemeral_resource::Response {
            result: Some(sent(schema, &result)?),
            renew_at: renew_at.map(Into::into),
            private: Some(cx.private().encode()),
            diagnostics: cx.warnings().to_proto(),
            ..open_ephemeral_resource::Response::default()
        })
    }

    pub(super) async fn renew_ephemeral_resource(
        &self,
        request: renew_ephemeral_resource::Request,
    ) -> Result<renew_ephemeral_resource::Response> {
        let ephemeral = self.ephemeral(&request.type_name)?;
        let summary = summary(Verb::Renew, &request.type_name, None);
        let cx = self.context(Verb::Renew, request.private())?;
        let renew_at = ephemeral
            .renew(&cx)
            .await
            .map_err(|wrong| wrong.summarize(&summary))?;
        Ok(renew_ephemeral_resource::Response {
            renew_at: renew_at.map(Into::into),
            private: Some(cx.private().encode()),
            diagnostics: cx.warnings().to_proto(),
        })
    }

    pub(super) async fn close_ephemeral_resource(
        &self,
        request: close_ephemeral_resource::Request,
    ) -> Result<close_ephemeral_resource::Response> {
        let ephemeral = self.ephemeral(&request.type_name)?;
        let summary = summary(Verb::Close, &request.type_name, None);
        let cx = self.context(Verb::Close, request.private())?;
        ephemeral
            .close(&cx)
            .await
            .map_err(|wrong| wrong.summarize(&summary))?;
        Ok(close_ephemeral_resource::Response {
            diagnostics: cx.warnings().to_proto(),
        })
    }
}
