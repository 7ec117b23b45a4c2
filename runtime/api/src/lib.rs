//! What the Terraform provider and the operator share: the configuration document, the `TaskAction` resource, names,
//! permission tables, and the Kubernetes objects as pure functions of the configuration.
//!
//! Nothing here talks to a cluster or a cloud: there is no client and no SDK among the dependencies. Every string that
//! comes in is parsed into a type of its own at the edge, so what holds an [`OperatorConfig`] need not check it again.
#![warn(missing_docs, unreachable_pub)]

#[macro_use]
mod textual;

pub mod cidr;
pub mod components;
pub mod config;
mod crds;
pub mod identity;
pub mod image;
pub mod labels;
pub mod layout;
pub mod manifests;
pub mod names;
pub mod object_uri;
pub mod permissions;
pub mod quantity;
pub mod subjects;
pub mod task_action;
pub mod workload_provider;
pub mod yaml;

pub use config::OperatorConfig;
pub use crds::crds;
pub use textual::Invalid;
