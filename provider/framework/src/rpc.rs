//! The protocol's requests: decoded, handed to the provider, encoded.
//!
//! A file per group of requests; `server.rs` has the list. What goes wrong is said in the answer: a request fails as such only
//! when this server does not know it.
#![expect(
    clippy::unused_async,
    reason = "handlers look alike to the list of requests, whether they wait or not"
)]

mod apply;
mod configure;
mod data_source;
mod ephemeral;
mod function;
mod identity;
mod import;
mod plan;
mod read;
mod response;
mod schemas;
mod server;
mod upgrade;
mod validate;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dataplane_proto::tfplugin6::DynamicValue;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, field};

use crate::schema::Schema;
use crate::{
    AnyDataSource, AnyEphemeralResource, AnyFunction, AnyResource, Context, Cty, Diagnostic,
    Private, Provider, Result, Verb, logging, panic, wire,
};
use response::Response;

type ByName<T> = BTreeMap<&'static str, Box<T>>;

/// A provider behind the protocol.
pub(crate) struct Service<P: Provider> {
    provider: P,
    resources: ByName<dyn AnyResource<P::Client>>,
    data_sources: ByName<dyn AnyDataSource<P::Client>>,
    ephemeral_resources: ByName<dyn AnyEphemeralResource<P::Client>>,
    functions: ByName<dyn AnyFunction>,
    client: Mutex<Option<Arc<P::Client>>>,
    /// Cancelled with the process.
    shutdown: CancellationToken,
    /// Cancelled by the next StopProvider.
    stop: Mutex<CancellationToken>,
}

impl<P: Provider> std::fmt::Debug for Service<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service")
            .field("provider", &P::NAME)
            .finish_non_exhaustive()
    }
}

impl<P: Provider> Service<P> {
    /// Serves the provider until `shutdown` is cancelled, which also ends what waits.
    pub(crate) fn new(provider: P, shutdown: CancellationToken) -> Self {
        Self {
            resources: provider
                .resources()
                .into_iter()
                .map(|any| (any.name(), any))
                .collect(),
            data_sources: provider
                .data_sources()
                .into_iter()
                .map(|any| (any.name(), any))
                .collect(),
            ephemeral_resources: provider
                .ephemeral_resources()
                .into_iter()
                .map(|any| (any.name(), any))
                .collect(),
            functions: provider
                .functions()
                .into_iter()
                .map(|any| (any.name(), any))
                .collect(),
            client: Mutex::default(),
            stop: Mutex::new(shutdown.child_token()),
            shutdown,
            provider,
        }
    }

    fn resource(&self, name: &str) -> Result<&dyn AnyResource<P::Client>> {
        named(&self.resources, name, "resource")
    }

    /// The schema of a managed resource, and the version of its state.
    pub(crate) fn resource_schema(&self, name: &str) -> Option<(&'static Schema, i64)> {
        self.resources
            .get(name)
            .map(|any| (any.schema(), any.version()))
    }

    /// Whether a managed resource has an identity.
    pub(crate) fn has_identity(&self, name: &str) -> bool {
        self.resources
            .get(name)
            .is_some_and(|any| !any.identity().is_empty())
    }

    /// The schema of a data source.
    pub(crate) fn data_source_schema(&self, name: &str) -> Option<&'static Schema> {
        self.data_sources.get(name).map(|any| any.schema())
    }

    /// The schema of an ephemeral resource.
    pub(crate) fn ephemeral_schema(&self, name: &str) -> Option<&'static Schema> {
        self.ephemeral_resources.get(name).map(|any| any.schema())
    }

    /// A function.
    pub(crate) fn function(&self, name: &str) -> Option<&dyn AnyFunction> {
        self.functions.get(name).map(AsRef::as_ref)
    }

    fn context(&self, verb: Verb, private: &[u8]) -> Result<Context<P::Client>> {
        let private = Private::decode(private)?;
        Ok(Context::of_call(
            self.client(),
            private,
            lock(&self.stop).clone(),
            verb,
        ))
    }

    fn client(&self) -> Option<Arc<P::Client>> {
        lock(&self.client).clone()
    }
}

fn named<'a, T: ?Sized>(map: &'a ByName<T>, name: &str, what: &str) -> Result<&'a T> {
    map.get(name).map(AsRef::as_ref).ok_or_else(|| {
        let known: Vec<_> = map.keys().copied().collect();
        Diagnostic::error(
            format!("Unknown {what} type"),
            format!(
                "this release of the provider has no {what} {name}; it has: {}",
                known.join(", ")
            ),
        )
        .into()
    })
}

// The values behind these locks are replaced whole, so a panic of another request leaves none half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a request in its span. Errors and panics become diagnostics of an otherwise empty answer.
async fn respond<T: Response>(
    rpc: &'static str,
    name: &str,
    request: impl Future<Output = Result<T>> + Send,
) -> T {
    let span = tracing::info_span!(
        "rpc",
        tf_rpc = rpc,
        tf_type = name,
        verb = field::Empty,
        label = field::Empty
    );
    let answer = panic::guard(request).instrument(span).await;
    answer.unwrap_or_else(|diagnostics| {
        let mut answer = T::default();
        *answer.diagnostics() = diagnostics
            .summarize(format!("{rpc} {name}").trim_end())
            .to_proto();
        answer
    })
}

/// What is being done to which object: the summary of errors that came by `?`.
fn summary(verb: Verb, name: &str, label: Option<&str>) -> String {
    let span = Span::current();
    span.record("verb", verb.progressive());
    match label {
        Some(label) => {
            span.record("label", label);
            format!("{} {name} ({label})", verb.progressive())
        }
        None => format!("{} {name}", verb.progressive()),
    }
}

/// A value that Terraform sent. Its secrets are in no log line from here on.
fn received(schema: &Schema, value: Option<&DynamicValue>) -> Result<Cty> {
    let value = wire::decode(value, schema.object_type())?;
    logging::hide(schema, &value);
    Ok(value)
}

/// A value that Terraform gets. Its secrets are in no log line from here on.
fn sent(schema: &Schema, value: &Cty) -> Result<DynamicValue> {
    logging::hide(schema, value);
    wire::encode(value, schema.object_type())
}

/// The message about values that the provider left unknown where everything must be known.
fn left_unknown(value: &Cty, name: &str, when: &str) -> Option<Diagnostic> {
    if value.is_wholly_known() {
        return None;
    }
    let unknown: Vec<_> = match value {
        Cty::Map(attributes) => attributes
            .iter()
            .filter(|(_, value)| !value.is_wholly_known())
            .map(|(name, _)| name.as_str())
            .collect(),
        _ => Vec::new(),
    };
    Some(Diagnostic::error(
        "The provider left values unknown",
        format!(
            "{when}, every attribute of {name} must be known, but these are not: {}; this is a bug in the provider",
            unknown.join(", ")
        ),
    ))
}

/// The value with null in place of what is unknown, for state that is kept after a failure.
fn known_or_null(value: Cty) -> Cty {
    match value {
        Cty::Unknown => Cty::Null,
        Cty::List(elements) => elements.into_iter().map(known_or_null).collect(),
        Cty::Map(entries) => entries
            .into_iter()
            .map(|(key, value)| (key, known_or_null(value)))
            .collect(),
        Cty::Dynamic(..) if !value.is_wholly_known() => Cty::Null,
        known => known,
    }
}

#[cfg(test)]
mod tests;
