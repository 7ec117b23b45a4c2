//! The data plane's own API.

/// Registration, heartbeat and status, version 1.
#[expect(clippy::pedantic, reason = "generated")]
#[path = "gen/dataplane.v1.rs"]
pub mod v1;
