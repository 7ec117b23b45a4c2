//! Resources without their model: what the RPC layer works with.

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value as Json;

use super::stored::Stored;
use super::{Change, MoveSource, Resource, Update};
use crate::schema::Schema;
use crate::{
    Applied, Attribute, AttributePath, Context, Cty, Diagnostics, Failure, Model, Result, plan,
};

/// A [`Resource`] of any model, for lists of them. Implemented for every resource; see [`Resource::boxed`].
pub trait AnyResource<C>: Send + Sync + 'static {
    /// The type's name.
    fn name(&self) -> &'static str;
    /// The version of the state.
    fn version(&self) -> i64;
    /// The attributes that are the identity.
    fn identity(&self) -> &'static [&'static str];
    /// The version of the identity.
    fn identity_version(&self) -> i64;
    /// The schema of the model.
    fn schema(&self) -> &'static Schema;
    /// A name of the object for messages.
    fn label(&self, object: &Cty) -> Option<String>;
    /// Reads the configuration into the model and runs all validators.
    fn validate(&self, config: &Cty) -> Diagnostics;
    /// Enters the prior spelling of what the resource takes for the same.
    fn respell(&self, cx: &Context<C>, prior: &Cty, wanted: Cty) -> Result<Cty>;
    /// Runs the resource's own part of planning on what the framework planned.
    fn plan<'a>(&'a self, cx: &'a Context<C>, hooked: Hooked) -> BoxFuture<'a, Result<Hooked>>;
    /// Makes the object.
    fn create<'a>(&'a self, cx: &'a Context<C>, plan: Cty) -> BoxFuture<'a, Applied<Cty>>;
    /// Looks at the object.
    fn read<'a>(&'a self, cx: &'a Context<C>, state: Cty) -> BoxFuture<'a, Result<Option<Cty>>>;
    /// Changes the object.
    fn update<'a>(
        &'a self,
        cx: &'a Context<C>,
        prior: Cty,
        plan: Cty,
    ) -> BoxFuture<'a, Applied<Cty>>;
    /// Removes the object.
    fn delete<'a>(&'a self, cx: &'a Context<C>, state: Cty) -> BoxFuture<'a, Result<()>>;
    /// Takes an existing object in by its id.
    fn import<'a>(&'a self, cx: &'a Context<C>, id: &'a str) -> BoxFuture<'a, Result<Cty>>;
    /// Takes an existing object in by its identity.
    fn import_identity<'a>(
        &'a self,
        cx: &'a Context<C>,
        identity: Cty,
    ) -> BoxFuture<'a, Result<Cty>>;
    /// Converts an identity of an older version.
    fn upgrade_identity(&self, version: i64, identity: Json) -> Result<Json>;
    /// Converts state of an older version.
    fn upgrade(&self, version: i64, state: Json) -> Result<Json>;
    /// Takes over the state of another resource type.
    fn move_state(&self, from: &MoveSource) -> Result<Option<Cty>>;
}

/// A plan on its way through [`Resource::plan`].
#[derive(Clone, Debug, Default)]
pub struct Hooked {
    /// The configuration, null on destroy.
    pub config: Cty,
    /// The state before, null on create.
    pub prior: Cty,
    /// The state after, null on destroy.
    pub planned: Cty,
    /// The attributes that ask for a new object.
    pub replace: Vec<AttributePath>,
    /// What the resource had to say.
    pub diagnostics: Diagnostics,
}

fn decode<M: Model>(value: &Cty) -> Result<M> {
    M::decode(value, &AttributePath::root())
}

fn decode_some<M: Model>(value: &Cty) -> Result<Option<M>> {
    if value.is_null() {
        Ok(None)
    } else {
        decode(value).map(Some)
    }
}

fn encode<M: Model>(applied: Applied<M>) -> Applied<Cty> {
    match applied {
        Ok(model) => Ok(model.encode()),
        Err(Failure {
            diagnostics,
            partial,
        }) => Err(Failure {
            diagnostics,
            partial: partial.as_ref().map(M::encode),
        }),
    }
}

async fn hook<R: Resource>(
    resource: &R,
    cx: &Context<R::Client>,
    hooked: Hooked,
) -> Result<Hooked> {
    let Hooked {
        config,
        prior,
        planned,
        replace,
        diagnostics,
    } = hooked;
    let config_model = decode_some(&config)?;
    // What is invalid in the plan and not in the configuration comes out of the state, too.
    let (was, will_be) = (
        Stored::<R::Model>::decode_some(&prior)?,
        Stored::<R::Model>::decode_some(&planned)?,
    );
    let mut change = Change::<R::Model> {
        config: config_model,
        prior: was.as_ref().map(|stored| stored.model.clone()),
        planned: will_be.map(|stored| stored.model),
        diagnostics,
        replace,
    };
    let before = change.planned.as_ref().map_or(Cty::Null, Attribute::encode);
    resource
        .plan(cx, &mut change)
        .await
        .map_err(|wrong| match &was {
            Some(was) => was.explain(wrong),
            None => wrong,
        })?;
    let after = change.planned.as_ref().map_or(Cty::Null, Attribute::encode);
    // The model can't hold all that a plan can (a list with one unknown element is unknown as a whole), so only what the
    // resource changed is taken from it.
    let planned = plan::overlay(planned, &before, &after);
    Ok(Hooked {
        config,
        prior,
        planned,
        replace: change.replace,
        diagnostics: change.diagnostics,
    })
}

