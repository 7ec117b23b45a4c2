//! What an apply would do.

use dataplane_proto::tfplugin6::plan_resource_change as rpc;

use super::{Service, received, summary};
use crate::schema::Schema;
use crate::{AttributePath, Cty, Diagnostic, Hooked, Provider, Result, Verb, plan, wire};

impl<P: Provider> Service<P> {
    pub(super) async fn plan_resource_change(
        &self,
        request: rpc::Request,
    ) -> Result<rpc::Response> {
        let resource = self.resource(&request.type_name)?;
        let schema = resource.schema();
        let decode = |value: &Option<_>| received(schema, value.as_ref());
        let config = decode(&request.config)?;
        let prior = decode(&request.prior_state)?;
        let proposed = decode(&request.proposed_new_state)?;
        let destroy = proposed.is_null();
        let named = if destroy { &prior } else { &config };
        let summary = summary(
            Verb::Plan,
            &request.type_name,
            resource.label(named).as_deref(),
        );

        let cx = self.context(Verb::Plan, &request.prior_private)?;
        let planned = if destroy {
            Cty::Null
        } else {
            let wanted = plan::propose(schema, &config, &prior, proposed);
            let spelled = resource
                .respell(&cx, &prior, wanted)
                .map_err(|wrong| wrong.summarize(&summary))?;
            plan::complete(schema, &config, &prior, spelled)
        };
        let hooked = Hooked {
            config,
            prior,
            planned: planned.clone(),
            ..Hooked::default()
        };
        let hooked = cx
            .unless_stopped(resource.plan(&cx, hooked))
            .await
            .map_err(|wrong| wrong.summarize(&summary))?;
        let mut diagnostics = hooked.diagnostics.clone();
        diagnostics.extend(cx.warnings());
        let mut diagnostics = diagnostics.summarize(&summary);
        if destroy != hooked.planned.is_null() {
            diagnostics.push(changed_intent(&request.type_name, destroy));
        } else if !destroy {
            diagnostics.extend(plan::overruled(
                schema,
                &hooked.config,
                &planned,
                &hooked.planned,
            ));
        }
        for path in hooked.replace.iter().filter(|path| !schema.has(path)) {
            diagnostics.push(unknown_replacement(&request.type_name, path));
        }
        let replace = replacements(schema, &hooked);
        let answer = rpc::Response {
            planned_state: Some(wire::encode(&hooked.planned, schema.object_type())?),
            requires_replace: replace.iter().map(AttributePath::to_proto).collect(),
            planned_private: cx.private().encode(),
            diagnostics: diagnostics.to_proto(),
            planned_identity: request.prior_identity,
            ..rpc::Response::default()
        };
        Ok(answer)
    }
}

fn replacements(schema: &Schema, hooked: &Hooked) -> Vec<AttributePath> {
    if hooked.prior.is_null() || hooked.planned.is_null() {
        return Vec::new();
    }
    let mut paths = plan::replacements(schema, &hooked.config, &hooked.prior, &hooked.planned);
    paths.extend(hooked.replace.iter().cloned());
    plan::normalize(schema, paths)
}

/// Terraform would say so, too, but not for an object that does not exist yet.
fn unknown_replacement(name: &str, path: &AttributePath) -> Diagnostic {
    Diagnostic::error(
        "Invalid plan",
        format!(
            "the provider wants to replace {name} because of {path}, which {name} does not have; this is a bug in the provider"
        ),
    )
}

fn changed_intent(name: &str, destroy: bool) -> Diagnostic {
    let (wanted, got) = if destroy {
        ("destroy", "keep")
    } else {
        ("keep", "destroy")
    };
    Diagnostic::error(
        "Invalid plan",
        format!(
            "the configuration is to {wanted} {name}, and the provider planned to {got} it; this is a bug in the provider"
        ),
    )
}
