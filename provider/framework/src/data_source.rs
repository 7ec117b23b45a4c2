//! Data sources: what Terraform reads and does not manage.

use std::future::Future;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::schema::Schema;
use crate::{Attribute, AttributePath, Context, Cty, Diagnostics, Model, Result};

/// Something that Terraform reads.
pub trait DataSource: Send + Sync + 'static {
    /// The type's name, such as `example_network`.
    const NAME: &'static str;
    /// The provider's configured client.
    type Client: Send + Sync + 'static;
    /// The attributes.
    type Model: Model;

    /// Checks across attributes, skipping what is unknown.
    fn validate(&self, config: &Self::Model, diagnostics: &mut Diagnostics) {
        let _ = (config, diagnostics);
    }

    /// Reads it. The configuration is wholly known; the result is, too.
    fn read(
        &self,
        cx: &Context<Self::Client>,
        config: Self::Model,
    ) -> impl Future<Output = Result<Self::Model>> + Send;

    /// This data source among those of other models.
    fn boxed(self) -> Box<dyn AnyDataSource<Self::Client>>
    where
        Self: Sized,
    {
        Box::new(self)
    }
}

/// A [`DataSource`] of any model, for lists of them. Implemented for every data source; see [`DataSource::boxed`].
pub trait AnyDataSource<C>: Send + Sync + 'static {
    /// The type's name.
    fn name(&self) -> &'static str;
    /// The schema of the model.
    fn schema(&self) -> &'static Schema;
    /// Reads the configuration into the model and runs all validators.
    fn validate(&self, config: &Cty) -> Diagnostics;
    /// Reads it.
    fn read<'a>(&'a self, cx: &'a Context<C>, config: Cty) -> BoxFuture<'a, Result<Cty>>;
}

impl<D: DataSource> AnyDataSource<D::Client> for D {
    fn name(&self) -> &'static str {
        D::NAME
    }

    fn schema(&self) -> &'static Schema {
        D::Model::schema()
    }

    fn validate(&self, config: &Cty) -> Diagnostics {
        let root = AttributePath::root();
        let mut diagnostics = Diagnostics::new();
        match D::Model::decode(config, &root) {
            Ok(model) => {
                model.check(&root, &mut diagnostics);
                DataSource::validate(self, &model, &mut diagnostics);
            }
            Err(wrong) => diagnostics.extend(wrong),
        }
        diagnostics
    }

    fn read<'a>(&'a self, cx: &'a Context<D::Client>, config: Cty) -> BoxFuture<'a, Result<Cty>> {
        async move {
            let config = D::Model::decode(&config, &AttributePath::root())?;
            Ok(DataSource::read(self, cx, config).await?.encode())
        }
        .boxed()
    }
}
