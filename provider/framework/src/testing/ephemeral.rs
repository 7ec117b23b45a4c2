//! Ephemeral resources under test.

use std::time::SystemTime;

use dataplane_proto::tfplugin6::{
    close_ephemeral_resource, open_ephemeral_resource, provider_server::Provider as Server,
    renew_ephemeral_resource, validate_ephemeral_resource_config,
};
use serde_json::Value as Json;
use tonic::Request;

use super::{CLIENT, answered, config, decode, encode, errors, fail, from_proto, valid};
use crate::rpc::Service;
use crate::schema::Schema;
use crate::{Cty, Diagnostic, Provider, Severity};

/// An ephemeral resource of the provider under test.
#[derive(Debug)]
pub struct EphemeralSubject<'a, P: Provider> {
    service: &'a Service<P>,
    name: &'a str,
    schema: &'static Schema,
}

/// An ephemeral resource that is open.
#[derive(Clone, Debug)]
pub struct Open {
    /// Its attributes.
    pub values: Json,
    /// When it asks to be renewed.
    pub renew_at: Option<SystemTime>,
    private: Option<Vec<u8>>,
}

fn time(timestamp: Option<prost_types::Timestamp>) -> Option<SystemTime> {
    timestamp.map(|at| SystemTime::try_from(at).unwrap_or_else(|error| panic!("renew_at: {error}")))
}

impl<'a, P: Provider> EphemeralSubject<'a, P> {
    pub(super) fn new(service: &'a Service<P>, name: &'a str) -> Self {
        let Some(schema) = service.ephemeral_schema(name) else {
            panic!("the provider has no ephemeral resource {name}");
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
        let request = validate_ephemeral_resource_config::Request {
            type_name: self.name.to_owned(),
            config: Some(config),
        };
        from_proto(
            &answered(
                self.service
                    .validate_ephemeral_resource_config(Request::new(request))
                    .await,
            )
            .diagnostics,
        )
    }

    /// Opens it.
    pub async fn open(&self, configured: Json) -> Open {
        let doing = format!("opening {}", self.name);
        self.try_open(configured)
            .await
            .unwrap_or_else(|wrong| fail(&doing, &wrong))
    }

    /// Opens it, or says why not.
    pub async fn try_open(&self, configured: Json) -> Result<Open, Vec<Diagnostic>> {
        let diagnostics = self.validate(configured.clone()).await;
        if diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
        {
            return Err(diagnostics);
        }
        let config = config::read(self.schema, &configured)?;
        let request = open_ephemeral_resource::Request {
            type_name: self.name.to_owned(),
            config: Some(encode(self.schema, &config)),
            client_capabilities: CLIENT,
        };
        let answer = answered(
            self.service
                .open_ephemeral_resource(Request::new(request))
                .await,
        );
        errors(&answer.diagnostics)?;
        let result = decode(self.schema, answer.result.as_ref());
        assert!(
            result.is_wholly_known(),
            "Provider produced invalid ephemeral resource: {} is not wholly known",
            self.name
        );
        let faults = valid::plan_faults(self.schema, &Cty::Null, &config, &result);
        assert!(
            faults.is_empty(),
            "Provider produced invalid ephemeral resource: {}: {}",
            self.name,
            faults.join("\n")
        );
        Ok(Open {
            values: config::show(&result),
            renew_at: time(answer.renew_at),
            private: answer.private,
        })
    }

    /// Renews it.
    pub async fn renew(&self, open: &Open) -> Open {
        let request = renew_ephemeral_resource::Request {
            type_name: self.name.to_owned(),
            private: open.private.clone(),
        };
        let answer = answered(
            self.service
                .renew_ephemeral_resource(Request::new(request))
                .await,
        );
        let doing = format!("renewing {}", self.name);
        errors(&answer.diagnostics).unwrap_or_else(|wrong| fail(&doing, &wrong));
        Open {
            values: open.values.clone(),
            renew_at: time(answer.renew_at),
            private: answer.private,
        }
    }

    /// Closes it.
    pub async fn close(&self, open: Open) {
        let request = close_ephemeral_resource::Request {
            type_name: self.name.to_owned(),
            private: open.private,
        };
        let answer = answered(
            self.service
                .close_ephemeral_resource(Request::new(request))
                .await,
        );
        let doing = format!("closing {}", self.name);
        errors(&answer.diagnostics).unwrap_or_else(|wrong| fail(&doing, &wrong));
    }
}
