//! Data sources under test.

use dataplane_proto::tfplugin6::{
    provider_server::Provider as Server, read_data_source, validate_data_resource_config,
};
use serde_json::Value as Json;
use tonic::Request;

use super::{CLIENT, answered, config, decode, encode, errors, fail, from_proto};
use crate::rpc::Service;
use crate::schema::Schema;
use crate::{Diagnostic, Provider};

/// A data source of the provider under test.
#[derive(Debug)]
pub struct DataSubject<'a, P: Provider> {
    service: &'a Service<P>,
    name: &'a str,
    schema: &'static Schema,
}

impl<'a, P: Provider> DataSubject<'a, P> {
    pub(super) fn new(service: &'a Service<P>, name: &'a str) -> Self {
        let Some(schema) = service.data_source_schema(name) else {
            panic!("the provider has no data source {name}");
        };
        Self {
            service,
            name,
            schema,
        }
    }

    /// What the provider has to say about a configuration.
    pub async fn validate(&self, configured: Json) -> Vec<Diagnostic> {
        let config = match config::read(self.schema, &configured) {
            Ok(config) => encode(self.schema, &config),
            Err(wrong) => return wrong,
        };
        let request = validate_data_resource_config::Request {
            type_name: self.name.to_owned(),
            config: Some(config),
        };
        from_proto(
            &answered(
                self.service
                    .validate_data_resource_config(Request::new(request))
                    .await,
            )
            .diagnostics,
        )
    }

    /// Reads it.
    pub async fn read(&self, configured: Json) -> Json {
        let doing = format!("reading {}", self.name);
        self.try_read(configured)
            .await
            .unwrap_or_else(|wrong| fail(&doing, &wrong))
    }

    /// Reads it, or says why not.
    pub async fn try_read(&self, configured: Json) -> Result<Json, Vec<Diagnostic>> {
        let diagnostics = self.validate(configured.clone()).await;
        if diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == crate::Severity::Error)
        {
            return Err(diagnostics);
        }
        let config = config::read(self.schema, &configured)?;
        assert!(
            config.is_wholly_known(),
            "Terraform reads a data source when its configuration is known"
        );
        let request = read_data_source::Request {
            type_name: self.name.to_owned(),
            config: Some(encode(self.schema, &config)),
            client_capabilities: CLIENT,
            ..read_data_source::Request::default()
        };
        let answer = answered(self.service.read_data_source(Request::new(request)).await);
        errors(&answer.diagnostics)?;
        let state = decode(self.schema, answer.state.as_ref());
        assert!(
            !state.is_null(),
            "Provider produced null object: {}",
            self.name
        );
        assert!(
            state.is_wholly_known(),
            "Provider produced invalid object: {} is not wholly known",
            self.name
        );
        Ok(config::show(&state))
    }
}
