//! State that another release, or another provider, wrote.

use dataplane_proto::tfplugin6::{
    RawState, ResourceIdentityData, move_resource_state, upgrade_resource_identity,
    upgrade_resource_state,
};
use serde_json::Value as Json;

use super::{Service, identity, left_unknown, summary};
use crate::json::Undeclared;
use crate::{Diagnostic, MoveSource, Provider, Result, Verb, json, plan, wire};

impl<P: Provider> Service<P> {
    pub(super) async fn upgrade_resource_state(
        &self,
        request: upgrade_resource_state::Request,
    ) -> Result<upgrade_resource_state::Response> {
        let resource = self.resource(&request.type_name)?;
        let schema = resource.schema();
        let summary = summary(Verb::Upgrade, &request.type_name, None);
        let stored = parse(request.raw_state.as_ref())?;
        let current = resource.version();
        let upgraded = match request.version {
            version if version == current => stored,
            version if version > current => {
                return Err(newer(&request.type_name, version, current).into());
            }
            version => resource
                .upgrade(version, stored)
                .map_err(|wrong| wrong.summarize(&summary))?,
        };
        let state = json::decode(&upgraded, schema.object_type(), Undeclared::Drop)?;
        let state = plan::without_write_only(schema, state);
        Ok(upgrade_resource_state::Response {
            upgraded_state: Some(wire::encode(&state, schema.object_type())?),
            ..upgrade_resource_state::Response::default()
        })
    }

    pub(super) async fn upgrade_resource_identity(
        &self,
        request: upgrade_resource_identity::Request,
    ) -> Result<upgrade_resource_identity::Response> {
        let resource = self.resource(&request.type_name)?;
        let stored = parse(request.raw_identity.as_ref())?;
        let current = resource.identity_version();
        let upgraded = match request.version {
            version if version == current => stored,
            version if version > current => {
                return Err(newer(&request.type_name, version, current).into());
            }
            version => resource
                .upgrade_identity(version, stored)
                .map_err(|wrong| {
                    wrong.summarize(&summary(Verb::Upgrade, &request.type_name, None))
                })?,
        };
        let plain = identity::plain_type(resource.schema(), resource.identity());
        let identity = json::decode(&upgraded, &plain, Undeclared::Drop)?;
        let identity_data = Some(wire::encode(&identity, &plain)?);
        Ok(upgrade_resource_identity::Response {
            upgraded_identity: Some(ResourceIdentityData { identity_data }),
            ..upgrade_resource_identity::Response::default()
        })
    }

    pub(super) async fn move_resource_state(
        &self,
        request: move_resource_state::Request,
    ) -> Result<move_resource_state::Response> {
        let resource = self.resource(&request.target_type_name)?;
        let (schema, names) = (resource.schema(), resource.identity());
        let summary = summary(Verb::Move, &request.target_type_name, None);
        let source = MoveSource {
            provider_address: request.source_provider_address,
            type_name: request.source_type_name,
            schema_version: request.source_schema_version,
            state: parse(request.source_state.as_ref())?,
        };
        let moved = resource
            .move_state(&source)
            .map_err(|wrong| wrong.summarize(&summary))?;
        let Some(moved) = moved else {
            let MoveSource {
                provider_address,
                type_name,
                ..
            } = &source;
            let target = &request.target_type_name;
            return Err(Diagnostic::error(
                "Unable to move resource state",
                format!(
                    "{target} can't take over the state of {type_name} of {provider_address}: remove the moved block, and \
                     import the object into {target} instead"
                ),
            )
            .into());
        };
        let state = plan::without_write_only(schema, moved);
        if let Some(unknown) = left_unknown(&state, &request.target_type_name, "After a move") {
            return Err(unknown.into());
        }
        let identity = identity::of_state(schema, names, &state);
        Ok(move_resource_state::Response {
            target_state: Some(wire::encode(&state, schema.object_type())?),
            target_identity: identity::encode(schema, names, identity.as_ref())?,
            ..move_resource_state::Response::default()
        })
    }
}

fn parse(raw: Option<&RawState>) -> Result<Json> {
    let Some(raw) = raw else {
        return Ok(Json::Null);
    };
    if raw.json.is_empty() && !raw.flatmap.is_empty() {
        return Err(Diagnostic::error(
            "State from an old Terraform",
            "the state was last written by Terraform 0.11 or older: apply once with Terraform 0.12 first",
        )
        .into());
    }
    serde_json::from_slice(&raw.json).map_err(|error| {
        Diagnostic::error(
            "Unreadable state",
            format!("the stored state is no JSON: {error}"),
        )
        .into()
    })
}

fn newer(name: &str, version: i64, current: i64) -> Diagnostic {
    Diagnostic::error(
        "State from a newer release",
        format!(
            "the state of {name} is of version {version} and this release of the provider reads version {current}: use the \
             release that wrote it, or a later one"
        ),
    )
}
