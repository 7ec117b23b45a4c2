//! Applying as Terraform does it, with its checks of the answer.

use dataplane_proto::tfplugin6::{
    apply_resource_change as rpc, provider_server::Provider as Server,
};
use serde_json::Value as Json;
use tonic::Request;

use super::plan::stores_no_write_only;
use super::{Action, Failed, Planned, State, Subject};
use crate::testing::{answered, compatible, config, decode, encode, errors, fail, from_proto};
use crate::{Cty, Provider};

impl<P: Provider> Subject<'_, P> {
    /// Makes an object: plans, plans again, applies.
    pub async fn create(&self, configured: Json) -> State {
        self.try_create(configured)
            .await
            .unwrap_or_else(|failed| self.panic("creating", &failed))
    }

    /// Makes an object, or says why not and what there is nevertheless.
    pub async fn try_create(&self, configured: Json) -> Result<State, Failed> {
        let planned = self
            .try_plan(None, configured.clone())
            .await
            .map_err(|wrong| Failed::before(wrong, None))?;
        self.try_apply(&planned, configured).await
    }

    /// Changes an object, by replacement if the plan says so.
    pub async fn update(&self, state: &State, configured: Json) -> State {
        self.try_update(state, configured)
            .await
            .unwrap_or_else(|failed| self.panic("updating", &failed))
    }

    /// Changes an object, or says why not and what there is now.
    pub async fn try_update(&self, state: &State, configured: Json) -> Result<State, Failed> {
        let planned = self.try_plan(Some(state), configured.clone()).await;
        let planned = planned.map_err(|wrong| Failed::before(wrong, Some(state)))?;
        self.try_apply(&planned, configured).await
    }

    /// Removes an object.
    pub async fn delete(&self, state: State) {
        self.try_delete(state)
            .await
            .unwrap_or_else(|failed| self.panic("deleting", &failed));
    }

    /// Removes an object, or says why not and what there is now.
    pub async fn try_delete(&self, state: State) -> Result<(), Failed> {
        let planned = self
            .plan_delete(&state)
            .await
            .map_err(|wrong| Failed::before(wrong, Some(&state)))?;
        let removed = self
            .change(Some(&state), &Cty::Null, &Cty::Null, &planned)
            .await?;
        assert!(
            removed.is_none(),
            "Provider returned invalid result object after apply: {} is not null",
            self.name
        );
        Ok(())
    }

    /// Applies a plan with the configuration as it is known by now.
    pub async fn apply(&self, planned: &Planned, configured: Json) -> State {
        self.try_apply(planned, configured)
            .await
            .unwrap_or_else(|failed| self.panic("applying", &failed))
    }

    /// Applies a plan, or says why not and what there is now.
    pub async fn try_apply(&self, planned: &Planned, configured: Json) -> Result<State, Failed> {
        let before = |wrong| Failed::before(wrong, planned.prior.as_ref());
        let config = config::read(self.schema, &configured).map_err(before)?;
        assert!(
            config.is_wholly_known(),
            "Terraform applies when the configuration is known"
        );
        let fresh = self
            .plan_value(planned.prior.as_ref(), &config)
            .await
            .map_err(before)?;
        self.check_same_plan(planned, &fresh);
        match planned.action {
            Action::NoOp | Action::Delete => match &planned.prior {
                Some(prior) => Ok(prior.clone()),
                None => panic!("there is nothing to apply"),
            },
            Action::Update => self.put(planned.prior.as_ref(), &config, &fresh).await,
            Action::Create => self.put(None, &config, &fresh).await,
            Action::Replace => {
                let removed = self
                    .change(planned.prior.as_ref(), &Cty::Null, &Cty::Null, &fresh)
                    .await?;
                assert!(
                    removed.is_none(),
                    "{} is still there after its replacement removed it",
                    self.name
                );
                self.put(None, &config, &fresh).await
            }
        }
    }

    fn check_same_plan(&self, first: &Planned, second: &Planned) {
        let fewer = first.action == Action::Update && second.action == Action::NoOp;
        assert!(
            first.action == second.action || fewer,
            "Provider produced inconsistent final plan: {} was {:?}, but now {:?}",
            self.name,
            first.action,
            second.action
        );
        let departures = compatible::departures(self.schema, &first.value, &second.value);
        assert!(
            departures.is_empty(),
            "Provider produced inconsistent final plan: {}: {}",
            self.name,
            departures.join("\n")
        );
    }

    async fn put(
        &self,
        prior: Option<&State>,
        config: &Cty,
        planned: &Planned,
    ) -> Result<State, Failed> {
        let made = self.change(prior, config, &planned.value, planned).await?;
        let Some(state) = made else {
            panic!(
                "Provider returned invalid result object after apply: {} is null",
                self.name
            );
        };
        let departures = compatible::departures(self.schema, &planned.value, &state.value);
        assert!(
            departures.is_empty(),
            "Provider produced inconsistent result after apply: {}: {}",
            self.name,
            departures.join("\n")
        );
        self.check_identity(&state, "After Apply");
        Ok(state)
    }

    async fn change(
        &self,
        prior: Option<&State>,
        config: &Cty,
        planned_state: &Cty,
        planned: &Planned,
    ) -> Result<Option<State>, Failed> {
        let before = prior.map_or(&Cty::Null, |state| &state.value);
        let request = rpc::Request {
            type_name: self.name.to_owned(),
            prior_state: Some(encode(self.schema, before)),
            planned_state: Some(encode(self.schema, planned_state)),
            config: Some(encode(self.schema, config)),
            planned_private: planned.private.clone(),
            planned_identity: planned.identity.clone(),
            ..rpc::Request::default()
        };
        let answer = answered(
            self.service
                .apply_resource_change(Request::new(request))
                .await,
        );
        let failed = errors(&answer.diagnostics).is_err();
        let value = decode(self.schema, answer.new_state.as_ref());
        assert!(
            value.is_wholly_known(),
            "Provider returned invalid result object after apply: {} has unknown values: {}",
            self.name,
            config::show(&value)
        );
        assert!(
            stores_no_write_only(self.schema, &value),
            "{} stores a write-only value",
            self.name
        );
        let state =
            (!value.is_null()).then(|| State::new(value, answer.private, answer.new_identity));
        if !failed {
            let warnings = from_proto(&answer.diagnostics);
            return Ok(state.map(|state| State { warnings, ..state }));
        }
        let state = match state {
            // Terraform keeps what it had when a failed change answers nothing.
            None => prior.cloned(),
            Some(state) => Some(State {
                tainted: prior.is_none(),
                ..state
            }),
        };
        Err(Failed {
            diagnostics: from_proto(&answer.diagnostics),
            state,
        })
    }

    fn panic(&self, doing: &str, failed: &Failed) -> ! {
        fail(&format!("{doing} {}", self.name), &failed.diagnostics)
    }
}
