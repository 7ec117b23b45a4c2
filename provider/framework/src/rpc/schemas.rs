//! What there is: names, schemas, identities. No other request depends on these having been asked for, because Terraform may
//! have the schemas from an earlier process.

use dataplane_proto::tfplugin6::{self as proto, ServerCapabilities, get_metadata as metadata};

use super::{Service, function, identity};
use crate::{Model, Provider};

const CAPABILITIES: ServerCapabilities = ServerCapabilities {
    plan_destroy: true,
    get_provider_schema_optional: true,
    move_resource_state: true,
    // Terraform's own way of writing configuration from state serves.
    generate_resource_config: false,
};

impl<P: Provider> Service<P> {
    pub(super) async fn get_metadata(&self, _: metadata::Request) -> metadata::Response {
        let name = |name: &&'static str| (*name).to_owned();
        metadata::Response {
            server_capabilities: Some(CAPABILITIES),
            resources: self
                .resources
                .keys()
                .map(|key| metadata::ResourceMetadata {
                    type_name: name(key),
                })
                .collect(),
            data_sources: self
                .data_sources
                .keys()
                .map(|key| metadata::DataSourceMetadata {
                    type_name: name(key),
                })
                .collect(),
            ephemeral_resources: self
                .ephemeral_resources
                .keys()
                .map(|key| metadata::EphemeralMetadata {
                    type_name: name(key),
                })
                .collect(),
            functions: self
                .functions
                .keys()
                .map(|key| metadata::FunctionMetadata { name: name(key) })
                .collect(),
            ..metadata::Response::default()
        }
    }

    pub(super) async fn get_provider_schema(
        &self,
        _: proto::get_provider_schema::Request,
    ) -> proto::get_provider_schema::Response {
        let no_version = 0;
        proto::get_provider_schema::Response {
            provider: Some(P::Config::schema().to_proto(no_version)),
            resource_schemas: self
                .resources
                .iter()
                .map(|(name, any)| ((*name).to_owned(), any.schema().to_proto(any.version())))
                .collect(),
            data_source_schemas: self
                .data_sources
                .iter()
                .map(|(name, any)| ((*name).to_owned(), any.schema().to_proto(no_version)))
                .collect(),
            ephemeral_resource_schemas: self
                .ephemeral_resources
                .iter()
                .map(|(name, any)| ((*name).to_owned(), any.schema().to_proto(no_version)))
                .collect(),
            functions: function::definitions(&self.functions),
            server_capabilities: Some(CAPABILITIES),
            ..proto::get_provider_schema::Response::default()
        }
    }

    pub(super) async fn get_resource_identity_schemas(
        &self,
        _: proto::get_resource_identity_schemas::Request,
    ) -> proto::get_resource_identity_schemas::Response {
        let schemas = self
            .resources
            .iter()
            .filter(|(_, any)| !any.identity().is_empty());
        proto::get_resource_identity_schemas::Response {
            identity_schemas: schemas
                .map(|(name, any)| {
                    (
                        (*name).to_owned(),
                        identity::schema(any.schema(), any.identity(), any.identity_version()),
                    )
                })
                .collect(),
            ..proto::get_resource_identity_schemas::Response::default()
        }
    }
}
