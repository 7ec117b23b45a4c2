//! The example providers as processes, driven by a host of our own and by the real Terraform.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

mod handshake;
mod host;
mod interrupt;
mod terraform;
mod workspace;
