//! What a store does, on every backend: in memory, on ministack (S3), on the stand-in for Google Cloud and on azurite (Azure);
//! and what it does when the cloud does not do its part.
//!
//! `make emulators` starts them and says which variables to set; without them these tests fail.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions with #[test] for tests"
)]

mod azure;
mod download;
mod faults;
mod gcs;
mod memory;
mod s3;
mod server;
mod suite;

use std::collections::BTreeMap;

use dataplane_api::{config::Storage, layout::Layout};
use dataplane_store::Environment;

/// An address that `emulators` puts into the environment.
fn emulator(variable: &str) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no other configuration"
    )]
    let value = std::env::var(variable);
    value.unwrap_or_else(|_| {
        panic!("{variable} is not set: start the emulators with `make emulators` and set what it prints")
    })
}

fn storage(metadata: &str, code: &str, endpoint: Option<&str>) -> Storage {
    Storage {
        metadata: metadata.parse().unwrap(),
        fast_registration: code.parse().unwrap(),
        region: Some("eu-west-1".parse().unwrap()),
        endpoint: endpoint.map(|endpoint| endpoint.parse().unwrap()),
        layout: Layout::Spec,
    }
}

fn environment(values: &[(&str, &str)]) -> Environment {
    let values: BTreeMap<_, _> = values.iter().copied().collect();
    Environment::read(|name| values.get(name).map(ToString::to_string))
}

/// A name that no other run has.
fn unique(name: &str) -> String {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("{name}-{}", since.as_nanos())
}
