//! The provider's own configuration, and the request to stop.

use std::sync::Arc;

use dataplane_proto::tfplugin6::{configure_provider, stop_provider, validate_provider_config};

use super::{Service, lock, received, summary};
use crate::{Attribute, AttributePath, Diagnostics, Model, Provider, Result, Verb};

impl<P: Provider> Service<P> {
    pub(super) async fn validate_provider_config(
        &self,
        request: validate_provider_config::Request,
    ) -> Result<validate_provider_config::Response> {
        let root = AttributePath::root();
        let config = received(P::Config::schema(), request.config.as_ref())?;
        let config = P::Config::decode(&config, &root)?;
        let mut diagnostics = Diagnostics::new();
        config.check(&root, &mut diagnostics);
        self.provider.validate(&config, &mut diagnostics);
        let diagnostics = diagnostics
            .summarize(&summary(Verb::Validate, P::NAME, None))
            .to_proto();
        Ok(validate_provider_config::Response { diagnostics })
    }

    pub(super) async fn configure_provider(
        &self,
        request: configure_provider::Request,
    ) -> Result<configure_provider::Response> {
        let config = received(P::Config::schema(), request.config.as_ref())?;
        let config = P::Config::decode(&config, &AttributePath::root())?;
        let client = self
            .provider
            .configure(config)
            .await
            .map_err(|wrong| wrong.summarize(&summary(Verb::Configure, P::NAME, None)))?;
        *lock(&self.client) = client.map(Arc::new);
        Ok(configure_provider::Response::default())
    }

    /// Ends what waits now. Later requests are not stopped: with a debugger, one process serves many runs of Terraform.
    pub(super) async fn stop_provider(&self, _: stop_provider::Request) -> stop_provider::Response {
        let fresh = self.shutdown.child_token();
        std::mem::replace(&mut *lock(&self.stop), fresh).cancel();
        stop_provider::Response::default()
    }
}
