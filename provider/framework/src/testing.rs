//! The test kit: a provider in process, driven as Terraform drives it.
//!
//! Every call goes through encoded requests, and every answer is held to the rules of Terraform's core: a plan must follow
//! the configuration, a result must follow the plan, nothing may be unknown after an apply, planning twice must give the
//! same. A broken rule panics with the message that a user of Terraform would see.
//!
//! Configurations are JSON as one would write them in HCL; what is left out is null, and [`UNKNOWN`] is a value that is not
//! known yet. Terraform's merge of configuration and prior state is imitated, too.
#![expect(clippy::missing_panics_doc, reason = "a test kit reports by panics")]

mod compatible;
mod config;
mod data_source;
mod ephemeral;
mod function;
mod proposed;
mod resource;
mod valid;

use dataplane_proto::tfplugin6::{
    self as proto, ClientCapabilities, attribute_path::step::Selector,
    provider_server::Provider as Server,
};
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;
use tonic::Request;

use crate::diagnostic::ATTRIBUTE;
use crate::rpc::Service;
use crate::schema::Schema;
use crate::{AttributePath, Cty, Diagnostic, Model, Provider, Severity, Step, wire};

pub use config::UNKNOWN;
pub use data_source::DataSubject;
pub use ephemeral::{EphemeralSubject, Open};
pub use resource::{Action, Failed, Planned, State, Subject};

/// A configured provider, as Terraform would have started it.
pub struct Harness<P: Provider> {
    service: Service<P>,
}

impl<P: Provider> std::fmt::Debug for Harness<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Harness").field(&self.service).finish()
    }
}

/// What this kit says it can do, which is what Terraform 1.11 says.
const CLIENT: Option<ClientCapabilities> = Some(ClientCapabilities {
    deferral_allowed: false,
    write_only_attributes_allowed: true,
    store_planned_private: false,
    computed_blocks_allowed: false,
});

impl<P: Provider> Harness<P> {
    /// Starts the provider with the attributes of its block. Panics when the provider refuses them, or when a schema breaks
    /// Terraform's rules.
    pub async fn new(provider: P, config: Json) -> Self {
        Self::try_new(provider, config)
            .await
            .unwrap_or_else(|wrong| fail("configuring the provider", &wrong))
    }

    /// Starts the provider, or says what it has against the attributes of its block.
    pub async fn try_new(provider: P, config: Json) -> Result<Self, Vec<Diagnostic>> {
        let harness = Self::unconfigured(provider);
        let schema = P::Config::schema();
        let config = config::read(schema, &config)?;
        let encoded = Some(encode(schema, &config));
        let request = proto::validate_provider_config::Request {
            config: encoded.clone(),
        };
        let answer = answered(
            harness
                .service
                .validate_provider_config(Request::new(request))
                .await,
        );
        errors(&answer.diagnostics)?;
        let request = proto::configure_provider::Request {
            terraform_version: "1.11.4".to_owned(),
            config: encoded,
            client_capabilities: CLIENT,
        };
        let answer = answered(
            harness
                .service
                .configure_provider(Request::new(request))
                .await,
        );
        errors(&answer.diagnostics)?;
        Ok(harness)
    }

    /// A provider that was started and not configured, as for `terraform validate`.
    pub fn unconfigured(provider: P) -> Self {
        check_schemas(&provider);
        Self {
            service: Service::new(provider, CancellationToken::new()),
        }
    }

    /// A managed resource.
    pub fn resource<'a>(&'a self, name: &'a str) -> Subject<'a, P> {
        Subject::new(&self.service, name)
    }

    /// A data source.
    pub fn data_source<'a>(&'a self, name: &'a str) -> DataSubject<'a, P> {
        DataSubject::new(&self.service, name)
    }

    /// An ephemeral resource.
    pub fn ephemeral_resource<'a>(&'a self, name: &'a str) -> EphemeralSubject<'a, P> {
        EphemeralSubject::new(&self.service, name)
    }

