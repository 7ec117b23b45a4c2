//! Validation of the blocks of a configuration, while parts of it may be unknown.

use dataplane_proto::tfplugin6::{
    ClientCapabilities, validate_data_resource_config, validate_ephemeral_resource_config,
    validate_resource_config,
};

use super::{Service, named, received, summary};
use crate::schema::Schema;
use crate::{Cty, Diagnostics, Provider, Result, Verb, plan};

impl<P: Provider> Service<P> {
    pub(super) async fn validate_resource_config(
        &self,
        request: validate_resource_config::Request,
    ) -> Result<validate_resource_config::Response> {
        let resource = self.resource(&request.type_name)?;
        let config = received(resource.schema(), request.config.as_ref())?;
        let label = resource.label(&config);
        let mut diagnostics = resource.validate(&config);
        diagnostics.extend(refused_write_only(
            resource.schema(),
            &config,
            request.client_capabilities,
        ));
        let diagnostics = diagnostics
            .summarize(&summary(
                Verb::Validate,
                &request.type_name,
                label.as_deref(),
            ))
            .to_proto();
        Ok(validate_resource_config::Response { diagnostics })
    }

    pub(super) async fn validate_data_resource_config(
        &self,
        request: validate_data_resource_config::Request,
    ) -> Result<validate_data_resource_config::Response> {
        let source = named(&self.data_sources, &request.type_name, "data source")?;
        let config = received(source.schema(), request.config.as_ref())?;
        let diagnostics = source
            .validate(&config)
            .summarize(&summary(Verb::Validate, &request.type_name, None))
            .to_proto();
        Ok(validate_data_resource_config::Response { diagnostics })
    }

    pub(super) async fn validate_ephemeral_resource_config(
        &self,
        request: validate_ephemeral_resource_config::Request,
    ) -> Result<validate_ephemeral_resource_config::Response> {
        let ephemeral = named(
            &self.ephemeral_resources,
            &request.type_name,
            "ephemeral resource",
        )?;
        let config = received(ephemeral.schema(), request.config.as_ref())?;
        let diagnostics = ephemeral
            .validate(&config)
            .summarize(&summary(Verb::Validate, &request.type_name, None))
            .to_proto();
        Ok(validate_ephemeral_resource_config::Response { diagnostics })
    }
}

/// A Terraform that does not know write-only attributes would store their values.
fn refused_write_only(
    schema: &Schema,
    config: &Cty,
    client: Option<ClientCapabilities>,
) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    if client.is_none_or(|client| !client.write_only_attributes_allowed) {
        for path in plan::write_only_values(schema, config) {
            let detail = format!("{path} is never stored, which needs Terraform 1.11 or later");
            diagnostics.error_at(path, "Write-only attribute not supported", detail);
        }
    }
    diagnostics
}
