//! Wire types: the Terraform plugin protocol, go-plugin's services, the channel between operator and control plane, and
//! what an executor of Flyte 2 reads and reports.
//!
//! `src/gen` is made from `proto/` by the test `generated`, without `protoc`: `DATAPLANE_UPDATE_GENERATED=1 cargo test -p
//! dataplane-proto` writes it anew, and the same test without the variable fails when it is stale.

/// The Terraform plugin protocol, version 6.
#[expect(clippy::pedantic, clippy::allow_attributes_without_reason, reason = "generated")]
#[rustfmt::skip]
#[path = "gen/tfplugin6.rs"]
pub mod tfplugin6;

/// The services that go-plugin expects on the plugin's connection.
#[expect(clippy::pedantic, clippy::allow_attributes_without_reason, reason = "generated")]
#[rustfmt::skip]
#[path = "gen/plugin.rs"]
pub mod goplugin;

pub mod dataplane;

#[expect(
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    clippy::large_enum_variant,
    reason = "generated"
)]
pub mod flyteidl2;
