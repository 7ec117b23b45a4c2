//! Ephemeral resources: values that exist while Terraform runs and are never stored.

use std::future::Future;
use std::time::SystemTime;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::schema::Schema;
use crate::{Attribute, AttributePath, Context, Cty, Diagnostics, Model, Result};

/// Something that is opened, renewed while Terraform works with it, and closed, such as a token.
pub trait EphemeralResource: Send + Sync + 'static {
    /// The type's name, such as `example_token`.
    const NAME: &'static str;
    /// The provider's configured client.
    type Client: Send + Sync + 'static;
    /// The attributes.
    type Model: Model;

    /// Checks across attributes, skipping what is unknown.
    fn validate(&self, config: &Self::Model, diagnostics: &mut Diagnostics) {
        let _ = (config, diagnostics);
    }

    /// Opens it. What renewing or closing needs goes into [`Context::private`].
    ///
    /// It is dropped when the user interrupts Terraform, which then closes nothing: what is made on the way must end by
    /// itself.
    fn open(
        &self,
        cx: &Context<Self::Client>,
        config: Self::Model,
    ) -> impl Future<Output = Result<Opened<Self::Model>>> + Send;

    /// Prolongs it; answers when to do so again. Terraform keeps the values that it got from `open`.
    fn renew(
        &self,
        cx: &Context<Self::Client>,
    ) -> impl Future<Output = Result<Option<SystemTime>>> + Send {
        let _ = cx;
        async { Ok(None) }
    }

    /// Gives it up.
    fn close(&self, cx: &Context<Self::Client>) -> impl Future<Output = Result<()>> + Send {
        let _ = cx;
        async { Ok(()) }
    }

    /// This ephemeral resource among those of other models.
    fn boxed(self) -> Box<dyn AnyEphemeralResource<Self::Client>>
    where
        Self: Sized,
    {
        Box::new(self)
    }
}

/// An opened ephemeral resource.
#[derive(Clone, Debug)]
pub struct Opened<M> {
    /// Its attributes.
    pub result: M,
    /// When Terraform should renew it.
    pub renew_at: Option<SystemTime>,
}

/// An [`EphemeralResource`] of any model, for lists of them. Implemented for each; see [`EphemeralResource::boxed`].
pub trait AnyEphemeralResource<C>: Send + Sync + 'static {
    /// The type's name.
    fn name(&self) -> &'static str;
    /// The schema of the model.
    fn schema(&self) -> &'static Schema;
    /// Reads the configuration into the model and runs all validators.
    fn validate(&self, config: &Cty) -> Diagnostics;
    /// Opens it.
    fn open<'a>(&'a self, cx: &'a Context<C>, config: Cty) -> BoxFuture<'a, Result<Opened<Cty>>>;
    /// Prolongs it.
    fn renew<'a>(&'a self, cx: &'a Context<C>) -> BoxFuture<'a, Result<Option<SystemTime>>>;
    /// Gives it up.
    fn close<'a>(&'a self, cx: &'a Context<C>) -> BoxFuture<'a, Result<()>>;
}

impl<E: EphemeralResource> AnyEphemeralResource<E::Client> for E {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn schema(&self) -> &'static Schema {
        E::Model::schema()
    }

    fn validate(&self, config: &Cty) -> Diagnostics {
        let root = AttributePath::root();
        let mut diagnostics = Diagnostics::new();
        match E::Model::decode(config, &root) {
            Ok(model) => {
                model.check(&root, &mut diagnostics);
                EphemeralResource::validate(self, &model, &mut diagnostics);
            }
            Err(wrong) => diagnostics.extend(wrong),
        }
        diagnostics
    }

    fn open<'a>(
        &'a self,
        cx: &'a Context<E::Client>,
        config: Cty,
    ) -> BoxFuture<'a, Result<Opened<Cty>>> {
        async move {
            let config = E::Model::decode(&config, &AttributePath::root())?;
            let Opened { result, renew_at } = EphemeralResource::open(self, cx, config).await?;
            Ok(Opened {
                result: result.encode(),
                renew_at,
            })
        }
        .boxed()
    }

    fn renew<'a>(
        &'a self,
        cx: &'a Context<E::Client>,
    ) -> BoxFuture<'a, Result<Option<SystemTime>>> {
        EphemeralResource::renew(self, cx).boxed()
    }

    fn close<'a>(&'a self, cx: &'a Context<E::Client>) -> BoxFuture<'a, Result<()>> {
        EphemeralResource::close(self, cx).boxed()
    }
}
