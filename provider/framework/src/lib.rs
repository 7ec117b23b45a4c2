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
mod wire;

pub use cty::Cty;
pub use diagnostic::{Diagnostic, Diagnostics, Result, Severity};
pub use number::{Number, ParseNumberError};
pub use path::{AttributePath, Step};
pub use type_constraint::{ParseTypeError, Type};
