//! The permission tables: which built-in roles of Azure each capability of a role takes, and which actions our own calls take.

mod caller;
mod capabilities;

pub(crate) use caller::required;
pub use capabilities::ROLES;
pub(crate) use capabilities::{BuiltIn, Grant, Place, Want, refusals, wants};
