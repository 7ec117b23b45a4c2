//! The permission tables: which roles each capability takes, and which permissions our own calls take.

pub(crate) mod caller;
pub(crate) mod capabilities;
mod connectivity;
pub(crate) mod modules;
