//! The `dataplane` Terraform provider: resources, data sources and functions that put a data plane into a customer's account.

mod aws;
mod azure;
mod client;
mod cluster;
mod data_sources;
mod drift;
mod endpoints;
mod ephemeral;
mod functions;
mod gcp;
mod operator_settings;
mod ownership;
mod profiles;
mod provider;
mod refusals;
mod replacements;
mod resources;
mod settle;
mod spelling;
mod tags;
#[cfg(test)]
mod testing;

pub use client::Client;
pub use provider::Dataplane;
