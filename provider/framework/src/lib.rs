//! The Terraform plugin protocol, version 6, as a Rust SDK for providers.
#![warn(missing_docs, unreachable_pub)]

// Values as they are on the wire, and messages.
#[cfg(test)]
mod arbitrary;
mod cty;
mod diagnostic;
pub mod json;
mod malformed;
pub mod msgpack;
mod number;
mod path;
mod type_constraint;
pub mod wait;
mod wire;

pub use cty::Cty;
pub use diagnostic::{Diagnostic, Diagnostics, Result, Severity};
pub use number::{Number, ParseNumberError};
pub use path::{AttributePath, Step};
pub use type_constraint::{ParseTypeError, Type};

// Models: Rust types as schemas.
mod attribute;
mod collections;
mod dynamic;
#[doc(hidden)]
pub mod model;
pub mod schema;
pub mod text;
mod value;

pub use attribute::Attribute;
pub use collections::Set;
pub use dynamic::Json;
pub use framework_derive::Model;
pub use model::Model;
pub use text::Text;
pub use value::Value;

// What a provider implements.
mod context;
mod data_source;
pub mod docs;
mod ephemeral;
mod failure;
mod function;
mod plan;
mod private;
mod provider;
mod resource;
mod rpc;
pub mod testing;
mod timeouts;

pub use context::{Context, Verb};
pub use data_source::{AnyDataSource, DataSource};
pub use ephemeral::{AnyEphemeralResource, EphemeralResource, Opened};
pub use failure::{Applied, Failure, Keep};
pub use function::{AnyFunction, Function, FunctionError};
pub use private::Private;
pub use provider::Provider;
pub use resource::{AnyResource, Change, Hooked, MoveSource, Resource, Update};
pub use timeouts::Timeouts;

// The derived code names this crate, and so do the models in it.
extern crate self as framework;

// The process: how Terraform starts it and talks to it.
mod logging;
mod panic;
mod plugin;
mod serve;

pub use logging::Sensitive;
pub use serve::serve;
