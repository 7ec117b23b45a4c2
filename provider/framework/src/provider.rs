//! The provider: its configuration, its client and the lists of what it has.

use std::future::Future;

use crate::{
    AnyDataSource, AnyEphemeralResource, AnyFunction, AnyResource, Diagnostics, Model, Result,
};

/// A Terraform provider.
pub trait Provider: Send + Sync + 'static {
    /// The name, which begins the names of its resources.
    const NAME: &'static str;
    /// The source address, such as `registry.terraform.io/example/example`.
    const ADDRESS: &'static str;
    /// The release.
    const VERSION: &'static str;
    /// The attributes of the provider block.
    type Config: Model;
    /// What resources work with.
    type Client: Send + Sync + 'static;

    /// Checks across the attributes of the provider block, skipping what is unknown.
    fn validate(&self, config: &Self::Config, diagnostics: &mut Diagnostics) {
        let _ = (config, diagnostics);
    }

    /// Builds the client, without calling anything. None when something that it needs is not known yet: plans then see
    /// unknown values, and reads keep the prior state.
    fn configure(
        &self,
        config: Self::Config,
    ) -> impl Future<Output = Result<Option<Self::Client>>> + Send;

    /// The managed resources.
    fn resources(&self) -> Vec<Box<dyn AnyResource<Self::Client>>> {
        Vec::new()
    }

    /// The data sources.
    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<Self::Client>>> {
        Vec::new()
    }

    /// The ephemeral resources.
    fn ephemeral_resources(&self) -> Vec<Box<dyn AnyEphemeralResource<Self::Client>>> {
        Vec::new()
    }

    /// The functions.
    fn functions(&self) -> Vec<Box<dyn AnyFunction>> {
        Vec::new()
    }
}
