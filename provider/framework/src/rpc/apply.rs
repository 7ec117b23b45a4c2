//! Creating, updating and deleting. Whatever happens, the answer says what exists now.

use dataplane_proto::tfplugin6::apply_resource_change as rpc;

use super::{Service, identity, known_or_null, left_unknown, received, sent, summary};
use crate::{
    AnyResource, Applied, Context, Cty, Diagnostics, Failure, Provider, Result, Verb, plan,
};

impl<P: Provider> Service<P> {
    pub(super) async fn apply_resource_change(
        &self,
        request: rpc::Request,
    ) -> Result<rpc::Response> {
        let resource = self.resource(&request.type_name)?;
        let (schema, names) = (resource.schema(), resource.identity());
        let decode = |value: &Option<_>| received(schema, value.as_ref());
        let config = decode(&request.config)?;
        let prior = decode(&request.prior_state)?;
        let planned = decode(&request.planned_state)?;
        let identity_before = identity::decode(schema, names, request.planned_identity.as_ref())?;

        let verb = match (prior.is_null(), planned.is_null()) {
            (_, true) => Verb::Delete,
            (true, false) => Verb::Create,
            (false, false) => Verb::Update,
        };
        let shown = if planned.is_null() { &prior } else { &planned };
        let summary = summary(verb, &request.type_name, resource.label(shown).as_deref());
        let cx = self.context(verb, &request.planned_private)?;
        let (state, mut diagnostics) = change(resource, &cx, &config, &prior, &planned).await;
        diagnostics.extend(cx.warnings());

        let identity = identity::of_state(schema, names, &state);
        if verb == Verb::Update
            && let Err(wrong) =
                identity::check_unchanged(&request.type_name, &identity_before, identity.as_ref())
        {
            diagnostics.extend(wrong);
        }
        // An identity that cannot be told is no reason to lose the state of what was made.
        let new_identity =
            identity::encode(schema, names, identity.as_ref()).unwrap_or_else(|wrong| {
                diagnostics.extend(wrong);
                None
            });
        Ok(rpc::Response {
            new_state: Some(sent(schema, &state)?),
            private: cx.private().encode(),
            diagnostics: diagnostics.summarize(&summary).to_proto(),
            new_identity,
            ..rpc::Response::default()
        })
    }
}

/// Does it; answers what is to be stored, and what went wrong.
async fn change<C: Send + Sync + 'static>(
    resource: &dyn AnyResource<C>,
    cx: &Context<C>,
    config: &Cty,
    prior: &Cty,
    planned: &Cty,
) -> (Cty, Diagnostics) {
    let schema = resource.schema();
    if planned.is_null() {
        if prior.is_null() {
            return (Cty::Null, Diagnostics::new());
        }
        return match resource.delete(cx, prior.clone()).await {
            Ok(()) => (Cty::Null, Diagnostics::new()),
            Err(diagnostics) => (prior.clone(), diagnostics),
        };
    }
    let wanted = plan::with_write_only(schema, planned.clone(), config);
    let applied: Applied<Cty> = if prior.is_null() {
        resource.create(cx, wanted).await
    } else {
        resource.update(cx, prior.clone(), wanted).await
    };
    let stored = |made| plan::respell(schema, plan::without_write_only(schema, made), planned);
    match applied {
        Ok(made) => {
            let state = stored(made);
            let unknown = left_unknown(&state, resource.name(), "After an apply");
            (known_or_null(state), unknown.into_iter().collect())
        }
        // A failed create without a partial state made nothing; a failed update without one changed nothing.
        Err(Failure {
            diagnostics,
            partial,
        }) => {
            let state = partial.map_or_else(|| prior.clone(), |made| known_or_null(stored(made)));
            (state, diagnostics)
        }
    }
}