    /// Interrupts what the provider is doing, as Ctrl-C in Terraform does.
    pub async fn stop(&self) {
        answered(
            self.service
                .stop_provider(Request::new(proto::stop_provider::Request {}))
                .await,
        );
    }
}

/// Terraform's merge, for tests of planning itself.
#[cfg(test)]
pub(crate) fn merged(schema: &Schema, prior: &Cty, config: &Cty) -> Cty {
    proposed::proposed_new_state(schema, prior, config)
}

fn check_schemas<P: Provider>(provider: &P) {
    let mut checks = vec![("provider", P::NAME, P::Config::schema().check_provider())];
    checks.extend(
        provider
            .resources()
            .iter()
            .map(|any| ("resource", any.name(), any.schema().check())),
    );
    checks.extend(
        provider
            .data_sources()
            .iter()
            .map(|any| ("data source", any.name(), any.schema().check_source())),
    );
    checks.extend(provider.ephemeral_resources().iter().map(|any| {
        (
            "ephemeral resource",
            any.name(),
            any.schema().check_source(),
        )
    }));
    checks.extend(provider.resources().iter().map(|any| {
        let identity = any.schema().check_identity(any.identity());
        ("resource", any.name(), identity)
    }));
    for (what, name, result) in checks {
        if let Err(wrong) = result {
            panic!("the schema of {what} {name}: {wrong}");
        }
    }
}

fn fail(doing: &str, diagnostics: &[Diagnostic]) -> ! {
    let lines: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
    panic!("{doing}: {}", lines.join("\n"))
}

fn answered<T>(answer: Result<tonic::Response<T>, tonic::Status>) -> T {
    match answer {
        Ok(response) => response.into_inner(),
        Err(status) => panic!("the request failed: {status}"),
    }
}

fn encode(schema: &Schema, value: &Cty) -> proto::DynamicValue {
    wire::encode(value, schema.object_type())
        .unwrap_or_else(|wrong| panic!("encoding for the provider: {wrong}"))
}

fn decode(schema: &Schema, value: Option<&proto::DynamicValue>) -> Cty {
    wire::decode(value, schema.object_type())
        .unwrap_or_else(|wrong| panic!("the provider's answer does not fit its schema: {wrong}"))
}

fn path_from_proto(path: &proto::AttributePath) -> AttributePath {
    let step = |step: &proto::attribute_path::Step| {
        Some(match step.selector.clone()? {
            Selector::AttributeName(name) => Step::Attribute(name),
            Selector::ElementKeyString(key) => Step::Key(key),
            Selector::ElementKeyInt(index) => Step::Index(index),
        })
    };
    path.steps.iter().filter_map(step).collect()
}

/// A detail, and the path that it names since Terraform cannot show it.
fn named(detail: &str) -> (&str, Option<AttributePath>) {
    let (text, last) = detail.rsplit_once("\n\n").unwrap_or(("", detail));
    match last.strip_prefix(ATTRIBUTE).map(str::parse) {
        Some(Ok(path)) => (text, Some(path)),
        _ => (detail, None),
    }
}

fn from_proto(diagnostics: &[proto::Diagnostic]) -> Vec<Diagnostic> {
    let diagnostic = |diagnostic: &proto::Diagnostic| {
        assert!(
            !diagnostic.summary.is_empty(),
            "a diagnostic without a summary: {}",
            diagnostic.detail
        );
        let (detail, named) = named(&diagnostic.detail);
        Diagnostic {
            severity: match diagnostic.severity {
                1 => Severity::Error,
                2 => Severity::Warning,
                other => panic!("a diagnostic of severity {other}, which Terraform does not know"),
            },
            summary: diagnostic.summary.clone(),
            detail: detail.to_owned(),
            path: named.or_else(|| diagnostic.attribute.as_ref().map(path_from_proto)),
        }
    };
    diagnostics.iter().map(diagnostic).collect()
}

/// The diagnostics when one of them is an error.
fn errors(diagnostics: &[proto::Diagnostic]) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let diagnostics = from_proto(diagnostics);
    if diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error)
    {
        Err(diagnostics)
    } else {
        Ok(diagnostics)
    }
}

#[cfg(test)]
mod tests;
