//! The life of an object, with every rule of Terraform asserted on the way.

use serde_json::Value as Json;

use super::{Action, State, Subject};
use crate::Provider;

impl<P: Provider> Subject<'_, P> {
    /// Creates an object, updates it (by replacement if need be) and removes it; after each step a refresh finds what was
    /// stored, and a plan is empty.
    pub async fn lifecycle(&self, create: Json, update: Json) {
        let state = self.create(create.clone()).await;
        let state = self.settled(&state, create).await;
        let planned = self.plan(&state, update.clone()).await;
        assert_ne!(
            planned.action,
            Action::NoOp,
            "the update of {} changes nothing",
            self.name
        );
        let state = self.apply(&planned, update.clone()).await;
        let state = self.settled(&state, update).await;
        self.delete(state.clone()).await;
        assert!(
            self.read(&state).await.is_none(),
            "{} is still there after it was deleted",
            self.name
        );
    }

    /// Asserts that a refresh changes nothing and that a plan of the same configuration is empty, before and after it.
    pub async fn settled(&self, state: &State, configured: Json) -> State {
        self.assert_empty_plan(state, configured.clone(), "after the apply")
            .await;
        let Some(found) = self.read(state).await else {
            panic!("{} is gone right after the apply", self.name);
        };
        assert!(
            self.schema.equal(&found.value, &state.value),
            "{} was changed by a refresh right after the apply: {} became {}",
            self.name,
            state.values,
            found.values
        );
        self.assert_empty_plan(&found, configured, "after a refresh")
            .await;
        found
    }

    async fn assert_empty_plan(&self, state: &State, configured: Json, when: &str) {
        let planned = self.plan(state, configured).await;
        assert!(
            planned.action == Action::NoOp,
            "the plan of {} {when} is not empty but {:?}: {} would become {}",
            self.name,
            planned.action,
            state.values,
            planned.values
        );
    }
}
