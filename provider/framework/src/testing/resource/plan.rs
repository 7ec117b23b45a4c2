//! Planning as Terraform does it, with its checks of the answer.

use dataplane_proto::tfplugin6::{
    plan_resource_change as rpc, provider_server::Provider as Server,
};
use serde_json::Value as Json;
use tonic::Request;

use super::{Action, Planned, State, Subject};
use crate::plan::write_only_values;
use crate::schema::{Kind, Nesting, Schema};
use crate::testing::{
    CLIENT, answered, config, decode, encode, errors, fail, path_from_proto, proposed, valid,
};
use crate::{AttributePath, Cty, Diagnostic, Provider, Severity, Step};

impl<P: Provider> Subject<'_, P> {
    /// Plans a configuration for an object that exists.
    pub async fn plan(&self, state: &State, configured: Json) -> Planned {
        let doing = format!("planning {}", self.name);
        self.try_plan(Some(state), configured)
            .await
            .unwrap_or_else(|wrong| fail(&doing, &wrong))
    }

    /// Plans a configuration for an object that does not exist yet.
    pub async fn plan_create(&self, configured: Json) -> Planned {
        let doing = format!("planning {}", self.name);
        self.try_plan(None, configured)
            .await
            .unwrap_or_else(|wrong| fail(&doing, &wrong))
    }

    /// Plans a configuration, or says why not.
    pub async fn try_plan(
        &self,
        state: Option<&State>,
        configured: Json,
    ) -> Result<Planned, Vec<Diagnostic>> {
        let config = config::read(self.schema, &configured)?;
        self.plan_value(state, &config).await
    }

    pub(super) async fn plan_value(
        &self,
        state: Option<&State>,
        config: &Cty,
    ) -> Result<Planned, Vec<Diagnostic>> {
        let diagnostics = self.validate_value(config).await;
        if diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
        {
            return Err(diagnostics);
        }
        let prior = state.map_or(&Cty::Null, |state| &state.value);
        let answer = self
            .ask(
                prior,
                state,
                config,
                state.map_or(&[][..], |state| &state.private),
            )
            .await?;
        let replace_paths =
            self.real_replacements(&answer.requires_replace, prior, &answer.planned);
        let tainted = state.is_some_and(|state| state.tainted);
        let action = match () {
            () if prior.is_null() => Action::Create,
            () if tainted || !replace_paths.is_empty() => Action::Replace,
            () if self.schema.equal(prior, &answer.planned) => Action::NoOp,
            () => Action::Update,
        };
        let answer = if action == Action::Replace {
            // The new object is planned on its own, knowing what the plan of the old one left behind.
            self.ask(&Cty::Null, None, config, &answer.private).await?
        } else {
            answer
        };
        Ok(Planned {
            action,
            replace_paths,
            values: config::show(&answer.planned),
            diagnostics: answer.diagnostics,
            prior: state.cloned(),
            value: answer.planned,
            private: answer.private,
            identity: answer.identity,
        })
    }

    /// Plans the removal of an object.
    pub async fn plan_destroy(&self, state: &State) -> Planned {
        let doing = format!("planning to delete {}", self.name);
        self.plan_delete(state)
            .await
            .unwrap_or_else(|wrong| fail(&doing, &wrong))
    }

    pub(super) async fn plan_delete(&self, state: &State) -> Result<Planned, Vec<Diagnostic>> {
        let request = rpc::Request {
            type_name: self.name.to_owned(),
            prior_state: Some(encode(self.schema, &state.value)),
            proposed_new_state: Some(self.null()),
            config: Some(self.null()),
            prior_private: state.private.clone(),
            client_capabilities: CLIENT,
            prior_identity: state.identity.clone(),
            ..rpc::Request::default()
        };
        let answer = answered(
            self.service
                .plan_resource_change(Request::new(request))
                .await,
        );
        let diagnostics = errors(&answer.diagnostics)?;
        let planned = decode(self.schema, answer.planned_state.as_ref());
        assert!(
            planned.is_null(),
            "Provider produced invalid plan: {} planned a non-null destroy value",
            self.name
        );
        Ok(Planned {
            action: Action::Delete,
            replace_paths: Vec::new(),
            values: Json::Null,
            diagnostics,
            prior: Some(state.clone()),
            value: planned,
            private: answer.planned_private,
            identity: answer.planned_identity,
        })
    }

    async fn ask(
        &self,
        prior: &Cty,
        state: Option<&State>,
        config: &Cty,
        private: &[u8],
    ) -> Result<Answer, Vec<Diagnostic>> {
        let request = rpc::Request {
            type_name: self.name.to_owned(),
            prior_state: Some(encode(self.schema, prior)),
            proposed_new_state: Some(encode(
                self.schema,
                &proposed::proposed_new_state(self.schema, prior, config),
            )),
            config: Some(encode(self.schema, config)),
            prior_private: private.to_owned(),
            client_capabilities: CLIENT,
            prior_identity: state.and_then(|state| state.identity.clone()),
            ..rpc::Request::default()
        };
        let answer = answered(
            self.service
                .plan_resource_change(Request::new(request))
                .await,
        );
        let diagnostics = errors(&answer.diagnostics)?;
        assert!(
            !answer.legacy_type_system,
            "the legacy type system is for old SDKs only"
        );
        assert!(
            answer.deferred.is_none(),
            "Provider deferred changes when Terraform did not allow deferrals"
        );
        let planned = decode(self.schema, answer.planned_state.as_ref());
        assert!(
            !planned.is_null(),
            "Provider produced invalid plan: {} planned null",
            self.name
        );
        assert!(
            stores_no_write_only(self.schema, &planned),
            "Provider produced invalid plan: {} planned a value for a write-only attribute",
            self.name
        );
        let faults = valid::plan_faults(self.schema, prior, config, &planned);
        assert!(
            faults.is_empty(),
            "Provider produced invalid plan: {}: {}",
            self.name,
            faults.join("\n")
        );
        Ok(Answer {
            planned,
            private: answer.planned_private,
            identity: answer.planned_identity,
            requires_replace: answer
                .requires_replace
                .iter()
                .map(path_from_proto)
                .collect(),
            diagnostics,
        })
    }

    /// Terraform counts a path only where the value really changes, and refuses one that leads nowhere.
    fn real_replacements(
        &self,
        paths: &[AttributePath],
        prior: &Cty,
        planned: &Cty,
    ) -> Vec<AttributePath> {
        if prior.is_null() {
            return Vec::new();
        }
        let changes = |path: &&AttributePath| {
            let (before, after) = (at(prior, path.steps()), at(planned, path.steps()));
            assert!(
                before.is_some() || after.is_some(),
                "Provider produced invalid plan: {} requires replacement for {path}, which does not exist",
                self.name
            );
            is_write_only(self.schema, path.steps())
                || after.is_some_and(|after| !after.is_wholly_known())
                || before != after
        };
        paths.iter().filter(changes).cloned().collect()
    }
}

