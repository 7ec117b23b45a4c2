//! The permission tables: which roles of Azure each capability of a role takes, and which actions our own calls take.

mod caller;
mod capabilities;

pub(crate) use caller::required;
pub use capabilities::ROLES;
pub(crate) use capabilities::{
    AssignedRole, BLOBS, BuiltIn, Grant, Needed, Place, Want, refusals, wants,
};
