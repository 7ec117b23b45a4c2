//! The data plane's own API.

/// Registration, heartbeat and status, version 1.
#[expect(clippy::pedantic, clippy::allow_attributes_without_reason, reason = "generated")]
#[rustfmt::skip]
#[path = "gen/dataplane.v1.rs"]
pub mod v1;
