//! The permission tables: which roles of Azure each capability of a role takes, and which actions our own calls take.

mod caller;
mod capabilities;
mod modules;

pub(crate) use caller::required;
pub use capabilities::ROLES;
pub(crate) use capabilities::{
    AssignedRole, BLOBS, BuiltIn, Grant, Needed, Place, Want, refusals, wants,
};
pub(crate) use modules::made_by;
