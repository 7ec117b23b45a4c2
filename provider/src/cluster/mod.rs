//! Clusters as an argument of a resource: where one is, how it is reached, and what is asked of it.

mod api_server;
pub mod apply;
mod argument;
mod connection;
mod coordinates;
pub mod error;
mod kubeconfig;
mod managed_fields;
mod objects;
pub mod outage;
mod ownership;
pub mod projection;
pub mod removal;
pub mod rollout;
mod route;
pub mod set;
pub mod task_actions;

#[cfg(test)]
mod field_sets;
#[cfg(test)]
pub mod memory;

pub use argument::{AksModel, ClusterModel, EksModel, GkeModel, cloud_cluster};
pub use connection::{Connect, Whose, live};
pub use coordinates::Coordinates;
pub use error::Optional;
pub use objects::{Kind, Object, ObjectRef, Objects};
pub use ownership::Marks;