struct Answer {
    planned: Cty,
    private: Vec<u8>,
    identity: Option<dataplane_proto::tfplugin6::ResourceIdentityData>,
    requires_replace: Vec<AttributePath>,
    diagnostics: Vec<Diagnostic>,
}

fn at<'a>(value: &'a Cty, steps: &[Step]) -> Option<&'a Cty> {
    let Some((first, rest)) = steps.split_first() else {
        return Some(value);
    };
    let inside = match (first, value) {
        (Step::Attribute(name) | Step::Key(name), Cty::Map(entries)) => entries.get(name),
        (Step::Index(index), Cty::List(elements)) => elements.get(usize::try_from(*index).ok()?),
        _ => None,
    };
    at(inside?, rest)
}

fn is_write_only(schema: &Schema, steps: &[Step]) -> bool {
    let Some((Step::Attribute(name), rest)) = steps.split_first() else {
        return false;
    };
    let Some(attribute) = schema.attribute(name) else {
        return false;
    };
    match &attribute.kind {
        _ if attribute.write_only => true,
        Kind::Nested(Nesting::Single, schema) => is_write_only(schema, rest),
        Kind::Nested(_, schema) => rest
            .split_first()
            .is_some_and(|(_, rest)| is_write_only(schema, rest)),
        Kind::Leaf(_) => false,
    }
}

/// Whether write-only attributes are all null, as everything that is stored must have them.
pub(super) fn stores_no_write_only(schema: &Schema, value: &Cty) -> bool {
    write_only_values(schema, value).is_empty()
}
