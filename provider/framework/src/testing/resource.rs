//! Managed resources under test.

mod apply;
mod lifecycle;
mod plan;
mod stored;

use std::ops::Index;

use dataplane_proto::tfplugin6::{
    DynamicValue, ResourceIdentityData, provider_server::Provider as Server,
    validate_resource_config,
};
use serde_json::Value as Json;
use tonic::Request;

use super::{CLIENT, answered, config, encode, from_proto};
use crate::rpc::Service;
use crate::schema::Schema;
use crate::{AttributePath, Cty, Diagnostic, Provider};

/// A managed resource of the provider under test.
#[derive(Debug)]
pub struct Subject<'a, P: Provider> {
    service: &'a Service<P>,
    name: &'a str,
    schema: &'static Schema,
    version: i64,
}

/// An object in Terraform's state.
#[derive(Clone, Debug)]
pub struct State {
    /// Its attributes.
    pub values: Json,
    /// Whether the create that made it failed: Terraform will replace it.
    pub tainted: bool,
    /// What the apply that it is of warned about.
    pub warnings: Vec<Diagnostic>,
    value: Cty,
    private: Vec<u8>,
    identity: Option<ResourceIdentityData>,
}

impl State {
    fn new(value: Cty, private: Vec<u8>, identity: Option<ResourceIdentityData>) -> Self {
        Self {
            values: config::show(&value),
            tainted: false,
            warnings: Vec::new(),
            value,
            private,
            identity,
        }
    }
}

impl Index<&str> for State {
    type Output = Json;

    fn index(&self, name: &str) -> &Json {
        &self.values[name]
    }
}

/// What Terraform would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    NoOp,
    /// Make the object.
    Create,
    /// Change the object.
    Update,
    /// Make a new object and remove the old one.
    Replace,
    /// Remove the object.
    Delete,
}

/// A plan.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What Terraform would do.
    pub action: Action,
    /// The attributes because of which it replaces the object.
    pub replace_paths: Vec<AttributePath>,
    /// The attributes after the apply, with [`UNKNOWN`](super::UNKNOWN) for those that only the apply will tell.
    pub values: Json,
    /// Warnings.
    pub diagnostics: Vec<Diagnostic>,
    prior: Option<State>,
    value: Cty,
    private: Vec<u8>,
    identity: Option<ResourceIdentityData>,
}

/// A change that failed.
#[derive(Clone, Debug)]
pub struct Failed {
    /// What went wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// What is in the state now. After a failed create it is tainted.
    pub state: Option<State>,
}

impl Failed {
    fn before(diagnostics: Vec<Diagnostic>, state: Option<&State>) -> Self {
        Self {
            diagnostics,
            state: state.cloned(),
        }
    }
}

impl<'a, P: Provider> Subject<'a, P> {
    pub(super) fn new(service: &'a Service<P>, name: &'a str) -> Self {
        let Some((schema, version)) = service.resource_schema(name) else {
            panic!("the provider has no resource {name}");
        };
        Self {
            service,
            name,
            schema,
            version,
        }
    }

    /// What the provider has to say about a configuration.
    pub async fn validate(&self, configured: Json) -> Vec<Diagnostic> {
        match config::read(self.schema, &configured) {
            Ok(config) => self.validate_value(&config).await,
            Err(wrong) => wrong,
        }
    }

    async fn validate_value(&self, config: &Cty) -> Vec<Diagnostic> {
        let request = validate_resource_config::Request {
            type_name: self.name.to_owned(),
            config: Some(encode(self.schema, config)),
            client_capabilities: CLIENT,
        };
        from_proto(
            &answered(
                self.service
                    .validate_resource_config(Request::new(request))
                    .await,
            )
            .diagnostics,
        )
    }

    /// An object that cannot be told from others by its identity can't be imported by it either.
    fn check_identity(&self, state: &State, when: &str) {
        assert!(
            state.identity.is_some() || !self.service.has_identity(self.name),
            "Missing Resource Identity {when}: {} declares an identity, and a part of it is null",
            self.name
        );
    }

    fn null(&self) -> DynamicValue {
        encode(self.schema, &Cty::Null)
    }
}