impl<R: Resource> AnyResource<R::Client> for R {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn version(&self) -> i64 {
        R::VERSION
    }

    fn identity(&self) -> &'static [&'static str] {
        R::IDENTITY
    }

    fn identity_version(&self) -> i64 {
        R::IDENTITY_VERSION
    }

    fn schema(&self) -> &'static Schema {
        R::Model::schema()
    }

    fn label(&self, object: &Cty) -> Option<String> {
        Stored::decode(object)
            .ok()
            .and_then(|stored| Resource::label(self, &stored.model))
    }

    fn validate(&self, config: &Cty) -> Diagnostics {
        let root = AttributePath::root();
        let mut diagnostics = Diagnostics::new();
        match R::Model::decode(config, &root) {
            Ok(model) => {
                model.check(&root, &mut diagnostics);
                Resource::validate(self, &model, &mut diagnostics);
            }
            Err(wrong) => diagnostics.extend(wrong),
        }
        diagnostics
    }

    fn respell(&self, cx: &Context<R::Client>, prior: &Cty, wanted: Cty) -> Result<Cty> {
        let (Some(was), Some(mut will_be)) = (
            Stored::<R::Model>::decode_some(prior)?,
            Stored::<R::Model>::decode_some(&wanted)?,
        ) else {
            return Ok(wanted);
        };
        let before = will_be.model.encode();
        Resource::respell(self, cx, &was.model, &mut will_be.model)?;
        let after = will_be.model.encode();
        plan::misspelled(R::Model::schema(), prior, &before, &after)
            .into_result(plan::overlay(wanted, &before, &after))
    }

    fn plan<'a>(
        &'a self,
        cx: &'a Context<R::Client>,
        hooked: Hooked,
    ) -> BoxFuture<'a, Result<Hooked>> {
        hook(self, cx, hooked).boxed()
    }

    fn create<'a>(&'a self, cx: &'a Context<R::Client>, plan: Cty) -> BoxFuture<'a, Applied<Cty>> {
        async move { encode(Resource::create(self, cx, decode(&plan)?).await) }.boxed()
    }

    fn read<'a>(
        &'a self,
        cx: &'a Context<R::Client>,
        state: Cty,
    ) -> BoxFuture<'a, Result<Option<Cty>>> {
        async move {
            let stored = Stored::<R::Model>::decode(&state)?;
            let found = Resource::read(self, cx, stored.model.clone())
                .await
                .map_err(|wrong| stored.explain(wrong))?;
            match found {
                Some(found) => Ok(Some(stored.restore(found.encode()))),
                None => stored.check_gone().map(|()| None),
            }
        }
        .boxed()
    }

    fn update<'a>(
        &'a self,
        cx: &'a Context<R::Client>,
        prior: Cty,
        plan: Cty,
    ) -> BoxFuture<'a, Applied<Cty>> {
        async move {
            let prior = Stored::<R::Model>::decode(&prior)?;
            let plan = Stored::<R::Model>::decode(&plan)?;
            let change = Update {
                prior: prior.model.clone(),
                plan: plan.model.clone(),
            };
            match encode(Resource::update(self, cx, change).await) {
                Ok(made) => Ok(plan.restore(made)),
                Err(failure) => {
                    let partial = failure.partial.map(|partial| plan.restore(partial));
                    Err(prior.explain_failure(Failure { partial, ..failure }))
                }
            }
        }
        .boxed()
    }

    fn delete<'a>(&'a self, cx: &'a Context<R::Client>, state: Cty) -> BoxFuture<'a, Result<()>> {
        async move {
            let stored = Stored::<R::Model>::decode(&state)?;
            Resource::delete(self, cx, stored.model.clone())
                .await
                .map_err(|wrong| stored.explain(wrong))
        }
        .boxed()
    }

    fn import<'a>(&'a self, cx: &'a Context<R::Client>, id: &'a str) -> BoxFuture<'a, Result<Cty>> {
        async move { Ok(Resource::import(self, cx, id).await?.encode()) }.boxed()
    }

    fn import_identity<'a>(
        &'a self,
        cx: &'a Context<R::Client>,
        identity: Cty,
    ) -> BoxFuture<'a, Result<Cty>> {
        async move {
            Ok(Resource::import_identity(self, cx, decode(&identity)?)
                .await?
                .encode())
        }
        .boxed()
    }

    fn upgrade_identity(&self, version: i64, identity: Json) -> Result<Json> {
        Resource::upgrade_identity(self, version, identity)
    }

    fn upgrade(&self, version: i64, state: Json) -> Result<Json> {
        Resource::upgrade(self, version, state)
    }

    fn move_state(&self, from: &MoveSource) -> Result<Option<Cty>> {
        Ok(Resource::move_state(self, from)?
            .as_ref()
            .map(Attribute::encode))
    }
}
