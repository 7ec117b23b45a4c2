//! What happens to objects between applies: reading, importing, upgrading, moving.

use dataplane_proto::tfplugin6::{
    RawState, import_resource_state, move_resource_state, provider_server::Provider as Server,
    read_resource, upgrade_resource_state,
};
use serde_json::Value as Json;
use tonic::Request;

use super::plan::stores_no_write_only;
use super::{State, Subject};
use crate::testing::{CLIENT, answered, decode, encode, errors, fail, from_proto};
use crate::{Cty, Diagnostic, Provider, json};

impl<P: Provider> Subject<'_, P> {
    /// Looks at an object; none when it is gone.
    pub async fn read(&self, state: &State) -> Option<State> {
        let doing = format!("reading {}", self.name);
        self.try_read(state)
            .await
            .unwrap_or_else(|wrong| fail(&doing, &wrong))
    }

    /// Looks at an object, or says why not.
    pub async fn try_read(&self, state: &State) -> Result<Option<State>, Vec<Diagnostic>> {
        self.try_refresh(state).await.map(|(found, _)| found)
    }

    /// The same, with the warnings.
    pub async fn try_refresh(
        &self,
        state: &State,
    ) -> Result<(Option<State>, Vec<Diagnostic>), Vec<Diagnostic>> {
        let request = read_resource::Request {
            type_name: self.name.to_owned(),
            current_state: Some(encode(self.schema, &self.upgraded(state).await)),
            private: state.private.clone(),
            client_capabilities: CLIENT,
            current_identity: state.identity.clone(),
            ..read_resource::Request::default()
        };
        let answer = answered(self.service.read_resource(Request::new(request)).await);
        errors(&answer.diagnostics)?;
        let warnings = from_proto(&answer.diagnostics);
        let value = decode(self.schema, answer.new_state.as_ref());
        assert!(
            value.is_wholly_known(),
            "Provider produced invalid object: {} has unknown values after a read",
            self.name
        );
        assert!(
            stores_no_write_only(self.schema, &value),
            "{} stores a write-only value",
            self.name
        );
        if value.is_null() {
            return Ok((None, warnings));
        }
        let found = State::new(value, answer.private, answer.new_identity);
        self.check_identity(&found, "After Read");
        let found = State {
            tainted: state.tainted,
            ..found
        };
        Ok((Some(found), warnings))
    }

    /// State goes through JSON and the provider's upgrade whenever Terraform reads it.
    async fn upgraded(&self, state: &State) -> Cty {
        let stored = json::encode(&state.value, self.schema.object_type())
            .unwrap_or_else(|wrong| panic!("storing {}: {wrong}", self.name));
        let upgraded = self.upgrade(self.version, stored).await;
        assert!(
            self.schema.equal(&upgraded.value, &state.value),
            "upgrading the state of {} from its own version changed it: {} became {}",
            self.name,
            state.values,
            upgraded.values
        );
        upgraded.value
    }

    /// Reads state that an older release wrote.
    pub async fn upgrade(&self, version: i64, stored: Json) -> State {
        let doing = format!("upgrading the state of {}", self.name);
        self.try_upgrade(version, stored)
            .await
            .unwrap_or_else(|wrong| fail(&doing, &wrong))
    }

    /// Reads state that an older release wrote, or says why not.
    pub async fn try_upgrade(&self, version: i64, stored: Json) -> Result<State, Vec<Diagnostic>> {
        let request = upgrade_resource_state::Request {
            type_name: self.name.to_owned(),
            version,
            raw_state: Some(raw(&stored)),
        };
        let answer = answered(
            self.service
                .upgrade_resource_state(Request::new(request))
                .await,
        );
        errors(&answer.diagnostics)?;
        let value = decode(self.schema, answer.upgraded_state.as_ref());
        assert!(
            value.is_wholly_known(),
            "Invalid resource state upgrade: {} has unknown values",
            self.name
        );
        Ok(State::new(value, Vec::new(), None))
    }

    /// Takes over the state of another resource type.
    pub async fn move_state(
        &self,
        provider_address: &str,
        type_name: &str,
        schema_version: i64,
        stored: Json,
    ) -> Result<State, Vec<Diagnostic>> {
        let request = move_resource_state::Request {
            source_provider_address: provider_address.to_owned(),
            source_type_name: type_name.to_owned(),
            source_schema_version: schema_version,
            source_state: Some(raw(&stored)),
            target_type_name: self.name.to_owned(),
            ..move_resource_state::Request::default()
        };
        let answer = answered(
            self.service
                .move_resource_state(Request::new(request))
                .await,
        );
        errors(&answer.diagnostics)?;
        let value = decode(self.schema, answer.target_state.as_ref());
        assert!(
            !value.is_null() && value.is_wholly_known(),
            "Provider returned invalid value: {}",
            self.name
        );
        Ok(State::new(
            value,
            answer.target_private,
            answer.target_identity,
        ))
    }

    /// Imports an object by its id and reads it.
    pub async fn import(&self, id: &str) -> State {
        let doing = format!("importing {} {id}", self.name);
        self.try_import(id)
            .await
            .unwrap_or_else(|wrong| fail(&doing, &wrong))
    }

    /// Imports an object by its id and reads it, or says why not.
    pub async fn try_import(&self, id: &str) -> Result<State, Vec<Diagnostic>> {
        self.import_request(import_resource_state::Request {
            id: id.to_owned(),
            ..self.import_base()
        })
        .await
    }

    /// Imports an object by the identity of a state, as Terraform 1.12 and later can, and reads it.
    pub async fn import_identity(&self, state: &State) -> Result<State, Vec<Diagnostic>> {
        assert!(state.identity.is_some(), "{} has no identity", self.name);
        self.import_request(import_resource_state::Request {
            identity: state.identity.clone(),
            ..self.import_base()
        })
        .await
    }

    fn import_base(&self) -> import_resource_state::Request {
        import_resource_state::Request {
            type_name: self.name.to_owned(),
            client_capabilities: CLIENT,
            ..import_resource_state::Request::default()
        }
    }

    async fn import_request(
        &self,
        request: import_resource_state::Request,
    ) -> Result<State, Vec<Diagnostic>> {
        let mut answer = answered(
            self.service
                .import_resource_state(Request::new(request))
                .await,
        );
        errors(&answer.diagnostics)?;
        let (Some(imported), true) = (
            answer.imported_resources.pop(),
            answer.imported_resources.is_empty(),
        ) else {
            panic!("Import of {} returned not exactly one resource", self.name);
        };
        assert_eq!(
            imported.type_name, self.name,
            "the import answers another type"
        );
        let value = decode(self.schema, imported.state.as_ref());
        assert!(
            value.is_wholly_known(),
            "Import of {} returned unknown values",
            self.name
        );
        let state = State::new(value, imported.private, imported.identity);
        self.try_read(&state).await?.ok_or_else(|| {
            vec![Diagnostic::error(
                "Cannot import non-existent remote object",
                format!("there is no {} of that id", self.name),
            )]
        })
    }
}

fn raw(stored: &Json) -> RawState {
    RawState {
        json: stored.to_string().into_bytes(),
        ..RawState::default()
    }
}
